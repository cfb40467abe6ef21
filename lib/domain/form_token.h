/*
 * Form tokens: a page asks for one when it shows a form and sends it back with the submission. It
 * says when the page was shown and for which form, signed with a secret of this service, so that
 * nothing has to be stored until it comes back.
 *
 * Its text is base64url of an id (a UUID of version 7, so with the time in ms) and of
 * HMAC-SHA256(secret, form and id): 64 characters. Whether another submission came with the same
 * token is not known here: the store remembers the ids of those that came back.
 *
 * Secrets are the set-up's (domain/catalog.h); the newest signs, older ones go on being accepted.
 */
#pragma once

#include "base/clock.h"
#include "base/str.h"
#include "base/uuid.h"

enum {
    FORM_TOKEN_SECRET_BYTES = 32,
    FORM_TOKEN_SECRETS_MAX = 8,
    FORM_TOKEN_TEXT_BYTES = 65, /* with the NUL */
};

/* Hosts' clocks differ: a token from so far ahead was made just now. */
#define FORM_TOKEN_AHEAD_US_MAX (INT64_C(60) * US_PER_SECOND)

struct form_token_secret {
    uint8_t bytes[FORM_TOKEN_SECRET_BYTES];
};

struct form_token {
    struct uuid id;
    int64_t issued_at_us;
};

/* A new token for a form, by its slug. NUL-terminated; returns out. */
char *form_token_make(const struct form_token_secret *secret, struct str form, int64_t now_us,
                      char out[static FORM_TOKEN_TEXT_BYTES]);

/*
 * False: none of ours with any of these secrets, or another form's. A token is good forever; how
 * old it may be is the caller's to say. Takes the same time for every text of the right length.
 */
bool form_token_read(const struct form_token_secret secrets[], size_t count, struct str form,
                     struct str text, struct form_token *ret_token) MUSTCHECK;

/* How long before `now_us` it was made: 0 when it comes from a host whose clock is a little ahead,
 * negative when it is from further ahead than that. */
int64_t form_token_age_us(const struct form_token *token, int64_t now_us);
