// What differs between processors: the width of a vector, and how many of them the registers hold.
//
// Vectors are the extensions of GCC and Clang, so one source serves AVX-512 (16 floats), AVX2 (8), NEON, SSE2 and
// WebAssembly (4). Nothing here needs a C library.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef __PTRDIFF_TYPE__ idx; // of floats in memory

// WIDTH: floats in a vector. ROWS x COLUMNS: the largest block of results, in rows and vectors, that a product keeps in
// registers. KEPT: how many vectors of results the sparse kernels keep there.
#if defined(__AVX512F__)
enum { WIDTH = 16, ROWS = 12, COLUMNS = 2, KEPT = 24 };
#elif defined(__AVX__)
enum { WIDTH = 8, ROWS = 6, COLUMNS = 2, KEPT = 12 };
#elif defined(__aarch64__)
enum { WIDTH = 4, ROWS = 6, COLUMNS = 4, KEPT = 12 };
#else
enum { WIDTH = 4, ROWS = 4, COLUMNS = 2, KEPT = 8 };
#endif

typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef int ivec __attribute__((vector_size(4 * WIDTH)));
typedef u32 uvec __attribute__((vector_size(4 * WIDTH)));
typedef float vec_anywhere __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef int ivec_anywhere __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

INLINE vec load(const float *p) { return *(const vec_anywhere *)p; }
INLINE void store(float *p, vec v) { *(vec_anywhere *)p = v; }
INLINE ivec load_ints(const int *p) { return *(const ivec_anywhere *)p; }
INLINE void store_ints(int *p, ivec v) { *(ivec_anywhere *)p = v; }
INLINE vec splat(float x) { return x - (vec){0}; } // minus: x + 0 would lose the sign of -0
INLINE vec choose(ivec mask, vec a, vec b) { return (vec)(((ivec)a & mask) | ((ivec)b & ~mask)); }
INLINE ivec choose_ints(ivec mask, ivec a, ivec b) { return (a & mask) | (b & ~mask); }
INLINE vec keep(ivec mask, vec a) { return (vec)((ivec)a & mask); }
INLINE vec positive(vec x) { return keep(x > 0, x); }

#if defined(__wasm_relaxed_simd__)
#define MADD(sum, a, b) sum = __builtin_wasm_relaxed_madd_f32x4(a, b, sum)
#else
#define MADD(sum, a, b) sum += (a) * (b) // contracted to one instruction where the processor has it
#endif

// Bit i is set where lane i of a comparison is true.
INLINE u32 bits(ivec mask) {
#if defined(__AVX512DQ__)
    typedef int __attribute__((vector_size(64))) register_ints;
    return (u32)__builtin_ia32_cvtd2mask512((register_ints)mask);
#elif defined(__AVX__)
    return (u32)__builtin_ia32_movmskps256((vec)mask);
#elif defined(__SSE__)
    return (u32)__builtin_ia32_movmskps((vec)mask);
#elif defined(__wasm_simd128__)
    return __builtin_wasm_bitmask_i32x4(mask);
#else
    u32 set = 0;
    for (int i = 0; i < WIDTH; i++) set |= (u32)(mask[i] & 1) << i;
    return set;
#endif
}

INLINE int min_int(int a, int b) { return a < b ? a : b; }
INLINE int max_int(int a, int b) { return a > b ? a : b; }
INLINE int ceil_div(int a, int b) { return (a + b - 1) / b; }
INLINE int whole_vectors(int floats) { return ceil_div(floats, WIDTH) * WIDTH; }

// For AddressSanitizer: what lies between two arrays of one block of memory is out of bounds.
#ifdef FENCES
void __asan_poison_memory_region(void const volatile *, __SIZE_TYPE__);
void __asan_unpoison_memory_region(void const volatile *, __SIZE_TYPE__);
enum { GAP = 16 };
static void fence(float *array, idx floats, idx reserved) {
    __asan_unpoison_memory_region(array, (__SIZE_TYPE__)floats * 4);
    __asan_poison_memory_region(array + floats, (__SIZE_TYPE__)(reserved - floats) * 4);
}
#else
enum { GAP = 0 };
static void fence(float *array, idx floats, idx reserved) { (void)array, (void)floats, (void)reserved; }
#endif

static void clear(float *p, idx count) {
    for (idx i = 0; i < count; i++) p[i] = 0;
}

static void copy(float *to, const float *from, idx count) {
    for (idx i = 0; i < count; i++) to[i] = from[i];
}
