// What a thread does when it has taken a task: a lane of a batch, a slice of the parameters, or a block of images.
#pragma once
#include "model.h"

static int values(const Shape *shape) { return shape->height * shape->width * shape->channels; }

static Scratch scratch_of(const Model *m, int thread) { return (Scratch){m->scratch + thread * m->scratch_floats}; }

// The images of a batch or block as the first layer wants them; in training, each changed at random first.
static void input(const Model *m, int at, int from, int images, Scratch s) {
    const Job *job = &m->job;
    const Shape *shape = &m->layer[0].in;
    const int count = values(shape);
    const int augments = job->pass.training && shape->channels == 1 &&
                         (m->augmentation.shift || any_warp(&m->augmentation) || any_change(&m->augmentation));
    float *pixels = take(&s, count), *changed = take(&s, count);
    for (int i = 0; i < images; i++) {
        const idx which = job->order ? job->order[from + i] : from + i;
        float *x = m->image + (idx)(at + i) * shape->size;
        if (!augments && job->bytes)
            standardize_bytes(job->bytes + which * count, shape, m->mean, m->std, x);
        else if (!augments)
            standardize(job->pixels + which * count, shape, m->mean, m->std, x);
        else {
            for (int j = 0; j < count; j++)
                pixels[j] = job->bytes ? job->bytes[which * count + j] / 255.f : job->pixels[which * count + j];
            augment_image(&m->augmentation, stream(job->pass.seed, STREAM_AUGMENT, job->pass.step, (u32)(from + i)),
                          pixels, shape->height, shape->width, changed, s);
            standardize(changed, shape, m->mean, m->std, x);
        }
    }
}

// Layers [from, to) for some images. Layers that are computed image by image follow one another while the image is in
// the cache; the others take all images at once.
static void forward(const Model *m, int from, int to, int first, int images, int thread) {
    for (int i = from, end; i < to; i = end) {
        const int batched = m->layer[i].batched, step = batched ? images : 1;
        for (end = i + 1; end < to && !batched && !m->layer[end].batched;) end++;
        for (int image = first; image < first + images; image += step)
            for (int j = i; j < end; j++)
                layer_forward(m->layer + j, j, &m->job.pass, image, step, scratch_of(m, thread));
    }
}

// Layers top ... bottom + 1. The gradient of the topmost is one before its activation already.
static void backward(const Model *m, int top, int bottom, int lane, int first, int images, int thread) {
    for (int i = top, end; i > bottom; i = end) {
        const int batched = m->layer[i].batched, step = batched ? images : 1;
        for (end = i - 1; end > bottom && !batched && !m->layer[end].batched;) end--;
        for (int image = first; image < first + images; image += step)
            for (int j = i; j > end; j--) {
                if (j < top) activation_gradient(m->layer + j, image, step);
                layer_backward(m->layer + j, j, &m->job.pass, lane, image, step, scratch_of(m, thread));
            }
    }
}

static void lane_loss(Model *m, int lane, int first, int images) {
    const Layer *l = m->layer + m->layers - 1;
    const Job *job = &m->job;
    double loss = 0;
    int right = 0;
    for (int i = first; i < first + images; i++) {
        float *logits = l->dy + (idx)i * l->out.size;
        const int label = job->labels[job->order ? job->order[i] : i];
        copy(logits, l->y + (idx)i * l->out.size, l->out.size);
        int best = 0;
        for (int c = 1; c < l->out.channels; c++) best = logits[c] > logits[best] ? c : best;
        right += best == label;
        loss += cross_entropy(logits, &l->out, label, m->settings.smoothing, 1.f / job->images, 1);
    }
    m->loss[lane] = (float)loss;
    m->right[lane] = right;
}

static void lane_task(Model *m, const Phase *p, int lane, int thread) {
    const Job *job = &m->job;
    const int each = max_int(ceil_div(job->images, LANES), 4), first = min_int(lane * each, job->images);
    const int images = min_int(each, job->images - first);
    if (p->kind == FORWARD) {
        if (p->from == 0) input(m, first, first, images, scratch_of(m, thread));
        forward(m, p->from, p->to, first, images, thread);
        const Layer *norm = m->layer + p->to;
        norm_count(norm, norm->x + (idx)first * norm->in.size, images, norm->lane_sums + lane * norm_sums(norm));
        return;
    }
    int top = p->from;
    const int bottom = max_int(p->to, job->pass.frozen - 1);
    if (p->kind == TURN) {
        if (p->from == 0 && m->phase[0].kind == TURN) input(m, first, first, images, scratch_of(m, thread));
        forward(m, p->from, m->layers, first, images, thread);
        lane_loss(m, lane, first, images);
        if (job->how == LOSS_ONLY) return;
        top = m->layers - 1;
    }
    for (int i = top; i > bottom; i--) {
        const Layer *l = m->layer + i;
        if (l->lane_weights) {
            clear(l->lane_weights + lane * l->lane_size, l->lane_size);
            clear(l->lane_bias + (idx)lane * l->columns, l->columns);
        }
    }
    backward(m, top, bottom, lane, first, images, thread);
    if (p->to >= 0 && bottom == p->to) {
        const Layer *norm = m->layer + p->to;
        Scratch s = scratch_of(m, thread);
        float *mean = take(&s, norm->columns), *variance = take(&s, norm->columns);
        activation_gradient(norm, first, images);
        norm_batch(norm, mean, variance);
        norm_gradient_sums(norm, norm->x + (idx)first * norm->in.size, norm->dy + (idx)first * norm->in.size, images,
                           mean, norm->lane_bias + (idx)2 * lane * norm->columns);
    }
}

