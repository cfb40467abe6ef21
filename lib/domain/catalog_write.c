/* Set-up entries as the API shows them. */
#include "domain/agreement.h"
#include "domain/catalog.h"
#include "domain/catalog_kinds.h"
#include "domain/catalog_read.h"
#include "domain/contact.h"
#include "domain/funnel.h"

/* Kept for us alone, or shown otherwise below. */
static const char *const hidden_names[] = {"hash", "previous_hash", "secret", "adapter_secrets",
                                           NULL};
static const char *const organisation_hidden_names[] = {"chat", "calendars", NULL};
static const char *const member_hidden_names[] = {"locale", "notify", "working_hours", "digest_at",
                                                  NULL};
/* What is read as a page, and what is shown as takes_effect. */
static const char *const agreement_hidden_names[] = {"text", "changes", NULL};

static const char *const *hidden_of(enum catalog_kind kind)
{
    return kind == CATALOG_ORGANISATION ? organisation_hidden_names
           : kind == CATALOG_MEMBER     ? member_hidden_names
           : kind == CATALOG_AGREEMENT  ? agreement_hidden_names
                                        : hidden_names;
}

/* The members of an object but the hidden ones. */
static void write_members(struct json_writer *json, const json_t *object,
                          const char *const hidden[])
{
    json_t *same = json_unconst(object);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        const struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        if (name_index(hidden, name) >= 0)
            continue;
        json_key_str(json, name);
        json_write_value(json, json_object_iter_value(at));
    }
}

/* Empty when it is absent. */
static void write_list(struct json_writer *json, const json_t *list)
{
    if (list != NULL) {
        json_write_value(json, list);
        return;
    }
    json_array_begin(json);
    json_array_end(json);
}

static void write_or_null(struct json_writer *json, const char *name, const json_t *value)
{
    json_key(json, name);
    if (value != NULL)
        json_write_value(json, value);
    else
        json_nil(json);
}

static const char *state_of(const struct catalog_model_entry *model, const struct catalog *catalog)
{
    int32_t active;
    (void)catalog_active_model(catalog, &active);
    if (model->version == active)
        return "active";
    return model->activated > 0 ? "retired" : "draft";
}

static void write_model(struct json_writer *json, const struct catalog_entry *entry,
                        const struct catalog *catalog)
{
    static const char *const extra[] = {"mql_at_once", NULL};
    const struct catalog_model_entry *model = entry->typed;
    const json_t *definition = json_object_get(entry->body, "definition");
    JSON_FIELD(json, "version", json_int, model->version);
    JSON_FIELD(json, "state", json_text, state_of(model, catalog));
    write_members(json, definition, extra);
    json_key(json, "mql_at_once");
    write_list(json, json_object_get(definition, "mql_at_once"));
    write_or_null(json, "activation", json_object_get(entry->body, "activation"));
    const json_t *activated_at = json_object_get(entry->body, "activated_at");
    if (model->activated > 0 && !json_is_string(activated_at))
        JSON_FIELD(json, "activated_at", json_time, entry->created_at_us); /* it came in force */
    else
        write_or_null(json, "activated_at", activated_at);
}

/* The version of the words that people agree to now, as the record of consent has it; which of its
 * tools have to sign; and what forms of before did not have. */
static void write_form_rest(struct json_writer *json, const struct catalog_entry *entry)
{
    const struct form *form = entry->typed;
    char version[CONSENT_VERSION_BYTES];
    JSON_FIELD(json, "consent_version", json_text,
               form->consent_text.data != NULL ? consent_version(form->consent_text, version)
                                               : NULL);
    json_key(json, "signed_adapters");
    json_array_begin(json);
    json_t *secrets = json_unconst(form->adapter_secrets);
    for (void *at = json_object_iter(secrets); at != NULL; at = json_object_iter_next(secrets, at))
        json_str(json, str_slice(json_object_iter_key(at), json_object_iter_key_len(at)));
    json_array_end(json);
    if (json_object_get(entry->body, "hubspot_guid") == NULL)
        JSON_FIELD(json, "hubspot_guid", json_uuid, form->hubspot_guid);
}

/* Of a chat's address only the host: who knows the rest can write there. */
static void write_hook(struct json_writer *json, const struct chat_hook *hook)
{
    struct str rest = hook->url;
    (void)str_cut(&rest, '/');
    (void)str_cut(&rest, '/');
    json_object_begin(json);
    JSON_FIELD(json, "host", json_str, str_cut(&rest, '/'));
    JSON_FIELD(json, "format", json_text, chat_format_names[hook->format]);
    json_key(json, "kinds");
    json_array_begin(json);
    for (unsigned i = 0; i < NOTIFY_KIND_COUNT_; i++)
        if ((hook->kinds >> i & 1U) != 0)
            json_text(json, notification_kind_names[i]);
    json_array_end(json);
    json_object_end(json);
}

