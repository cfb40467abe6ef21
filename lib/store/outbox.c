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
 *
 * Taking: the oldest due row is locked, skipping what others have locked, and an advisory lock on
 * its recipient keeps a second instance from beginning another message for the same one. In a
 * statement of its own, whose snapshot sees what was taken before, all that is due for the
 * recipient gets the message's id and a new due time: until then it is the taker's.
 */
#include "store/outbox.h"

#include <assert.h>
#include <stdio.h>

#include "base/memory.h"
#include "domain/funnel.h"
#include "schema/json.h"
#include "store/store_internal.h"

enum {
    TRANSACTIONS_AT_ONCE = 500, /* of the feed */
    ROWS_AT_ONCE = 5000,        /* after these the cursor stops at the end of a transaction */
    OUTBOX_ARENA_BYTES_MAX = 64 << 20,
    TAKEN_SECONDS = 300,
};

static const int64_t call_timeout_us = 10 * US_PER_SECOND;
static const int64_t offer_overlap_us = 600 * US_PER_SECOND;
static const int64_t offer_look_us = 60 * US_PER_SECOND;

struct outbox {
    struct store *store;
    struct conn *conn;
    struct params params;
    struct arena arena;      /* of the call under way */
    int64_t catalog_version; /* whose offers were looked at here last */
};

struct outbox *outbox_new(struct store *store)
{
    struct outbox *outbox = mem_alloc(sizeof *outbox);
    if (outbox == NULL) {
        return NULL;
    }
    outbox->store = store;
    params_init(&outbox->params);
    arena_init(&outbox->arena, OUTBOX_ARENA_BYTES_MAX);
    outbox->conn = conn_new(store->database_url, CONN_WRITES);
    if (outbox->conn == NULL) {
        outbox_free(outbox);
        return NULL;
    }
    return outbox;
}

void outbox_free(struct outbox *outbox)
{
    if (outbox != NULL) {
        conn_free(outbox->conn);
        params_done(&outbox->params);
        arena_done(&outbox->arena);
        mem_free(outbox);
    }
}

static enum err_code prepare(struct outbox *outbox, struct err *reterr)
{
    enum err_code code = OK;
    if (!conn_is_open(outbox->conn)) {
        code = store_connect(outbox->store, outbox->conn, reterr);
    }
    conn_set_deadline(outbox->conn, clock_monotonic_us() + call_timeout_us);
    params_clear(&outbox->params);
    return code;
}

/* ---- collecting: rows to be ---- */

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

/* ---- collecting: what happened ---- */

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

/* ---- collecting: the cursor's turn ---- */

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
    enum err_code code = prepare(outbox, reterr);
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

/* ---- taking ---- */

/* Columns of notification_due.sql. */
enum due_column {
    DUE_ID,
    DUE_RECIPIENT,
    DUE_MESSAGE_ID,
    DUE_IS_OURS,
    DUE_CATALOG_VERSION,
    DUE_NOW
};

/* Whose it is: false for a recipient that this release does not know. */
static bool read_recipient(struct outbox_message *message, struct str recipient)
{
    if (message->channel == NOTIFY_BY_MAIL) {
        return uuid_parse(recipient, &message->member_id);
    }
    const int team = name_index(team_names, recipient);
    message->team = (enum team)team;
    return team >= 0;
}

static enum err_code claim(struct outbox *outbox, const struct rows *due,
                           struct outbox_message *message, struct err *reterr)
{
    const struct uuid before = row_uuid(due, 0, DUE_MESSAGE_ID);
    const int64_t now_us = row_time(due, 0, DUE_NOW);
    struct params *params = &outbox->params;
    struct rows *rows = NULL;
    message->taken_at_us = now_us;
    message->id = uuid_is_nil(before) ? uuid_new(now_us) : before;
    params_clear(params);
    param_text(params, str_from(notification_channel_names[message->channel]));
    param_text(params, row_text(due, 0, DUE_RECIPIENT));
    param_uuid(params, before);
    param_uuid(params, message->id);
    param_int(params, OUTBOX_ITEMS_MAX);
    param_real(params, TAKEN_SECONDS);
    param_time(params, now_us);
    const enum err_code code =
        transaction_go_on(outbox->conn, STATEMENT_NOTIFICATION_CLAIM, params, &rows, reterr);
    for (size_t i = 0; code == OK && i < rows_count(rows) && i < OUTBOX_ITEMS_MAX; i++) {
        const int32_t attempt = row_int(rows, i, 1);
        message->ids[message->count++] = row_uuid(rows, i, 0);
        message->attempt = attempt > message->attempt ? attempt : message->attempt;
        message->until_us = row_time(rows, i, 2);
    }
    rows_free(rows);
    return code;
}

