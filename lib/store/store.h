/*
 * The store: all of PostgreSQL behind a few lanes.
 *
 * Each lane is a bounded queue with its worker threads; a worker owns one connection. A free worker
 * takes everything that waits (store/worker.c), runs it as one batch and gives every operation
 * back. One more thread numbers the change feed and flags what is overdue (store/background.c).
 *
 * All functions are thread-safe unless they say otherwise. No other part of the program knows
 * libpq.
 */
#pragma once

#include "domain/privacy_key.h"
#include "store/op.h"

struct store;

struct store_config {
    const char *database_url;
    size_t writers[LANE_COUNT_]; /* threads per lane */
    size_t queue_items;
    size_t batch_items;
    int64_t operation_timeout_us;
    int64_t event_retention_us;      /* how long the feed is kept */
    int64_t quarantine_retention_us; /* how long what was said is kept in quarantine */
    bool background;                 /* run the sequencer and the flagger */
    bool has_privacy_key;            /* without one nobody can be erased */
    struct privacy_key privacy_key;
    /* Begin without a database: with this set-up, and nothing else, until store_attach. A reference
     * of the caller's; NULL: connect. */
    struct catalog *last_setup;
    /* Told when the set-up changed, or the database went away or came back; on a thread of the
     * store, and must not block. May be NULL. */
    void (*on_change)(void *context);
    void *context;
};

/* Whether this process can tell the addresses of erased persons. */
enum privacy_state {
    PRIVACY_UNUSED,  /* nobody was ever erased: any key will do */
    PRIVACY_READY,   /* it has the key that was used so far */
    PRIVACY_NO_KEY,  /* it has none, */
    PRIVACY_MISMATCH /* or another one: nobody can be erased, no new address come in but by a form
                      */
};

/* Counters since start; read without a lock, each on its own. */
struct store_stats {
    uint64_t batches[LANE_COUNT_];
    uint64_t operations[LANE_COUNT_];
    uint64_t retries;
    uint64_t reconnects;
    uint64_t breaches_flagged;
    uint64_t events_numbered;
    uint64_t set_aside;                    /* submissions put into quarantine */
    uint64_t suspicions[SUSPICION_COUNT_]; /* their reasons; one may have several */
    int64_t feed_last;
    double feed_pending_oldest_seconds;
    size_t queued[LANE_COUNT_];
    size_t connections_up;
    size_t connections_wanted;
    int64_t background_at_us; /* clock_monotonic_us of the last finished round */
};

/*
 * Connects, checks what durability and versions promise (fsync, synchronous_commit, PostgreSQL ≥
 * 15, the schema neither older nor newer than this program, no test clock in a release), loads the
 * set-up and starts the threads. Errors say what to do. With config->last_setup all but the threads
 * waits for store_attach.
 */
enum err_code store_start(const struct store_config *config, struct store **ret_store,
                          struct err *reterr) MUSTCHECK;
/* For a store that began without a database, once that is migrated: the same checks, and the set-up
 * as it is. No operation is done yet. ERR_BUSY: not reachable. One thread at a time. */
enum err_code store_prepare(struct store *store, struct err *reterr) MUSTCHECK;
/* After store_prepare, and whatever has to be settled in between: from now on operations are done.
 */
void store_attach(struct store *store);
/* Whether the ingest lane could not reach the database when it last tried. It tries when it has
 * something to do: whoever wants to know when this ends sends it something. Costs one load. */
bool store_is_away(const struct store *store);
/* Why the database could not be reached the last time, as libpq says it ("" when it always could):
 * it may name hosts and roles, so it is for the log. Any thread. */
void store_away_cause(struct store *store, char out[static ERR_DETAIL_BYTES_MAX]);
/* Gives back the operations that wait for the feed, and takes no more of them: before connections
 * are drained. */
void store_release_waiters(struct store *store);
/* Refuses new operations, gives back those that wait for the feed, and finishes what is queued.
 * Before store_stop, when somebody still has to see the answers. */
void store_quiesce(struct store *store);
/* store_quiesce, joins the threads, closes. Takes NULL. */
void store_stop(struct store *store);

/* This API key was used now; any thread. It is written later, and shown to the minute. */
void store_note_key_use(struct store *store, struct uuid key_id);

/* Gives the operation to its lane. False: the queue is full or closed; the op is still the
 * caller's. */
bool store_submit(struct store *store, struct op *op) MUSTCHECK;

/* Gives the operation to its lane and waits until it is done; `done` and `context` are taken for
 * that. The operation's own error, or ERR_BUSY when it was not taken. */
enum err_code store_run(struct store *store, struct op *op, struct err *reterr) MUSTCHECK;

/* As it was at the start. Whatever it was, each change of contacts asks the database anew. */
enum privacy_state store_privacy(const struct store *store);
/* The key it has; NULL: none. */
const struct privacy_key *store_privacy_key(const struct store *store);
/* Gives it a key that it was started without; before the first operation. */
void store_use_privacy_key(struct store *store, const struct privacy_key *key);

/* The newest snapshot known here: a reference of the caller's. */
struct catalog *store_catalog(struct store *store);

void store_stats(const struct store *store, struct store_stats *ret_stats);

/*
 * Operations that wait for the feed to grow: `waiter` is submitted again to the read lane when
 * positions beyond `after` exist or `until_us` (clock_monotonic_us) has passed. False: too many
 * wait already.
 */
bool store_wait_for_feed(struct store *store, struct op *waiter, int64_t after,
                         int64_t until_us) MUSTCHECK;
/* The same for one who reads the feed for many: it has a place however many wait. A process has one
 * or two of these. False: the store stops. */
bool store_follow_feed(struct store *store, struct op *follower, int64_t after,
                       int64_t until_us) MUSTCHECK;

void change_op_init(struct change_op *op, struct input *inputs, size_t count, enum lane lane);
void setup_op_init(struct setup_op *op);
void read_op_init(struct read_op *op);
void upsert_op_init(struct read_op *op);
/* Frees the parameters' memory. */
void read_op_done(struct read_op *op);
/* Adds a statement and returns its params to fill. */
struct params *read_op_query(struct read_op *op, enum statement statement);
