/*
 * A worker: one thread, one connection, one lane.
 *
 * What waits together travels together. There is no timer: a free worker takes everything that
 * waits, up to the batch's bounds; when the service is idle that is a single operation, which so
 * waits for nothing. One exception: while somebody reads, only one ingest worker goes on at once,
 * with a rest between two batches when more waits than one took; what waits for it travels in
 * larger batches, and the reader finds a core that is free.
 *
 * A batch that fails is not an answer yet. A lost race (serialization, deadlock, an id claimed
 * meanwhile) is run again after a short random pause. Any other error splits the batch in two until
 * the operation that causes it stands alone; the others commit. When it is a row that the database
 * refuses, one of an operation's many, the rows are found by trying halves of it, and the operation
 * is run without them. A connection lost before COMMIT was
 * sent changed nothing; lost after it, the same batch runs again, and the ids of its inputs make
 * that harmless.
 */
#include <assert.h>
#include <time.h>

#include "store/change_batch_internal.h"

static const int64_t connect_pause_us = 250 * US_PER_MS;
static const unsigned retry_pause_ms_max = 20;

/* Somebody who pages on asks again within the first; the second bounds what a form waits for it
 * when the first worker is held up, by a contact that somebody has locked say. */
static const int64_t reading_linger_us = 20 * US_PER_MS;
static const int64_t give_way_us_max = 100 * US_PER_MS;
static const int64_t give_way_step_us = 5 * US_PER_MS;

enum err_code worker_init(struct worker *worker, struct store *store, enum lane lane)
{
    worker->store = store;
    worker->lane = lane;
    uint64_t seed;
    random_bytes(&seed, sizeof seed);
    random_init(&worker->random, seed);
    arena_init(&worker->arena, BATCH_ARENA_BYTES_MAX);
    arena_init(&worker->scratch, MODEL_SCRATCH_BYTES);
    params_init(&worker->params);
    worker->conn = conn_new(store->database_url, lane == LANE_READ ? CONN_READS : CONN_WRITES);
    return worker->conn != NULL ? OK : ERR_NOMEM;
}

void worker_done(struct worker *worker)
{
    conn_free(worker->conn);
    worker->conn = NULL;
    params_done(&worker->params);
    arena_done(&worker->scratch);
    arena_done(&worker->arena);
}

void op_complete(struct op *op, const struct err *err)
{
    op->err = *err;
    if (op->finish != NULL) {
        op->finish(op);
    }
    op->done(op);
}

static void pause_us(int64_t us)
{
    assert(us < US_PER_SECOND);
    const struct timespec pause = {.tv_nsec = (long)(us * 1000)};
    (void)nanosleep(&pause, NULL);
}

static void pause_shortly(struct worker *worker)
{
    pause_us((int64_t)(1 + random_below(&worker->random, retry_pause_ms_max)) * US_PER_MS);
}

enum err_code worker_connect(struct worker *worker, struct err *reterr)
{
    struct store *store = worker->store;
    if (conn_is_open(worker->conn)) {
        return OK;
    }
    const int64_t wait_us = worker->retry_connect_us - clock_monotonic_us();
    if (wait_us > 0 && store_is_away(store)) {
        return err_set(reterr, ERR_BUSY, "%s", store_away_detail);
    }
    if (wait_us >
        0) { /* somebody else is connected again: so will we be, and nobody need be told */
        pause_us(wait_us);
    }
    const enum err_code code = store_connect(store, worker->conn, reterr);
    worker->retry_connect_us = clock_monotonic_us() + connect_pause_us;
    if (code == OK) {
        atomic_fetch_add(&store->reconnects, 1);
    }
    return code;
}

static enum err_code run_once(struct worker *worker, struct op *const ops[], size_t count,
                              struct attempt_state *state, struct err *reterr)
{
    struct op *first = ops[0];
    switch (first->kind) {
    case OP_CHANGE:
        return change_batch_run(worker, (struct change_op *const *)(const void *)ops, count, state,
                                reterr);
    case OP_READ:
        return read_batch_run(worker, (struct read_op *const *)(const void *)ops, count, state,
                              reterr);
    case OP_UPSERT:
        assert(count == 1);
        return upsert_run(worker, CONTAINER_OF(first, struct read_op, op), reterr);
    case OP_SETUP:
        assert(count == 1);
        return setup_run(worker, CONTAINER_OF(first, struct setup_op, op), reterr);
    case OP_KIND_COUNT_:
        break;
    }
    return err_set(reterr, ERR_BUG, "An operation of unknown kind.");
}

/* Whether running the batch again can do no harm although it may have been committed. */
static bool is_repeatable(struct op *const ops[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ops[i]->kind == OP_SETUP) {
            return false;
        }
        if (ops[i]->kind != OP_CHANGE) {
            continue;
        }
        const struct change_op *change = CONTAINER_OF(ops[i], struct change_op, op);
        for (size_t k = 0; k < change->input_count; k++) {
            const enum input_kind kind = change->inputs[k].kind;
            if (kind != INPUT_SUBMISSION && kind != INPUT_ACTIVITY && kind != INPUT_UPSERT &&
                kind != INPUT_PATCH && kind != INPUT_PURGE && kind != INPUT_ERASE &&
                !batch_may_be_known_deal(&change->inputs[k])) {
                return false;
            }
        }
    }
    return true;
}

