/*
 * Agreements between marketing and sales: set-up whose writes are proposals, signatures and
 * withdrawals, and which people read as a page. What a version does is domain/agreement.h's.
 */
#include "domain/agreement.h"

#include "domain/agreement_differences.h"
#include "domain/agreement_text.h"
#include "handlers/agreement_page.h"
#include "handlers/agreement_plan.h"
#include "handlers/handlers.h"
#include "handlers/pages.h"
#include "schema/json.h"

enum { EVENT_BYTES_MAX = 512 };

/* Ours to set, never a client's. */
static const char *const reserved[] = {
    "version",     "currency", "definitions", "proposed_by", "signatures", "text", "withdrawn_at",
    "in_force_at", "ended_at", "changes",     "problems",    "act",        NULL};

/* The version that the path names, or "current"; NULL: a 404 is in the reply. */
static const struct catalog_entry *find(struct request *request)
{
    const bool is_current = str_is(request->params[0], "current");
    const struct catalog_entry *entry = is_current
                                            ? agreement_in_force(request->catalog)
                                            : agreement_find(request->catalog, request->params[0]);
    if (entry == NULL) {
        (void)problem(request, ERR_NOT_FOUND,
                      is_current ? "No agreement is in force. Propose one with POST "
                                   "/v1/sla/agreements and let a manager of marketing and a "
                                   "manager of sales sign it."
                                 : "There is no agreement of this version.");
    }
    return entry;
}

/* ---- drafts ---- */

enum request_step agreement_create_start(struct request *request)
{
    if (request_refuse_fields(request, reserved)) {
        return problem_faults(request);
    }
    json_t *body = json_is_object(request->body) ? json_copy(request->body)
                                                 : json_incref(request->body);
    if (body == NULL ||
        (json_is_object(body) && json_object_set_new(body, "proposed_by",
                                                     json_stringn(request->principal.actor.data,
                                                                  request->principal.actor.len)))) {
        json_decref(body);
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    request_own(request, body);
    if (json_object_get(body, "plan") != NULL) {
        return agreement_plan_start(request, body);
    }
    struct setup_op *setup = request_setup(request, SETUP_CREATE, CATALOG_AGREEMENT);
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->body = body;
    return REQUEST_RUN;
}

enum request_step agreement_patch_start(struct request *request)
{
    return request_refuse_fields(request, reserved) ? problem_faults(request)
                                                    : setup_patch_start(request);
}

enum request_step agreement_current_start(struct request *request)
{
    request->params[0] = STR_LITERAL("current");
    const struct catalog_entry *entry = find(request);
    return entry == NULL ? REQUEST_REPLY : setup_reply(request, entry);
}

/* ---- signing, withdrawing ---- */

struct sign_body {
    struct uuid member;
};
static const struct field sign_fields[] = {
    FIELD("member", UUID, struct sign_body, member, .flags = FIELD_NULLABLE),
};
const struct schema agreement_sign_schema = SCHEMA(struct sign_body, sign_fields);

/* Who signs: the key's member, or the one that a key without a member names. NULL: the reply or the
 * faults say why not. */
static const struct member *signer(struct request *request, struct uuid named)
{
    const struct uuid own = request->principal.member_id;
    if (!uuid_is_nil(own) && !uuid_is_nil(named) && !uuid_eq(own, named)) {
        faults_add(&request->faults, "/member", "not_allowed", "This key acts as its own member.");
        return NULL;
    }
    if (uuid_is_nil(own) && uuid_is_nil(named)) {
        faults_add(&request->faults, "/member", "required",
                   "This key has no member: name the manager who signs.");
        return NULL;
    }
    const struct member *member = catalog_member(request->catalog, uuid_is_nil(own) ? named : own);
    if (member == NULL || !member->is_active) {
        faults_add(&request->faults, "/member", "reference", "There is no such active member.");
        return NULL;
    }
    return member;
}

static const char *format_event(struct request *request, const struct catalog_entry *entry,
                                const struct member *member)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, EVENT_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    JSON_FIELD(&json, "version", json_int, agreement_version_of(entry->body));
    JSON_FIELD(&json, "team", json_text, team_names[member->team]);
    JSON_FIELD(&json, "member_id", json_uuid, member->id);
    json_object_end(&json);
    return arena_printf(request->arena, "%.*s", STR_ARGS(buf_str(&buf)));
}

