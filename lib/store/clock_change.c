/*
 * A changed policy or calendar reaches the clocks that run.
 *
 * That it is to is written with the entry's new version (table clock_change). Then the clocks are
 * gone through in the order of their contacts, some hundred at a time, each batch a transaction:
 * lock the change, so that one worker or thread at a time is at it; lock the contacts, as all do
 * who touch their clocks; read, with a snapshot of after that, what runs or rests and is not late;
 * make each promise once more (lib/domain/promise.c); write clocks, histories and events, and how
 * far it has come. Who posts meanwhile waits for a batch at most, and whoever is killed, the next
 * one goes on where the last batch ended. Who asked for it waits until all are reached or, when
 * there are many, is told how many are left to the thread in the background.
 *
 * A contact may be merged between being found and being locked; such a clock is passed over. So it
 * goes round until a round has changed nothing; what is done is not found again, for it has the
 * version. What cannot be done (a target that does not come, another kind of promise) keeps what
 * it has.
 */
#include "base/json_document.h"
#include "domain/promise.h"
#include "schema/json.h"
#include "store/calendar_rows.h"
#include "store/contact_rows.h"
#include "store/effects_rows.h"
#include "store/store_internal.h"

enum {
    CLOCKS_AT_ONCE = 200,
    CLOCKS_WAITED_FOR = 2000, /* about a second; then the answer says how many are left */
    PAUSES_OF_CLOCK_MAX = 100,
    TERMS_MAX = 64, /* different versions of policies in a batch; others wait for the next round */
    CHANGE_EVENT_BYTES_MAX = 4096,
};

static const int64_t look_pause_us = 5 * US_PER_SECOND;

/* Columns of clock_change_take.sql. */
enum take_column {
    TAKE_KIND,
    TAKE_ACTOR,
    TAKE_AFTER_CONTACT,
    TAKE_AFTER_CLOCK,
    TAKE_IS_IDLE,
    TAKE_CHANGED,
    TAKE_MOVED,
    TAKE_FINISHED_AT,
    TAKE_CATALOG_VERSION,
    TAKE_NOW,
    TAKE_BODY,
};

/* Columns of clock_change_lock.sql. */
enum lock_column { LOCK_CONTACT_ID, LOCK_CLOCK_ID, LOCK_LOCKED_ID };

/* Columns of clock_change_read.sql, behind those of clock_state.sql. */
enum read_column {
    READ_CONTACT_ID = 0,
    READ_POLICY_VERSION = 21,
    READ_BODY,
    READ_SHOWN_ID,
    READ_ASSIGNEE,
    READ_PAUSES,
};

/* A version of a policy. */
struct terms {
    struct uuid policy_id;
    int32_t version;
    json_t *body; /* owned */
    bool is_known;
    struct policy policy;
};

struct clock_change {
    struct store *store;
    struct conn *conn;
    struct params *params;
    struct arena *arena;
    struct err *reterr;
    struct uuid entry_id;
    int32_t version;

    struct catalog *catalog; /* owned */
    struct rows *take;       /* owned */
    bool is_of_policy;
    int64_t now_us;
    struct uuid after_contact; /* how far it has come */
    struct uuid after_clock;
    const struct calendar *calendar; /* of a calendar: the version that clocks get */
    struct terms terms[TERMS_MAX];
    size_t term_count;
    struct buf clocks; /* rows as JSON arrays */
    struct buf histories;
    struct json_writer clocks_json;
    struct json_writer histories_json;
    struct event_row *events;
    size_t changed; /* by this batch */
    size_t moved;
    bool is_finished;
};

static enum err_code no_memory(const struct clock_change *change)
{
    return err_set(change->reterr, ERR_NOMEM, "Out of memory for clocks that are to change.");
}

/* ---- what clocks are to promise ---- */

/* NULL: nobody knows how it was, or there is no more room. */
static const struct policy *terms_of(struct clock_change *change, struct uuid policy_id,
                                     int32_t version, struct str body)
{
    for (size_t i = 0; i < change->term_count; i++) {
        const struct terms *terms = &change->terms[i];
        if (terms->version == version && uuid_eq(terms->policy_id, policy_id)) {
            return terms->is_known ? &terms->policy : NULL;
        }
    }
    struct err ignored;
    if (body.data == NULL || change->term_count == TERMS_MAX) {
        return NULL;
    }
    struct terms *terms = &change->terms[change->term_count++];
    *terms = (struct terms){.policy_id = policy_id, .version = version};
    terms->is_known = json_parse(body, &terms->body, &ignored) == OK &&
                      catalog_policy_terms(change->catalog, policy_id, version, terms->body,
                                           change->arena, &terms->policy);
    return terms->is_known ? &terms->policy : NULL;
}

