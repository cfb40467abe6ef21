/*
 * The life of a request. States follow each other in one direction, with one loop:
 *
 *     head → decode → start ─┬─ reply ──────────────────────────────────────┐
 *                     ▲      └─ operation → lane → finish ─┬─ operation …   ├→ sent
 *                     │                                    └─ reply ────────┘
 *                     └── the set-up changed meanwhile: everything decided is thrown away
 *
 * An answer that rests on the set-up alone (no such form, no such key, a value that the form does
 * not take) may rest on an old one: another instance, or a command, may have written a new one a
 * moment ago. Before such a refusal is sent, the database is asked for the set-up's version, once a
 * request.
 *
 * While the database is away a form's post goes into the spool instead of a lane: at once when that
 * is known, else when its operation comes back undone (`away`). What the visitor can mend is told
 * by the last known set-up; whatever else that would refuse is a 503.
 */
#include "request.h"

#include <assert.h>
#include <stdlib.h>

#include "auth.h"
#include "forwarded.h"
#include "problem.h"
#include "request_internal.h"
#include "router.h"
#include "schema/json.h"
#include "stream.h"

enum { RESTARTS_MAX = 5, IDEMPOTENCY_KEY_BYTES_MAX = 255 };

/* ---- memory ---- */

void request_own(struct request *request, json_t *tree)
{
    assert(request->owned_count < ARRAY_LEN(request->owned));
    request->owned[request->owned_count++] = tree;
}

/* Everything that `start` and what followed made. */
static void forget(struct request *request)
{
    request_release_op(request);
    request_drop_next_op(request);
    http_reply_clear(request->message);
    for (size_t i = 0; i < request->owned_count; i++) {
        json_decref(request->owned[i]);
    }
    request->owned_count = 0;
    faults_init(&request->faults, request->arena);
    request->data = NULL;
    request->has_answer = false;
    request->is_replay = false;
}

static void release(struct request *request)
{
    forget(request);
    json_decref(request->body);
    request->body = NULL;
    catalog_unref(request->catalog);
    request->catalog = NULL;
}

/* ---- head ---- */

static void use_newest_catalog(struct request *request)
{
    catalog_unref(request->catalog);
    request->catalog = store_catalog(request->app->store);
}

static struct request *request_new(struct app *app, struct http_message *message)
{
    struct request *request = arena_alloc(&message->arena, sizeof *request);
    if (request == NULL) {
        return NULL;
    }
    const struct config *config = app->config;
    *request = (struct request){
        .message = message,
        .app = app,
        .arena = &message->arena,
        .base_url = config->base_url,
        .client = forwarded_client(message->headers, message->header_count,
                                   config->forwarded_header, config->trusted_proxies.items,
                                   config->trusted_proxies.count, &message->peer),
    };
    faults_init(&request->faults, request->arena);
    use_newest_catalog(request);
    message->user = request;
    return request;
}

/* Submissions and batches are as large as the settings say; what a form tool sends is larger than a
 * form, for it repeats the questions. */
static size_t body_bytes_max_of(const struct config *config, const struct route *route)
{
    const size_t form_bytes_max = (size_t)config->body_form_bytes_max;
    switch (route->body) {
    case BODY_FORM:
    case BODY_HUBSPOT:
        return form_bytes_max;
    case BODY_TOOL:
        return form_bytes_max > route->body_bytes_max ? form_bytes_max : route->body_bytes_max;
    case BODY_NONE:
    case BODY_JSON:
    case BODY_JSON_OPTIONAL:
    case BODY_PATCH:
        break;
    }
    return route->body_bytes_max == BODY_BATCH_BYTES_MAX ? (size_t)config->body_batch_bytes_max
                                                         : route->body_bytes_max;
}

