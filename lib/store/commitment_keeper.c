/*
 * The thread that keeps the commitments' books. It has a connection of its own, since what it does
 * for a large period may take longer than the sequencer and the flagger can wait.
 *
 * Capacity. Handoffs beyond what was agreed at most for a period are the surplus: those opened
 * last. Their clocks are excused while they still run. The contacts are locked first, as the
 * flagger does.
 *
 * Freezing. When a period has closed and settled, one statement measures it, keeps numbers and
 * subjects, and its event is written in the same transaction. The key of commitment_period lets one
 * instance do it, once, whoever is killed when.
 *
 * Filters are brought together with handoffs in commitment_filters.c; what will probably not be
 * kept is told while there is time: commitment_watch.c.
 *
 * A round looks at the version of the set-up first; without commitments that is all it does.
 * Filters and capacity are looked at when the feed has gone on (every handoff that is opened has
 * its event), for a while, since contacts that were busy are passed over. What has gone by unseen
 * is found a minute later. Where that takes long it is done less often: a tenth of the time at
 * most.
 */
#include <time.h>

#include "base/json_document.h"
#include "store/store_internal.h"

enum {
    SURPLUS_AT_ONCE = 200,
    FILTERS_BYTES_MAX = 64 << 20,
};

static const int64_t poll_us = 150 * US_PER_MS; /* what waits for filters or an excuse */
static const int64_t idle_us = 500 * US_PER_MS;
static const int64_t eager_us = 2 * US_PER_SECOND;
static const int64_t look_again_us = 60 * US_PER_SECOND;
static const int64_t pauses_by_work = 9;
static const int64_t look_again_by_work = 200;
static const int64_t pause_us_max = 5 * US_PER_SECOND;
static const int64_t failure_pause_us = 500 * US_PER_MS;
static const int64_t connect_timeout_us = 3 * US_PER_SECOND;
static const int64_t round_timeout_us = 120 * US_PER_SECOND;

/* What a round knows. */
struct round {
    int64_t version; /* of the set-up */
    int64_t now_us;  /* the database's */
    bool has_commitments;
    bool has_capacity;
};

/* ---- what there is ---- */

static enum err_code look_up_head(struct store *store, struct round *round, struct err *reterr)
{
    struct conn *conn = store->keeper.conn;
    struct rows *head = NULL;
    enum err_code code = conn_run(conn, STATEMENT_HEAD, NULL, &head, reterr);
    code = code != OK ? code : catalog_head_check(head, reterr);
    if (code == OK) {
        round->version = row_bigint(head, 0, 0);
        round->now_us = row_time(head, 0, 1);
    }
    rows_free(head);
    if (code == OK && !catalog_is_current(store, round->version)) {
        code = catalog_reload(store, conn, reterr);
    }
    return code;
}

static void look_at_set_up(struct store *store, struct round *round)
{
    struct catalog *catalog = store_catalog(store);
    size_t count;
    const struct catalog_entry *const *entries = catalog_list(catalog, CATALOG_COMMITMENT, &count);
    for (size_t i = 0; i < count; i++) {
        const struct commitment *commitment = entries[i]->typed;
        if (commitment->is_active) {
            round->has_commitments = true;
            round->has_capacity = round->has_capacity || commitment->has_capacity;
        }
    }
    catalog_unref(catalog);
}

/* ---- events ---- */

/* One event, as the transaction's share of the feed. */
static struct param **event_params(struct params *params, size_t count, struct param *arrays[4])
{
    params_clear(params);
    param_int(params, (int32_t)count);
    arrays[0] = param_array(params, ITEM_TEXT);
    arrays[1] = param_array(params, ITEM_UUID);
    arrays[2] = param_array(params, ITEM_TIME);
    arrays[3] = param_array(params, ITEM_TEXT);
    return arrays;
}

enum err_code keeper_tell(struct keeper *keeper, const char *type, int64_t at_us, struct str data,
                          struct err *reterr)
{
    struct param *arrays[4];
    (void)event_params(&keeper->params, 1, arrays);
    item_text(arrays[0], str_from(type));
    item_uuid_or_null(arrays[1], (struct uuid){{0}});
    item_time(arrays[2], at_us);
    item_text(arrays[3], data);
    return transaction_go_on(keeper->conn, STATEMENT_EVENT_INSERT, &keeper->params, NULL, reterr);
}

