// Convolution followed by max-pooling. Of each window one value counts, so of the gradient most is zero: the backward
// pass visits only what is not. What dropout or ReLU has silenced is skipped as well.
#pragma once
#include "conv.h"

// The largest value of each window and its number there, row by row; the first of equals, as everywhere.
INLINE void pool_windows(const int side, const Shape *in, const Shape *out, const float *x, float *y, int *place,
                         int relu) {
    const int C = in->stored;
    for (int h = 0; h < out->height; h++)
        for (int w = 0; w < out->width; w++) {
            const float *window = x + (h * side * in->width + w * side) * C;
            for (int c = 0; c < C; c += WIDTH) {
                vec best = load(window + c);
                ivec which = {0};
                for (int i = 1; i < side * side; i++) {
                    const vec value = load(window + (i / side * in->width + i % side) * C + c);
                    const ivec larger = value > best;
                    best = choose(larger, value, best);
                    which = choose_ints(larger, i - (ivec){0}, which);
                }
                const int at = (h * out->width + w) * C + c;
                store(y + at, relu ? positive(best) : best);
                store_ints(place + at, which);
            }
        }
}

static void pool(int side, const Shape *in, const Shape *out, const float *x, float *y, int *place, int relu) {
    if (side == 2)
        pool_windows(2, in, out, x, y, place, relu);
    else
        pool_windows(side, in, out, x, y, place, relu);
}

// The gradient of a convolution under pooling is a sum over the values that their windows have chosen, filter by
// filter: of each, `value` is the gradient and `at` where its kernel begins in the input.
typedef struct {
    int at;
    float value;
} Entry;

// Both passes keep a part of a kernel in registers: R of its k lines, of each V vectors.
typedef struct {
    const Layer *layer;
    const Entry *entries; // [F][windows], of each filter the first counts[f] are there
    const int *counts;
    int windows;
    const float *x; // at the part of the kernel, as is `gradient`
    idx x_row;
    float *gradient; // [F][k][kernel_line]
} Gather;

static int kernel_line(const Layer *l) { return whole_vectors(l->kernel * l->in.stored); }

INLINE void gather(const int R, const int V, const Gather *p) {
    const int line = kernel_line(p->layer), k = p->layer->kernel;
    const idx x_row = p->x_row;
    for (int f = 0; f < p->layer->columns; f++) {
        float *c = p->gradient + (idx)f * k * line;
        vec sum[KEPT];
        UNROLL
        for (int i = 0; i < R * V; i++) sum[i] = load(c + i / V * line + i % V * WIDTH);
        const Entry *entry = p->entries + (idx)f * p->windows, *end = entry + p->counts[f];
        for (; entry < end; entry++) {
            const float *x = p->x + entry->at;
            const vec value = splat(entry->value);
            UNROLL
            for (int i = 0; i < R * V; i++) MADD(sum[i], value, load(x + i / V * x_row + i % V * WIDTH));
        }
        UNROLL
        for (int i = 0; i < R * V; i++) store(c + i / V * line + i % V * WIDTH, sum[i]);
    }
}

typedef struct {
    const Layer *layer;
    const u32 *chosen; // [lines][width][places of a window][words]: a bit for each filter
    const float *dy;
    int lines;            // of windows
    const float *kernels; // [F][k][kernel_line] at the part of the kernel, as is `dx`
    float *dx;
    idx dx_row;
    const int *offsets; // of the places of a window, in dx
} Scatter;

INLINE void scatter(const int R, const int V, const Scatter *p) {
    const Layer *l = p->layer;
    const int line = kernel_line(l), F = l->columns, words = ceil_div(F, 32), places = l->pool * l->pool;
    const idx step = (idx)l->kernel * line, dx_row = p->dx_row;
    const u32 *chosen = p->chosen;
    const float *dy = p->dy;
    for (int h = 0; h < p->lines; h++)
        for (int w = 0; w < l->out.width; w++, dy += F)
            for (int place = 0; place < places; place++, chosen += words) {
                u32 any = 0;
                for (int i = 0; i < words; i++) any |= chosen[i];
                if (!any) continue;
                float *c = p->dx + (h * dx_row + w * l->in.stored) * l->stride * l->pool + p->offsets[place];
                vec sum[KEPT];
                UNROLL
                for (int i = 0; i < R * V; i++) sum[i] = load(c + i / V * dx_row + i % V * WIDTH);
                for (int word = 0; word < words; word++)
                    for (u32 left = chosen[word]; left; left &= left - 1) {
                        const int f = word * 32 + __builtin_ctz(left);
                        const float *kernel = p->kernels + f * step;
                        const vec value = splat(dy[f]);
                        UNROLL
                        for (int i = 0; i < R * V; i++)
                            MADD(sum[i], value, load(kernel + i / V * line + i % V * WIDTH));
                    }
                UNROLL
                for (int i = 0; i < R * V; i++) store(c + i / V * dx_row + i % V * WIDTH, sum[i]);
            }
}