static enum err_code try_and_retry(struct worker *worker, struct op *const ops[], size_t count,
                                   struct attempt_state *state, struct err *reterr)
{
    enum err_code code = ERR_BUG;
    for (unsigned attempt = 0; attempt < BATCH_ATTEMPTS_MAX; attempt++) {
        code = worker_connect(worker, reterr);
        if (code != OK) { /* why, as libpq says it, is not for those who asked */
            return code == ERR_BUSY ? err_set(reterr, ERR_BUSY, "%s", store_away_detail) : code;
        }
        state->end_was_sent = false;
        conn_set_deadline(worker->conn,
                          clock_monotonic_us() + worker->store->config.operation_timeout_us);
        code = run_once(worker, ops + state->done, count - state->done, state, reterr);
        arena_clear(&worker->arena);
        const bool is_lost = code == ERR_BUSY;
        if (is_lost && state->end_was_sent && !state->is_trial) {
            if (!is_repeatable(ops + state->done, count - state->done)) {
                return err_set(
                    reterr, ERR_BUSY,
                    "The database went away in the middle: it is not known whether the change "
                    "was made. Look before you try again.");
            }
            state->is_rerun = true;
        }
        if (code != ERR_CONFLICT && !is_lost) {
            return code;
        }
        atomic_fetch_add(&worker->store->retries, 1);
        /* Still connected: too little room for locks, say, which others give back. */
        if (!is_lost || conn_is_open(worker->conn)) {
            pause_shortly(worker);
        } else {
            worker->retry_connect_us = 0;
        }
    }
    return code;
}

/* After an attempt that could do nothing about it the connection is closed; else it is open. */
static void note_reach(const struct worker *worker)
{
    struct store *store = worker->store;
    const bool is_away = !conn_is_open(worker->conn);
    if (worker->lane == LANE_INGEST && atomic_load(&store->is_away) != is_away) {
        atomic_store(&store->is_away, is_away);
        store_tell_change(store);
    }
}

static enum err_code run_with_retries(struct worker *worker, struct op *const ops[], size_t count,
                                      struct attempt_state *state, struct err *reterr)
{
    const enum err_code code = try_and_retry(worker, ops, count, state, reterr);
    note_reach(worker);
    return code;
}

/* ---- one row that the database refuses ---- */

static void leave_alone(struct op *op)
{
    (void)op;
}

/* Tries some inputs and keeps nothing; those that the database refuses are marked.
 * *ret_must_restart: the set-up has changed, they have to be made again. */
static enum err_code mark_refused(struct worker *worker, const struct change_op *whole,
                                  size_t begin, size_t count, bool *ret_must_restart,
                                  struct err *reterr)
{
    struct change_op part;
    change_op_init(&part, whole->inputs + begin, count, worker->lane);
    part.op.done = leave_alone;
    struct op *const op = &part.op;
    struct attempt_state state = {.is_trial = true};
    enum err_code code = run_with_retries(worker, &op, 1, &state, reterr);
    *ret_must_restart = *ret_must_restart || part.op.must_restart;
    if (code != ERR_REFUSED || *ret_must_restart) {
        return code;
    }
    if (count == 1) {
        part.inputs->refusal = arena_strdup(part.inputs->arena, reterr->detail);
        return part.inputs->refusal != NULL ? OK : ERR_NOMEM;
    }
    code = mark_refused(worker, whole, begin, count / 2, ret_must_restart, reterr);
    return code != OK ? code
                      : mark_refused(worker, whole, begin + count / 2, count - count / 2,
                                     ret_must_restart, reterr);
}

/* The operation without what the database refuses of it, still as one transaction. */
static enum err_code run_without_refused(struct worker *worker, struct op *op, struct err *reterr)
{
    struct change_op *change = CONTAINER_OF(op, struct change_op, op);
    const size_t half = change->input_count / 2;
    bool must_restart = false;
    enum err_code code = mark_refused(worker, change, 0, half, &must_restart, reterr);
    code = code != OK ? code
                      : mark_refused(worker, change, half, change->input_count - half,
                                     &must_restart, reterr);
    if (code == OK && must_restart) {
        const struct err ok = {.code = OK};
        op->must_restart = true;
        op_complete(op, &ok);
        return OK;
    }
    struct attempt_state state = {.is_trial = false};
    return code != OK ? code : run_with_retries(worker, &op, 1, &state, reterr);
}

static bool is_divisible(struct op *op)
{
    return op->kind == OP_CHANGE && CONTAINER_OF(op, struct change_op, op)->input_count > 1;
}

