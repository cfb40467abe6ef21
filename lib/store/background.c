/*
 * The background thread: numbers the change feed, flags overdue clocks, ends pauses, wakes who
 * waits for the feed.
 *
 * Feed. Events get their position after their commit: a transaction inserts one event_tx row after
 * its last lock, so transactions that share a contact draw their ids in the order in which they
 * changed it. The sequencer holds the lock of feed_head, then, in a second statement whose snapshot
 * sees all that was committed before, numbers what is unnumbered in id order. A transaction that
 * commits late is numbered late; nobody has seen a greater position of that contact. Any number of
 * instances may try: SKIP LOCKED lets one do it.
 *
 * A round begins with one look at the database, which says whether there is anything to do: while
 * nothing happens, that is all it asks.
 *
 * Clocks. The flagger locks the contacts that have something due, skipping those that are busy
 * (they come in the next round), and then, again with a fresh snapshot, sets state and flag where
 * the clock still runs. So each breach is flagged once, by one instance, never before its time by
 * the database's clock. The thread sleeps until the next known deadline, at most half a second,
 * since another instance may have started a short clock.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/json_document.h"
#include "store/store_internal.h"

enum {
    FEED_BATCH = 10000, /* transactions numbered at once */
    DUE_BATCH = 500,    /* contacts locked at once */
};

static const int64_t sleep_us_max = 500 * US_PER_MS;
static const int64_t feed_poll_us = 200 * US_PER_MS; /* other instances' events and waiters */
static const int64_t round_pause_us = 20 * US_PER_MS;
static const int64_t busy_retry_us = 20 * US_PER_MS;
static const int64_t round_timeout_us = 10 * US_PER_SECOND;

void background_notify(struct store *store, bool has_events, bool has_clocks)
{
    struct background *background = &store->background;
    if (!background->is_started) {
        return;
    }
    if (has_events) {
        int64_t none = 0;
        (void)atomic_compare_exchange_strong(&store->feed_pending_since_us, &none,
                                             clock_monotonic_us());
    }
    (void)pthread_mutex_lock(&background->lock);
    background->has_events = background->has_events || has_events;
    background->has_clocks = background->has_clocks || has_clocks;
    (void)pthread_cond_signal(&background->wake);
    (void)pthread_mutex_unlock(&background->lock);
}

/* ---- transactions of several statements ---- */

enum err_code background_begin(struct background *background, enum statement statement,
                               struct rows **ret_rows, struct err *reterr)
{
    return transaction_begin(background->conn, statement, &background->params, ret_rows, reterr);
}

enum err_code background_go_on(struct background *background, enum statement statement,
                               struct rows **ret_rows, struct err *reterr)
{
    return transaction_go_on(background->conn, statement, &background->params, ret_rows, reterr);
}

enum err_code background_end(struct background *background, enum err_code code, bool keep,
                             struct err *reterr)
{
    return transaction_end(background->conn, code, keep, reterr);
}

/* ---- feed ---- */

static enum err_code number_events(struct store *store, size_t *ret_count, struct err *reterr)
{
    struct background *background = &store->background;
    struct rows *head = NULL;
    struct rows *done = NULL;
    *ret_count = 0;
    params_clear(&background->params);
    enum err_code code = background_begin(background, STATEMENT_FEED_LOCK, &head, reterr);
    const bool is_ours = code == OK && rows_count(head) == 1;
    if (is_ours) {
        params_clear(&background->params);
        param_bigint(&background->params, row_bigint(head, 0, 0));
        param_int(&background->params, FEED_BATCH);
        code = background_go_on(background, STATEMENT_FEED_NUMBER, &done, reterr);
    }
    size_t numbered = 0;
    int64_t last = 0;
    if (code == OK && is_ours && rows_count(done) == 1) {
        last = row_bigint(done, 0, 0);
        numbered = (size_t)row_bigint(done, 0, 1);
    }
    code = background_end(background, code, numbered > 0, reterr);
    if (code == OK && is_ours) {
        atomic_store(&store->feed_last, last);
        atomic_fetch_add(&store->events_numbered, numbered);
        *ret_count = numbered;
    }
    rows_free(head);
    rows_free(done);
    return code;
}

