// One layer forward, one layer backward, and one layer after a step: the three places where kinds of layers differ.
#pragma once
#include "dense.h"
#include "layers.h"
#include "optimizers.h"
#include "pooled.h"
#include "winograd.h"

// What a pass over some images must know beyond the layer.
typedef struct {
    int training;   // dropout drops, batch norm goes by its batch
    int parameters; // the backward pass wants gradients of weights
    int frozen;     // how many of the first layers learn no more; -1: the gradient goes on to the image
    u64 seed;
    u32 step;
} Pass;

static Stream dropout_stream(const Pass *pass, int layer, int image) {
    return stream(pass->seed, STREAM_DROPOUT, pass->step, (u32)layer << 24 ^ (u32)image);
}

static int all_zero(const float *values, int count) {
    for (int i = 0; i < count; i++)
        if (values[i]) return 0;
    return 1;
}

// Images first ... first + images - 1 through one layer.
static void layer_forward(const Layer *l, int number, const Pass *pass, int first, int images, Scratch s) {
    const float *x = l->x + (idx)first * l->in.size;
    float *y = l->y + (idx)first * l->out.size;
    if (l->kind == CONV) {
        const int relu = l->activation == RELU, pooled = l->pool > 1;
        float *map = pooled ? take(&s, l->map.size) : y;
        const idx step = pooled ? 0 : l->out.size; // pooled layers go image by image
        // As long as no bias has been learned, what sees only black is exactly zero, and ReLU lets no gradient through
        // there. After Winograd's rounding it would be a little more or less, as chance has it.
        const int exact = relu && all_zero(l->bias, l->columns);
        if (l->tile && !exact)
            WITH_TILE(l, winograd_forward, l, x, map, step, images, relu && !pooled, s);
        else
            conv_direct(l, x, map, step, images, relu && !pooled, s);
        if (pooled) pool(l->pool, &l->map, &l->out, map, y, l->place + (idx)first * l->out.size, relu);
        if (l->activation == SOFTMAX)
            for (int i = 0; i < images; i++) activate(l, y + (idx)i * l->out.size);
        return;
    }
    if (l->kind == DENSE) {
        dense_forward(l, x, y, images);
        for (int i = 0; l->activation == SOFTMAX && i < images; i++) activate(l, y + (idx)i * l->out.size);
        return;
    }
    float *factor = take(&s, l->columns), *shift = take(&s, l->columns);
    if (l->kind == BATCH_NORM) {
        float *mean = take(&s, l->columns), *variance = take(&s, l->columns);
        if (pass->training) norm_batch(l, mean, variance);
        norm_factors(l, pass->training ? mean : l->mean, pass->training ? variance : l->variance, factor, shift);
    }
    for (int i = 0; i < images; i++, x += l->in.size, y += l->out.size) {
        if (l->kind == BATCH_NORM) {
            norm_apply(l, x, y, factor, shift);
            if (l->activation == RELU) continue;
        } else if (l->kind == MAX_POOL && !l->absorbed) {
            pool(l->pool, &l->in, &l->out, x, y, l->place + (idx)(first + i) * l->out.size, 0);
        } else if (x != y && !l->absorbed) {
            copy(y, x, l->out.size);
        }
        if (l->kind == DROPOUT && pass->training) drop(y, &l->out, l->option, dropout_stream(pass, number, first + i));
        activate(l, y);
    }
}

// From dy, the gradient before the activation, come dx and this lane's share of the parameters' gradients.
static void layer_backward(const Layer *l, int number, const Pass *pass, int lane, int first, int images, Scratch s) {
    const float *x = l->x + (idx)first * l->in.size;
    float *dx = l->dx && number > pass->frozen ? l->dx + (idx)first * l->in.size : 0,
          *dy = l->dy + (idx)first * l->out.size;
    if (l->kind == CONV) {
        float *gradient = pass->parameters ? l->lane_weights + lane * l->lane_size : 0;
        if (gradient)
            for (int i = 0; i < images; i++)
                add_bias_gradient(dy + (idx)i * l->out.size, l->out.height * l->out.width, l->columns,
                                  l->lane_bias + (idx)lane * l->columns);
        if (l->backward == POOLED) {
            for (int i = 0; i < images; i++)
                pooled_backward(l, x + (idx)i * l->in.size, dy + (idx)i * l->out.size,
                                l->place + (idx)(first + i) * l->out.size, dx ? dx + (idx)i * l->in.size : 0, gradient,
                                s);
        } else if (l->backward == WINOGRAD) {
            WITH_TILE(l, winograd_backward, l, x, dy, dx, images, gradient, s);
        } else {
            if (gradient) conv_direct_weights(l, x, dy, images, gradient, s);
            if (dx && l->in.stored % WIDTH)
                conv_direct_image(l, dy, dx, images, s);
            else if (dx)
                conv_direct_input(l, dy, dx, images, s);
        }
        return;
    }
    if (l->kind == DENSE) { // its weights' gradient is a product over the whole batch: see `reduce`
        if (dx) dense_input(l, dy, dx, images);
        return;
    }
    float *by_dy = take(&s, l->columns), *by_x = take(&s, l->columns), *rest = take(&s, l->columns);
    if (l->kind == BATCH_NORM) {
        if (pass->training) {
            float *mean = take(&s, l->columns), *variance = take(&s, l->columns);
            const float count = norm_batch(l, mean, variance);
            norm_input_factors(l, mean, variance, count, by_dy, by_x, rest);
        } else {
            norm_factors(l, l->mean, l->variance, by_dy, rest);
            clear(rest, l->columns);
            clear(by_x, l->columns);
        }
    }
    for (int i = 0; i < images; i++, x += l->in.size, dy += l->out.size, dx += dx ? l->in.size : 0) {
        if (l->kind == DROPOUT && pass->training) drop(dy, &l->out, l->option, dropout_stream(pass, number, first + i));
        if (!dx) continue;
        if (l->kind == BATCH_NORM)
            norm_input(l, x, dy, dx, by_dy, by_x, rest);
        else if (l->kind == MAX_POOL && !l->absorbed)
            unpool(l, dy, l->place + (idx)(first + i) * l->out.size, dx);
        else if (dx != dy && !l->absorbed)
            copy(dx, dy, l->out.size);
    }
}

