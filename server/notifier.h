/*
 * People are told: a thread for mail and one for chats look through the outbox (store/outbox.h),
 * write what they find (delivery/notification_text.h) and send it.
 *
 * A member is told within the hours they work, of what still stands when the mail goes out; what
 * waited for the hours to begin goes in one mail. A server that is away or says "later" is tried
 * again, in the end ten hours apart; what was refused, or tried long enough, stays as failed
 * (GET /v1/notifications?state=failed). Sending is at least once: a mail whose acknowledgement was
 * lost goes again under the same Message-ID.
 */
#pragma once

#include "config.h"
#include "domain/notification_kinds.h"
#include "store/store.h"

struct notifier;

/* Counters since start, by channel. */
struct notifier_stats {
    uint64_t sent[NOTIFY_CHANNEL_COUNT_]; /* messages */
    uint64_t failed[NOTIFY_CHANNEL_COUNT_];
    uint64_t retried[NOTIFY_CHANNEL_COUNT_];
    uint64_t skipped[NOTIFY_CHANNEL_COUNT_]; /* notifications */
};

/* Starts the threads. ERR_INVALID: the mail's configuration does not fit together. The
 * configuration and the store must outlive it. */
enum err_code notifier_start(const struct config *config, struct store *store,
                             struct notifier **ret_notifier, struct err *reterr) MUSTCHECK;
/* Ends them; what is under way gets a few seconds. Takes NULL. */
void notifier_stop(struct notifier *notifier);
void notifier_stats(const struct notifier *notifier, struct notifier_stats *ret_stats);