// One compiled copy for each shape that fits into the registers.
#define SHAPES_OF_8(X)                                                                                                 \
    X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8) X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(3, 1) X(3, 2)
#define SHAPES_OF_12(X) SHAPES_OF_8(X) X(1, 9) X(1, 10) X(1, 11) X(1, 12) X(2, 5) X(2, 6) X(3, 3) X(3, 4)
#define SHAPES_OF_24(X)                                                                                                \
    SHAPES_OF_12(X) X(2, 7) X(2, 8) X(2, 9) X(2, 10) X(2, 11) X(2, 12) X(3, 5) X(3, 6) X(3, 7) X(3, 8)
#if defined(__AVX512F__)
#define EACH_SHAPE(X) SHAPES_OF_24(X)
#elif defined(__AVX__) || defined(__aarch64__)
#define EACH_SHAPE(X) SHAPES_OF_12(X)
#else
#define EACH_SHAPE(X) SHAPES_OF_8(X)
#endif
#define SPARSE(R, V)                                                                                                   \
    static void gather_##R##_##V(const Gather *p) { gather(R, V, p); }                                                 \
    static void scatter_##R##_##V(const Scatter *p) { scatter(R, V, p); }
EACH_SHAPE(SPARSE)
enum { MOST_LINES = 3, MOST_VECTORS = KEPT < 12 ? KEPT : 12 };
#define GATHER_ENTRY(R, V) [R - 1][V - 1] = gather_##R##_##V,
#define SCATTER_ENTRY(R, V) [R - 1][V - 1] = scatter_##R##_##V,
static void (*const gathers[MOST_LINES][MOST_VECTORS])(const Gather *) = {EACH_SHAPE(GATHER_ENTRY)};
static void (*const scatters[MOST_LINES][MOST_VECTORS])(const Scatter *) = {EACH_SHAPE(SCATTER_ENTRY)};

typedef struct {
    int lines, vectors;
} KernelPart;

// The parts into which a kernel is cut: as few as fit, and then as equal as can be, for a small part waits for its own
// sums.
static KernelPart kernel_part(int lines, int vectors) {
    KernelPart best = {1, 1};
    int fewest = lines * vectors + 1, smallest = 0;
    for (int r = 1; r <= min_int(lines, MOST_LINES); r++)
        for (int v = 1; v <= min_int(vectors, min_int(MOST_VECTORS, KEPT / r)); v++) {
            const int parts = ceil_div(lines, r) * ceil_div(vectors, v);
            const int least = ((lines - 1) % r + 1) * ((vectors - 1) % v + 1);
            if (parts < fewest || (parts == fewest && least > smallest))
                best = (KernelPart){r, v}, fewest = parts, smallest = least;
        }
    return best;
}

enum {
    FRAME_FLOATS = 6000
}; // of the lines of the input that a block of windows sees: they should stay in the first cache

static int windows_high(const Layer *l) { // lines of windows in a block
    const int line = (l->in.width + 2 * l->padding) * l->in.stored * l->stride * l->pool;
    return min_int(max_int(FRAME_FLOATS / line, 1), l->out.height);
}

static idx pooled_scratch(const Layer *l) {
    const idx windows = (idx)windows_high(l) * l->out.width, places = l->pool * l->pool;
    const int height = l->in.height + 2 * l->padding, width = l->in.width + 2 * l->padding;
    return 2 * (idx)frame_floats(height, width, l->in.stored) + 2 * l->columns * windows + l->columns + places +
           windows * places * ceil_div(l->columns, 32) + 160;
}

