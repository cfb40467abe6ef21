/*
 * Contacts in answers: rows of the statements that show contacts (contact_one, contact_page, lead_newest …), one
 * after the other, and the answer of a write: the contact as it is afterwards.
 *
 * All these statements have the same columns in front: those of the view contact_state, the score's, then deadline
 * and breach of the latest handoff's first-contact clock. Further ones are the list's own.
 */
#pragma once

#include "domain/contact.h"
#include "request.h"

enum {
    CONTACT_COLUMN_DUE_AT = 51,
    CONTACT_COLUMN_BREACHED_AT,
    CONTACT_COLUMN_OWN, /* the first of the list's own */
};

struct contact_reader {
    struct request *request;
    const struct model *model;
    int32_t model_version;
    struct contact contact; /* the row read last; texts point into the rows */
    struct arena arena;     /* of one row */
    struct arena scratch;   /* of the model's rules */
};

/* For rows of a read that was made with the request's own catalog. _done takes a zeroed one. */
void contact_reader_init(struct contact_reader *reader, struct request *request);
void contact_reader_done(struct contact_reader *reader);
/* The row as reader->contact, until the next call. ERR_STORE, ERR_NOMEM. */
enum err_code contact_reader_take(struct contact_reader *reader, const struct rows *rows, size_t row,
                                  struct err *reterr) MUSTCHECK;
/* That contact as api.md shows it, at the time of the read. ERR_NOMEM. */
enum err_code contact_reader_write(struct contact_reader *reader, struct json_writer *json,
                                   struct err *reterr) MUSTCHECK;

/* The only contact of a page: `status` with ETag (or 304), and Content-Location when it is not the one asked for
 * but its survivor. No row is a 404. */
enum request_step contact_answer(struct request *request, const struct rows *rows, unsigned status,
                                 struct uuid asked_id);
/* After a write: reads the contact and answers with it. The set-up may have changed meanwhile; that does not
 * restart the request, which would write again. */
enum request_step contact_read_again(struct request *request, struct uuid contact_id, unsigned status);

/* A refusal of the decision about an input; its result is not OK. */
enum request_step contact_refused(struct request *request, const struct input_result *result);

/* What a key says about a contact counts as a person's word when it is a member's. */
enum attribute_source contact_claim_source(const struct request *request);
/* The `member` of a body: on whose behalf a key without a member acts. Nil is nobody. False: a fault was added. */
bool contact_acts_as(struct request *request, struct uuid member_id, struct input *input);
