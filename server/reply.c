#include "reply.h"

#include "problem.h"

void reply_json(struct request *request, unsigned status, struct json_writer *json)
{
    struct http_reply *reply = &request->message->reply;
    reply->status = status;
    reply->content_type = "application/json";
    buf_done(&reply->body);
    buf_init(&reply->body, REPLY_BYTES_MAX);
    json_writer_init(json, &reply->body);
}

enum request_step reply_end(struct request *request)
{
    if (request->message->reply.body.failed) {
        return problem(request, ERR_NOMEM, "The answer is too large. Ask for less at once.");
    }
    return REQUEST_REPLY;
}

const char *reply_url(const struct request *request, const char *path)
{
    const char *base = request->base_url;
    return base == NULL || path == NULL ? path : arena_printf(request->arena, "%s%s", base, path);
}

void reply_header_url(struct request *request, const char *name, const char *path)
{
    http_reply_header(request->message, name, str_from(reply_url(request, path)));
}

enum request_step reply_empty(struct request *request)
{
    request->message->reply.status = 204;
    return REQUEST_REPLY;
}

enum request_step reply_document(struct request *request, unsigned status, struct str document)
{
    struct json_writer json;
    reply_json(request, status, &json);
    json_raw(&json, document);
    return reply_end(request);
}

bool reply_etag(struct request *request, const char *etag)
{
    struct http_message *message = request->message;
    http_reply_header(message, "ETag", str_from(etag));
    const bool is_read = message->method == HTTP_GET || message->method == HTTP_HEAD;
    struct str wanted = http_header(message, "If-None-Match");
    while (is_read && wanted.data != NULL) {
        struct str one = str_trim(str_cut(&wanted, ','));
        if (str_starts_with(one, "W/")) {
            one = str_slice(one.data + 2, one.len - 2);
        }
        if (str_is(one, etag) || str_is(one, "*")) {
            message->reply.status = 304;
            return true;
        }
    }
    return false;
}

bool list_cursor(struct request *request, const struct list_query *list, struct cursor *ret_cursor)
{
    *ret_cursor = (struct cursor){0};
    if (list->cursor.data == NULL) {
        return true;
    }
    const struct sha256 binding = cursor_binding(request->route->operation_id, &request->binding);
    if (cursor_decode(list->cursor, &binding, ret_cursor)) {
        return true;
    }
    faults_add(
        &request->faults, "?cursor", "format",
        "This cursor does not belong to this list with these filters. Begin again without it.");
    (void)problem_faults(request);
    return false;
}

bool list_cursor_foreign(struct request *request)
{
    faults_add(&request->faults, "?cursor", "format",
               "This cursor does not belong to this list. Begin again without it.");
    (void)problem_faults(request);
    return false;
}

/* The years 1 to 9999: what we write, and PostgreSQL takes. */
static bool is_time(int64_t at_us)
{
    return at_us >= INT64_C(-62135596800) * US_PER_SECOND &&
           at_us < INT64_C(253402300800) * US_PER_SECOND;
}

bool list_place(struct request *request, const struct list_query *list,
                struct list_place *ret_place)
{
    struct cursor cursor;
    *ret_place = (struct list_place){.at_us = TIME_NONE};
    if (!list_cursor(request, list, &cursor)) {
        return false;
    }
    return cursor.len == 0 ||
           (cursor_take_int(&cursor, &ret_place->at_us) && is_time(ret_place->at_us) &&
            cursor_take_uuid(&cursor, &ret_place->id) && cursor_is_spent(&cursor)) ||
           list_cursor_foreign(request);
}

bool list_place_by_id(struct request *request, const struct list_query *list, struct uuid *ret_id)
{
    struct cursor cursor;
    *ret_id = (struct uuid){{0}};
    if (!list_cursor(request, list, &cursor)) {
        return false;
    }
    return cursor.len == 0 || (cursor_take_uuid(&cursor, ret_id) && cursor_is_spent(&cursor)) ||
           list_cursor_foreign(request);
}

struct list_page list_page(const struct list_query *list, const struct rows *rows)
{
    const size_t limit = (size_t)list->limit;
    const bool has_more = rows_count(rows) > limit;
    return (struct list_page){
        .rows = rows,
        .count = has_more ? limit : rows_count(rows),
        .has_more = has_more,
    };
}

void list_begin(struct request *request, struct json_writer *json)
{
    reply_json(request, 200, json);
    json_object_begin(json);
    json_key(json, "data");
    json_array_begin(json);
}

/* What browsers leave as it is in a query, but a URL must not hold (RFC 3986): '>' would end a
 * link. */
static void append_query(struct buf *out, struct str query)
{
    for (size_t i = 0; i < query.len; i++) {
        if (strchr("\"<>[\\]^`{|}", query.data[i]) != NULL) {
            buf_printf(out, "%%%02X", (unsigned)query.data[i]);
        } else {
            buf_append_char(out, query.data[i]);
        }
    }
}

/* The same request with the cursor of the next page. */
static void link_next(struct request *request, const char *cursor)
{
    const struct http_message *message = request->message;
    const char *base = request->base_url;
    CLEANUP(buf_done) struct buf link;
    buf_init(&link, HTTP_REPLY_HEADER_BYTES_MAX);
    buf_printf(&link, "<%s%.*s?", base != NULL ? base : "", STR_ARGS(message->path));
    struct str rest = message->query;
    while (rest.data != NULL && rest.len > 0) {
        const struct str pair = str_cut(&rest, '&');
        if (pair.len > 0 && !str_starts_with(pair, "cursor=")) {
            append_query(&link, pair);
            buf_append_char(&link, '&');
        }
    }
    buf_printf(&link, "cursor=%s>; rel=\"next\"", cursor);
    if (!link.failed) {
        http_reply_header(request->message, "Link", buf_str(&link));
    }
}

enum request_step list_end(struct request *request, struct json_writer *json,
                           const struct cursor *next)
{
    json_array_end(json);
    char text[CURSOR_TEXT_BYTES];
    if (next != NULL) {
        const struct sha256 binding =
            cursor_binding(request->route->operation_id, &request->binding);
        link_next(request, cursor_encode(next, &binding, text));
    }
    JSON_FIELD(json, "next_cursor", json_text, next != NULL ? text : NULL);
    json_object_end(json);
    return reply_end(request);
}

enum request_step list_end_behind(struct request *request, struct json_writer *json,
                                  const struct list_page *page, size_t time_column,
                                  size_t id_column)
{
    struct cursor next = {0};
    if (page->has_more) {
        cursor_put_int(&next, row_time(page->rows, page->count - 1, time_column));
        cursor_put_uuid(&next, row_uuid(page->rows, page->count - 1, id_column));
    }
    return list_end(request, json, page->has_more ? &next : NULL);
}

enum request_step list_end_behind_id(struct request *request, struct json_writer *json,
                                     const struct list_page *page, size_t id_column)
{
    struct cursor next = {0};
    if (page->has_more) {
        cursor_put_uuid(&next, row_uuid(page->rows, page->count - 1, id_column));
    }
    return list_end(request, json, page->has_more ? &next : NULL);
}
