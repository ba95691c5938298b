// Trains a network of every kind of layer on made-up images and prints what it finds: the same numbers, but for
// rounding, on every processor. For machines on which there is no Python to run the tests.
#include "engine.c"
#include <stdio.h>
#include <stdlib.h>

enum { IMAGES = 200, SIDE = 20, BATCH = 50, STEPS = 12, CLASSES = 5 };

static const Described network[] = {{CONV, RELU, 12, 5, 2, 1, 0, 0},         {CONV, LINEAR, 16, 3, 1, 0, 0, 0},
                                    {MAX_POOL, LINEAR, 2, 0, 1, 0, 0, 0},    {BATCH_NORM, RELU, 0, 0, 1, 0, 1e-5f, 0},
                                    {CONV, RELU, 24, 3, 1, 1, 0, 0},         {DROPOUT, LINEAR, 0, 0, 1, 0, .2f, 0},
                                    {FLATTEN, LINEAR, 0, 0, 1, 0, 0, 0},     {DENSE, RELU, 30, 0, 1, 0, 0, 0},
                                    {DENSE, SOFTMAX, CLASSES, 0, 1, 0, 0, 0}};
enum { LAYERS = sizeof network / sizeof *network };

static void *zeroed(double bytes) {
    char *memory = calloc(1, (size_t)bytes + 64);
    if (!memory) exit(1);
    return memory + (64 - (size_t)memory % 64) % 64;
}

int main(void) {
    const int uses = TRAINING | IMAGE_GRADIENT;
    Model *planned = zeroed(sizeof(Model));
    const double floats = NAMED(model_floats)(planned, network, LAYERS, SIDE, SIDE, 1, uses, BATCH, 1);
    Model *m = NAMED(model_create)(zeroed(4 * floats), network, LAYERS, SIDE, SIDE, 1, uses, BATCH, 1, .2f, .3f);
    u8 *images = zeroed(IMAGES * SIDE * SIDE), *labels = zeroed(IMAGES);
    int *order = zeroed(4 * IMAGES);
    const Stream made_up = stream(1, 99, 0, 0);
    for (int i = 0; i < IMAGES; i++) {
        labels[i] = (u8)(i % CLASSES);
        for (int p = 0; p < SIDE * SIDE; p++) // noise, and a bright column that tells the class
            images[i * SIDE * SIDE + p] =
                (u8)(random_bits(made_up, (u32)(i * SIDE * SIDE + p)) % 100 + (p % SIDE / 4 == i % CLASSES) * 120);
    }
    const float augmentation[12] = {1, .1f, .1f, .1f, .5f, .2f, .3f, .2f, .1f, .2f, .1f, .1f};
    NAMED(model_initialize)(m, 7, 0);
    NAMED(model_settings)(m, ADAMW, .8f, .95f, 0, 0, 1e-8f, .01f, .05f);
    NAMED(model_augment)(m, augmentation);
    for (int step = 0; step < STEPS; step++) {
        const int from = step * BATCH % IMAGES;
        if (!from) NAMED(shuffle)(order, IMAGES, 7, 0, (u32)(step * BATCH / IMAGES));
        const float rate = NAMED(learning_rate)(.005f, 1, .25f, step, STEPS);
        NAMED(model_learn)(m, images, 0, order + from, labels, BATCH, rate, 7, 0, step, UPDATE);
        NAMED(model_finish)(m);
        printf("step %d loss %.5f right %d\n", step, (double)NAMED(model_loss)(m), NAMED(model_right)(m));
    }
    float logits[CLASSES], *pixels = zeroed(4 * SIDE * SIDE), *gradient = zeroed(4 * SIDE * SIDE);
    for (int p = 0; p < SIDE * SIDE; p++) pixels[p] = images[p] / 255.f;
    NAMED(model_want)(m, LAYERS - 1, logits, 0);
    NAMED(model_explain)(m, pixels, labels, 0, LAYERS - 1, 1, gradient);
    NAMED(model_finish)(m);
    double sum = 0;
    for (int p = 0; p < SIDE * SIDE; p++) sum += gradient[p] > 0 ? gradient[p] : -gradient[p];
    for (int c = 0; c < CLASSES; c++) printf("logit %d %.4f\n", c, (double)logits[c]);
    printf("gradient %.5f\n", sum);
    return 0;
}
