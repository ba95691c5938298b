// How a gradient becomes a step. Each optimizer is PyTorch's, formula by formula.
#pragma once
#include "base.h"

enum { ADADELTA, ADAMW, SGD };

typedef struct {
    int optimizer;
    float beta_1, beta_2; // AdamW
    float momentum;       // SGD, Nesterov's where it is not zero
    float rho;            // Adadelta
    float epsilon, weight_decay;
    float smoothing; // of labels
} Settings;

// Of one step: the learning rate, and for AdamW how far the running means are from unbiased, 1 - beta^t.
typedef struct {
    float rate, correction_1, correction_2;
} Step;

static void update(const Settings *o, const Step *step, float *restrict w, const float *restrict gradient,
                   float *restrict first, float *restrict second, idx count) {
    if (o->optimizer == ADAMW) {
        const float b1 = o->beta_1, b2 = o->beta_2, epsilon = o->epsilon, keep = 1 - step->rate * o->weight_decay;
        const float scale = 1 / __builtin_sqrtf(step->correction_2), rate = step->rate / step->correction_1;
        for (idx i = 0; i < count; i++) {
            const float g = gradient[i], m = first[i] + (1 - b1) * (g - first[i]),
                        v = b2 * second[i] + (1 - b2) * g * g;
            first[i] = m;
            second[i] = v;
            w[i] = w[i] * keep - rate * m / (__builtin_sqrtf(v) * scale + epsilon);
        }
    } else if (o->optimizer == ADADELTA) {
        const float rho = o->rho, epsilon = o->epsilon, decay = o->weight_decay, rate = step->rate;
        for (idx i = 0; i < count; i++) {
            const float g = gradient[i] + decay * w[i], square = rho * first[i] + (1 - rho) * g * g;
            const float delta = __builtin_sqrtf((second[i] + epsilon) / (square + epsilon)) * g;
            first[i] = square;
            second[i] = rho * second[i] + (1 - rho) * delta * delta;
            w[i] -= rate * delta;
        }
    } else {
        const float momentum = o->momentum, decay = o->weight_decay, rate = step->rate;
        for (idx i = 0; i < count; i++) {
            const float g = gradient[i] + decay * w[i], velocity = momentum * first[i] + g;
            first[i] = velocity;
            w[i] -= rate * (momentum > 0 ? g + momentum * velocity : velocity);
        }
    }
}

// How many steps `epochs` are, a fraction perhaps; a half goes to the even number.
static int whole_steps(double epochs, int steps_per_epoch) {
    const double exact = epochs * steps_per_epoch;
    int steps = (int)(exact + .5);
    if (steps - exact == .5 && steps % 2) steps--;
    return steps < 1 ? 1 : steps;
}

// The learning rate of step `step` (from 0) out of `steps`: constant, or up in a line over the first `warmup` of them
// and then down to zero.
static float scheduled_rate(float rate, int one_cycle, float warmup, int step, int steps) {
    if (!one_cycle) return rate;
    const double peak = (double)warmup * steps, rise = peak > 0 ? (step + 1) / peak : 1,
                 fall = (steps - step) / (steps - peak);
    const double share = rise < fall ? rise : fall; // the peak may lie between two steps
    return (float)(rate * (share < 1 ? share : 1));
}
