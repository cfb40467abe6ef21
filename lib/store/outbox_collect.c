/*
 * Collecting: the cursor's row is locked (another instance at it: nothing to do), the set-up is
 * made sure to be the newest, then the feed's transactions behind the cursor are read, whom they
 * concern is decided (domain/notification.c), rows are inserted and the cursor moves, all in one
 * transaction. A notification's id is made from the event's place and the recipient, so even a
 * cursor set back by hand tells nobody twice.
 *
 * Offers are set-up and have no events: those published since the last look, by the snapshot. One
 * whose write commits late may carry an earlier time, so each look goes back a little further; the
 * id again lets nothing through twice.
 */
#include "store/outbox_internal.h"

#include <stdio.h>

#include "domain/funnel.h"
#include "schema/json.h"

enum {
    TRANSACTIONS_AT_ONCE = 500, /* of the feed */
    ROWS_AT_ONCE = 5000,        /* after these the cursor stops at the end of a transaction */
};

static const int64_t offer_overlap_us = 600 * US_PER_SECOND;
static const int64_t offer_look_us = 60 * US_PER_SECOND;

/* ---- rows to be ---- */

/* The columns of notification_insert.sql, in its order. */
enum insert_column {
    INSERT_ID,
    INSERT_KIND,
    INSERT_CHANNEL,
    INSERT_RECIPIENT,
    INSERT_MODE,
    INSERT_SUBJECT,
    INSERT_CONTACT,
    INSERT_HANDOFF,
    INSERT_CLOCK,
    INSERT_DATA,
    INSERT_EVENT_AT,
    INSERT_ZONE,
    INSERT_OPENS,
    INSERT_CLOSES,
    INSERT_DAYS,
    INSERT_DIGEST,
    INSERT_COLUMN_COUNT_
};

/* One look through feed and offers. */
struct collection {
    struct outbox *outbox;
    struct catalog *catalog;
    const struct organisation *organisation;
    bool has_mail;
    int64_t after; /* position */
    struct uuid epoch;
    int64_t offers_until_us;
    int64_t now_us;
    struct param *columns[INSERT_COLUMN_COUNT_];
    size_t row_count;
};

/* What happened, beside the event proper. */
struct happening {
    struct notification_event event;
    struct str source; /* the same for the same thing, whoever looks */
    struct str subject;
    struct uuid contact_id;
    struct uuid handoff_id;
    struct uuid clock_id;
    struct str data;
    int64_t at_us;
};

static void begin_rows(struct collection *collection)
{
    static const enum item_type types[INSERT_COLUMN_COUNT_] = {
        [INSERT_ID] = ITEM_UUID,        [INSERT_KIND] = ITEM_TEXT,     [INSERT_CHANNEL] = ITEM_TEXT,
        [INSERT_RECIPIENT] = ITEM_TEXT, [INSERT_MODE] = ITEM_TEXT,     [INSERT_SUBJECT] = ITEM_TEXT,
        [INSERT_CONTACT] = ITEM_UUID,   [INSERT_HANDOFF] = ITEM_UUID,  [INSERT_CLOCK] = ITEM_UUID,
        [INSERT_DATA] = ITEM_TEXT,      [INSERT_EVENT_AT] = ITEM_TIME, [INSERT_ZONE] = ITEM_TEXT,
        [INSERT_OPENS] = ITEM_INT,      [INSERT_CLOSES] = ITEM_INT,    [INSERT_DAYS] = ITEM_INT,
        [INSERT_DIGEST] = ITEM_INT,
    };
    params_clear(&collection->outbox->params);
    for (size_t i = 0; i < INSERT_COLUMN_COUNT_; i++) {
        collection->columns[i] = param_array(&collection->outbox->params, types[i]);
    }
}

