// 3 x 3 convolutions with a third to a quarter of the multiplications (Winograd 1980; Lavin and Gray 2016).
//
// An output tile of m x m comes from n x n inputs, n = m + 2. Both are taken to a domain in which the convolution is a
// product at each of n x n positions: y = A' [(G w G') * (B' x B)] A. Over all tiles of some images, and all channels,
// each position is a matrix product. The gradients are the same three maps read backwards.
#pragma once
#include "conv.h"

// For m = 2, 3, 4: B' is n x n, A' is m x n, G is n x 3. The points are 0, 1, -1, then 2, then -2, and infinity.
static const float B_2[] = {1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1};
static const float A_2[] = {1, 1, 1, 0, 0, 1, -1, -1};
static const float G_2[] = {1, 0, 0, .5f, .5f, .5f, .5f, -.5f, .5f, 0, 0, 1};
static const float B_3[] = {2, -1, -2, 1, 0, 0, -2, -1, 1, 0, 0, 2, -3, 1, 0, 0, -1, 0, 1, 0, 0, 2, -1, -2, 1};
static const float A_3[] = {1, 1, 1, 1, 0, 0, 1, -1, 2, 0, 0, 1, 1, 4, 1};
static const float G_3[] = {.5f,      0,       0,       -.5f,    -.5f, -.5f, -1 / 6.f, 1 / 6.f,
                            -1 / 6.f, 1 / 6.f, 1 / 3.f, 2 / 3.f, 0,    0,    1};
static const float B_4[] = {4, 0,  -5, 0, 1, 0, 0, -4, -4, 1,  1, 0, 0, 4, -4, -1, 1, 0,
                            0, -2, -1, 2, 1, 0, 0, 2,  -1, -2, 1, 0, 0, 4, 0,  -5, 0, 1};
static const float A_4[] = {1, 1, 1, 1, 1, 0, 0, 1, -1, 2, -2, 0, 0, 1, 1, 4, 4, 0, 0, 1, -1, 8, -8, 1};
static const float G_4[] = {.25f,     0,        0,       -1 / 6.f, -1 / 6.f,  -1 / 6.f, -1 / 6.f, 1 / 6.f, -1 / 6.f,
                            1 / 24.f, 1 / 12.f, 1 / 6.f, 1 / 24.f, -1 / 12.f, 1 / 6.f,  0,        0,       1};
#define MATRIX(name, m) ((m) == 2 ? name##_2 : (m) == 3 ? name##_3 : name##_4)

// out[i] = sum over j of matrix[i][j] in[j], or with the matrix transposed. Everything is known when this is compiled:
// zeros vanish and ones are additions.
INLINE void times(const float *matrix, const int transposed, const int rows, const int inner, const vec *in,
                  const int in_step, vec *out, const int out_step) {
    UNROLL
    for (int i = 0; i < rows; i++) {
        vec sum = {0};
        int empty = 1;
        UNROLL
        for (int j = 0; j < inner; j++) {
            const float factor = transposed ? matrix[j * rows + i] : matrix[i * inner + j];
            if (factor == 0) continue;
            const vec value = in[j * in_step];
            if (empty)
                sum = factor == 1 ? value : factor == -1 ? -value : value * factor;
            else if (factor == 1)
                sum += value;
            else if (factor == -1)
                sum -= value;
            else
                MADD(sum, value, splat(factor));
            empty = 0;
        }
        out[i * out_step] = sum;
    }
}

// M x M' for a small square of vectors: in (inner x inner) -> out (rows x rows).
INLINE void both_sides(const float *matrix, const int transposed, const int rows, const int inner, const vec *in,
                       vec *out) {
    vec half[36];
    UNROLL
    for (int j = 0; j < inner; j++) times(matrix, transposed, rows, inner, in + j, inner, half + j, inner);
    UNROLL
    for (int i = 0; i < rows; i++) times(matrix, transposed, rows, inner, half + i * inner, 1, out + i * rows, 1);
}