/* Runs operations of one kind; completes every one of them. */
static void run_batch(struct worker *worker, struct op *const ops[], size_t count)
{
    struct err err = {.code = OK};
    struct attempt_state state = {.is_trial = false};
    enum err_code code = run_with_retries(worker, ops, count, &state, &err);
    if (code == ERR_REFUSED && count == 1 && is_divisible(ops[0])) {
        code = run_without_refused(worker, ops[0], &err);
    }
    if (code == OK) {
        return; /* the batch completed them while its results were at hand */
    }
    ops += state.done;
    count -= state.done;
    const bool is_shared_fault = code == ERR_BUSY || code == ERR_NOMEM || code == ERR_TIMEOUT;
    if (count == 1 || is_shared_fault) {
        for (size_t i = 0; i < count; i++) {
            op_complete(ops[i], &err);
        }
        return;
    }
    run_batch(worker, ops, count / 2);
    run_batch(worker, ops + count / 2, count - count / 2);
}

static bool is_dry_run(struct op *op)
{
    return op->kind == OP_CHANGE && CONTAINER_OF(op, struct change_op, op)->is_dry_run;
}

/* The longest run of operations that may share a batch. */
static size_t same_kind(struct op *const ops[], size_t count)
{
    size_t length = 1;
    const bool is_alone = ops[0]->kind == OP_SETUP || ops[0]->kind == OP_UPSERT;
    while (length < count && !is_alone && ops[length]->kind == ops[0]->kind &&
           is_dry_run(ops[length]) == is_dry_run(ops[0])) {
        length++;
    }
    return length;
}

/* Those whose time is over are answered, those made with an older set-up go back; the rest stay, in
 * order. */
static size_t sort_out(struct store *store, struct op *ops[], size_t count)
{
    const int64_t now_us = clock_monotonic_us();
    const struct err ok = {.code = OK};
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (ops[i]->catalog != NULL &&
            !catalog_is_current(store, catalog_version(ops[i]->catalog))) {
            ops[i]->must_restart = true;
            op_complete(ops[i], &ok);
        } else if (ops[i]->deadline_us != 0 && ops[i]->deadline_us < now_us) {
            struct err err;
            (void)err_set(&err, ERR_TIMEOUT,
                          "The service is too busy to do this in time. Try again.");
            op_complete(ops[i], &err);
        } else {
            ops[kept++] = ops[i];
        }
    }
    return kept;
}

static bool is_somebody_reading(struct store *store, int64_t now_us)
{
    struct lane_state *readers = &store->lanes[LANE_READ];
    return now_us - atomic_load_explicit(&readers->at_us, memory_order_relaxed) < reading_linger_us;
}

/* Before a batch. Workers that store and their connections fill two cores between them, and a page
 * that comes then is passed on between four threads and processes, each of which has to wait for
 * one. The first worker rests a step when more waits already, which costs a form those milliseconds
 * and makes the batch larger; the others leave it alone with the work, and long lists wait. A
 * command has no readers but itself. */
static void give_way_to_readers(struct worker *worker)
{
    struct store *store = worker->store;
    struct lane_state *lane = &store->lanes[worker->lane];
    const bool is_first = worker == &store->lanes[LANE_INGEST].workers[0];
    const bool is_heavy = worker->lane == LANE_INGEST || worker->lane == LANE_BULK;
    if (!is_heavy || !store->config.background || (is_first && queue_length(&lane->queue) == 0)) {
        return;
    }
    const int64_t begin_us = clock_monotonic_us();
    const int64_t end_us = begin_us + (is_first ? give_way_step_us : give_way_us_max);
    for (int64_t now_us = begin_us;
         now_us < end_us && is_somebody_reading(store, now_us) && !queue_is_closed(&lane->queue);
         now_us = clock_monotonic_us()) {
        pause_us(give_way_step_us);
    }
}

void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct store *store = worker->store;
    struct lane_state *lane = &store->lanes[worker->lane];
    enum { OPS_MAX = 1024 };
    struct op *ops[OPS_MAX];
    const size_t batch_items = store->config.batch_items < OPS_MAX ? store->config.batch_items
                                                                   : (size_t)OPS_MAX;
    for (;;) {
        give_way_to_readers(worker);
        struct queue_node *node =
            queue_drain(&lane->queue, batch_items, BATCH_BYTES_MAX, /* timeout_us= */ -1);
        if (node == NULL) {
            break;
        }
        size_t count = 0;
        for (; node != NULL; node = node->next) {
            ops[count++] = CONTAINER_OF(node, struct op, node);
        }
        count = sort_out(store, ops, count);
        for (size_t begin = 0; begin < count;) {
            const size_t length = same_kind(ops + begin, count - begin);
            atomic_fetch_add(&lane->batches, 1);
            atomic_fetch_add(&lane->operations, length);
            run_batch(worker, ops + begin, length);
            begin += length;
        }
        atomic_store_explicit(&lane->at_us, clock_monotonic_us(), memory_order_relaxed);
    }
    return NULL;
}
