/*
 * Contacts in answers: rows of the statements that show contacts (contact_one, contact_page,
 * lead_newest …), one after the other, and the answer of a write: the contact as it is afterwards.
 *
 * All these statements have the same columns in front: those of the view contact_shown, the
 * score's, then deadline and breach of the latest handoff's first-contact clock. Further ones are
 * the list's own.
 */
#pragma once

#include "domain/contact.h"
#include "request.h"

enum {
    CONTACT_COLUMN_ID,
    CONTACT_COLUMN_EMAIL,
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
enum err_code contact_reader_take(struct contact_reader *reader, const struct rows *rows,
                                  size_t row, struct err *reterr) MUSTCHECK;
/* That contact as api.md shows it, at the time of the read. ERR_NOMEM. */
enum err_code contact_reader_write(struct contact_reader *reader, struct json_writer *json,
                                   struct err *reterr) MUSTCHECK;

/* The first `count` rows, one after the other, into a list that was begun. */
enum err_code contact_reader_write_all(struct contact_reader *reader, struct json_writer *json,
                                       const struct rows *rows, size_t count,
                                       struct err *reterr) MUSTCHECK;

/* Asks for one contact with all there is to show of it, and, when that was read: answers with
 * `status`, ETag (or 304) and contact_say_where. A contact that is not there is a 404. */
void contact_ask(struct request *request, struct read_op *read, struct uuid contact_id);
enum request_step contact_answer(struct request *request, unsigned status);
/* After a write: reads the contact and answers with it. The set-up may have changed meanwhile; that
 * does not restart the request, which would write again. */
enum request_step contact_read_again(struct request *request, struct uuid contact_id,
                                     unsigned status);

/* Whether there is nothing to show of a contact, which the reply says then: no row is a 404, one
 * without an address a 410, for that contact was erased. For rows as above and of contact_root. */
bool contact_is_missing(struct request *request, const struct rows *rows);

/* Content-Location when the path names a contact that was merged into this one; `rest` follows the
 * id. */
void contact_say_where(struct request *request, struct uuid contact_id, const char *rest);

/* What a key says about a contact counts as a person's word when it is a member's. */
enum attribute_source contact_claim_source(const struct request *request);