// Between a square of values that lie `row` and `column` floats apart and positions that lie `apart` floats apart.
// Both loops over channels are inside, so that one call serves a tile.
#define EACH_VECTOR(c, count) for (int c = 0; c < (count); c += WIDTH)
INLINE void to_positions(const float *matrix, const int transposed, const int n, const int inner, const float *from,
                         idx row, idx column, float *to, idx apart, int channels) {
    EACH_VECTOR(c, channels) {
        vec in[36], out[36];
        UNROLL
        for (int i = 0; i < inner * inner; i++) in[i] = load(from + i / inner * row + i % inner * column + c);
        both_sides(matrix, transposed, n, inner, in, out);
        UNROLL
        for (int i = 0; i < n * n; i++) store(to + i * apart + c, out[i]);
    }
}

INLINE void load_positions(const float *from, idx apart, const int n, vec *in) {
    UNROLL
    for (int i = 0; i < n * n; i++) in[i] = load(from + i * apart);
}

// The block of tiles that is computed at once, and where each of them lies.
typedef struct {
    int high, wide, count; // tiles of an image, and of all images
    int height, width;     // of the frame that all tiles of an image read
    int most;              // tiles in a block
} Tiling;

enum { WINOGRAD_FLOATS = 40000 }; // of a block in both domains, so that it stays in the second cache

static Tiling tiling(const Layer *l, int images) {
    const int m = l->tile, n = m + 2;
    Tiling t = {.high = ceil_div(l->map.height, m), .wide = ceil_div(l->map.width, m)};
    t.count = t.high * t.wide * images;
    t.height = t.high * m + 2, t.width = t.wide * m + 2;
    t.most = min_int(max_int(WINOGRAD_FLOATS / (n * n * (l->in.stored + l->columns)), 2 * ROWS),
                     t.high * t.wide * BLOCK_IMAGES);
    return t;
}

typedef struct {
    int image;
    Frame frame;
    float *memory;
} Framed;

static Frame winograd_input(const Layer *l, const Tiling *t, const float *x, int image, Framed *kept) {
    if (kept->image == image) return kept->frame;
    kept->image = image;
    x += (idx)image * l->in.size;
    if (!l->padding && t->height <= l->in.height && t->width <= l->in.width)
        kept->frame = (Frame){(float *)x, l->in.width * l->in.stored};
    else
        kept->frame = framed(x, &l->in, l->padding, l->padding, t->height, t->width, kept->memory);
    return kept->frame;
}

INLINE void tile_place(const Tiling *t, int tile, int *image, int *y, int *x) {
    *image = tile / (t->high * t->wide);
    *y = tile / t->wide % t->high;
    *x = tile % t->wide;
}

INLINE void input_to_domain(const int m, const Layer *l, const Tiling *t, const float *x, int first, int tiles,
                            float *domain, Framed *kept) {
    const int n = m + 2, C = l->in.stored;
    for (int i = 0; i < tiles; i++) {
        int image, ty, tx;
        tile_place(t, first + i, &image, &ty, &tx);
        const Frame frame = winograd_input(l, t, x, image, kept);
        to_positions(MATRIX(B, m), 0, n, n, frame.at + ty * m * frame.row + tx * m * C, frame.row, C, domain + i * C,
                     (idx)tiles * C, C);
    }
}

INLINE void winograd_forward(const int m, const Layer *l, const float *x, float *y, idx y_step, int images, int relu,
                             Scratch s) {
    const int n = m + 2, C = l->in.stored, F = l->columns;
    const Tiling t = tiling(l, images);
    Framed kept = {-1, {0, 0}, take(&s, frame_floats(t.height, t.width, C))};
    float *inputs = take(&s, (idx)n * n * t.most * C), *outputs = take(&s, (idx)n * n * t.most * F);
    for (int first = 0; first < t.count; first += t.most) {
        const int tiles = min_int(t.most, t.count - first);
        input_to_domain(m, l, &t, x, first, tiles, inputs, &kept);
        for (int i = 0; i < n * n; i++) {
            const Product p = {.rows = tiles,
                               .columns = F,
                               .a = inputs + (idx)i * tiles * C,
                               .a_row = C,
                               .b = l->forward_weights + (idx)i * C * F,
                               .c = outputs + (idx)i * tiles * F,
                               .c_row = F,
                               .count = {1, 1, C},
                               .a_step = {0, 0, 1},
                               .b_step = {0, 0, F}};
            product(&p);
        }
        for (int i = 0; i < tiles; i++) {
            int image, ty, tx;
            tile_place(&t, first + i, &image, &ty, &tx);
            const int lines = min_int(m, l->map.height - ty * m), places = min_int(m, l->map.width - tx * m);
            float *to = y + image * y_step + (ty * m * l->map.width + tx * m) * F;
            EACH_VECTOR(c, F) {
                vec in[36], out[16];
                const vec bias = load(l->bias + c);
                load_positions(outputs + i * F + c, (idx)tiles * F, n, in);
                both_sides(MATRIX(A, m), 0, m, n, in, out);
                UNROLL
                for (int a = 0; a < m * m; a++)
                    if (a / m < lines && a % m < places) {
                        const vec value = out[a] + bias;
                        store(to + (a / m * l->map.width + a % m) * F + c, relu ? positive(value) : value);
                    }
            }
        }
    }
}

