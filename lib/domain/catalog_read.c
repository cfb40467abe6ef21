#include "domain/catalog_read.h"

#include <assert.h>

#include "domain/escalation.h"
#include "domain/funnel.h"
#include "domain/jsonlogic.h"
#include "domain/model.h"
#include "domain/notification.h"

/* A name of a table, absent for ENUM_NONE. */
static struct str name_of(const char *const names[], int index)
{
    return str_from(index >= 0 ? names[index] : NULL);
}

static const json_t *array_or_null(const json_t *body, const char *name)
{
    const json_t *value = json_object_get(body, name);
    return json_is_array(value) ? value : NULL;
}

/* A copy of rows in the snapshot's arena. */
static bool copy_rows(struct catalog_parts *parts, const void *rows, size_t count, size_t size,
                      const void **ret_rows)
{
    void *copy = arena_array(&parts->arena, count, size);
    if (copy != NULL && count > 0)
        memcpy(copy, rows, count * size);
    *ret_rows = copy;
    return copy != NULL;
}

static bool copy_zone(struct catalog_parts *parts, const struct zone *zone, struct zone *ret_zone)
{
    const void *offsets;
    if (!copy_rows(parts, zone->offsets, zone->offset_count, sizeof *zone->offsets, &offsets))
        return false;
    *ret_zone = *zone;
    ret_zone->offsets = offsets;
    return true;
}

/* Without an expansion, an id and nothing else: see catalog_calendar. */
static const void *read_calendar(struct catalog_parts *parts, const struct calendar *expansion,
                                 struct uuid id)
{
    struct calendar *out = arena_alloc(&parts->arena, sizeof *out);
    if (out == NULL)
        return NULL;
    out->id = id;
    if (expansion == NULL)
        return out;
    const void *spans;
    *out = *expansion;
    if (!copy_zone(parts, &expansion->zone, &out->zone) ||
        !copy_rows(parts, expansion->spans, expansion->span_count, sizeof *expansion->spans,
                   &spans))
        return NULL;
    out->spans = spans;
    return out;
}

/* What a team's chat is told: what it chose, or what is usual. */
static bool read_chat_hook(struct catalog_parts *parts, enum team team, const json_t *stored,
                           struct chat_hook *ret_hook, struct faults *faults)
{
    struct chat_hook_body in;
    if (stored == NULL) {
        return true;
    }
    if (!schema_decode_at(&chat_hook_schema, stored, "/chat", &parts->arena, &in, faults)) {
        return false;
    }
    *ret_hook = (struct chat_hook){.url = in.url,
                                   .format = (enum chat_format)in.format,
                                   .kinds = notification_chat_default(team)};
    if (json_is_array(json_object_get(stored, "kinds"))) {
        ret_hook->kinds = 0;
        for (size_t i = 0; i < in.kind_count; i++) {
            ret_hook->kinds |= 1U << in.kinds[i];
        }
    }
    return true;
}

static const void *read_organisation(struct catalog_parts *parts,
                                     const struct organisation_body *in,
                                     const struct calendar *expansion, struct faults *faults)
{
    struct organisation *out = arena_alloc(&parts->arena, sizeof *out);
    if (out != NULL) {
        *out = (struct organisation){
            .name = in->name,
            .time_zone = in->time_zone,
            .currency = in->currency,
            .locale = name_of(locale_names, in->locale),
            .week_starts_on = name_of(weekday_names, in->week_starts_on),
        };
        if (expansion != NULL && !copy_zone(parts, &expansion->zone, &out->zone))
            return NULL;
        for (unsigned team = 0; team < TEAM_COUNT_; team++) {
            out->calendar_ids[team] = in->calendars.of[team];
            if (!read_chat_hook(parts, (enum team)team, json_object_get(in->chat, team_names[team]),
                                &out->chat[team], faults)) {
                return out; /* the faults say so */
            }
        }
    }
    return out;
}

static const void *read_attribute(struct catalog_parts *parts, const struct attribute_body *in,
                                  const json_t *body)
{
    struct attribute_definition *out = arena_alloc(&parts->arena, sizeof *out);
    if (out != NULL) {
        *out = (struct attribute_definition){
            .name = in->name,
            .type = (enum attribute_type)in->type,
            .choices = array_or_null(body, "choices"),
        };
    }
    return out;
}

