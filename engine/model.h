// A model: what it is asked for, how it is planned, and where everything lies in the memory that the caller gave.
#pragma once
#include "augment.h"
#include "passes.h"

enum { TRAINING = 1, KEEP_VALUES = 2, IMAGE_GRADIENT = 4 }; // what a model is for
enum { FORWARD, TURN, BACKWARD, REDUCE };                   // phases of a batch
enum { IDLE, READ, LEARN, EXPLAIN };
enum { LOSS_ONLY, GRADIENT, UPDATE };                       // jobs
enum { WEIGHTS, GRADIENTS, FIRST_MOMENTS, SECOND_MOMENTS }; // what `model_get` and `model_set` move
enum { ROWS_AT_ONCE = 1 << 14 };                            // floats of a layer's weights in one task of REDUCE

typedef struct {
    int kind, from, to; // see `plan_phases`
} Phase;

typedef struct {
    int layer, from, to; // rows of its weights
} Slice;

// As the caller describes a layer: eight words. `size`: filters, units, or the side of the pooling windows.
typedef struct {
    int kind, activation, size, kernel, stride, padding;
    float option;
    int unused;
} Described;

typedef struct {
    int kind, images, tasks;
    const u8 *bytes;     // [..][height][width], 0 ... 255, or
    const float *pixels; // [..][height][width][channels], 0 ... 1
    const int *order;    // which images; 0: the first ones
    const u8 *labels;
    const float *seeds;    // of EXPLAIN: gradient with respect to `layer` before its activation, channels first
    float *image_gradient; // [images][channels][height][width]
    int layer;
    int how;
    Pass pass;
    Step step;
} Job;

typedef struct {
    // Tasks have numbers that never start again: a thread takes the next if it is below the limit.
    u32 next __attribute__((aligned(64)));
    u32 limit __attribute__((aligned(64)));
    u32 done __attribute__((aligned(64)));
    u32 base;
    int at_work[MAX_THREADS];
    u32 *taken; // by which phase each lane or slice was taken last

    int layers, uses, capacity, threads, phases, slices;
    int frozen; // how many of the first layers, see `model_freeze_first`
    float mean, std;
    Settings settings;
    Job job;
    float *image, *image_gradient; // what the first layer sees, [capacity][size]
    float *parameters, *gradient, *first, *second;
    idx parameter_floats;
    float *scratch;
    idx scratch_floats;
    float loss[LANES];
    int right[LANES];
    float beta_1_power, beta_2_power;
    Augmentation augmentation;
    float *wanted[MAX_LAYERS]; // where READ and EXPLAIN put every image's values of a layer, channels first
    float *wanted_gradient[MAX_LAYERS];
    Phase phase[2 * MAX_LAYERS + 4];
    Slice *slice;
    Layer layer[MAX_LAYERS];
} Model;

// ---- planning -----------------------------------------------------------------------------------------------------

// Memory in a row; without a base it only counts.
typedef struct {
    float *base;
    double used; // a count that overflows nowhere, for the caller to find too large
    int gap;     // between two arrays
} Arena;

static float *reserve(Arena *arena, double floats) {
    float *at = arena->base ? arena->base + (idx)arena->used : 0;
    const double whole = floats + 15, reserved = whole - (double)((u64)whole % 16) + arena->gap;
    arena->used += reserved;
    if (at && arena->gap) fence(at, (idx)floats, (idx)reserved);
    return at;
}