/* Numbers all there is; refreshes what this instance knows of the head when another one did it. */
static enum err_code run_feed(struct store *store, struct err *reterr)
{
    struct background *background = &store->background;
    size_t count = 0;
    enum err_code code;
    do {
        code = number_events(store, &count, reterr);
    } while (code == OK && count == FEED_BATCH);
    if (code != OK) {
        return code;
    }
    struct rows *head = NULL;
    code = conn_run(background->conn, STATEMENT_FEED_LAST, NULL, &head, reterr);
    if (code == OK && rows_count(head) == 1) {
        atomic_store(&store->feed_last, row_bigint(head, 0, 0));
    }
    rows_free(head);
    return code;
}

/* ---- clocks ---- */

struct str background_clock_event(struct arena *arena, const struct rows *rows, size_t row)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, 4096);
    JSON_FIELD(json, "clock_id", json_uuid, row_uuid(rows, row, 1));
    JSON_FIELD(json, "handoff_id", json_uuid, row_uuid(rows, row, 2));
    JSON_FIELD(json, "kind", json_str, row_text(rows, row, 3));
    JSON_FIELD(json, "due_at", json_time, row_time(rows, row, 4));
    return json_document_end(&document, arena);
}

static size_t add_events(struct arena *arena, const struct rows *rows, const char *type,
                         struct param *arrays[4])
{
    for (size_t i = 0; i < rows_count(rows); i++) {
        item_text(arrays[0], str_from(type));
        item_uuid(arrays[1], row_uuid(rows, i, 0));
        item_time(arrays[2], row_time(rows, i, 5));
        item_text(arrays[3], background_clock_event(arena, rows, i));
    }
    return rows_count(rows);
}

static enum err_code write_events(struct background *background, const struct rows *breached,
                                  const struct rows *warned, struct err *reterr)
{
    const size_t count = rows_count(breached) + rows_count(warned);
    if (count == 0) {
        return OK;
    }
    struct params *params = &background->params;
    params_clear(params);
    param_int(params, (int32_t)count);
    struct param *arrays[] = {param_array(params, ITEM_TEXT), param_array(params, ITEM_UUID),
                              param_array(params, ITEM_TIME), param_array(params, ITEM_TEXT)};
    (void)add_events(&background->arena, breached, "sla.breached", arrays);
    (void)add_events(&background->arena, warned, "sla.warning", arrays);
    return background_go_on(background, STATEMENT_EVENT_INSERT, NULL, reterr);
}

void background_contact_params(struct background *background, const struct rows *locked,
                               int64_t now_us)
{
    params_clear(&background->params);
    struct param *ids = param_array(&background->params, ITEM_UUID);
    for (size_t i = 0; i < rows_count(locked); i++) {
        item_uuid(ids, row_uuid(locked, i, 0));
    }
    param_time(&background->params, now_us);
}

static enum err_code flag_due(struct store *store, int64_t now_us, size_t *ret_count,
                              struct err *reterr)
{
    struct background *background = &store->background;
    struct rows *locked = NULL;
    struct rows *breached = NULL;
    struct rows *warned = NULL;
    size_t escalated = 0;
    *ret_count = 0;
    params_clear(&background->params);
    param_time(&background->params, now_us);
    param_int(&background->params, DUE_BATCH);
    enum err_code code = background_begin(background, STATEMENT_SLA_DUE_LOCK, &locked, reterr);
    const bool has_due = code == OK && rows_count(locked) > 0;
    if (has_due) {
        background_contact_params(background, locked, now_us);
        code = background_go_on(background, STATEMENT_SLA_BREACH, &breached, reterr);
        if (rows_count(breached) > 0) {
            now_us = row_time(breached, 0, 5); /* what follows a breach is not before it */
        }
        code = code != OK ? code
                          : background_go_on(background, STATEMENT_SLA_WARN, &warned, reterr);
        code = code != OK ? code : write_events(background, breached, warned, reterr);
        code = code != OK ? code : background_escalate(store, locked, now_us, &escalated, reterr);
    }
    const size_t count = rows_count(breached) + rows_count(warned) + escalated;
    code = background_end(background, code, count > 0, reterr);
    if (code == OK) {
        *ret_count = count;
        atomic_fetch_add(&store->breaches_flagged, rows_count(breached));
        if (count > 0) {
            background_notify(store, true, false);
        }
    }
    rows_free(locked);
    rows_free(breached);
    rows_free(warned);
    arena_clear(&background->arena);
    return code;
}

