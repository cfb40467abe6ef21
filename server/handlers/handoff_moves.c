/*
 * Moves of a handoff. One start for all of them: the last segment of the route's path names the
 * move, a table says what body it takes and how that becomes an input. What the state allows is
 * decided under the contact's lock (domain/change_moves.c); here is checked what can be checked
 * without it, all faults at once.
 *
 * A bare date means midnight in the organisation's zone, which only the database can tell, and
 * whether a time lies ahead is the database's to say too: a move with such a time asks it first,
 * then goes.
 */
#include <stdio.h>

#include "base/json_document.h"
#include "domain/deal.h"
#include "handlers/handoff_document.h"
#include "handlers/handoff_refusal.h"
#include "schema/currency.h"

enum {
    NOTE_CHARS_MAX = 4000,
    GPCT_CHARS_MAX = 4000,
    PAUSE_REASON_CHARS_MAX = 2000,
    OFFERS_SENT_MAX = 20,
    DAY_OR_TIME_CHARS_MAX = 40,
    GPCT_BYTES_MAX = 256 * 1024,
};

static const char *const attempt_channel_names[] = {"call", "email", "meeting", "message", NULL};
static const char *const attempt_outcome_names[] = {"reached", "no_answer", "left_message",
                                                    "bounced", NULL};
static const char *const found_useful_names[] = {"yes", "no", "not_read", NULL};

/* ---- bodies ---- */

struct gpct {
    struct str goals;
    struct str plans;
    struct str challenges;
    struct str timeline;
};

/* The fields of all moves; each schema fills its own, the others are zero and nobody looks at them.
 */
struct move_body {
    struct uuid member;
    struct str day_or_time; /* work_by, nurture_until, until */
    int channel;
    int outcome;
    int64_t at_us;
    struct str note;
    const struct str *offers_sent;
    size_t offers_sent_count;
    struct gpct gpct;
    int64_t amount;
    struct str currency;
    int32_t expected_close;
    struct uuid owner;
    struct str reason;
    struct str offer;
    int found_useful;
    bool helped_the_call;
};

#define MOVE_MEMBER FIELD("member", UUID, struct move_body, member, .flags = FIELD_NULLABLE)
#define MOVE_NOTE                                                                                  \
    FIELD("note", STRING, struct move_body, note, .flags = FIELD_NULLABLE, .min = 1,               \
          .max = NOTE_CHARS_MAX)
#define MOVE_REASON_CODE FIELD("reason", SLUG, struct move_body, reason, .flags = FIELD_REQUIRED)
#define MOVE_DAY_OR_TIME(name, ...)                                                                \
    FIELD(name, STRING, struct move_body, day_or_time, .max = DAY_OR_TIME_CHARS_MAX, __VA_ARGS__)
#define MOVE_AMOUNT(...)                                                                           \
    FIELD("amount", INT, struct move_body, amount, .max = AMOUNT_MAX, __VA_ARGS__)
#define MOVE_CURRENCY(...)                                                                         \
    FIELD("currency", STRING, struct move_body, currency, .max = CURRENCY_CHARS, __VA_ARGS__)
#define MOVE_SCHEMA(name, table) const struct schema name = SCHEMA(struct move_body, table)
#define GPCT_TEXT(name, member)                                                                    \
    FIELD(name, STRING, struct gpct, member, .flags = FIELD_REQUIRED, .min = 1,                    \
          .max = GPCT_CHARS_MAX)

static const struct field accept_fields[] = {MOVE_DAY_OR_TIME("work_by", .flags = FIELD_NULLABLE),
                                             MOVE_MEMBER};
