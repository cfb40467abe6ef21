/*
 * Keys: made, listed, rotated, deleted. A key's text is shown once, in the answer that makes it;
 * what is stored is its hash.
 */
#include "handlers/keys.h"

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

static bool has_reserved(struct request *request)
{
    for (size_t i = 0; reserved[i] != NULL; i++) {
        if (json_object_get(request->body, reserved[i]) != NULL) {
            faults_add(&request->faults, arena_printf(request->arena, "/%s", reserved[i]),
                       "unknown", "There is no such field.");
        }
    }
    return request->faults.count > 0;
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
    if (has_reserved(request)) {
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

enum request_step key_finish(struct request *request)
{
    const struct setup_op *setup = request->setup;
    if (setup->op.err.code != OK) {
        return problem_err(request, &setup->op.err);
    }
    CLEANUP(buf_done) struct buf entry;
    buf_init(&entry, REPLY_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &entry);
    catalog_write_entry(&json, setup->entry, setup->snapshot);
    reply_json(request, setup->action == SETUP_CREATE ? 201 : 200, &json);
    /* The entry as it is always shown, with the text in front. */
    struct buf *body = &request->message->reply.body;
    if (request->is_replay) {
        buf_append_text(body, "{\"key\":null,"); /* its text was shown once and is not kept */
    } else {
        buf_printf(body, "{\"key\":\"%s\",", (const char *)request->data);
    }
    buf_append(body, buf_str(&entry).data + 1, entry.len > 0 ? entry.len - 1 : 0);
    return reply_end(request);
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