// The layers with their shapes and ways, but without memory. Returns 0, or 1 + the number of the layer that does not
// fit.
static int plan(Model *m, const Described *given, int layers, int height, int width, int channels) {
    const int keep = m->uses & KEEP_VALUES;
    // Only weighted sums read the image as it is; every other layer wants whole vectors of channels.
    int first = 0;
    while (first < layers - 1 && given[first].kind == FLATTEN && given[first].activation == LINEAR) first++;
    const int sums = given[first].kind == CONV || given[first].kind == DENSE;
    Shape shape = make_shape(height, width, channels, sums ? channels : whole_vectors(channels));
    for (int i = 0; i < layers; i++) {
        const Described *d = given + i;
        Layer *l = m->layer + i;
        *l = (Layer){.kind = d->kind,
                     .activation = d->activation,
                     .option = d->option,
                     .in = shape,
                     .last = i == layers - 1,
                     .kernel = d->kernel,
                     .stride = d->stride,
                     .padding = d->padding,
                     .pool = 1,
                     .taps = 1};
        if (l->kind == CONV) {
            const int high = (shape.height + 2 * l->padding - l->kernel) / l->stride + 1;
            const int wide = (shape.width + 2 * l->padding - l->kernel) / l->stride + 1;
            if (high < 1 || wide < 1) return 1 + i;
            l->rows = shape.stored, l->columns = whole_vectors(d->size), l->taps = l->kernel * l->kernel;
            l->map = l->out = make_shape(high, wide, d->size, l->columns);
            const int next = i + 1 < layers ? given[i + 1].kind : -1;
            const int softmax = l->activation == SOFTMAX || given[min_int(i + 1, layers - 1)].activation == SOFTMAX;
            if (next == MAX_POOL && given[i + 1].size > 1 && !keep && !softmax) {
                l->pool = given[i + 1].size;
                l->out = make_shape(high / l->pool, wide / l->pool, d->size, l->columns);
                l->map = make_shape(l->out.height * l->pool, l->out.width * l->pool, d->size, l->columns);
            }
            l->tile = best_tile(l);
            l->backward = l->pool > 1 ? POOLED : l->tile ? WINOGRAD : DIRECT;
            l->batched =
                l->pool == 1 && (l->tile ? ceil_div(l->map.height, l->tile) * ceil_div(l->map.width, l->tile) < 2 * ROWS
                                         : takes_images_as_rows(l));
        } else if (l->kind == DENSE) {
            l->rows = shape.height * shape.width * shape.stored, l->columns = whole_vectors(d->size);
            l->out = make_shape(1, 1, d->size, l->columns);
            l->batched = 1;
        } else if (l->kind == MAX_POOL) {
            l->pool = d->size;
            l->absorbed = i && m->layer[i - 1].kind == CONV && m->layer[i - 1].pool > 1;
            l->out = l->absorbed
                         ? shape
                         : make_shape(shape.height / d->size, shape.width / d->size, shape.channels, shape.stored);
        } else {
            l->out = shape;
            l->out.flat |= l->kind == FLATTEN;
            if (is_norm(l)) l->columns = shape.stored, l->batched = 1; // its factors are computed once a lane
        }
        shape = l->out;
    }
    return 0;
}

static int rows_at_once(const Layer *l) { // of its weights, in one task of REDUCE
    return is_norm(l) ? 1 : min_int(max_int(ROWS_AT_ONCE / (l->taps * l->columns), 1), l->rows);
}

static idx layer_scratch(const Layer *l) {
    if (is_norm(l)) return (idx)7 * l->columns + 256;
    if (l->kind == DENSE) return (idx)rows_at_once(l) * IMAGES_AT_ONCE + 64;
    if (l->kind != CONV) return 256;
    const int C = l->in.stored, F = l->columns, images = l->batched ? BLOCK_IMAGES : 1;
    idx most = pooled_scratch(l);
    if (l->tile) {
        const Tiling t = tiling(l, images);
        const idx winograd = (idx)2 * frame_floats(t.height, t.width, C) +
                             frame_floats(t.high * l->tile, t.wide * l->tile, F) +
                             (idx)(l->tile + 2) * (l->tile + 2) * t.most * (C + F);
        if (winograd > most) most = winograd;
    }
    const int more = 2 * l->padding, extra = 2 * l->kernel + 2;
    const idx frame = frame_floats(l->in.height + more, l->in.width + more, C) + 16L;
    const idx direct = frame * images +
                       frame_floats(l->map.height + l->in.height + extra, l->map.width + l->in.width + extra, F) +
                       (idx)l->map.width * whole_vectors(l->taps * C);
    return (direct > most ? direct : most) + l->map.size + 512;
}