static enum err_code take_once(struct outbox *outbox, struct outbox_message *message,
                               struct err *reterr)
{
    struct rows *due = NULL;
    enum err_code code = prepare(outbox, reterr);
    if (code != OK) {
        return code;
    }
    param_text(&outbox->params, str_from(notification_channel_names[message->channel]));
    code =
        transaction_begin(outbox->conn, STATEMENT_NOTIFICATION_DUE, &outbox->params, &due, reterr);
    if (code == OK && rows_count(due) == 1) {
        if (!catalog_is_current(outbox->store, row_bigint(due, 0, DUE_CATALOG_VERSION))) {
            code = err_set(reterr, ERR_CONFLICT, "The set-up has changed.");
        } else if (!row_bool(due, 0, DUE_IS_OURS)) {
            message->is_busy = true;
        } else if (!read_recipient(message, row_text(due, 0, DUE_RECIPIENT))) {
            code = err_set(reterr, ERR_STORE, "A notification has no recipient known here.");
        } else {
            code = claim(outbox, due, message, reterr);
        }
    }
    code = transaction_end(outbox->conn, code, message->count > 0, reterr);
    rows_free(due);
    return code;
}

enum err_code outbox_take(struct outbox *outbox, enum notification_channel channel,
                          struct outbox_message *ret_message, struct err *reterr)
{
    *ret_message = (struct outbox_message){.channel = channel};
    enum err_code code = take_once(outbox, ret_message, reterr);
    if (code == ERR_CONFLICT && conn_is_open(outbox->conn)) {
        code = catalog_reload(outbox->store, outbox->conn, reterr);
        ret_message->is_busy = true;
    }
    if (code != OK) {
        ret_message->count = 0;
    } else if (ret_message->count > 0) {
        ret_message->catalog = store_catalog(outbox->store);
    }
    return code;
}

void outbox_give_up(struct outbox_message *message)
{
    catalog_unref(message->catalog);
    message->catalog = NULL;
    message->count = 0;
}

/* ---- reading ---- */

/* Columns of notification_facts.sql. */
enum facts_column {
    FACTS_ID,
    FACTS_KIND,
    FACTS_MODE,
    FACTS_SUBJECT,
    FACTS_CONTACT_ID,
    FACTS_HANDOFF_ID,
    FACTS_EVENT_AT,
    FACTS_DATA,
    FACTS_HANDOFF_STATE,
    FACTS_ASSIGNEE,
    FACTS_IS_CLOSED,
    FACTS_REASON,
    FACTS_PURPOSE,
    FACTS_IS_ERASED,
    FACTS_FIRST_NAME,
    FACTS_LAST_NAME,
    FACTS_COMPANY,
    FACTS_JOB_TITLE,
    FACTS_GRADE,
    FACTS_OFFER,
    FACTS_CLOCK_KIND,
    FACTS_CLOCK_STATE,
    FACTS_IS_MET,
    FACTS_DUE,
    FACTS_NOW,
    FACTS_CLOCK_ID,
    FACTS_STEP,
    FACTS_NAMED,
    FACTS_IS_FORECAST,
    FACTS_HAS_RECOVERED,
    FACTS_IS_JUDGED,
};

/* A text that outlives the rows; absent when there is none, or no memory for it. */
static struct str kept(struct arena *arena, const struct rows *rows, size_t row,
                       enum facts_column column)
{
    const struct str text = row_text(rows, row, column);
    return text.data != NULL ? arena_str(arena, text) : text;
}