/* A row but for the hours; the id is the same wherever and whenever it is made. */
static void add_row(struct collection *collection, const struct happening *happening,
                    enum notification_channel channel, struct str recipient,
                    enum notification_mode mode)
{
    struct param **columns = collection->columns;
    const struct str kind = str_from(notification_kind_names[happening->event.kind]);
    const struct str channel_name = str_from(notification_channel_names[channel]);
    const struct str parts[] = {STR_LITERAL("notification"), happening->source, kind, channel_name,
                                recipient};
    item_uuid(columns[INSERT_ID], uuid_from_parts(parts, ARRAY_LEN(parts)));
    item_text(columns[INSERT_KIND], kind);
    item_text(columns[INSERT_CHANNEL], channel_name);
    item_text(columns[INSERT_RECIPIENT], recipient);
    item_text(columns[INSERT_MODE], str_from(notification_mode_names[mode]));
    item_text(columns[INSERT_SUBJECT], happening->subject);
    item_uuid_or_null(columns[INSERT_CONTACT], happening->contact_id);
    item_uuid_or_null(columns[INSERT_HANDOFF], happening->handoff_id);
    item_uuid_or_null(columns[INSERT_CLOCK], happening->clock_id);
    item_text(columns[INSERT_DATA], happening->data);
    item_time(columns[INSERT_EVENT_AT], happening->at_us);
    collection->row_count++;
}

static void add_hours(struct collection *collection, struct str zone,
                      const struct working_hours *hours, int digest_minute)
{
    item_text(collection->columns[INSERT_ZONE], zone);
    item_int(collection->columns[INSERT_OPENS], hours->opens_minute);
    item_int(collection->columns[INSERT_CLOSES], hours->closes_minute);
    item_int(collection->columns[INSERT_DAYS], (int32_t)hours->days);
    item_int(collection->columns[INSERT_DIGEST], digest_minute);
}

static void add_mails(struct collection *collection, const struct happening *happening)
{
    size_t count;
    const struct catalog_entry *const *members =
        catalog_list(collection->catalog, CATALOG_MEMBER, &count);
    for (size_t i = 0; i < count; i++) {
        const struct member *member = members[i]->typed;
        const enum notification_mode mode = notification_for_member(&happening->event, member);
        if (mode == NOTIFY_NONE || members[i]->created_at_us > happening->at_us) {
            continue; /* what was before a member came is no news */
        }
        char id[UUID_TEXT_BYTES];
        add_row(collection, happening, NOTIFY_BY_MAIL, str_from(uuid_format(member->id, id)), mode);
        add_hours(collection,
                  member->time_zone.data != NULL ? member->time_zone
                                                 : collection->organisation->time_zone,
                  &member->hours, member->digest_minute);
    }
}

static void add_happening(struct collection *collection, const struct happening *happening)
{
    if (collection->has_mail) {
        add_mails(collection, happening);
    }
    for (unsigned i = 0; i < TEAM_COUNT_; i++) {
        const enum team team = (enum team)i;
        if (notification_for_team(&happening->event, collection->organisation, team)) {
            add_row(collection, happening, NOTIFY_BY_CHAT, str_from(team_names[team]),
                    NOTIFY_AT_ONCE);
            add_hours(collection, (struct str){.data = NULL}, &default_working_hours, 0);
        }
    }
}

/* ---- what happened ---- */

/* Columns of notification_events.sql. */
enum event_column {
    EVENT_TX,
    EVENT_LAST,
    EVENT_ORDINAL,
    EVENT_TYPE,
    EVENT_AT,
    EVENT_CONTACT_ID,
    EVENT_HANDOFF_ID,
    EVENT_CLOCK_ID,
    EVENT_ACTOR,
    EVENT_ASSIGNEE,
    EVENT_DATA,
    EVENT_COMMITMENT_ID,
    EVENT_STEP,
    EVENT_NAMED,
};

static struct uuid member_of_actor(struct str actor)
{
    static const char prefix[] = "member:";
    struct uuid id = {{0}};
    const size_t len = sizeof prefix - 1;
    if (actor.data == NULL || !str_starts_with(actor, prefix) ||
        !uuid_parse(str_slice(actor.data + len, actor.len - len), &id)) {
        return (struct uuid){{0}};
    }
    return id;
}

/* False: a step that this release does not know. */
static bool read_step(const struct rows *rows, size_t row, struct notification_event *event)
{
    const int step = name_index(escalation_names, row_text(rows, row, EVENT_STEP));
    struct str named = row_text(rows, row, EVENT_NAMED);
    if (step < 0) {
        return false;
    }
    event->step = (enum escalation)step;
    while (named.data != NULL && named.len > 0 && event->named_count < ESCALATION_MANAGERS_MAX) {
        if (uuid_parse(str_cut(&named, ' '), &event->named[event->named_count])) {
            event->named_count++;
        }
    }
    return true;
}