/* A PATCH of the stored agreement by what is done to it. */
static enum request_step act(struct request *request, const struct catalog_entry *entry,
                             json_t *body, const char *event, const char *data)
{
    int32_t version;
    if (body == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    request_own(request, body);
    if (!request_if_match(request, &version)) {
        return problem(request, ERR_STALE, "If-Match does not name the present version.");
    }
    struct setup_op *setup = request_setup(request, SETUP_PATCH, CATALOG_AGREEMENT);
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->target = entry->slug;
    setup->body = body;
    setup->if_version = version;
    setup->event = event;
    setup->event_data = str_from(data);
    return REQUEST_RUN;
}

enum request_step agreement_sign_start(struct request *request)
{
    struct sign_body body;
    if (!schema_decode(&agreement_sign_schema, request->body, request->arena, &body,
                       &request->faults)) {
        return problem_faults(request);
    }
    const struct catalog_entry *entry = find(request);
    if (entry == NULL) {
        return REQUEST_REPLY;
    }
    const struct member *member = signer(request, body.member);
    if (member == NULL) {
        return problem_faults(request);
    }
    const bool may_sign = member->is_manager &&
                          (member->team == TEAM_MARKETING || member->team == TEAM_SALES);
    if (!may_sign && !uuid_is_nil(request->principal.member_id)) {
        return problem(request, ERR_FORBIDDEN,
                       "An agreement is signed by a manager of marketing or of sales; the member "
                       "of this key is none.");
    }
    char id[UUID_TEXT_BYTES];
    const char *data = format_event(request, entry, member);
    return act(request, entry,
               json_pack("{s:{s:{s:s}}}", "act", "sign", "member", uuid_format(member->id, id)),
               data != NULL ? "agreement.signed" : NULL, data);
}

enum request_step agreement_withdraw_start(struct request *request)
{
    const struct catalog_entry *entry = find(request);
    return entry == NULL ? REQUEST_REPLY
                         : act(request, entry, json_pack("{s:{s:{}}}", "act", "withdraw"),
                               /* event= */ NULL, /* data= */ NULL);
}

/* ---- reading ---- */

struct agreement_text_query {
    int language;
};
static const struct query_param text_params[] = {LANGUAGE_PARAM(struct agreement_text_query)};
const struct query agreement_text_query = QUERY(struct agreement_text_query, text_params);

static enum request_step reply_plain(struct request *request, const json_t *blocks)
{
    struct http_reply *reply = &request->message->reply;
    reply->status = 200;
    reply->content_type = "text/plain; charset=utf-8";
    buf_done(&reply->body);
    buf_init(&reply->body, REPLY_BYTES_MAX);
    agreement_text_plain(&reply->body, blocks);
    return reply_end(request);
}

enum request_step agreement_text_start(struct request *request)
{
    const struct agreement_text_query *query = request->query;
    const struct catalog_entry *entry = find(request);
    if (entry == NULL) {
        return REQUEST_REPLY;
    }
    const enum language language = visitor_language(request, query->language);
    const json_t *frozen =
        json_object_get(json_object_get(entry->body, "text"), language_names[language]);
    json_auto_t *blocks = frozen != NULL ? json_share(frozen)
                                         : agreement_text(request->catalog, entry->body, language);
    if (blocks == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    http_reply_header(request->message, "Vary", STR_LITERAL("Accept, Accept-Language"));
    http_reply_header(request->message, "Cache-Control", STR_LITERAL("no-store"));
    return wants_plain(request) ? reply_plain(request, blocks)
                                : agreement_page(request, entry, blocks, language);
}

struct agreement_differences_query {
    int64_t from;
};
static const struct query_param differences_params[] = {
    QUERY_PARAM("from", INT, struct agreement_differences_query, from, .min = 1, .max = INT32_MAX),
};
const struct query agreement_differences_query =
    QUERY(struct agreement_differences_query, differences_params);

enum request_step agreement_differences_start(struct request *request)
{
    const struct agreement_differences_query *query = request->query;
    const struct catalog_entry *entry = find(request);
    if (entry == NULL) {
        return REQUEST_REPLY;
    }
    const struct catalog_entry *from = agreement_before(request->catalog, entry->body);
    if (query->from != INT_NONE) {
        char slug[24];
        (void)snprintf(slug, sizeof slug, "%lld", (long long)query->from);
        from = agreement_find(request->catalog, str_from(slug));
        if (from == NULL) {
            faults_add(&request->faults, "?from", "reference",
                       "There is no agreement of this version.");
            return problem_faults(request);
        }
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "version", json_int, agreement_version_of(entry->body));
    json_key(&json, "from");
    if (from != NULL) {
        json_int(&json, agreement_version_of(from->body));
    } else {
        json_nil(&json);
    }
    json_key(&json, "data");
    agreement_differences_write(&json, from != NULL ? from->body : NULL, entry->body,
                                request->catalog);
    json_object_end(&json);
    return reply_end(request);
}
