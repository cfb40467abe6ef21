/*
 * Handoffs as the API shows them, whole: what sales was given at opening, what was done since, and
 * what may be done now. Used by everything that answers with handoffs: the list, the single one,
 * and every move.
 */
#pragma once

#include "handlers/handlers.h"

enum { HANDOFF_ETAG_BYTES = 16 };

/* Makes the read of these handoffs the next operation; its finish uses the functions below. The
 * set-up is not part of it, so the request is never begun again because of it: a move is made once.
 * NULL: out of memory, and the reply says so. */
struct read_op *handoff_documents_request(struct request *request, const struct uuid ids[],
                                          size_t count);

/* Rows of what belongs to several handoffs, walked once, in the order of these. */
struct handoff_details {
    const struct rows *rows;
    size_t next;
};

struct handoff_documents {
    const struct rows *handoffs;
    struct handoff_details clocks;
    struct handoff_details attempts;
    struct handoff_details feedback;
    struct handoff_details history;
    size_t next;
    int64_t now_us;
};

/* What was read, in finish. */
void handoff_documents_init(struct handoff_documents *documents, const struct read_op *read);
/* Writes the next one; false when there is none left. */
bool handoff_document_write(struct json_writer *json, struct handoff_documents *documents);

/* The whole answer of a request that is about one handoff is handoff_finish (handlers.h): its
 * document with the ETag, or 404. This is the same with 201 and its Location. */
enum request_step handoff_created_finish(struct request *request);

/* "allowed": [the moves that the state allows] */
void handoff_write_allowed(struct json_writer *json, enum handoff_state state);
