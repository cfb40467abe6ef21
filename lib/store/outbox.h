/*
 * What people have to be told, between what happened and its sending: made from the change feed,
 * taken, settled. Sending itself is not known here.
 *
 * An outbox is one thread's: it has a connection of its own and holds no transaction between calls.
 * Any number of instances may work on one database. Rows are made in the transaction that moves the
 * cursor, so each once; a message is taken for a while, so whoever dies with it leaves it to
 * others, who send it under the same id.
 *
 * Errors are those of conn_run: after ERR_BUSY (the database is away) the next call connects again.
 */
#pragma once

#include "domain/notification.h"
#include "store/store.h"

struct outbox;

/* NULL: out of memory. The store must outlive it. */
struct outbox *outbox_new(struct store *store) MUSTCHECK;
/* Takes NULL. */
void outbox_free(struct outbox *outbox);

/*
 * Looks through what happened since the last time (by any instance) and makes rows for whom it
 * concerns. Without `has_mail` nobody is told by mail, now or later. *ret_has_more: there was more
 * than one transaction takes; call again. Another instance at it is OK.
 */
enum err_code outbox_collect(struct outbox *outbox, bool has_mail, bool *ret_has_more,
                             struct err *reterr) MUSTCHECK;

enum { OUTBOX_ITEMS_MAX = 100 /* notifications that share a message; more go with the next one */ };

/* A message taken by outbox_take: all that one recipient has to be told now. */
struct outbox_message {
    enum notification_channel channel;
    struct uuid id;          /* the same on every attempt */
    struct uuid member_id;   /* of a mail */
    enum team team;          /* of a chat */
    int32_t attempt;         /* 1 for the first */
    int64_t taken_at_us;     /* now, by the database's clock */
    int64_t until_us;        /* how long it is the taker's, by the database's clock */
    struct catalog *catalog; /* as it is now: a reference, given back by outbox_give_up */
    struct uuid ids[OUTBOX_ITEMS_MAX];
    size_t count; /* 0: nothing is due, or somebody else has it */
    bool is_busy; /* there is something, but another instance was at it: try again soon */
};

/* Takes the message that waits longest. */
enum err_code outbox_take(struct outbox *outbox, enum notification_channel channel,
                          struct outbox_message *ret_message, struct err *reterr) MUSTCHECK;
/* Forgets the message here; not settled, it is due again when its time is over. Takes a zeroed one.
 */
void outbox_give_up(struct outbox_message *message);

/* What the message is about, as it is now, in the order in which it happened; in the arena. Local
 * times are of `zone`, also *ret_now. */
enum err_code outbox_read(struct outbox *outbox, const struct outbox_message *message,
                          struct str zone, struct arena *arena,
                          struct notification_facts **ret_facts, size_t *ret_count,
                          struct notification_time *ret_now, struct err *reterr) MUSTCHECK;

/* What became of some of a message's notifications. */
struct outbox_result {
    enum { OUTBOX_SENT, OUTBOX_SKIPPED, OUTBOX_FAILED, OUTBOX_AGAIN, OUTBOX_HELD } outcome;
    const char *reason; /* SKIPPED: a word */
    const char *error;  /* FAILED, AGAIN: a sentence without personal data */
    int64_t delay_us;   /* AGAIN, HELD: not before */
    struct str zone;    /* AGAIN, HELD: of the hours below; absent: at any time */
    struct working_hours hours;
};
/* What is not the taker's any more stays as it is. */
enum err_code outbox_settle(struct outbox *outbox, const struct outbox_message *message,
                            const struct uuid *ids, size_t count,
                            const struct outbox_result *result, struct err *reterr) MUSTCHECK;