/* ---- capacity ---- */

typedef struct str event_text_fn(struct arena *arena, const struct rows *rows, size_t row);

/* An event for each row, whose first column is the contact. */
static enum err_code tell_rows(struct keeper *keeper, const char *type, const struct rows *rows,
                               event_text_fn *text, int64_t now_us, struct err *reterr)
{
    struct param *arrays[4];
    if (rows_count(rows) == 0) {
        return OK;
    }
    (void)event_params(&keeper->params, rows_count(rows), arrays);
    for (size_t i = 0; i < rows_count(rows); i++) {
        item_text(arrays[0], str_from(type));
        item_uuid(arrays[1], row_uuid(rows, i, 0));
        item_time(arrays[2], now_us);
        item_text(arrays[3], text(&keeper->arena, rows, i));
    }
    return transaction_go_on(keeper->conn, STATEMENT_EVENT_INSERT, &keeper->params, NULL, reterr);
}

/* The parameters of SURPLUS_EXCUSE and SURPLUS_RESUME. */
static void surplus_params(struct params *params, const struct rows *surplus, int64_t now_us)
{
    params_clear(params);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *handoffs = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < rows_count(surplus); i++) {
        item_uuid(contacts, row_uuid(surplus, i, 0));
        item_uuid(handoffs, row_uuid(surplus, i, 1));
    }
    param_time(params, now_us);
}

/* Under the locks of the contacts: ends the clocks, and the pauses there are. */
static enum err_code excuse_locked(struct keeper *keeper, const struct rows *surplus,
                                   int64_t now_us, size_t *ret_count, struct err *reterr)
{
    struct rows *excused = NULL;
    struct rows *resumed = NULL;
    surplus_params(&keeper->params, surplus, now_us);
    enum err_code code = transaction_go_on(keeper->conn, STATEMENT_SURPLUS_EXCUSE, &keeper->params,
                                           &excused, reterr);
    *ret_count = code == OK ? rows_count(excused) : 0;
    if (code == OK && *ret_count > 0) {
        surplus_params(&keeper->params, surplus, now_us);
        code = transaction_go_on(keeper->conn, STATEMENT_SURPLUS_RESUME, &keeper->params, &resumed,
                                 reterr);
    }
    if (code == OK && *ret_count > 0) {
        code = tell_rows(keeper, "sla.cancelled", excused, background_clock_event, now_us, reterr);
        code = code != OK ? code
                          : tell_rows(keeper, "handoff.activity", resumed, background_resumed_event,
                                      now_us, reterr);
    }
    rows_free(excused);
    rows_free(resumed);
    return code;
}

static enum err_code excuse_surplus(struct store *store, int64_t now_us, struct err *reterr)
{
    struct keeper *keeper = &store->keeper;
    struct rows *surplus = NULL;
    size_t count = 0;
    params_clear(&keeper->params);
    param_int(&keeper->params, SURPLUS_AT_ONCE);
    enum err_code code =
        transaction_begin(keeper->conn, STATEMENT_SURPLUS_LOCK, &keeper->params, &surplus, reterr);
    if (code == OK && rows_count(surplus) > 0) {
        code = excuse_locked(keeper, surplus, now_us, &count, reterr);
    }
    code = transaction_end(keeper->conn, code, /* keep= */ count > 0, reterr);
    if (code == OK && count > 0) {
        background_notify(store, /* has_events= */ true, /* has_clocks= */ true);
    }
    rows_free(surplus);
    arena_clear(&keeper->arena);
    return code;
}

/* ---- freezing ---- */

static struct str frozen_event(struct arena *arena, const struct rows *frozen)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, 4096);
    JSON_FIELD(json, "commitment_id", json_uuid, row_uuid(frozen, 0, 0));
    JSON_FIELD(json, "period_start", json_time, row_time(frozen, 0, 1));
    JSON_FIELD(json, "target", json_double, row_real(frozen, 0, 2));
    JSON_FIELD(json, "actual", json_double, row_real(frozen, 0, 3));
    return json_document_end(&document, arena);
}

