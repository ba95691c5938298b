// Everything that is not a weighted sum: activations, batch norm, dropout, the input and the loss.
#pragma once
#include "network.h"
#include "random.h"

// e^x to about 1e-7: 2^(x / ln 2), the nearest whole part in the exponent and the rest by its series.
INLINE vec exponential(vec x) {
    x = choose(x < -87.f, splat(-87.f), x);
    x = choose(x > 88.f, splat(88.f), x);
    const vec t = x * 1.44269504f;
    const ivec whole = __builtin_convertvector(t + choose(t < 0, splat(-.5f), splat(.5f)), ivec);
    const vec f = t - __builtin_convertvector(whole, vec);
    const vec p =
        1 +
        f * (.6931472f + f * (.2402265f + f * (.05550411f + f * (.009618129f + f * (.001333356f + f * 1.54035e-4f)))));
    return p * (vec)((whole + 127) << 23);
}

static float exponential_of(float x) { return exponential(splat(x))[0]; }

static float logarithm(float x) { // natural, of a positive number
    union {
        float value;
        int bits;
    } u = {x};
    int exponent = (u.bits >> 23) - 127;
    u.bits = (u.bits & 0x7fffff) | 0x3f800000;
    float m = u.value;
    if (m > 1.4142135f) m *= .5f, exponent++;
    const float s = (m - 1) / (m + 1), z = s * s;
    return exponent * .6931472f + 2 * s * (1 + z * (1 / 3.f + z * (.2f + z * (1 / 7.f + z / 9))));
}

static float square_root(float x) { return __builtin_sqrtf(x); }

// Softmax over the channels of each place or, of a row, over all of it. In place.
static void softmax(float *y, const Shape *shape) {
    const int places = shape->height * shape->width, together = shape->flat ? places : 1;
    for (int i = 0; i < places; i += together, y += together * shape->stored) {
        float largest = y[0], sum = 0;
        for (int p = 0; p < together; p++)
            for (int c = 0; c < shape->channels; c++) {
                const float value = y[p * shape->stored + c];
                largest = value > largest ? value : largest;
            }
        for (int p = 0; p < together; p++)
            for (int c = 0; c < shape->channels; c++) {
                const float e = exponential_of(y[p * shape->stored + c] - largest);
                sum += y[p * shape->stored + c] = e;
            }
        for (int c = 0; c < together * shape->stored; c++) y[c] /= sum;
    }
}

static void softmax_gradient(const float *y, float *dy, const Shape *shape) {
    const int places = shape->height * shape->width, count = (shape->flat ? places : 1) * shape->stored;
    for (int i = 0; i < places * shape->stored; i += count, y += count, dy += count) {
        float sum = 0;
        for (int c = 0; c < count; c++) sum += y[c] * dy[c]; // channels that are only stored are zero
        for (int c = 0; c < count; c++) dy[c] = y[c] * (dy[c] - sum);
    }
}

static void activate(const Layer *l, float *y) { // one image, in place
    if (l->activation == RELU)
        for (int i = 0; i < l->out.size; i += WIDTH) store(y + i, positive(load(y + i)));
    if (l->activation == SOFTMAX && !l->last) softmax(y, &l->out);
}

// The gradient after the activation becomes the one before it, in place.
static void activation_gradient(const Layer *l, int first, int images) {
    const float *y = l->y + (idx)first * l->out.size;
    float *dy = l->dy + (idx)first * l->out.size;
    for (int i = 0; i < images; i++, y += l->out.size, dy += l->out.size) {
        if (l->activation == RELU)
            for (int j = 0; j < l->out.size; j += WIDTH) store(dy + j, keep(load(y + j) > 0, load(dy + j)));
        if (l->activation == SOFTMAX && !l->last) softmax_gradient(y, dy, &l->out);
    }
}

// ---- batch norm ---------------------------------------------------------------------------------------------------

