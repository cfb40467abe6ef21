/*
 * All faults of one input, collected so that the user sees them at once.
 */
#pragma once

#include "base/arena.h"
#include "base/json_write.h"

enum { FAULTS_MAX = 100 };

struct fault {
    const char *pointer; /* RFC 6901 into the input, e.g. "/attributes/company_size"; a query
                            parameter is "?name" */
    const char *code;    /* static slug: required, type, unknown, format, range, too_long … */
    const char *detail;  /* a sentence */
};

struct faults {
    struct arena *arena;       /* where all of it lives */
    const struct fault *items; /* the first `count` are there; good input needs no room for them */
    size_t count;              /* beyond FAULTS_MAX the rest is dropped */
    struct fault *room;
    size_t room_count;
};

void faults_init(struct faults *faults, struct arena *arena);
/* `pointer` is copied; NULL, when there was no memory for it: the whole. `code` is static. */
void faults_add(struct faults *faults, const char *pointer, const char *code, const char *format,
                ...) PRINTF_LIKE(4, 5);
/* As problem documents have them: [{"pointer", "code", "detail"}, …]. NULL is none. */
void faults_write(const struct faults *faults, struct json_writer *json);
