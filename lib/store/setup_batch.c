/*
 * A set-up write: lock the head, make sure this process knows the newest set-up, check the proposed
 * body against it, write, bump the version, commit, and load the new snapshot before answering: who
 * gets the answer finds what it says.
 */
#include "domain/agreement.h"
#include "schema/json.h"
#include "store/calendar_rows.h"
#include "store/idempotency.h"
#include "store/store_internal.h"

struct setup {
    struct worker *worker;
    struct setup_op *op;
    struct catalog *catalog;
    const struct catalog_entry *existing;
    json_t *body; /* to store; owned */
    struct str slug;
    int64_t now_us;
    struct input_result result; /* what an Idempotency-Key remembers: the entry's id */
    struct err *reterr;
};

static const char apply_name[] = "apply_to_running";

/* Results of this kind are answers, not failures of the batch. */
static enum err_code refuse(struct setup *setup, enum err_code code, const char *detail)
{
    return err_set(setup->reterr, code, "%s", detail);
}

static enum err_code lock_head(struct setup *setup)
{
    struct conn *conn = setup->worker->conn;
    struct rows *rows = NULL;
    enum err_code code = conn_send(conn, STATEMENT_BEGIN, NULL, setup->reterr);
    code = code != OK ? code : conn_send(conn, STATEMENT_CATALOG_LOCK, NULL, setup->reterr);
    code = code != OK ? code : conn_flush(conn, setup->reterr);
    code = code != OK ? code : conn_result(conn, NULL, setup->reterr);
    code = code != OK ? code : conn_result(conn, &rows, setup->reterr);
    code = code != OK ? code : catalog_head_check(rows, setup->reterr);
    if (code == OK) {
        setup->now_us = row_time(rows, 0, 1);
        if (row_bigint(rows, 0, 0) != catalog_version(setup->catalog)) {
            code = err_set(setup->reterr, ERR_CONFLICT, "The set-up has changed meanwhile.");
        }
    }
    rows_free(rows);
    return code;
}

static bool has_fault(const struct faults *faults, const char *pointer)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (str_is(str_from(faults->items[i].pointer), pointer)) {
            return true;
        }
    }
    return false;
}

/* Which time zones there are only the database knows: it is the one that will use them. */
static enum err_code check_time_zone(struct setup *setup, const json_t *proposed)
{
    const struct str zone = json_str_of(json_object_get(proposed, "time_zone"));
    const struct catalog_entry *existing = setup->existing;
    if (zone.data == NULL || has_fault(setup->op->faults, "/time_zone") ||
        (existing != NULL &&
         str_eq(zone, json_str_of(json_object_get(existing->body, "time_zone"))))) {
        return OK;
    }
    struct conn *conn = setup->worker->conn;
    struct params *params = &setup->worker->params;
    struct rows *rows = NULL;
    params_clear(params);
    param_text(params, zone);
    enum err_code code = conn_send(conn, STATEMENT_TIME_ZONE_EXISTS, params, setup->reterr);
    code = code != OK ? code : conn_flush(conn, setup->reterr);
    code = code != OK ? code : conn_result(conn, &rows, setup->reterr);
    if (code == OK && !row_bool(rows, 0, 0)) {
        faults_add(setup->op->faults, "/time_zone", "unknown",
                   "There is no such time zone. Use a name like Europe/Paris.");
    }
    rows_free(rows);
    return code;
}

/* An entry stands in the way: the caller is told which. detail NULL: reterr says why already. */
static enum err_code refuse_for(struct setup *setup, const struct catalog_entry *entry,
                                const char *detail)
{
    setup->op->entry = entry;
    setup->op->snapshot = catalog_ref(setup->catalog);
    return detail != NULL ? refuse(setup, ERR_CONFLICT, detail) : ERR_CONFLICT;
}

