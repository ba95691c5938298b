// An engine that trains and runs small convolutional networks, for any processor and for WebAssembly.
//
// It allocates nothing, starts no thread and calls no library: the caller hands over memory (`model_floats` says how much) and
// as many threads as it likes, each of which calls `model_work`. A batch is cut into LANES lanes of images, whatever the number of
// threads; each has its own gradient and they are added in order, so the result does not depend on who did what.
//
//   network.h   what a layer is          product.h   the kernel under every dense product
//   conv.h      convolution, directly    winograd.h  ... with fewer multiplications     pooled.h   ... under max-pooling
//   layers.h    activations, norm, loss  optimizers.h, random.h, augment.h              passes.h   a layer forward, back, after
#include "passes.h"
#include "augment.h"

#ifndef VARIANT // a suffix for every exported name, where one library holds several variants
#define VARIANT
#endif
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAMED(name) JOIN(name, VARIANT)
#if defined(_WIN32)
#define EXPORT __attribute__((dllexport, used))
#else
#define EXPORT __attribute__((visibility("default"), used))
#endif

enum { TRAINING = 1, KEEP_VALUES = 2, IMAGE_GRADIENT = 4 }; // what a model is for
enum { FORWARD, TURN, BACKWARD, REDUCE };                   // phases of a batch
enum { IDLE, READ, LEARN, EXPLAIN };                        // jobs
enum { WEIGHTS, GRADIENTS, FIRST_MOMENTS, SECOND_MOMENTS };  // what `model_get` and `model_set` move
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
    const float *seeds; // of EXPLAIN: gradient with respect to `layer` before its activation, channels first
    float *image_gradient; // [images][channels][height][width]
    int layer;
    int update;
    Pass pass;
    Step step;
} Job;

typedef struct {
    // Tasks have numbers that never start again: a thread takes the next if it is below the limit.
    u32 next __attribute__((aligned(64)));
    u32 limit __attribute__((aligned(64)));
    u32 done __attribute__((aligned(64)));
    u32 base;

    int layers, uses, capacity, threads, phases, slices;
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
    idx used;
    int gap; // between two arrays
} Arena;

static float *reserve(Arena *arena, idx floats) {
    float *at = arena->base ? arena->base + arena->used : 0;
    const idx reserved = (floats + 15) / 16 * 16 + arena->gap;
    arena->used += reserved;
    if (at && arena->gap) fence(at, floats, reserved);
    return at;
}

// The layers with their shapes and ways, but without memory. Returns 0, or 1 + the number of the layer that does not fit.
static int plan(Model *m, const Described *given, int layers, int height, int width, int channels) {
    const int keep = m->uses & KEEP_VALUES;
    // Only weighted sums read the image as it is; every other layer wants whole vectors of channels.
    int first = 0;
    while (first < layers - 1 && (given[first].kind == FLATTEN || given[first].kind == DROPOUT)) first++;
    const int sums = given[first].kind == CONV || given[first].kind == DENSE;
    Shape shape = make_shape(height, width, channels, sums ? channels : whole_vectors(channels));
    for (int i = 0; i < layers; i++) {
        const Described *d = given + i;
        Layer *l = m->layer + i;
        *l = (Layer){.kind = d->kind, .activation = d->activation, .option = d->option, .in = shape, .last = i == layers - 1,
                     .kernel = d->kernel, .stride = d->stride, .padding = d->padding, .pool = 1, .taps = 1};
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
            l->batched = l->pool == 1 && (l->tile ? ceil_div(l->map.height, l->tile) * ceil_div(l->map.width, l->tile) < 2 * ROWS
                                                  : takes_images_as_rows(l));
        } else if (l->kind == DENSE) {
            l->rows = shape.height * shape.width * shape.stored, l->columns = whole_vectors(d->size);
            l->out = make_shape(1, 1, d->size, l->columns);
            l->batched = 1;
        } else if (l->kind == MAX_POOL) {
            l->pool = d->size;
            l->absorbed = i && m->layer[i - 1].kind == CONV && m->layer[i - 1].pool > 1;
            l->out = l->absorbed ? shape : make_shape(shape.height / d->size, shape.width / d->size, shape.channels, shape.stored);
        } else {
            l->out = shape;
            l->out.flat |= l->kind == FLATTEN;
            if (is_norm(l)) l->columns = shape.stored, l->batched = 1; // its factors are computed once a lane
        }
        shape = l->out;
    }
    return 0;
}

