/*
 * One request on its way: route, principal, decoded input, the store operation under way, the
 * reply.
 *
 * The way (see request.c): on_head routes and authenticates; when the body is there it is decoded
 * and the route's `start` runs on an HTTP thread. It either fills the reply, or sets an operation
 * and returns REQUEST_RUN: the connection is suspended and the operation goes to its lane. When
 * that has been committed or read, the route's `finish` runs on the store's thread with the results
 * at hand, and again either fills the reply or sets the next operation. A request has one owner at
 * a time; nothing in it is locked.
 *
 * When the set-up changed under a request, all it decided is thrown away and `start` runs again.
 */
#pragma once

#include <jansson.h>

#include "app.h"
#include "base/fault.h"
#include "http.h"
#include "schema/form_body.h"
#include "schema/media_type.h"
#include "schema/query.h"
#include "schema/schema.h"
#include "spool/spool.h"
#include "store/op.h"

enum { PATH_PARAMS_MAX = 3, IF_MATCH_ANY = 0 };

enum request_step { REQUEST_REPLY, REQUEST_RUN };

/* Who asks. */
struct principal {
    bool is_authenticated;
    unsigned scopes;
    bool is_publishable;
    struct uuid key_id;
    struct uuid member_id; /* nil: the key acts as itself */
    struct str form;       /* a publishable key bound to one form */
    struct str actor;      /* "member:ID", "key:ID" or "" */
};

struct request {
    struct http_message *message;
    struct app *app;
    struct arena *arena;   /* the message's */
    struct address client; /* who sent it, seen through trusted proxies; personal data */
    struct throttled throttled;
    const char *base_url; /* what URLs of ours begin with; NULL: nothing, they are relative */
    const struct route *route;
    struct str params[PATH_PARAMS_MAX]; /* decoded, in the order of the path */

    struct catalog *catalog; /* the snapshot everything is checked against; owned reference */
    bool has_written; /* an operation of this request is committed: it must not start again */
    bool is_current;  /* the database has confirmed it since the request came */
    struct principal principal;
    const struct spool_record *kept; /* of a form post that comes out of the spool; else NULL */

    void *query;           /* the route's query struct */
    struct sha256 binding; /* what its cursors are bound to */
    json_t *body;          /* a JSON body; owned */
    struct media_type media_type;
    struct form_body form; /* an HTML form's body */
    struct faults faults;

    struct op *op;             /* under way, or just over (in finish); in the arena; NULL: none */
    struct op *next_op;        /* to go next */
    struct spool_entry *entry; /* under way into the spool, in the arena; NULL: none */
    struct spool_entry *next_entry;
    struct change_op *change; /* `op` by its kind, for finish */
    struct setup_op *setup;
    struct read_op *read;
    /* What runs when the operation is over: the route's finish unless a handler says otherwise. */
    enum request_step (*finish)(struct request *request);
    /* What runs instead when the database turns out to be away; NULL: a 503 is the answer. */
    enum request_step (*away)(struct request *request);
    void *data; /* the handler's, in the arena */
    struct idempotency
        *idempotency;      /* of a POST with an Idempotency-Key; for the first operation */
    struct stream *stream; /* the answer goes on without an end; in the arena; NULL: it does not */
    bool is_replay; /* the answer is that of an earlier request with the same Idempotency-Key */
    bool is_restarting;
    bool has_answer; /* a reply waits for the check of its snapshot */
    unsigned restarts;
    json_t *owned[4]; /* released with the request */
    size_t owned_count;
};

/* The body a route takes. */
enum body_kind {
    BODY_NONE,
    BODY_JSON,
    BODY_JSON_OPTIONAL, /* no body is {} */
    BODY_PATCH,         /* application/merge-patch+json or application/json */
    BODY_FORM,          /* JSON, urlencoded or multipart */
    BODY_TOOL,          /* the same from another program: whatever it sends, it reads JSON */
    BODY_HUBSPOT,       /* JSON; refusals are worded as HubSpot does */
};

