// What a layer is, once the engine has planned it: shapes, where its values lie, and how it is computed.
#pragma once
#include "base.h"

enum { CONV, MAX_POOL, BATCH_NORM, DROPOUT, FLATTEN, DENSE };
enum { LINEAR, RELU, SOFTMAX };
enum { MAX_LAYERS = 256, LANES = 8, BLOCK_IMAGES = 32, MAX_THREADS = 64 };

// How a convolution is computed. Each has its own layout of a lane's weight gradient, see `reduce.h`.
enum { DIRECT, WINOGRAD, POOLED };

// Values lie channels innermost: [height][width][stored]. Channels are stored as whole vectors, the rest is zero; only
// the image itself has `stored` equal to its channels, for it is never the side of a product that vectors run along.
typedef struct {
    int height, width, channels, stored;
    int size; // floats of one image, whole vectors
    int flat; // a row, as after Flatten: softmax runs over all of it
} Shape;

typedef struct {
    int kind, activation;
    int kernel, stride, padding; // of a convolution; for a dense layer the kernel is the whole map
    int pool;                    // side of the pooling windows; a convolution may take over the pooling that follows
    float option;                // dropout's rate, batch norm's epsilon
    int absorbed;                // a pooling layer that the convolution before it does
    int last;                    // its softmax belongs to the loss

    Shape in, map, out; // map: what a convolution gives before its pooling
    const float *x;     // values of the layer before, [images][in.size]
    float *y;           // and its own, [images][out.size]
    float *dx, *dy;     // gradients of the loss with respect to them, 0 where nobody wants them
    int *place;         // which value of its window each pooled value is, [images][out.size]

    // Weights [taps][rows][columns]: for each place of the kernel a matrix from stored inputs to stored outputs.
    int taps, rows, columns;
    float *weights, *bias;  // of batch norm: the factor and the shift, [columns]
    float *mean, *variance; // of batch norm: running statistics

    // What the passes read instead of `weights`, brought up to date after every step.
    float *forward_weights;  // Winograd's domain, [positions][rows][columns]
    float *backward_weights; // see `derive`

    int backward;        // DIRECT, WINOGRAD or POOLED
    int tile;            // side of the output tiles of Winograd's algorithm, 0 for a direct convolution
    int batched;         // computed for all images of a lane at once, not image by image
    float *lane_weights; // gradients of each lane, [LANES][lane_size]
    idx lane_size;
    float *lane_bias; // [LANES][columns]; of batch norm: both sums of the backward pass, [LANES][2][columns]
    float *lane_sums; // of batch norm: count, sum and sum of squared deviations, [LANES][1 + 2][columns]
} Layer;

static int is_norm(const Layer *l) { return l->kind == BATCH_NORM; }

static Shape make_shape(int height, int width, int channels, int stored) {
    return (Shape){height, width, channels, stored, whole_vectors(height * width * stored), 0};
}

// A thread's working memory; passed by value, so that what a function takes is free again when it returns.
typedef struct {
    float *next;
} Scratch;

static float *take(Scratch *s, idx floats) {
    float *taken = s->next;
    const idx reserved = (floats + 15) / 16 * 16 + GAP;
    s->next += reserved;
    fence(taken, floats, reserved);
    return taken;
}