/* Somebody else may have changed the set-up while this instance had nothing to do. */
static enum err_code follow_set_up(struct store *store, int64_t version, struct err *reterr)
{
    return catalog_is_current(store, version)
               ? OK
               : catalog_reload(store, store->background.conn, reterr);
}

/* Flags what is due; *ret_next_us: how long until there is more to do, from *ret_now_us. */
static enum err_code run_clocks(struct store *store, int64_t *ret_next_us, int64_t *ret_now_us,
                                struct err *reterr)
{
    struct background *background = &store->background;
    for (;;) {
        struct rows *next = NULL;
        enum err_code code =
            conn_run(background->conn, STATEMENT_SLA_NEXT_WAKE, NULL, &next, reterr);
        if (code != OK) {
            return code;
        }
        const int64_t wake_us = row_time(next, 0, 0);
        const int64_t now_us = row_time(next, 0, 1);
        const int64_t version = row_bigint(next, 0, 2);
        rows_free(next);
        *ret_now_us = now_us;
        code = follow_set_up(store, version, reterr);
        if (code != OK) {
            return code;
        }
        if (wake_us == TIME_NONE || wake_us > now_us) {
            *ret_next_us = wake_us == TIME_NONE ? sleep_us_max : wake_us - now_us;
            return OK;
        }
        size_t count = 0;
        code = flag_due(store, now_us, &count, reterr);
        if (code != OK) {
            return code;
        }
        if (count == 0) { /* all busy: their holders are at work, look again soon */
            *ret_next_us = busy_retry_us;
            return OK;
        }
    }
}

/* ---- waiters ---- */

static bool add_waiter(struct store *store, struct op *waiter, int64_t after, int64_t until_us,
                       size_t waiters_max)
{
    struct background *background = &store->background;
    (void)pthread_mutex_lock(&background->lock);
    const bool has_room = background->is_started && !background->is_quiet &&
                          background->waiter_count < waiters_max;
    if (has_room) {
        background->waiters[background->waiter_count++] =
            (struct feed_waiter){.op = waiter, .after = after, .until_us = until_us};
        (void)pthread_cond_signal(&background->wake);
    }
    (void)pthread_mutex_unlock(&background->lock);
    return has_room;
}

bool store_wait_for_feed(struct store *store, struct op *waiter, int64_t after, int64_t until_us)
{
    return add_waiter(store, waiter, after, until_us, FEED_WAITERS_MAX);
}

bool store_follow_feed(struct store *store, struct op *follower, int64_t after, int64_t until_us)
{
    return add_waiter(store, follower, after, until_us, FEED_WAITERS_MAX + FEED_FOLLOWERS_MAX);
}

/* Those whose wait is over go to the read lane; outside the lock, since a full lane answers them
 * here. */
