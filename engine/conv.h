// Convolution as it is defined: every pass is a product with steps of its own.
//
// Shapes in comments: H x W is the input map, h x w the output, C input and F output channels as stored, k the kernel.
#pragma once
#include "network.h"
#include "product.h"

// An image with a border: `at` is its first value, `row` the floats from one line to the next.
typedef struct {
    float *at;
    idx row;
} Frame;

static int frame_floats(int height, int width, int stored) { return height * width * stored + WIDTH; }

// `x` inside a frame of height x width, its first value at (top, left) and zeros around; what does not fit is cut off.
static Frame framed(const float *x, const Shape *shape, int top, int left, int height, int width, float *to) {
    const int stored = shape->stored, row = width * stored;
    const int lines = min_int(shape->height, height - top), columns = min_int(shape->width, width - left) * stored;
    clear(to, frame_floats(height, width, stored));
    for (int y = 0; y < lines; y++) copy(to + (top + y) * row + left * stored, x + y * shape->width * stored, columns);
    return (Frame){to, row};
}

// The other way round: the image that lies inside a frame, cut out.
static void unframed(Frame frame, int top, int left, const Shape *shape, float *x) {
    const int columns = shape->width * shape->stored;
    for (int y = 0; y < shape->height; y++)
        copy(x + y * columns, frame.at + (top + y) * frame.row + left * shape->stored, columns);
}

// What the kernel of `l` slides over, from (-padding, -padding) on.
static Frame conv_input(const Layer *l, const float *x, Scratch *s) {
    if (!l->padding) return (Frame){(float *)x, l->in.width * l->in.stored};
    const int height = l->in.height + 2 * l->padding, width = l->in.width + 2 * l->padding;
    float *to = take(s, frame_floats(height, width, l->in.stored));
    return framed(x, &l->in, l->padding, l->padding, height, width, to);
}

// Maps narrower than this take the images of a lane as the rows of a product, wider ones the places of a line.
static int takes_images_as_rows(const Layer *l) { return l->map.width < ROWS; }

// x [images][in.size] -> y [images][step of y]: (h, w, F) = bias + sum over k x k x C.
static void conv_direct(const Layer *l, const float *x, float *y, idx y_step, int images, int relu, Scratch s) {
    const int C = l->in.stored, F = l->columns, k = l->kernel;
    Product p = {.columns = F,
                 .b = l->weights,
                 .count = {1, k, k * C},
                 .b_step = {0, k * C * F, F},
                 .bias = l->bias,
                 .relu = relu};
    if (images > 1 && takes_images_as_rows(l)) {
        Frame first = conv_input(l, x, &s), next = first;
        for (int i = 1; i < images; i++) next = conv_input(l, x + (idx)i * l->in.size, &s);
        p.rows = images;
        p.a_row = (next.at - first.at) / (images - 1);
        p.c_row = y_step;
        p.a_step[1] = first.row, p.a_step[2] = 1;
        for (int h = 0; h < l->map.height; h++)
            for (int w = 0; w < l->map.width; w++) {
                p.a = first.at + h * l->stride * first.row + w * l->stride * C;
                p.c = y + (h * l->map.width + w) * F;
                product(&p);
            }
        return;
    }
    p.rows = l->map.width;
    p.a_row = l->stride * C;
    p.c_row = F;
    for (int i = 0; i < images; i++) {
        Scratch inner = s;
        const Frame frame = conv_input(l, x + (idx)i * l->in.size, &inner);
        p.a_step[1] = frame.row, p.a_step[2] = 1;
        for (int h = 0; h < l->map.height; h++) {
            p.a = frame.at + h * l->stride * frame.row;
            p.c = y + i * y_step + h * l->map.width * F;
            product(&p);
        }
    }
}

static void add_bias_gradient(const float *dy, idx places, int columns, float *gradient) {
    for (int c = 0; c < columns; c += WIDTH) {
        vec sum = load(gradient + c);
        for (idx i = 0; i < places; i++) sum += load(dy + i * columns + c);
        store(gradient + c, sum);
    }
}

