#include "bench/stages/allocations.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// There is one heap, so there is one count. One thread.
static uint64_t count;

#ifndef __SANITIZE_ADDRESS__ // which stands there itself: nothing is counted then

// The names under which glibc keeps its own.
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t count, size_t n);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
    count++;
    return __libc_malloc(n);
}

void *calloc(size_t of, size_t n)
{
    count++;
    return __libc_calloc(of, n);
}

void *realloc(void *p, size_t n)
{
    count++;
    return __libc_realloc(p, n);
}

#endif

uint64_t allocations_count(void)
{
    return count;
}

int64_t allocations_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (int64_t)(info.uordblks + info.hblkhd);
}

int64_t resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f != NULL) {
        if (fscanf(f, "%*d %ld", &pages) != 1) {
            pages = 0;
        }
        fclose(f);
    }
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}