static size_t said_before(size_t all, size_t left)
{
    return all > left ? all - left : 0;
}

/* False: it stays as it is. */
static bool renew(struct clock_change *change, const struct rows *rows, size_t row,
                  struct clock_record *clock)
{
    const struct policy *before = terms_of(change, clock->policy_id,
                                           row_int(rows, row, READ_POLICY_VERSION),
                                           row_text(rows, row, READ_BODY));
    const struct policy *after = change->is_of_policy
                                     ? terms_of(change, change->entry_id, change->version,
                                                row_text(change->take, 0, TAKE_BODY))
                                     : before;
    int64_t times_us[2 * PAUSES_OF_CLOCK_MAX];
    struct pause pauses[PAUSES_OF_CLOCK_MAX];
    const size_t count = row_times(rows, row, READ_PAUSES, times_us, ARRAY_LEN(times_us)) / 2;
    if (after == NULL || !str_eq(after->kind, clock->kind) || count == PAUSES_OF_CLOCK_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        pauses[i] = (struct pause){.from_us = times_us[2 * i], .to_us = times_us[2 * i + 1]};
    }
    struct renewal renewal = {
        .policy = after,
        .hours = {.items = {change->calendar}, .count = 1},
        .zone = &catalog_organisation(change->catalog)->zone,
        .pauses = pauses,
        .pause_count = count,
        .warned = before != NULL ? said_before(before->warn_count, clock->warning_count) : SIZE_MAX,
        .escalated = before != NULL ? said_before(before->step_count, clock->step_count) : SIZE_MAX,
        .now_us = change->now_us,
    };
    if (change->is_of_policy) {
        promise_hours(change->catalog, after, row_uuid(rows, row, READ_ASSIGNEE), &renewal.hours);
    }
    return promise_renew(clock, &renewal);
}

/* ---- what is told of it ---- */

static void write_change(struct json_writer *json, const struct clock_record *clock,
                         int64_t was_due_us)
{
    JSON_FIELD(json, "kind", json_str, clock->kind);
    JSON_FIELD(json, "due_at", json_time, clock->due_at_us);
    JSON_FIELD(json, "was_due_at", json_time, was_due_us);
}

static const char *reason_of(const struct clock_change *change)
{
    return catalog_kind_names[change->is_of_policy ? CATALOG_POLICY : CATALOG_CALENDAR];
}

static void add_history(struct clock_change *change, struct uuid contact_id,
                        const struct clock_record *clock, int64_t was_due_us)
{
    struct json_writer *json = &change->histories_json;
    json_object_begin(json);
    JSON_FIELD(json, "contact_id", json_uuid, contact_id);
    JSON_FIELD(json, "handoff_id", json_uuid, clock->handoff_id);
    JSON_FIELD(json, "entry_id", json_uuid, uuid_new(change->now_us));
    JSON_FIELD(json, "kind", json_text, "rescheduled");
    JSON_FIELD(json, "at", json_time, change->now_us);
    JSON_FIELD(json, "actor", json_str, row_text(change->take, 0, TAKE_ACTOR));
    JSON_FIELD(json, "reason", json_text, reason_of(change));
    JSON_FIELD(json, "clock_id", json_uuid, clock->clock_id);
    json_key(json, "detail");
    json_object_begin(json);
    write_change(json, clock, was_due_us);
    json_object_end(json);
    json_object_end(json);
}

static enum err_code add_event(struct clock_change *change, struct uuid shown_id,
                               const struct clock_record *clock, int64_t was_due_us)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, CHANGE_EVENT_BYTES_MAX);
    JSON_FIELD(json, "clock_id", json_uuid, clock->clock_id);
    JSON_FIELD(json, "handoff_id", json_uuid, clock->handoff_id);
    write_change(json, clock, was_due_us);
    JSON_FIELD(json, "reason", json_text, reason_of(change));
    const struct str data = json_document_end(&document, change->arena);
    if (data.data == NULL) {
        return no_memory(change);
    }
    change->events[change->moved] = (struct event_row){.contact_id = shown_id, .data = data};
    return OK;
}