// What a lane tells of its values: how many a channel has, their sum, and their squared distance from their mean. Sums
// of squares would do with one pass, and lose all digits where the mean is large. The second pass also mends the first
// sum.
static void norm_count(const Layer *l, const float *x, int images, float *sums) {
    const int C = l->columns, places = l->in.height * l->in.width;
    const float count = (float)images * places;
    sums[0] = count;
    for (int c = 0; c < C; c += WIDTH) {
        vec sum = {0}, rest = {0}, squares = {0};
        for (int i = 0; i < images; i++)
            for (int p = 0; p < places; p++) sum += load(x + (idx)i * l->in.size + p * C + c);
        const vec mean = images ? sum / count : sum;
        for (int i = 0; i < images; i++)
            for (int p = 0; p < places; p++) {
                const vec d = load(x + (idx)i * l->in.size + p * C + c) - mean;
                rest += d;
                MADD(squares, d, d);
            }
        store(sums + WIDTH + c, sum + rest);
        store(sums + WIDTH + C + c, images ? squares - rest * rest / count : squares);
    }
}

static idx norm_sums(const Layer *l) { return WIDTH + (idx)2 * l->columns; }

// Mean and variance over the batch from what the lanes told (Chan, Golub and LeVeque 1983); returns the count.
static float norm_batch(const Layer *l, float *mean, float *variance) {
    const int C = l->columns;
    float count = 0;
    for (int lane = 0; lane < LANES; lane++) count += l->lane_sums[lane * norm_sums(l)];
    for (int c = 0; c < C; c += WIDTH) {
        vec sum = {0}, squares = {0};
        for (int lane = 0; lane < LANES; lane++) sum += load(l->lane_sums + lane * norm_sums(l) + WIDTH + c);
        const vec m = sum / count;
        for (int lane = 0; lane < LANES; lane++) {
            const float *own = l->lane_sums + lane * norm_sums(l);
            if (!own[0]) continue;
            const vec distance = load(own + WIDTH + c) / own[0] - m;
            squares += load(own + WIDTH + C + c) + own[0] * distance * distance;
        }
        store(mean + c, m);
        store(variance + c, squares / count);
    }
    return count;
}

// y = factor * x + shift, with the statistics of the batch or the running ones.
static void norm_factors(const Layer *l, const float *mean, const float *variance, float *factor, float *shift) {
    for (int c = 0; c < l->columns; c++) {
        factor[c] = l->weights[c] / square_root(variance[c] + l->option);
        shift[c] = l->bias[c] - mean[c] * factor[c];
    }
}

static void norm_apply(const Layer *l, const float *x, float *y, const float *factor, const float *shift) {
    const int C = l->columns, relu = l->activation == RELU;
    for (int c = 0; c < C; c += WIDTH) {
        const vec a = load(factor + c), b = load(shift + c);
        for (int p = 0; p < l->in.height * l->in.width; p++) {
            const vec value = load(x + p * C + c) * a + b;
            store(y + p * C + c, relu ? positive(value) : value);
        }
    }
}

// What a lane adds to the gradients of the shift and of the factor: the sums of dy and of dy (x - mean).
static void norm_gradient_sums(const Layer *l, const float *x, const float *dy, int images, const float *mean,
                               float *sums) {
    const int C = l->columns, places = l->in.height * l->in.width;
    for (int c = 0; c < C; c += WIDTH) {
        vec sum = {0}, product = {0};
        const vec m = load(mean + c);
        for (int i = 0; i < images; i++)
            for (int p = 0; p < places; p++) {
                const idx at = (idx)i * l->in.size + p * C + c;
                const vec d = load(dy + at);
                sum += d;
                MADD(product, d, load(x + at) - m);
            }
        store(sums + c, sum);
        store(sums + C + c, product);
    }
}

static float norm_gradient_total(const Layer *l, int which, int c) {
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += l->lane_bias[(lane * 2 + which) * l->columns + c];
    return sum;
}

// dx = factor (dy - mean of dy - (x - mean) / (variance + epsilon) * mean of dy (x - mean)), as by_dy dy + by_x x +
// rest.
static void norm_input_factors(const Layer *l, const float *mean, const float *variance, float count, float *by_dy,
                               float *by_x, float *rest) {
    for (int c = 0; c < l->columns; c++) {
        const float inverse = 1 / (variance[c] + l->option), factor = l->weights[c] * square_root(inverse);
        by_dy[c] = factor;
        by_x[c] = -factor * inverse * norm_gradient_total(l, 1, c) / count;
        rest[c] = -factor * norm_gradient_total(l, 0, c) / count - by_x[c] * mean[c];
    }
}