/* A policy takes no agreed one's place. */
static enum err_code check_order(struct setup *setup)
{
    const char *forbidden =
        setup->op->entry_kind == CATALOG_POLICY
            ? agreement_forbids_before(setup->catalog, setup->body, setup->op->arena)
            : NULL;
    return forbidden == NULL ? OK
                             : refuse_for(setup, agreement_in_force(setup->catalog), forbidden);
}

/* What the entry's body shall be: checked, complete. */
static enum err_code propose(struct setup *setup)
{
    struct setup_op *op = setup->op;
    const struct catalog_entry *existing = NULL;
    if (op->action != SETUP_CREATE) {
        existing = catalog_find(setup->catalog, op->entry_kind, op->target);
        if (existing == NULL) {
            return refuse(setup, ERR_NOT_FOUND, "There is no such thing.");
        }
        if (op->if_version != 0 && op->if_version != existing->version) {
            return refuse(setup, ERR_STALE, "It was changed meanwhile: read it again.");
        }
    }
    setup->existing = existing;
    const char *forbidden =
        existing != NULL ? agreement_forbids(setup->catalog, existing, op->body, op->arena) : NULL;
    if (forbidden != NULL) {
        return refuse_for(setup, agreement_in_force(setup->catalog), forbidden);
    }
    if (op->action == SETUP_DELETE) {
        return OK;
    }
    json_auto_t *proposed = existing != NULL ? json_merge_patch(existing->body, op->body)
                                             : json_deep_copy(op->body);
    if (proposed == NULL) {
        return refuse(setup, ERR_NOMEM, "Out of memory.");
    }
    if (existing != NULL &&
        (op->entry_kind == CATALOG_POLICY || op->entry_kind == CATALOG_CALENDAR)) {
        (void)json_object_del(proposed, apply_name); /* a word to us, not of the entry */
    }
    const enum err_code dates = setup_resolve_dates(setup->worker, setup->catalog, op->entry_kind,
                                                    proposed, op->arena, setup->reterr);
    if (dates != OK) {
        return dates;
    }
    const struct catalog_proposal proposal = {
        .kind = op->entry_kind,
        .existing = existing,
        .body = proposed,
        .id = op->id,
        .now_us = setup->now_us,
    };
    enum err_code code = catalog_check(setup->catalog, &proposal, op->arena, &setup->body,
                                       &setup->slug, op->faults, setup->reterr);
    if (code == OK || code == ERR_INVALID) {
        const enum err_code zone = check_time_zone(setup, proposed);
        code = zone != OK ? zone : code;
    }
    if (code == OK && op->faults->count > 0) {
        return refuse(setup, ERR_INVALID, op->faults->items[0].detail);
    }
    if (code == ERR_CONFLICT) {
        return refuse_for(setup, existing, /* detail= */ NULL);
    }
    code = code != OK ? code : check_order(setup);
    if (code != OK) {
        return code;
    }
    const struct catalog_entry *taken = catalog_find(setup->catalog, op->entry_kind, setup->slug);
    if (taken != NULL && taken != existing) {
        return refuse_for(setup, taken, "This is taken already.");
    }
    return OK;
}

/* The parameters of CATALOG_INSERT. */
struct new_entries {
    struct param *ids;
    struct param *kinds;
    struct param *slugs;
    struct param *bodies;
};

static struct new_entries new_entries(struct params *params, int64_t now_us)
{
    params_clear(params);
    const struct new_entries entries = {
        .ids = param_array(params, ITEM_UUID),
        .kinds = param_array(params, ITEM_TEXT),
        .slugs = param_array(params, ITEM_TEXT),
        .bodies = param_array(params, ITEM_TEXT),
    };
    param_time(params, now_us);
    return entries;
}

static void add_entry(const struct new_entries *entries, struct uuid id, enum catalog_kind kind,
                      struct str slug, struct str body)
{
    item_uuid(entries->ids, id);
    item_text(entries->kinds, str_from(catalog_kind_names[kind]));
    item_text(entries->slugs, slug);
    item_text(entries->bodies, body);
}

