/*
 * States: which there are, and what follows from them.
 *
 * The state of a version is not stored but follows from what happened to it (signatures,
 * in_force_at, ended_at, withdrawn_at), so it cannot contradict them.
 */
#include "domain/agreement_internal.h"

#include <assert.h>
#include <stdio.h>

#include "domain/funnel.h"

const char *const agreement_state_names[] = {"draft", "partly_signed", "signed", "in_force",
                                             "ended", "withdrawn",     NULL};
static_assert(ARRAY_LEN(agreement_state_names) == AGREEMENT_STATE_COUNT_ + 1, "every state");
const char *const promise_change_names[] = {"unchanged", "added", "changed", "ended", NULL};

/* ---- reading a body ---- */

int32_t agreement_version_of(const json_t *body)
{
    return (int32_t)json_integer_value(json_object_get(body, "version"));
}

bool agreement_is_signed_by(const json_t *body, struct str team)
{
    const json_t *signatures = json_object_get(body, "signatures");
    for (size_t i = 0; i < json_array_size(signatures); i++)
        if (str_eq(agreement_text_of(json_array_get(signatures, i), "team"), team))
            return true;
    return false;
}

enum agreement_state agreement_state_of(const json_t *body)
{
    if (json_is_string(json_object_get(body, "withdrawn_at")))
        return AGREEMENT_WITHDRAWN;
    if (json_is_string(json_object_get(body, "ended_at")))
        return AGREEMENT_ENDED;
    if (json_is_string(json_object_get(body, "in_force_at")))
        return AGREEMENT_IN_FORCE;
    const bool by_marketing = agreement_is_signed_by(body, STR_LITERAL("marketing"));
    const bool by_sales = agreement_is_signed_by(body, STR_LITERAL("sales"));
    if (by_marketing && by_sales)
        return AGREEMENT_SIGNED;
    return by_marketing || by_sales ? AGREEMENT_PARTLY_SIGNED : AGREEMENT_DRAFT;
}

/* ---- finding ---- */

const struct catalog_entry *agreement_in_force(const struct catalog *catalog)
{
    size_t count;
    const struct catalog_entry *const *list = catalog_list(catalog, CATALOG_AGREEMENT, &count);
    for (size_t i = 0; i < count; i++)
        if (agreement_state_of(list[i]->body) == AGREEMENT_IN_FORCE)
            return list[i];
    return NULL;
}

const struct catalog_entry *agreement_find(const struct catalog *catalog, struct str version)
{
    return catalog_find(catalog, CATALOG_AGREEMENT, version);
}

/* Whether it ever was in force. */
static bool was_in_force(const json_t *body)
{
    return json_is_string(json_object_get(body, "in_force_at"));
}

const struct catalog_entry *agreement_before(const struct catalog *catalog, const json_t *body)
{
    const int32_t version = agreement_version_of(body);
    const struct catalog_entry *found = NULL;
    size_t count;
    const struct catalog_entry *const *list = catalog_list(catalog, CATALOG_AGREEMENT, &count);
    for (size_t i = 0; i < count; i++) {
        const int32_t other = agreement_version_of(list[i]->body);
        if (other < version && was_in_force(list[i]->body) &&
            (found == NULL || other > agreement_version_of(found->body)))
            found = list[i];
    }
    return found;
}

const json_t *agreement_item(const json_t *items, struct str id)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (str_eq(agreement_text_of(item, "id"), id))
            return item;
    }
    return NULL;
}

/* ---- what one side cannot do alone ---- */

static const char *forbid_promise(const json_t *agreement, const struct catalog_entry *entry,
                                  const char *items, const char *what, struct arena *arena)
{
    char id[UUID_TEXT_BYTES];
    if (agreement_item(json_object_get(agreement, items), str_from(uuid_format(entry->id, id))) ==
        NULL)
        return NULL;
    return arena_printf(arena,
                        "This %s belongs to agreement %d, which is in force and which both sides "
                        "have signed. Propose a new version with POST /v1/sla/agreements.",
                        what, (int)agreement_version_of(agreement));
}

static const char *forbid_model(const json_t *agreement, const struct catalog_entry *entry,
                                const json_t *patch, struct arena *arena)
{
    const json_int_t agreed = json_integer_value(json_object_get(agreement, "scoring_model"));
    if (!str_is(agreement_text_of(patch, "state"), "active") ||
        json_integer_value(json_object_get(entry->body, "version")) == agreed)
        return NULL;
    return arena_printf(arena,
                        "Agreement %d is in force with scoring model %d. Another model needs the "
                        "consent of both sides: propose a version that names it with POST "
                        "/v1/sla/agreements.",
                        (int)agreement_version_of(agreement), (int)agreed);
}

const char *agreement_forbids(const struct catalog *catalog, const struct catalog_entry *entry,
                              const json_t *patch, struct arena *arena)
{
    if (entry->kind != CATALOG_COMMITMENT && entry->kind != CATALOG_POLICY &&
        entry->kind != CATALOG_MODEL)
        return NULL;
    const struct catalog_entry *agreement = agreement_in_force(catalog);
    if (agreement == NULL)
        return NULL;
    if (entry->kind == CATALOG_MODEL)
        return forbid_model(agreement->body, entry, patch, arena);
    const bool is_policy = entry->kind == CATALOG_POLICY;
    return forbid_promise(agreement->body, entry, is_policy ? "policies" : "commitments",
                          is_policy ? "policy" : "commitment", arena);
}