static enum err_code change_one(struct clock_change *change, const struct rows *rows, size_t row)
{
    struct clock_record clock = {.policy_version = 0};
    clock_from_row(rows, row, &clock);
    const int64_t was_due_us = clock.due_at_us;
    if (!renew(change, rows, row, &clock)) {
        return OK;
    }
    const struct uuid contact_id = row_uuid(rows, row, READ_CONTACT_ID);
    json_object_begin(&change->clocks_json);
    clock_write_row(&change->clocks_json, contact_id, &clock);
    json_object_end(&change->clocks_json);
    change->changed++;
    if (clock.due_at_us == was_due_us) {
        return OK;
    }
    add_history(change, contact_id, &clock, was_due_us);
    const enum err_code code =
        add_event(change, row_uuid(rows, row, READ_SHOWN_ID), &clock, was_due_us);
    change->moved++;
    return code;
}

/* ---- writing ---- */

static enum err_code write_rows(struct clock_change *change, enum statement statement,
                                struct json_writer *json, struct buf *buf)
{
    json_array_end(json);
    if (buf->failed) {
        return no_memory(change);
    }
    params_clear(change->params);
    param_text(change->params, buf_str(buf));
    return transaction_go_on(change->conn, statement, change->params, NULL, change->reterr);
}

static enum err_code write_events(struct clock_change *change)
{
    struct params *params = change->params;
    params_clear(params);
    param_int(params, (int32_t)change->moved);
    struct param *types = param_array(params, ITEM_TEXT);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *times = param_array(params, ITEM_TIME);
    struct param *data = param_array(params, ITEM_TEXT);
    for (size_t i = 0; i < change->moved; i++) {
        item_text(types, STR_LITERAL("sla.changed"));
        item_uuid(contacts, change->events[i].contact_id);
        item_time(times, change->now_us);
        item_text(data, change->events[i].data);
    }
    return transaction_go_on(change->conn, STATEMENT_EVENT_INSERT, params, NULL, change->reterr);
}

static enum err_code write_changes(struct clock_change *change)
{
    enum err_code code = OK;
    if (change->changed > 0) {
        code =
            write_rows(change, STATEMENT_CLOCK_CHANGE_WRITE, &change->clocks_json, &change->clocks);
    }
    if (code == OK && change->moved > 0) {
        code = write_rows(change, STATEMENT_HANDOFF_HISTORY_INSERT, &change->histories_json,
                          &change->histories);
        code = code != OK ? code : write_events(change);
    }
    return code;
}

/* A round that changed nothing was the last. */
static enum err_code note_progress(struct clock_change *change, bool is_end_of_round)
{
    const struct uuid beginning = {{0}};
    bool is_idle = change->changed == 0 && row_bool(change->take, 0, TAKE_IS_IDLE);
    change->is_finished = is_end_of_round && is_idle;
    is_idle = is_idle || is_end_of_round;
    struct params *params = change->params;
    params_clear(params);
    param_uuid(params, change->entry_id);
    param_int(params, change->version);
    param_time(params, change->now_us);
    param_uuid(params, is_end_of_round ? beginning : change->after_contact);
    param_uuid(params, is_end_of_round ? beginning : change->after_clock);
    param_bool(params, is_idle);
    param_bigint(params, (int64_t)change->changed);
    param_bigint(params, (int64_t)change->moved);
    param_bool(params, change->is_finished);
    return transaction_go_on(change->conn, STATEMENT_CLOCK_CHANGE_NOTE, params, NULL,
                             change->reterr);
}

/* ---- a batch ---- */

/* The calendar's version that clocks get, which may be in force no more. */
static enum err_code find_calendar(struct clock_change *change)
{
    const struct calendar *current = catalog_calendar(change->catalog, change->entry_id);
    if (change->is_of_policy || (current != NULL && current->version == change->version)) {
        change->calendar = change->is_of_policy ? NULL : current;
        return OK;
    }
    const struct calendar_key key = {change->entry_id, change->version};
    enum err_code code = calendars_send(change->conn, &key, 1, change->reterr);
    code = code != OK ? code : conn_flush(change->conn, change->reterr);
    return code != OK ? code
                      : calendars_receive(change->conn, &key, 1, change->arena, &change->calendar,
                                          change->reterr);
}

/* Locks the contacts of the next clocks; *ret_rows: which they are. */
static enum err_code lock_next(struct clock_change *change, struct rows **ret_rows)
{
    const struct uuid none = {{0}};
    struct params *params = change->params;
    params_clear(params);
    param_uuid(params, row_uuid(change->take, 0, TAKE_AFTER_CONTACT));
    param_uuid(params, row_uuid(change->take, 0, TAKE_AFTER_CLOCK));
    param_uuid(params, change->is_of_policy ? change->entry_id : none);
    param_uuid(params, change->is_of_policy ? none : change->entry_id);
    param_int(params, change->version);
    param_int(params, CLOCKS_AT_ONCE);
    return transaction_go_on(change->conn, STATEMENT_CLOCK_CHANGE_LOCK, params, ret_rows,
                             change->reterr);
}

