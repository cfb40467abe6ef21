/*
 * A request's operations: the next one is made by `start` or `finish`, goes to its lane (or to the
 * spool) when the request has nothing else to do, and comes back on the store's thread.
 */
#include <stdio.h>
#include <stdlib.h>

#include "problem.h"
#include "request_internal.h"

void request_release_op(struct request *request)
{
    if (request->read != NULL) {
        read_op_done(request->read);
    }
    if (request->setup != NULL) {
        catalog_unref(request->setup->snapshot);
    }
    request->op = NULL;
    request->entry = NULL;
    request->change = NULL;
    request->setup = NULL;
    request->read = NULL;
}

void request_take_next_op(struct request *request)
{
    request->entry = TAKE(request->next_entry);
    struct op *op = TAKE(request->next_op);
    if (op == NULL) {
        return;
    }
    request->op = op;
    request->change = op->kind == OP_CHANGE ? CONTAINER_OF(op, struct change_op, op) : NULL;
    request->setup = op->kind == OP_SETUP ? CONTAINER_OF(op, struct setup_op, op) : NULL;
    const bool has_rows = op->kind == OP_READ || op->kind == OP_UPSERT;
    request->read = has_rows ? CONTAINER_OF(op, struct read_op, op) : NULL;
}

void request_drop_next_op(struct request *request)
{
    if (request->next_op != NULL || request->next_entry != NULL) {
        request_take_next_op(request);
        request_release_op(request);
    }
}

void request_submit(struct request *request)
{
    const bool is_taken = request->entry != NULL ? spool_submit(request->app->spool, request->entry)
                                                 : store_submit(request->app->store, request->op);
    if (!is_taken) {
        request_release_op(request);
        (void)problem(request, ERR_BUSY, "The service is busy. Try again in a moment.");
        http_resume(request->message);
    }
}

/* On the store's thread, last of all: on with the next operation, or back to HTTP. */
static void op_done(struct op *op)
{
    struct request *request = op->context;
    if ((request->next_op == NULL && request->next_entry == NULL) || request->is_restarting) {
        http_resume(request->message);
        return;
    }
    request_release_op(request);
    request_take_next_op(request);
    request_submit(request);
}

/* The operation was not done because there was nobody to do it. */
static bool is_out_of_reach(const struct request *request, const struct op *op)
{
    const bool may_be = op->err.code == ERR_TIMEOUT || op->err.code == ERR_STORE;
    return op->err.code == ERR_BUSY || (may_be && store_is_away(request->app->store));
}

/* On the store's thread, with the results at hand. */
static void op_finish(struct op *op)
{
    struct request *request = op->context;
    if (op->must_restart) {
        request->is_restarting = true;
        return;
    }
    request->is_current = request->is_current || op->err.code == OK;
    request->has_written = request->has_written || (op->kind != OP_READ && op->err.code == OK);
    if (request->has_answer) {
        return; /* it was only the check of the snapshot */
    }
    if (op->err.code != OK && op->kind != OP_SETUP) {
        if (request->away != NULL && is_out_of_reach(request, op)) {
            (void)request->away(request);
        } else {
            (void)problem_err(request, &op->err);
        }
        return;
    }
    const struct idempotency *key = request->change != NULL  ? request->change->idempotency
                                    : request->setup != NULL ? request->setup->idempotency
                                    : request->read != NULL  ? request->read->idempotency
                                                             : NULL;
    if (key != NULL && key->code != OK) {
        (void)problem(request, key->code, key->detail);
        if (key->code == ERR_CONFLICT) { /* its twin is in flight */
            http_reply_header(request->message, "Retry-After", STR_LITERAL("1"));
        }
        return;
    }
    request->is_replay = request->is_replay ||
                         (key != NULL && key->is_replay && op->err.code == OK);
    if (request->finish(request) == REQUEST_REPLY && request->is_replay &&
        request->message->reply.status < 400) {
        http_reply_header(request->message, "Idempotency-Replayed", STR_LITERAL("true"));
    }
}