static void release_waiters(struct store *store, bool all)
{
    struct background *background = &store->background;
    struct op *ready[FEED_WAITERS_MAX + FEED_FOLLOWERS_MAX];
    size_t count = 0;
    const int64_t now_us = clock_monotonic_us();
    const int64_t last = atomic_load(&store->feed_last);
    (void)pthread_mutex_lock(&background->lock);
    size_t kept = 0;
    for (size_t i = 0; i < background->waiter_count; i++) {
        const struct feed_waiter waiter = background->waiters[i];
        if (all || waiter.after < last || waiter.until_us <= now_us) {
            ready[count++] = waiter.op;
        } else {
            background->waiters[kept++] = waiter;
        }
    }
    background->waiter_count = kept;
    (void)pthread_mutex_unlock(&background->lock);
    for (size_t i = 0; i < count; i++) {
        ready[i]->deadline_us = 0;
        if (!store_submit(store, ready[i])) {
            struct err err;
            (void)err_set(&err, ERR_BUSY, "The service is busy or stopping. Try again.");
            op_complete(ready[i], &err);
        }
    }
}

/* ---- the thread ---- */

/* Sleeps until there is something to do, at most until `until_us` (clock_monotonic_us). False:
 * stop. */
static bool wait_for_work(struct background *background, int64_t until_us)
{
    const struct timespec until = {.tv_sec = (time_t)(until_us / US_PER_SECOND),
                                   .tv_nsec = (long)(until_us % US_PER_SECOND * 1000)};
    (void)pthread_mutex_lock(&background->lock);
    while (!background->must_stop && !background->has_events && !background->has_clocks) {
        if (pthread_cond_timedwait(&background->wake, &background->lock, &until) == ETIMEDOUT) {
            break;
        }
    }
    background->has_events = false;
    background->has_clocks = false;
    const bool goes_on = !background->must_stop;
    (void)pthread_mutex_unlock(&background->lock);
    return goes_on;
}

/* What one look at the database tells. */
struct look {
    int64_t now_us;
    int64_t feed_last;
    int64_t wake_us;      /* of the next clock; TIME_NONE: none */
    int64_t pause_end_us; /* the same */
    bool has_unnumbered;
};

static enum err_code look_around(struct store *store, struct look *ret_look, struct err *reterr)
{
    struct background *background = &store->background;
    struct rows *rows = NULL;
    /* First: what is committed from now on says so again. */
    atomic_store(&store->feed_pending_since_us, 0);
    enum err_code code = conn_run(background->conn, STATEMENT_BACKGROUND_LOOK, NULL, &rows, reterr);
    if (code == OK && rows_count(rows) != 1) {
        code = err_set(reterr, ERR_STORE,
                       "Table catalog_head or feed_head is empty. Restore it from a backup.");
    }
    if (code == OK) {
        *ret_look = (struct look){.now_us = row_time(rows, 0, 0),
                                  .feed_last = row_bigint(rows, 0, 2),
                                  .has_unnumbered = row_bool(rows, 0, 3),
                                  .wake_us = row_time(rows, 0, 4),
                                  .pause_end_us = row_time(rows, 0, 5)};
        code = follow_set_up(store, row_bigint(rows, 0, 1), reterr);
    }
    rows_free(rows);
    return code;
}

/* How long until then; 0: it is due. */
static int64_t us_until(int64_t at_us, int64_t now_us)
{
    return at_us == TIME_NONE ? sleep_us_max : at_us > now_us ? at_us - now_us : 0;
}

/* What falls due and what waits for its number, if the look says that there is anything. */
static enum err_code run_due(struct store *store, struct look *look, int64_t *ret_next_us,
                             struct err *reterr)
{
    int64_t pause_us = us_until(look->pause_end_us, look->now_us);
    int64_t clock_us = us_until(look->wake_us, look->now_us);
    const bool is_over = pause_us == 0;
    const bool is_due = clock_us == 0;
    enum err_code code = OK;
    /* First those whose pause is over: their clocks may be due at once. */
    if (is_over) {
        pause_us = sleep_us_max;
        code = background_end_pauses(store, &pause_us, reterr);
    }
    if (code == OK && (is_over || is_due)) {
        code = run_clocks(store, &clock_us, &look->now_us, reterr);
    }
    look->has_unnumbered = look->has_unnumbered || is_over || is_due;
    *ret_next_us = pause_us < clock_us ? pause_us : clock_us;
    return code;
}

