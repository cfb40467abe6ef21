/*
 * What a version does to the set-up when its day comes.
 *
 * Steps are taken one day and one version at a time, each a pure function of the set-up: who takes
 * one holds the set-up's lock and writes all its rows in one transaction, so a step is taken once,
 * whoever tries, and a step that was lost is found again. What is still to come of the version in
 * force stands in its "changes", each with its first day.
 */
#include "domain/agreement_internal.h"

#include <stdio.h>

struct enactor {
    const struct catalog *catalog;
    const struct agreement_clock *clock;
    struct arena *arena;
    struct agreement_enactment *out;
    struct err *reterr;
};

static enum err_code out_of_memory(const struct enactor *enactor)
{
    return err_set(enactor->reterr, ERR_NOMEM, "Out of memory for the agreement.");
}

static bool set_new(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static bool set_time(json_t *object, const char *name, int64_t at_us)
{
    char text[TIME_TEXT_BYTES];
    return set_new(object, name, json_string(time_format(at_us, text)));
}

/* Takes the body. */
static enum err_code push(const struct enactor *enactor, struct agreement_write write)
{
    if (enactor->out->count == AGREEMENT_WRITES_MAX) {
        json_decref(write.body);
        return err_set(enactor->reterr, ERR_TOO_LARGE, "The agreement changes too much at once.");
    }
    enactor->out->writes[enactor->out->count++] = write;
    return OK;
}

/* The body of an agreement itself, as it shall be. Takes it. */
static enum err_code push_agreement(const struct enactor *enactor,
                                    const struct catalog_entry *entry, json_t *body)
{
    return push(enactor, (struct agreement_write){.kind = CATALOG_AGREEMENT,
                                                  .existing = entry,
                                                  .id = entry->id,
                                                  .slug = entry->slug,
                                                  .body = body});
}

/* One entry with the body proposed (taken), if the set-up takes it; else *ret_problem says why it
 * does not. */
static enum err_code push_checked(const struct enactor *enactor, enum catalog_kind kind,
                                  const struct catalog_entry *existing, struct uuid id,
                                  json_t *proposed, const char **ret_problem)
{
    struct agreement_write write = {.kind = kind, .existing = existing, .id = id};
    struct faults faults;
    faults_init(&faults, enactor->arena);
    const struct catalog_proposal proposal = {.kind = kind,
                                              .existing = existing,
                                              .body = proposed,
                                              .id = id,
                                              .now_us = enactor->clock->now_us};
    enum err_code code = proposed == NULL
                             ? out_of_memory(enactor)
                             : catalog_check(enactor->catalog, &proposal, enactor->arena,
                                             &write.body, &write.slug, &faults, enactor->reterr);
    json_decref(proposed);
    if (code == ERR_INVALID) {
        *ret_problem = faults.items[0].detail;
        return OK;
    }
    return code == OK ? push(enactor, write) : code;
}

/* existing->body with this change; a new reference. */
static json_t *patched(const struct catalog_entry *existing, const char *name, json_t *value)
{
    json_auto_t *patch = json_object();
    return set_new(patch, name, value) ? json_merge_patch(existing->body, patch) : NULL;
}

/* ---- commitments ---- */

/* {"commitment", "change", "from", "applied"}; a new reference. */
static json_t *change_record(const struct agreement_change *change)
{
    char id[UUID_TEXT_BYTES];
    char from[TIME_TEXT_BYTES];
    const struct str name = change->item != NULL ? agreement_text_of(change->item, "id")
                                                 : str_from(uuid_format(change->existing->id, id));
    json_t *record = json_object();
    if (set_new(record, "commitment", json_stringn(name.data, name.len)) &&
        set_new(record, "change", json_string(promise_change_names[change->kind])) &&
        set_new(record, "from", json_string(date_format(change->from, from))) &&
        set_new(record, "applied", json_boolean(change->kind == PROMISE_UNCHANGED)))
        return record;
    json_decref(record);
    return NULL;
}

static enum err_code apply_change(const struct enactor *enactor, const json_t *agreement,
                                  const json_t *record, const char **ret_problem)
{
    const struct str id_text = agreement_text_of(record, "commitment");
    const struct catalog_entry *existing =
        catalog_find(enactor->catalog, CATALOG_COMMITMENT, id_text);
    const json_t *item = agreement_item(json_object_get(agreement, "commitments"), id_text);
    struct uuid id;
    if (!uuid_parse(id_text, &id) || (item == NULL && existing == NULL))
        return OK;
    json_t *body = item != NULL ? agreement_item_body(item)
                                : patched(existing, "active", json_false());
    return push_checked(enactor, CATALOG_COMMITMENT, existing, id, body, ret_problem);
}

/* Applies those of the changes (in place) that begin with the clock's day. */
static enum err_code apply_changes(const struct enactor *enactor, const json_t *agreement,
                                   json_t *changes)
{
    for (size_t i = 0; i < json_array_size(changes); i++) {
        json_t *record = json_array_get(changes, i);
        const char *problem = NULL;
        if (!agreement_change_is_waiting(record) ||
            agreement_day_of(record, "from") > enactor->clock->day)
            continue;
        const enum err_code code = apply_change(enactor, agreement, record, &problem);
        if (code != OK)
            return code;
        if (!set_new(record, "applied", json_true()) ||
            (problem != NULL && !set_new(record, "problem", json_string(problem))))
            return out_of_memory(enactor);
    }
    return OK;
}

/* ---- policies and the model ---- */

static void note_problem(json_t *body, const char *what, const char *problem)
{
    json_t *problems = json_object_get(body, "problems");
    if (problem == NULL)
        return;
    if (!json_is_array(problems)) {
        problems = json_array();
        (void)set_new(body, "problems", problems);
    }
    (void)json_array_append_new(problems, json_pack("{s:s, s:s}", "what", what, "detail", problem));
}

static enum err_code put_policy(const struct enactor *enactor, const json_t *item, json_t *body)
{
    struct uuid id;
    const char *problem = NULL;
    if (!uuid_parse(agreement_text_of(item, "id"), &id))
        return OK;
    const struct catalog_entry *existing =
        catalog_find(enactor->catalog, CATALOG_POLICY, agreement_text_of(item, "id"));
    json_t *policy = agreement_item_body(item);
    if (existing != NULL && json_equal(policy, existing->body)) {
        json_decref(policy);
        return OK;
    }
    const enum err_code code =
        push_checked(enactor, CATALOG_POLICY, existing, id, policy, &problem);
    note_problem(body, "policy", problem);
    return code;
}

static enum err_code put_policies(const struct enactor *enactor, json_t *body)
{
    const json_t *items = json_object_get(body, "policies");
    enum err_code code = OK;
    for (size_t i = 0; code == OK && i < json_array_size(items); i++)
        code = put_policy(enactor, json_array_get(items, i), body);
    size_t count;
    const struct catalog_entry *const *list =
        catalog_list(enactor->catalog, CATALOG_POLICY, &count);
    for (size_t i = 0; code == OK && i < count; i++) {
        char id[UUID_TEXT_BYTES];
        const char *problem = NULL;
        if (!agreement_is_active(list[i]) ||
            agreement_item(items, str_from(uuid_format(list[i]->id, id))) != NULL)
            continue;
        code = push_checked(enactor, CATALOG_POLICY, list[i], list[i]->id,
                            patched(list[i], "active", json_false()), &problem);
        note_problem(body, "policy", problem);
    }
    return code;
}

static enum err_code put_model(const struct enactor *enactor, json_t *body)
{
    int32_t active;
    (void)catalog_active_model(enactor->catalog, &active);
    const json_int_t wanted = json_integer_value(json_object_get(body, "scoring_model"));
    char slug[24];
    (void)snprintf(slug, sizeof slug, "%lld", (long long)wanted);
    const struct catalog_entry *model =
        catalog_find(enactor->catalog, CATALOG_MODEL, str_from(slug));
    if (wanted == active || model == NULL)
        return OK;
    const char *problem = NULL;
    const enum err_code code = push_checked(enactor, CATALOG_MODEL, model, model->id,
                                            patched(model, "state", json_string("active")),
                                            &problem);
    note_problem(body, "scoring_model", problem);
    return code;
}

/* ---- steps ---- */

static enum err_code list_changes(const struct enactor *enactor, json_t *body, int32_t day)
{
    struct agreement_change *changes;
    size_t count;
    json_t *records = json_array();
    if (!set_new(body, "changes", records) ||
        !agreement_changes(enactor->catalog, body, day, enactor->arena, &changes, &count))
        return out_of_memory(enactor);
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(records, change_record(&changes[i])) != 0)
            return out_of_memory(enactor);
    return OK;
}

