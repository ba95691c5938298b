// Small random changes to a training image, so that a network learns what a digit may look like. One channel, 0 ... 1.
#pragma once
#include "layers.h"

typedef struct {
    float shift;       // pixels, to either side; whole ones if nothing else is asked for
    float rotation;    // radians
    float scale;       // part larger or smaller
    float shear;       // tangent of the slant
    float elastic;     // standard deviation in pixels of smooth local displacements (Simard, Steinkraus and Platt 2003)
    float pen;         // strokes thinner or thicker, by up to this part of a pixel on either side
    float hardness;    // from anti-aliased (0) to black and white (1)
    float light;       // how bright unevenly lit paper may get
    float noise;       // greatest standard deviation of grain
    float aspect;      // part wider or narrower against its height
    float occlusion;   // part of the images of which a rectangle is hidden
    float convolution; // part of the images seen through a random kernel (Xu et al. 2021)
} Augmentation;

enum { ELASTIC_GRID = 5, LIGHT_GRID = 3, LONGEST_SIDE = 1024 };
enum {
    AFFINE = 0,
    ELASTIC = 16,
    KERNEL = 80, // normal numbers, two of the others each
    LIGHT = 128,
    HIDDEN = 192,
    GRAIN = 256
}; // where each kind of change begins to count its random numbers

static int any_warp(const Augmentation *a) { return a->rotation || a->scale || a->shear || a->elastic || a->aspect; }
static int any_change(const Augmentation *a) {
    return a->pen || a->hardness || a->light || a->noise || a->occlusion || a->convolution;
}

static float evenly(Stream s, u32 i, float limit) { return (2 * uniform(s, i) - 1) * limit; }

// sin(2 pi x) by its series, after x was brought to within a quarter of a turn.
static float sine_of_turns(float x) {
    x -= (int)x;
    if (x > .5f) x -= 1;
    if (x < -.5f) x += 1;
    if (x > .25f) x = .5f - x;
    if (x < -.25f) x = -.5f - x;
    const float t = 6.2831853f * x, z = t * t;
    return t * (1 - z / 6 * (1 - z / 20 * (1 - z / 42 * (1 - z / 72 * (1 - z / 110)))));
}

static float normal(Stream s, u32 i) { // Box and Muller; 1 - u is never zero
    const float radius = square_root(-2 * logarithm(1 - uniform(s, 2 * i)));
    return radius * sine_of_turns(uniform(s, 2 * i + 1));
}

// Weights of `knots` values for each of `side` places between them, bicubic with a = -3/4, first and last on the edge.
static void smooth_weights(int knots, int side, float *weights) { // [side][knots]
    for (int i = 0; i < side; i++) {
        const float at = side > 1 ? (float)i * (knots - 1) / (side - 1) : 0, a = -.75f;
        const int whole = min_int((int)at, knots - 1);
        clear(weights + i * knots, knots);
        for (int k = -1; k <= 2; k++) {
            const float d = at - whole - k < 0 ? k + whole - at : at - whole - k;
            const float w = d <= 1  ? ((a + 2) * d - (a + 3)) * d * d + 1
                            : d < 2 ? ((d - 5) * d + 8) * d * a - 4 * a
                                    : 0;
            weights[i * knots + min_int(max_int(whole + k, 0), knots - 1)] += w;
        }
    }
}

// A field of knots x knots values enlarged to height x width.
static void smooth(const float *field, int knots, int height, int width, float *to, Scratch s) {
    float *rows = take(&s, height * knots), *columns = take(&s, width * knots);
    smooth_weights(knots, height, rows);
    smooth_weights(knots, width, columns);
    for (int y = 0; y < height; y++) {
        float line[ELASTIC_GRID > LIGHT_GRID ? ELASTIC_GRID : LIGHT_GRID] = {0};
        for (int k = 0; k < knots; k++)
            for (int j = 0; j < knots; j++) line[j] += rows[y * knots + k] * field[k * knots + j];
        for (int x = 0; x < width; x++) {
            float sum = 0;
            for (int j = 0; j < knots; j++) sum += columns[x * knots + j] * line[j];
            to[y * width + x] = sum;
        }
    }
}