static const void *read_offer(struct catalog_parts *parts, const struct offer_body *in)
{
    struct offer *out = arena_alloc(&parts->arena, sizeof *out);
    if (out != NULL) {
        *out = (struct offer){
            .slug = in->slug,
            .title = in->title,
            .kind = name_of(offer_kind_names, in->kind),
            .journey_step = name_of(journey_step_names, in->journey_step),
            .url = in->url,
        };
    }
    return out;
}

static const void *read_form(struct catalog_parts *parts, const struct form_body_stored *in,
                             const json_t *body, struct faults *faults)
{
    struct form *out = arena_alloc(&parts->arena, sizeof *out);
    if (out != NULL) {
        *out = (struct form){
            .slug = in->slug,
            .activity = in->activity,
            .makes_prospect = in->makes == FORM_MAKES_PROSPECT,
            .offer = in->offer,
            .campaign = in->campaign,
            .is_open = in->is_open,
            .required = array_or_null(body, "required"),
            .fields = in->fields,
            .allowed_origins = array_or_null(body, "allowed_origins"),
            .redirect_url = in->redirect_url,
            .consent_text = in->consent_text,
            .adapter_secrets = in->adapter_secrets,
            .hubspot_guid = in->hubspot_guid,
        };
        if (!protection_read(in->protection, /* is_stored= */ true, &out->protection, faults)) {
            return out; /* the faults say so */
        }
    }
    return out;
}

/* What a member chose, or what is usual in the team. */
static void read_notify(struct member *out, const json_t *chosen)
{
    for (unsigned i = 0; i < NOTIFY_KIND_COUNT_; i++) {
        const enum notification_kind kind = (enum notification_kind)i;
        const struct str mode = json_str_of(json_object_get(chosen, notification_kind_names[kind]));
        const int index = mode.data != NULL ? name_index(notification_mode_names, mode) : -1;
        out->notify[kind] = index >= 0 ? (enum notification_mode)index
                                       : notification_default(out->team, out->is_manager, kind);
    }
}

static void read_hours(struct member *out, const struct member_body *in)
{
    out->hours = default_working_hours;
    if (in->hours.from.data != NULL) {
        out->hours.opens_minute = time_of_day_parse(in->hours.from);
        out->hours.closes_minute = time_of_day_parse(in->hours.to);
    }
    if (in->hours.day_count > 0) {
        out->hours.days = 0;
        for (size_t i = 0; i < in->hours.day_count; i++) {
            out->hours.days |= 1U << in->hours.days[i];
        }
    }
    out->digest_minute = in->digest_at.data != NULL ? time_of_day_parse(in->digest_at)
                                                    : out->hours.opens_minute;
}

static const void *read_member(struct catalog_parts *parts, const struct member_body *in,
                               struct uuid id)
{
    struct member *out = arena_alloc(&parts->arena, sizeof *out);
    if (out != NULL) {
        *out = (struct member){
            .id = id,
            .name = in->name,
            .email = in->email,
            .team = (enum team)in->team,
            .is_manager = in->role == MEMBER_ROLE_MANAGER,
            .is_active = in->is_active,
            .time_zone = in->time_zone,
            .locale = name_of(locale_names, in->locale),
            .weekly_capacity = in->weekly_capacity != INT_NONE ? in->weekly_capacity : INT64_MAX,
            .calendar_id = in->calendar,
        };
        read_notify(out, in->notify);
        read_hours(out, in);
    }
    return out;
}

static const void *read_absence(struct catalog_parts *parts, const struct absence_body *in,
                                struct uuid id)
{
    struct absence *out = &parts->absences[parts->absence_count++];
    *out = (struct absence){
        .id = id,
        .member_id = in->member,
        .substitute_id = in->substitute,
        .from_us = in->from_us,
        .to_us = in->to_us,
    };
    return out;
}

static const void *read_reason(struct catalog_parts *parts, const struct reason_body *in)
{
    struct reason *out = arena_alloc(&parts->arena, sizeof *out);
    if (out != NULL) {
        *out = (struct reason){
            .kind = (enum reason_kind)in->kind,
            .code = in->code,
            .is_active = in->is_active,
        };
    }
    return out;
}

