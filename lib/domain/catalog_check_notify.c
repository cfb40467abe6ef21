/* What people want to be told and when: of a member their choices and hours, of the organisation
 * the teams' chats. */
#include <stdio.h>

#include "domain/catalog_check.h"
#include "domain/funnel.h"

enum { NOTIFY_POINTER_BYTES_MAX = 128 };

/* What was not chosen is not stored: what is usual may change. */
static void leave_out(struct check *check, const char *name)
{
    if (json_is_null(json_object_get(check->body, name)))
        (void)json_object_del(check->body, name);
}

void check_member_notify(struct check *check, const json_t *notify)
{
    if (notify == NULL) {
        leave_out(check, "notify");
        return;
    }
    json_t *kept = json_object();
    json_t *same = json_unconst(notify);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        const struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        const json_t *value = json_object_iter_value(at);
        const struct str mode = json_str_of(value);
        struct json_pointer pointer;
        json_pointer_init(&pointer, "/notify");
        (void)json_pointer_push(&pointer, name);
        if (name_index(notification_kind_names, name) < 0)
            faults_add(check->faults, pointer.text, "unknown",
                       "Nobody is told of this. There are new_mql, assigned, warning, breach, "
                       "refusal, new_offer, commitment_at_risk and escalation.");
        else if (!json_is_null(value) &&
                 (mode.data == NULL || name_index(notification_mode_names, mode) < 0))
            faults_add(check->faults, pointer.text, mode.data == NULL ? "type" : "choice",
                       "It is one of at_once, digest, none.");
        else if (!json_is_null(value) &&
                 json_object_setn(kept, name.data, name.len, json_unconst(value)) != 0)
            check->is_out_of_memory = true;
    }
    check_set(check, "notify", kept);
}

static void check_time_of_day(struct check *check, const char *pointer, struct str text)
{
    if (text.data != NULL && time_of_day_parse(text) < 0)
        faults_add(check->faults, pointer, "format", "A time of day is wanted, such as 08:30.");
}

void check_member_hours(struct check *check, const struct member_body *in)
{
    const struct working_hours_body *hours = &in->hours;
    leave_out(check, "locale");
    leave_out(check, "working_hours");
    leave_out(check, "digest_at");
    check_time_of_day(check, "/working_hours/from", hours->from);
    check_time_of_day(check, "/working_hours/to", hours->to);
    const int from = hours->from.data != NULL ? time_of_day_parse(hours->from) : -1;
    const int to = hours->to.data != NULL ? time_of_day_parse(hours->to) : -1;
    if (from >= 0 && to >= 0 && to <= from)
        faults_add(check->faults, "/working_hours/to", "order",
                   "The hours end after they begin, on the same day.");
    check_time_of_day(check, "/digest_at", in->digest_at);
    if (str_is(in->digest_at, "24:00"))
        faults_add(check->faults, "/digest_at", "format", "The day's last minute is 23:59.");
}

/* "https://host" and a path; without a name and password before the host. */
static bool is_hook_url(struct str url)
{
    struct str rest = url;
    if (!str_starts_with(url, "https://"))
        return false;
    rest = str_slice(url.data + strlen("https://"), url.len - strlen("https://"));
    const struct str host = str_cut(&rest, '/');
    bool is_plain = host.len > 0 && memchr(host.data, '@', host.len) == NULL;
    for (size_t i = 0; i < url.len; i++)
        is_plain = is_plain && url.data[i] > ' ' && url.data[i] < 0x7f;
    return is_plain;
}

void check_chat(struct check *check, const json_t *chat)
{
    if (chat == NULL) {
        leave_out(check, "chat");
        return;
    }
    json_t *kept = json_object();
    json_t *same = json_unconst(chat);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        const struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        json_t *value = json_object_iter_value(at);
        struct chat_hook_body hook;
        struct json_pointer pointer;
        json_pointer_init(&pointer, "/chat");
        (void)json_pointer_push(&pointer, name);
        if (name_index(team_names, name) < 0) {
            faults_add(check->faults, pointer.text, "unknown",
                       "There is no such team: marketing, sales, management or operations.");
        } else if (!json_is_null(value) && schema_decode_at(&chat_hook_schema, value, pointer.text,
                                                            check->arena, &hook, check->faults)) {
            (void)json_pointer_push(&pointer, STR_LITERAL("url"));
            if (!is_hook_url(hook.url))
                faults_add(check->faults, pointer.text, "format",
                           "A chat's address begins with https:// and has no spaces, user or "
                           "password.");
            else if (json_object_setn(kept, name.data, name.len, value) != 0)
                check->is_out_of_memory = true;
        }
    }
    check_set(check, "chat", kept);
}