static enum err_code run_round(struct store *store, int64_t *ret_next_us, struct err *reterr)
{
    struct background *background = &store->background;
    struct look look = {.now_us = 0};
    *ret_next_us = sleep_us_max;
    enum err_code code = OK;
    if (!conn_is_open(background->conn)) {
        code = store_connect(store, background->conn, reterr);
    }
    conn_set_deadline(background->conn, clock_monotonic_us() + round_timeout_us);
    code = code != OK ? code : look_around(store, &look, reterr);
    code = code != OK ? code : run_due(store, &look, ret_next_us, reterr);
    code = code != OK ? code : background_settle_absences(store, look.now_us, ret_next_us, reterr);
    code = code != OK ? code : background_clock_changes(store, ret_next_us, reterr);
    code = code != OK ? code : background_agreements(store, ret_next_us, reterr);
    if (code == OK && look.has_unnumbered) {
        code = run_feed(store, reterr);
    } else if (code == OK) {
        atomic_store(&store->feed_last, look.feed_last);
    }
    code = code != OK ? code : background_expire(store, reterr);
    code = code != OK ? code : background_write_key_use(store, reterr);
    code = code != OK ? code : background_extend_calendars(store, reterr);
    if (code == OK) {
        atomic_store(&store->background_at_us, clock_monotonic_us());
    }
    return code;
}

/* Under load every commit wakes the thread. A round costs a transaction of its own, so what is
 * committed within a moment is numbered together; a consumer notices 20 ms less than its own round
 * trip. */
static void pace(int64_t *round_at_us)
{
    const int64_t left_us = *round_at_us + round_pause_us - clock_monotonic_us();
    if (left_us > 0 && left_us <= round_pause_us) {
        const struct timespec pause = {.tv_nsec = (long)(left_us * 1000)};
        (void)nanosleep(&pause, NULL);
    }
    *round_at_us = clock_monotonic_us();
}

static void *background_main(void *argument)
{
    struct store *store = argument;
    struct background *background = &store->background;
    int64_t until_us = 0;
    int64_t round_at_us = 0;
    while (wait_for_work(background, until_us)) {
        pace(&round_at_us);
        struct err err;
        int64_t next_us = sleep_us_max;
        const enum err_code code = run_round(store, &next_us, &err);
        release_waiters(store, /* all= */ false);
        const int64_t pause_us = code != OK ? busy_retry_us * 10 : next_us;
        const int64_t bound_us = pause_us < feed_poll_us ? pause_us : feed_poll_us;
        until_us = clock_monotonic_us() + bound_us;
    }
    return NULL;
}

enum err_code background_start(struct store *store, struct err *reterr)
{
    struct background *background = &store->background;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&background->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&background->lock, NULL);
    params_init(&background->params);
    arena_init(&background->arena, BATCH_ARENA_BYTES_MAX);
    background->conn = conn_new(store->database_url, CONN_WRITES);
    if (background->conn == NULL ||
        pthread_create(&background->thread, NULL, background_main, store) != 0) {
        return err_set(reterr, ERR_NOMEM, "Cannot start the background thread.");
    }
    background->is_started = true;
    return OK;
}

void background_quiesce(struct store *store)
{
    struct background *background = &store->background;
    if (background->is_started) {
        (void)pthread_mutex_lock(&background->lock);
        background->is_quiet = true;
        (void)pthread_mutex_unlock(&background->lock);
        release_waiters(store, /* all= */ true);
    }
}

void background_stop(struct store *store)
{
    struct background *background = &store->background;
    background_quiesce(store);
    if (background->is_started) {
        (void)pthread_mutex_lock(&background->lock);
        background->must_stop = true;
        (void)pthread_cond_signal(&background->wake);
        (void)pthread_mutex_unlock(&background->lock);
        (void)pthread_join(background->thread, NULL);
        (void)pthread_cond_destroy(&background->wake);
        (void)pthread_mutex_destroy(&background->lock);
        params_done(&background->params);
        arena_done(&background->arena);
    }
    conn_free(background->conn);
    background->conn = NULL;
    background->is_started = false;
}