static enum err_code tell_frozen(struct keeper *keeper, const struct rows *frozen,
                                 struct err *reterr)
{
    const bool is_met = str_is(row_text(frozen, 0, 4), "met");
    return keeper_tell(keeper, is_met ? "commitment.met" : "commitment.missed",
                       row_time(frozen, 0, 5), frozen_event(&keeper->arena, frozen), reterr);
}

static enum err_code freeze(struct store *store, struct uuid commitment, int64_t start_us,
                            struct err *reterr)
{
    struct keeper *keeper = &store->keeper;
    struct rows *frozen = NULL;
    params_clear(&keeper->params);
    param_uuid(&keeper->params, commitment);
    param_time(&keeper->params, start_us);
    enum err_code code = transaction_begin(keeper->conn, STATEMENT_COMMITMENT_FREEZE,
                                           &keeper->params, &frozen, reterr);
    const bool is_ours = code == OK && rows_count(frozen) == 1; /* else somebody else's */
    if (is_ours) {
        code = tell_frozen(keeper, frozen, reterr);
    }
    code = transaction_end(keeper->conn, code, is_ours, reterr);
    if (code == OK && is_ours) {
        background_notify(store, /* has_events= */ true, /* has_clocks= */ false);
    }
    rows_free(frozen);
    arena_clear(&keeper->arena);
    return code;
}

/* Freezes what is due, one period after the other. */
static enum err_code freeze_due(struct store *store, const struct round *round, struct err *reterr)
{
    struct keeper *keeper = &store->keeper;
    enum err_code code = OK;
    if (keeper->due_version == round->version &&
        (keeper->due_at_us == TIME_NONE || keeper->due_at_us > round->now_us)) {
        return OK;
    }
    for (bool goes_on = true; goes_on && code == OK;) {
        struct rows *due = NULL;
        code = conn_run(keeper->conn, STATEMENT_COMMITMENT_DUE, NULL, &due, reterr);
        goes_on = code == OK && rows_count(due) == 1 && row_time(due, 0, 2) <= round->now_us;
        if (goes_on) {
            code = freeze(store, row_uuid(due, 0, 0), row_time(due, 0, 1), reterr);
        } else if (code == OK) {
            keeper->due_at_us = rows_count(due) == 1 ? row_time(due, 0, 2) : TIME_NONE;
            keeper->due_version = round->version;
        }
        rows_free(due);
    }
    return code;
}

/* ---- the thread ---- */

/* How long to sleep. */
struct keeper_pause {
    int64_t least_us; /* whatever happens */
    int64_t most_us;
};

/* Whether there may be handoffs that filters or capacity have not seen. */
static bool has_news(struct store *store, int64_t version)
{
    struct keeper *keeper = &store->keeper;
    const int64_t now_us = clock_monotonic_us();
    const int64_t last = atomic_load(&store->feed_last);
    if (last != keeper->seen_last || version != keeper->seen_version) {
        keeper->seen_last = last;
        keeper->seen_version = version;
        keeper->eager_until_us = now_us + eager_us;
    }
    return now_us < keeper->eager_until_us || now_us >= keeper->next_look_us;
}

static enum err_code look_at_handoffs(struct store *store, const struct round *round,
                                      struct keeper_pause *pause, struct err *reterr)
{
    struct keeper *keeper = &store->keeper;
    enum err_code code = OK;
    pause->least_us = poll_us;
    if (!has_news(store, round->version)) {
        return OK;
    }
    const int64_t begin_us = clock_monotonic_us();
    if (keeper->filter_count > 0) {
        code = keeper_match_handoffs(keeper, round->now_us, reterr);
    }
    if (code == OK && round->has_capacity) {
        code = excuse_surplus(store, round->now_us, reterr);
    }
    const int64_t end_us = clock_monotonic_us();
    const int64_t work_us = end_us - begin_us;
    const int64_t rest_us = pauses_by_work * work_us;
    pause->least_us = rest_us < poll_us ? poll_us : rest_us > pause_us_max ? pause_us_max : rest_us;
    pause->most_us = pause->least_us;
    const int64_t again_us = look_again_by_work * work_us;
    keeper->next_look_us = end_us + (again_us > look_again_us ? again_us : look_again_us);
    return code;
}

