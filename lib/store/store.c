#include "store/store.h"

#include <assert.h>

#include "base/memory.h"
#include "store/store_internal.h"

static const int64_t connect_timeout_us = 3 * US_PER_SECOND;

void store_tell_change(const struct store *store)
{
    if (store->config.on_change != NULL) {
        store->config.on_change(store->config.context);
    }
}

const char store_away_detail[] = "The database is away. Try again in a moment.";

enum err_code store_connect(struct store *store, struct conn *conn, struct err *reterr)
{
    if (!atomic_load(&store->is_attached)) {
        return err_set(reterr, ERR_BUSY, "%s", store_away_detail);
    }
    const enum err_code code = conn_open(conn, connect_timeout_us, reterr);
    if (code == ERR_BUSY) {
        (void)pthread_mutex_lock(&store->catalog_lock);
        memcpy(store->away_cause, reterr->detail, sizeof store->away_cause);
        (void)pthread_mutex_unlock(&store->catalog_lock);
    }
    return code;
}

void store_away_cause(struct store *store, char out[static ERR_DETAIL_BYTES_MAX])
{
    (void)pthread_mutex_lock(&store->catalog_lock);
    memcpy(out, store->away_cause, sizeof store->away_cause);
    (void)pthread_mutex_unlock(&store->catalog_lock);
}

bool store_is_away(const struct store *store)
{
    return atomic_load_explicit(&store->is_away, memory_order_relaxed);
}

static void stop_lane(struct lane_state *lane)
{
    queue_close(&lane->queue);
    for (size_t i = 0; i < lane->worker_count; i++) {
        if (lane->workers[i].is_started) {
            (void)pthread_join(lane->workers[i].thread, NULL);
        }
        worker_done(&lane->workers[i]);
    }
    queue_done(&lane->queue);
}