// gradient [k][k][C][F] += x at every place times dy there.
static void conv_direct_weights(const Layer *l, const float *x, const float *dy, int images, float *gradient,
                                Scratch s) {
    const int C = l->in.stored, F = l->columns, k = l->kernel, w = l->map.width;
    for (int i = 0; i < images; i++) {
        Scratch inner = s;
        const Frame frame = conv_input(l, x + (idx)i * l->in.size, &inner);
        for (int line = 0; line < k; line++) {
            const Product p = {.rows = k * C,
                               .columns = F,
                               .a = frame.at + line * frame.row,
                               .a_row = 1,
                               .b = dy + (idx)i * l->out.size,
                               .c = gradient + line * k * C * F,
                               .c_row = F,
                               .count = {1, l->map.height, w},
                               .a_step = {0, l->stride * frame.row, l->stride * C},
                               .b_step = {0, w * F, F},
                               .accumulate = 1};
            product(&p);
        }
    }
}

// dx = dy through the transposed kernels, [k][k][F][C]. With stride s only every s-th place of the kernel meets a given
// pixel: pixel u (counted with its padding) is met by places r, r + s, ... with r = u mod s, from outputs u / s, u / s
// - 1, ...
static void conv_direct_input(const Layer *l, const float *dy, float *dx, int images, Scratch s) {
    const int C = l->in.stored, F = l->columns, k = l->kernel, step = l->stride, H = l->in.height, W = l->in.width;
    const int border = ceil_div(k, step) - 1;
    const int height = border + max_int(l->map.height, (H - 1 + l->padding) / step + 1);
    const int width = border + max_int(l->map.width, (W - 1 + l->padding) / step + 1);
    float *to = take(&s, frame_floats(height, width, F));
    const Shape map = make_shape(l->map.height, l->map.width, F, F);
    for (int i = 0; i < images; i++) {
        const Frame frame = framed(dy + (idx)i * l->out.size, &map, border, border, height, width, to);
        float *result = dx + (idx)i * l->in.size;
        for (int y = 0; y < H; y++) {
            const int line = (y + l->padding) % step, from = border + (y + l->padding) / step;
            for (int x = 0; x < min_int(step, W); x++) {
                const int place = (x + l->padding) % step;
                const Product p = {
                    .rows = ceil_div(W - x, step),
                    .columns = C,
                    .a = frame.at + from * frame.row + (border + (x + l->padding) / step) * F,
                    .a_row = F,
                    .b = l->backward_weights + (line * k + place) * F * C,
                    .c = result + (y * W + x) * C,
                    .c_row = step * C,
                    .count = {line < k ? ceil_div(k - line, step) : 0, place < k ? ceil_div(k - place, step) : 0, F},
                    .a_step = {-frame.row, -F, 1},
                    .b_step = {(idx)step * k * F * C, step * F * C, C}};
                product(&p);
            }
        }
    }
}

// The same for the image itself, whose channels are no whole vectors: what each place sends to every tap of its kernel,
// (w, k*k*C), is added up where it belongs. The kernels are [F][k*k*C in whole vectors].
static void conv_direct_image(const Layer *l, const float *dy, float *dx, int images, Scratch s) {
    const int C = l->in.stored, F = l->columns, k = l->kernel, w = l->map.width, taps = whole_vectors(k * k * C);
    float *sent = take(&s, (idx)w * taps);
    const int height = l->in.height + 2 * l->padding, width = l->in.width + 2 * l->padding;
    float *to = take(&s, frame_floats(height, width, C));
    for (int i = 0; i < images; i++) {
        const Frame frame = {to, width * C};
        clear(to, frame_floats(height, width, C));
        for (int h = 0; h < l->map.height; h++) {
            const Product p = {.rows = w,
                               .columns = taps,
                               .a = dy + (idx)i * l->out.size + h * w * F,
                               .a_row = F,
                               .b = l->backward_weights,
                               .c = sent,
                               .c_row = taps,
                               .count = {1, 1, F},
                               .a_step = {0, 0, 1},
                               .b_step = {0, 0, taps}};
            product(&p);
            for (int x = 0; x < w; x++)
                for (int line = 0; line < k; line++) {
                    float *at = to + (h * l->stride + line) * frame.row + x * l->stride * C;
                    const float *from = sent + x * taps + line * k * C;
                    for (int c = 0; c < k * C; c++) at[c] += from[c];
                }
        }
        unframed(frame, l->padding, l->padding, &l->in, dx + (idx)i * l->in.size);
    }
}
