// Trains a network of every kind of layer on made-up images and prints what it finds: the same numbers, but for
// rounding, on every processor. For machines on which there is no Python to run the tests.
#include "engine.c"

#ifdef ALONE // Linux on ARM without a C library: a cross compiler makes that anew, which takes longer than all the rest
#include "alone.h"
static void call(long number, long first, const char *text, long length) {
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = first, x2 __asm__("x2") = length;
    register const char *x1 __asm__("x1") = text;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
}
static void print(const char *text, long length) { call(64, 1, text, length); } // write
int sched_yield(void) { return call(124, 0, 0, 0), 0; }
int main(void);
void _start(void) {
    call(93, main(), 0, 0); // exit
}
#else
#include <stdio.h>
static void print(const char *text, long length) { fwrite(text, 1, (size_t)length, stdout); }
#endif

enum { IMAGES = 200, SIDE = 20, BATCH = 50, STEPS = 12, CLASSES = 5 };

static const Described network[] = {{CONV, RELU, 12, 5, 2, 1, 0, 0},         {CONV, LINEAR, 16, 3, 1, 0, 0, 0},
                                    {MAX_POOL, LINEAR, 2, 0, 1, 0, 0, 0},    {BATCH_NORM, RELU, 0, 0, 1, 0, 1e-5f, 0},
                                    {CONV, RELU, 24, 3, 1, 1, 0, 0},         {DROPOUT, LINEAR, 0, 0, 1, 0, .2f, 0},
                                    {FLATTEN, LINEAR, 0, 0, 1, 0, 0, 0},     {DENSE, RELU, 30, 0, 1, 0, 0, 0},
                                    {DENSE, SOFTMAX, CLASSES, 0, 1, 0, 0, 0}};
enum { LAYERS = sizeof network / sizeof *network };

static void *zeroed(double bytes) {
    static char memory[1 << 26] __attribute__((aligned(64)));
    static long used;
    char *from = memory + used;
    used += ((long)bytes + 63) / 64 * 64;
    return used <= (long)sizeof memory ? from : 0;
}

static void print_number(const char *name, double value) { // five decimals
    char line[64], *end = line + sizeof line, *p = end;
    long left = (long)((value < 0 ? -value : value) * 1e5 + .5), length = 0;
    *--p = '\n';
    for (int digit = 0; digit < 6 || left; digit++, left /= 10) {
        if (digit == 5) *--p = '.';
        *--p = (char)('0' + left % 10);
    }
    if (value < 0) *--p = '-';
    *--p = ' ';
    while (name[length]) length++;
    print(name, length);
    print(p, end - p);
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
        print_number("loss", (double)NAMED(model_loss)(m));
        print_number("right", NAMED(model_right)(m));
    }
    float logits[CLASSES], *pixels = zeroed(4 * SIDE * SIDE), *gradient = zeroed(4 * SIDE * SIDE);
    for (int p = 0; p < SIDE * SIDE; p++) pixels[p] = images[p] / 255.f;
    NAMED(model_want)(m, LAYERS - 1, logits, 0);
    NAMED(model_explain)(m, pixels, labels, 0, LAYERS - 1, 1, gradient);
    NAMED(model_finish)(m);
    double sum = 0;
    for (int p = 0; p < SIDE * SIDE; p++) sum += gradient[p] > 0 ? gradient[p] : -gradient[p];
    for (int c = 0; c < CLASSES; c++) print_number("logit", (double)logits[c]);
    print_number("gradient", sum);
    return 0;
}
