/*
 * What a proposed agreement becomes before it is stored: a draft is completed (what it does not
 * mention is as it is now), its promises are checked like set-up and copied in; a signature freezes
 * the text that it is given under.
 */
#include "domain/agreement_internal.h"

#include <stdio.h>

#include "domain/agreement_text.h"
#include "domain/funnel.h"

enum { AGREEMENT_ITEMS_MAX = 100, POINTER_BYTES_MAX = 256 };

/* Everywhere on Earth a day is over 14 hours after it is over in Greenwich, at the latest. */
static const int64_t zones_us = 14 * 3600 * US_PER_SECOND;

/* ---- promises ---- */

/* One of the two lists of promises on its way. */
struct items {
    struct check *check;
    const char *name; /* of the list */
    enum catalog_kind kind;
    const json_t *before; /* the list as it is stored; NULL: none yet */
    json_t *list;         /* what it becomes; owned */
};

/* The same promise with another number in it: it keeps its id, and so its history. */
static bool is_same_promise(const json_t *a, const json_t *b)
{
    static const char *const fields[] = {"team", "metric"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (!str_eq(agreement_text_of(a, fields[i]), agreement_text_of(b, fields[i])))
            return false;
    const json_t *filter_a = json_object_get(a, "filter");
    const json_t *filter_b = json_object_get(b, "filter");
    const bool has_a = filter_a != NULL && !json_is_null(filter_a);
    const bool has_b = filter_b != NULL && !json_is_null(filter_b);
    return json_is_number(json_object_get(a, "at_most")) ==
               json_is_number(json_object_get(b, "at_most")) &&
           str_eq(agreement_text_of(json_object_get(a, "period"), "every"),
                  agreement_text_of(json_object_get(b, "period"), "every")) &&
           has_a == has_b && (!has_a || json_equal(filter_a, filter_b));
}

static const struct catalog_entry *same_promise(const struct items *items, const json_t *item)
{
    size_t count;
    const struct catalog_entry *const *list =
        catalog_list(items->check->catalog, items->kind, &count);
    for (size_t i = 0; items->kind == CATALOG_COMMITMENT && i < count; i++) {
        char id[UUID_TEXT_BYTES];
        if (json_is_true(json_object_get(list[i]->body, "active")) &&
            is_same_promise(list[i]->body, item) &&
            agreement_item(items->list, str_from(uuid_format(list[i]->id, id))) == NULL)
            return list[i];
    }
    return NULL;
}

/* Appends an item that the set-up would take; else its faults. */
static void add_checked(struct items *items, const char *pointer, struct uuid id,
                        const struct catalog_entry *existing, const json_t *proposed)
{
    struct check *check = items->check;
    struct faults faults;
    struct err err;
    struct str slug;
    json_auto_t *body = NULL;
    faults_init(&faults, check->arena);
    const struct catalog_proposal proposal = {.kind = items->kind,
                                              .existing = existing,
                                              .body = proposed,
                                              .id = id,
                                              .now_us = check->proposal->now_us};
    const enum err_code code =
        catalog_check(check->catalog, &proposal, check->arena, &body, &slug, &faults, &err);
    for (size_t i = 0; i < faults.count; i++) {
        char whole[POINTER_BYTES_MAX];
        (void)snprintf(whole, sizeof whole, "%s%s", pointer, faults.items[i].pointer);
        faults_add(check->faults, whole, faults.items[i].code, "%s", faults.items[i].detail);
    }
    if (code != OK) {
        check->is_out_of_memory |= code == ERR_NOMEM;
        return;
    }
    char text[UUID_TEXT_BYTES];
    json_t *item = json_object();
    if (json_object_set_new(item, "id", json_string(uuid_format(id, text))) != 0 ||
        json_object_update(item, body) != 0 || json_array_append(items->list, item) != 0)
        check->is_out_of_memory = true;
    json_decref(item);
}

/* existing->body with what is given; it shall hold, so it is active. A new reference. */
static json_t *item_body(const struct catalog_entry *existing, const json_t *given)
{
    json_t *body = json_merge_patch(existing != NULL ? existing->body : NULL,
                                    json_is_object(given) ? given : existing->body);
    if (body != NULL) {
        (void)json_object_del(body, "id");
        if (json_object_set_new(body, "active", json_true()) == 0)
            return body;
    }
    json_decref(body);
    return NULL;
}

/* An id, a body with the id of one that there is, or a body of a new one. */
static void add_item(struct items *items, const char *pointer, const json_t *given)
{
    struct check *check = items->check;
    const bool is_body = json_is_object(given);
    const struct str name = is_body ? agreement_text_of(given, "id") : json_str_of(given);
    const struct catalog_entry *existing =
        name.data != NULL ? catalog_find(check->catalog, items->kind, name) : NULL;
    struct uuid id = {{0}};
    char text[UUID_TEXT_BYTES];
    if (!is_body && name.data == NULL) {
        faults_add(check->faults, pointer, "type",
                   "An id of one that there is, or the body of one.");
        return;
    }
    if (name.data != NULL && existing == NULL &&
        (!is_body || agreement_item(items->before, name) == NULL || !uuid_parse(name, &id))) {
        faults_add(check->faults, pointer, "reference", "There is no such %s.",
                   catalog_kind_names[items->kind]);
        return;
    }
    if (name.data == NULL)
        existing = same_promise(items, given);
    if (existing != NULL)
        id = existing->id;
    else if (uuid_is_nil(id))
        id = uuid_new(check->proposal->now_us);
    if (agreement_item(items->list, str_from(uuid_format(id, text))) != NULL) {
        faults_add(check->faults, pointer, "duplicate", "It is listed already.");
        return;
    }
    json_auto_t *body = item_body(existing, given);
    if (body == NULL)
        check->is_out_of_memory = true;
    else
        add_checked(items, pointer, id, existing, body);
}

/* All that hold now, in the order in which they were made. */
static void add_present(struct items *items)
{
    struct check *check = items->check;
    size_t count;
    const struct catalog_entry *const *list = catalog_list(check->catalog, items->kind, &count);
    for (size_t i = count; i-- > 0;) {
        if (!json_is_true(json_object_get(list[i]->body, "active")))
            continue;
        char text[UUID_TEXT_BYTES];
        json_t *item = json_object();
        if (json_object_set_new(item, "id", json_string(uuid_format(list[i]->id, text))) != 0 ||
            json_object_update(item, json_unconst(list[i]->body)) != 0 ||
            json_array_append(items->list, item) != 0)
            check->is_out_of_memory = true;
        json_decref(item);
    }
}

static size_t check_items(struct check *check, const char *name, enum catalog_kind kind,
                          const json_t *given)
{
    const struct catalog_entry *existing = check->proposal->existing;
    struct items items = {
        .check = check,
        .name = name,
        .kind = kind,
        .before = existing != NULL ? json_object_get(existing->body, name) : NULL,
        .list = json_array(),
    };
    char pointer[POINTER_BYTES_MAX / 2];
    (void)snprintf(pointer, sizeof pointer, "/%s", name);
    if (given == NULL)
        add_present(&items);
    else if (!json_is_array(given))
        faults_add(check->faults, pointer, "type", "A list is expected.");
    else if (json_array_size(given) > AGREEMENT_ITEMS_MAX)
        faults_add(check->faults, pointer, "too_many", "There can be at most %d.",
                   AGREEMENT_ITEMS_MAX);
    else
        for (size_t i = 0; i < json_array_size(given); i++) {
            (void)snprintf(pointer, sizeof pointer, "/%s/%zu", name, i);
            add_item(&items, pointer, json_array_get(given, i));
        }
    const size_t count = json_array_size(items.list);
    check_set(check, name, items.list);
    return count;
}

/* ---- the rest of a draft ---- */

static void check_model(struct check *check, int64_t given)
{
    int32_t version;
    (void)catalog_active_model(check->catalog, &version);
    if (given == INT_NONE)
        check_set(check, "scoring_model", json_integer(version));
    else if (catalog_model(check->catalog, (int32_t)given) == NULL)
        faults_add(check->faults, "/scoring_model", "reference",
                   "There is no scoring model of this version.");
}

static int64_t funnel_version(const struct catalog *catalog)
{
    int64_t version = 0;
    size_t count;
    const struct catalog_entry *const *stages = catalog_list(catalog, CATALOG_STAGE, &count);
    for (size_t i = 0; i < count; i++)
        version += stages[i]->version;
    return version;
}

/* The definitions as they are now, unless the draft has them already. */
static void check_funnel(struct check *check, int64_t given)
{
    const int64_t version = funnel_version(check->catalog);
    const struct catalog_entry *existing = check->proposal->existing;
    if (existing != NULL && given != INT_NONE &&
        json_integer_value(json_object_get(existing->body, "funnel")) == given) {
        check_set(check, "definitions", json_share(json_object_get(existing->body, "definitions")));
        return;
    }
    if (given != INT_NONE && given != version) {
        faults_add(check->faults, "/funnel", "reference",
                   "The funnel's definitions are at version %lld; only those can be agreed on.",
                   (long long)version);
        return;
    }
    json_t *definitions = json_object();
    for (size_t i = 0; stage_names[i] != NULL; i++) {
        const struct catalog_entry *stage =
            catalog_find(check->catalog, CATALOG_STAGE, str_from(stage_names[i]));
        if (stage != NULL &&
            json_object_set_new(definitions, stage_names[i], json_share(stage->body)) != 0)
            check->is_out_of_memory = true;
    }
    check_set(check, "funnel", json_integer(version));
    check_set(check, "definitions", definitions);
}

static void check_day(struct check *check, const struct agreement_body *in)
{
    const struct catalog_entry *existing = check->proposal->existing;
    if (existing != NULL && json_equal(json_object_get(existing->body, "effective_on"),
                                       json_object_get(check->body, "effective_on")))
        return;
    if (in->effective_on != DATE_NONE &&
        in->effective_on < (check->proposal->now_us - zones_us) / US_PER_DAY)
        faults_add(check->faults, "/effective_on", "range",
                   "This day has passed. An agreement counts from today at the earliest.");
}

/* Of all there are. */
static int32_t next_version(const struct catalog *catalog)
{
    size_t count;
    const struct catalog_entry *const *list = catalog_list(catalog, CATALOG_AGREEMENT, &count);
    int32_t last = 0;
    for (size_t i = 0; i < count; i++) {
        const int32_t version = agreement_version_of(list[i]->body);
        last = version > last ? version : last;
    }
    return last + 1;
}

static void check_draft(struct check *check, const struct agreement_body *in)
{
    if (check->proposal->existing == NULL) {
        check->in->agreement.version = next_version(check->catalog);
        check_set(check, "version", json_integer(check->in->agreement.version));
        check_set(check, "signatures", json_array());
        check_set_str(check, "currency", catalog_organisation(check->catalog)->currency);
    }
    const size_t before = check->faults->count;
    const size_t promises = check_items(check, "commitments", CATALOG_COMMITMENT, in->commitments) +
                            check_items(check, "policies", CATALOG_POLICY, in->policies);
    if (promises == 0 && check->faults->count == before)
        faults_add(check->faults, "/commitments", "too_few",
                   "An agreement promises something: name a commitment or a policy.");
    check_model(check, in->scoring_model);
    check_funnel(check, in->funnel);
    check_day(check, in);
}

/* ---- signing and withdrawing ---- */

static void conflict(struct check *check, const char *sentence)
{
    check->conflict = sentence != NULL ? sentence : "";
    check->is_out_of_memory |= sentence == NULL;
}

/* Only what nobody or one side has signed may still go another way. */
static bool is_open(struct check *check)
{
    const json_t *body = check->proposal->existing->body;
    const int version = agreement_version_of(body);
    switch (agreement_state_of(body)) {
    case AGREEMENT_DRAFT:
    case AGREEMENT_PARTLY_SIGNED:
        return true;
    case AGREEMENT_WITHDRAWN:
        conflict(check, arena_printf(check->arena, "Version %d was withdrawn. Propose a new one.",
                                     version));
        return false;
    case AGREEMENT_SIGNED:
    case AGREEMENT_IN_FORCE:
    case AGREEMENT_ENDED:
    case AGREEMENT_STATE_COUNT_:
        break;
    }
    conflict(check, arena_printf(check->arena,
                                 "Both sides have signed version %d, so it does not change any "
                                 "more. Propose a new version.",
                                 version));
    return false;
}

static void set_time(struct check *check, json_t *object, const char *name)
{
    char text[TIME_TEXT_BYTES];
    if (json_object_set_new(object, name,
                            json_string(time_format(check->proposal->now_us, text))) != 0)
        check->is_out_of_memory = true;
}

/* The text in both languages as it is now, unless one side has signed it already. */
static void freeze_text(struct check *check)
{
    if (json_is_object(json_object_get(check->body, "text")))
        return;
    json_t *text = json_object();
    for (unsigned language = 0; language < LANGUAGE_COUNT_; language++) {
        json_t *blocks = agreement_text(check->catalog, check->body, (enum language)language);
        if (json_object_set_new(text, language_names[language], blocks) != 0)
            check->is_out_of_memory = true;
    }
    check_set(check, "text", text);
}

static void add_signature(struct check *check, const struct member *member)
{
    char id[UUID_TEXT_BYTES];
    json_t *digests = json_object();
    json_t *signatures = json_copy(json_object_get(check->body, "signatures"));
    json_t *signature = json_object();
    for (unsigned language = 0; language < LANGUAGE_COUNT_; language++) {
        char hex[2 * SHA256_BYTES + 1];
        const struct sha256 digest = agreement_text_digest(check->body, (enum language)language);
        if (json_object_set_new(digests, language_names[language],
                                json_string(sha256_format(&digest, hex))) != 0)
            check->is_out_of_memory = true;
    }
    if (json_object_set_new(signature, "member", json_string(uuid_format(member->id, id))) != 0 ||
        json_object_set_new(signature, "name", json_stringn(member->name.data, member->name.len)) !=
            0 ||
        json_object_set_new(signature, "team", json_string(team_names[member->team])) != 0)
        check->is_out_of_memory = true;
    set_time(check, signature, "at");
    if (json_object_set_new(signature, "text_sha256", digests) != 0 ||
        json_array_append_new(signatures, signature) != 0)
        check->is_out_of_memory = true;
    check_set(check, "signatures", signatures);
}

static void sign(struct check *check, const json_t *act)
{
    struct uuid id;
    const struct member *member = uuid_parse(agreement_text_of(act, "member"), &id)
                                      ? catalog_member(check->catalog, id)
                                      : NULL;
    if (member == NULL || !member->is_active || !member->is_manager ||
        (member->team != TEAM_MARKETING && member->team != TEAM_SALES)) {
        faults_add(check->faults, "/member", "not_allowed",
                   "An agreement is signed by an active manager of marketing or of sales.");
        return;
    }
    const json_t *body = check->proposal->existing->body;
    if (agreement_is_signed_by(body, str_from(team_names[member->team]))) {
        const bool is_marketing = member->team == TEAM_MARKETING;
        conflict(check,
                 arena_printf(check->arena,
                              "%s has signed version %d already; it waits for a manager of "
                              "%s.",
                              is_marketing ? "Marketing" : "Sales", (int)agreement_version_of(body),
                              is_marketing ? "sales" : "marketing"));
        return;
    }
    freeze_text(check);
    if (!check->is_out_of_memory)
        add_signature(check, member);
}

static void check_act(struct check *check, const json_t *act)
{
    if (!is_open(check))
        return;
    const json_t *signature = json_object_get(act, "sign");
    if (signature != NULL)
        sign(check, signature);
    else
        set_time(check, check->body, "withdrawn_at");
}

void agreement_check(struct check *check, const struct agreement_body *in)
{
    const json_t *act = in->act;
    const struct catalog_entry *existing = check->proposal->existing;
    if (act != NULL && existing != NULL) {
        check_act(check, act);
    } else if (existing != NULL && agreement_state_of(existing->body) == AGREEMENT_PARTLY_SIGNED) {
        conflict(check, arena_printf(check->arena,
                                     "One side has signed version %d as it is. Withdraw it and "
                                     "propose a new version.",
                                     (int)agreement_version_of(existing->body)));
    } else if (existing == NULL || is_open(check)) {
        check_draft(check, in);
    }
    (void)json_object_del(check->body, "act");
}
