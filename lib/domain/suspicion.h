/*
 * Why a submission is not trusted. Suspicion never drops a submission and never shows: it is
 * answered like any other and kept in quarantine, outside the funnel, until a person releases or
 * purges it.
 *
 * A set of reasons is an unsigned with the bit SUSPICION_BIT(reason) of each; 0 is trust.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"
#include "base/uuid.h"

/* In the order in which they are looked at and told. */
enum suspicion {
    SUSPICION_HONEYPOT,           /* the field that nobody sees was filled in */
    SUSPICION_TOKEN_MISSING,      /* no form token, or an empty one */
    SUSPICION_TOKEN_INVALID,      /* not one of ours, or of another form */
    SUSPICION_TOKEN_TOO_FAST,     /* submitted sooner after the page than a person can type */
    SUSPICION_TOKEN_TOO_OLD,      /* … or much later */
    SUSPICION_TOKEN_USED,         /* another submission came with it */
    SUSPICION_REPEATED_ADDRESS,   /* the same address again and again */
    SUSPICION_REPEATED_CONTENT,   /* the same answers again and again, from whatever address */
    SUSPICION_DISPOSABLE_ADDRESS, /* an address made to be thrown away */
    SUSPICION_INVALID_AT_DRAIN,   /* taken while the database was away, and refused by what the form
                                     asks for since */
    SUSPICION_COUNT_
};
#define SUSPICION_BIT(suspicion) (1U << (suspicion))

/* "honeypot", "token_missing" …; NULL after the last. */
extern const char *const suspicion_names[];

/* Where an entry of the quarantine stands. */
enum quarantine_state {
    QUARANTINE_HELD,
    QUARANTINE_RELEASED,
    QUARANTINE_PURGED,
    QUARANTINE_NONE /* there is no such entry, or no more */
};
/* "held", "released", "purged"; NULL for none. */
extern const char *const quarantine_state_names[];

/* What of a submission is compared with earlier ones of its form, which only the store knows. The
 * marks are made with a secret: they tell nothing about what they stand for. */
struct suspicion_watch {
    struct uuid token; /* of a valid form token; nil: none. Another submission's: TOKEN_USED */
    int64_t token_expires_at_us; /* from then on it is too old, and need not be remembered */
    struct uuid address;         /* its mark, and that of the answers; nil: not watched */
    struct uuid content;
    int32_t more_than; /* so many within `within_us` before this one are suspicious */
    int64_t within_us;
};
