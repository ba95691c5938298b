// An engine that trains and runs small convolutional networks, for any processor and for WebAssembly.
//
// It allocates nothing, starts no thread and calls no library: the caller hands over memory (`model_floats` says how
// much) and as many threads as it likes, each of which calls `model_work`. A batch is cut into LANES lanes of images,
// whatever the number of threads; each has its own gradient and they are added in order, so the result does not depend
// on who did what.
//
// network.h: what a layer is; product.h: the kernel under every dense product; conv.h, winograd.h, pooled.h:
// convolution as it is defined, with fewer multiplications, and under max-pooling; dense.h; layers.h: activations,
// norm, loss; optimizers.h; random.h; augment.h; passes.h: a layer forward, back, and after a step; model.h, tasks.h: a
// whole model.
#include "tasks.h"

#ifndef VARIANT // a suffix for every exported name, where one library holds several variants
#define VARIANT
#endif
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAMED(name) JOIN(name, VARIANT)
#if defined(_WIN32)
#define EXPORT __attribute__((dllexport, used))
#else
#define EXPORT __attribute__((visibility("default"), used))
#endif

// ---- threads ------------------------------------------------------------------------------------------------------

#if defined(_WIN32)
__declspec(dllimport) int __stdcall SwitchToThread(void);
#define YIELD(address, value) SwitchToThread()
#elif defined(__wasm_atomics__)
#define YIELD(address, value) __builtin_wasm_memory_atomic_wait32((int *)(address), (int)(value), 20000) // nanoseconds
#elif defined(__wasm__)
#define YIELD(address, value) (void)0
#else
int sched_yield(void);
#define YIELD(address, value) sched_yield()
#endif
#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() (void)0
#endif
#if defined(__wasm_atomics__) // a browser's helpers have nobody who calls them: they sleep until there is a job
#define WAKE(address) __builtin_wasm_memory_atomic_notify((int *)(address), 64)
#else
#define WAKE(address) (void)0
#endif

static void wait_until_done(const Model *m, u32 number) {
    for (int turn = 0;; turn++) {
        const u32 done = __atomic_load_n(&m->done, __ATOMIC_ACQUIRE);
        if ((int)(done - number) >= 0) return;
        if (turn < 2000)
            PAUSE();
        else
            YIELD(&m->done, done);
    }
}

static void publish(Model *m, Job job) {
    m->job = job;
    m->base = m->limit;
    __atomic_store_n(&m->limit, m->limit + (u32)job.tasks, __ATOMIC_RELEASE);
    WAKE(&m->limit);
}