static const struct field attempt_fields[] = {
    FIELD_CHOICE("channel", struct move_body, channel, attempt_channel_names,
                 .flags = FIELD_REQUIRED),
    FIELD_CHOICE("outcome", struct move_body, outcome, attempt_outcome_names,
                 .flags = FIELD_REQUIRED),
    FIELD("at", TIME, struct move_body, at_us, .flags = FIELD_NULLABLE),
    MOVE_NOTE,
    FIELD_ARRAY("offers_sent", struct move_body, offers_sent, offers_sent_count,
                &FIELD_ELEMENT(SLUG), .flags = FIELD_NULLABLE, .max = OFFERS_SENT_MAX),
    MOVE_MEMBER,
};
static const struct field gpct_fields[] = {
    GPCT_TEXT("goals", goals),
    GPCT_TEXT("plans", plans),
    GPCT_TEXT("challenges", challenges),
    GPCT_TEXT("timeline", timeline),
};
static const struct schema gpct_schema = SCHEMA(struct gpct, gpct_fields);
static const struct field qualify_fields[] = {
    FIELD_NESTED("gpct", struct move_body, gpct, &gpct_schema, .flags = FIELD_REQUIRED), MOVE_NOTE,
    MOVE_MEMBER};
static const struct field opportunity_fields[] = {
    MOVE_AMOUNT(.flags = FIELD_REQUIRED),
    MOVE_CURRENCY(.flags = FIELD_REQUIRED),
    FIELD("expected_close", DATE, struct move_body, expected_close, .flags = FIELD_NULLABLE),
    FIELD("owner", UUID, struct move_body, owner, .flags = FIELD_NULLABLE),
    MOVE_MEMBER,
};
static const struct field win_fields[] = {MOVE_AMOUNT(.flags = FIELD_NULLABLE),
                                          MOVE_CURRENCY(.flags = FIELD_NULLABLE), MOVE_MEMBER};
static const struct field lose_fields[] = {MOVE_REASON_CODE, MOVE_NOTE, MOVE_MEMBER};
static const struct field recycle_fields[] = {
    MOVE_REASON_CODE, MOVE_NOTE, MOVE_DAY_OR_TIME("nurture_until", .flags = FIELD_NULLABLE),
    MOVE_MEMBER};
static const struct field assign_fields[] = {
    FIELD("member", UUID, struct move_body, member, .flags = FIELD_REQUIRED)};
static const struct field pause_fields[] = {
    MOVE_DAY_OR_TIME("until", .flags = FIELD_REQUIRED),
    FIELD("reason", STRING, struct move_body, reason, .flags = FIELD_REQUIRED, .min = 1,
          .max = PAUSE_REASON_CHARS_MAX),
    MOVE_MEMBER,
};
static const struct field resume_fields[] = {MOVE_MEMBER};
static const struct field feedback_fields[] = {
    FIELD("offer", SLUG, struct move_body, offer, .flags = FIELD_REQUIRED),
    FIELD_CHOICE("found_useful", struct move_body, found_useful, found_useful_names,
                 .flags = FIELD_REQUIRED),
    FIELD("helped_the_call", BOOL, struct move_body, helped_the_call, .flags = FIELD_NULLABLE),
    MOVE_NOTE,
    MOVE_MEMBER,
};

MOVE_SCHEMA(handoff_accept_schema, accept_fields);
MOVE_SCHEMA(handoff_attempt_schema, attempt_fields);
MOVE_SCHEMA(handoff_qualify_schema, qualify_fields);
MOVE_SCHEMA(handoff_opportunity_schema, opportunity_fields);
MOVE_SCHEMA(handoff_win_schema, win_fields);
MOVE_SCHEMA(handoff_lose_schema, lose_fields); /* of lose and reject */
MOVE_SCHEMA(handoff_recycle_schema, recycle_fields);
MOVE_SCHEMA(handoff_assign_schema, assign_fields);
MOVE_SCHEMA(handoff_pause_schema, pause_fields);
MOVE_SCHEMA(handoff_resume_schema, resume_fields);
MOVE_SCHEMA(handoff_feedback_schema, feedback_fields);

/* ---- a move on its way ---- */

struct pending_move {
    struct input input;
    /* A time that the database has to look at first. */
    const char *time_pointer; /* NULL: none */
    bool must_be_ahead;
    int32_t day;      /* a bare date, or DATE_NONE: */
    int64_t *time_us; /* the member of the input; set unless it is a date */
};

/* ---- checks that several moves share ---- */