// gradient, in the domain [n*n][C][F], += B' x B times A dy A'; and dx through the kernels [n*n][F][C], if it is
// wanted.
INLINE void winograd_backward(const int m, const Layer *l, const float *x, const float *dy, float *dx, int images,
                              float *gradient, Scratch s) {
    const int n = m + 2, C = l->in.stored, F = l->columns;
    const Tiling t = tiling(l, images);
    const Shape map = make_shape(l->map.height, l->map.width, F, F);
    const int whole = t.high * m == map.height && t.wide * m == map.width;
    Framed kept = {-1, {0, 0}, take(&s, frame_floats(t.height, t.width, C))};
    float *dx_frame = take(&s, frame_floats(t.height, t.width, C));
    float *dy_frame = take(&s, frame_floats(t.high * m, t.wide * m, F));
    float *inputs = take(&s, (idx)n * n * t.most * C), *outputs = take(&s, (idx)n * n * t.most * F);
    int dy_image = -1, dx_image = -1;
    Frame from = {0, 0};
    const Frame to = {dx_frame, t.width * C};
    for (int first = 0; first < t.count; first += t.most) {
        const int tiles = min_int(t.most, t.count - first);
        for (int i = 0; i < tiles; i++) {
            int image, ty, tx;
            tile_place(&t, first + i, &image, &ty, &tx);
            const float *here = dy + (idx)image * l->out.size;
            if (image != dy_image)
                from = whole ? (Frame){(float *)here, map.width * F}
                             : framed(here, &map, 0, 0, t.high * m, t.wide * m, dy_frame);
            dy_image = image;
            to_positions(MATRIX(A, m), 1, n, m, from.at + ty * m * from.row + tx * m * F, from.row, F, outputs + i * F,
                         (idx)tiles * F, F);
        }
        if (gradient) {
            input_to_domain(m, l, &t, x, first, tiles, inputs, &kept);
            for (int i = 0; i < n * n; i++) {
                const Product p = {.rows = C,
                                   .columns = F,
                                   .a = inputs + (idx)i * tiles * C,
                                   .a_row = 1,
                                   .b = outputs + (idx)i * tiles * F,
                                   .c = gradient + (idx)i * C * F,
                                   .c_row = F,
                                   .count = {1, 1, tiles},
                                   .a_step = {0, 0, C},
                                   .b_step = {0, 0, F},
                                   .accumulate = 1};
                product(&p);
            }
        }
        if (!dx) continue;
        for (int i = 0; i < n * n; i++) {
            const Product p = {.rows = tiles,
                               .columns = C,
                               .a = outputs + (idx)i * tiles * F,
                               .a_row = F,
                               .b = l->backward_weights + (idx)i * F * C,
                               .c = inputs + (idx)i * tiles * C,
                               .c_row = C,
                               .count = {1, 1, F},
                               .a_step = {0, 0, 1},
                               .b_step = {0, 0, C}};
            product(&p);
        }
        for (int i = 0; i < tiles; i++) {
            int image, ty, tx;
            tile_place(&t, first + i, &image, &ty, &tx);
            if (image != dx_image) {
                if (dx_image >= 0) unframed(to, l->padding, l->padding, &l->in, dx + (idx)dx_image * l->in.size);
                clear(dx_frame, frame_floats(t.height, t.width, C));
                dx_image = image;
            }
            float *at = to.at + ty * m * to.row + tx * m * C; // tiles overlap by two: their shares add up
            EACH_VECTOR(c, C) {
                vec in[36], out[36];
                load_positions(inputs + i * C + c, (idx)tiles * C, n, in);
                both_sides(MATRIX(B, m), 1, n, n, in, out);
                UNROLL
                for (int a = 0; a < n * n; a++) {
                    float *sum = at + a / n * to.row + a % n * C + c;
                    store(sum, load(sum) + out[a]);
                }
            }
        }
    }
    if (dx_image >= 0) unframed(to, l->padding, l->padding, &l->in, dx + (idx)dx_image * l->in.size);
}