static void norm_input(const Layer *l, const float *x, const float *dy, float *dx, const float *by_dy,
                       const float *by_x, const float *rest) {
    const int C = l->columns;
    for (int c = 0; c < C; c += WIDTH) {
        const vec a = load(by_dy + c), b = load(by_x + c), r = load(rest + c);
        for (int p = 0; p < l->in.height * l->in.width; p++) {
            const int at = p * C + c;
            store(dx + at, a * load(dy + at) + b * load(x + at) + r);
        }
    }
}

// ---- dropout, pooling's scatter, input, loss ----------------------------------------------------------------------

// Each value of an image zero with probability `rate`, the others scaled up so that the mean stays; in place. Which
// ones is a function of the stream and the value's number, channels innermost, so that the backward pass draws the same
// again.
static void drop(float *values, const Shape *shape, float rate, Stream s) {
    const float scale = 1 / (1 - rate);
    const int threshold = (int)(rate * 2147483648.f); // of 31 bits, which compare as signed numbers
    uvec lane;
    for (int i = 0; i < WIDTH; i++) lane[i] = (u32)i;
    for (int p = 0; p < shape->height * shape->width; p++, values += shape->stored)
        for (int c = 0; c < shape->stored; c += WIDTH) {
            const ivec bits = (ivec)(random_vector(s, lane + (u32)(p * shape->channels + c)) >> 1);
            store(values + c, keep(bits >= threshold, load(values + c) * scale));
        }
}

static void unpool(const Layer *l, const float *dy, const int *place, float *dx) {
    const int C = l->in.stored;
    clear(dx, l->in.size);
    for (int h = 0; h < l->out.height; h++)
        for (int w = 0; w < l->out.width; w++)
            for (int c = 0; c < C; c++) {
                const int at = (h * l->out.width + w) * C + c, p = place[at];
                dx[((h * l->pool + p / l->pool) * l->in.width + w * l->pool + p % l->pool) * C + c] = dy[at];
            }
}

// Cross-entropy of one image's logits with a smoothed label: each class gets smoothing / classes of the target. Where a
// gradient is wanted, the logits become (probability - target) * scale.
static float cross_entropy(float *logits, const Shape *shape, int label, float smoothing, float scale, int gradient) {
    const int classes = shape->channels;
    float largest = logits[0], total = 0, sum = 0;
    for (int c = 0; c < classes; c++) largest = logits[c] > largest ? logits[c] : largest, total += logits[c];
    const float off = smoothing / classes;
    const float target = (1 - smoothing) * (logits[label] - largest) + off * (total - classes * largest);
    float e[WIDTH];
    for (int c = 0; c < classes; c += WIDTH) { // channels are stored as whole vectors
        store(e, exponential(load(logits + c) - largest));
        for (int i = 0; i < WIDTH && c + i < classes; i++) {
            sum += e[i];
            if (gradient) logits[c + i] = e[i];
        }
    }
    if (gradient) {
        for (int c = 0; c < classes; c++) logits[c] = (logits[c] / sum - off) * scale;
        logits[label] -= (1 - smoothing) * scale;
        for (int c = classes; c < shape->stored; c++) logits[c] = 0;
    }
    return logarithm(sum) - target;
}

// The image as the first layer wants it, (value - mean) / std; pixels are 0 ... 1, channels innermost.
static void standardize(const float *restrict pixels, const Shape *shape, float mean, float std, float *restrict x) {
    const float factor = 1 / std, shift = mean / std;
    const int places = shape->height * shape->width, channels = shape->channels;
    for (int p = 0; p < places; p++)
        for (int c = 0; c < channels; c++) x[p * shape->stored + c] = pixels[p * channels + c] * factor - shift;
}

static void standardize_bytes(const u8 *restrict bytes, const Shape *shape, float mean, float std, float *restrict x) {
    const float factor = 1 / (255 * std), shift = mean / std;
    const int places = shape->height * shape->width * shape->channels;
    if (shape->stored == shape->channels)
        for (int i = 0; i < places; i++) x[i] = bytes[i] * factor - shift;
    else
        for (int i = 0; i < places; i++)
            x[i / shape->channels * shape->stored + i % shape->channels] = bytes[i] * factor - shift;
}