static char *copy_text(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = mem_alloc(size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

static enum err_code start_lane(struct store *store, enum lane index, struct err *reterr)
{
    struct lane_state *lane = &store->lanes[index];
    const size_t wanted = store->config.writers[index];
    assert(wanted >= 1 && wanted <= WORKERS_PER_LANE_MAX);
    for (size_t i = 0; i < wanted; i++) {
        struct worker *worker = &lane->workers[lane->worker_count++];
        enum err_code code = worker_init(worker, store, index);
        if (code != OK) {
            return err_set(reterr, code, "Out of memory for a worker.");
        }
        if (store->config.last_setup != NULL) {
            continue;
        }
        code = worker_connect(worker, reterr);
        if (code == OK && store->catalog == NULL) {
            code = store_check_server(worker->conn, reterr);
        }
        if (code == OK && store->catalog == NULL) {
            code = store_check_privacy(store, worker->conn, reterr);
        }
        if (code == OK && store->catalog == NULL) {
            code = catalog_reload(store, worker->conn, reterr);
        }
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

/* Threads only start when everything they may meet is there. */
static enum err_code start_threads(struct store *store, struct err *reterr)
{
    for (size_t index = 0; index < LANE_COUNT_; index++) {
        struct lane_state *lane = &store->lanes[index];
        for (size_t i = 0; i < lane->worker_count; i++) {
            struct worker *worker = &lane->workers[i];
            if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
                return err_set(reterr, ERR_NOMEM, "Cannot start a thread.");
            }
            worker->is_started = true;
        }
    }
    if (!store->config.background) {
        return OK;
    }
    const enum err_code code = background_start(store, reterr);
    return code != OK ? code : keeper_start(store, reterr);
}

enum err_code store_start(const struct store_config *config, struct store **ret_store,
                          struct err *reterr)
{
    struct store *store = mem_alloc(sizeof *store);
    if (store == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    store->config = *config;
    store->database_url = copy_text(config->database_url);
    (void)pthread_mutex_init(&store->catalog_lock, NULL);
    atomic_init(&store->is_attached, config->last_setup == NULL);
    atomic_init(&store->is_away, config->last_setup != NULL);
    if (config->last_setup != NULL) {
        store->catalog = catalog_ref(config->last_setup);
    }
    key_use_init(&store->key_use);
    for (size_t i = 0; i < LANE_COUNT_; i++) {
        queue_init(&store->lanes[i].queue, config->queue_items);
    }
    enum err_code code = store->database_url != NULL ? OK
                                                     : err_set(reterr, ERR_NOMEM, "Out of memory.");
    for (size_t i = 0; i < LANE_COUNT_ && code == OK; i++) {
        code = start_lane(store, (enum lane)i, reterr);
    }
    if (code == OK) {
        code = start_threads(store, reterr);
    }
    if (code != OK) {
        store_stop(store);
        return code;
    }
    *ret_store = store;
    return OK;
}

enum err_code store_prepare(struct store *store, struct err *reterr)
{
    struct conn *conn = conn_new(store->database_url, CONN_READS);
    if (conn == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a connection.");
    }
    enum err_code code = conn_open(conn, connect_timeout_us, reterr);
    conn_set_deadline(conn, clock_monotonic_us() + store->config.operation_timeout_us);
    code = code != OK ? code : store_check_server(conn, reterr);
    code = code != OK ? code : store_check_privacy(store, conn, reterr);
    code = code != OK ? code : catalog_reload(store, conn, reterr);
    conn_free(conn);
    return code;
}

void store_attach(struct store *store)
{
    atomic_store(&store->is_attached, true);
    atomic_store(&store->is_away, false);
    store_tell_change(store);
}

void store_release_waiters(struct store *store)
{
    background_quiesce(store);
}

void store_quiesce(struct store *store)
{
    background_quiesce(store);
    for (size_t i = 0; i < LANE_COUNT_; i++) {
        queue_close(&store->lanes[i].queue);
    }
}

void store_stop(struct store *store)
{
    if (store == NULL) {
        return;
    }
    keeper_stop(store);
    background_stop(store);
    for (size_t i = 0; i < LANE_COUNT_; i++) {
        stop_lane(&store->lanes[i]);
    }
    catalog_unref(store->catalog);
    (void)pthread_mutex_destroy(&store->catalog_lock);
    key_use_done(&store->key_use);
    mem_free(store->database_url);
    mem_free(store);
}

bool store_submit(struct store *store, struct op *op)
{
    if (op->deadline_us == 0) {
        op->deadline_us = clock_monotonic_us() + store->config.operation_timeout_us;
    }
    return queue_push(&store->lanes[op->lane].queue, &op->node);
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t is_over;
    bool is_done;
};

static void wake(struct op *op)
{
    struct waiting *waiting = op->context;
    (void)pthread_mutex_lock(&waiting->lock);
    waiting->is_done = true;
    (void)pthread_cond_signal(&waiting->is_over);
    (void)pthread_mutex_unlock(&waiting->lock);
}

enum err_code store_run(struct store *store, struct op *op, struct err *reterr)
{
    struct waiting waiting = {.lock = PTHREAD_MUTEX_INITIALIZER,
                              .is_over = PTHREAD_COND_INITIALIZER};
    op->context = &waiting;
    op->done = wake;
    if (!store_submit(store, op)) {
        return err_set(reterr, ERR_BUSY, "The store takes no more work.");
    }
    (void)pthread_mutex_lock(&waiting.lock);
    while (!waiting.is_done) {
        (void)pthread_cond_wait(&waiting.is_over, &waiting.lock);
    }
    (void)pthread_mutex_unlock(&waiting.lock);
    *reterr = op->err;
    return op->err.code;
}

void store_stats(const struct store *store, struct store_stats *ret_stats)
{
    struct store *mutable =
        (struct store *)(uintptr_t)store; /* queues and atomics are read under locks */
    *ret_stats = (struct store_stats){0};
    for (size_t i = 0; i < LANE_COUNT_; i++) {
        ret_stats->batches[i] = atomic_load(&mutable->lanes[i].batches);
        ret_stats->operations[i] = atomic_load(&mutable->lanes[i].operations);
        ret_stats->queued[i] = queue_length(&mutable->lanes[i].queue);
        ret_stats->connections_wanted += mutable->lanes[i].worker_count;
    }
    ret_stats->retries = atomic_load(&mutable->retries);
    ret_stats->reconnects = atomic_load(&mutable->reconnects);
    ret_stats->breaches_flagged = atomic_load(&mutable->breaches_flagged);
    ret_stats->events_numbered = atomic_load(&mutable->events_numbered);
    ret_stats->set_aside = atomic_load(&mutable->set_aside);
    for (size_t i = 0; i < SUSPICION_COUNT_; i++) {
        ret_stats->suspicions[i] = atomic_load(&mutable->suspicions[i]);
    }
    ret_stats->feed_last = atomic_load(&mutable->feed_last);
    ret_stats->background_at_us = atomic_load(&mutable->background_at_us);
    const int64_t since_us = atomic_load(&mutable->feed_pending_since_us);
    ret_stats->feed_pending_oldest_seconds =
        since_us == 0 ? 0.0 : (double)(clock_monotonic_us() - since_us) / (double)US_PER_SECOND;
}

void change_op_init(struct change_op *op, struct input *inputs, size_t count, enum lane lane)
{
    *op = (struct change_op){
        .op = {.kind = OP_CHANGE, .lane = lane},
          .inputs = inputs, .input_count = count
    };
    op->op.node.bytes = count * INPUT_WEIGHT_BYTES;
}

void setup_op_init(struct setup_op *op)
{
    *op = (struct setup_op){
        .op = {.kind = OP_SETUP, .lane = LANE_WRITE}
    };
}

void read_op_init(struct read_op *op)
{
    *op = (struct read_op){
        .op = {.kind = OP_READ, .lane = LANE_READ}
    };
    op->op.node.bytes = INPUT_WEIGHT_BYTES;
}

void upsert_op_init(struct read_op *op)
{
    read_op_init(op);
    op->op.kind = OP_UPSERT;
    op->op.lane = LANE_WRITE;
}

void read_op_done(struct read_op *op)
{
    for (size_t i = 0; i < op->query_count; i++) {
        params_done(&op->queries[i].params);
    }
    op->query_count = 0;
}

struct params *read_op_query(struct read_op *op, enum statement statement)
{
    assert(op->query_count < READ_QUERIES_MAX);
    struct read_query *query = &op->queries[op->query_count++];
    query->statement = statement;
    params_init(&query->params);
    return &query->params;
}