// Kernels (3 x 3, taps `tap` floats apart) of one input channel and all outputs into the domain, and the transposed
// ones.
INLINE void winograd_kernels(const int m, const Layer *l, int row) {
    const int n = m + 2, C = l->rows, F = l->columns;
    to_positions(MATRIX(G, m), 0, n, 3, l->weights + (idx)row * F, (idx)3 * C * F, (idx)C * F,
                 l->forward_weights + (idx)row * F, (idx)C * F, F);
    if (!l->backward_weights || l->backward != WINOGRAD) return;
    for (int i = 0; i < n * n; i++)
        for (int f = 0; f < F; f++)
            l->backward_weights[(idx)i * F * C + (idx)f * C + row] =
                l->forward_weights[(idx)i * C * F + (idx)row * F + f];
}

// The gradient of one input channel's kernels out of the domain: sum over the lanes, then G' g G.
INLINE void winograd_reduce(const int m, const Layer *l, int row, float *gradient) {
    const int n = m + 2, C = l->rows, F = l->columns;
    EACH_VECTOR(c, F) {
        vec in[36], out[9];
        UNROLL
        for (int i = 0; i < n * n; i++) {
            const float *from = l->lane_weights + ((idx)i * C + row) * F + c;
            vec sum = load(from);
            for (int lane = 1; lane < LANES; lane++) sum += load(from + lane * l->lane_size);
            in[i] = sum;
        }
        both_sides(MATRIX(G, m), 1, 3, n, in, out);
        UNROLL
        for (int tap = 0; tap < 9; tap++) store(gradient + ((idx)tap * C + row) * F + c, out[tap]);
    }
}

// One compiled copy for each tile size.
#define WINOGRAD_TILES(m)                                                                                              \
    static void winograd_forward_##m(const Layer *l, const float *x, float *y, idx y_step, int images, int relu,       \
                                     Scratch s) {                                                                      \
        winograd_forward(m, l, x, y, y_step, images, relu, s);                                                         \
    }                                                                                                                  \
    static void winograd_backward_##m(const Layer *l, const float *x, const float *dy, float *dx, int images,          \
                                      float *gradient, Scratch s) {                                                    \
        winograd_backward(m, l, x, dy, dx, images, gradient, s);                                                       \
    }                                                                                                                  \
    static void winograd_kernels_##m(const Layer *l, int row) { winograd_kernels(m, l, row); }                         \
    static void winograd_reduce_##m(const Layer *l, int row, float *gradient) { winograd_reduce(m, l, row, gradient); }
WINOGRAD_TILES(2)
WINOGRAD_TILES(3)
WINOGRAD_TILES(4)
#define WITH_TILE(l, function, ...)                                                                                    \
    ((l)->tile == 2   ? function##_2(__VA_ARGS__)                                                                      \
     : (l)->tile == 3 ? function##_3(__VA_ARGS__)                                                                      \
                      : function##_4(__VA_ARGS__))

// The tile size with the least arithmetic for this map, or 0 where the direct way is cheaper.
static int best_tile(const Layer *l) {
    if (l->kernel != 3 || l->stride != 1 || l->in.stored % WIDTH) return 0;
    int best = 0;
    double least = 9. * l->map.height * l->map.width * l->in.stored * l->columns;
    for (int m = 2; m <= 4; m++) {
        const double tiles = (double)ceil_div(l->map.height, m) * ceil_div(l->map.width, m),
                     positions = (m + 2) * (m + 2);
        // A transform costs about as much as m more channels would.
        const double cost =
            tiles * positions * ((double)l->in.stored * l->columns + 4. * m * (l->in.stored + l->columns));
        if (cost < (best ? 1 : .9) * least) best = m, least = cost; // worth the trouble only if clearly cheaper
    }
    return best;
}