/* Faults of the path end the request at once; those that the set-up decides wait for its check. */
static void check_route(struct request *request)
{
    struct http_message *message = request->message;
    struct route_match match;
    router_match(message->method, message->path, request->arena, &match);
    if (match.route != NULL) {
        request->route = match.route;
        memcpy(request->params, match.params, sizeof request->params);
    }
    throttle_count(request);
    if (throttle_is_over(request, THROTTLE_IP)) {
        throttle_refuse(request);
        return;
    }
    if (!match.path_exists) {
        (void)problem(request, ERR_NOT_FOUND,
                      "There is no such path. See /openapi.yaml for those there are.");
        return;
    }
    if (message->method == HTTP_OPTIONS && match.route == NULL) {
        request_preflight(request, match.allow);
        return;
    }
    if (match.route == NULL) {
        (void)problem(request, ERR_METHOD,
                      "This path does not have this method; see the Allow header.");
        http_reply_header(message, "Allow", str_from(match.allow));
        return;
    }
    if (throttle_is_over(request, THROTTLE_KEY) && auth_check(request) == OK) {
        throttle_refuse(request);
        return;
    }
    message->body_bytes_max = body_bytes_max_of(request->app->config, match.route);
    /* Parsed JSON takes several times its text. */
    message->arena.limit_bytes += message->body_bytes_max * 6;
}

/* What every complete reply gets, whoever made it. */
static void finish_reply(struct request *request)
{
    if (request->route != NULL && request->route->body == BODY_FORM) {
        request_form_answer(request);
    } else if (request->route != NULL && request->route->body == BODY_HUBSPOT) {
        request_hubspot_answer(request);
    }
    throttle_tell(request);
}

static void on_head(void *context, struct http_message *message)
{
    struct request *request = request_new(context, message);
    if (request == NULL) {
        const struct app *app = context;
        problem_message(message, app->config->base_url, 503, "busy", "Out of memory. Try again.");
        return;
    }
    check_route(request);
    if (message->reply.status != 0) {
        finish_reply(request);
    }
}

/* ---- body ---- */

static bool is_body_kind_right(const struct request *request, enum media_kind kind)
{
    switch (request->route->body) {
    case BODY_NONE:
        return true;
    case BODY_JSON:
    case BODY_JSON_OPTIONAL:
    case BODY_PATCH:
    case BODY_HUBSPOT:
        return kind == MEDIA_KIND_JSON;
    case BODY_FORM:
    case BODY_TOOL:
        return kind != MEDIA_KIND_OTHER;
    }
    return false;
}

static const char *expected_type(enum body_kind body)
{
    return body == BODY_FORM || body == BODY_TOOL
               ? "Send application/json, application/x-www-form-urlencoded or multipart/form-data."
               : "Send application/json.";
}

/* Compressed or otherwise encoded; it would be read as what it is not. */
static bool is_encoded(const struct http_message *message)
{
    struct str coding = str_trim(http_header(message, "Content-Encoding"));
    return coding.len > 0 && !str_eq_nocase(coding, STR_LITERAL("identity"));
}

/* What the body says it is, before anybody looks whether it is that: 415 comes before 413 and 400.
 */
static enum err_code check_media_type(struct request *request, struct err *reterr)
{
    const enum body_kind body = request->route->body;
    if (body == BODY_NONE) {
        return OK;
    }
    if (is_encoded(request->message)) {
        return err_set(reterr, ERR_UNSUPPORTED,
                       "The body is encoded: send it as it is, without Content-Encoding.");
    }
    const enum err_code code = media_type_parse(request->message->content_type, request->arena,
                                                &request->media_type, reterr);
    if (code == ERR_NOMEM) {
        return code;
    }
    if (code != OK || !is_body_kind_right(request, media_type_kind(&request->media_type))) {
        return err_set(reterr, ERR_UNSUPPORTED, "%s", expected_type(body));
    }
    return OK;
}

