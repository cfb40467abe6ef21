#include "store/idempotency.h"

#include "base/json_write.h"
#include "schema/json.h"

enum { ANSWER_BYTES_MAX = 512 * 1024 };

const int64_t idempotency_retention_us = US_PER_DAY;

size_t idempotency_lookup_params(struct params *params, const struct idempotent *operations,
                                 size_t count)
{
    params_clear(params);
    struct param *key_ids = param_array(params, ITEM_UUID);
    struct param *paths = param_array(params, ITEM_TEXT);
    struct param *keys = param_array(params, ITEM_TEXT);
    for (size_t i = 0; i < count; i++) {
        item_uuid(key_ids, operations[i].idempotency->key_id);
        item_text(paths, operations[i].idempotency->method_path);
        item_text(keys, operations[i].idempotency->key);
    }
    param_real(params, (double)idempotency_retention_us / (double)US_PER_SECOND);
    return count;
}

static void settle(const struct idempotent *operation, enum err_code code, const char *detail)
{
    operation->idempotency->is_replay = true;
    operation->idempotency->code = code;
    operation->idempotency->detail = detail;
    for (size_t i = 0; i < operation->result_count; i++) {
        operation->results[i]->is_replay = true;
        operation->results[i]->code = code;
        operation->results[i]->detail = detail;
    }
}

static bool is_same_key(const struct idempotency *a, const struct idempotency *b)
{
    return uuid_eq(a->key_id, b->key_id) && str_eq(a->method_path, b->method_path) &&
           str_eq(a->key, b->key);
}

/* ---- the stored answer: [[code, contact_id, id, flags, received_at], …] ---- */

enum { FLAG_NEW_CONTACT = 1, FLAG_CHANGED = 2, FLAG_REPLAY = 4 };

static void write_answer(struct buf *buf, const struct idempotent *operation)
{
    struct json_writer json;
    json_writer_init(&json, buf);
    json_array_begin(&json);
    for (size_t i = 0; i < operation->result_count; i++) {
        const struct input_result *result = operation->results[i];
        json_array_begin(&json);
        json_int(&json, (int64_t)result->code);
        json_uuid(&json, result->contact_id);
        json_uuid(&json, result->id);
        json_int(&json, (result->is_new_contact ? FLAG_NEW_CONTACT : 0) |
                            (result->changed ? FLAG_CHANGED : 0) |
                            (result->is_replay ? FLAG_REPLAY : 0));
        json_time(&json, result->received_at_us);
        json_array_end(&json);
    }
    json_array_end(&json);
}

static struct uuid uuid_of(const json_t *value)
{
    struct uuid uuid;
    return uuid_parse(json_str_of(value), &uuid) ? uuid : (struct uuid){{0}};
}

static void read_result(const json_t *stored, struct input_result *result)
{
    const json_int_t code = json_integer_value(json_array_get(stored, 0));
    const json_int_t flags = json_integer_value(json_array_get(stored, 3));
    *result = (struct input_result){
        .code = code >= OK && code < ERR_COUNT_ ? (enum err_code)code : ERR_BUG,
        .detail = code == OK ? NULL : "It was refused the first time.",
        .is_replay = true,
        .was_replay = (flags & FLAG_REPLAY) != 0,
        .is_new_contact = (flags & FLAG_NEW_CONTACT) != 0,
        .changed = (flags & FLAG_CHANGED) != 0,
        .contact_id = uuid_of(json_array_get(stored, 1)),
        .id = uuid_of(json_array_get(stored, 2)),
    };
    if (!time_parse(json_str_of(json_array_get(stored, 4)), &result->received_at_us)) {
        result->received_at_us = TIME_NONE;
    }
}

static enum err_code replay(const struct idempotent *operation, struct str answer,
                            struct err *reterr)
{
    json_auto_t *stored = NULL;
    const enum err_code code = json_parse(answer, &stored, reterr);
    if (code == ERR_NOMEM) {
        return code;
    }
    if (code != OK || json_array_size(stored) != operation->result_count) {
        settle(operation, ERR_INVALID, "This Idempotency-Key was used before, for something else.");
        return OK;
    }
    settle(operation, OK, NULL);
    for (size_t i = 0; i < operation->result_count; i++) {
        read_result(json_array_get(stored, i), operation->results[i]);
    }
    return OK;
}

/* ---- a batch ---- */

static enum err_code take_one(const struct rows *rows, const struct idempotent *operation,
                              struct err *reterr)
{
    struct idempotency *idempotency = operation->idempotency;
    for (size_t r = 0; r < rows_count(rows); r++) {
        const struct idempotency stored = {
            .key_id = row_uuid(rows, r, 0),
            .method_path = row_text(rows, r, 1),
            .key = row_text(rows, r, 2),
        };
        if (!is_same_key(&stored, idempotency)) {
            continue;
        }
        const struct str sent =
            str_slice((const char *)idempotency->fingerprint.bytes, SHA256_BYTES);
        if (!str_eq(row_text(rows, r, 3), sent)) {
            settle(operation, ERR_INVALID,
                   "This Idempotency-Key was used before, with another body.");
            return OK;
        }
        return replay(operation, row_text(rows, r, 4), reterr);
    }
    return OK;
}

enum err_code idempotency_take(const struct rows *rows, const struct idempotent *operations,
                               size_t count, struct err *reterr)
{
    for (size_t i = 0; i < count; i++) {
        operations[i].idempotency->is_replay = false;
        operations[i].idempotency->code = OK;
        const enum err_code code = take_one(rows, &operations[i], reterr);
        if (code != OK) {
            return code;
        }
        for (size_t k = 0; k < i && !operations[i].idempotency->is_replay; k++) {
            if (is_same_key(operations[i].idempotency, operations[k].idempotency)) {
                settle(&operations[i], ERR_CONFLICT,
                       "A request with this Idempotency-Key is being worked on. Try again in a "
                       "moment.");
            }
        }
    }
    return OK;
}

static bool has_changed(const struct idempotent *operation)
{
    for (size_t i = 0; i < operation->result_count; i++) {
        if (operation->results[i]->code == OK) {
            return true;
        }
    }
    return false;
}

size_t idempotency_insert_params(struct params *params, const struct idempotent *operations,
                                 size_t count, int64_t now_us)
{
    params_clear(params);
    struct param *key_ids = param_array(params, ITEM_UUID);
    struct param *paths = param_array(params, ITEM_TEXT);
    struct param *keys = param_array(params, ITEM_TEXT);
    struct param *fingerprints = param_array(params, ITEM_BYTES);
    struct param *answers = param_array(params, ITEM_TEXT);
    param_time(params, now_us);
    CLEANUP(buf_done) struct buf answer;
    buf_init(&answer, ANSWER_BYTES_MAX);
    size_t added = 0;
    for (size_t i = 0; i < count; i++) {
        const struct idempotency *idempotency = operations[i].idempotency;
        if (idempotency->is_replay || !has_changed(&operations[i])) {
            continue;
        }
        buf_clear(&answer);
        write_answer(&answer, &operations[i]);
        item_uuid(key_ids, idempotency->key_id);
        item_text(paths, idempotency->method_path);
        item_text(keys, idempotency->key);
        item_bytes(fingerprints, idempotency->fingerprint.bytes, SHA256_BYTES);
        item_text(answers, buf_str(&answer));
        added++;
    }
    return added;
}