/* The clocks that were found, as they are under the lock; and how far that is. */
static enum err_code read_locked(struct clock_change *change, const struct rows *locked,
                                 struct rows **ret_rows)
{
    struct params *params = change->params;
    params_clear(params);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *clocks = param_array(params, ITEM_UUID);
    struct param *roots = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < rows_count(locked); i++) {
        const struct uuid contact_id = row_uuid(locked, i, LOCK_CONTACT_ID);
        const struct uuid clock_id = row_uuid(locked, i, LOCK_CLOCK_ID);
        const int order = uuid_compare(contact_id, change->after_contact);
        if (order > 0 || (order == 0 && uuid_compare(clock_id, change->after_clock) > 0)) {
            change->after_contact = contact_id;
            change->after_clock = clock_id;
        }
        item_uuid(contacts, contact_id);
        item_uuid(clocks, clock_id);
        item_uuid(roots, row_uuid(locked, i, LOCK_LOCKED_ID));
    }
    param_time(params, change->now_us);
    return transaction_go_on(change->conn, STATEMENT_CLOCK_CHANGE_READ, params, ret_rows,
                             change->reterr);
}

static enum err_code change_all(struct clock_change *change, const struct rows *rows)
{
    change->events = arena_array(change->arena, rows_count(rows), sizeof *change->events);
    if (change->events == NULL) {
        return no_memory(change);
    }
    for (size_t row = 0; row < rows_count(rows); row++) {
        const enum err_code code = change_one(change, rows, row);
        if (code != OK) {
            return code;
        }
    }
    return write_changes(change);
}

/* Under the lock of the change. */
static enum err_code do_batch(struct clock_change *change)
{
    struct rows *locked = NULL;
    struct rows *rows = NULL;
    enum err_code code = find_calendar(change);
    code = code != OK ? code : lock_next(change, &locked);
    const bool is_end_of_round = code == OK && rows_count(locked) < CLOCKS_AT_ONCE;
    if (code == OK && rows_count(locked) > 0) {
        code = read_locked(change, locked, &rows);
        code = code != OK ? code : change_all(change, rows);
    }
    code = code != OK ? code : note_progress(change, is_end_of_round);
    rows_free(locked);
    rows_free(rows);
    return code;
}

static void change_init(struct clock_change *change)
{
    change->catalog = store_catalog(change->store);
    buf_init(&change->clocks, PARAM_BYTES_MAX);
    buf_init(&change->histories, PARAM_BYTES_MAX);
    json_writer_init(&change->clocks_json, &change->clocks);
    json_writer_init(&change->histories_json, &change->histories);
    json_array_begin(&change->clocks_json);
    json_array_begin(&change->histories_json);
}

static void change_done(struct clock_change *change)
{
    for (size_t i = 0; i < change->term_count; i++) {
        json_decref(change->terms[i].body);
    }
    buf_done(&change->clocks);
    buf_done(&change->histories);
    rows_free(change->take);
    catalog_unref(change->catalog);
}

/* What the change is; *ret_has_work: there is something to do, by the newest set-up. */
static enum err_code take(struct clock_change *change, bool *ret_has_work)
{
    params_clear(change->params);
    param_uuid(change->params, change->entry_id);
    param_int(change->params, change->version);
    const enum err_code code = transaction_begin(change->conn, STATEMENT_CLOCK_CHANGE_TAKE,
                                                 change->params, &change->take, change->reterr);
    *ret_has_work = false;
    if (code != OK || rows_count(change->take) == 0 ||
        !row_is_null(change->take, 0, TAKE_FINISHED_AT)) {
        change->is_finished = true;
        return code;
    }
    if (row_bigint(change->take, 0, TAKE_CATALOG_VERSION) != catalog_version(change->catalog)) {
        return err_set(change->reterr, ERR_CONFLICT, "The set-up has changed meanwhile.");
    }
    change->is_of_policy =
        str_is(row_text(change->take, 0, TAKE_KIND), catalog_kind_names[CATALOG_POLICY]);
    change->now_us = row_time(change->take, 0, TAKE_NOW);
    *ret_has_work = true;
    return OK;
}

