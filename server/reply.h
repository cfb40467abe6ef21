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
/* For a cursor of ours that is not as this list writes them: a 422 is in the reply. False. */
bool list_cursor_foreign(struct request *request);

/* The row behind which a page begins, in lists that are in the order of a time and an id, or of ids
 * alone. TIME_NONE, nil: at the beginning. False: a 422 is in the reply. */
struct list_place {
    int64_t at_us;
    struct uuid id;
};
bool list_place(struct request *request, const struct list_query *list,
                struct list_place *ret_place);
bool list_place_by_id(struct request *request, const struct list_query *list, struct uuid *ret_id);

/* What of `rows` is on the page: `limit` at most. One row more was asked for, to know whether
 * another page follows. */
struct list_page {
    const struct rows *rows;
    size_t count;
    bool has_more;
};
struct list_page list_page(const struct list_query *list, const struct rows *rows);

/* {"data": [ … begins */
void list_begin(struct request *request, struct json_writer *json);
/* … ], "next_cursor": …} with the Link header. `next` NULL: the last page. */
enum request_step list_end(struct request *request, struct json_writer *json,
                           const struct cursor *next);
/* The same for lists with such places: the next page begins behind the last row of this one. */
enum request_step list_end_behind(struct request *request, struct json_writer *json,
                                  const struct list_page *page, size_t time_column,
                                  size_t id_column);
enum request_step list_end_behind_id(struct request *request, struct json_writer *json,
                                     const struct list_page *page, size_t id_column);
