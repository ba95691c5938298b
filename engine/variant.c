// Which of the variants in this library suits the processor that it runs on.
#if defined(_WIN32)
#include "alone.h"
#define EXPORT __declspec(dllexport)
int __stdcall DllMainCRTStartup(void *library, unsigned reason, void *reserved) { // in place of a C library's
    (void)library, (void)reason, (void)reserved;
    return 1;
}
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#if defined(__x86_64__)
#include <cpuid.h>

static int has(unsigned reg, int bit) { return reg >> bit & 1; }

static unsigned saved_by_the_system(void) { // registers that it keeps for each thread
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

EXPORT const char *best_variant(void) {
    unsigned a, b, c, d, b7, c7, d7;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, 27) || (saved_by_the_system() & 0x6) != 0x6) return "baseline";
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d7)) return "baseline";
    const int avx2 = has(b7, 5) && has(c, 12) && has(b7, 3) && has(b7, 8); // AVX2, FMA, BMI1, BMI2
    const int avx512 =
        has(b7, 16) && has(b7, 17) && has(b7, 30) && has(b7, 31) && (saved_by_the_system() & 0xe6) == 0xe6;
    return avx2 && avx512 ? "avx512" : avx2 ? "avx2" : "baseline"; // F, DQ, BW, VL
}
#else
EXPORT const char *best_variant(void) { return "baseline"; }
#endif

// A digest of the sources and the flags, so that a stale library is noticed.
#ifndef SOURCES
#define SOURCES ""
#endif
EXPORT const char *engine_sources(void) { return SOURCES; }
