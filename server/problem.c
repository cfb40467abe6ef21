#include "problem.h"

#include <inttypes.h>

#include "base/json_write.h"

enum { PROBLEM_BYTES_MAX = 256 * 1024 };

const struct problem_type problem_types[] = {
    {"invalid",                422, "The input is not valid",
     "Each entry of `errors` names one fault with a JSON pointer into what you sent."                                 },
    {"malformed",              400, "The request cannot be read",
     "The body is not the JSON or form it claims to be, or the HTTP framing is wrong."                                },
    {"unauthenticated",        401, "A key is needed",
     "Send `Authorization: Bearer <key>` with a key made by `relais key create` or POST /v1/keys."                    },
    {"forbidden",              403, "The key may not do this",
     "The key lacks the scope that this route needs. Use another key or make one with that scope."                    },
    {"not_found",              404, "There is no such thing",                   "Check the path and the id or slug."  },
    {"method_not_allowed",     405, "The path has no such method",
     "The Allow header lists the methods that it has."                                                                },
    {"conflict",               409, "The present state does not allow this",
     "The document says what the state is and what it allows. Read the thing again, then decide."                     },
    {"gone",                   410, "It is not there any more",
     "A contact: it was erased. The feed: read a snapshot (GET /v1/leads), then go on from its "
     "X-Relais-Events-After."                                                                                         },
    {"stale",                  412, "It was changed meanwhile",
     "Read it again and send its present ETag in If-Match."                                                           },
    {"too_large",              413, "The body is too large",
     "Send less at once: forms and single things 64 KiB, batches 8 MiB."                                              },
    {"unsupported_media_type", 415, "This kind of body is not understood",
     "Send application/json; forms may also send urlencoded or multipart bodies."                                     },
    {"rate_limited",           429, "Too many requests",                        "Wait as long as Retry-After says."   },
    {"busy",                   503, "The service is busy or its database away",
     "Try again after Retry-After seconds; nothing is lost by that."                                                  },
    {"timeout",                503, "It took too long",                         "Try again after Retry-After seconds."},
    {"internal",               500, "The service failed",
     "This is a fault of Relais. Report it with the request_id."                                                      },
};
const size_t problem_types_count = ARRAY_LEN(problem_types);

static const struct {
    unsigned status;
    const char *slug;
} table[] = {
    [OK] = {500, "internal"              },
    [ERR_INVALID] = {422, "invalid"               },
    [ERR_MALFORMED] = {400, "malformed"             },
    [ERR_UNAUTHENTICATED] = {401, "unauthenticated"       },
    [ERR_FORBIDDEN] = {403, "forbidden"             },
    [ERR_NOT_FOUND] = {404, "not_found"             },
    [ERR_METHOD] = {405, "method_not_allowed"    },
    [ERR_CONFLICT] = {409, "conflict"              },
    [ERR_GONE] = {410, "gone"                  },
    [ERR_STALE] = {412, "stale"                 },
    [ERR_TOO_LARGE] = {413, "too_large"             },
    [ERR_UNSUPPORTED] = {415, "unsupported_media_type"},
    [ERR_LIMITED] = {429, "rate_limited"          },
    [ERR_BUSY] = {503, "busy"                  },
    [ERR_TIMEOUT] = {503, "timeout"               },
    [ERR_STORE] = {500, "internal"              },
    [ERR_REFUSED] = {500, "internal"              },
    [ERR_NOMEM] = {503, "busy"                  },
    [ERR_BUG] = {500, "internal"              },
};
_Static_assert(ARRAY_LEN(table) == ERR_COUNT_, "every error has a status");

unsigned problem_status(enum err_code code)
{
    return table[code].status;
}

const char *problem_slug(enum err_code code)
{
    return table[code].slug;
}

static const char *title_of(const char *slug)
{
    for (size_t i = 0; i < problem_types_count; i++) {
        if (str_is(str_from(slug), problem_types[i].slug)) {
            return problem_types[i].title;
        }
    }
    return "Problem";
}

static void retry_after(struct http_message *message, int64_t seconds)
{
    const char *text = arena_printf(&message->arena, "%" PRId64, seconds);
    http_reply_header(message, "Retry-After", str_from(text != NULL ? text : "1"));
}

/* `base_url` NULL: relative to this service. */
static void begin(struct http_message *message, const char *base_url, struct json_writer *json,
                  unsigned status, const char *slug, const char *detail)
{
    http_reply_clear(message);
    message->reply.status = status;
    message->reply.content_type = "application/problem+json";
    buf_init(&message->reply.body, PROBLEM_BYTES_MAX);
    json_writer_init(json, &message->reply.body);
    json_object_begin(json);
    JSON_FIELD(
        json, "type", json_text,
        arena_printf(&message->arena, "%s/docs/errors#%s", base_url != NULL ? base_url : "", slug));
    JSON_FIELD(json, "title", json_text, title_of(slug));
    JSON_FIELD(json, "status", json_int, (int64_t)status);
    JSON_FIELD(json, "detail", json_text, detail);
    JSON_FIELD(json, "request_id", json_text, message->request_id);
    if (status == 503) {
        retry_after(message, 1);
    }
    if (status == 401) {
        http_reply_header(message, "WWW-Authenticate", STR_LITERAL("Bearer realm=\"relais\""));
    }
}

void problem_begin(struct request *request, struct json_writer *json, enum err_code code,
                   const char *detail)
{
    begin(request->message, request->base_url, json, problem_status(code), problem_slug(code),
          detail);
}

void problem_end(struct request *request, struct json_writer *json)
{
    json_object_end(json);
    if (request->message->reply.body.failed) {
        request->message->reply.failed = true;
    }
}

/* Bad input always names its faults; one that is about no field in particular has the pointer "".
 */
static void write_faults(struct json_writer *json, const struct faults *faults, const char *detail)
{
    json_key(json, "errors");
    const struct fault whole = {.pointer = "", .code = "invalid", .detail = detail};
    const struct faults one = {.items = &whole, .count = 1};
    faults_write(faults->count > 0 ? faults : &one, json);
}

enum request_step problem(struct request *request, enum err_code code, const char *detail)
{
    struct json_writer json;
    problem_begin(request, &json, code, detail);
    if (code == ERR_INVALID) {
        write_faults(&json, &request->faults, detail);
    }
    problem_end(request, &json);
    return REQUEST_REPLY;
}

enum request_step problem_limited(struct request *request, const char *detail,
                                  int64_t retry_after_seconds)
{
    (void)problem(request, ERR_LIMITED, detail);
    retry_after(request->message, retry_after_seconds);
    return REQUEST_REPLY;
}

enum request_step problem_err(struct request *request, const struct err *err)
{
    const char *detail = arena_strdup(request->arena, err->detail);
    const bool is_ours = problem_status(err->code) == 500;
    if (is_ours) {
        log_write(LOG_ERROR, "request_failed", LOG_TEXT("request_id", request->message->request_id),
                  LOG_TEXT("error", err->detail));
    }
    return problem(request, err->code, is_ours ? "Something failed on our side." : detail);
}

enum request_step problem_faults(struct request *request)
{
    return problem(request, ERR_INVALID,
                   request->faults.count == 1 ? request->faults.items[0].detail
                                              : "Several values are not valid; see errors.");
}

void problem_message(struct http_message *message, const char *base_url, unsigned status,
                     const char *slug, const char *detail)
{
    struct json_writer json;
    begin(message, base_url, &json, status, slug, detail);
    json_object_end(&json);
}
