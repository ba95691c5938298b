// What WebAssembly needs beyond the engine: memory.
#include "alone.h"
#include "engine.c"

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