/* The slug of an offer, named by slug or id; absent (and a fault) when there is none. */
static struct str take_offer(struct request *request, struct str offer, const char *pointer)
{
    const struct offer *known = catalog_offer(request->catalog, offer);
    if (known == NULL) {
        faults_add(&request->faults, pointer, "reference", "There is no such offer.");
        return (struct str){0};
    }
    return known->slug;
}

static void check_member(struct request *request, struct uuid id, const char *pointer)
{
    const struct member *known = catalog_member(request->catalog, id);
    if (!uuid_is_nil(id) && (known == NULL || !known->is_active)) {
        faults_add(&request->faults, pointer, "reference", "There is no such active member.");
    }
}

/* An absent one is the schema's matter. */
static void check_currency(struct request *request, struct str currency)
{
    if (currency.data != NULL && !currency_is_valid(currency)) {
        faults_add(&request->faults, "/currency", "format", CURRENCY_HELP);
    }
}

static void take_reason(struct request *request, enum reason_kind kind,
                        const struct move_body *body, struct move_input *input)
{
    const struct reason *known = catalog_reason(request->catalog, kind, body->reason);
    if (known == NULL || !known->is_active) {
        faults_add(&request->faults, "/reason", "reference",
                   "There is no such %s reason in use; see /v1/reasons.", reason_kind_names[kind]);
    } else if (str_is(known->code, "other") && body->note.data == NULL) {
        faults_add(&request->faults, "/note", "required", "The reason `other` needs a note.");
    }
    input->reason = body->reason;
    input->note = body->note;
}

/* `pointer` begins with the slash. An absent text is no time. */
static void take_day_or_time(struct request *request, struct str text, const char *pointer,
                             bool must_be_ahead, int64_t *time_us, struct pending_move *move)
{
    if (text.data == NULL) {
        return;
    }
    move->day = DATE_NONE;
    move->time_us = time_us;
    move->must_be_ahead = must_be_ahead;
    const bool is_date = date_parse(text, &move->day);
    if (!is_date && !time_parse(text, time_us)) {
        faults_add(&request->faults, pointer, "format",
                   "A moment such as 2026-11-16T10:30:00+01:00, or a day such as 2026-11-16.");
        return;
    }
    move->time_pointer = is_date || must_be_ahead ? pointer : NULL;
}

/* ---- each move's body as an input ---- */

typedef void take_move_fn(struct request *request, const struct move_body *body,
                          struct pending_move *move);

static void take_accept(struct request *request, const struct move_body *body,
                        struct pending_move *move)
{
    take_day_or_time(request, body->day_or_time, "/work_by", /* must_be_ahead= */ true,
                     &move->input.move.work_by_us, move);
}

static void take_attempt(struct request *request, const struct move_body *body,
                         struct pending_move *move)
{
    struct move_input *input = &move->input.move;
    input->channel = str_from(attempt_channel_names[body->channel]);
    input->outcome = str_from(attempt_outcome_names[body->outcome]);
    input->at_us = body->at_us;
    input->note = body->note;
    (void)occurred_at_is_valid(request, body->at_us, "/at", /* is_recent_only= */ false);
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, (OFFERS_SENT_MAX + 1) * (SLUG_BYTES_MAX + 4));
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_array_begin(&json);
    for (size_t i = 0; i < body->offers_sent_count; i++) {
        char pointer[40];
        (void)snprintf(pointer, sizeof pointer, "/offers_sent/%zu", i);
        json_str(&json, take_offer(request, body->offers_sent[i], pointer));
    }
    json_array_end(&json);
    input->offers_sent = arena_str(request->arena, buf_str(&buf));
    if (buf.failed || input->offers_sent.data == NULL) {
        faults_add(&request->faults, "/offers_sent", "memory", "Out of memory.");
    }
}

