// A dense layer: every output is a sum over all values of an image.
//
// Its weights lie in panels of PANEL columns, each panel [rows][PANEL] in one piece. In one wide matrix the rows of a
// panel would be far apart, at distances that all fall upon the same few places of a cache.
#pragma once
#include "network.h"
#include "product.h"

enum { PANEL = COLUMNS * WIDTH };

static int panel_width(int columns, int first) { return min_int(PANEL, columns - first); }

static idx dense_place(int rows, int columns, int row, int column) {
    const int first = column / PANEL * PANEL;
    return (idx)first * rows + (idx)row * panel_width(columns, first) + column - first;
}

// Where a weight lies: input `row` at place `tap` of the kernel (of a dense layer: 0), output `column`.
static idx weight_place(const Layer *l, int tap, int row, int column) {
    if (l->kind == DENSE) return dense_place(l->rows, l->columns, row, column);
    return ((idx)tap * l->rows + row) * l->columns + column;
}

// x [images][in.size] -> y [images][out.size]
static void dense_forward(const Layer *l, const float *x, float *y, int images) {
    for (int c = 0; c < l->columns; c += PANEL) {
        const int width = panel_width(l->columns, c);
        const Product p = {.rows = images,
                           .columns = width,
                           .a = x,
                           .a_row = l->in.size,
                           .b = l->weights + (idx)c * l->rows,
                           .c = y + c,
                           .c_row = l->out.size,
                           .count = {1, 1, l->rows},
                           .a_step = {0, 0, 1},
                           .b_step = {0, 0, width},
                           .bias = l->bias + c,
                           .relu = l->activation == RELU};
        long_product(p);
    }
}

// dy [images][out.size] -> dx [images][in.size] through the transposed weights, [columns][in.size] in panels.
static void dense_input(const Layer *l, const float *dy, float *dx, int images) {
    for (int c = 0; c < l->in.size; c += PANEL) {
        const int width = panel_width(l->in.size, c);
        const Product p = {.rows = images,
                           .columns = width,
                           .a = dy,
                           .a_row = l->out.size,
                           .b = l->backward_weights + (idx)c * l->columns,
                           .c = dx + c,
                           .c_row = l->in.size,
                           .count = {1, 1, l->columns},
                           .a_step = {0, 0, 1},
                           .b_step = {0, 0, width}};
        product(&p);
    }
}

enum { IMAGES_AT_ONCE = 256 };

// The gradient of rows [from, to) of the weights, over the whole batch. The values of these rows are copied together
// first, for the images lie a page or more apart.
static void dense_gradient(const Layer *l, int images, int from, int to, float *gradient, Scratch s) {
    const int rows = to - from;
    float *values = take(&s, (idx)min_int(images, IMAGES_AT_ONCE) * rows);
    for (int first = 0; first < images; first += IMAGES_AT_ONCE) {
        const int some = min_int(IMAGES_AT_ONCE, images - first);
        for (int i = 0; i < some; i++) copy(values + (idx)i * rows, l->x + (idx)(first + i) * l->in.size + from, rows);
        for (int c = 0; c < l->columns; c += PANEL) {
            const int width = panel_width(l->columns, c);
            const Product p = {.rows = rows,
                               .columns = width,
                               .a = values,
                               .a_row = 1,
                               .b = l->dy + (idx)first * l->out.size + c,
                               .c = gradient + (idx)c * l->rows + (idx)from * width,
                               .c_row = width,
                               .count = {1, 1, some},
                               .a_step = {0, 0, rows},
                               .b_step = {0, 0, l->out.size},
                               .accumulate = first > 0};
            product(&p);
        }
    }
}

static void dense_transpose(const Layer *l, int from, int to) { // rows [from, to) of the weights, for `dense_input`
    for (int row = from; row < to; row++) {
        const int first = row / PANEL * PANEL, step = panel_width(l->in.size, first);
        float *column = l->backward_weights + (idx)first * l->columns + row - first;
        for (int c = 0; c < l->columns; c += PANEL) {
            const int width = panel_width(l->columns, c);
            const float *weights = l->weights + (idx)c * l->rows + (idx)row * width;
            for (int i = 0; i < width; i++) column[(c + i) * step] = weights[i];
        }
    }
}
