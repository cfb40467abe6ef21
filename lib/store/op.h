/*
 * Operations: what the rest of the program asks the store to do.
 *
 * The caller makes an operation in its own arena, fills in what it wants and gives it away with
 * store_submit. From then on it belongs to the store until `done` is called on a worker thread:
 * first `finish`, while what was read is at hand, then `done`, after which the store touches it no
 * more.
 *
 * An operation is answered after the commit that holds it, or with an error; never both.
 */
#pragma once

#include "base/err.h"
#include "base/queue.h"
#include "domain/catalog.h"
#include "domain/change.h"
#include "store/param.h"
#include "store/rows.h"
#include "store/statement.h"

enum lane {
    LANE_INGEST, /* form posts, and short lists */
    LANE_BULK,   /* long lists: a form does not queue behind them */
    LANE_WRITE,  /* what a person or program waits for: moves, patches, set-up */
    LANE_READ,
    LANE_COUNT_
};

enum op_kind { OP_CHANGE, OP_SETUP, OP_READ, OP_UPSERT, OP_KIND_COUNT_ };

struct op {
    struct queue_node node; /* node.bytes: about how much work it brings */
    enum op_kind kind;
    enum lane lane;
    int64_t deadline_us; /* clock_monotonic_us; not started after that: ERR_TIMEOUT */
    /* The snapshot it was made with (a borrowed reference); when the set-up has changed since, the
     * operation comes back untouched with must_restart. NULL: it does not depend on the set-up. */
    const struct catalog *catalog;
    bool must_restart;
    int64_t now_us; /* out: the database's time when it was read or decided */
    struct err err; /* out: OK or why it failed as a whole */

    void (*finish)(struct op *op);
    void (*done)(struct op *op);
    void *context;
};

/*
 * An Idempotency-Key: the first answer again for a day. What is stored with the change is what its
 * answer is made of (ids, not documents); a refusal changed nothing and is decided anew.
 */
struct idempotency {
    struct uuid key_id;        /* the API key's */
    struct str method_path;    /* "POST /v1/contacts" */
    struct str key;            /* of the client's the SHA-256 as hexadecimal digits */
    struct sha256 fingerprint; /* of the client's key and the body */
    bool is_replay;            /* out: results are those of the first time, or: */
    enum err_code code;        /* out: why the key cannot be honoured; nothing was decided */
    const char *detail;
};

enum { CHANGE_INPUTS_MAX = 1000, READ_QUERIES_MAX = 6 };

/* Inputs about contacts, decided and written in one transaction. One that the database refuses is
 * left out, as long as there are others: its result says so. */
struct change_op {
    struct op op;
    struct input *inputs; /* each has its own result */
    size_t input_count;
    bool is_dry_run;                 /* decides and writes nothing */
    struct idempotency *idempotency; /* NULL: none; else in the arena of the request */
};

/* A set-up write: the body's validation against the newest snapshot happens under the lock. */
enum setup_action { SETUP_CREATE, SETUP_CREATE_ALL, SETUP_PATCH, SETUP_DELETE, SETUP_APPLY };

/* One of many entries made at once. Those that exist already are as good. */
struct setup_item {
    enum catalog_kind kind;
    const json_t *body; /* borrowed until done */
    struct uuid id;     /* the id to use; out: the existing entry's where there is one */
};

/*
 * A change of a policy or a calendar may reach the clocks that run: `reaches_clocks` of the PATCH,
 * then SETUP_APPLY with the entry's id and new version, again and again until `is_applied`. Each
 * does one batch, so nothing waits long behind it. Should nobody go on, the background thread does:
 * also when there are so many that nobody would want to wait (`clocks_left`).
 */
struct setup_op {
    struct op op;
    enum setup_action action;
    struct setup_item *items; /* CREATE_ALL: all of them or, on an error, none */
    size_t item_count;
    enum catalog_kind entry_kind; /* and the rest: of the other actions */
    struct str target;            /* PATCH, DELETE: slug or id */
    const json_t *body;           /* CREATE: the whole; PATCH: a merge patch; borrowed until done */
    struct uuid id;               /* CREATE: the id to use */
    int32_t if_version;           /* 0: none */
    struct idempotency *idempotency; /* CREATE, PATCH; NULL: none */
    const char *event;               /* of the feed, told with the write; NULL: none */
    struct str event_data;           /* JSON */
    bool reaches_clocks;             /* PATCH */
    struct str actor;                /* … who wants that, for the record */
    struct uuid applied_id;          /* out of PATCH, for APPLY: the entry … */
    int32_t applied_version;         /* … and which version of it */
    bool is_applied;                 /* out: that was all */
    int64_t clocks_changed;          /* out: how many have the version, so far */
    int64_t clocks_moved;            /* out: … how many of these got another deadline */
    int64_t clocks_left;             /* out: over 0: the background goes on with so many */
    struct arena *arena;
    struct faults *faults;    /* out, when err is ERR_INVALID */
    struct catalog *snapshot; /* out: the snapshot that holds the result; the caller's to unref */
    const struct catalog_entry *entry; /* out: inside `snapshot`; ERR_CONFLICT: the existing one */
};

/* Statements that only read; their rows are at hand during finish. As OP_UPSERT they write rows by
 * their keys in one transaction, and doing so again changes nothing. */
struct read_query {
    enum statement statement;
    struct params params;
    struct rows *rows;
};
struct read_op {
    struct op op;
    struct read_query queries[READ_QUERIES_MAX];
    size_t query_count;
    /* Of OP_UPSERT alone. A replay runs no query: its rows are NULL. */
    struct idempotency *idempotency; /* NULL: none */
    struct input_result result;      /* what the key remembers */
    /* Whether the rows say that something was done; what was not is no answer to remember. NULL:
     * it always was. */
    bool (*has_changed)(const struct read_op *op);
};
