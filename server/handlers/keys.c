/*
 * Keys: made, listed, rotated, deleted. A key's text is shown once, in the answer that makes it;
 * what is stored is its hash.
 */
#include "handlers/keys.h"

#include <stdio.h>

#include "handlers/handlers.h"
#include "schema/json.h"

/* Ours to set, never a client's. */
static const char *const reserved[] = {
    "hash", "prefix", "last4", "previous_hash", "previous_expires_at", NULL};

static const int64_t overlap_default_us = US_PER_DAY;

json_t *key_body(const json_t *asked, char text[static KEY_TEXT_BYTES])
{
    json_t *body = json_copy(json_unconst(asked));
    const bool is_publishable = str_is(json_str_of(json_object_get(asked, "kind")), "publishable");
    key_make(is_publishable, text);
    char hash[2 * SHA256_BYTES + 1];
    key_hash(str_from(text), hash);
    const size_t len = strlen(text);
    if (body == NULL || json_object_set_new(body, "hash", json_string(hash)) != 0 ||
        json_object_set_new(body, "prefix", json_stringn(text, sizeof "relais_sk_" - 1)) != 0 ||
        json_object_set_new(body, "last4", json_string(text + len - KEY_SHOWN_BYTES)) != 0) {
        json_decref(body);
        return NULL;
    }
    return body;
}

/* Begins a set-up write of a body that is kept until the request ends. */
static enum request_step write_key(struct request *request, enum setup_action action, json_t *body,
                                   const char *text)
{
    if (body == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    request_own(request, body);
    request->data = arena_strdup(request->arena, text);
    struct setup_op *setup = request_setup(request, action, CATALOG_KEY);
    if (setup == NULL || request->data == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    setup->body = body;
    setup->target = request->params[0];
    return REQUEST_RUN;
}

enum request_step key_create_start(struct request *request)
{
    if (request_refuse_fields(request, reserved)) {
        return problem_faults(request);
    }
    char text[KEY_TEXT_BYTES];
    return write_key(request, SETUP_CREATE, key_body(request->body, text), text);
}

struct rotate_body {
    int64_t previous_valid_for_us;
};
static const struct field rotate_fields[] = {
    FIELD("previous_valid_for", DURATION, struct rotate_body, previous_valid_for_us,
          .flags = FIELD_NULLABLE, .max = 30 * 86400),
};
static const struct schema rotate_schema = SCHEMA(struct rotate_body, rotate_fields);

/* The id stays; the old text goes on working for a while, so that nothing breaks while the new one
 * is put in place. */
enum request_step key_rotate_start(struct request *request)
{
    struct rotate_body body;
    if (!schema_decode(&rotate_schema, request->body, request->arena, &body, &request->faults)) {
        return problem_faults(request);
    }
    const struct catalog_entry *entry =
        catalog_find(request->catalog, CATALOG_KEY, request->params[0]);
    if (entry == NULL) {
        return problem(request, ERR_NOT_FOUND, "There is no such key.");
    }
    const int64_t overlap_us = body.previous_valid_for_us == INT_NONE ? overlap_default_us
                                                                      : body.previous_valid_for_us;
    char text[KEY_TEXT_BYTES];
    char until[TIME_TEXT_BYTES];
    json_auto_t *kind = json_pack("{s:O}", "kind", json_object_get(entry->body, "kind"));
    json_t *patch = kind != NULL ? key_body(kind, text) : NULL;
    if (patch != NULL) {
        (void)json_object_del(patch, "kind");
        (void)json_object_set(patch, "previous_hash", json_object_get(entry->body, "hash"));
        (void)json_object_set_new(patch, "previous_expires_at",
                                  json_string(time_format(clock_wall_us() + overlap_us, until)));
    }
    return write_key(request, SETUP_PATCH, patch, text);
}

/* The entry as set-up is always shown, with `front` before its members: other members, each with
 * its comma. */
static void write_entry(struct json_writer *json, const char *front,
                        const struct catalog_entry *entry, const struct catalog *catalog)
{
    CLEANUP(buf_done) struct buf members;
    CLEANUP(buf_done) struct buf whole;
    buf_init(&members, REPLY_BYTES_MAX);
    buf_init(&whole, REPLY_BYTES_MAX);
    struct json_writer inner;
    json_writer_init(&inner, &members);
    catalog_write_entry(&inner, entry, catalog);
    buf_printf(&whole, "{%s", front);
    buf_append(&whole, buf_str(&members).data + 1, members.len > 0 ? members.len - 1 : 0);
    if (members.failed || whole.failed) {
        json->buf->failed = true;
        return;
    }
    json_raw(json, buf_str(&whole));
}

enum request_step key_finish(struct request *request)
{
    const struct setup_op *setup = request->setup;
    if (setup->op.err.code != OK) {
        return problem_err(request, &setup->op.err);
    }
    /* A key's text is shown once and not kept. */
    char front[KEY_TEXT_BYTES + 16] = "\"key\":null,";
    if (!request->is_replay) {
        (void)snprintf(front, sizeof front, "\"key\":\"%s\",", (const char *)request->data);
    }
    struct json_writer json;
    reply_json(request, setup->action == SETUP_CREATE ? 201 : 200, &json);
    write_entry(&json, front, setup->entry, setup->snapshot);
    return reply_end(request);
}

/* ---- what is known of their use ---- */

enum use_column { USE_KEY_ID, USE_LAST_USED_AT };

enum request_step key_list_start(struct request *request)
{
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    (void)read_op_query(read, STATEMENT_KEY_USE_ALL);
    return REQUEST_RUN;
}

/* Rows are in the order of ids. */
static int64_t last_used_at_us(const struct rows *rows, struct uuid key_id)
{
    size_t begin = 0;
    size_t end = rows_count(rows);
    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;
        const int order = uuid_compare(key_id, row_uuid(rows, middle, USE_KEY_ID));
        if (order == 0) {
            return row_time(rows, middle, USE_LAST_USED_AT);
        }
        begin = order > 0 ? middle + 1 : begin;
        end = order < 0 ? middle : end;
    }
    return TIME_NONE;
}

void key_write_listed(const struct request *request, struct json_writer *json,
                      const struct catalog_entry *entry)
{
    const int64_t at_us = last_used_at_us(request->read->queries[0].rows, entry->id);
    char text[TIME_TEXT_BYTES];
    char front[TIME_TEXT_BYTES + 24] = "\"last_used_at\":null,";
    if (at_us != TIME_NONE) {
        (void)snprintf(front, sizeof front, "\"last_used_at\":\"%s\",", time_format(at_us, text));
    }
    write_entry(json, front, entry, request->catalog);
}

enum request_step key_delete_start(struct request *request)
{
    struct setup_op *setup = request_setup(request, SETUP_DELETE, CATALOG_KEY);
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->target = request->params[0];
    return REQUEST_RUN;
}

enum request_step key_delete_finish(struct request *request)
{
    return request->setup->op.err.code == OK ? reply_empty(request)
                                             : problem_err(request, &request->setup->op.err);
}
