/*
 * What other form tools send to a webhook when somebody submitted a form of theirs, read into
 * answers: what a thing was called, and what was said, as text.
 *
 * An adapter is a row of a table and one pure function from the tool's body to answers. It knows
 * its tool's shapes and nothing of attributes or contacts: which answer is the e-mail address, and
 * what becomes of the others, is decided in domain/answers.h for all tools alike.
 *
 * Values become text by the same rules for all tools:
 *     a text                  itself; an empty one is no answer
 *     a number, true, false   as JSON writes them
 *     a choice, a file        its label; its address
 *     several                 joined by ", "
 *     a matrix, other objects "row: answer; row: answer"
 * A text made of several parts ends before the part with which it would exceed
 * ANSWER_MADE_BYTES_MAX.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/uuid.h"
#include "schema/form_body.h"

enum {
    ANSWERS_MAX = 500, /* of one submission; more are counted and left out */
    ANSWER_NAMES_MAX = 4,
    ANSWER_MADE_BYTES_MAX = 8192,
    ADAPTER_SECRET_BYTES_MIN = 8,
    ADAPTER_SECRET_BYTES_MAX = 255,
};

enum answer_kind {
    ANSWER_PLAIN,
    ANSWER_EMAIL,  /* the tool says that this is an e-mail address */
    ANSWER_PHONE,  /* … a telephone number */
    ANSWER_DETAIL, /* about the submission rather than said by the visitor, or said elsewhere, too:
                      wanted only where a form's map names it */
};

struct answer {
    /* What a form's map may call it: references, keys, ids, titles; the author's own names first.
     * Absent ones come last. */
    struct str names[ANSWER_NAMES_MAX];
    struct str
        label; /* what an attribute of its own would be named after; absent: no name says it */
    struct str value; /* not empty */
    enum answer_kind kind;
    bool is_ticked;   /* a single box, and it was ticked, whatever its text says */
    const char *ours; /* the name of ours that the tool's format itself says it is; NULL: none */
};

struct adapted {
    struct answer *answers; /* in the tool's order */
    size_t count;
    size_t left_out_count; /* beyond ANSWERS_MAX */
    struct uuid id; /* the tool's own id of the submission, or made from it; nil: it sends none */
    bool is_id_made;
    int64_t occurred_at_us;  /* TIME_NONE: the tool does not say */
    struct str consent_text; /* the wording that the consents were given to; absent: not told */
    const char *skipped; /* a sentence: an event that is no submission, nothing is to be stored */

    /* For the adapters. */
    struct arena *arena;
    size_t capacity;
    bool is_out_of_memory;
};

enum signature_scheme {
    SIGNATURE_BASE64,        /* of the body */
    SIGNATURE_HEX_WITH_TIME, /* hex, of "<time>:<body>", the time in a header of its own */
    SIGNATURE_SECRET,        /* the secret itself: for tools that can only add a fixed header */
};

struct adapter {
    const char *name; /* in paths and in a form's adapter_secrets */
    enum err_code (*read)(const json_t *body, struct adapted *adapted, struct err *reterr);
    bool takes_forms; /* urlencoded bodies too */
    unsigned success; /* the HTTP status that the tool takes for success */
    enum signature_scheme scheme;
    const char *signature_header;
    const char *signature_prefix; /* in the header's value, before the signature */
    const char *time_header;      /* NULL: none */
};

extern const struct adapter adapters[];
extern const char *const adapter_names[]; /* the same order, NULL-terminated */

/* NULL: there is no such adapter. */
const struct adapter *adapter_find(struct str name);

/*
 * Reads a body (a JSON object). Texts point into `body` or the arena.
 *
 * ERR_INVALID: this is not what the tool sends, with a sentence that says what is missing;
 * ERR_NOMEM.
 */
enum err_code adapter_read(const struct adapter *adapter, const json_t *body, struct arena *arena,
                           struct adapted *ret_adapted, struct err *reterr) MUSTCHECK;

/* What HubSpot's API takes (POST /submissions/v3/integration/submit/…), by the same rules; its
 * consents are answers named subscription_ID, consent_to_process and legitimate_interest. */
extern const struct adapter adapter_hubspot;

/* An urlencoded or multipart body as the object that PHP makes of it: "a[b]=1&c[]=2&c[]=3" is
 * {"a": {"b": "1"}, "c": ["2", "3"]}; of a name that comes twice the last value counts. The
 * caller's to release; NULL: out of memory. */
json_t *adapter_form_tree(const struct form_body *form) MUSTCHECK;

enum signature_verdict {
    SIGNATURE_VALID,
    SIGNATURE_MISSING, /* a header is not there */
    SIGNATURE_WRONG,
    SIGNATURE_TOO_OLD, /* its time is more than 5 minutes off */
};

struct signed_request {
    struct str signature; /* the values of the adapter's headers, absent where they are missing */
    struct str sent_at;
    struct str body; /* as it came, every byte */
    int64_t now_us;
};

/* Whether a request was made by somebody who knows the secret; tells nobody by its time how near a
 * wrong signature came. ERR_NOMEM. */
enum err_code adapter_check_signature(const struct adapter *adapter, struct str secret,
                                      const struct signed_request *request, struct arena *arena,
                                      enum signature_verdict *ret_verdict) MUSTCHECK;