static enum err_code send_entry(struct setup *setup)
{
    struct params *params = &setup->worker->params;
    params_clear(params);
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, PARAM_BYTES_MAX);
    if (setup->body != NULL) { /* a DELETE has none */
        json_serialize(&body, setup->body);
    }
    if (body.failed) {
        return refuse(setup, ERR_NOMEM, "Out of memory.");
    }
    const struct str slug = setup->slug;
    if (setup->existing == NULL) {
        const struct new_entries entries = new_entries(params, setup->now_us);
        add_entry(&entries, setup->op->id, setup->op->entry_kind, slug, buf_str(&body));
        return conn_send(setup->worker->conn, STATEMENT_CATALOG_INSERT, params, setup->reterr);
    }
    param_uuid(params, setup->existing->id);
    if (setup->op->action == SETUP_DELETE) {
        return conn_send(setup->worker->conn, STATEMENT_CATALOG_DELETE, params, setup->reterr);
    }
    param_text(params, slug);
    param_text(params, buf_str(&body));
    param_time(params, setup->now_us);
    return conn_send(setup->worker->conn, STATEMENT_CATALOG_UPDATE, params, setup->reterr);
}

/* One of a list: added to the parameters unless it is there already. */
static enum err_code propose_item(struct setup *setup, const struct new_entries *entries,
                                  struct setup_item *item, size_t beside_count)
{
    struct setup_op *op = setup->op;
    const struct catalog_proposal proposal = {
        .kind = item->kind,
        .beside_count = beside_count,
        .body = item->body,
        .id = item->id,
        .now_us = setup->now_us,
    };
    json_auto_t *body = NULL;
    struct str slug;
    const enum err_code code = catalog_check(setup->catalog, &proposal, op->arena, &body, &slug,
                                             op->faults, setup->reterr);
    if (code != OK) {
        op->entry_kind = item->kind;
        return code;
    }
    const struct catalog_entry *taken = catalog_find(setup->catalog, item->kind, slug);
    if (taken != NULL) {
        item->id = taken->id;
        return OK;
    }
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, PARAM_BYTES_MAX);
    json_serialize(&text, body);
    add_entry(entries, item->id, item->kind, slug, buf_str(&text));
    return text.failed ? refuse(setup, ERR_NOMEM, "Out of memory.") : OK;
}

static enum err_code send_entries(struct setup *setup)
{
    const struct setup_op *op = setup->op;
    struct params *params = &setup->worker->params;
    const struct new_entries entries = new_entries(params, setup->now_us);
    size_t made[CATALOG_KIND_COUNT_] = {0};
    for (size_t i = 0; i < op->item_count; i++) {
        struct setup_item *item = &op->items[i];
        const size_t before = entries.ids->item_count;
        const enum err_code code = propose_item(setup, &entries, item, made[item->kind]);
        if (code != OK) {
            return code;
        }
        made[item->kind] += entries.ids->item_count - before;
    }
    return conn_send(setup->worker->conn, STATEMENT_CATALOG_INSERT, params, setup->reterr);
}

static struct idempotent idempotent_of(struct setup *setup, struct input_result **results)
{
    results[0] = &setup->result;
    return (struct idempotent){
        .idempotency = setup->op->idempotency, .results = results, .result_count = 1};
}

/* Whether this was answered before; the result then says what. */
static enum err_code look_up_answer(struct setup *setup)
{
    struct conn *conn = setup->worker->conn;
    struct params *params = &setup->worker->params;
    struct input_result *results[1];
    const struct idempotent operation = idempotent_of(setup, results);
    struct rows *rows = NULL;
    (void)idempotency_lookup_params(params, &operation, 1);
    enum err_code code = conn_send(conn, STATEMENT_IDEMPOTENCY_EXISTING, params, setup->reterr);
    code = code != OK ? code : conn_flush(conn, setup->reterr);
    code = code != OK ? code : conn_result(conn, &rows, setup->reterr);
    code = code != OK ? code : idempotency_take(rows, &operation, 1, setup->reterr);
    rows_free(rows);
    if (code == OK && setup->result.code != OK) {
        return refuse(setup, setup->result.code, setup->result.detail);
    }
    return code;
}