static void add_event(struct collection *collection, const struct rows *rows, size_t row)
{
    struct happening happening = {
        .event = {.assignee = row_uuid(rows, row, EVENT_ASSIGNEE),
                  .actor = member_of_actor(row_text(rows, row, EVENT_ACTOR))},
        .contact_id = row_uuid(rows, row, EVENT_CONTACT_ID),
        .handoff_id = row_uuid(rows, row, EVENT_HANDOFF_ID),
        .clock_id = row_uuid(rows, row, EVENT_CLOCK_ID),
        .subject = row_text(rows, row, EVENT_COMMITMENT_ID),
        .data = row_text(rows, row, EVENT_DATA),
        .at_us = row_time(rows, row, EVENT_AT),
    };
    char source[64];
    if (!notification_kind_of(row_text(rows, row, EVENT_TYPE), &happening.event.kind) ||
        (happening.event.kind == NOTIFY_ESCALATION && !read_step(rows, row, &happening.event))) {
        return;
    }
    (void)snprintf(source, sizeof source, "event %lld %d",
                   (long long)row_bigint(rows, row, EVENT_TX),
                   (int)row_int(rows, row, EVENT_ORDINAL));
    happening.source = str_from(source);
    add_happening(collection, &happening);
}

/* Up to the end of a transaction of the feed, when there are enough rows. */
static void add_events(struct collection *collection, const struct rows *rows, bool *ret_has_more)
{
    const size_t count = rows_count(rows);
    size_t transactions = 0;
    for (size_t row = 0; row < count; row++) {
        const int64_t last = row_bigint(rows, row, EVENT_LAST);
        if (last != collection->after) {
            if (collection->row_count >= ROWS_AT_ONCE) {
                *ret_has_more = true;
                return;
            }
            transactions++;
            collection->after = last;
        }
        if (!row_is_null(rows, row, EVENT_ORDINAL)) {
            add_event(collection, rows, row);
        }
    }
    *ret_has_more = transactions == TRANSACTIONS_AT_ONCE;
}

/* When sales can see it: as it says, else when it was made. */
static int64_t published_at_us(const struct catalog_entry *offer)
{
    int64_t at_us;
    const json_t *published_at = json_object_get(offer->body, "published_at");
    return time_parse(json_str_of(published_at), &at_us) ? at_us : offer->created_at_us;
}

static void add_offers(struct collection *collection)
{
    size_t count;
    const struct catalog_entry *const *offers =
        catalog_list(collection->catalog, CATALOG_OFFER, &count);
    const int64_t since_us = collection->offers_until_us - offer_overlap_us;
    for (size_t i = 0; i < count; i++) {
        const struct offer *offer = offers[i]->typed;
        const int64_t at_us = published_at_us(offers[i]);
        if (at_us <= since_us || at_us > collection->now_us) {
            continue;
        }
        struct happening happening = {
            .event = {.kind = NOTIFY_NEW_OFFER},
            .source = str_from(
                arena_printf(&collection->outbox->arena, "offer %.*s", STR_ARGS(offer->slug))),
            .subject = offer->slug,
            .data = STR_LITERAL("{}"),
            .at_us = at_us,
        };
        if (happening.source.data != NULL) {
            add_happening(collection, &happening);
        }
    }
    collection->offers_until_us = collection->now_us;
    collection->outbox->catalog_version = catalog_version(collection->catalog);
}

static enum err_code write_collection(struct collection *collection, struct err *reterr)
{
    struct outbox *outbox = collection->outbox;
    enum err_code code = OK;
    if (collection->row_count > 0) {
        param_time(&outbox->params, collection->now_us);
        code = transaction_go_on(outbox->conn, STATEMENT_NOTIFICATION_INSERT, &outbox->params,
                                 /* ret_rows= */ NULL, reterr);
    }
    params_clear(&outbox->params);
    param_bigint(&outbox->params, collection->after);
    param_uuid(&outbox->params, collection->epoch);
    param_time(&outbox->params, collection->offers_until_us);
    return code != OK ? code
                      : transaction_go_on(outbox->conn, STATEMENT_NOTIFICATION_ADVANCE,
                                          &outbox->params, /* ret_rows= */ NULL, reterr);
}