static float pixel(const float *image, int height, int width, int y, int x) {
    return y < 0 || x < 0 || y >= height || x >= width ? 0 : image[y * width + x];
}

static int whole_shift(Stream s, u32 i, float limit) { return (int)(uniform(s, i) * (2 * limit + 1)) - (int)limit; }

static void move_whole(const Augmentation *a, Stream s, const float *image, int height, int width, float *to) {
    const int down = whole_shift(s, AFFINE, a->shift), right = whole_shift(s, AFFINE + 1, a->shift);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) to[y * width + x] = pixel(image, height, width, y - down, x - right);
}

// Rotation, scale, shear, shift and elastic displacement in one bilinear interpolation; what comes in is black.
static void warp(const Augmentation *a, Stream s, const float *image, int height, int width, float *to,
                 Scratch scratch) {
    const float turns = evenly(s, AFFINE + 2, a->rotation) / 6.2831853f, zoom = 1 + evenly(s, AFFINE + 3, a->scale);
    const float slant = evenly(s, AFFINE + 4, a->shear), wider = evenly(s, AFFINE + 10, a->aspect);
    const float stretch = square_root(wider < 0 ? 1 / (1 - wider) : 1 + wider); // wider by it, and as much lower
    const float sine = sine_of_turns(turns) / zoom, cosine = sine_of_turns(turns + .25f) / zoom;
    const float down = evenly(s, AFFINE, a->shift), right = evenly(s, AFFINE + 1, a->shift);
    float *by_y = take(&scratch, height * width), *by_x = take(&scratch, height * width);
    clear(by_y, height * width);
    clear(by_x, height * width);
    for (int axis = 0; axis < 2 && a->elastic; axis++) {
        float field[ELASTIC_GRID * ELASTIC_GRID];
        for (u32 i = 0; i < ELASTIC_GRID * ELASTIC_GRID; i++)
            field[i] = a->elastic * normal(s, ELASTIC + (u32)axis * ELASTIC_GRID * ELASTIC_GRID + i);
        smooth(field, ELASTIC_GRID, height, width, axis ? by_x : by_y, scratch);
    }
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const float v = (y - (height - 1) * .5f) * stretch, u = (x - (width - 1) * .5f) / stretch;
            const float from_x =
                cosine * u + (sine + slant * cosine) * v + right + by_x[y * width + x] + (width - 1) * .5f;
            const float from_y =
                -sine * u + (cosine - slant * sine) * v + down + by_y[y * width + x] + (height - 1) * .5f;
            const int left = (int)(from_x + LONGEST_SIDE) - LONGEST_SIDE,
                      top = (int)(from_y + LONGEST_SIDE) - LONGEST_SIDE;
            const float dx = from_x - left, dy = from_y - top;
            const float above =
                pixel(image, height, width, top, left) * (1 - dx) + pixel(image, height, width, top, left + 1) * dx;
            const float below = pixel(image, height, width, top + 1, left) * (1 - dx) +
                                pixel(image, height, width, top + 1, left + 1) * dx;
            to[y * width + x] = above * (1 - dy) + below * dy;
        }
}

// Each pixel towards the brightest (amount > 0) or the darkest of the 3 x 3 about it.
static void thicken(float *image, int height, int width, float amount, Scratch scratch) {
    float *rows = take(&scratch, height * width);
    const float sign = amount < 0 ? -1 : 1, part = sign * amount;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float most = sign * image[y * width + x];
            for (int d = -1; d <= 1; d += 2) {
                const float other = sign * image[y * width + min_int(max_int(x + d, 0), width - 1)];
                most = other > most ? other : most;
            }
            rows[y * width + x] = most;
        }
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float most = rows[y * width + x];
            for (int d = -1; d <= 1; d += 2) {
                const float other = rows[min_int(max_int(y + d, 0), height - 1) * width + x];
                most = other > most ? other : most;
            }
            image[y * width + x] += part * (sign * most - image[y * width + x]);
        }
}

