#include "base/memory.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>

/* Thread-local, so that a test that fails allocations leaves the threads of others alone. */
static _Thread_local int64_t mem_allocations_left = -1;

static bool mem_may_allocate(void)
{
    if (mem_allocations_left < 0)
        return true;
    if (mem_allocations_left == 0)
        return false;
    mem_allocations_left--;
    return true;
}

void *mem_alloc(size_t size)
{
    return mem_may_allocate() ? calloc(1, size > 0 ? size : 1) : NULL;
}

void *mem_realloc(void *memory, size_t size)
{
    assert(size > 0);
    return mem_may_allocate() ? realloc(memory, size) : NULL;
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_keep_small(void)
{
    enum { HEAPS_MAX = 2, LARGE_BYTES = 128 * 1024 };
    (void)mallopt(M_ARENA_MAX, HEAPS_MAX);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* said, it stays: it would grow by itself */
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
}

void mem_fail_after(int64_t count)
{
    mem_allocations_left = count;
}
