/* Errors as RFC 9457 problem documents: the one place where err becomes an HTTP status. */
#pragma once

#include "request.h"

unsigned problem_status(enum err_code code);
/* The slug of /docs/errors#slug. Static. */
const char *problem_slug(enum err_code code);

/* All kinds, for the page /docs/errors. */
struct problem_type {
    const char *slug;
    unsigned status;
    const char *title;
    const char *help; /* what to do */
};
extern const struct problem_type problem_types[];
extern const size_t problem_types_count;

/* Replaces the reply by a problem document. `detail` is copied. The faults of the request are
 * listed when there are any. Returns REQUEST_REPLY, so that handlers end with `return problem(…)`.
 */
enum request_step problem(struct request *request, enum err_code code, const char *detail);
/* 429: a limit is reached; there is room again in so many seconds. */
enum request_step problem_limited(struct request *request, const char *detail,
                                  int64_t retry_after_seconds);
/* The same from an err. */
enum request_step problem_err(struct request *request, const struct err *err);
/* 422 with the request's faults. */
enum request_step problem_faults(struct request *request);

/* A document with members of its own: call, write members, end. */
struct json_writer;
void problem_begin(struct request *request, struct json_writer *json, enum err_code code,
                   const char *detail);
void problem_end(struct request *request, struct json_writer *json);

/* For messages that have no request yet (refused by the gate). `base_url` may be NULL. */
void problem_message(struct http_message *message, const char *base_url, unsigned status,
                     const char *slug, const char *detail);
