// The two functions that compilers call by themselves, for where there is no C library.
#pragma once

void *memset(void *to, int value, __SIZE_TYPE__ count) {
    for (unsigned char *p = to; count--;) *p++ = (unsigned char)value;
    return to;
}

void *memcpy(void *to, const void *from, __SIZE_TYPE__ count) {
    const unsigned char *q = from;
    for (unsigned char *p = to; count--;) *p++ = *q++;
    return to;
}