static void take_qualify(struct request *request, const struct move_body *body,
                         struct pending_move *move)
{
    const struct {
        const char *name;
        const char *pointer;
        struct str text;
    } parts[] = {
        {"goals",      "/gpct/goals",      body->gpct.goals     },
        {"plans",      "/gpct/plans",      body->gpct.plans     },
        {"challenges", "/gpct/challenges", body->gpct.challenges},
        {"timeline",   "/gpct/timeline",   body->gpct.timeline  },
    };
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, GPCT_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        handoff_require_text(request, parts[i].text, parts[i].pointer);
        JSON_FIELD(json, parts[i].name, json_str, parts[i].text);
    }
    move->input.move.gpct = json_document_end(&document, request->arena);
    move->input.move.note = body->note;
    if (move->input.move.gpct.data == NULL) {
        faults_add(&request->faults, "/gpct", "memory", "Out of memory.");
    }
}

static void take_opportunity(struct request *request, const struct move_body *body,
                             struct pending_move *move)
{
    struct move_input *input = &move->input.move;
    check_currency(request, body->currency);
    check_member(request, body->owner, "/owner");
    input->has_amount = true;
    input->amount = body->amount;
    input->currency = body->currency;
    if (body->expected_close != DATE_NONE) {
        char day[TIME_TEXT_BYTES];
        input->expected_close =
            arena_str(request->arena, str_from(date_format(body->expected_close, day)));
    }
    if (!uuid_is_nil(body->owner)) {
        char id[UUID_TEXT_BYTES];
        input->owner = arena_str(request->arena, str_from(uuid_format(body->owner, id)));
    }
}

/* Without an amount that of the opportunity stands; without a currency the deal's, else the
 * organisation's. */
static void take_win(struct request *request, const struct move_body *body,
                     struct pending_move *move)
{
    struct move_input *input = &move->input.move;
    const bool has_amount = body->amount != INT_NONE;
    const bool has_currency = body->currency.data != NULL;
    if (has_currency && !has_amount) {
        faults_add(&request->faults, "/amount", "required", "A currency belongs to an amount.");
    }
    check_currency(request, body->currency);
    input->has_amount = has_amount;
    input->amount = has_amount ? body->amount : 0;
    input->currency = body->currency;
}

static void take_lose(struct request *request, const struct move_body *body,
                      struct pending_move *move)
{
    take_reason(request, REASON_LOSE, body, &move->input.move);
}

static void take_reject(struct request *request, const struct move_body *body,
                        struct pending_move *move)
{
    take_reason(request, REASON_REJECT, body, &move->input.move);
}

static void take_recycle(struct request *request, const struct move_body *body,
                         struct pending_move *move)
{
    take_reason(request, REASON_RECYCLE, body, &move->input.move);
    take_day_or_time(request, body->day_or_time, "/nurture_until", /* must_be_ahead= */ true,
                     &move->input.move.until_us, move);
}

static void take_assign(struct request *request, const struct move_body *body,
                        struct pending_move *move)
{
    check_member(request, body->member, "/member");
    move->input.move.member_id = body->member;
}

static void take_pause(struct request *request, const struct move_body *body,
                       struct pending_move *move)
{
    handoff_require_text(request, body->reason, "/reason");
    move->input.move.reason = body->reason;
    take_day_or_time(request, body->day_or_time, "/until", /* must_be_ahead= */ false,
                     &move->input.move.until_us, move);
}

static void take_nothing(struct request *request, const struct move_body *body,
                         struct pending_move *move)
{
    (void)request;
    (void)body;
    (void)move;
}

static void take_feedback(struct request *request, const struct move_body *body,
                          struct pending_move *move)
{
    struct move_input *input = &move->input.move;
    input->offer = take_offer(request, body->offer, "/offer");
    input->found_useful = str_from(found_useful_names[body->found_useful]);
    input->note = body->note;
    if (json_is_boolean(
            json_object_get(request->body, "helped_the_call"))) { /* else it was not said */
        input->helped_the_call = body->helped_the_call ? 1 : 0;
    }
}