/* Of routes that take many items at first; RELAIS_BODY_BATCH_BYTES_MAX counts. */
enum { BODY_BATCH_BYTES_MAX = 8388608 };

struct route {
    enum http_method method;
    const char *path; /* "/v1/contacts/{id}" */
    const char *operation_id;
    unsigned
        scope; /* one of enum scope, or several of which one is enough; SCOPE_NONE: open to all */
    const struct query *query;
    enum body_kind body;
    size_t body_bytes_max;       /* at first: of submissions and batches the settings count */
    const struct schema *schema; /* of the body, when it is fixed; for the contract's lint */
    enum request_step (*start)(struct request *request);
    enum request_step (*finish)(struct request *request);
};

/* The handler callbacks for http_start; context is the struct app. */
void request_handler_init(struct http_handler *handler, struct app *app);

/* ---- for handlers: operations ---- */

/* Each makes the next operation, in the arena; the caller fills it in and returns REQUEST_RUN.
 * NULL: out of memory, and the reply says so; then return REQUEST_REPLY. */
struct change_op *request_change(struct request *request, struct input *inputs, size_t count,
                                 enum lane lane);
struct setup_op *request_setup(struct request *request, enum setup_action action,
                               enum catalog_kind kind);
struct read_op *request_read(struct request *request);
/* Statements that write rows by their keys. */
struct read_op *request_upsert(struct request *request);

/* Makes the post's way into the spool: the caller fills in the record and returns REQUEST_RUN; when
 * it is over, the request's `finish` runs on the spool's thread with request->entry. NULL: as
 * above.
 */
struct spool_entry *request_spool(struct request *request);

/* Reads the body as its Content-Type says, into request->body or request->form. For on_request and
 * for what comes out of the spool. ERR_UNSUPPORTED, ERR_MALFORMED, ERR_TOO_LARGE, ERR_NOMEM. */
enum err_code request_decode_body(struct request *request, struct err *reterr) MUSTCHECK;

/* When the request came, by the wall clock: what its times are compared with. */
int64_t request_came_at_us(const struct request *request);
/* The Idempotency-Key, where one counts; absent: none. */
struct str request_idempotency_key(const struct request *request);
/* What an operation carries for it; false: out of memory. */
bool request_idempotency(const struct request *request, struct str key,
                         struct idempotency *ret_idempotency) MUSTCHECK;

/*
 * A form's post that comes out of the spool, as a request without a client, in a zeroed message
 * whose arena is initialised. The record stays until request_end_kept, which releases all but the
 * message. _start runs the route as for any post: REQUEST_RUN when its submission, request->data,
 * has a complete input; else the reply says what is wrong.
 */
void request_begin_kept(struct request *request, struct http_message *message, struct app *app,
                        const struct spool_record *record);
enum request_step request_start_kept(struct request *request);
void request_end_kept(struct request *request);

/* OPTIONS on a path that has no such route: what CORS asks before a form is posted from another
 * origin. */
void request_preflight(struct request *request, const char *allow);

/* The last touch on every answer to a form's post (BODY_FORM), whoever made it: what other origins'
 * scripts may see of it, and a refusal as people read it. */
void request_form_answer(struct request *request);
/* The same on every answer to BODY_HUBSPOT: what other origins may see, and a refusal as HubSpot's
 * clients read it. */
void request_hubspot_answer(struct request *request);

/* A zeroed input of this kind with actor, arena and no times. */
void request_input_init(struct request *request, struct input *input, enum input_kind kind);
/* Keeps a JSON tree until the request ends. */
void request_own(struct request *request, json_t *tree);

/* The version an If-Match names: IF_MATCH_ANY without one (or "*"); false: malformed or never
 * matches. */
bool request_if_match(const struct request *request, int32_t *ret_version);
/* Fields of the body that no client sets, by names that end with NULL: each becomes a fault. True:
 * there are faults, of whatever kind. */
bool request_refuse_fields(struct request *request, const char *const names[]);
/* A path parameter that has to be a UUID; false: then a 404 is in the reply. */
bool request_uuid_param(struct request *request, size_t index, struct uuid *ret_id);