static void place_layer(Model *m, int i, Arena *arena, Arena *parameters) {
    Layer *l = m->layer + i;
    const Layer *before = i ? l - 1 : 0;
    const int training = m->uses & TRAINING, gradients = m->uses & (TRAINING | IMAGE_GRADIENT),
              keep = m->uses & KEEP_VALUES;
    l->x = before ? before->y : m->image;
    l->dx = before ? before->dy : m->image_gradient;
    // Layers that change nothing, or only in place, share the memory of the one before.
    const int in_place = l->activation == LINEAR || (l->activation == RELU && !keep);
    const int shares = before && before->activation != SOFTMAX &&
                       (l->absorbed || ((l->kind == FLATTEN || l->kind == DROPOUT) && in_place));
    l->y = shares ? before->y : reserve(arena, (double)m->capacity * l->out.size + WIDTH);
    if (gradients) l->dy = shares ? before->dy : reserve(arena, (double)m->capacity * l->out.size + WIDTH);
    if (l->pool > 1 || l->kind == MAX_POOL)
        l->place = shares ? before->place : (int *)reserve(arena, (double)m->capacity * l->out.size);
    if (!l->columns) return;
    const idx weights = is_norm(l) ? l->columns : (idx)l->taps * l->rows * l->columns;
    l->weights = reserve(parameters, weights);
    l->bias = reserve(parameters, l->columns);
    if (is_norm(l)) {
        l->mean = reserve(arena, l->columns);
        l->variance = reserve(arena, l->columns);
        if (training) {
            l->lane_sums = reserve(arena, LANES * norm_sums(l));
            l->lane_bias = reserve(arena, (idx)2 * LANES * l->columns);
        }
        return;
    }
    const int positions = (l->tile + 2) * (l->tile + 2);
    if (l->tile) l->forward_weights = reserve(arena, (idx)positions * l->rows * l->columns);
    if (l->kind == CONV && training) {
        l->lane_size = l->backward == POOLED     ? (idx)l->columns * l->kernel * kernel_line(l)
                       : l->backward == WINOGRAD ? (idx)positions * l->rows * l->columns
                                                 : weights;
        l->lane_weights = reserve(arena, LANES * l->lane_size);
        l->lane_bias = reserve(arena, (idx)LANES * l->columns);
    }
    if (!gradients || (!before && !m->image_gradient && !(m->uses & IMAGE_GRADIENT))) return; // nobody asks for dx
    l->backward_weights =
        reserve(arena, l->kind == DENSE          ? (idx)l->columns * l->in.size
                       : l->backward == POOLED   ? (idx)l->columns * l->kernel * kernel_line(l)
                       : l->backward == WINOGRAD ? (idx)positions * l->rows * l->columns
                                                 : (idx)l->columns * (l->rows % WIDTH ? whole_vectors(l->taps * l->rows)
                                                                                      : l->taps * l->rows));
}

static void place_all(Model *m, Arena *arena) {
    Arena parameters = {0, 0, 0};
    // Counted first, for optimizers want all parameters in one row.
    for (int i = 0; i < m->layers; i++) {
        const Layer *l = m->layer + i;
        if (!l->columns) continue;
        reserve(&parameters, is_norm(l) ? l->columns : (idx)l->taps * l->rows * l->columns);
        reserve(&parameters, l->columns);
    }
    m->parameter_floats = (idx)parameters.used;
    m->parameters = reserve(arena, m->parameter_floats);
    if (m->uses & TRAINING) {
        m->gradient = reserve(arena, m->parameter_floats);
        m->first = reserve(arena, m->parameter_floats);
        m->second = reserve(arena, m->parameter_floats);
    }
    const double image = (double)m->capacity * m->layer[0].in.size + WIDTH;
    m->image = reserve(arena, image);
    if (m->uses & IMAGE_GRADIENT) m->image_gradient = reserve(arena, image);
    parameters = (Arena){m->parameters, 0, 0};
    m->scratch_floats =
        augment_floats(m->layer[0].in.height, m->layer[0].in.width) + 2 * (idx)m->layer[0].in.size + 128;
    for (int i = 0; i < m->layers; i++) {
        place_layer(m, i, arena, &parameters);
        const idx need = layer_scratch(m->layer + i);
        if (need > m->scratch_floats) m->scratch_floats = need;
    }
    m->scratch_floats = (m->scratch_floats + 31) / 16 * 16;
    m->scratch = reserve(arena, (double)m->scratch_floats * m->threads);
    const idx slices = m->uses & TRAINING ? m->parameter_floats / ROWS_AT_ONCE + (idx)2 * m->layers + 8 : 0;
    m->slice = (Slice *)reserve(arena, 3 * slices);
    m->taken = (u32 *)reserve(arena, slices + LANES);
}

// A batch goes through the layers in stretches that end at batch norms, which wait for the statistics of all lanes:
// forward, then back. The last stretch turns round at once.
static void plan_phases(Model *m) {
    int norms[MAX_LAYERS + 1] = {0}, count = 0;
    for (int i = 0; i < m->layers; i++)
        if (is_norm(m->layer + i)) norms[count++] = i;
    Phase *p = m->phase;
    for (int i = 0; i < count; i++) *p++ = (Phase){FORWARD, i ? norms[i - 1] : 0, norms[i]};
    *p++ = (Phase){TURN, count ? norms[count - 1] : 0, count ? norms[count - 1] : -1};
    for (int i = count - 1; i >= 0; i--) *p++ = (Phase){BACKWARD, norms[i], i ? norms[i - 1] : -1};
    *p++ = (Phase){REDUCE, 0, 0};
    m->phases = (int)(p - m->phase);
    for (int i = 0; i < m->layers; i++) {
        const Layer *l = m->layer + i;
        if (!l->columns) continue;
        const int rows = is_norm(l) ? 1 : l->rows, step = rows_at_once(l);
        for (int row = 0; row < rows; row += step) m->slice[m->slices++] = (Slice){i, row, min_int(row + step, rows)};
    }
}

static int phase_of_turn(const Model *m) {
    int phase = 0;
    while (m->phase[phase].kind != TURN) phase++;
    return phase;
}
