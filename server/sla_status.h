/*
 * The document of /v1/sla/status, read once for all who look at it.
 *
 * Any number of screens poll it; the database is asked at most twice a second, by a read operation
 * of this module's own. A document that is young enough is given at once, and when it is half a
 * second old the next one is read meanwhile; only who finds none that is young enough waits here
 * for the one that is being read. So nobody sees one that is more than a second old, and a thousand
 * screens cost one query.
 *
 * All functions are thread-safe.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "store/store.h"

enum { SLA_STATUS_ETAG_BYTES = 40, SLA_STATUS_BYTES_MAX = 262144, SLA_STATUS_WAITING_MAX = 4096 };

/* One reading of it, shared by all who send it. */
struct sla_document {
    _Atomic size_t references;
    struct buf text;
    char etag[SLA_STATUS_ETAG_BYTES]; /* over everything but as_of, with quotes */
};

struct sla_status {
    struct store *store;
    struct read_op read;  /* of whoever set is_reading, then of the store */
    pthread_mutex_t lock; /* guards the rest */
    bool is_reading;
    int64_t asked_at_us; /* clock_monotonic_us: when the read under way began */
    int64_t read_at_us;  /* the same of the document; 0: none yet */
    struct sla_document *document;
    struct queue_node *waiting; /* operations, by their nodes */
    size_t waiting_count;
};

/* `store` is borrowed. */
void sla_status_init(struct sla_status *status, struct store *store);
/* The store has stopped: nobody waits any more. Takes a zeroed one. */
void sla_status_done(struct sla_status *status);

/* The document if it is young enough; with `is_any_age` also an older one. A reference of the
 * caller's; NULL: there is none. */
struct sla_document *sla_status_document(struct sla_status *status, bool is_any_age);
/* Any thread. Takes NULL. */
void sla_document_unref(struct sla_document *document);
/*
 * Gives `op` back when the next document is there: op->finish, then op->done, with op->err telling
 * whether it could be read. The operation is the store's no more and not yet the caller's; on any
 * thread, maybe before this returns.
 */
void sla_status_wait(struct sla_status *status, struct op *op);
/* The same, but a document that is there already is not enough. */
void sla_status_renew(struct sla_status *status, struct op *op);
/* Whether there is a document that is young enough and has another ETag. */
bool sla_status_is_news(struct sla_status *status, const char *etag);
