/*
 * What became of an attempt to deliver something to the outside.
 */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

enum delivery_outcome {
    DELIVERY_DONE,    /* the other side has taken it */
    DELIVERY_AGAIN,   /* not now: the other side is away, busy, or not set up rightly */
    DELIVERY_REFUSED, /* it will never be taken */
};

enum { DELIVERY_ERROR_BYTES = 200 };

struct delivery_report {
    enum delivery_outcome outcome;
    int64_t retry_after_us;            /* AGAIN: what the other side asked for; 0: nothing */
    char error[DELIVERY_ERROR_BYTES];  /* a sentence for people, without personal data */
    char answer[DELIVERY_ERROR_BYTES]; /* the other side's last words, as they are: for the
                                          operator's own terminal alone, never for logs */
};

/* Ends calls that are under way, a moment after it became true; NULL: never. */
typedef const _Atomic bool *delivery_stop;
