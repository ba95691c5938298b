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

INLINE void add_products(const int R, const int V, const float *x, const float *w, idx a_row, vec *sum) {
    vec column[COLUMNS];
    UNROLL
    for (int v = 0; v < V; v++) column[v] = load(w + v * WIDTH);
    UNROLL
    for (int r = 0; r < R; r++) {
        const vec value = splat(x[r * a_row]);
        UNROLL
        for (int v = 0; v < V; v++) MADD(sum[r * V + v], value, column[v]);
    }
}

// `blocks` blocks of R rows, one below the other, and V vectors of columns.
INLINE void block(const int R, const int V, const Product *p, const float *a, const float *b, float *c,
                  const float *bias, int blocks) {
    const idx a_row = p->a_row, c_row = p->c_row, a_step = p->a_step[2], b_step = p->b_step[2];
    const int count = p->count[2];
    for (; blocks > 0; blocks--, a += R * a_row, c += R * c_row) {
        vec sum[ROWS * COLUMNS];
        UNROLL
        for (int i = 0; i < R * V; i++) {
            if (p->accumulate)
                sum[i] = load(c + i / V * c_row + i % V * WIDTH);
            else
                sum[i] = bias ? load(bias + i % V * WIDTH) : (vec){0};
        }
        for (int i = 0; i < p->count[0]; i++)
            for (int j = 0; j < p->count[1]; j++) {
                const float *x = a + i * p->a_step[0] + j * p->a_step[1];
                const float *w = b + i * p->b_step[0] + j * p->b_step[1];
                for (int k = count; k > 0; k--, x += a_step, w += b_step) add_products(R, V, x, w, a_row, sum);
            }
        UNROLL
        for (int i = 0; i < R * V; i++) store(c + i / V * c_row + i % V * WIDTH, p->relu ? positive(sum[i]) : sum[i]);
    }
}

typedef void Block(const Product *, const float *, const float *, float *, const float *, int);
#define BLOCK(R, V)                                                                                                    \
    static void block_##R##_##V(const Product *p, const float *a, const float *b, float *c, const float *bias,         \
                                int blocks) {                                                                          \
        block(R, V, p, a, b, c, bias, blocks);                                                                         \
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
    // Rows in parts as equal as can be, for a block of few rows wastes registers: some longer ones, then the others.
    const int parts = ceil_div(p->rows, ROWS), least = p->rows / parts, longer = p->rows % parts;
    for (int c = 0; c < p->columns; c += COLUMNS * WIDTH) {
        Block *const *column = blocks[min_int(COLUMNS, (p->columns - c) / WIDTH) - 1];
        const float *bias = p->bias ? p->bias + c : 0;
        if (longer) column[least](p, p->a, p->b + c, p->c + c, bias, longer);
        const int done = longer * (least + 1);
        column[least - 1](p, p->a + done * p->a_row, p->b + c, p->c + c + done * p->c_row, bias, parts - longer);
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
