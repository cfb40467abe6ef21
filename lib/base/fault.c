#include "base/fault.h"

#include <stdio.h>

enum { FAULT_DETAIL_BYTES_MAX = 400 };

void faults_init(struct faults *faults, struct arena *arena)
{
    faults->arena = arena;
    faults->count = 0;
}

void faults_add(struct faults *faults, const char *pointer, const char *code, const char *format,
                ...)
{
    if (faults->count == FAULTS_MAX)
        return;
    char text[FAULT_DETAIL_BYTES_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *detail = len >= 0 ? arena_strdup(faults->arena, text) : NULL;
    const char *place = arena_strdup(faults->arena, pointer);
    /* Without memory the fault still counts: the input stays refused. */
    faults->items[faults->count++] = (struct fault){
        .pointer = place != NULL ? place : "",
        .code = code,
        .detail = detail != NULL ? detail : "The value is not acceptable.",
    };
}