static float between_0_and_1(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

// Mixed with what a random kernel of 3 x 3 places, next to each other or two apart, makes of it: blurred, outlined,
// inverted. The result fills 0 ... 1.
static void convolve(Stream s, float *image, int height, int width, Scratch scratch) {
    float kernel[9], *seen = take(&scratch, height * width), low = 0, high = 0;
    for (u32 i = 0; i < 9; i++) kernel[i] = normal(s, KERNEL + i);
    const int apart = uniform(s, HIDDEN + 8) < .5f ? 1 : 2;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float sum = 0;
            for (int i = 0; i < 9; i++)
                sum += kernel[i] * pixel(image, height, width, y + (i / 3 - 1) * apart, x + (i % 3 - 1) * apart);
            low = sum < low ? sum : low;
            high = sum > high ? sum : high;
            seen[y * width + x] = sum;
        }
    const float part = uniform(s, HIDDEN + 7), gain = high > low ? part / (high - low) : 0;
    if (!gain) return;
    for (int i = 0; i < height * width; i++) image[i] = (1 - part) * image[i] + gain * (seen[i] - low);
}

// A rectangle of one brightness over part of the image, its sides two pixels to a third of the image's.
static void occlude(Stream s, float *image, int height, int width) {
    const int rows = min_int(2 + (int)(uniform(s, HIDDEN + 1) * height / 3), height);
    const int columns = min_int(2 + (int)(uniform(s, HIDDEN + 2) * width / 3), width);
    const int top = (int)(uniform(s, HIDDEN + 3) * (height - rows + 1));
    const int left = (int)(uniform(s, HIDDEN + 4) * (width - columns + 1));
    const float level = uniform(s, HIDDEN + 5);
    for (int y = top; y < top + rows; y++)
        for (int x = left; x < left + columns; x++) image[y * width + x] = level;
}

static void change(const Augmentation *a, Stream s, float *image, int height, int width, Scratch scratch) {
    const int count = height * width;
    if (a->pen) thicken(image, height, width, evenly(s, AFFINE + 5, a->pen), scratch);
    if (a->hardness) {
        const float part = uniform(s, AFFINE + 6) * a->hardness,
                    gain = 1 + 11 * part * part; // 12: an edge of one pixel
        for (int i = 0; i < count; i++) image[i] = between_0_and_1((image[i] - .5f) * gain + .5f);
    }
    if (a->convolution && uniform(s, HIDDEN + 6) < a->convolution) convolve(s, image, height, width, scratch);
    const float strength = evenly(s, AFFINE + 7, a->light); // below zero, for half of the images: nothing
    if (strength > 0) {                                     // black paper becomes brighter, ink stays
        const float even = uniform(s, AFFINE + 8);
        float field[LIGHT_GRID * LIGHT_GRID], *paper = take(&scratch, count);
        for (u32 i = 0; i < LIGHT_GRID * LIGHT_GRID; i++) {
            const float coarse = uniform(s, LIGHT + i);
            field[i] = coarse + even * (1 - coarse);
        }
        smooth(field, LIGHT_GRID, height, width, paper, scratch);
        for (int i = 0; i < count; i++) image[i] += strength * between_0_and_1(paper[i]) * (1 - image[i]);
    }
    const float grain = evenly(s, AFFINE + 9, a->noise);
    if (grain > 0)
        for (int i = 0; i < count; i++) image[i] = between_0_and_1(image[i] + grain * normal(s, GRAIN + (u32)i));
    if (a->occlusion && uniform(s, HIDDEN) < a->occlusion) occlude(s, image, height, width);
}

static idx augment_floats(int height, int width) {
    return 4 * ((idx)height * width + 16) + ELASTIC_GRID * (height + width + 32);
}

// One image, changed at random; the same stream changes it alike.
static void augment_image(const Augmentation *a, Stream s, const float *image, int height, int width, float *to,
                          Scratch scratch) {
    if (any_warp(a) || (a->shift && any_change(a)))
        warp(a, s, image, height, width, to, scratch);
    else if (a->shift)
        move_whole(a, s, image, height, width, to);
    else
        copy(to, image, (idx)height * width);
    if (any_change(a)) change(a, s, to, height, width, scratch);
}