static bool read_facts(struct arena *arena, const struct rows *rows, size_t row,
                       struct notification_facts *out)
{
    const int kind = name_index(notification_kind_names, row_text(rows, row, FACTS_KIND));
    const int mode = name_index(notification_mode_names, row_text(rows, row, FACTS_MODE));
    if (kind < 0 || mode < 0) {
        return false; /* a newer release made it, and will send it */
    }
    *out = (struct notification_facts){
        .id = row_uuid(rows, row, FACTS_ID),
        .kind = (enum notification_kind)kind,
        .mode = (enum notification_mode)mode,
        .subject = kept(arena, rows, row, FACTS_SUBJECT),
        .data = kept(arena, rows, row, FACTS_DATA),
        .contact_id = row_uuid(rows, row, FACTS_CONTACT_ID),
        .handoff_id = row_uuid(rows, row, FACTS_HANDOFF_ID),
        .has_handoff = !row_is_null(rows, row, FACTS_HANDOFF_STATE),
        .handoff_state = kept(arena, rows, row, FACTS_HANDOFF_STATE),
        .assignee = row_uuid(rows, row, FACTS_ASSIGNEE),
        .is_closed = row_bool(rows, row, FACTS_IS_CLOSED),
        .reason = kept(arena, rows, row, FACTS_REASON),
        .purpose = kept(arena, rows, row, FACTS_PURPOSE),
        .is_erased = row_bool(rows, row, FACTS_IS_ERASED),
        .first_name = kept(arena, rows, row, FACTS_FIRST_NAME),
        .last_name = kept(arena, rows, row, FACTS_LAST_NAME),
        .company = kept(arena, rows, row, FACTS_COMPANY),
        .job_title = kept(arena, rows, row, FACTS_JOB_TITLE),
        .grade = kept(arena, rows, row, FACTS_GRADE),
        .offer = kept(arena, rows, row, FACTS_OFFER),
        .clock_kind = kept(arena, rows, row, FACTS_CLOCK_KIND),
        .clock_state = kept(arena, rows, row, FACTS_CLOCK_STATE),
        .is_met = row_bool(rows, row, FACTS_IS_MET),
        .due = notification_time_parse(row_text(rows, row, FACTS_DUE)),
        .clock_id = row_uuid(rows, row, FACTS_CLOCK_ID),
        .step = kept(arena, rows, row, FACTS_STEP),
        .named = row_uuid(rows, row, FACTS_NAMED),
        .is_forecast = row_bool(rows, row, FACTS_IS_FORECAST),
        .has_recovered = row_bool(rows, row, FACTS_HAS_RECOVERED),
        .is_judged = row_bool(rows, row, FACTS_IS_JUDGED),
    };
    return true;
}

enum err_code outbox_read(struct outbox *outbox, const struct outbox_message *message,
                          struct str zone, struct arena *arena,
                          struct notification_facts **ret_facts, size_t *ret_count,
                          struct notification_time *ret_now, struct err *reterr)
{
    int32_t model;
    struct rows *rows = NULL;
    enum err_code code = prepare(outbox, reterr);
    if (code != OK) {
        return code;
    }
    (void)catalog_active_model(message->catalog, &model);
    struct param *ids = param_array(&outbox->params, ITEM_UUID);
    for (size_t i = 0; i < message->count; i++) {
        item_uuid(ids, message->ids[i]);
    }
    param_text(&outbox->params, zone);
    param_int(&outbox->params, model);
    code = conn_run(outbox->conn, STATEMENT_NOTIFICATION_FACTS, &outbox->params, &rows, reterr);
    if (code != OK) {
        return code;
    }
    size_t count = 0;
    struct notification_facts *facts = arena_array(arena, rows_count(rows), sizeof *facts);
    *ret_now = (struct notification_time){.is_known = false};
    for (size_t row = 0; facts != NULL && row < rows_count(rows); row++) {
        *ret_now = notification_time_parse(row_text(rows, row, FACTS_NOW));
        count += read_facts(arena, rows, row, &facts[count]) ? 1 : 0;
    }
    rows_free(rows);
    if (facts == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a notification.");
    }
    *ret_facts = facts;
    *ret_count = count;
    return OK;
}

/* ---- settling ---- */

enum err_code outbox_settle(struct outbox *outbox, const struct outbox_message *message,
                            const struct uuid *ids, size_t count,
                            const struct outbox_result *result, struct err *reterr)
{
    static const char *const states[] = {[OUTBOX_SENT] = "sent",
                                         [OUTBOX_SKIPPED] = "skipped",
                                         [OUTBOX_FAILED] = "failed",
                                         [OUTBOX_AGAIN] = "pending",
                                         [OUTBOX_HELD] = "pending"};
    enum err_code code = prepare(outbox, reterr);
    if (code != OK || count == 0) {
        return code;
    }
    struct params *params = &outbox->params;
    struct param *array = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < count; i++) {
        item_uuid(array, ids[i]);
    }
    param_time(params, message->until_us);
    param_text(params, str_from(states[result->outcome]));
    param_text(params, str_from(result->reason));
    param_text(params, str_from(result->error));
    param_real(params, (double)result->delay_us / (double)US_PER_SECOND);
    param_text(params, result->zone);
    param_int(params, result->hours.opens_minute);
    param_int(params, result->hours.closes_minute);
    param_int(params, (int32_t)result->hours.days);
    param_int(params, result->outcome == OUTBOX_HELD ? 1 : 0);
    return conn_run(outbox->conn, STATEMENT_NOTIFICATION_SETTLE, params, /* ret_rows= */ NULL,
                    reterr);
}
