/* What the files of lib/store share: the store, its workers, and how a batch of each kind is run.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/json_write.h"
#include "base/queue.h"
#include "base/random.h"
#include "store/conn.h"
#include "store/key_use.h"
#include "store/store.h"

enum {
    WORKERS_PER_LANE_MAX = 32,
    /* queue_node.bytes of one batch, over all its operations. A list of the largest size fills it,
     * so that of several that wait each writer takes one. */
    BATCH_BYTES_MAX = 4 << 20,
    INPUT_WEIGHT_BYTES = 4096, /* of an operation for each of its inputs */
    BATCH_ARENA_BYTES_MAX = 256 << 20,
    BATCH_ATTEMPTS_MAX = 8, /* of a batch that lost a race */
    FEED_WAITERS_MAX = 1024,
    FEED_FOLLOWERS_MAX = 4,
};

_Static_assert(2 * CHANGE_INPUTS_MAX * INPUT_WEIGHT_BYTES > BATCH_BYTES_MAX &&
                   CHANGE_INPUTS_MAX * INPUT_WEIGHT_BYTES <= BATCH_BYTES_MAX,
               "a list of the largest size fills a batch");

struct worker {
    struct store *store;
    enum lane lane;
    pthread_t thread;
    bool is_started;
    struct conn *conn;
    struct random random;     /* jitter */
    struct arena arena;       /* of the batch under way */
    struct arena scratch;     /* for rules */
    struct params params;     /* of the statement being sent */
    int64_t retry_connect_us; /* no earlier attempt to connect */
};

struct lane_state {
    struct queue queue;
    struct worker workers[WORKERS_PER_LANE_MAX];
    size_t worker_count;
    _Atomic uint64_t batches;
    _Atomic uint64_t operations;
    _Atomic int64_t at_us; /* when a batch ended last; 0: never */
};

struct feed_waiter {
    struct op *op;
    int64_t after;
    int64_t until_us;
};

struct background {
    pthread_t thread;
    bool is_started;
    struct conn *conn;
    struct params params;
    struct arena arena;
    int64_t next_expiry_us; /* the thread's own, as are those before the lock */
    int64_t next_calendars_us;
    int64_t next_changes_us;
    struct uuid change_id; /* the entry whose change it goes on with; nil: none */
    int32_t change_version;
    atomic_bool has_left_change; /* of clocks: a worker leaves one to the thread */
    int64_t next_agreement_us;
    int64_t absences_version;       /* of the set-up whose absences were looked at */
    int64_t absences_changed_at_us; /* since when, and when to look again: the database's clock */
    int64_t absences_at_us;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t wake;
    bool must_stop;
    bool is_quiet;   /* takes no more waiters */
    bool has_events; /* a writer committed some */
    bool has_clocks; /* a writer started or changed a clock */
    struct feed_waiter waiters[FEED_WAITERS_MAX + FEED_FOLLOWERS_MAX];
    size_t waiter_count;
};

/* The thread that keeps the commitments' books: commitment_keeper.c. */
struct keeper {
    pthread_t thread;
    bool is_started;
    struct conn *conn;
    struct params params;
    struct arena arena;        /* of the piece of work at hand */
    struct arena scratch;      /* for rules */
    struct arena filter_arena; /* of filters */
    struct keeper_filter *filters;
    size_t filter_count;
    int64_t filters_version; /* of the set-up that they are of; 0: none yet */
    int64_t matched_us;      /* handoffs opened until then have met all filters; TIME_NONE: not */
    int64_t due_at_us;       /* when the next period is to be frozen; TIME_NONE: none */
    int64_t due_version;     /* … as of this set-up */
    int64_t watched_at_us;   /* when it looked for what is in danger */
    int64_t watched_version; /* … as of this set-up */
    int64_t watch_rest_us;   /* … and how long it does not look again */
    int64_t seen_last;       /* the feed's last position and the set-up's version when it looked */
    int64_t seen_version;    /* 0: it has to look anew */
    int64_t eager_until_us;  /* clock_monotonic_us: until then it looks in every round */
    int64_t next_look_us;    /* … and then once, whether there is anything new or not */
    pthread_mutex_t lock;    /* guards the rest */
    pthread_cond_t wake;
    bool must_stop;
};

struct store {
    struct store_config config;
    char *database_url; /* owned copy */
    struct lane_state lanes[LANE_COUNT_];
    struct background background;
    struct keeper keeper;
    struct key_use key_use;

    _Atomic bool is_attached; /* connections may be made */
    _Atomic bool is_away;

    pthread_mutex_t catalog_lock; /* guards the next two */
    struct catalog *catalog;
    char away_cause[ERR_DETAIL_BYTES_MAX]; /* why there was no connection the last time; "" */

    char privacy_fingerprint[PRIVACY_FINGERPRINT_BYTES]; /* of the configured key; "": none */
    enum privacy_state privacy;                          /* as it was at the start */
    _Atomic bool has_erasures; /* somebody was erased once, so addresses are hashed to compare */

