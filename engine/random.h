// Random numbers by counting: number i of a stream is a function of i and the stream's key, so that any thread, lane
// or processor can compute it by itself, and a seed means the same everywhere.
#pragma once
#include "base.h"

enum { STREAM_WEIGHTS = 1, STREAM_ORDER, STREAM_DROPOUT, STREAM_AUGMENT };

typedef struct {
    u32 factor, offset;
} Stream;

static u64 mix_64(u64 z) { // the finaliser of SplitMix64 (Steele, Lea and Flood 2014)
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static Stream stream(u64 seed, u32 purpose, u32 a, u32 b) {
    u64 key = mix_64(seed + 0x9e3779b97f4a7c15ull);
    key = mix_64(key ^ ((u64)purpose << 32 | a));
    key = mix_64(key ^ b);
    return (Stream){(u32)key | 1, (u32)(key >> 32)}; // an odd factor visits every number before it repeats one
}

// 32 bits scrambled without loss; the constants are Chris Wellons' lowbias32. The same for one number and for a vector.
#define MIX_32(x) (x ^= x >> 16, x *= 0x7feb352du, x ^= x >> 15, x *= 0x846ca68bu, x ^= x >> 16)

static u32 random_bits(Stream s, u32 i) {
    u32 x = i * s.factor + s.offset;
    return MIX_32(x);
}

INLINE uvec random_vector(Stream s, uvec i) {
    uvec x = i * s.factor + s.offset;
    return MIX_32(x);
}

static float uniform(Stream s, u32 i) { return (float)(random_bits(s, i) >> 8) * (1 / 16777216.f); } // in [0, 1)

static void shuffle_order(int *order, int count, u64 seed, u32 epoch) { // Fisher and Yates
    const Stream s = stream(seed, STREAM_ORDER, epoch, 0);
    for (int i = 0; i < count; i++) order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        const int j = (int)(((u64)random_bits(s, (u32)i) * (u32)(i + 1)) >> 32), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}