/* One batch, on an idle connection. ERR_CONFLICT: again, with the newest set-up, which is there. */
static enum err_code run(struct clock_change *change)
{
    bool has_work = false;
    change_init(change);
    enum err_code code = take(change, &has_work);
    const bool is_outdated = code == ERR_CONFLICT && conn_is_open(change->conn) &&
                             rows_count(change->take) == 1 && !has_work;
    if (has_work) {
        code = do_batch(change);
    }
    code = transaction_end(change->conn, code, /* keep= */ has_work, change->reterr);
    if (is_outdated && conn_is_open(change->conn)) {
        struct err err;
        code = catalog_reload(change->store, change->conn, &err) == OK ? code : ERR_BUSY;
    }
    if (code == OK && change->changed > 0) {
        background_notify(change->store, change->moved > 0, /* has_clocks= */ true);
    }
    return code;
}

/* The thread in the background is to go on; *ret_left: with how many. */
static enum err_code leave(struct clock_change *change, int64_t *ret_left)
{
    struct rows *rows = NULL;
    params_clear(change->params);
    param_uuid(change->params, change->entry_id);
    param_int(change->params, change->version);
    const enum err_code code =
        conn_run(change->conn, STATEMENT_CLOCK_CHANGE_LEAVE, change->params, &rows, change->reterr);
    if (code == OK) {
        *ret_left = rows_count(rows) == 1 ? row_bigint(rows, 0, 0) : 0;
    }
    rows_free(rows);
    if (code == OK && *ret_left > 0) {
        atomic_store(&change->store->background.has_left_change, true);
        background_notify(change->store, /* has_events= */ false, /* has_clocks= */ true);
    }
    return code;
}

/* What the answer says of a batch and of those before it. */
static enum err_code tell_progress(struct clock_change *change, struct setup_op *op)
{
    const bool is_there = rows_count(change->take) == 1;
    op->is_applied = change->is_finished;
    op->clocks_changed = is_there ? row_bigint(change->take, 0, TAKE_CHANGED) : 0;
    op->clocks_moved = is_there ? row_bigint(change->take, 0, TAKE_MOVED) : 0;
    op->clocks_changed += (int64_t)change->changed;
    op->clocks_moved += (int64_t)change->moved;
    op->clocks_left = 0;
    return op->is_applied || op->clocks_changed < CLOCKS_WAITED_FOR
               ? OK
               : leave(change, &op->clocks_left);
}

enum err_code clock_change_apply(struct worker *worker, struct setup_op *op, struct err *reterr)
{
    struct clock_change change = {
        .store = worker->store,
        .conn = worker->conn,
        .params = &worker->params,
        .arena = &worker->arena,
        .reterr = reterr,
        .entry_id = op->applied_id,
        .version = op->applied_version,
    };
    enum err_code code = run(&change);
    code = code != OK ? code : tell_progress(&change, op);
    if (code == OK) {
        const struct err ok = {.code = OK};
        char id[UUID_TEXT_BYTES];
        op->op.now_us = change.now_us;
        op->snapshot = store_catalog(worker->store);
        op->entry =
            catalog_find(op->snapshot, op->entry_kind, str_from(uuid_format(op->applied_id, id)));
        op_complete(&op->op, &ok);
    }
    change_done(&change);
    return code;
}

/* ---- in the background ---- */

/* A change that nobody is at; nil: none. */
static enum err_code find_left(struct background *background, struct err *reterr)
{
    struct rows *left = NULL;
    const enum err_code code =
        conn_run(background->conn, STATEMENT_CLOCK_CHANGE_LEFT, NULL, &left, reterr);
    if (code == OK && rows_count(left) == 1) {
        background->change_id = row_uuid(left, 0, 0);
        background->change_version = row_int(left, 0, 1);
    }
    rows_free(left);
    return code;
}

enum err_code background_clock_changes(struct store *store, int64_t *next_us, struct err *reterr)
{
    struct background *background = &store->background;
    const int64_t now_us = clock_monotonic_us();
    enum err_code code = OK;
    if (uuid_is_nil(background->change_id)) {
        const bool is_told = atomic_exchange(&background->has_left_change, false);
        if (!is_told && now_us < background->next_changes_us) {
            return OK;
        }
        code = find_left(background, reterr);
        background->next_changes_us = code == OK ? now_us + look_pause_us : 0;
    }
    if (code != OK || uuid_is_nil(background->change_id)) {
        return code;
    }
    struct clock_change change = {
        .store = store,
        .conn = background->conn,
        .params = &background->params,
        .arena = &background->arena,
        .reterr = reterr,
        .entry_id = background->change_id,
        .version = background->change_version,
    };
    code = run(&change);
    if (code == OK && change.is_finished) {
        background->change_id = (struct uuid){{0}};
    }
    change_done(&change);
    arena_clear(&background->arena);
    *next_us = 0; /* there may be more */
    return code == ERR_CONFLICT ? OK : code;
}