static const struct {
    const struct schema *schema;
    take_move_fn *take;
} moves[] = {
    [MOVE_ACCEPT] = {&handoff_accept_schema,      take_accept     },
    [MOVE_ATTEMPTS] = {&handoff_attempt_schema,     take_attempt    },
    [MOVE_QUALIFY] = {&handoff_qualify_schema,     take_qualify    },
    [MOVE_OPPORTUNITY] = {&handoff_opportunity_schema, take_opportunity},
    [MOVE_WIN] = {&handoff_win_schema,         take_win        },
    [MOVE_LOSE] = {&handoff_lose_schema,        take_lose       },
    [MOVE_RECYCLE] = {&handoff_recycle_schema,     take_recycle    },
    [MOVE_REJECT] = {&handoff_lose_schema,        take_reject     },
    [MOVE_ASSIGN] = {&handoff_assign_schema,      take_assign     },
    [MOVE_PAUSE] = {&handoff_pause_schema,       take_pause      },
    [MOVE_RESUME] = {&handoff_resume_schema,      take_nothing    },
    [MOVE_FEEDBACK] = {&handoff_feedback_schema,    take_feedback   },
};
_Static_assert(ARRAY_LEN(moves) == MOVE_COUNT_, "every move has a body");

/* ---- the way of a move ---- */

/* By the last segment of the route's path. */
static enum move move_of(const struct route *route)
{
    struct str rest = str_from(route->path);
    struct str segment = rest;
    while (rest.data != NULL) {
        segment = str_cut(&rest, '/');
    }
    return (enum move)name_index(move_names, segment);
}

/* Everything the body says, or faults. */
static void decode(struct request *request, struct pending_move *move)
{
    struct move_body body;
    const enum move kind = move->input.move.move;
    if (!schema_decode(moves[kind].schema, request->body, request->arena, &body,
                       &request->faults)) {
        return;
    }
    moves[kind].take(request, &body, move);
    if (kind != MOVE_ASSIGN) { /* whose `member` is not who acts */
        handoff_take_actor(request, body.member, &move->input);
    }
}

static enum request_step go(struct request *request, struct pending_move *move)
{
    request->finish = handoff_move_finish;
    return request_change(request, &move->input, 1, LANE_WRITE) != NULL ? REQUEST_RUN
                                                                        : REQUEST_REPLY;
}

/* The database has told when the day begins and what time it is. */
static enum request_step time_finish(struct request *request)
{
    struct pending_move *move = request->data;
    if (move->day != DATE_NONE) {
        *move->time_us = row_time(request->read->queries[0].rows, 0, 0);
    }
    if (move->must_be_ahead && *move->time_us <= request->read->op.now_us) {
        faults_add(&request->faults, move->time_pointer, "range", "This has to lie ahead.");
        return problem_faults(request);
    }
    return go(request, move);
}

static enum request_step ask_for_time(struct request *request, const struct pending_move *move)
{
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    if (move->day != DATE_NONE) {
        char day[TIME_TEXT_BYTES];
        struct params *params = read_op_query(read, STATEMENT_LOCAL_MIDNIGHT);
        param_text(params, str_from(date_format(move->day, day)));
        param_text(params, catalog_organisation(request->catalog)->time_zone);
    }
    request->finish = time_finish;
    return REQUEST_RUN;
}

enum request_step handoff_move_start(struct request *request)
{
    struct pending_move *move = arena_alloc(request->arena, sizeof *move);
    if (move == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    request->data = move;
    request_input_init(request, &move->input, INPUT_MOVE);
    move->input.move.move = move_of(request->route);
    if (!request_uuid_param(request, 0, &move->input.handoff_id)) {
        return REQUEST_REPLY;
    }
    decode(request, move);
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    if (!request_if_match(request, &move->input.if_handoff_version)) {
        return problem(request, ERR_STALE, "No version of this handoff ever had this ETag.");
    }
    return move->time_pointer != NULL ? ask_for_time(request, move) : go(request, move);
}

enum request_step handoff_move_finish(struct request *request)
{
    const struct input *input = &request->change->inputs[0];
    if (input->result.code != OK) {
        return handoff_refuse(request, input);
    }
    request->finish = handoff_finish;
    return handoff_documents_request(request, &input->handoff_id, 1) != NULL ? REQUEST_RUN
                                                                             : REQUEST_REPLY;
}