enum err_code request_decode_body(struct request *request, struct err *reterr)
{
    const struct http_message *message = request->message;
    const enum body_kind body = request->route->body;
    if (body == BODY_NONE) {
        return message->body.len == 0 ? OK
                                      : err_set(reterr, ERR_TOO_LARGE, "This route takes no body.");
    }
    if (body == BODY_JSON_OPTIONAL && message->body.len == 0) {
        request->body = json_object();
        return request->body != NULL ? OK : err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    enum err_code code = check_media_type(request, reterr);
    if (code != OK) {
        return code;
    }
    if (media_type_kind(&request->media_type) != MEDIA_KIND_JSON) {
        return form_body_decode(&request->media_type, message->body, request->arena, &request->form,
                                reterr);
    }
    code = json_parse(message->body, &request->body, reterr);
    if (code == OK && !json_is_object(request->body)) {
        code = err_set(reterr, ERR_INVALID, "The body has to be a JSON object.");
    }
    return code;
}

static bool decode_query(struct request *request)
{
    const struct query *query = request->route->query;
    static const struct query no_params = {0};
    query = query != NULL ? query : &no_params;
    request->query = arena_alloc(request->arena, query->size);
    if (request->query == NULL) {
        return false;
    }
    return query_decode(query, request->message->query, request->arena, request->query,
                        &request->binding, &request->faults);
}

/* It counts on POSTs that write, with a key of ours: open forms have none, there the submission's
 * own id does it. */
struct str request_idempotency_key(const struct request *request)
{
    const bool counts = request->message->method == HTTP_POST &&
                        request->principal.is_authenticated;
    return counts ? http_header(request->message, "Idempotency-Key") : (struct str){0};
}

bool request_idempotency(const struct request *request, struct str key,
                         struct idempotency *ret_idempotency)
{
    /* What clients write into a key is theirs to know, and may be personal: its hash is kept.
     * Without the key nobody can try which body the fingerprint is of. */
    char digits[2 * SHA256_BYTES + 1];
    const struct sha256 hash = sha256_of(key);
    const struct str kept = arena_str(request->arena, str_from(sha256_format(&hash, digits)));
    const struct str parts[] = {key, request->message->body};
    const char *path = arena_printf(request->arena, "POST %.*s", STR_ARGS(request->message->path));
    if (path == NULL || kept.data == NULL) {
        return false;
    }
    *ret_idempotency = (struct idempotency){
        .key_id = request->principal.key_id,
        .method_path = str_from(path),
        .key = kept,
        .fingerprint = sha256_of_parts(parts, ARRAY_LEN(parts)),
    };
    return true;
}

/* False: a fault was added. */
static bool take_idempotency_key(struct request *request)
{
    request->idempotency = NULL;
    const struct str key = request_idempotency_key(request);
    if (key.data == NULL) {
        return true;
    }
    bool is_visible = key.len >= 1 && key.len <= IDEMPOTENCY_KEY_BYTES_MAX;
    for (size_t i = 0; i < key.len && is_visible; i++) {
        is_visible = key.data[i] > ' ' && key.data[i] <= '~';
    }
    if (!is_visible) {
        faults_add(&request->faults, "Idempotency-Key", "format",
                   "1 to %d visible ASCII characters.", IDEMPOTENCY_KEY_BYTES_MAX);
        return false;
    }
    request->idempotency = arena_alloc(request->arena, sizeof *request->idempotency);
    if (request->idempotency == NULL || !request_idempotency(request, key, request->idempotency)) {
        faults_add(&request->faults, "Idempotency-Key", "memory", "Out of memory.");
        return false;
    }
    return true;
}

/* ---- start ---- */

static enum request_step refuse_key(struct request *request, enum err_code code)
{
    return problem(request, code,
                   code == ERR_UNAUTHENTICATED
                       ? "Send a valid key: Authorization: Bearer relais_sk_…"
                       : "This key lacks the scope that the route needs.");
}

/* From the head's data to the first operation or the reply; also after a restart. */
static enum request_step begin(struct request *request)
{
    struct err err;
    forget(request);
    const bool is_open = request->route->scope == SCOPE_NONE;
    if (!is_open && !auth_identify(request)) {
        return refuse_key(request, ERR_UNAUTHENTICATED);
    }
    enum err_code code = auth_check(request);
    if (code != OK) {
        return refuse_key(request, code);
    }
    if (request->body == NULL && request->form.fields == NULL) {
        code = request_decode_body(request, &err);
        if (code != OK) {
            return problem_err(request, &err);
        }
    }
    if (!decode_query(request) || !take_idempotency_key(request)) {
        return problem_faults(request);
    }
    request->finish = request->route->finish;
    request->away = NULL;
    return request->route->start(request);
}

/* A refusal that an old set-up may have caused. */
static bool rests_on_setup(const struct request *request)
{
    switch (request->message->reply.status) {
    case 401:
    case 403:
    case 404:
    case 409:
    case 422:
        return true;
    default:
        return false;
    }
}

/* Routes whose posts are kept while the database is away. */
static bool takes_submissions(const struct route *route)
{
    return route->body == BODY_FORM || route->body == BODY_TOOL || route->body == BODY_HUBSPOT;
}

/* Whether the refusal stands when nobody can be asked: a form's visitor is told what to mend by
 * what the form last asked for; all else may be wrong. */
static bool stands_while_away(const struct request *request)
{
    return takes_submissions(request->route) && request->message->reply.status == 422;
}

static enum http_step after_start(struct request *request, enum request_step step)
{
    if (step == REQUEST_RUN) {
        request_take_next_op(request);
        return HTTP_WAIT;
    }
    request_drop_next_op(request);
    if (request->is_current || !rests_on_setup(request)) {
        return HTTP_REPLY;
    }
    if (takes_submissions(request->route) && store_is_away(request->app->store)) {
        if (!stands_while_away(request)) {
            (void)problem(request, ERR_BUSY,
                          "The database is away, and whether this may be is not known without it. "
                          "Try again in a moment.");
        }
        return HTTP_REPLY;
    }
    if (request_read(request) == NULL) {
        return HTTP_REPLY;
    }
    request_take_next_op(request);
    request->has_answer = true;
    return HTTP_WAIT;
}

static enum http_step finish_step(struct request *request, enum http_step step)
{
    if (step == HTTP_REPLY) {
        finish_reply(request);
    }
    return step;
}

static enum http_step on_request(void *context, struct http_message *message)
{
    (void)context;
    struct request *request = message->user;
    return finish_step(request, after_start(request, begin(request)));
}

static void on_suspended(void *context, struct http_message *message)
{
    (void)context;
    struct request *request = message->user;
    if (message->reply.is_stream) {
        stream_wait(request->stream);
    } else {
        request_submit(request);
    }
}

static enum http_step on_stream(void *context, struct http_message *message)
{
    (void)context;
    const struct request *request = message->user;
    return stream_next(request->stream);
}

static enum http_step resume(struct request *request)
{
    if (request->is_restarting) {
        request->is_restarting = false;
        if (++request->restarts > RESTARTS_MAX) {
            forget(request);
            (void)problem(request, ERR_BUSY, "The set-up is being changed. Try again in a moment.");
            return HTTP_REPLY;
        }
        forget(request);
        use_newest_catalog(request);
        return after_start(request, begin(request));
    }
    if (request->has_answer) {
        if (request->op->err.code != OK && !request->is_current && !stands_while_away(request)) {
            /* The database is away: an answer that may be wrong is not given. */
            const struct err err = request->op->err;
            request_release_op(request);
            (void)problem_err(request, &err);
        }
        request_release_op(request);
        return HTTP_REPLY;
    }
    request_release_op(request);
    return HTTP_REPLY;
}

static enum http_step on_resume(void *context, struct http_message *message)
{
    (void)context;
    struct request *request = message->user;
    return finish_step(request, resume(request));
}

/* ---- out of the spool ---- */

void request_begin_kept(struct request *request, struct http_message *message, struct app *app,
                        const struct spool_record *record)
{
    message->method = HTTP_POST;
    message->path = record->path;
    message->content_type = record->content_type;
    message->body = record->body;
    *request =
        (struct request){.message = message, .app = app, .arena = &message->arena, .kept = record};
    request->principal = (struct principal){
        .is_authenticated = record->is_authenticated,
        .is_publishable = record->is_publishable,
        .key_id = record->key_id,
    };
    if (record->remote.len == sizeof request->client.bytes) {
        memcpy(request->client.bytes, record->remote.data, sizeof request->client.bytes);
    }
    faults_init(&request->faults, request->arena);
    struct route_match match;
    router_match(HTTP_POST, message->path, request->arena, &match);
    if (match.route != NULL && takes_submissions(match.route)) {
        request->route = match.route;
        memcpy(request->params, match.params, sizeof request->params);
    }
    use_newest_catalog(request);
}

enum request_step request_start_kept(struct request *request)
{
    struct err err;
    if (request->route == NULL) {
        return problem(request, ERR_NOT_FOUND, "There is no such path any more.");
    }
    return request_decode_body(request, &err) == OK ? request->route->start(request)
                                                    : problem_err(request, &err);
}

void request_end_kept(struct request *request)
{
    release(request);
}

/* ---- the end ---- */

/* Who may not use the route is told that before its body is too large. */
static bool refuse_before_size(struct request *request)
{
    if (!auth_identify(request) || auth_check(request) == ERR_UNAUTHENTICATED) {
        (void)refuse_key(request, ERR_UNAUTHENTICATED);
        return true;
    }
    if (auth_check(request) != OK) {
        (void)refuse_key(request, ERR_FORBIDDEN);
        return true;
    }
    struct err err;
    if (check_media_type(request, &err) != OK) {
        (void)problem_err(request, &err);
        return true;
    }
    return false;
}

static void fill_refusal(const struct app *app, struct http_message *message, unsigned status,
                         const char *detail)
{
    struct request *request = message->user;
    const char *slug = "malformed";
    if (status == 413 && request != NULL && request->route != NULL && refuse_before_size(request)) {
        return;
    }
    for (size_t i = 0; i < problem_types_count; i++) {
        if (problem_types[i].status == status) {
            slug = problem_types[i].slug;
            break;
        }
    }
    problem_message(message, app->config->base_url, status, slug, detail);
}

static void on_refused(void *context, struct http_message *message, unsigned status,
                       const char *detail)
{
    fill_refusal(context, message, status, detail);
    if (message->user != NULL) {
        finish_reply(message->user);
    }
}

/* How long a client waited for its answer: until it was sent, of a stream until it began. */
static int64_t answered_after_us(const struct request *request, const struct http_message *message)
{
    const struct stream *stream = request != NULL ? request->stream : NULL;
    const bool has_begun = stream != NULL && stream->began_at_us != 0;
    return (has_begun ? stream->began_at_us : clock_monotonic_us()) - message->received_at_us;
}

static void on_done(void *context, struct http_message *message)
{
    struct app *app = context;
    struct request *request = message->user;
    metrics_count_request(&app->metrics, request != NULL ? request->route : NULL,
                          message->reply.status, answered_after_us(request, message));
    const unsigned status = message->reply.status;
    log_write(status >= 500   ? LOG_WARN
              : status >= 400 ? LOG_INFO
                              : LOG_DEBUG,
              "request", LOG_TEXT("request_id", message->request_id),
              LOG_TEXT("operation", request != NULL && request->route != NULL
                                        ? request->route->operation_id
                                        : ""),
              LOG_STR("method", message->method_text), LOG_INT("status", message->reply.status),
              LOG_INT("duration_us", clock_monotonic_us() - message->received_at_us),
              LOG_STR("client_request_id", message->client_request_id),
              LOG_STR("traceparent", message->traceparent));
    if (request != NULL) {
        stream_end(request->stream);
        release(request);
    }
}

void request_handler_init(struct http_handler *handler, struct app *app)
{
    *handler = (struct http_handler){
        .context = app,
        .on_head = on_head,
        .on_request = on_request,
        .on_suspended = on_suspended,
        .on_resume = on_resume,
        .on_stream = on_stream,
        .on_refused = on_refused,
        .on_done = on_done,
    };
}
