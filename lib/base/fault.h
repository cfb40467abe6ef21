/*
 * All faults of one input, collected so that the user sees them at once.
 */
#pragma once

#include "base/arena.h"

enum { FAULTS_MAX = 100 };

struct fault {
    const char *pointer; /* RFC 6901 into the input, e.g. "/attributes/company_size"; a query
                            parameter is "?name" */
    const char *code;    /* static slug: required, type, unknown, format, range, too_long … */
    const char *detail;  /* a sentence */
};

struct faults {
    struct arena *arena; /* where texts live */
    struct fault items[FAULTS_MAX];
    size_t count; /* above FAULTS_MAX the rest is dropped */
};

void faults_init(struct faults *faults, struct arena *arena);
/* `pointer` is copied. `code` is static. */
void faults_add(struct faults *faults, const char *pointer, const char *code, const char *format,
                ...) PRINTF_LIKE(4, 5);
