#include "notifier.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/memory.h"
#include "base/random.h"
#include "delivery/chat.h"
#include "delivery/notification_text.h"
#include "domain/email_address.h"
#include "mail_settings.h"
#include "store/outbox.h"

enum {
    SENDER_ARENA_BYTES_MAX = 16 << 20,
    SETTINGS_BYTES_MAX = 64 << 10,
    CHAT_BYTES_MAX = 256 << 10,
    SETTLE_ATTEMPTS = 3,
};

static const int64_t look_us = 500 * US_PER_MS;
static const int64_t busy_us = 50 * US_PER_MS;
static const int64_t trouble_us = 2 * US_PER_SECOND;

/* After the n-th attempt; behind the last one it has failed. */
static const int64_t retry_seconds[] = {30, 120, 600, 1800, 3600, 7200, 14400, 36000, 36000};

struct sender {
    struct notifier *notifier;
    enum notification_channel channel;
    pthread_t thread;
    bool is_started;
    struct outbox *outbox;
    struct arena arena; /* of the message under way */
    struct random random;
    bool is_in_trouble; /* the last round failed; said once */
};

struct notifier {
    const struct config *config;
    struct arena arena; /* of the settings */
    struct mail_server mail;
    struct outgoing outgoing;
    bool has_mail;
    struct sender senders[NOTIFY_CHANNEL_COUNT_];
    pthread_mutex_t lock; /* of the condition alone */
    pthread_cond_t wake;
    _Atomic bool must_stop;
    _Atomic uint64_t sent[NOTIFY_CHANNEL_COUNT_];
    _Atomic uint64_t failed[NOTIFY_CHANNEL_COUNT_];
    _Atomic uint64_t retried[NOTIFY_CHANNEL_COUNT_];
    _Atomic uint64_t skipped[NOTIFY_CHANNEL_COUNT_];
};

static bool must_stop(const struct sender *sender)
{
    return atomic_load(&sender->notifier->must_stop);
}

/* Until so much time has passed, or the service stops. */
static void wait_a_while(struct notifier *notifier, int64_t us)
{
    const int64_t until_us = clock_monotonic_us() + us;
    const struct timespec until = {.tv_sec = (time_t)(until_us / US_PER_SECOND),
                                   .tv_nsec = (long)(until_us % US_PER_SECOND * 1000)};
    (void)pthread_mutex_lock(&notifier->lock);
    while (!atomic_load(&notifier->must_stop) &&
           pthread_cond_timedwait(&notifier->wake, &notifier->lock, &until) != ETIMEDOUT) {
    }
    (void)pthread_mutex_unlock(&notifier->lock);
}

/* ---- a message ---- */

struct delivery {
    struct sender *sender;
    const struct outbox_message *message;
    const struct member *member; /* NULL: a chat's */
    struct str zone;
    struct str locale;
    struct notification_facts *facts; /* those that go out stand first */
    size_t count;
    struct uuid ids[OUTBOX_ITEMS_MAX];
};

/* After a send the answer must not get lost with one hiccup of the database: it would go again. */
static void settle(const struct delivery *delivery, const struct uuid *ids, size_t count,
                   const struct outbox_result *result)
{
    struct err err = {.code = OK};
    struct sender *sender = delivery->sender;
    for (int attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
        if (outbox_settle(sender->outbox, delivery->message, ids, count, result, &err) == OK) {
            return;
        }
        wait_a_while(sender->notifier, US_PER_SECOND);
    }
    log_write(LOG_WARN, "notification_not_settled", LOG_TEXT("error", err.detail));
}

static void skip(const struct delivery *delivery, const struct notification_facts *facts,
                 const char *reason)
{
    const struct outbox_result result = {.outcome = OUTBOX_SKIPPED, .reason = reason};
    settle(delivery, &facts->id, 1, &result);
    atomic_fetch_add(&delivery->sender->notifier->skipped[delivery->message->channel], 1);
}

/* Those that nobody needs to be told any more leave; the rest closes up. */
static void drop_what_is_over(struct delivery *delivery)
{
    size_t kept = 0;
    for (size_t i = 0; i < delivery->count; i++) {
        const char *over = notification_is_over(&delivery->facts[i], delivery->member);
        if (over == NULL) {
            delivery->facts[kept++] = delivery->facts[i];
        } else {
            skip(delivery, &delivery->facts[i], over);
        }
    }
    delivery->count = kept;
}

