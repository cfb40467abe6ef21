/*
 * A form's post as the product understands it, however it came: as JSON from a script, as the
 * fields of an HTML form, or from another form tool. Decoding and checking only; who may post and
 * what is answered is submit.c's.
 *
 * What does not fit is refused to a JSON client, who can mend it, and kept with the submission for
 * an HTML form, whose visitor cannot.
 */
#pragma once

#include "request.h"
#include "schema/adapter.h"

enum { SUBMISSION_CONTEXT_BYTES_MAX = 2048, SUBMISSION_TOKEN_CHARS_MAX = 1024 };

/* What of the visit is kept, by name; values[] of a submission goes by it. */
enum context_value {
    CONTEXT_PAGE_URL,
    CONTEXT_REFERRER,
    CONTEXT_UTM_SOURCE,
    CONTEXT_UTM_MEDIUM,
    CONTEXT_UTM_CAMPAIGN,
    CONTEXT_UTM_CONTENT,
    CONTEXT_UTM_TERM,
    CONTEXT_COUNT_
};
extern const char *const submission_context_names[];

struct submission {
    const struct form *form;
    struct input input;
    bool is_html;
    bool is_trusted; /* who sends it may say that it happened long ago: a secret key, a signature */
    bool is_queued;  /* it waits in the spool */
    bool is_webhook; /* from another tool's server: nobody is there who could mend anything */
    const char *tool;                  /* the adapter that read it; NULL: none */
    bool is_id_made;                   /* from what the tool calls it, which is no UUID */
    struct sha256 delivery;            /* where is_id_made: what the tool sent */
    struct str consent_text;           /* what the visitor read; absent: the form's */
    struct str values[CONTEXT_COUNT_]; /* of the context */
    /* Faults that an HTML form does not fail for, and the claims they are about: kept, not taken.
     */
    struct faults ignored;
    struct attribute *misfits;
    size_t misfit_count;
    struct str honeypot; /* what came in the field that nobody sees; absent: it was not sent */
    struct str token;    /* the form token, as sent */
    struct suspicion_watch watch;
};

/* An empty one in the request's arena; NULL: out of memory. */
struct submission *submission_new(struct request *request, const struct form *form);

/* What came in the field that nobody sees. */
void submission_keep_honeypot(struct submission *submission, struct str value);

/* Takes a JSON client's body; all faults go to request->faults. */
void submission_take_json(struct request *request, struct submission *submission,
                          const json_t *body);

/* Takes fields as a visitor filled them in (domain/form_fields.h). Values are borrowed. False: out
 * of memory. */
bool submission_take_fields(struct request *request, struct submission *submission,
                            const struct form_field *fields, size_t count);

/* Takes what another form tool sent, as far as it can be understood: what does not fit is kept with
 * the submission. Texts are borrowed; the honeypot is taken out of the answers. False: out of
 * memory. */
bool submission_take_answers(struct request *request, struct submission *submission,
                             struct adapted *adapted);

/* When everything is taken: what the form requires is there (else request->faults; of a webhook
 * only the e-mail address is required, what else is missing is kept with it). */
void submission_check_required(struct request *request, struct submission *submission);

/* When it came, in microseconds: now, or when it was put into the spool. */
int64_t submission_came_at_us(const struct submission *submission);

/* What every submission of a form is, whoever brings it: its source, actor, kind, offer, campaign.
 * False: out of memory. */
bool submission_of_form(const struct form *form, struct input *input);

/* Fills in the input for the store: payload, fingerprint, id, and what the form's protection makes
 * of it. False: out of memory. */
bool submission_complete(struct request *request, struct submission *submission);