const char *agreement_forbids_before(const struct catalog *catalog, const json_t *body,
                                     struct arena *arena)
{
    const struct catalog_entry *agreement = agreement_in_force(catalog);
    const json_int_t position = json_integer_value(json_object_get(body, "position"));
    if (agreement == NULL || !json_is_true(json_object_get(body, "active")))
        return NULL;
    const json_t *items = json_object_get(agreement->body, "policies");
    const json_t *last = NULL;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (str_eq(agreement_text_of(item, "kind"), agreement_text_of(body, "kind")) &&
            json_integer_value(json_object_get(item, "position")) >=
                json_integer_value(json_object_get(last, "position")))
            last = item;
    }
    const json_int_t behind = json_integer_value(json_object_get(last, "position"));
    if (last == NULL || position > behind)
        return NULL;
    return arena_printf(arena,
                        "At position %d it would come before \"%.*s\" of agreement %d, which is in "
                        "force and which both sides have signed. Give it a position behind %d, or "
                        "propose a new version with POST /v1/sla/agreements.",
                        (int)position, STR_ARGS(agreement_text_of(last, "name")),
                        (int)agreement_version_of(agreement->body), (int)behind);
}

/* ---- periods and changes ---- */

/* Monday 0; 1970-01-01 was a Thursday. */
static int weekday_of(int32_t day)
{
    return ((day + 3) % WEEKDAY_COUNT + WEEKDAY_COUNT) % WEEKDAY_COUNT;
}

static int32_t next_month_start(int32_t day, bool is_quarter)
{
    /* At most a quarter has 92 days. */
    for (int32_t at = day;; at++) {
        char text[TIME_TEXT_BYTES];
        (void)date_format(at, text); /* YYYY-MM-DD */
        const int month = (text[5] - '0') * 10 + text[6] - '0';
        if (text[8] == '0' && text[9] == '1' && (!is_quarter || month % 3 == 1))
            return at;
    }
}

int32_t agreement_period_start(const json_t *period, struct str week_starts_on, int32_t day)
{
    const struct str every = agreement_text_of(period, "every");
    if (str_is(every, "month") || str_is(every, "quarter"))
        return next_month_start(day, str_is(every, "quarter"));
    if (!str_is(every, "week"))
        return day;
    const struct str starts = agreement_text_of(period, "starts");
    const int first = name_index(weekday_names, starts.data != NULL ? starts : week_starts_on);
    const int from = first >= 0 ? first : 0;
    return day + (from - weekday_of(day) + WEEKDAY_COUNT) % WEEKDAY_COUNT;
}

json_t *agreement_item_body(const json_t *item)
{
    json_t *body = json_copy(json_unconst(item));
    if (body != NULL)
        (void)json_object_del(body, "id");
    return body;
}

bool agreement_is_active(const struct catalog_entry *entry)
{
    return json_is_true(json_object_get(entry->body, "active"));
}

static struct agreement_change change_of(const struct catalog *catalog, const json_t *item,
                                         int32_t day)
{
    const struct str week = catalog_organisation(catalog)->week_starts_on;
    json_auto_t *body = agreement_item_body(item);
    struct agreement_change change = {
        .kind = PROMISE_ADDED,
        .item = item,
        .existing = catalog_find(catalog, CATALOG_COMMITMENT, agreement_text_of(item, "id")),
        .from = agreement_period_start(json_object_get(item, "period"), week, day),
    };
    if (change.existing != NULL && agreement_is_active(change.existing))
        change.kind = json_equal(body, change.existing->body) ? PROMISE_UNCHANGED : PROMISE_CHANGED;
    return change;
}

bool agreement_changes(const struct catalog *catalog, const json_t *body, int32_t day,
                       struct arena *arena, struct agreement_change **ret_changes,
                       size_t *ret_count)
{
    const json_t *items = json_object_get(body, "commitments");
    const struct str week = catalog_organisation(catalog)->week_starts_on;
    size_t count;
    const struct catalog_entry *const *list = catalog_list(catalog, CATALOG_COMMITMENT, &count);
    struct agreement_change *changes =
        arena_array(arena, json_array_size(items) + count, sizeof *changes);
    if (changes == NULL)
        return false;
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(items); i++)
        changes[used++] = change_of(catalog, json_array_get(items, i), day);
    for (size_t i = 0; i < count; i++) {
        char id[UUID_TEXT_BYTES];
        if (!agreement_is_active(list[i]) ||
            agreement_item(items, str_from(uuid_format(list[i]->id, id))) != NULL)
            continue;
        changes[used++] = (struct agreement_change){
            .kind = PROMISE_ENDED,
            .existing = list[i],
            .from = agreement_period_start(json_object_get(list[i]->body, "period"), week, day),
        };
    }
    *ret_changes = changes;
    *ret_count = used;
    return true;
}