static idx layer_scratch(const Layer *l) {
    if (is_norm(l)) return (idx)7 * l->columns + 256;
    if (l->kind != CONV) return 256;
    const int C = l->in.stored, F = l->columns, images = l->batched ? BLOCK_IMAGES : 1;
    idx most = pooled_scratch(l);
    if (l->tile) {
        const Tiling t = tiling(l, images);
        const idx winograd = (idx)2 * frame_floats(t.height, t.width, C) + frame_floats(t.high * l->tile, t.wide * l->tile, F) +
                              (idx)(l->tile + 2) * (l->tile + 2) * t.most * (C + F);
        if (winograd > most) most = winograd;
    }
    const int more = 2 * l->padding, extra = 2 * l->kernel + 2;
    const idx frame = frame_floats(l->in.height + more, l->in.width + more, C) + 16L;
    const idx direct = frame * images + frame_floats(l->map.height + l->in.height + extra, l->map.width + l->in.width + extra, F) +
                        (idx)l->map.width * whole_vectors(l->taps * C);
    return (direct > most ? direct : most) + l->map.size + 512;
}

static void place_layer(Model *m, int i, Arena *arena, Arena *parameters) {
    Layer *l = m->layer + i;
    const Layer *before = i ? l - 1 : 0;
    const int training = m->uses & TRAINING, gradients = m->uses & (TRAINING | IMAGE_GRADIENT), keep = m->uses & KEEP_VALUES;
    l->x = before ? before->y : m->image;
    l->dx = before ? before->dy : m->image_gradient;
    // Layers that change nothing, or only in place, share the memory of the one before.
    const int in_place = l->activation == LINEAR || (l->activation == RELU && !keep);
    const int shares = before && before->activation != SOFTMAX &&
                       (l->absorbed || ((l->kind == FLATTEN || l->kind == DROPOUT) && in_place));
    l->y = shares ? before->y : reserve(arena, (idx)m->capacity * l->out.size + WIDTH);
    if (gradients) l->dy = shares ? before->dy : reserve(arena, (idx)m->capacity * l->out.size + WIDTH);
    if (l->pool > 1 || l->kind == MAX_POOL) l->place = shares ? before->place : (int *)reserve(arena, (idx)m->capacity * l->out.size);
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
        l->lane_size = l->backward == POOLED ? (idx)l->columns * l->kernel * kernel_line(l)
                       : l->backward == WINOGRAD ? (idx)positions * l->rows * l->columns : weights;
        l->lane_weights = reserve(arena, LANES * l->lane_size);
        l->lane_bias = reserve(arena, (idx)LANES * l->columns);
    }
    if (!gradients || (!before && !m->image_gradient && !(m->uses & IMAGE_GRADIENT))) return; // nobody asks for dx
    l->backward_weights = reserve(arena, l->kind == DENSE ? (idx)l->columns * l->in.size
                                         : l->backward == POOLED ? (idx)l->columns * l->kernel * kernel_line(l)
                                         : l->backward == WINOGRAD ? (idx)positions * l->rows * l->columns
                                         : (idx)l->columns * (l->rows % WIDTH ? whole_vectors(l->taps * l->rows) : l->taps * l->rows));
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
    m->parameter_floats = parameters.used;
    m->parameters = reserve(arena, m->parameter_floats);
    if (m->uses & TRAINING) {
        m->gradient = reserve(arena, m->parameter_floats);
        m->first = reserve(arena, m->parameter_floats);
        m->second = reserve(arena, m->parameter_floats);
    }
    const idx image = (idx)m->capacity * m->layer[0].in.size + WIDTH;
    m->image = reserve(arena, image);
    if (m->uses & IMAGE_GRADIENT) m->image_gradient = reserve(arena, image);
    parameters = (Arena){m->parameters, 0, 0};
    m->scratch_floats = augment_floats(m->layer[0].in.height, m->layer[0].in.width) + 2 * (idx)m->layer[0].in.size + 128;
    for (int i = 0; i < m->layers; i++) {
        place_layer(m, i, arena, &parameters);
        const idx need = layer_scratch(m->layer + i);
        if (need > m->scratch_floats) m->scratch_floats = need;
    }
    m->scratch_floats = (m->scratch_floats + 31) / 16 * 16;
    m->scratch = reserve(arena, m->scratch_floats * m->threads);
    m->slice = (Slice *)reserve(arena, m->uses & TRAINING ? (idx)4 * (m->parameter_floats / ROWS_AT_ONCE + (idx)2 * m->layers + 8) : 0);
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
        const int rows = is_norm(l) ? 1 : l->rows, floats = is_norm(l) ? 1 : l->taps * l->columns;
        const int step = max_int(ROWS_AT_ONCE / floats, 1);
        for (int row = 0; row < rows; row += step) m->slice[m->slices++] = (Slice){i, row, min_int(row + step, rows)};
    }
}