/* The earlier of two times, where TIME_NONE is never. */
static int64_t earlier(int64_t a, int64_t b)
{
    if (a == TIME_NONE || b == TIME_NONE)
        return a == TIME_NONE ? b : a;
    return a < b ? a : b;
}

static const void *read_key(struct catalog_parts *parts, const struct key_body *in, struct uuid id,
                            struct faults *faults)
{
    struct api_key *out = &parts->keys[parts->key_count];
    *out = (struct api_key){
        .id = id,
        .is_publishable = in->kind == KEY_PUBLISHABLE,
        .member_id = in->member,
        .expires_at_us = in->expires_at_us,
        .form = in->form,
    };
    for (size_t i = 0; i < in->scope_count; i++)
        out->scopes |= 1U << in->scopes[i];
    if (!sha256_parse(in->hash, &out->hash)) {
        faults_add(faults, "/hash", "format", "This is no SHA-256.");
        return out;
    }
    parts->key_count++;
    if (in->previous_hash.data == NULL)
        return out;
    struct api_key *previous = &parts->keys[parts->key_count++];
    *previous = *out;
    previous->expires_at_us = earlier(in->expires_at_us, in->previous_expires_at_us);
    if (in->previous_expires_at_us == TIME_NONE ||
        !sha256_parse(in->previous_hash, &previous->hash))
        faults_add(faults, "/previous_hash", "format",
                   "A previous SHA-256 and its end belong together.");
    return out;
}

/* Ascending, each once. */
static void read_warnings(struct policy *out, const struct policy_body *in)
{
    for (size_t i = 0; i < in->warn_count; i++) {
        size_t at = 0;
        while (at < out->warn_count && out->warn_at[at] < in->warn_at[i])
            at++;
        if (at < out->warn_count && out->warn_at[at] <= in->warn_at[i])
            continue;
        memmove(&out->warn_at[at + 1], &out->warn_at[at],
                (out->warn_count - at) * sizeof out->warn_at[0]);
        out->warn_at[at] = in->warn_at[i];
        out->warn_count++;
    }
}

static void read_steps(struct policy *out, const struct policy_body *in, struct faults *faults)
{
    for (size_t i = 0; i < in->escalate_count && i < POLICY_STEPS_MAX; i++) {
        struct escalation_step *step = &out->steps[out->step_count++];
        if (!escalation_when(in->escalate[i].at, step))
            faults_add(faults, "/escalate", "format", "This is no time of a step.");
        step->to = (enum escalation)in->escalate[i].to;
    }
}

/* All but its calendar and its condition. */
static void fill_policy(const struct policy_body *in, struct uuid id, int32_t version,
                        struct policy *out, struct faults *faults)
{
    *out = (struct policy){
        .id = id,
        .version = version,
        .name = in->name,
        .position = in->position,
        .kind = name_of(clock_kind_names, in->kind),
        .starts_on_accept = in->starts == STARTS_AT_ACCEPT,
        .attempts = in->attempts == INT_NONE ? 0 : (int32_t)in->attempts,
        .uses_assignee_calendar = in->uses_assignee_calendar,
        .is_active = in->is_active,
    };
    read_warnings(out, in);
    read_steps(out, in, faults);
}

bool catalog_policy_terms(const struct catalog *catalog, struct uuid id, int32_t version,
                          const json_t *body, struct arena *arena, struct policy *ret_policy)
{
    struct policy_body in;
    struct faults faults;
    struct policy policy;
    faults_init(&faults, arena);
    if (!schema_decode(&catalog_kind_rules[CATALOG_POLICY].schema, body, arena, &in, &faults)) {
        return false;
    }
    fill_policy(&in, id, version, &policy, &faults);
    const bool has_calendar = !uuid_is_nil(in.calendar);
    if (!sla_target_read(in.target, has_calendar, "/target", &policy.target, &faults) ||
        faults.count > 0) {
        return false;
    }
    policy.calendar = has_calendar ? catalog_calendar(catalog, in.calendar) : NULL;
    if (has_calendar && policy.calendar == NULL) {
        return false;
    }
    *ret_policy = policy;
    return true;
}