/* ---- what is waiting ---- */

bool agreement_change_is_waiting(const json_t *change)
{
    return !json_is_true(json_object_get(change, "applied"));
}

static int32_t earlier(int32_t a, int32_t b)
{
    if (a == DATE_NONE || b == DATE_NONE)
        return a == DATE_NONE ? b : a;
    return a < b ? a : b;
}

int32_t agreement_next_change(const json_t *body)
{
    const json_t *changes = json_object_get(body, "changes");
    int32_t next = DATE_NONE;
    for (size_t i = 0; i < json_array_size(changes); i++)
        if (agreement_change_is_waiting(json_array_get(changes, i)))
            next = earlier(next, agreement_day_of(json_array_get(changes, i), "from"));
    return next;
}

const struct catalog_entry *agreement_next_signed(const struct catalog *catalog)
{
    const struct catalog_entry *found = NULL;
    size_t count;
    const struct catalog_entry *const *list = catalog_list(catalog, CATALOG_AGREEMENT, &count);
    for (size_t i = count; i-- > 0;) {
        const json_t *body = list[i]->body;
        if (agreement_state_of(body) != AGREEMENT_SIGNED)
            continue;
        if (found == NULL ||
            agreement_day_of(body, "effective_on") <
                agreement_day_of(found->body, "effective_on") ||
            (agreement_day_of(body, "effective_on") ==
                 agreement_day_of(found->body, "effective_on") &&
             agreement_version_of(body) < agreement_version_of(found->body)))
            found = list[i];
    }
    return found;
}

int32_t agreement_next_day(const struct catalog *catalog)
{
    const struct catalog_entry *signed_one = agreement_next_signed(catalog);
    const struct catalog_entry *in_force = agreement_in_force(catalog);
    return earlier(signed_one != NULL ? agreement_day_of(signed_one->body, "effective_on")
                                      : DATE_NONE,
                   in_force != NULL ? agreement_next_change(in_force->body) : DATE_NONE);
}

/* ---- as the API shows it ---- */

static void write_change(struct json_writer *json, struct str commitment, struct str name,
                         struct str change, struct str from)
{
    json_object_begin(json);
    JSON_FIELD(json, "commitment", json_str, commitment);
    JSON_FIELD(json, "name", json_str, name);
    JSON_FIELD(json, "change", json_str, change);
    JSON_FIELD(json, "from", json_str, from);
}

static void write_recorded(struct json_writer *json, const json_t *body,
                           const struct catalog *catalog)
{
    const json_t *changes = json_object_get(body, "changes");
    for (size_t i = 0; i < json_array_size(changes); i++) {
        const json_t *record = json_array_get(changes, i);
        const struct str id = agreement_text_of(record, "commitment");
        const json_t *item = agreement_item(json_object_get(body, "commitments"), id);
        const struct catalog_entry *entry = catalog_find(catalog, CATALOG_COMMITMENT, id);
        const struct str name = item != NULL    ? agreement_text_of(item, "name")
                                : entry != NULL ? agreement_text_of(entry->body, "name")
                                                : (struct str){.data = NULL};
        write_change(json, id, name, agreement_text_of(record, "change"),
                     agreement_text_of(record, "from"));
        JSON_FIELD(json, "applied", json_bool, !agreement_change_is_waiting(record));
        JSON_FIELD(json, "problem", json_str, agreement_text_of(record, "problem"));
        json_object_end(json);
    }
}

static void write_expected(struct json_writer *json, const json_t *body,
                           const struct catalog *catalog)
{
    enum { SCRATCH_BYTES_MAX = 1 << 20 };
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, SCRATCH_BYTES_MAX);
    struct agreement_change *changes;
    size_t count;
    if (!agreement_changes(catalog, body, agreement_day_of(body, "effective_on"), &arena, &changes,
                           &count))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct agreement_change *change = &changes[i];
        char id[UUID_TEXT_BYTES];
        char from[TIME_TEXT_BYTES];
        const json_t *named = change->item != NULL ? change->item : change->existing->body;
        write_change(json,
                     change->item != NULL ? agreement_text_of(change->item, "id")
                                          : str_from(uuid_format(change->existing->id, id)),
                     agreement_text_of(named, "name"), str_from(promise_change_names[change->kind]),
                     str_from(date_format(change->from, from)));
        JSON_FIELD(json, "applied", json_bool, false);
        JSON_FIELD(json, "problem", json_text, NULL);
        json_object_end(json);
    }
}

void agreement_write_rest(struct json_writer *json, const struct catalog_entry *entry,
                          const struct catalog *catalog)
{
    const enum agreement_state state = agreement_state_of(entry->body);
    JSON_FIELD(json, "state", json_text, agreement_state_names[state]);
    json_key(json, "takes_effect");
    json_array_begin(json);
    if (state == AGREEMENT_IN_FORCE || state == AGREEMENT_ENDED)
        write_recorded(json, entry->body, catalog);
    else if (state != AGREEMENT_WITHDRAWN)
        write_expected(json, entry->body, catalog);
    json_array_end(json);
}