/* Of several that go out together about one promise, the last says it all. */
static void drop_what_is_superseded(struct delivery *delivery)
{
    size_t kept = 0;
    for (size_t i = 0; i < delivery->count; i++) {
        if (notification_is_superseded(delivery->facts, delivery->count, i)) {
            skip(delivery, &delivery->facts[i], "superseded");
        } else {
            delivery->facts[kept++] = delivery->facts[i];
        }
    }
    delivery->count = kept;
}

/* What came due outside the member's hours waits for them. */
static void hold_what_may_not_go(struct delivery *delivery, const struct notification_time *now)
{
    size_t kept = 0;
    size_t held = 0;
    for (size_t i = 0; i < delivery->count; i++) {
        if (notification_may_go(delivery->member, delivery->facts[i].mode, now)) {
            delivery->facts[kept++] = delivery->facts[i];
        } else {
            delivery->ids[held++] = delivery->facts[i].id;
        }
    }
    const struct outbox_result result = {
        .outcome = OUTBOX_HELD, .zone = delivery->zone, .hours = delivery->member->hours};
    if (held > 0) {
        settle(delivery, delivery->ids, held, &result);
    }
    delivery->count = kept;
}

/* Nobody is written to while away or on a day off: all of it goes in one mail afterwards. */
static void hold_until_free(struct delivery *delivery)
{
    const struct outbox_message *message = delivery->message;
    const int64_t free_us =
        notification_free_us(message->catalog, delivery->member, message->taken_at_us);
    if (free_us == message->taken_at_us || delivery->count == 0) {
        return;
    }
    for (size_t i = 0; i < delivery->count; i++) {
        delivery->ids[i] = delivery->facts[i].id;
    }
    const struct outbox_result result = {
        .outcome = OUTBOX_HELD,
        .delay_us = free_us - message->taken_at_us,
        .zone = delivery->zone,
        .hours = delivery->member->hours,
    };
    settle(delivery, delivery->ids, delivery->count, &result);
    delivery->count = 0;
}

static struct notification_reader reader_of(const struct delivery *delivery)
{
    return (struct notification_reader){
        .catalog = delivery->message->catalog,
        .locale = delivery->locale,
        .zone = delivery->zone,
        .name = delivery->member != NULL ? delivery->member->name : (struct str){.data = NULL},
        .base_url = delivery->sender->notifier->config->base_url,
    };
}

static void out_of_memory(struct delivery_report *report)
{
    *report = (struct delivery_report){.outcome = DELIVERY_AGAIN,
                                       .error = "There was no memory for the message."};
}

static void send_mail(const struct delivery *delivery, struct delivery_report *report)
{
    const struct notification_reader reader = reader_of(delivery);
    struct sender *sender = delivery->sender;
    struct email_address address;
    struct err err;
    struct notification_mail mail = {.subject = {.data = NULL}};
    const enum err_code code =
        email_address_parse(delivery->member->email, &sender->arena, &address, &err);
    if (code != OK) {
        *report = (struct delivery_report){.outcome = DELIVERY_REFUSED,
                                           .error = "The member's address cannot be used."};
        return;
    }
    if (notification_mail_write(&reader, delivery->facts, delivery->count, &mail)) {
        const struct mail letter = {
            .to_name = delivery->member->name,
            .to_address = address.key,
            .subject = buf_str(&mail.subject),
            .text = buf_str(&mail.text),
            .html = buf_str(&mail.html),
            .id = delivery->message->id,
        };
        mail_send(&sender->notifier->mail, &letter, report);
    } else {
        out_of_memory(report);
    }
    notification_mail_done(&mail);
}

static void send_chat(const struct delivery *delivery, struct delivery_report *report)
{
    const struct notification_reader reader = reader_of(delivery);
    const struct organisation *organisation = catalog_organisation(delivery->message->catalog);
    const struct chat_hook *hook = &organisation->chat[delivery->message->team];
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, CHAT_BYTES_MAX);
    notification_chat_write(&reader, delivery->facts, delivery->count, hook->format, &body);
    if (body.failed) {
        out_of_memory(report);
    } else {
        chat_post(&delivery->sender->notifier->outgoing, hook->url, buf_str(&body), report);
    }
}

static int64_t retry_delay_us(struct sender *sender, const struct delivery_report *report,
                              int32_t attempt)
{
    const int64_t delay_us = retry_seconds[attempt - 1] * US_PER_SECOND;
    const int64_t jitter_us = (int64_t)random_below(&sender->random, (uint64_t)delay_us / 5);
    const int64_t own_us = delay_us + jitter_us;
    return report->retry_after_us > own_us ? report->retry_after_us : own_us;
}