// ---- what a task does ---------------------------------------------------------------------------------------------

static int values(const Shape *shape) { return shape->height * shape->width * shape->channels; }

static Scratch scratch_of(const Model *m, int thread) { return (Scratch){m->scratch + thread * m->scratch_floats}; }

// The images of a batch or block as the first layer wants them; in training, each changed at random first.
static void input(const Model *m, int at, int from, int images, Scratch s) {
    const Job *job = &m->job;
    const Shape *shape = &m->layer[0].in;
    const int count = values(shape);
    const int augments = job->pass.training && shape->channels == 1 && (m->augmentation.shift || any_warp(&m->augmentation) || any_change(&m->augmentation));
    float *pixels = take(&s, count), *changed = take(&s, count);
    for (int i = 0; i < images; i++) {
        const idx which = job->order ? job->order[from + i] : from + i;
        float *x = m->image + (idx)(at + i) * shape->size;
        if (!augments && job->bytes) standardize_bytes(job->bytes + which * count, shape, m->mean, m->std, x);
        else if (!augments) standardize(job->pixels + which * count, shape, m->mean, m->std, x);
        else {
            for (int j = 0; j < count; j++) pixels[j] = job->bytes ? job->bytes[which * count + j] / 255.f : job->pixels[which * count + j];
            augment_image(&m->augmentation, stream(job->pass.seed, STREAM_AUGMENT, job->pass.step, (u32)(from + i)), pixels,
                          shape->height, shape->width, changed, s);
            standardize(changed, shape, m->mean, m->std, x);
        }
    }
}

// Layers [from, to) for some images. Layers that are computed image by image follow one another while the image is in
// the cache; the others take all images at once.
static void forward(const Model *m, int from, int to, int first, int images, int thread) {
    for (int i = from, end; i < to; i = end) {
        const int batched = m->layer[i].batched, step = batched ? images : 1;
        for (end = i + 1; end < to && !batched && !m->layer[end].batched;) end++;
        for (int image = first; image < first + images; image += step)
            for (int j = i; j < end; j++)
                layer_forward(m->layer + j, j, &m->job.pass, image, step, scratch_of(m, thread));
    }
}