/* Its calendar is looked up when all are there. */
static const void *read_policy(struct catalog_parts *parts, const struct policy_body *in,
                               const struct catalog_entry *entry, struct faults *faults)
{
    const size_t index = parts->policy_count++;
    struct policy *out = &parts->policies[index];
    fill_policy(in, entry->id, entry->version, out, faults);
    const bool has_calendar = !uuid_is_nil(in->calendar);
    parts->policy_calendars[index] = in->calendar;
    if (!sla_target_read(in->target, has_calendar, "/target", &out->target, faults))
        return out;
    if (in->applies_when == NULL)
        return out;
    const enum err_code code = jsonlogic_compile(in->applies_when, JSONLOGIC_STRICT,
                                                 "/applies_when", faults, &parts->conditions[index],
                                                 /* reterr= */ NULL);
    out->applies_when = parts->conditions[index];
    if (code == ERR_NOMEM)
        return NULL;
    if (code != OK && faults->count == 0)
        faults_add(faults, "/applies_when", "too_large", "The rule is too large.");
    return out;
}

static const void *read_model(struct catalog_parts *parts, const struct model_body *in,
                              struct faults *faults)
{
    struct catalog_model_entry *out = &parts->models[parts->model_count];
    *out =
        (struct catalog_model_entry){.version = (int32_t)in->version, .activated = in->activated};
    const enum err_code code =
        model_compile(in->definition, /* zone= */ NULL, &out->compiled, faults);
    if (code == OK)
        parts->model_count++;
    return code == ERR_NOMEM ? NULL : out;
}

static const void *read_commitment(struct catalog_parts *parts, const struct commitment_body *in,
                                   struct uuid id)
{
    struct commitment *out = arena_alloc(&parts->arena, sizeof *out);
    if (out != NULL) {
        *out = (struct commitment){
            .id = id,
            .name = in->name,
            .metric = (enum commitment_metric)in->metric,
            .team = name_of(commitment_team_names, in->team),
            .has_filter = in->filter != NULL,
            .has_capacity = in->capacity != INT_NONE,
            .is_active = in->is_active,
        };
    }
    return out;
}

static const void *read_form_secret(struct catalog_parts *parts, const struct form_secret_body *in,
                                    struct faults *faults)
{
    struct form_token_secret *out = arena_alloc(&parts->arena, sizeof *out);
    struct sha256 secret;
    if (!sha256_parse(in->secret, &secret)) {
        faults_add(faults, "/secret", "format", "These are no 64 hexadecimal digits.");
    } else if (out != NULL) {
        memcpy(out->bytes, secret.bytes, sizeof out->bytes);
    }
    return out;
}
static_assert((int)FORM_TOKEN_SECRET_BYTES == (int)SHA256_BYTES, "written like a hash");

const void *catalog_read(struct catalog_parts *parts, const struct catalog_entry *entry,
                         const union catalog_body *in, const struct calendar *expansion,
                         struct faults *faults)
{
    switch (entry->kind) {
    case CATALOG_ORGANISATION:
        return read_organisation(parts, &in->organisation, expansion, faults);
    case CATALOG_ATTRIBUTE:
        return read_attribute(parts, &in->attribute, entry->body);
    case CATALOG_OFFER:
        return read_offer(parts, &in->offer);
    case CATALOG_FORM:
        return read_form(parts, &in->form, entry->body, faults);
    case CATALOG_MEMBER:
        return read_member(parts, &in->member, entry->id);
    case CATALOG_REASON:
        return read_reason(parts, &in->reason);
    case CATALOG_KEY:
        return read_key(parts, &in->key, entry->id, faults);
    case CATALOG_POLICY:
        return read_policy(parts, &in->policy, entry, faults);
    case CATALOG_MODEL:
        return read_model(parts, &in->model, faults);
    case CATALOG_FORM_SECRET:
        return read_form_secret(parts, &in->form_secret, faults);
    case CATALOG_CALENDAR:
        return read_calendar(parts, expansion, entry->id);
    case CATALOG_COMMITMENT:
        return read_commitment(parts, &in->commitment, entry->id);
    case CATALOG_ABSENCE:
        return read_absence(parts, &in->absence, entry->id);
    case CATALOG_CAMPAIGN:
    case CATALOG_STAGE:
    case CATALOG_AGREEMENT:
    case CATALOG_KIND_COUNT_:
        break;
    }
    return entry->body;
}
