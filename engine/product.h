// The one kernel under every dense product: a block of results stays in registers while the sum runs.
#pragma once
#include "base.h"

// C[r][c] = bias[c] or C[r][c], plus the sum over i, j, k of A[r, i, j, k] * B[i, j, k][c]. Every index has a step of
// its own in floats, so the same code is a matrix product, a convolution, and the gradient of either: only the steps
// differ.
typedef struct {
    int rows, columns; // columns: whole vectors
    const float *a, *b;
    float *c;
    idx a_row, c_row;
    int count[3]; // how far i, j and k run
    idx a_step[3], b_step[3];
    int accumulate, relu;
    const float *bias;
} Product;

INLINE void block(const int R, const int V, const Product *p, const float *a, const float *b, float *c,
                  const float *bias) {
    vec sum[ROWS][COLUMNS];
    UNROLL
    for (int i = 0; i < R * V; i++) {
        const int r = i / V, v = i % V;
        if (p->accumulate)
            sum[r][v] = load(c + r * p->c_row + v * WIDTH);
        else
            sum[r][v] = bias ? load(bias + v * WIDTH) : (vec){0};
    }
    const idx a_row = p->a_row, a_step = p->a_step[2], b_step = p->b_step[2];
    for (int i = 0; i < p->count[0]; i++)
        for (int j = 0; j < p->count[1]; j++) {
            const float *x = a + i * p->a_step[0] + j * p->a_step[1];
            const float *w = b + i * p->b_step[0] + j * p->b_step[1];
            for (int k = p->count[2]; k > 0; k--, x += a_step, w += b_step) {
                vec column[COLUMNS];
                UNROLL
                for (int v = 0; v < V; v++) column[v] = load(w + v * WIDTH);
                UNROLL
                for (int r = 0; r < R; r++) {
                    vec value = splat(x[r * a_row]);
                    UNROLL
                    for (int v = 0; v < V; v++) MADD(sum[r][v], value, column[v]);
                }
            }
        }
    UNROLL
    for (int i = 0; i < R * V; i++) {
        const int r = i / V, v = i % V;
        store(c + r * p->c_row + v * WIDTH, p->relu ? positive(sum[r][v]) : sum[r][v]);
    }
}

typedef void Block(const Product *, const float *, const float *, float *, const float *);
#define BLOCK(R, V)                                                                                                    \
    static void block_##R##_##V(const Product *p, const float *a, const float *b, float *c, const float *bias) {       \
        block(R, V, p, a, b, c, bias);                                                                                 \
    }
#define BLOCK_ROWS_4(X, V) X(1, V) X(2, V) X(3, V) X(4, V)
#define BLOCK_ROWS_6(X, V) BLOCK_ROWS_4(X, V) X(5, V) X(6, V)
#define BLOCK_ROWS_12(X, V) BLOCK_ROWS_6(X, V) X(7, V) X(8, V) X(9, V) X(10, V) X(11, V) X(12, V)
#if defined(__AVX512F__)
#define EACH_BLOCK(X, V) BLOCK_ROWS_12(X, V)
#elif defined(__AVX__) || defined(__aarch64__)
#define EACH_BLOCK(X, V) BLOCK_ROWS_6(X, V)
#else
#define EACH_BLOCK(X, V) BLOCK_ROWS_4(X, V)
#endif
#define NAME_OF_BLOCK(R, V) block_##R##_##V,
EACH_BLOCK(BLOCK, 1)
EACH_BLOCK(BLOCK, 2)
#if defined(__aarch64__)
EACH_BLOCK(BLOCK, 3)
EACH_BLOCK(BLOCK, 4)
#endif
static Block *const blocks[COLUMNS][ROWS] = {
    {EACH_BLOCK(NAME_OF_BLOCK, 1)},
    {EACH_BLOCK(NAME_OF_BLOCK, 2)},
#if defined(__aarch64__)
    {EACH_BLOCK(NAME_OF_BLOCK, 3)},
    {EACH_BLOCK(NAME_OF_BLOCK, 4)},
#endif
};

static void product(const Product *p) {
    const int parts = ceil_div(p->rows, ROWS), least = p->rows / parts, longer = p->rows % parts;
    for (int c = 0; c < p->columns; c += COLUMNS * WIDTH) {
        const int vectors = min_int(COLUMNS, (p->columns - c) / WIDTH);
        const float *a = p->a, *bias = p->bias ? p->bias + c : 0;
        float *result = p->c + c;
        for (int part = 0; part < parts; part++) {
            const int rows = least + (part < longer); // as equal as can be: blocks of few rows waste registers
            blocks[vectors - 1][rows - 1](p, a, p->b + c, result, bias);
            a += rows * p->a_row;
            result += rows * p->c_row;
        }
    }
}

// The same for one long sum over k, in pieces of B that stay in the cache while all rows of A pass by.
static void long_product(Product p) {
    enum { PIECE = 256 };
    const int count = p.count[2], relu = p.relu;
    for (int k = 0; k < count; k += PIECE) {
        p.count[2] = min_int(PIECE, count - k);
        p.relu = relu && k + PIECE >= count;
        product(&p);
        p.a += PIECE * p.a_step[2];
        p.b += PIECE * p.b_step[2];
        p.accumulate = 1;
    }
}
