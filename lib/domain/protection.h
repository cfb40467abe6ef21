/*
 * The rules that a form may switch on against robots, and what they make of one submission. All are
 * off unless a form says otherwise; a submission that one of them suspects is not refused but set
 * aside (domain/suspicion.h).
 *
 * Pure: what needs earlier submissions (a token that came before, repeats) is only prepared here,
 * for the store to look up.
 */
#pragma once

#include <jansson.h>

#include "base/fault.h"
#include "domain/form_token.h"
#include "domain/suspicion.h"

struct attribute;

enum {
    PROTECTION_MORE_THAN_MAX = 1000,
    /* A text so long, in bytes, is a message: two people do not write the same one. */
    PROTECTION_MESSAGE_BYTES_MIN = 40,
};
#define PROTECTION_AT_LEAST_US_MAX (INT64_C(600) * US_PER_SECOND)
#define PROTECTION_AT_MOST_US_MIN  (INT64_C(60) * US_PER_SECOND)
#define PROTECTION_AT_MOST_US_MAX  (30 * US_PER_DAY)
#define PROTECTION_WITHIN_US_MIN   (INT64_C(60) * US_PER_SECOND)
#define PROTECTION_WITHIN_US_MAX   US_PER_DAY

/* The field that carries the form token, in a JSON body and in an HTML form. */
#define PROTECTION_TOKEN_FIELD "form_token"
/* The honeypot's name when the form says only that it has one. */
#define PROTECTION_HONEYPOT_FIELD "homepage"

struct protection {
    struct str honeypot; /* the name of a field that nobody sees; absent: off */
    bool has_token;
    int64_t token_at_least_us; /* a person needs so long to fill in the form */
    int64_t token_at_most_us;
    bool has_disposable;
    bool has_repeats;
    int32_t repeats_more_than;
    int64_t repeats_within_us;
};

/*
 * The form's setting `protection`, as sent or stored:
 *
 *     {"honeypot": true | "field_name", "token": true | {"at_least": "PT2S", "at_most": "P1D"},
 *      "disposable": true, "repeats": true | {"more_than": 3, "within": "PT1H"}}
 *
 * where false, null and absent are off and what an object leaves out is as above. Of what
 * `is_stored`, names that only a newer release knows are passed over. Faults have pointers below
 * "/protection". `value` NULL is all off. Texts point into `value`.
 */
bool protection_read(const json_t *value, bool is_stored, struct protection *ret_protection,
                     struct faults *faults) MUSTCHECK;
/* What was read without a fault as it is stored: every rule, objects complete. A new reference;
 * NULL: out of memory. */
json_t *protection_complete(const json_t *value) MUSTCHECK;
/* Whether no rule is on: then there is nothing to judge. */
static inline bool protection_is_off(const struct protection *protection)
{
    return protection->honeypot.data == NULL && !protection->has_token &&
           !protection->has_disposable && !protection->has_repeats;
}

/* What a submission has to show. */
struct protection_evidence {
    struct str form;      /* its slug */
    struct str email_key; /* of the address */
    struct str honeypot;  /* what is in the honeypot; absent: it was not sent */
    struct str token;     /* as sent; absent: none */
    const struct attribute *attributes;
    size_t attribute_count;
    int64_t received_at_us;
};

/*
 * The reasons found, a set of SUSPICION_BITs, and in ret_watch what the store has to look up.
 * `secrets` are the form tokens', the newest first; that one also keys the marks.
 */
unsigned protection_judge(const struct protection *protection,
                          const struct form_token_secret secrets[], size_t secret_count,
                          const struct protection_evidence *evidence,
                          struct suspicion_watch *ret_watch);