// Layers top ... bottom + 1. The gradient of the topmost is one before its activation already.
static void backward(const Model *m, int top, int bottom, int lane, int first, int images, int thread) {
    for (int i = top, end; i > bottom; i = end) {
        const int batched = m->layer[i].batched, step = batched ? images : 1;
        for (end = i - 1; end > bottom && !batched && !m->layer[end].batched;) end--;
        for (int image = first; image < first + images; image += step)
            for (int j = i; j > end; j--) {
                if (j < top) activation_gradient(m->layer + j, image, step);
                layer_backward(m->layer + j, j, &m->job.pass, lane, image, step, scratch_of(m, thread));
            }
    }
}

static void lane_loss(Model *m, int lane, int first, int images) {
    const Layer *l = m->layer + m->layers - 1;
    const Job *job = &m->job;
    double loss = 0;
    int right = 0;
    for (int i = first; i < first + images; i++) {
        float *logits = l->dy + (idx)i * l->out.size;
        const int label = job->labels[job->order ? job->order[i] : i];
        copy(logits, l->y + (idx)i * l->out.size, l->out.size);
        int best = 0;
        for (int c = 1; c < l->out.channels; c++) best = logits[c] > logits[best] ? c : best;
        right += best == label;
        loss += cross_entropy(logits, &l->out, label, m->settings.smoothing, 1.f / job->images, 1);
    }
    m->loss[lane] = (float)loss;
    m->right[lane] = right;
}

static void lane_task(Model *m, const Phase *p, int lane, int thread) {
    const int each = max_int(ceil_div(m->job.images, LANES), 4), first = min_int(lane * each, m->job.images);
    const int images = min_int(each, m->job.images - first);
    if (p->kind == FORWARD) {
        if (p->from == 0) input(m, first, first, images, scratch_of(m, thread));
        forward(m, p->from, p->to, first, images, thread);
        const Layer *norm = m->layer + p->to;
        norm_count(norm, norm->x + (idx)first * norm->in.size, images, norm->lane_sums + lane * norm_sums(norm));
        return;
    }
    int top = p->from;
    if (p->kind == TURN) {
        if (p->from == 0 && m->phase[0].kind == TURN) input(m, first, first, images, scratch_of(m, thread));
        forward(m, p->from, m->layers, first, images, thread);
        lane_loss(m, lane, first, images);
        top = m->layers - 1;
    }
    for (int i = top; i > p->to; i--) {
        const Layer *l = m->layer + i;
        if (l->lane_weights) {
            clear(l->lane_weights + lane * l->lane_size, l->lane_size);
            clear(l->lane_bias + (idx)lane * l->columns, l->columns);
        }
    }
    backward(m, top, p->to, lane, first, images, thread);
    if (p->to >= 0) {
        const Layer *norm = m->layer + p->to;
        Scratch s = scratch_of(m, thread);
        float *mean = take(&s, norm->columns), *variance = take(&s, norm->columns);
        activation_gradient(norm, first, images);
        norm_batch(norm, mean, variance);
        norm_gradient_sums(norm, norm->x + (idx)first * norm->in.size, norm->dy + (idx)first * norm->in.size, images, mean,
                           norm->lane_bias + (idx)2 * lane * norm->columns);
    }
}

// One slice of the parameters: the gradient of the batch, the optimizer's step, and what the next pass reads.
static void slice_task(Model *m, int number, int thread) {
    const Slice *slice = m->slice + number;
    Layer *l = m->layer + slice->layer;
    const Scratch s = scratch_of(m, thread);
    const int images = m->job.images;
    float *gradient = m->gradient + (l->weights - m->parameters), *bias = m->gradient + (l->bias - m->parameters);
    if (is_norm(l)) {
        reduce_norm(l, gradient, bias, s);
        if (m->job.update) norm_remember(l, s);
    } else {
        reduce(l, images, slice->from, slice->to, gradient);
        if (!slice->from) reduce_bias(l, images, bias);
    }
    if (!m->job.update) return;
    const int taps = l->taps, rows = is_norm(l) ? 1 : l->rows;
    for (int tap = 0; tap < taps; tap++) {
        const idx from = ((idx)tap * rows + slice->from) * l->columns, at = l->weights - m->parameters + from;
        update(&m->settings, &m->job.step, m->parameters + at, m->gradient + at, m->first + at, m->second + at,
               (idx)(slice->to - slice->from) * l->columns);
    }
    if (!slice->from) {
        const idx at = l->bias - m->parameters;
        update(&m->settings, &m->job.step, m->parameters + at, m->gradient + at, m->first + at, m->second + at, l->columns);
    }
    if (!is_norm(l)) derive(l, slice->from, slice->to);
}

