#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>

#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_IS_SANITIZED 1
#endif
#endif

/* Under AddressSanitizer every allocation is a chunk of its own, so that it sees each overrun. */
#ifdef ARENA_IS_SANITIZED
enum { ARENA_CHUNK_BYTES_MIN = 1, ARENA_CHUNK_BYTES_MAX = 1 };
#else
enum { ARENA_CHUNK_BYTES_MIN = 6000, ARENA_CHUNK_BYTES_MAX = 64000 };
#endif

struct arena_chunk {
    struct arena_chunk *next; /* older */
    size_t used_bytes;
    size_t size_bytes;
    max_align_t data[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
    *arena = (struct arena){.limit_bytes = limit_bytes};
}

static void arena_free_chunks(struct arena_chunk *chunk, const struct arena_chunk *until)
{
    while (chunk != until) {
        struct arena_chunk *next = chunk->next;
        mem_free(chunk);
        chunk = next;
    }
}

void arena_done(struct arena *arena)
{
    if (arena == NULL)
        return;
    arena_free_chunks(arena->chunks, /* until= */ NULL);
    arena->chunks = NULL;
    arena->used_bytes = 0;
}

void arena_clear(struct arena *arena)
{
    struct arena_chunk *first = arena->chunks;
    while (first != NULL && first->next != NULL)
        first = first->next;
    arena_free_chunks(arena->chunks, /* until= */ first);
    arena->chunks = first;
    arena->used_bytes = 0;
    if (first != NULL) {
        memset(first->data, 0, first->used_bytes);
        first->used_bytes = 0;
    }
}

static struct arena_chunk *arena_grow(struct arena *arena, size_t size)
{
    /* Doubling keeps the number of chunks logarithmic without wasting much on a small request. */
    size_t chunk_bytes = ARENA_CHUNK_BYTES_MIN;
    if (arena->chunks != NULL && arena->chunks->size_bytes >= chunk_bytes)
        chunk_bytes = arena->chunks->size_bytes * 2;
    if (chunk_bytes > ARENA_CHUNK_BYTES_MAX)
        chunk_bytes = ARENA_CHUNK_BYTES_MAX;
    if (chunk_bytes < size)
        chunk_bytes = size;
    struct arena_chunk *chunk = mem_alloc(sizeof *chunk + chunk_bytes);
    if (chunk == NULL)
        return NULL;
    chunk->size_bytes = chunk_bytes;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t alignment = alignof(max_align_t);
    if (size > arena->limit_bytes || arena->limit_bytes - size < arena->used_bytes)
        return NULL;
    size_t rounded = (size + alignment - 1) & ~(alignment - 1);
    if (rounded < size)
        return NULL;
    struct arena_chunk *chunk = arena->chunks;
    /* A chunk's size need not be a multiple of the alignment: its last piece may end short. */
    if (chunk == NULL || chunk->used_bytes >= chunk->size_bytes ||
        chunk->size_bytes - chunk->used_bytes < size) {
        chunk = arena_grow(arena, size);
        if (chunk == NULL)
            return NULL;
    }
    void *memory = (char *)chunk->data + chunk->used_bytes;
    chunk->used_bytes += rounded < chunk->size_bytes - chunk->used_bytes
                             ? rounded
                             : chunk->size_bytes - chunk->used_bytes;
    arena->used_bytes += size;
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return arena_alloc(arena, bytes);
}

struct str arena_str(struct arena *arena, struct str text)
{
    size_t size;
    if (__builtin_add_overflow(text.len, (size_t)1, &size))
        return (struct str){.data = NULL};
    char *copy = arena_alloc(arena, size);
    if (copy == NULL)
        return (struct str){.data = NULL};
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    return str_slice(copy, text.len);
}

char *arena_strdup(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_alloc(arena, size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return NULL;
    char *text = arena_alloc(arena, (size_t)len + 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    int written = vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    assert(written == len);
    return text;
}