/* When the last side signed. */
static int64_t signed_at_us(const json_t *body)
{
    const json_t *signatures = json_object_get(body, "signatures");
    int64_t last_us = TIME_NONE;
    for (size_t i = 0; i < json_array_size(signatures); i++) {
        int64_t at_us;
        if (time_parse(agreement_text_of(json_array_get(signatures, i), "at"), &at_us) &&
            at_us > last_us)
            last_us = at_us;
    }
    return last_us;
}

static enum err_code end_previous(const struct enactor *enactor)
{
    const struct catalog_entry *previous = agreement_in_force(enactor->catalog);
    if (previous == NULL)
        return OK;
    json_t *body = json_copy(json_unconst(previous->body));
    enactor->out->replaces = agreement_version_of(previous->body);
    if (body == NULL || !set_time(body, "ended_at", enactor->clock->now_us)) {
        json_decref(body);
        return out_of_memory(enactor);
    }
    return push_agreement(enactor, previous, body);
}

static enum err_code come_into_force(const struct enactor *enactor,
                                     const struct catalog_entry *entry)
{
    const struct agreement_clock *clock = enactor->clock;
    const bool is_in_time = signed_at_us(entry->body) <= clock->day_start_us;
    json_t *body = json_copy(json_unconst(entry->body));
    if (body == NULL || !set_time(body, "in_force_at", clock->now_us)) {
        json_decref(body);
        return out_of_memory(enactor);
    }
    enactor->out->comes_into_force = agreement_version_of(body);
    enum err_code code = list_changes(enactor, body, is_in_time ? clock->day : clock->today + 1);
    code = code != OK ? code : end_previous(enactor);
    code = code != OK ? code : put_policies(enactor, body);
    code = code != OK ? code : put_model(enactor, body);
    code = code != OK ? code : apply_changes(enactor, body, json_object_get(body, "changes"));
    if (code != OK) {
        json_decref(body);
        return code;
    }
    return push_agreement(enactor, entry, body);
}

