/*
 * A bump allocator: many small allocations with one lifetime, freed at once.
 *
 * Each request, batch and command has one. Not thread-safe: an arena belongs to whoever owns the
 * thing it was made for. A hard limit turns a runaway input into ERR_NOMEM instead of a dead
 * machine.
 */
#pragma once

#include <stdarg.h>

#include "base/base.h"
#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first; owned */
    size_t used_bytes;          /* handed out, over all chunks */
    size_t limit_bytes;
};

/* In place; allocates nothing yet. `limit_bytes` bounds the sum of all allocations. */
void arena_init(struct arena *arena, size_t limit_bytes);
/* Frees everything. Takes NULL and a zeroed arena. */
void arena_done(struct arena *arena);
/* Like done + init, but keeps the first chunk for reuse. */
void arena_clear(struct arena *arena);

/* Zeroed memory aligned for any type, valid until _clear/_done. NULL when out of memory or over the
 * limit. `size` may be 0. */
void *arena_alloc(struct arena *arena, size_t size) MUSTCHECK;
/* Zeroed array; NULL also when count * size overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size) MUSTCHECK;
/* A NUL-terminated copy. NULL when out of memory. */
char *arena_strdup(struct arena *arena, const char *text) MUSTCHECK;
/* A NUL-terminated copy of a slice. data is NULL when out of memory. */
struct str arena_str(struct arena *arena, struct str text) MUSTCHECK;
/* NUL-terminated formatted text; NULL when out of memory. */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3) MUSTCHECK;