static enum err_code run_round(struct store *store, struct keeper_pause *ret_pause,
                               struct err *reterr)
{
    struct keeper *keeper = &store->keeper;
    struct round round = {.version = 0};
    *ret_pause = (struct keeper_pause){.least_us = idle_us, .most_us = idle_us};
    enum err_code code = OK;
    if (!conn_is_open(keeper->conn)) {
        code = conn_open(keeper->conn, connect_timeout_us, reterr);
    }
    conn_set_deadline(keeper->conn, clock_monotonic_us() + round_timeout_us);
    code = code != OK ? code : look_up_head(store, &round, reterr);
    if (code != OK) {
        return code;
    }
    look_at_set_up(store, &round);
    if (!round.has_commitments) {
        return OK;
    }
    code = keeper_load_filters(keeper, round.version, reterr);
    if (code == OK && (keeper->filter_count > 0 || round.has_capacity)) {
        code = look_at_handoffs(store, &round, ret_pause, reterr);
    }
    code = code != OK ? code : freeze_due(store, &round, reterr);
    return code != OK ? code : commitments_watch(store, round.version, round.now_us, reterr);
}

/* Between the two; the feed's going on ends it. False: stop. */
static bool sleep_for(struct store *store, const struct keeper_pause *pause)
{
    struct keeper *keeper = &store->keeper;
    const int64_t begin_us = clock_monotonic_us();
    (void)pthread_mutex_lock(&keeper->lock);
    while (!keeper->must_stop) {
        const int64_t slept_us = clock_monotonic_us() - begin_us;
        const bool is_called = atomic_load(&store->feed_last) != keeper->seen_last;
        if (slept_us >= pause->most_us || (is_called && slept_us >= pause->least_us)) {
            break;
        }
        const int64_t left_us = pause->most_us - slept_us;
        const int64_t until_us = begin_us + slept_us + (left_us < poll_us ? left_us : poll_us);
        const struct timespec until = {.tv_sec = (time_t)(until_us / US_PER_SECOND),
                                       .tv_nsec = (long)(until_us % US_PER_SECOND * 1000)};
        (void)pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
    }
    const bool goes_on = !keeper->must_stop;
    (void)pthread_mutex_unlock(&keeper->lock);
    return goes_on;
}

static void *keeper_main(void *argument)
{
    struct store *store = argument;
    struct keeper_pause pause = {.least_us = 0, .most_us = 0};
    while (sleep_for(store, &pause)) {
        struct err err;
        if (run_round(store, &pause, &err) != OK) {
            pause = (struct keeper_pause){failure_pause_us, failure_pause_us};
            store->keeper.seen_version = 0; /* what it has not done is still to be done */
        }
    }
    return NULL;
}

enum err_code keeper_start(struct store *store, struct err *reterr)
{
    struct keeper *keeper = &store->keeper;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&keeper->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&keeper->lock, NULL);
    params_init(&keeper->params);
    arena_init(&keeper->arena, BATCH_ARENA_BYTES_MAX);
    arena_init(&keeper->scratch, MODEL_SCRATCH_BYTES);
    arena_init(&keeper->filter_arena, FILTERS_BYTES_MAX);
    keeper->conn = conn_new(store->database_url, CONN_BOOKS);
    if (keeper->conn == NULL || pthread_create(&keeper->thread, NULL, keeper_main, store) != 0) {
        return err_set(reterr, ERR_NOMEM, "Cannot start the thread that keeps the commitments.");
    }
    keeper->is_started = true;
    return OK;
}

void keeper_stop(struct store *store)
{
    struct keeper *keeper = &store->keeper;
    if (keeper->is_started) {
        (void)pthread_mutex_lock(&keeper->lock);
        keeper->must_stop = true;
        (void)pthread_cond_signal(&keeper->wake);
        (void)pthread_mutex_unlock(&keeper->lock);
        (void)pthread_join(keeper->thread, NULL);
        (void)pthread_cond_destroy(&keeper->wake);
        (void)pthread_mutex_destroy(&keeper->lock);
        params_done(&keeper->params);
        arena_done(&keeper->arena);
        arena_done(&keeper->scratch);
        keeper_forget_filters(keeper);
        arena_done(&keeper->filter_arena);
    }
    conn_free(keeper->conn);
    keeper->conn = NULL;
    keeper->is_started = false;
}