static void *make_op(struct request *request, size_t size)
{
    void *op = arena_alloc(request->arena, size);
    if (op == NULL) {
        (void)problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    return op;
}

static void prepare_op(struct request *request, struct op *op)
{
    /* What is committed is answered, whatever the set-up is by then. */
    op->catalog = request->has_written ? NULL : request->catalog;
    op->finish = op_finish;
    op->done = op_done;
    op->context = request;
    request->next_op = op;
}

struct change_op *request_change(struct request *request, struct input *inputs, size_t count,
                                 enum lane lane)
{
    struct change_op *change = make_op(request, sizeof *change);
    if (change != NULL) {
        change_op_init(change, inputs, count, lane);
        change->idempotency = TAKE(request->idempotency);
        prepare_op(request, &change->op);
    }
    return change;
}

struct setup_op *request_setup(struct request *request, enum setup_action action,
                               enum catalog_kind kind)
{
    struct setup_op *setup = make_op(request, sizeof *setup);
    if (setup != NULL) {
        setup_op_init(setup);
        prepare_op(request, &setup->op);
        setup->idempotency = TAKE(request->idempotency);
        setup->op.catalog = NULL; /* it makes sure of the newest itself */
        setup->action = action;
        setup->entry_kind = kind;
        setup->arena = request->arena;
        setup->faults = &request->faults;
        setup->id = uuid_new(clock_wall_us());
    }
    return setup;
}

struct read_op *request_read(struct request *request)
{
    struct read_op *read = make_op(request, sizeof *read);
    if (read != NULL) {
        read_op_init(read);
        prepare_op(request, &read->op);
    }
    return read;
}

struct read_op *request_upsert(struct request *request)
{
    struct read_op *upsert = make_op(request, sizeof *upsert);
    if (upsert != NULL) {
        upsert_op_init(upsert);
        upsert->idempotency = TAKE(request->idempotency);
        prepare_op(request, &upsert->op);
    }
    return upsert;
}

/* On the spool's thread, last of all. */
static void entry_done(struct spool_entry *entry)
{
    struct request *request = entry->context;
    (void)request->finish(request);
    http_resume(request->message);
}

struct spool_entry *request_spool(struct request *request)
{
    struct spool_entry *entry = make_op(request, sizeof *entry);
    if (entry != NULL) {
        *entry = (struct spool_entry){.done = entry_done, .context = request};
        request->next_entry = entry;
    }
    return entry;
}

/* ---- what operations are made of ---- */

int64_t request_came_at_us(const struct request *request)
{
    return request->kept != NULL ? request->kept->received_at_us : clock_wall_us();
}

void request_input_init(struct request *request, struct input *input, enum input_kind kind)
{
    *input = (struct input){
        .kind = kind,
        .actor = {.member_id = request->principal.member_id,                                   .text = request->principal.actor},
        .activity = {.occurred_at_us = TIME_NONE,
                  .received_at_us = request->kept != NULL ? request->kept->received_at_us : 0},
        .move = {.work_by_us = TIME_NONE,
                  .at_us = TIME_NONE,
                  .until_us = TIME_NONE,
                  .helped_the_call = -1},
        .deal = {.won_at_us = TIME_NONE                                                    },
        .arena = request->arena,
    };
}

bool request_if_match(const struct request *request, int32_t *ret_version)
{
    struct str value = str_trim(http_header(request->message, "If-Match"));
    *ret_version = IF_MATCH_ANY;
    if (value.data == NULL || str_is(value, "*")) {
        return true;
    }
    int64_t version;
    if (value.len < 3 || value.data[0] != '"' || value.data[value.len - 1] != '"' ||
        !str_to_int64(str_slice(value.data + 1, value.len - 2), &version) || version < 1 ||
        version > INT32_MAX) {
        return false; /* an ETag that we never gave: it matches nothing */
    }
    *ret_version = (int32_t)version;
    return true;
}

bool request_refuse_fields(struct request *request, const char *const names[])
{
    for (size_t i = 0; names[i] != NULL; i++) {
        if (json_object_get(request->body, names[i]) != NULL) {
            char pointer[JSON_POINTER_BYTES_MAX];
            (void)snprintf(pointer, sizeof pointer, "/%s", names[i]);
            faults_add(&request->faults, pointer, "unknown", "There is no such field.");
        }
    }
    return request->faults.count > 0;
}

bool request_uuid_param(struct request *request, size_t index, struct uuid *ret_id)
{
    if (uuid_parse(request->params[index], ret_id)) {
        return true;
    }
    (void)problem(request, ERR_NOT_FOUND, "There is nothing with this id.");
    return false;
}