static void write_chat(struct json_writer *json, const struct organisation *organisation)
{
    json_key(json, "chat");
    json_object_begin(json);
    for (unsigned i = 0; i < TEAM_COUNT_; i++) {
        if (organisation->chat[i].url.data != NULL) {
            json_key(json, team_names[i]);
            write_hook(json, &organisation->chat[i]);
        }
    }
    json_object_end(json);
}

/* Every team, also those without. */
static void write_team_calendars(struct json_writer *json, const struct organisation *organisation)
{
    json_key(json, "calendars");
    json_object_begin(json);
    for (unsigned i = 0; i < TEAM_COUNT_; i++)
        JSON_FIELD(json, team_names[i], json_uuid, organisation->calendar_ids[i]);
    json_object_end(json);
}

static void write_time_of_day(struct json_writer *json, int minute)
{
    const char text[] = {(char)('0' + minute / 600),     (char)('0' + minute / 60 % 10), ':',
                         (char)('0' + minute % 60 / 10), (char)('0' + minute % 10),      '\0'};
    json_text(json, text);
}

/* What holds for a member, chosen or not. */
static void write_member_rest(struct json_writer *json, const struct member *member)
{
    JSON_FIELD(json, "locale", json_str, member->locale);
    json_key(json, "notify");
    json_object_begin(json);
    for (unsigned i = 0; i < NOTIFY_KIND_COUNT_; i++)
        JSON_FIELD(json, notification_kind_names[i], json_text,
                   notification_mode_names[member->notify[i]]);
    json_object_end(json);
    json_key(json, "working_hours");
    json_object_begin(json);
    JSON_FIELD(json, "from", write_time_of_day, member->hours.opens_minute);
    JSON_FIELD(json, "to", write_time_of_day, member->hours.closes_minute);
    json_key(json, "days");
    json_array_begin(json);
    for (unsigned i = 0; i < WEEKDAY_COUNT; i++)
        if ((member->hours.days >> i & 1U) != 0)
            json_text(json, weekday_names[i]);
    json_array_end(json);
    json_object_end(json);
    JSON_FIELD(json, "digest_at", write_time_of_day, member->digest_minute);
}

static bool lacks(const struct catalog_entry *entry, enum catalog_kind kind, const char *name)
{
    return entry->kind == kind && json_object_get(entry->body, name) == NULL;
}

/* What members and policies of before did not have. */
static void write_later_fields(struct json_writer *json, const struct catalog_entry *entry)
{
    if (lacks(entry, CATALOG_MEMBER, "calendar"))
        JSON_FIELD(json, "calendar", json_text, NULL);
    if (lacks(entry, CATALOG_POLICY, "assignee_calendar"))
        JSON_FIELD(json, "assignee_calendar", json_bool, false);
    if (lacks(entry, CATALOG_POLICY, "escalate")) {
        json_key(json, "escalate");
        json_array_begin(json);
        json_array_end(json);
    }
}

void catalog_write_fields(struct json_writer *json, const struct catalog_entry *entry,
                          const struct catalog *catalog)
{
    const bool is_stage = entry->kind == CATALOG_STAGE;
    if (is_stage)
        JSON_FIELD(json, "position", json_int, name_index(stage_names, entry->slug) + 1);
    else if (entry->kind != CATALOG_ORGANISATION)
        JSON_FIELD(json, "id", json_uuid, entry->id);
    if (entry->kind == CATALOG_MODEL)
        write_model(json, entry, catalog);
    else
        write_members(json, entry->body, hidden_of(entry->kind));
    if (entry->kind == CATALOG_ORGANISATION) {
        write_chat(json, entry->typed);
        write_team_calendars(json, entry->typed);
    }
    if (entry->kind == CATALOG_MEMBER)
        write_member_rest(json, entry->typed);
    if (entry->kind == CATALOG_AGREEMENT)
        agreement_write_rest(json, entry, catalog);
    if (entry->kind == CATALOG_FORM)
        write_form_rest(json, entry);
    write_later_fields(json, entry);
    if (!is_stage) {
        JSON_FIELD(json, "created_at", json_time, entry->created_at_us);
        JSON_FIELD(json, "updated_at", json_time, entry->updated_at_us);
    }
}

void catalog_write_entry(struct json_writer *json, const struct catalog_entry *entry,
                         const struct catalog *catalog)
{
    json_object_begin(json);
    catalog_write_fields(json, entry, catalog);
    json_object_end(json);
}