// One slice of the parameters: the gradient of the batch, the optimizer's step, and what the next pass reads.
static void slice_task(Model *m, int number, int thread) {
    const Slice *slice = m->slice + number;
    Layer *l = m->layer + slice->layer;
    const Scratch s = scratch_of(m, thread);
    const int images = m->job.images;
    float *gradient = m->gradient + (l->weights - m->parameters), *bias = m->gradient + (l->bias - m->parameters);
    const int frozen = slice->layer < m->job.pass.frozen;
    if (is_norm(l) && m->job.how == UPDATE) norm_remember(l, s);
    if (frozen) return;
    if (is_norm(l)) {
        reduce_norm(l, gradient, bias, s);
    } else {
        reduce(l, images, slice->from, slice->to, gradient, s);
        if (!slice->from) reduce_bias(l, images, bias);
    }
    if (m->job.how != UPDATE) return;
    // The rows of a convolution come once for each place of the kernel, those of a dense layer once for each panel.
    const int rows = is_norm(l) ? 1 : l->rows, whole = is_norm(l) ? l->columns : l->taps * l->columns;
    const int step = l->kind == DENSE ? PANEL : l->columns;
    for (int c = 0; c < whole; c += step) {
        const int width = min_int(step, whole - c);
        const idx at = l->weights - m->parameters + (idx)c * rows + (idx)slice->from * width;
        update(&m->settings, &m->job.step, m->parameters + at, m->gradient + at, m->first + at, m->second + at,
               (idx)(slice->to - slice->from) * width);
    }
    if (!slice->from) {
        const idx at = l->bias - m->parameters;
        update(&m->settings, &m->job.step, m->parameters + at, m->gradient + at, m->first + at, m->second + at,
               l->columns);
    }
    if (!is_norm(l)) derive(l, slice->from, slice->to);
}

// Stored values of one image as the rest of the world has them, channels first; and back.
static void to_channels_first(const float *stored, const Shape *shape, float *to) {
    const int places = shape->height * shape->width;
    for (int c = 0; c < shape->channels; c++)
        for (int p = 0; p < places; p++) to[c * places + p] = stored[p * shape->stored + c];
}

static void from_channels_first(const float *given, const Shape *shape, float *stored) {
    const int places = shape->height * shape->width;
    clear(stored, shape->size);
    for (int c = 0; c < shape->channels; c++)
        for (int p = 0; p < places; p++) stored[p * shape->stored + c] = given[c * places + p];
}

static void hand_out(float *const *wanted, const Model *m, int gradients, int first, int from, int images) {
    for (int i = 0; i < m->layers; i++) {
        const Layer *l = m->layer + i;
        for (int j = 0; wanted[i] && j < images; j++)
            to_channels_first((gradients ? l->dy : l->y) + (idx)(first + j) * l->out.size, &l->out,
                              wanted[i] + (idx)(from + j) * values(&l->out));
    }
}

// A block of images of READ or EXPLAIN, in the part of the memory that belongs to this thread.
static void block_task(Model *m, int number, int thread) {
    const Job *job = &m->job;
    const int from = number * BLOCK_IMAGES, first = thread * BLOCK_IMAGES;
    const int images = min_int(BLOCK_IMAGES, job->images - from);
    input(m, first, from, images, scratch_of(m, thread));
    forward(m, 0, m->layers, first, images, thread);
    hand_out(m->wanted, m, 0, first, from, images);
    if (job->kind == READ) return;
    const Layer *top = m->layer + job->layer;
    for (int i = 0; i < images; i++) {
        float *dy = top->dy + (idx)(first + i) * top->out.size;
        if (job->seeds) {
            from_channels_first(job->seeds + (idx)(from + i) * values(&top->out), &top->out, dy);
            continue;
        }
        copy(dy, top->y + (idx)(first + i) * top->out.size, top->out.size);
        cross_entropy(dy, &top->out, job->labels[from + i], 0, 1, 1);
    }
    backward(m, job->layer, -1, 0, first, images, thread);
    hand_out(m->wanted_gradient, m, 1, first, from, images);
    const Shape *shape = &m->layer[0].in;
    for (int i = 0; job->image_gradient && i < images; i++) {
        float *to = job->image_gradient + (idx)(from + i) * values(shape);
        to_channels_first(m->image_gradient + (idx)(first + i) * shape->size, shape, to);
        for (int j = 0; j < values(shape); j++) to[j] /= m->std; // with respect to the pixels as given
    }
}

// Which of the `count` lanes or slices of a phase a thread takes: in every phase its own first, whose values are in its
// cache. There are as many tasks as lanes, so one is free.
static int next_free(Model *m, u32 phase, int count, int thread) {
    for (int number = thread * count / m->threads;; number = number + 1 < count ? number + 1 : 0) {
        u32 last = __atomic_load_n(m->taken + number, __ATOMIC_RELAXED);
        if ((int)(last - phase) < 0 &&
            __atomic_compare_exchange_n(m->taken + number, &last, phase, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return number;
    }
}

static void run_task(Model *m, u32 task, int thread) {
    if (m->job.kind != LEARN) {
        block_task(m, (int)task, thread);
        return;
    }
    const int phase = min_int((int)task / LANES, m->phases - 1);
    const u32 name = m->base + (u32)phase + 1; // larger than that of every phase before
    if (m->phase[phase].kind == REDUCE)
        slice_task(m, next_free(m, name, m->slices, thread), thread);
    else
        lane_task(m, m->phase + phase, next_free(m, name, LANES, thread), thread);
}

// The first task that may only begin when all before it are done.
static u32 waits_for(const Model *m, u32 task) {
    if (m->job.kind != LEARN) return 0;
    return (u32)(min_int((int)task / LANES, m->phases - 1) * LANES);
}