// Stored values of one image as the rest of the world has them, channels first; and back.
static void to_channels_first(const float *stored, const Shape *shape, float *to) {
    const int places = shape->height * shape->width;
    for (int c = 0; c < shape->channels; c++)
        for (int p = 0; p < places; p++) to[c * places + p] = stored[p * shape->stored + c];
}

static void from_channels_first(const float *given, const Shape *shape, float *stored) {
    const int places = shape->height * shape->width;
    clear(stored, shape->size);
    for (int c = 0; c < shape->channels; c++)
        for (int p = 0; p < places; p++) stored[p * shape->stored + c] = given[c * places + p];
}

static void hand_out(float *const *wanted, const Model *m, int gradients, int first, int from, int images) {
    for (int i = 0; i < m->layers; i++) {
        const Layer *l = m->layer + i;
        for (int j = 0; wanted[i] && j < images; j++)
            to_channels_first((gradients ? l->dy : l->y) + (idx)(first + j) * l->out.size, &l->out,
                              wanted[i] + (idx)(from + j) * values(&l->out));
    }
}

// A block of images of READ or EXPLAIN, in the part of the memory that belongs to this thread.
static void block_task(Model *m, int number, int thread) {
    const Job *job = &m->job;
    const int from = number * BLOCK_IMAGES, first = thread * BLOCK_IMAGES;
    const int images = min_int(BLOCK_IMAGES, job->images - from);
    input(m, first, from, images, scratch_of(m, thread));
    forward(m, 0, m->layers, first, images, thread);
    hand_out(m->wanted, m, 0, first, from, images);
    if (job->kind == READ) return;
    const Layer *top = m->layer + job->layer;
    for (int i = 0; i < images; i++) {
        float *dy = top->dy + (idx)(first + i) * top->out.size;
        if (job->seeds) {
            from_channels_first(job->seeds + (idx)(from + i) * values(&top->out), &top->out, dy);
            continue;
        }
        copy(dy, top->y + (idx)(first + i) * top->out.size, top->out.size);
        cross_entropy(dy, &top->out, job->labels[from + i], 0, 1, 1);
    }
    backward(m, job->layer, -1, 0, first, images, thread);
    hand_out(m->wanted_gradient, m, 1, first, from, images);
    const Shape *shape = &m->layer[0].in;
    for (int i = 0; job->image_gradient && i < images; i++) {
        float *to = job->image_gradient + (idx)(from + i) * values(shape);
        to_channels_first(m->image_gradient + (idx)(first + i) * shape->size, shape, to);
        for (int j = 0; j < values(shape); j++) to[j] /= m->std; // with respect to the pixels as given
    }
}

static void run_task(Model *m, u32 task, int thread) {
    if (m->job.kind != LEARN) {
        block_task(m, (int)task, thread);
        return;
    }
    const int phase = min_int((int)task / LANES, m->phases - 1), number = (int)task - phase * LANES;
    if (m->phase[phase].kind == REDUCE) slice_task(m, number, thread);
    else lane_task(m, m->phase + phase, number, thread);
}

// The first task that may only begin when all before it are done.
static u32 waits_for(const Model *m, u32 task) {
    if (m->job.kind != LEARN) return 0;
    return (u32)(min_int((int)task / LANES, m->phases - 1) * LANES);
}

// ---- threads ------------------------------------------------------------------------------------------------------