    _Atomic uint64_t retries;
    _Atomic uint64_t reconnects;
    _Atomic uint64_t breaches_flagged;
    _Atomic uint64_t events_numbered;
    _Atomic uint64_t set_aside;
    _Atomic uint64_t suspicions[SUSPICION_COUNT_];
    _Atomic int64_t feed_last;
    _Atomic int64_t feed_pending_since_us; /* clock_monotonic_us, 0: none */
    _Atomic int64_t background_at_us;
    _Atomic size_t connections_up;
};

/* ---- worker.c ---- */
enum err_code worker_init(struct worker *worker, struct store *store, enum lane lane) MUSTCHECK;
void worker_done(struct worker *worker);
void *worker_main(void *worker);
/* What everybody is told who needs the database while it cannot be reached. */
extern const char store_away_detail[];
/* Opens a connection, once the database is known to be fit. ERR codes of conn_open, whose ERR_BUSY
 * has libpq's words, kept for store_away_cause; ERR_BUSY before. */
enum err_code store_connect(struct store *store, struct conn *conn, struct err *reterr) MUSTCHECK;
/* Somebody else may want to know that something is not as it was. */
void store_tell_change(const struct store *store);
/* Connects if needed, not more often than every quarter of a second. */
enum err_code worker_connect(struct worker *worker, struct err *reterr) MUSTCHECK;
/* Gives the operation back: finish (when the result is OK or an error of its own), then done. */
void op_complete(struct op *op, const struct err *err);

/* ---- change_batch.c, setup_batch.c, read_batch.c: one attempt at a batch ---- */

/* How far an attempt that lost its connection had come. */
struct attempt_state {
    bool end_was_sent; /* COMMIT: so nobody knows whether it happened */
    bool is_rerun;     /* an earlier attempt ended like that */
    bool is_trial;     /* everything is written and nothing kept: would it be taken? */
    size_t done;       /* so many of the operations were completed, whatever comes of the rest */
};
enum err_code change_batch_run(struct worker *worker, struct change_op *const ops[], size_t count,
                               struct attempt_state *state, struct err *reterr) MUSTCHECK;
enum err_code setup_run(struct worker *worker, struct setup_op *op, struct err *reterr) MUSTCHECK;
/* Counts in `state->done` those that it completes, also when it fails at another. */
enum err_code read_batch_run(struct worker *worker, struct read_op *const ops[], size_t count,
                             struct attempt_state *state, struct err *reterr) MUSTCHECK;
/* finish sees the rows; done may free the operation itself, so they go in between. */
void read_op_complete(struct read_op *op, const struct err *err);
void read_op_free_rows(struct read_op *op);

/* ---- upsert.c ---- */
enum err_code upsert_run(struct worker *worker, struct read_op *op, struct err *reterr) MUSTCHECK;

/* ---- setup_dates.c ---- */
/* Within a set-up write's transaction: replaces the bare dates that `body` has where a moment is
 * meant. OK, ERR_NOMEM, those of conn.h. */
enum err_code setup_resolve_dates(struct worker *worker, const struct catalog *catalog,
                                  enum catalog_kind kind, json_t *body, struct arena *arena,
                                  struct err *reterr) MUSTCHECK;

/* ---- effects_write.c ---- */

/* Sends the statements that write what was decided; the caller sends COMMIT and syncs. ret_count:
 * how many were sent. contacts: all of the batch, written where dirty. */
enum err_code effects_send(struct worker *worker, const struct effects *effects,
                           struct contact *const contacts[], size_t contact_count,
                           size_t *ret_count, struct err *reterr) MUSTCHECK;

/* ---- catalog_load.c ---- */

/* That head.sql, or whatever else reads the one row of catalog_head, has found it. */
enum err_code catalog_head_check(const struct rows *head, struct err *reterr) MUSTCHECK;

/* Reads the set-up on an idle connection and makes it the store's newest (unless that is newer
 * yet). */
enum err_code catalog_reload(struct store *store, struct conn *conn, struct err *reterr) MUSTCHECK;
/* Whether `version` is the newest snapshot's. */
bool catalog_is_current(struct store *store, int64_t version);

/* ---- server_check.c ---- */
/* Durability, schema version, test clock: what store_start promises. */
enum err_code store_check_server(struct conn *conn, struct err *reterr) MUSTCHECK;

/* ---- privacy_state.c ---- */
/* Compares the configured privacy key with the one used so far. */
enum err_code store_check_privacy(struct store *store, struct conn *conn,
                                  struct err *reterr) MUSTCHECK;

/* ---- background_retention.c ---- */
/* Once a minute: forgets what is older than it has to be kept. */
enum err_code background_expire(struct store *store, struct err *reterr) MUSTCHECK;

/* ---- key_use.c ---- */
/* Writes which keys were used, a few times a minute. */
enum err_code background_write_key_use(struct store *store, struct err *reterr) MUSTCHECK;

