/*
 * The one door to the heap. Everything else allocates from an arena, a buf, or through these three.
 *
 * Having one door lets a unit test fail each allocation in turn and see that nothing leaks and
 * nothing half-done survives.
 */
#pragma once

#include "base/base.h"

/* Zeroed memory aligned for any type, to be freed with mem_free; NULL when out of memory. `size`
 * may be 0. */
void *mem_alloc(size_t size) MUSTCHECK;
/* Like realloc: the content is kept, what is new is not zeroed; NULL when out of memory, and then
 * `memory` stays as it was. `size` is at least 1. */
void *mem_realloc(void *memory, size_t size) MUSTCHECK;
/* Takes NULL. */
void mem_free(void *memory);

/* For a process that lives long with several threads, before the second one starts: few heaps, and
 * what is free at their end goes back to the system. Costs nothing measurable here, and keeps the
 * peak of memory near what is in use. */
void mem_keep_small(void);

/* For tests: in the calling thread the next `count` allocations work and all after them fail; -1
 * switches that off again. */
void mem_fail_after(int64_t count);