/* What became of it goes into the outbox, the counters and, when it went wrong, the log. */
static void take_report(struct delivery *delivery, const struct delivery_report *report)
{
    struct sender *sender = delivery->sender;
    struct notifier *notifier = sender->notifier;
    const enum notification_channel channel = delivery->message->channel;
    const int32_t attempt = delivery->message->attempt;
    struct outbox_result result = {.outcome = OUTBOX_SENT};
    if (report->outcome == DELIVERY_AGAIN && attempt <= (int32_t)ARRAY_LEN(retry_seconds)) {
        result = (struct outbox_result){.outcome = OUTBOX_AGAIN,
                                        .error = report->error,
                                        .delay_us = retry_delay_us(sender, report, attempt)};
        if (delivery->member != NULL) {
            result.zone = delivery->zone;
            result.hours = delivery->member->hours;
        }
        atomic_fetch_add(&notifier->retried[channel], 1);
    } else if (report->outcome != DELIVERY_DONE) {
        result = (struct outbox_result){.outcome = OUTBOX_FAILED, .error = report->error};
        atomic_fetch_add(&notifier->failed[channel], 1);
    } else {
        atomic_fetch_add(&notifier->sent[channel], 1);
    }
    if (report->outcome != DELIVERY_DONE) {
        char id[UUID_TEXT_BYTES];
        log_write(LOG_WARN, "notification_not_sent",
                  LOG_TEXT("channel", notification_channel_names[channel]),
                  LOG_TEXT("message_id", uuid_format(delivery->message->id, id)),
                  LOG_INT("attempt", attempt),
                  LOG_TEXT("outcome", result.outcome == OUTBOX_FAILED ? "failed" : "again"),
                  LOG_TEXT("error", report->error));
    }
    for (size_t i = 0; i < delivery->count; i++) {
        delivery->ids[i] = delivery->facts[i].id;
    }
    settle(delivery, delivery->ids, delivery->count, &result);
}

/* Whom it is for. False: there is nobody any more, and all of it is settled. */
static bool find_recipient(struct delivery *delivery)
{
    const struct outbox_message *message = delivery->message;
    const struct organisation *organisation = catalog_organisation(message->catalog);
    bool is_there = organisation->chat[message->team].url.data != NULL;
    delivery->zone = organisation->time_zone;
    delivery->locale = organisation->locale;
    if (message->channel == NOTIFY_BY_MAIL) {
        const struct member *member = catalog_member(message->catalog, message->member_id);
        is_there = member != NULL;
        delivery->member = member;
        if (member != NULL && member->time_zone.data != NULL) {
            delivery->zone = member->time_zone;
        }
        if (member != NULL && member->locale.data != NULL) {
            delivery->locale = member->locale;
        }
    }
    if (!is_there) {
        const struct outbox_result result = {
            .outcome = OUTBOX_SKIPPED,
            .reason = message->channel == NOTIFY_BY_MAIL ? "member_gone" : "chat_gone"};
        settle(delivery, message->ids, message->count, &result);
        atomic_fetch_add(&delivery->sender->notifier->skipped[message->channel], message->count);
    }
    return is_there;
}

static enum err_code deliver(struct sender *sender, const struct outbox_message *message,
                             struct err *reterr)
{
    struct delivery delivery = {.sender = sender, .message = message};
    struct notification_time now;
    if (!find_recipient(&delivery)) {
        return OK;
    }
    const enum err_code code = outbox_read(sender->outbox, message, delivery.zone, &sender->arena,
                                           &delivery.facts, &delivery.count, &now, reterr);
    if (code != OK) {
        return code;
    }
    drop_what_is_over(&delivery);
    if (delivery.member != NULL) {
        hold_until_free(&delivery);
        hold_what_may_not_go(&delivery, &now);
    }
    drop_what_is_superseded(&delivery);
    if (delivery.count > 0) {
        struct delivery_report report;
        if (message->channel == NOTIFY_BY_MAIL) {
            send_mail(&delivery, &report);
        } else {
            send_chat(&delivery, &report);
        }
        take_report(&delivery, &report);
    }
    return OK;
}

/* ---- the threads ---- */

static enum err_code collect(struct sender *sender, struct err *reterr)
{
    bool has_more = true;
    enum err_code code = OK;
    while (code == OK && has_more && !must_stop(sender)) {
        code = outbox_collect(sender->outbox, sender->notifier->has_mail, &has_more, reterr);
    }
    return code;
}