// Take tasks until none is left. Whoever is free takes the next: a thread that comes late or is held up by the system
// holds up nobody but the task that it has in hand.
EXPORT void NAMED(model_work)(Model *m, int thread) {
    // Each thread has its own working memory. One that was called for an earlier job may still be at work under this
    // number.
    if (__atomic_exchange_n(&m->at_work[thread], 1, __ATOMIC_ACQUIRE)) return;
    for (;;) {
        u32 task = __atomic_load_n(&m->next, __ATOMIC_ACQUIRE);
        if ((int)(__atomic_load_n(&m->limit, __ATOMIC_ACQUIRE) - task) <= 0) break;
        if (!__atomic_compare_exchange_n(&m->next, &task, task + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) continue;
        wait_until_done(m, m->base + waits_for(m, task - m->base));
        run_task(m, task - m->base, thread);
        __atomic_add_fetch(&m->done, 1, __ATOMIC_ACQ_REL);
    }
    __atomic_store_n(&m->at_work[thread], 0, __ATOMIC_RELEASE);
}

// The caller's own share, as thread 0, and then until the others have finished theirs.
EXPORT void NAMED(model_finish)(Model *m) {
    NAMED(model_work)(m, 0);
    wait_until_done(m, m->limit);
}

// ---- what the caller sees -----------------------------------------------------------------------------------------

static void lay_out(Model *m, Arena *arena) {
    reserve(arena, (idx)(sizeof(Model) / sizeof(float) + 16));
    place_all(m, arena);
}

static void describe(Model *m, int uses, int capacity, int threads, int layers, float mean, float std) {
    m->uses = uses, m->threads = threads, m->layers = layers, m->mean = mean, m->std = std;
    m->capacity = max_int(capacity, threads * BLOCK_IMAGES);
}

// Memory that a model needs, in floats, or minus the number (from 1) of the layer that does not fit its input.
// `scratch` must hold a Model: ask with `model_size`.
EXPORT int NAMED(model_size)(void) { return (int)sizeof(Model); }

EXPORT double NAMED(model_floats)(Model *scratch, const Described *given, int layers, int height, int width,
                                  int channels, int uses, int capacity, int threads) {
    describe(scratch, uses, capacity, threads, layers, 0, 1);
    const int wrong = plan(scratch, given, layers, height, width, channels);
    if (wrong) return -wrong;
    Arena arena = {0, 0, GAP};
    lay_out(scratch, &arena);
    return arena.used;
}

// A model in zeroed memory that begins at a multiple of 64 bytes. Its weights are still zero.
EXPORT Model *NAMED(model_create)(float *memory, const Described *given, int layers, int height, int width,
                                  int channels, int uses, int capacity, int threads, float mean, float std) {
    Model *m = (Model *)memory;
    describe(m, uses, capacity, threads, layers, mean, std);
    plan(m, given, layers, height, width, channels);
    Arena arena = {memory, 0, GAP};
    lay_out(m, &arena);
    if (uses & TRAINING) plan_phases(m);
    return m;
}

// Every tensor of a layer in PyTorch's order and layout, one after another: kernels (F, C, k, k), biases, dense weights
// (units, features with channels first), and of batch norm factor, shift, running mean and running variance.
typedef enum { TO_CALLER, FROM_CALLER } Direction;

static void move_floats(float *stored, float *outside, Direction direction) {
    if (direction == TO_CALLER)
        *outside = *stored;
    else
        *stored = *outside;
}

// Of a dense layer every place of the map before it is a tap, as far as the outside is concerned.
static int weight_taps(const Layer *l) { return l->kind == CONV ? l->taps : l->in.height * l->in.width; }

static idx outside_place(const Layer *l, int tap, int channel, int f) {
    if (l->kind == CONV) return weight_place(l, tap, channel, f);
    return weight_place(l, 0, tap * l->in.stored + channel, f);
}

static float *move_layer(const Layer *l, float *weights, float *bias, float *outside, Direction direction) {
    if (is_norm(l)) {
        float *vectors[] = {weights, bias, l->mean, l->variance};
        for (int v = 0; v < 4; v++)
            for (int c = 0; c < l->out.channels; c++) move_floats(vectors[v] + c, outside++, direction);
        return outside;
    }
    const int channels = l->in.channels, taps = weight_taps(l);
    for (int f = 0; f < l->out.channels; f++)
        for (int c = 0; c < channels; c++)
            for (int tap = 0; tap < taps; tap++)
                move_floats(weights + outside_place(l, tap, c, f), outside++, direction);
    for (int f = 0; f < l->out.channels; f++) move_floats(bias + f, outside++, direction);
    return outside;
}

static void derive_all(Model *m) {
    for (int i = 0; i < m->layers; i++)
        if (m->layer[i].columns && !is_norm(m->layer + i)) derive(m->layer + i, 0, m->layer[i].rows);
}

static void move_all(Model *m, float *parameters, float *outside, Direction direction) {
    for (int i = 0; i < m->layers; i++) {
        const Layer *l = m->layer + i;
        if (l->columns)
            outside = move_layer(l, parameters + (l->weights - m->parameters), parameters + (l->bias - m->parameters),
                                 outside, direction);
    }
}

static float *parameters_of(const Model *m, int what) {
    return what == GRADIENTS        ? m->gradient
           : what == FIRST_MOMENTS  ? m->first
           : what == SECOND_MOMENTS ? m->second
                                    : m->parameters;
}

EXPORT void NAMED(model_get)(Model *m, int what, float *to) { move_all(m, parameters_of(m, what), to, TO_CALLER); }

EXPORT void NAMED(model_set)(Model *m, float *from) {
    move_all(m, m->parameters, from, FROM_CALLER);
    derive_all(m);
}

// Glorot-uniform kernels and zero biases, as Keras begins; the number of a weight is its place in PyTorch's layout.
EXPORT void NAMED(model_initialize)(Model *m, u32 seed_low, u32 seed_high) {
    const u64 seed = (u64)seed_high << 32 | seed_low;
    clear(m->parameters, m->parameter_floats);
    for (int i = 0; i < m->layers; i++) {
        Layer *l = m->layer + i;
        if (is_norm(l))
            for (int c = 0; c < l->out.channels; c++) l->weights[c] = 1, l->variance[c] = 1, l->mean[c] = 0;
        if (!l->columns || is_norm(l)) continue;
        const int taps = weight_taps(l);
        const int channels = l->in.channels, F = l->out.channels;
        const float fans = (float)taps * channels + (l->kind == CONV ? (float)taps * F : F),
                    limit = square_root(6 / fans);
        const Stream s = stream(seed, STREAM_WEIGHTS, (u32)i, 0);
        u32 number = 0;
        for (int f = 0; f < F; f++)
            for (int c = 0; c < channels; c++)
                for (int tap = 0; tap < taps; tap++)
                    l->weights[outside_place(l, tap, c, f)] = limit * (2 * uniform(s, number++) - 1);
    }
    derive_all(m);
}

EXPORT void NAMED(model_settings)(Model *m, int optimizer, float beta_1, float beta_2, float momentum, float rho,
                                  float epsilon, float weight_decay, float smoothing) {
    m->settings = (Settings){optimizer, beta_1, beta_2, momentum, rho, epsilon, weight_decay, smoothing};
    m->beta_1_power = m->beta_2_power = 1;
    m->frozen = 0;
    clear(m->first, m->parameter_floats);
    clear(m->second, m->parameter_floats);
}

// READ and EXPLAIN hand out a layer's values and gradients, [images][channels][height][width]; 0: not wanted.
EXPORT void NAMED(model_want)(Model *m, int layer, float *to, float *gradients_to) {
    m->wanted[layer] = to;
    m->wanted_gradient[layer] = gradients_to;
}

// Each of the next three only begins: threads then call `model_work`, and the caller `model_finish`.
EXPORT void NAMED(model_read)(Model *m, const u8 *bytes, const float *pixels, const int *order, int images) {
    publish(m, (Job){.kind = READ,
                     .images = images,
                     .tasks = ceil_div(images, BLOCK_IMAGES),
                     .bytes = bytes,
                     .pixels = pixels,
                     .order = order});
}

// Gradients of the loss with respect to the pixels: with `seeds` of what these say of `layer`, else of the
// cross-entropy.
EXPORT void NAMED(model_explain)(Model *m, const float *pixels, const u8 *labels, const float *seeds, int layer,
                                 int images, float *image_gradient) {
    publish(m, (Job){.kind = EXPLAIN,
                     .images = images,
                     .tasks = ceil_div(images, BLOCK_IMAGES),
                     .pixels = pixels,
                     .labels = labels,
                     .seeds = seeds,
                     .layer = layer,
                     .image_gradient = image_gradient,
                     .pass = {.frozen = -1}});
}

// One batch, at most as large as the capacity, in training. `how` far: LOSS_ONLY, GRADIENT, or UPDATE, which also takes
// the optimizer's step.
EXPORT void NAMED(model_learn)(Model *m, const u8 *bytes, const float *pixels, const int *order, const u8 *labels,
                               int images, float rate, u32 seed_low, u32 seed_high, int step, int how) {
    if (how == UPDATE) m->beta_1_power *= m->settings.beta_1, m->beta_2_power *= m->settings.beta_2;
    publish(m, (Job){.kind = LEARN,
                     .images = images,
                     .tasks = how == LOSS_ONLY ? (phase_of_turn(m) + 1) * LANES : (m->phases - 1) * LANES + m->slices,
                     .bytes = bytes,
                     .pixels = pixels,
                     .order = order,
                     .labels = labels,
                     .how = how,
                     .pass = {1, 1, m->frozen, (u64)seed_high << 32 | seed_low, (u32)step},
                     .step = {rate, 1 - m->beta_1_power, 1 - m->beta_2_power}});
}

// Until settings are given anew the first layer with weights learns no more, so the backward pass ends above it.
EXPORT void NAMED(model_freeze_first)(Model *m) {
    for (m->frozen = 1; !m->layer[m->frozen - 1].weights;) m->frozen++;
}

// Of the batch that was learned, before the step: mean loss, and how many were read as labelled.
EXPORT float NAMED(model_loss)(const Model *m) {
    double sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += m->loss[lane];
    return (float)(sum / m->job.images);
}

EXPORT int NAMED(model_right)(const Model *m) {
    int sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += m->right[lane];
    return sum;
}

// Every batch is augmented from now on; twelve numbers, see `Augmentation`.
EXPORT void NAMED(model_augment)(Model *m, const float *augmentation) {
    m->augmentation = *(const Augmentation *)augmentation;
}

// Pixels [count][height][width], 0 ... 1, each image changed as image `first` + i of a batch would be in step `step`.
// `scratch` holds `augment_scratch` floats.
EXPORT idx NAMED(augment_scratch)(int height, int width) { return augment_floats(height, width) + 64; }

EXPORT void NAMED(augment)(const float *pixels, int count, int height, int width, const float *augmentation,
                           u32 seed_low, u32 seed_high, u32 step, float *scratch, float *to) {
    for (int i = 0; i < count; i++) {
        const idx at = (idx)i * height * width;
        augment_image((const Augmentation *)augmentation,
                      stream((u64)seed_high << 32 | seed_low, STREAM_AUGMENT, step, (u32)i), pixels + at, height, width,
                      to + at, (Scratch){scratch});
    }
}

// The optimizer by itself: step `step` (from 1) on any `count` numbers, with the running means of its earlier steps.
EXPORT void NAMED(optimize)(int optimizer, float beta_1, float beta_2, float momentum, float rho, float epsilon,
                            float weight_decay, int step, float rate, float *w, const float *gradient, float *first,
                            float *second, int count) {
    const Settings settings = {optimizer, beta_1, beta_2, momentum, rho, epsilon, weight_decay, 0};
    Step now = {rate, 1, 1};
    for (int i = 0; i < step; i++) now.correction_1 *= beta_1, now.correction_2 *= beta_2;
    now.correction_1 = 1 - now.correction_1, now.correction_2 = 1 - now.correction_2;
    update(&settings, &now, w, gradient, first, second, count);
}

EXPORT void NAMED(shuffle)(int *order, int count, u32 seed_low, u32 seed_high, u32 epoch) {
    shuffle_order(order, count, (u64)seed_high << 32 | seed_low, epoch);
}

EXPORT int NAMED(training_steps)(double epochs, int steps_per_epoch) { return whole_steps(epochs, steps_per_epoch); }

EXPORT float NAMED(learning_rate)(float rate, int one_cycle, float warmup, int step, int steps) {
    return scheduled_rate(rate, one_cycle, warmup, step, steps);
}
