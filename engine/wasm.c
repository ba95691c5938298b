// What WebAssembly needs beyond the engine: memory, and a loop for the threads that help.
#include "alone.h"
#include "engine.c"

enum { AWAKE = 20000 }; // looks for the next job before sleeping: some tens of microseconds, as long as a step's pause

// Fresh, zeroed memory at a multiple of 64 bytes, or 0 where there is no more. It is never given back: let go of the
// whole instance.
EXPORT void *allocate(unsigned long bytes) {
    static unsigned long end;
    enum { PAGE = 65536 };
    if (!end) end = __builtin_wasm_memory_size(0) * PAGE; // what lies below is the module's own
    const unsigned long begin = end;
    if (bytes > 0xffffffffu - 127 - begin) return 0;
    end += (bytes + 63) / 64 * 64;
    const unsigned long have = __builtin_wasm_memory_size(0), need = end / PAGE + 1;
    if (need > have && __builtin_wasm_memory_grow(0, need - have) == (unsigned long)-1) {
        end = begin;
        return 0;
    }
    return (void *)begin;
}

#if defined(__wasm_atomics__)
// Help with a model's jobs as they come, as thread 1, 2, …; never returns. Asleep after a while without a job.
EXPORT void model_help(Model *m, int thread) {
    for (;;) {
        const u32 seen = __atomic_load_n(&m->limit, __ATOMIC_ACQUIRE);
        model_work(m, thread);
        for (int turn = 0; turn < AWAKE && __atomic_load_n(&m->limit, __ATOMIC_ACQUIRE) == seen; turn++) {
        }
        __builtin_wasm_memory_atomic_wait32((int *)&m->limit, (int)seen, -1);
    }
}
#endif