static enum err_code store_answer(struct setup *setup, size_t *sent)
{
    if (setup->op->idempotency == NULL) {
        return OK;
    }
    struct input_result *results[1];
    setup->result.id = setup->existing != NULL ? setup->existing->id : setup->op->id;
    const struct idempotent operation = idempotent_of(setup, results);
    struct params *params = &setup->worker->params;
    if (idempotency_insert_params(params, &operation, 1, setup->now_us) == 0) {
        return OK;
    }
    *sent += 1;
    return conn_send(setup->worker->conn, STATEMENT_IDEMPOTENCY_INSERT, params, setup->reterr);
}

/* What a calendar means is there as soon as the calendar is: in the same transaction. */
static enum err_code expand_calendar(struct setup *setup, size_t *sent)
{
    const struct setup_op *op = setup->op;
    if (!calendar_is_expanded(op->entry_kind) ||
        (op->action != SETUP_CREATE && op->action != SETUP_PATCH)) {
        return OK;
    }
    const struct catalog_entry *existing = setup->existing;
    const struct calendar_key key = {
        .id = existing != NULL ? existing->id : op->id,
        .version = existing != NULL ? existing->version + 1 : 1,
    };
    *sent += 1;
    return calendar_send_expansion(setup->worker->conn, &setup->worker->params, key, setup->body,
                                   setup->now_us, op->arena, setup->reterr);
}

/* The clocks that run are reached one batch after the other; that they are to be is written now. */
static enum err_code send_clock_change(struct setup *setup, size_t *sent)
{
    const struct setup_op *op = setup->op;
    struct params *params = &setup->worker->params;
    if (!op->reaches_clocks || setup->existing == NULL) {
        return OK;
    }
    params_clear(params);
    param_uuid(params, setup->existing->id);
    param_int(params, setup->existing->version + 1);
    param_text(params, str_from(catalog_kind_names[op->entry_kind]));
    param_text(params, op->actor);
    param_time(params, setup->now_us);
    *sent += 1;
    return conn_send(setup->worker->conn, STATEMENT_CLOCK_CHANGE_INSERT, params, setup->reterr);
}

/* The feed's word about it: of no contact. */
static enum err_code send_event(struct setup *setup, size_t *sent)
{
    const struct setup_op *op = setup->op;
    struct params *params = &setup->worker->params;
    if (op->event == NULL) {
        return OK;
    }
    params_clear(params);
    param_int(params, 1);
    item_text(param_array(params, ITEM_TEXT), str_from(op->event));
    item_uuid_or_null(param_array(params, ITEM_UUID), (struct uuid){{0}});
    item_time(param_array(params, ITEM_TIME), setup->now_us);
    item_text(param_array(params, ITEM_TEXT), op->event_data);
    *sent += 1;
    return conn_send(setup->worker->conn, STATEMENT_EVENT_INSERT, params, setup->reterr);
}

static enum err_code write_entries(struct setup *setup, bool *ret_is_synced)
{
    struct conn *conn = setup->worker->conn;
    enum err_code code = setup->op->action == SETUP_CREATE_ALL ? send_entries(setup)
                                                               : send_entry(setup);
    size_t sent = 3; /* entry, version, COMMIT */
    code = code != OK ? code : conn_send(conn, STATEMENT_CATALOG_BUMP, NULL, setup->reterr);
    code = code != OK ? code : expand_calendar(setup, &sent);
    code = code != OK ? code : send_clock_change(setup, &sent);
    code = code != OK ? code : send_event(setup, &sent);
    code = code != OK ? code : store_answer(setup, &sent);
    code = code != OK ? code : conn_send(conn, STATEMENT_COMMIT, NULL, setup->reterr);
    if (code == OK) {
        *ret_is_synced = true;
        code = conn_sync(conn, setup->reterr);
    }
    for (size_t i = 0; code == OK && i < sent; i++) {
        code = conn_result(conn, NULL, setup->reterr);
    }
    return code;
}