// ---- after the lanes: rows [from, to) of a layer's weights ----------------------------------------------------------

// The gradient of the batch, [taps][rows][columns], from what each lane left in the layout of its own algorithm.
static void reduce(const Layer *l, int images, int from, int to, float *gradient, Scratch s) {
    const int C = l->rows, F = l->columns;
    if (l->kind == DENSE) {
        dense_gradient(l, images, from, to, gradient, s);
    } else if (l->backward == WINOGRAD) {
        for (int row = from; row < to; row++) WITH_TILE(l, winograd_reduce, l, row, gradient);
    } else if (l->backward == POOLED) {
        const int k = l->kernel, line = kernel_line(l);
        for (int f = 0; f < F; f++)
            for (int tap = 0; tap < l->taps; tap++) {
                const float *own = l->lane_weights + (idx)(f * k + tap / k) * line + tap % k * C;
                for (int row = from; row < to; row++) {
                    float sum = 0;
                    for (int lane = 0; lane < LANES; lane++) sum += own[lane * l->lane_size + row];
                    gradient[((idx)tap * C + row) * F + f] = sum;
                }
            }
    } else {
        for (int tap = 0; tap < l->taps; tap++)
            for (idx i = ((idx)tap * C + from) * F; i < ((idx)tap * C + to) * F; i += WIDTH) {
                vec sum = load(l->lane_weights + i);
                for (int lane = 1; lane < LANES; lane++) sum += load(l->lane_weights + lane * l->lane_size + i);
                store(gradient + i, sum);
            }
    }
}

static void reduce_bias(const Layer *l, int images, float *gradient) {
    if (l->kind == DENSE) {
        clear(gradient, l->columns);
        for (int i = 0; i < images; i++) add_bias_gradient(l->dy + (idx)i * l->out.size, 1, l->columns, gradient);
        return;
    }
    for (int c = 0; c < l->columns; c++) {
        float sum = 0;
        for (int lane = 0; lane < LANES; lane++) sum += l->lane_bias[(idx)lane * l->columns + c];
        gradient[c] = sum;
    }
}

static void reduce_norm(const Layer *l, float *factor, float *shift, Scratch s) {
    float *mean = take(&s, l->columns), *variance = take(&s, l->columns);
    norm_batch(l, mean, variance);
    for (int c = 0; c < l->columns; c++) {
        factor[c] = norm_gradient_total(l, 1, c) / square_root(variance[c] + l->option);
        shift[c] = norm_gradient_total(l, 0, c);
    }
}

enum { MOMENTUM_PERCENT = 10 }; // of the running statistics, as in PyTorch

static void norm_remember(const Layer *l, Scratch s) { // with the unbiased variance
    float *mean = take(&s, l->columns), *variance = take(&s, l->columns);
    const float count = norm_batch(l, mean, variance), unbiased = count > 1 ? count / (count - 1) : 1;
    for (int c = 0; c < l->columns; c++) {
        l->mean[c] += MOMENTUM_PERCENT / 100.f * (mean[c] - l->mean[c]);
        l->variance[c] += MOMENTUM_PERCENT / 100.f * (variance[c] * unbiased - l->variance[c]);
    }
}

// What the passes read, from rows [from, to) of the weights.
static void derive(const Layer *l, int from, int to) {
    const int C = l->rows, F = l->columns, k = l->kernel;
    float *back = l->backward_weights;
    if (l->tile)
        for (int row = from; row < to; row++) WITH_TILE(l, winograd_kernels, l, row);
    if (!back || l->backward == WINOGRAD) return;
    if (l->kind == DENSE) {
        dense_transpose(l, from, to);
        return;
    }
    for (int tap = 0; tap < l->taps; tap++)
        for (int row = from; row < to; row++) {
            const float *w = l->weights + ((idx)tap * C + row) * F;
            if (l->backward == POOLED) // [F][k][kernel_line]
                for (int f = 0; f < F; f++) back[(idx)(f * k + tap / k) * kernel_line(l) + tap % k * C + row] = w[f];
            else if (C % WIDTH) // [F][k*k*C in whole vectors]
                for (int f = 0; f < F; f++) back[(idx)f * whole_vectors(k * k * C) + tap * C + row] = w[f];
            else // [k][k][F][C]
                for (int f = 0; f < F; f++) back[((idx)tap * F + f) * C + row] = w[f];
        }
}