/* Sends what is due; *ret_pause_us: how long until the next look. */
static enum err_code run_round(struct sender *sender, int64_t *ret_pause_us, struct err *reterr)
{
    enum err_code code = collect(sender, reterr);
    *ret_pause_us = look_us;
    while (code == OK && !must_stop(sender)) {
        struct outbox_message message;
        code = outbox_take(sender->outbox, sender->channel, &message, reterr);
        if (code != OK || message.count == 0) {
            *ret_pause_us = message.is_busy ? busy_us : look_us;
            return code;
        }
        code = deliver(sender, &message, reterr);
        outbox_give_up(&message);
        arena_clear(&sender->arena);
        code = code != OK ? code : collect(sender, reterr);
    }
    return code;
}

static void *sender_main(void *argument)
{
    struct sender *sender = argument;
    while (!must_stop(sender)) {
        struct err err = {.code = OK};
        int64_t pause_us = look_us;
        const enum err_code code = run_round(sender, &pause_us, &err);
        if (code != OK && !sender->is_in_trouble) {
            log_write(LOG_WARN, "notifications_wait",
                      LOG_TEXT("channel", notification_channel_names[sender->channel]),
                      LOG_TEXT("error", err.detail));
        }
        sender->is_in_trouble = code != OK;
        wait_a_while(sender->notifier, code != OK ? trouble_us : pause_us);
    }
    return NULL;
}

static enum err_code start_sender(struct notifier *notifier, struct store *store,
                                  enum notification_channel channel, struct err *reterr)
{
    struct sender *sender = &notifier->senders[channel];
    sender->notifier = notifier;
    sender->channel = channel;
    sender->outbox = outbox_new(store);
    random_init(&sender->random, (uint64_t)clock_wall_us() + channel);
    if (sender->outbox == NULL || pthread_create(&sender->thread, NULL, sender_main, sender) != 0) {
        return err_set(reterr, ERR_NOMEM, "Cannot start the thread that sends notifications.");
    }
    sender->is_started = true;
    return OK;
}

enum err_code notifier_start(const struct config *config, struct store *store,
                             struct notifier **ret_notifier, struct err *reterr)
{
    struct notifier *notifier = mem_alloc(sizeof *notifier);
    if (notifier == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&notifier->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&notifier->lock, NULL);
    arena_init(&notifier->arena, SETTINGS_BYTES_MAX);
    for (size_t i = 0; i < NOTIFY_CHANNEL_COUNT_; i++) {
        arena_init(&notifier->senders[i].arena, SENDER_ARENA_BYTES_MAX);
    }
    notifier->config = config;
    notifier->outgoing = outgoing_settings(config, &notifier->must_stop);
    enum err_code code =
        mail_settings_read(config, &notifier->arena, &notifier->mail, &notifier->has_mail, reterr);
    notifier->mail.outgoing = notifier->outgoing;
    if (code == OK && !outgoing_start()) {
        code = err_set(reterr, ERR_NOMEM, "libcurl cannot be started.");
    }
    if (code == OK && notifier->has_mail) {
        code = start_sender(notifier, store, NOTIFY_BY_MAIL, reterr);
    }
    if (code == OK) {
        code = start_sender(notifier, store, NOTIFY_BY_CHAT, reterr);
    }
    if (code != OK) {
        notifier_stop(notifier);
        return code;
    }
    *ret_notifier = notifier;
    return OK;
}

void notifier_stop(struct notifier *notifier)
{
    if (notifier == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&notifier->lock);
    atomic_store(&notifier->must_stop, true);
    (void)pthread_cond_broadcast(&notifier->wake);
    (void)pthread_mutex_unlock(&notifier->lock);
    for (size_t i = 0; i < NOTIFY_CHANNEL_COUNT_; i++) {
        if (notifier->senders[i].is_started) {
            (void)pthread_join(notifier->senders[i].thread, NULL);
        }
        outbox_free(notifier->senders[i].outbox);
        arena_done(&notifier->senders[i].arena);
    }
    (void)pthread_cond_destroy(&notifier->wake);
    (void)pthread_mutex_destroy(&notifier->lock);
    arena_done(&notifier->arena);
    mem_free(notifier);
}

void notifier_stats(const struct notifier *notifier, struct notifier_stats *ret_stats)
{
    for (size_t i = 0; i < NOTIFY_CHANNEL_COUNT_; i++) {
        ret_stats->sent[i] = atomic_load(&notifier->sent[i]);
        ret_stats->failed[i] = atomic_load(&notifier->failed[i]);
        ret_stats->retried[i] = atomic_load(&notifier->retried[i]);
        ret_stats->skipped[i] = atomic_load(&notifier->skipped[i]);
    }
}
