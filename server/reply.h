/* Replies that handlers share: JSON documents, lists with cursors, conditional requests. */
#pragma once

#include "base/json_write.h"
#include "request.h"
#include "schema/cursor.h"

enum { REPLY_BYTES_MAX = 64 << 20 };

/* Begins a JSON reply; the writer appends to the reply's body. */
void reply_json(struct request *request, unsigned status, struct json_writer *json);
/* Ends it: a body that could not be written becomes a 503. */
enum request_step reply_end(struct request *request);
/* How clients name this path (begins with '/'): RELAIS_BASE_URL and the path; without a base URL
 * the path alone, which is right wherever a proxy does not move it. In the arena; NULL: out of
 * memory.
 */
const char *reply_url(const struct request *request, const char *path);
/* A header with such a URL, such as Location; NULL is a failed reply. */
void reply_header_url(struct request *request, const char *name, const char *path);
/* 204 */
enum request_step reply_empty(struct request *request);
/* A whole document at hand. */
enum request_step reply_document(struct request *request, unsigned status, struct str document);
/* The ETag header; answers 304 (and returns true) when If-None-Match names it on a GET. */
bool reply_etag(struct request *request, const char *etag);

/* The common parameters of lists: `limit` (1…1000, 50) and `cursor`. Put LIST_PARAMS(struct x) into
 * the table and `struct list_query list;` into the struct. */
struct list_query {
    int64_t limit;
    struct str cursor;
};
#define LIST_PARAMS(type)                                                                          \
    QUERY_PARAM("limit", INT, type, list.limit, .min = 1, .max = 1000,                             \
                QUERY_UNBOUND_FALLBACK(50)),                                                       \
        QUERY_PARAM("cursor", STRING, type, list.cursor, .min = 1, .max = 200,                     \
                    .flags = QUERY_UNBOUND)

/* The cursor of a list request, decoded; false: a 422 is in the reply. Absent: len 0. */
bool list_cursor(struct request *request, const struct list_query *list, struct cursor *ret_cursor);
/* {"data": [ … begins */
void list_begin(struct request *request, struct json_writer *json);
/* … ], "next_cursor": …} with the Link header. `next` NULL: the last page. */
enum request_step list_end(struct request *request, struct json_writer *json,
                           const struct cursor *next);