static enum err_code change_promises(const struct enactor *enactor,
                                     const struct catalog_entry *entry)
{
    json_t *changes = json_deep_copy(json_object_get(entry->body, "changes"));
    json_t *body = json_copy(json_unconst(entry->body));
    /* The copy is shallow, its own changes are not the snapshot's. */
    if (body == NULL || !set_new(body, "changes", changes)) {
        json_decref(body);
        return out_of_memory(enactor);
    }
    const enum err_code code = apply_changes(enactor, body, changes);
    if (code != OK) {
        json_decref(body);
        return code;
    }
    return push_agreement(enactor, entry, body);
}

enum err_code agreement_enact(const struct catalog *catalog, const struct agreement_clock *clock,
                              struct arena *arena, struct agreement_enactment *ret_enactment,
                              struct err *reterr)
{
    struct agreement_enactment out = {
        .writes = arena_array(arena, AGREEMENT_WRITES_MAX, sizeof *out.writes)};
    const struct enactor enactor = {
        .catalog = catalog, .clock = clock, .arena = arena, .out = &out, .reterr = reterr};
    if (out.writes == NULL)
        return out_of_memory(&enactor);
    const struct catalog_entry *signed_one = agreement_next_signed(catalog);
    const struct catalog_entry *in_force = agreement_in_force(catalog);
    enum err_code code = OK;
    /* What the one in force has promised for that day comes before the one that follows it. */
    if (in_force != NULL && agreement_next_change(in_force->body) == clock->day)
        code = change_promises(&enactor, in_force);
    else if (signed_one != NULL && agreement_day_of(signed_one->body, "effective_on") == clock->day)
        code = come_into_force(&enactor, signed_one);
    if (code != OK) {
        agreement_enactment_done(&out);
        return code;
    }
    *ret_enactment = out;
    return OK;
}

void agreement_enactment_done(struct agreement_enactment *enactment)
{
    if (enactment == NULL)
        return;
    for (size_t i = 0; i < enactment->count; i++)
        json_decref(enactment->writes[i].body);
    enactment->count = 0;
}