/* Refusals are the operation's own answer; the rest is for the worker to try again or to report. */
static bool is_answer(enum err_code code)
{
    return code == OK || code == ERR_INVALID || code == ERR_NOT_FOUND || code == ERR_STALE ||
           code == ERR_FORBIDDEN;
}

static void complete(struct setup *setup, const struct err *err)
{
    struct setup_op *op = setup->op;
    op->op.now_us = setup->now_us;
    if (err->code == OK && op->action != SETUP_CREATE_ALL) {
        op->snapshot = store_catalog(setup->worker->store);
        const bool is_replay = op->idempotency != NULL && op->idempotency->is_replay;
        const struct uuid id = is_replay                 ? setup->result.id
                               : setup->existing != NULL ? setup->existing->id
                                                         : op->id;
        char text[UUID_TEXT_BYTES];
        op->entry = catalog_find(op->snapshot, op->entry_kind, str_from(uuid_format(id, text)));
    }
    if (err->code == OK && setup->existing != NULL) {
        op->applied_id = setup->existing->id;
        op->applied_version = setup->existing->version + 1;
    }
    op_complete(&op->op, err);
}

/* Under the lock, with the newest set-up at hand. *ret_is_proposed: what failed after that is the
 * writing. */
static enum err_code answer_or_write(struct setup *setup, bool *ret_is_proposed)
{
    struct conn *conn = setup->worker->conn;
    bool is_synced = false;
    enum err_code code = setup->op->idempotency != NULL ? look_up_answer(setup) : OK;
    if (code == OK && setup->result.is_replay) {
        conn_abandon(conn, is_synced);
        return OK;
    }
    if (code == OK && setup->op->action != SETUP_CREATE_ALL) {
        code = propose(setup);
    }
    *ret_is_proposed = code == OK;
    code = code != OK ? code : write_entries(setup, &is_synced);
    if (code != OK) {
        conn_abandon(conn, is_synced);
        return code;
    }
    return conn_end(conn, setup->reterr);
}

/* Our set-up is an old one: with the new one the operation runs again. */
static enum err_code catch_up(struct setup *setup)
{
    struct worker *worker = setup->worker;
    conn_abandon(worker->conn, /* is_synced= */ false);
    const enum err_code code = catalog_reload(worker->store, worker->conn, setup->reterr);
    return code == OK ? ERR_CONFLICT : code;
}

enum err_code setup_run(struct worker *worker, struct setup_op *op, struct err *reterr)
{
    if (op->action == SETUP_APPLY) {
        return clock_change_apply(worker, op, reterr);
    }
    struct setup setup = {.worker = worker, .op = op, .reterr = reterr};
    setup.catalog = store_catalog(worker->store);
    reterr->code = OK;
    bool is_proposed = false;
    enum err_code code = lock_head(&setup);
    if (code == OK) {
        code = answer_or_write(&setup, &is_proposed);
    } else if (code == ERR_CONFLICT && conn_is_open(worker->conn)) {
        code = catch_up(&setup);
    }
    struct err err;
    if (code == OK && catalog_reload(worker->store, worker->conn, &err) != OK) {
        conn_close(worker->conn); /* it is committed: the next batch notices the newer version */
    }
    const bool is_taken = code == ERR_CONFLICT && op->entry != NULL && !is_proposed;
    if (code == OK && op->event != NULL) {
        background_notify(worker->store, /* has_events= */ true, /* has_clocks= */ false);
    }
    if (is_answer(code) || is_taken) {
        err = code == OK ? (struct err){.code = OK} : *reterr;
        complete(&setup, &err);
        code = OK;
    }
    json_decref(setup.body);
    catalog_unref(setup.catalog);
    return code;
}