static enum err_code collect_more(struct collection *collection, bool *ret_has_more,
                                  struct err *reterr)
{
    struct outbox *outbox = collection->outbox;
    struct rows *rows = NULL;
    params_clear(&outbox->params);
    param_bigint(&outbox->params, collection->after);
    param_int(&outbox->params, TRANSACTIONS_AT_ONCE);
    struct param *types = param_array(&outbox->params, ITEM_TEXT);
    for (size_t i = 0; notification_event_types[i] != NULL; i++) {
        item_text(types, str_from(notification_event_types[i]));
    }
    enum err_code code = transaction_go_on(outbox->conn, STATEMENT_NOTIFICATION_EVENTS,
                                           &outbox->params, &rows, reterr);
    if (code == OK) {
        begin_rows(collection);
        add_events(collection, rows, ret_has_more);
        add_offers(collection);
        code = write_collection(collection, reterr);
    }
    rows_free(rows);
    return code;
}

/* ---- the cursor's turn ---- */

/* Columns of notification_cursor.sql. */
enum cursor_column {
    CURSOR_AFTER,
    CURSOR_IS_VALID,
    CURSOR_LAST,
    CURSOR_EPOCH,
    CURSOR_OFFERS_UNTIL,
    CURSOR_NOW,
    CURSOR_CATALOG_VERSION,
};

static bool has_something_new(const struct collection *collection, const struct rows *cursor)
{
    return row_bigint(cursor, 0, CURSOR_LAST) > collection->after ||
           !row_bool(cursor, 0, CURSOR_IS_VALID) ||
           collection->outbox->catalog_version != catalog_version(collection->catalog) ||
           collection->now_us - collection->offers_until_us >= offer_look_us;
}

/* With the cursor's row at hand. ERR_CONFLICT: the set-up here is an old one. */
static enum err_code collect_from(struct outbox *outbox, const struct rows *cursor, bool has_mail,
                                  bool *ret_has_more, bool *ret_has_written, struct err *reterr)
{
    struct collection collection = {
        .outbox = outbox,
        .catalog = store_catalog(outbox->store),
        .has_mail = has_mail,
        .after = row_bigint(cursor, 0, CURSOR_AFTER),
        .epoch = row_uuid(cursor, 0, CURSOR_EPOCH),
        .offers_until_us = row_time(cursor, 0, CURSOR_OFFERS_UNTIL),
        .now_us = row_time(cursor, 0, CURSOR_NOW),
    };
    collection.organisation = catalog_organisation(collection.catalog);
    enum err_code code = OK;
    if (!row_bool(cursor, 0, CURSOR_IS_VALID)) {
        /* Another epoch: what its positions meant nobody knows any more. */
        collection.after = row_bigint(cursor, 0, CURSOR_LAST);
    }
    if (catalog_version(collection.catalog) != row_bigint(cursor, 0, CURSOR_CATALOG_VERSION)) {
        code = err_set(reterr, ERR_CONFLICT, "The set-up has changed.");
    } else if (has_something_new(&collection, cursor)) {
        code = collect_more(&collection, ret_has_more, reterr);
        *ret_has_written = true;
    }
    catalog_unref(collection.catalog);
    return code;
}

static enum err_code collect_once(struct outbox *outbox, bool has_mail, bool *ret_has_more,
                                  struct err *reterr)
{
    struct rows *cursor = NULL;
    bool has_written = false;
    enum err_code code = outbox_prepare(outbox, reterr);
    if (code != OK) {
        return code;
    }
    code = transaction_begin(outbox->conn, STATEMENT_NOTIFICATION_CURSOR, /* params= */ NULL,
                             &cursor, reterr);
    if (code == OK && rows_count(cursor) == 1) {
        code = collect_from(outbox, cursor, has_mail, ret_has_more, &has_written, reterr);
    }
    code = transaction_end(outbox->conn, code, has_written, reterr);
    rows_free(cursor);
    arena_clear(&outbox->arena);
    return code;
}

enum err_code outbox_collect(struct outbox *outbox, bool has_mail, bool *ret_has_more,
                             struct err *reterr)
{
    *ret_has_more = false;
    enum err_code code = collect_once(outbox, has_mail, ret_has_more, reterr);
    if (code == ERR_CONFLICT && conn_is_open(outbox->conn)) {
        *ret_has_more = true;
        code = catalog_reload(outbox->store, outbox->conn, reterr);
    }
    return code;
}