static void entries_by_filter(const Layer *l, const float *dy, const int *place, const int *offsets, int from, int to,
                              idx row, Entry *entries, int *counts) {
    const int F = l->columns, windows = (to - from) * l->out.width;
    for (int f = 0; f < F; f++) counts[f] = 0;
    for (int h = from; h < to; h++)
        for (int w = 0; w < l->out.width; w++) {
            const int at = (h * l->out.width + w) * F, base = (int)((h * row + w * l->in.stored) * l->stride * l->pool);
            for (int f = 0; f < F; f++) {
                Entry *e = entries + (idx)f * windows + counts[f];
                e->at = base + offsets[place[at + f]];
                e->value = dy[at + f];
                counts[f] += dy[at + f] != 0;
            }
        }
}

// For each window and place in it, the filters whose gradient goes there.
static void filters_by_place(const Layer *l, const float *dy, const int *place, int windows, u32 *chosen) {
    const int F = l->columns, words = ceil_div(F, 32), places = l->pool * l->pool;
    for (int i = 0; i < windows * places * words; i++) chosen[i] = 0;
    for (int i = 0; i < windows; i++, chosen += places * words)
        for (int f = 0; f < F; f += WIDTH) {
            const ivec there = load(dy + (idx)i * F + f) != 0, where = load_ints(place + (idx)i * F + f);
            for (int p = 0; p < places; p++) chosen[p * words + f / 32] |= bits(there & (where == p)) << f % 32;
        }
}

// dy [out.size] -> gradient [F][k][kernel_line] += ..., and dx through kernels of that same layout, if it is wanted.
static void pooled_backward(const Layer *l, const float *x, const float *dy, const int *place, float *dx,
                            float *gradient, Scratch s) {
    const int C = l->in.stored, F = l->columns, k = l->kernel, line = kernel_line(l), vectors = line / WIDTH;
    const int height = l->in.height + 2 * l->padding, width = l->in.width + 2 * l->padding, side = l->pool;
    const Frame frame = conv_input(l, x, &s);
    // Kernel lines that are no whole vectors reach beyond the image, with zeros: into a frame, not into the next image.
    const int direct = !l->padding && line == k * C;
    const Frame result = {!dx || direct ? dx : take(&s, frame_floats(height, width, C)), width * C};
    if (dx) clear(result.at, direct ? l->in.size : frame_floats(height, width, C));
    const int high = windows_high(l), windows = high * l->out.width;
    Entry *entries = (Entry *)take(&s, 2 * (idx)F * windows);
    int *counts = (int *)take(&s, F), *offsets = (int *)take(&s, side * side);
    u32 *chosen = (u32 *)take(&s, (idx)windows * side * side * ceil_div(F, 32));
    for (int i = 0; i < side * side; i++) offsets[i] = (int)((i / side * frame.row + i % side * C) * l->stride);
    const KernelPart part = kernel_part(k, vectors);
    for (int from = 0; from < l->out.height; from += high) {
        const int to = min_int(from + high, l->out.height), first = from * l->out.width * F;
        if (gradient) entries_by_filter(l, dy, place, offsets, from, to, frame.row, entries, counts);
        if (dx) filters_by_place(l, dy + first, place + first, (to - from) * l->out.width, chosen);
        for (int v = 0; v < vectors; v += part.vectors)
            for (int r = 0; r < k; r += part.lines) {
                const int R = min_int(part.lines, k - r) - 1, V = min_int(part.vectors, vectors - v) - 1;
                const int within = r * line + v * WIDTH;
                const Gather g = {l,
                                  entries,
                                  counts,
                                  (to - from) * l->out.width,
                                  frame.at + r * frame.row + v * WIDTH,
                                  frame.row,
                                  gradient + within};
                if (gradient) gathers[R][V](&g);
                const Scatter t = {l,
                                   chosen,
                                   dy + first,
                                   to - from,
                                   l->backward_weights + within,
                                   result.at + from * result.row * l->stride * side + r * result.row + v * WIDTH,
                                   result.row,
                                   offsets};
                if (dx) scatters[R][V](&t);
            }
    }
    if (dx && !direct) unframed(result, l->padding, l->padding, &l->in, dx);
}