#if defined(_WIN32)
__declspec(dllimport) int __stdcall SwitchToThread(void);
#define YIELD() SwitchToThread()
#elif defined(__wasm_atomics__)
#define YIELD() (void)0
#elif defined(__wasm__)
#define YIELD() (void)0
#else
int sched_yield(void);
#define YIELD() sched_yield()
#endif
#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() (void)0
#endif

static void wait_until_done(const Model *m, u32 number) {
    for (int turn = 0; (int)(__atomic_load_n(&m->done, __ATOMIC_ACQUIRE) - number) < 0; turn++)
        if (turn < 2000) PAUSE();
        else YIELD();
}

static void publish(Model *m, Job job) {
    m->job = job;
    m->base = m->limit;
    __atomic_store_n(&m->limit, m->limit + (u32)job.tasks, __ATOMIC_RELEASE);
}

// Take tasks until none is left. Whoever is free takes the next: a thread that comes late or is held up by the system
// holds up nobody but the task that it has in hand.
EXPORT void NAMED(model_work)(Model *m, int thread) {
    for (;;) {
        u32 task = __atomic_load_n(&m->next, __ATOMIC_ACQUIRE);
        if ((int)(__atomic_load_n(&m->limit, __ATOMIC_ACQUIRE) - task) <= 0) return;
        if (!__atomic_compare_exchange_n(&m->next, &task, task + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) continue;
        wait_until_done(m, m->base + waits_for(m, task - m->base));
        run_task(m, task - m->base, thread);
        __atomic_add_fetch(&m->done, 1, __ATOMIC_ACQ_REL);
    }
}

// The caller's own share, as thread 0, and then until the others have finished theirs.
EXPORT void NAMED(model_finish)(Model *m) {
    NAMED(model_work)(m, 0);
    wait_until_done(m, m->limit);
}

// ---- what the caller sees -----------------------------------------------------------------------------------------

static void lay_out(Model *m, Arena *arena) {
    reserve(arena, (idx)(sizeof(Model) / sizeof(float) + 16));
    place_all(m, arena);
}

static void describe(Model *m, int uses, int capacity, int threads, int layers, float mean, float std) {
    m->uses = uses, m->threads = threads, m->layers = layers, m->mean = mean, m->std = std;
    m->capacity = max_int(capacity, threads * BLOCK_IMAGES);
}

// Memory that a model needs, in floats, or minus the number (from 1) of the layer that does not fit its input. `scratch`
// must hold a Model: ask with `model_size`.
EXPORT int NAMED(model_size)(void) { return (int)sizeof(Model); }

EXPORT idx NAMED(model_floats)(Model *scratch, const Described *given, int layers, int height, int width, int channels,
                               int uses, int capacity, int threads) {
    describe(scratch, uses, capacity, threads, layers, 0, 1);
    const int wrong = plan(scratch, given, layers, height, width, channels);
    if (wrong) return -wrong;
    Arena arena = {0, 0, GAP};
    lay_out(scratch, &arena);
    return arena.used;
}

// A model in zeroed memory that begins at a multiple of 64 bytes. Its weights are still zero.
EXPORT Model *NAMED(model_create)(float *memory, const Described *given, int layers, int height, int width, int channels,
                                  int uses, int capacity, int threads, float mean, float std) {
    Model *m = (Model *)memory;
    describe(m, uses, capacity, threads, layers, mean, std);
    plan(m, given, layers, height, width, channels);
    Arena arena = {memory, 0, GAP};
    lay_out(m, &arena);
    if (uses & TRAINING) plan_phases(m);
    return m;
}

// Every tensor of a layer in PyTorch's order and layout, one after another: kernels (F, C, k, k), biases, dense weights
// (units, features with channels first), and of batch norm factor, shift, running mean and running variance.
typedef enum { TO_CALLER, FROM_CALLER } Direction;

static void move_floats(float *stored, float *outside, Direction direction) {
    if (direction == TO_CALLER) *outside = *stored;
    else *stored = *outside;
}

static float *move_layer(const Layer *l, float *weights, float *bias, float *outside, Direction direction) {
    if (is_norm(l)) {
        float *vectors[] = {weights, bias, l->mean, l->variance};
        for (int v = 0; v < 4; v++)
            for (int c = 0; c < l->out.channels; c++) move_floats(vectors[v] + c, outside++, direction);
        return outside;
    }
    // Of a dense layer every place of the map is a tap.
    const int channels = l->in.channels, taps = l->kind == CONV ? l->taps : l->in.height * l->in.width;
    const int rows = l->kind == CONV ? l->rows : l->in.stored;
    for (int f = 0; f < l->out.channels; f++)
        for (int c = 0; c < channels; c++)
            for (int tap = 0; tap < taps; tap++)
                move_floats(weights + ((idx)tap * rows + c) * l->columns + f, outside++, direction);
    for (int f = 0; f < l->out.channels; f++) move_floats(bias + f, outside++, direction);
    return outside;
}

static void derive_all(Model *m) {
    for (int i = 0; i < m->layers; i++)
        if (m->layer[i].columns && !is_norm(m->layer + i)) derive(m->layer + i, 0, m->layer[i].rows);
}

static void move_all(Model *m, float *parameters, float *outside, Direction direction) {
    for (int i = 0; i < m->layers; i++) {
        const Layer *l = m->layer + i;
        if (l->columns)
            outside = move_layer(l, parameters + (l->weights - m->parameters), parameters + (l->bias - m->parameters), outside, direction);
    }
}

static float *parameters_of(const Model *m, int what) {
    return what == GRADIENTS ? m->gradient : what == FIRST_MOMENTS ? m->first : what == SECOND_MOMENTS ? m->second : m->parameters;
}

EXPORT void NAMED(model_get)(Model *m, int what, float *to) { move_all(m, parameters_of(m, what), to, TO_CALLER); }

EXPORT void NAMED(model_set)(Model *m, int what, float *from) {
    move_all(m, parameters_of(m, what), from, FROM_CALLER);
    if (what == WEIGHTS) derive_all(m);
}

// Glorot-uniform kernels and zero biases, as Keras begins; the number of a weight is its place in PyTorch's layout.
EXPORT void NAMED(model_initialize)(Model *m, u32 seed_low, u32 seed_high) {
    const u64 seed = (u64)seed_high << 32 | seed_low;
    clear(m->parameters, m->parameter_floats);
    for (int i = 0; i < m->layers; i++) {
        Layer *l = m->layer + i;
        if (is_norm(l))
            for (int c = 0; c < l->out.channels; c++) l->weights[c] = 1, l->variance[c] = 1, l->mean[c] = 0;
        if (!l->columns || is_norm(l)) continue;
        const int taps = l->kind == CONV ? l->taps : l->in.height * l->in.width, rows = l->kind == CONV ? l->rows : l->in.stored;
        const int channels = l->in.channels, F = l->out.channels;
        const float fans = (float)taps * channels + (l->kind == CONV ? (float)taps * F : F), limit = square_root(6 / fans);
        const Stream s = stream(seed, STREAM_WEIGHTS, (u32)i, 0);
        u32 number = 0;
        for (int f = 0; f < F; f++)
            for (int c = 0; c < channels; c++)
                for (int tap = 0; tap < taps; tap++)
                    l->weights[((idx)tap * rows + c) * l->columns + f] = limit * (2 * uniform(s, number++) - 1);
    }
    derive_all(m);
}

EXPORT void NAMED(model_settings)(Model *m, int optimizer, float beta_1, float beta_2, float momentum, float rho,
                                  float epsilon, float weight_decay, float smoothing) {
    m->settings = (Settings){optimizer, beta_1, beta_2, momentum, rho, epsilon, weight_decay, smoothing};
    m->beta_1_power = m->beta_2_power = 1;
    clear(m->first, m->parameter_floats);
    clear(m->second, m->parameter_floats);
}

// READ and EXPLAIN hand out a layer's values and gradients, [images][channels][height][width]; 0: not wanted.
EXPORT void NAMED(model_want)(Model *m, int layer, float *to, float *gradients_to) {
    m->wanted[layer] = to;
    m->wanted_gradient[layer] = gradients_to;
}

// Each of the next three only begins: threads then call `model_work`, and the caller `model_finish`.
EXPORT void NAMED(model_read)(Model *m, const u8 *bytes, const float *pixels, const int *order, int images) {
    publish(m, (Job){.kind = READ, .images = images, .tasks = ceil_div(images, BLOCK_IMAGES), .bytes = bytes,
                     .pixels = pixels, .order = order});
}

// Gradients of the loss with respect to the pixels: with `seeds` of what these say of `layer`, else of the cross-entropy.
EXPORT void NAMED(model_explain)(Model *m, const float *pixels, const u8 *labels, const float *seeds, int layer, int images,
                                 float *image_gradient) {
    publish(m, (Job){.kind = EXPLAIN, .images = images, .tasks = ceil_div(images, BLOCK_IMAGES), .pixels = pixels,
                     .labels = labels, .seeds = seeds, .layer = layer, .image_gradient = image_gradient});
}

// One step of gradient descent on a batch, at most as large as the capacity; with `update` 0 only its gradient.
EXPORT void NAMED(model_learn)(Model *m, const u8 *bytes, const float *pixels, const int *order, const u8 *labels, int images,
                               float rate, u32 seed_low, u32 seed_high, int step, int update) {
    if (update) m->beta_1_power *= m->settings.beta_1, m->beta_2_power *= m->settings.beta_2;
    publish(m, (Job){.kind = LEARN, .images = images, .tasks = (m->phases - 1) * LANES + m->slices, .bytes = bytes,
                     .pixels = pixels, .order = order, .labels = labels, .update = update,
                     .pass = {.training = 1, .parameters = 1, .seed = (u64)seed_high << 32 | seed_low, .step = (u32)step},
                     .step = {rate, 1 - m->beta_1_power, 1 - m->beta_2_power}});
}

// Of the batch that was learned, before the step: mean loss, and how many were read as labelled.
EXPORT float NAMED(model_loss)(const Model *m) {
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += m->loss[lane];
    return (float)(sum / m->job.images);
}

EXPORT int NAMED(model_right)(const Model *m) {
    int sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += m->right[lane];
    return sum;
}

// Every batch is augmented from now on; nine numbers, see `Augmentation`.
EXPORT void NAMED(model_augment)(Model *m, const float *augmentation) { m->augmentation = *(const Augmentation *)augmentation; }

// Pixels [count][height][width], 0 ... 1, each image changed as image `first` + i of a batch would be in step `step`.
// `scratch` holds `augment_scratch` floats.
EXPORT idx NAMED(augment_scratch)(int height, int width) { return augment_floats(height, width) + 64; }

EXPORT void NAMED(augment)(const float *pixels, int count, int height, int width, const float *augmentation, u32 seed_low,
                           u32 seed_high, u32 step, float *scratch, float *to) {
    for (int i = 0; i < count; i++) {
        const idx at = (idx)i * height * width;
        augment_image((const Augmentation *)augmentation, stream((u64)seed_high << 32 | seed_low, STREAM_AUGMENT, step, (u32)i),
                      pixels + at, height, width, to + at, (Scratch){scratch});
    }
}

EXPORT void NAMED(shuffle)(int *order, int count, u32 seed_low, u32 seed_high, u32 epoch) {
    shuffle_order(order, count, (u64)seed_high << 32 | seed_low, epoch);
}

EXPORT float NAMED(learning_rate)(float rate, int one_cycle, float warmup, int step, int steps) {
    return scheduled_rate(rate, one_cycle, warmup, step, steps);
}