/* ---- background_calendars.c ---- */
/* Once an hour: expands calendars further where time has gone by. */
enum err_code background_extend_calendars(struct store *store, struct err *reterr) MUSTCHECK;

/* ---- clock_change.c ---- */
/* SETUP_APPLY: one batch of a change that is to reach the clocks that run. */
enum err_code clock_change_apply(struct worker *worker, struct setup_op *op,
                                 struct err *reterr) MUSTCHECK;
/* Goes on with a change that somebody began and left, a batch at a time; lowers *next_us when there
 * is more of it. */
enum err_code background_clock_changes(struct store *store, int64_t *next_us,
                                       struct err *reterr) MUSTCHECK;

/* ---- background_escalate.c ---- */
/* Takes the steps that are due, in the open transaction; of how many clocks. */
enum err_code background_escalate(struct store *store, const struct rows *locked, int64_t now_us,
                                  size_t *ret_count, struct err *reterr) MUSTCHECK;

/* ---- background_absence.c ---- */
/* Gives away what members have who are away; lowers *next_us to the time until the next look. */
enum err_code background_settle_absences(struct store *store, int64_t now_us, int64_t *next_us,
                                         struct err *reterr) MUSTCHECK;

/* ---- background_pause.c ---- */
/* What events about pauses that ended tell, of rows of contact, handoff, state, assignee; in the
 * arena. */
struct str background_resumed_event(struct arena *arena, const struct rows *ended, size_t row);
/* Ends the pauses that are over; lowers *next_us to the time until the next one ends. */
enum err_code background_end_pauses(struct store *store, int64_t *next_us,
                                    struct err *reterr) MUSTCHECK;

/* ---- transaction.c: those of the store's own threads ---- */

/* BEGIN and a first statement; others behind it; COMMIT, or ROLLBACK when `code` says that
 * something failed or nothing is to be kept. */
enum err_code transaction_begin(struct conn *conn, enum statement statement,
                                const struct params *params, struct rows **ret_rows,
                                struct err *reterr) MUSTCHECK;
enum err_code transaction_go_on(struct conn *conn, enum statement statement,
                                const struct params *params, struct rows **ret_rows,
                                struct err *reterr) MUSTCHECK;
enum err_code transaction_end(struct conn *conn, enum err_code code, bool keep,
                              struct err *reterr) MUSTCHECK;

/* ---- commitment_keeper.c ---- */
enum err_code keeper_start(struct store *store, struct err *reterr) MUSTCHECK;
void keeper_stop(struct store *store);
/* Tells something that is about no contact, in the keeper's transaction; the data is JSON. */
enum err_code keeper_tell(struct keeper *keeper, const char *type, int64_t at_us, struct str data,
                          struct err *reterr) MUSTCHECK;

/* ---- commitment_filters.c ---- */
/* The filters of this version of the set-up; then the handoffs that none of them has judged: those
 * opened since the last time, all when a filter is new. */
enum err_code keeper_load_filters(struct keeper *keeper, int64_t version,
                                  struct err *reterr) MUSTCHECK;
enum err_code keeper_match_handoffs(struct keeper *keeper, int64_t now_us,
                                    struct err *reterr) MUSTCHECK;
void keeper_forget_filters(struct keeper *keeper);

/* ---- commitment_watch.c ---- */
/* Looks for commitments that are in danger, if it is time to; on the keeper's thread. */
enum err_code commitments_watch(struct store *store, int64_t version, int64_t now_us,
                                struct err *reterr) MUSTCHECK;

/* ---- background_agreement.c ---- */
/* Puts into force what is signed and whose day has come; lowers *next_us to the time until the next
 * look. */
enum err_code background_agreements(struct store *store, int64_t *next_us,
                                    struct err *reterr) MUSTCHECK;

/* ---- background.c ---- */
/* What events about clocks tell, of rows of contact, clock_id, handoff_id, kind, due_at; in the
 * arena. */
struct str background_clock_event(struct arena *arena, const struct rows *rows, size_t row);
enum err_code background_start(struct store *store, struct err *reterr) MUSTCHECK;
/* No more waiters; those there are go back. */
void background_quiesce(struct store *store);
void background_stop(struct store *store);
/* A writer committed events, or clocks: the thread looks at once. */
void background_notify(struct store *store, bool has_events, bool has_clocks);

/* transaction_… on the background thread's connection, with background->params. */
enum err_code background_begin(struct background *background, enum statement statement,
                               struct rows **ret_rows, struct err *reterr) MUSTCHECK;
enum err_code background_go_on(struct background *background, enum statement statement,
                               struct rows **ret_rows, struct err *reterr) MUSTCHECK;
enum err_code background_end(struct background *background, enum err_code code, bool keep,
                             struct err *reterr) MUSTCHECK;
/* Parameters: the contacts that were locked, and the time. */
void background_contact_params(struct background *background, const struct rows *locked,
                               int64_t now_us);
