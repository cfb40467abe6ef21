/*
 * Moves of a handoff: every move in every state against api.md's table, what becomes of the clocks,
 * pauses, and which policy starts a clock.
 */
#include "test_domain_change_support.h"

/* ---- the table ---- */

enum { NONE = -1 };

static const struct {
    enum move move;
    unsigned allowed; /* bit: state */
    int state_after;  /* NONE: unchanged */
    int stage_after;  /* NONE: unchanged */
    const char *told; /* without clocks */
} table[] = {
#define IN(state)   (1U << HANDOFF_##state)
#define OPEN_STATES (IN(OPEN) | IN(ACCEPTED) | IN(CONTACTED) | IN(QUALIFIED) | IN(OPPORTUNITY))
    {MOVE_ACCEPT,      IN(OPEN),                                HANDOFF_ACCEPTED,    STAGE_SAL,          "contact.stage_changed handoff.accepted"},
    {MOVE_ATTEMPTS,    OPEN_STATES,                             NONE,                NONE,               "handoff.contacted"                     },
    {MOVE_QUALIFY,     IN(CONTACTED),                           HANDOFF_QUALIFIED,   STAGE_SQL,
                                                                                                   "contact.stage_changed handoff.qualified"                                                                                                   },
    {MOVE_OPPORTUNITY, IN(QUALIFIED),                           HANDOFF_OPPORTUNITY, STAGE_OPPORTUNITY,
                                                                                                   "contact.stage_changed handoff.opportunity"                                                                                                 },
    {MOVE_WIN,         IN(QUALIFIED) | IN(OPPORTUNITY),         HANDOFF_WON,         STAGE_CUSTOMER,
                                                                                                   "contact.stage_changed handoff.won"                                                                                                         },
    {MOVE_LOSE,        IN(QUALIFIED) | IN(OPPORTUNITY),         HANDOFF_LOST,        STAGE_LEAD,
                                                                                                   "contact.stage_changed handoff.lost"                                                                                                        },
    {MOVE_RECYCLE,     OPEN_STATES,                             HANDOFF_RECYCLED,    STAGE_LEAD,
                                                                                                   "contact.stage_changed handoff.recycled"                                                                                                    },
    {MOVE_REJECT,      IN(OPEN) | IN(ACCEPTED) | IN(CONTACTED), HANDOFF_REJECTED,    STAGE_DISQUALIFIED,
                                                                                                   "contact.stage_changed handoff.rejected"                                                                                                    },
    {MOVE_ASSIGN,      OPEN_STATES,                             NONE,                NONE,               "handoff.assigned"                      },
    {MOVE_PAUSE,       OPEN_STATES,                             NONE,                NONE,               "handoff.activity"                      },
    {MOVE_RESUME,      OPEN_STATES,                             NONE,                NONE,               "handoff.activity"                      },
    {MOVE_FEEDBACK,    (1U << HANDOFF_STATE_COUNT_) - 1,        NONE,                NONE,               ""                                      },
};

/* Without what the clocks tell. */
static const char *told_of_the_handoff(struct desk *desk)
{
    const char *text = "";
    for (size_t i = 0; i < desk->effects.events.count; i++) {
        const char *type = desk->effects.events.items[i].type;
        if (strncmp(type, "sla.", 4) != 0)
            text = arena_printf(&desk->arena, "%s%s%s", text, text[0] != '\0' ? " " : "", type);
    }
    return text;
}

static void try_move(struct desk *desk, size_t row, enum handoff_state before)
{
    struct person *person = desk_handoff_in(desk, "claire@example.com", before);
    const enum stage stage_before = person->contact.stage;
    const int32_t version = person->contact.handoff.version;
    struct input *input = by_member(desk_move(desk, person, table[row].move));
    desk_pass(desk, US_PER_SECOND);
    const enum err_code code = desk_run(desk, person, input);
    const struct handoff *handoff = &person->contact.handoff;
    if ((table[row].allowed >> before & 1U) == 0) {
        assert_int_equal(code, ERR_CONFLICT);
        assert_true(input->result.has_state);
        assert_int_equal(input->result.state, before);
        assert_true(uuid_eq(input->result.assignee, handoff->assignee));
        return;
    }
    assert_int_equal(code, OK);
    int state_after = table[row].state_after == NONE ? (int)before : table[row].state_after;
    const char *told_then = table[row].told;
    if (table[row].move == MOVE_ATTEMPTS && before == HANDOFF_ACCEPTED)
        state_after = HANDOFF_CONTACTED;
    if (table[row].move == MOVE_ATTEMPTS && before >= HANDOFF_CONTACTED)
        told_then = "handoff.activity"; /* not the first */
    assert_int_equal(handoff->state, state_after);
    assert_int_equal(person->contact.stage,
                     table[row].stage_after == NONE ? (int)stage_before : table[row].stage_after);
    assert_string_equal(told_of_the_handoff(desk), told_then);
    assert_int_equal(handoff->version, version + (table[row].move != MOVE_FEEDBACK));
    assert_int_equal(handoff_is_closed(handoff->state), handoff->closed_at_us != TIME_NONE);
    if (strstr(told_then, "handoff.") != NULL) {
        const char *type = strstr(told_then, "handoff.");
        assert_string_equal(event_value(desk, type, "actor"), "member:" DESK_MEMBER);
        assert_string_equal(event_value(desk, type, "state"), handoff_state_names[state_after]);
    }
    if (table[row].stage_after != NONE) {
        const struct stage_row *stage = &desk->effects.stages.items[0];
        assert_int_equal(stage->from, stage_before);
        assert_true(uuid_eq(stage->handoff_id, handoff->handoff_id));
        assert_str_is(stage->actor, "member:" DESK_MEMBER);
    }
}

static void every_move_in_every_state(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LEN(table), MOVE_COUNT_);
    for (size_t row = 0; row < ARRAY_LEN(table); row++)
        for (int before = 0; before < HANDOFF_STATE_COUNT_; before++) {
            struct desk *desk = calloc(1, sizeof *desk);
            assert_non_null(desk);
            desk_init(desk);
            desk_open(desk);
            assert_int_equal(move_is_allowed(table[row].move, (enum handoff_state)before),
                             (table[row].allowed >> before & 1U) != 0);
            try_move(desk, row, (enum handoff_state)before);
            desk_done(desk);
            free(desk);
        }
}

/* ---- what each move writes down ---- */

static void accept_makes_the_member_the_assignee(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    struct input *input = by_member(desk_move(desk, person, MOVE_ACCEPT));
    input->move.work_by_us = desk->now_us + US_PER_DAY;
    desk_do(desk, person, input);
    const struct handoff *handoff = &person->contact.handoff;
    assert_true(uuid_eq(handoff->assignee, desk_uuid(DESK_MEMBER)));
    assert_int_equal(handoff->accepted_at_us, desk->now_us);
    assert_int_equal(handoff->work_by_us, desk->now_us + US_PER_DAY);
    assert_string_equal(event_value(desk, "handoff.accepted", "assignee"), DESK_MEMBER);
    assert_string_equal(event_value(desk, "handoff.accepted", "state"), "accepted");
    /* A key without a member leaves the assignee as it is. */
    struct person *other = desk_mql(desk, "b@example.com");
    desk_do(desk, other, desk_move(desk, other, MOVE_ACCEPT));
    assert_true(uuid_is_nil(other->contact.handoff.assignee));
    struct person *third = desk_mql(desk, "c@example.com");
    desk_do(desk, third, desk_move(desk, third, MOVE_ASSIGN));
    assert_true(uuid_eq(third->contact.handoff.assignee, desk_uuid(DESK_MEMBER)));
    desk_do(desk, third, desk_move(desk, third, MOVE_ACCEPT));
    assert_true(uuid_eq(third->contact.handoff.assignee, desk_uuid(DESK_MEMBER)));
    struct input *assign = desk_move(desk, third, MOVE_ASSIGN);
    assign->move.member_id = desk_uuid(DESK_OTHER);
    desk_do(desk, third, assign);
    assert_string_equal(event_value(desk, "handoff.assigned", "assignee"), DESK_OTHER);
}

static void an_attempt_before_acceptance(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_pass(desk, US_PER_HOUR);
    struct input *input = desk_move(desk, person, MOVE_ATTEMPTS);
    input->move.at_us = desk->now_us - 600 * US_PER_SECOND;
    desk_do(desk, person, input);
    assert_state(person, "open");
    assert_stage(person, "mql");
    assert_int_equal(person->contact.handoff.attempts, 1);
    assert_int_equal(person->contact.handoff.contacted_at_us, desk->now_us);
    const struct attempt_row *row = &desk->effects.attempts.items[0];
    assert_int_equal(row->at_us, desk->now_us - 600 * US_PER_SECOND);
    assert_int_equal(row->logged_at_us, desk->now_us);
    assert_true(uuid_eq(row->attempt_id, input->result.id));
    assert_true(uuid_eq(row->contact_id, person->contact.contact_id));
    assert_int_equal(clock_of(person, "first_contact")->state, CLOCK_MET);
    assert_int_equal(clock_of(person, "first_contact")->met_at_us, desk->now_us);
    assert_told(desk, "handoff.contacted sla.met");
    desk_do(desk, person, desk_move(desk, person, MOVE_ACCEPT));
    assert_state(person, "contacted");
    assert_stage(person, "sal");
    desk_do(desk, person, desk_move(desk, person, MOVE_ATTEMPTS));
    assert_told(desk, "handoff.activity");
    assert_int_equal(person->contact.handoff.attempts, 2);
}

static void the_deal_of_an_opportunity_stands_unless_the_win_says_more(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_OPPORTUNITY);
    desk_do(desk, person, desk_move(desk, person, MOVE_WIN));
    assert_int_equal(desk->effects.deals.count, 1);
    const struct deal_row *deal = &desk->effects.deals.items[0];
    assert_true(deal->has_amount);
    assert_int_equal(deal->amount, 1500000);
    assert_str_is(deal->currency, "EUR");
    assert_str_is(deal->kind, "new");
    assert_true(uuid_eq(deal->handoff_id, person->contact.handoff.handoff_id));
    assert_int_equal(deal->won_at_us, desk->now_us);

    struct person *other = desk_handoff_in(desk, "b@example.com", HANDOFF_OPPORTUNITY);
    struct input *input = desk_move(desk, other, MOVE_WIN);
    input->move.has_amount = true;
    input->move.amount = 7;
    input->move.currency = STR_LITERAL("USD");
    desk_do(desk, other, input);
    deal = &desk->effects.deals.items[0];
    assert_int_equal(deal->amount, 7);
    assert_str_is(deal->currency, "USD");
    json_auto_t *shown = json_from(other->contact.handoff.deal.data);
    assert_int_equal(json_integer_value(json_object_get(shown, "amount")), 7);
    assert_string_equal(json_string_value(json_object_get(shown, "expected_close")), "2027-01-31");

    struct person *third = desk_handoff_in(desk, "c@example.com", HANDOFF_QUALIFIED);
    desk_do(desk, third, desk_move(desk, third, MOVE_WIN));
    assert_false(desk->effects.deals.items[0].has_amount);
    assert_null(desk->effects.deals.items[0].currency.data);
}

static void reasons_are_told_by_their_code(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_QUALIFIED);
    struct input *input = desk_move(desk, person, MOVE_LOSE);
    input->move.reason = STR_LITERAL("price");
    desk_do(desk, person, input);
    assert_string_equal(event_value(desk, "handoff.lost", "reason"), "price");
    assert_string_equal(event_value(desk, "contact.stage_changed", "reason"), "price");
    assert_str_is(person->contact.handoff.reason, "price");
    assert_str_is(person->contact.handoff.note, BY_HAND);
    assert_str_is(desk->effects.stages.items[0].note, BY_HAND);
}

static void a_note_stays_when_none_is_given(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_CONTACTED);
    struct input *input = desk_move(desk, person, MOVE_QUALIFY);
    input->move.note = STR_LITERAL(BY_HAND);
    desk_do(desk, person, input);
    assert_str_is(person->contact.handoff.gpct, "{\"goals\":\"" BY_HAND "\"}");
    input = desk_move(desk, person, MOVE_LOSE);
    input->move.note = (struct str){.data = NULL};
    desk_do(desk, person, input);
    assert_str_is(person->contact.handoff.note, BY_HAND);
}

static void feedback_changes_nothing(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_handoff_in(desk, "a@example.com", HANDOFF_REJECTED);
    const int32_t version = person->contact.version;
    const int32_t handoff_version = person->contact.handoff.version;
    const struct uuid old = person->contact.handoff.handoff_id;
    struct input *input = desk_move(desk, person, MOVE_FEEDBACK);
    desk_do(desk, person, input);
    assert_int_equal(desk->effects.feedback.count, 1);
    assert_true(uuid_eq(desk->effects.feedback.items[0].attempt_id, input->result.id));
    assert_int_equal(person->contact.version, version);
    assert_int_equal(person->contact.handoff.version, handoff_version);
    assert_false(person->contact.handoff.is_dirty || person->contact.is_dirty);
    /* On an older handoff too, whose row may be a duplicate's. */
    desk_do(desk, person, desk_input(desk, INPUT_REQUALIFY));
    desk_do(desk, person, desk_submission(desk, "demo"));
    input = desk_move(desk, person, MOVE_FEEDBACK);
    input->handoff_id = old;
    input->handoff_state = HANDOFF_REJECTED;
    input->handoff_contact_id = desk_uuid(DESK_OTHER);
    desk_do(desk, person, input);
    assert_true(uuid_eq(desk->effects.feedback.items[0].handoff_id, old));
    assert_true(uuid_eq(desk->effects.feedback.items[0].contact_id, desk_uuid(DESK_OTHER)));
    /* Other moves of it are refused with where it stands. */
    input = desk_move(desk, person, MOVE_ACCEPT);
    input->handoff_id = old;
    input->handoff_state = HANDOFF_REJECTED;
    input->handoff_assignee = desk_uuid(DESK_MEMBER);
    assert_int_equal(desk_run(desk, person, input), ERR_CONFLICT);
    assert_int_equal(input->result.state, HANDOFF_REJECTED);
    assert_true(uuid_eq(input->result.assignee, desk_uuid(DESK_MEMBER)));
    /* Only the latest can be open, whatever was read of it. */
    input->handoff_state = HANDOFF_OPEN;
    assert_int_equal(desk_run(desk, person, input), ERR_CONFLICT);
}

static void a_stale_version_is_refused_before_the_state(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    const int32_t version = person->contact.handoff.version;
    struct input *input = desk_move(desk, person, MOVE_ACCEPT);
    input->if_handoff_version = version;
    desk_do(desk, person, input);
    static const enum move moves[] = {MOVE_ATTEMPTS, MOVE_ACCEPT, MOVE_WIN};
    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        input = desk_move(desk, person, moves[i]);
        input->if_handoff_version = version;
        assert_int_equal(desk_run(desk, person, input), ERR_STALE);
    }
}

/* What one batch does to two handoffs of a contact is all written. */
static void a_handoff_replaced_within_a_batch_is_kept_aside(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    struct input *recycle = desk_move(desk, person, MOVE_RECYCLE);
    struct input *again = desk_move(desk, person, MOVE_RECYCLE);
    struct input *feedback = desk_move(desk, person, MOVE_FEEDBACK);
    const struct uuid first = recycle->handoff_id;
    struct step steps[] = {
        {.person = person, .input = recycle             },
        {.person = person, .input = desk_submission(desk, "demo")},
        {.person = person,                .input = again                             }, /* of the first one: it is closed */
        {.person = person,                .input = feedback},
    };
    desk_batch(desk, steps, ARRAY_LEN(steps));
    assert_int_equal(desk->effects.handoffs.count, 1);
    const struct handoff_row *row = &desk->effects.handoffs.items[0];
    assert_true(uuid_eq(row->handoff.handoff_id, first));
    assert_int_equal(row->handoff.state, HANDOFF_RECYCLED);
    assert_true(row->handoff.is_dirty);
    assert_int_equal(row->clock_count, 1);
    assert_int_equal(row->clocks[0].state, CLOCK_CANCELLED);
    assert_true(row->clocks[0].is_dirty);
    assert_true(has_handoff(person));
    assert_int_equal(again->result.code, ERR_CONFLICT);
    assert_int_equal(again->result.state, HANDOFF_RECYCLED);
    assert_int_equal(feedback->result.code, OK);
}

/* ---- clocks ---- */

static void open_with(struct desk *desk, const char *const policies[], size_t count)
{
    desk_drop_policies(desk);
    for (size_t i = 0; i < count; i++)
        desk_policy(desk, (unsigned)i, policies[i]);
    desk_open(desk);
}

#define POLICY(position, kind, starts, target)                                                     \
    "\"position\":" #position ",\"kind\":\"" kind "\",\"starts\":\"" starts                        \
    "\",\"target\":\"" target "\",\"warn_at\":[0.5]"
#define FOUR_POLICIES                                                                              \
    POLICY(1, "first_contact", "mql", "PT24H"), POLICY(2, "acceptance", "mql", "PT4H"),            \
        POLICY(3, "qualification", "accepted", "P3D"),                                             \
        POLICY(4, "attempts", "mql", "P7D") ",\"attempts\":3"

static const char *const four_policies[] = {FOUR_POLICIES};

static void evidence_in_time_meets_its_clock(void **state)
{
    struct desk *desk = *state;
    open_with(desk, four_policies, ARRAY_LEN(four_policies));
    struct person *person = desk_mql(desk, "a@example.com");
    assert_int_equal(person->contact.clock_count, 3);
    assert_null(clock_of(person, "qualification"));
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_move(desk, person, MOVE_ACCEPT));
    assert_told(desk, "contact.stage_changed handoff.accepted sla.met");
    assert_string_equal(event_value(desk, "sla.met", "kind"), "acceptance");
    assert_str_is(clock_of(person, "acceptance")->end_reason, "accept");
    assert_int_equal(clock_of(person, "qualification")->state, CLOCK_RUNNING);
    assert_int_equal(clock_of(person, "qualification")->started_at_us, desk->now_us);
    for (int i = 0; i < 3; i++) {
        desk_pass(desk, US_PER_HOUR);
        desk_do(desk, person, desk_move(desk, person, MOVE_ATTEMPTS));
        assert_string_equal(told(desk), i == 0   ? "handoff.contacted sla.met"
                                        : i == 1 ? "handoff.activity"
                                                 : "handoff.activity sla.met");
    }
    assert_string_equal(event_value(desk, "sla.met", "kind"), "attempts");
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_move(desk, person, MOVE_QUALIFY));
    assert_string_equal(event_value(desk, "sla.met", "kind"), "qualification");
    const struct clock_record *clock = clock_of(person, "qualification");
    assert_int_equal(clock->met_at_us, desk->now_us);
    assert_int_equal(clock->ended_at_us, desk->now_us);
    assert_int_equal(clock->warning_count, 0);
}

static void a_verdict_counts_for_acceptance_and_qualification_alone(void **state)
{
    struct desk *desk = *state;
    open_with(desk, four_policies, ARRAY_LEN(four_policies));
    static const enum move verdicts[] = {MOVE_RECYCLE, MOVE_REJECT};
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        struct person *person = desk_mql(desk, arena_printf(&desk->arena, "a%zu@example.com", i));
        desk_pass(desk, US_PER_HOUR);
        desk_do(desk, person, desk_move(desk, person, verdicts[i]));
        assert_int_equal(clock_of(person, "acceptance")->state, CLOCK_MET);
        assert_int_equal(clock_of(person, "first_contact")->state, CLOCK_CANCELLED);
        assert_int_equal(clock_of(person, "attempts")->state, CLOCK_CANCELLED);
        assert_int_equal(clock_of(person, "first_contact")->met_at_us, TIME_NONE);
        assert_int_equal(clock_of(person, "first_contact")->ended_at_us, desk->now_us);
        assert_str_is(clock_of(person, "first_contact")->end_reason, move_names[verdicts[i]]);
        /* And accepted first, the one that started then too. */
        struct person *other = desk_mql(desk, arena_printf(&desk->arena, "b%zu@example.com", i));
        desk_do(desk, other, desk_move(desk, other, MOVE_ACCEPT));
        desk_do(desk, other, desk_move(desk, other, verdicts[i]));
        assert_int_equal(clock_of(other, "qualification")->state, CLOCK_MET);
        assert_int_equal(clock_of(other, "first_contact")->state, CLOCK_CANCELLED);
    }
}

static void evidence_too_late_breaches_and_then_meets(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    const int64_t due_us = clock_of(person, "first_contact")->due_at_us;
    desk->now_us = due_us; /* the deadline itself is too late */
    desk_do(desk, person, desk_move(desk, person, MOVE_ATTEMPTS));
    assert_told(desk, "handoff.contacted sla.breached");
    const struct clock_record *clock = clock_of(person, "first_contact");
    assert_int_equal(clock->state, CLOCK_BREACHED);
    assert_int_equal(clock->breached_at_us, desk->now_us);
    assert_int_equal(clock->met_at_us, desk->now_us);
    assert_int_equal(clock->ended_at_us, desk->now_us);

    struct person *other = desk_mql(desk, "b@example.com");
    desk->now_us = clock_of(other, "first_contact")->due_at_us - US_PER_MS;
    desk_do(desk, other, desk_move(desk, other, MOVE_ATTEMPTS));
    assert_told(desk, "handoff.contacted sla.met");
}

static void a_breach_flagged_before_is_not_flagged_again(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_pass(desk, 2 * US_PER_DAY);
    /* As the flagger leaves it. */
    struct clock_record *clock = &person->contact.clocks[0];
    clock->state = CLOCK_BREACHED;
    clock->breached_at_us = clock->due_at_us + US_PER_MS;
    clock->warning_count = 0;
    const int64_t flagged_us = clock->breached_at_us;
    desk_do(desk, person, desk_move(desk, person, MOVE_ATTEMPTS));
    assert_told(desk, "handoff.contacted");
    const struct clock_record *after = clock_of(person, "first_contact");
    assert_int_equal(after->state, CLOCK_BREACHED);
    assert_int_equal(after->breached_at_us, flagged_us);
    assert_int_equal(after->met_at_us, desk->now_us);
    /* Met late, it is over: closing leaves it alone. */
    desk_do(desk, person, desk_move(desk, person, MOVE_RECYCLE));
    assert_null(strstr(told(desk), "sla."));
}

static void closing_without_contact_after_the_deadline(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_pass(desk, 2 * US_PER_DAY);
    desk_do(desk, person, desk_move(desk, person, MOVE_REJECT));
    const struct clock_record *clock = clock_of(person, "first_contact");
    assert_int_equal(clock->state, CLOCK_BREACHED);
    assert_int_equal(clock->met_at_us, TIME_NONE);
    assert_int_equal(clock->ended_at_us, desk->now_us);
    assert_told(desk, "contact.stage_changed sla.breached handoff.rejected");
}

static void closing_cancels_what_runs(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_move(desk, person, MOVE_RECYCLE));
    assert_told(desk, "contact.stage_changed sla.cancelled handoff.recycled");
    assert_string_equal(event_value(desk, "sla.cancelled", "kind"), "first_contact");
}

static void what_was_done_before_acceptance_meets_what_starts_with_it(void **state)
{
    struct desk *desk = *state;
    static const char *const policies[] = {
        POLICY(1, "first_contact", "accepted", "PT1H"),
        POLICY(2, "attempts", "accepted", "P1D") ",\"attempts\":2"};
    open_with(desk, policies, ARRAY_LEN(policies));
    struct person *person = desk_mql(desk, "a@example.com");
    assert_int_equal(person->contact.clock_count, 0);
    desk_do(desk, person, desk_move(desk, person, MOVE_ATTEMPTS));
    desk_do(desk, person, desk_move(desk, person, MOVE_ACCEPT));
    assert_int_equal(clock_of(person, "first_contact")->state, CLOCK_MET);
    assert_int_equal(clock_of(person, "attempts")->state, CLOCK_RUNNING);
    desk_do(desk, person, desk_move(desk, person, MOVE_ATTEMPTS));
    assert_int_equal(clock_of(person, "attempts")->state, CLOCK_MET);
}

static void a_clock_is_met_once(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_pass(desk, US_PER_HOUR);
    struct step steps[3];
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        steps[i] = (struct step){.person = person, .input = desk_move(desk, person, MOVE_ATTEMPTS)};
    desk_batch(desk, steps, ARRAY_LEN(steps));
    assert_told(desk, "handoff.contacted sla.met handoff.activity handoff.activity");
    assert_int_equal(person->contact.handoff.attempts, 3);
    assert_int_equal(person->contact.handoff.version, 4);
}

/* ---- pauses ---- */

static void a_pause_moves_the_deadline_by_its_length(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    const int64_t due_us = clock_of(person, "first_contact")->due_at_us;
    int64_t paused_us = 0;
    for (int i = 1; i <= 3; i++) {
        desk_pass(desk, US_PER_HOUR);
        desk_do(desk, person, desk_move(desk, person, MOVE_PAUSE));
        assert_int_equal(clock_of(person, "first_contact")->state, CLOCK_PAUSED);
        assert_int_equal(clock_of(person, "first_contact")->due_at_us, due_us + paused_us);
        assert_string_equal(event_value(desk, "handoff.activity", "reason"), "paused");
        assert_true(desk->effects.has_clocks);
        desk_pass(desk, i * US_PER_HOUR + 17 * US_PER_MS);
        paused_us += i * US_PER_HOUR + 17 * US_PER_MS;
        desk_do(desk, person, desk_move(desk, person, MOVE_RESUME));
        assert_string_equal(event_value(desk, "handoff.activity", "reason"), "resumed");
    }
    const struct clock_record *clock = clock_of(person, "first_contact");
    assert_int_equal(clock->state, CLOCK_RUNNING);
    assert_int_equal(clock->due_at_us, due_us + paused_us);
    assert_int_equal(clock->warnings_us[0], due_us + paused_us - 12 * US_PER_HOUR);
    assert_true(clock->paused_seconds - (double)paused_us / 1e6 < 1e-6 &&
                (double)paused_us / 1e6 - clock->paused_seconds < 1e-6);
    assert_int_equal(person->contact.handoff.paused_at_us, TIME_NONE);
    assert_int_equal(person->contact.handoff.paused_until_us, TIME_NONE);
    assert_null(person->contact.handoff.pause_reason.data);
}

static void a_pause_may_get_another_end_and_resuming_what_runs_is_harmless(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    const int64_t due_us = clock_of(person, "first_contact")->due_at_us;
    desk_do(desk, person, desk_move(desk, person, MOVE_RESUME));
    assert_int_equal(clock_of(person, "first_contact")->due_at_us, due_us);
    desk_do(desk, person, desk_move(desk, person, MOVE_PAUSE));
    desk_pass(desk, US_PER_HOUR);
    struct input *input = desk_move(desk, person, MOVE_PAUSE);
    input->move.until_us = desk->now_us + 100 * US_PER_HOUR;
    desk_do(desk, person, input);
    assert_int_equal(person->contact.handoff.paused_until_us, desk->now_us + 100 * US_PER_HOUR);
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_move(desk, person, MOVE_RESUME));
    assert_int_equal(clock_of(person, "first_contact")->due_at_us, due_us + 2 * US_PER_HOUR);
    input = desk_move(desk, person, MOVE_PAUSE);
    input->move.until_us = desk->now_us;
    assert_int_equal(desk_run(desk, person, input), ERR_INVALID);
    assert_string_equal(input->result.faults->items[0].pointer, "/until");
}

static void a_pause_ends_when_it_was_to_end(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    const int64_t due_us = clock_of(person, "first_contact")->due_at_us;
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_move(desk, person, MOVE_PAUSE)); /* of 48 hours */
    /* 60 hours later: 12 of them ran. */
    desk_pass(desk, 60 * US_PER_HOUR);
    desk_do(desk, person, by_member(desk_move(desk, person, MOVE_ATTEMPTS)));
    const struct clock_record *clock = clock_of(person, "first_contact");
    assert_int_equal(clock->due_at_us, due_us + 48 * US_PER_HOUR);
    assert_int_equal(clock->state, CLOCK_MET);
    assert_told(desk, "handoff.activity handoff.contacted sla.met");
    assert_string_equal(event_value(desk, "handoff.activity", "actor"), "system");
    assert_string_equal(event_value(desk, "handoff.activity", "reason"), "resumed");
    assert_int_equal(person->contact.handoff.paused_until_us, TIME_NONE);
    /* A hundred hours later the deadline has passed meanwhile. */
    struct person *other = desk_mql(desk, "b@example.com");
    desk_do(desk, other, desk_move(desk, other, MOVE_PAUSE));
    desk_pass(desk, 100 * US_PER_HOUR);
    desk_do(desk, other, desk_move(desk, other, MOVE_ATTEMPTS));
    assert_int_equal(clock_of(other, "first_contact")->state, CLOCK_BREACHED);
}

static void evidence_during_a_pause_counts(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_do(desk, person, desk_move(desk, person, MOVE_PAUSE));
    desk_pass(desk, 30 * US_PER_HOUR);
    desk_do(desk, person, desk_move(desk, person, MOVE_ATTEMPTS));
    const struct clock_record *clock = clock_of(person, "first_contact");
    assert_int_equal(clock->state, CLOCK_MET);
    assert_true(clock->paused_seconds > 30 * 3600 - 1 && clock->paused_seconds < 30 * 3600 + 1);
    /* The pause goes on; what starts during it rests. */
    assert_true(person->contact.handoff.paused_at_us != TIME_NONE);
    struct person *other = desk_mql(desk, "b@example.com");
    desk_do(desk, other, desk_move(desk, other, MOVE_PAUSE));
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, other, desk_move(desk, other, MOVE_REJECT));
    assert_int_equal(clock_of(other, "first_contact")->state, CLOCK_CANCELLED);
    assert_int_equal(other->contact.handoff.paused_until_us, TIME_NONE);
}

static void what_starts_during_a_pause_rests(void **state)
{
    struct desk *desk = *state;
    open_with(desk, four_policies, ARRAY_LEN(four_policies));
    struct person *person = desk_mql(desk, "a@example.com");
    desk_do(desk, person, desk_move(desk, person, MOVE_PAUSE));
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_move(desk, person, MOVE_ACCEPT));
    assert_int_equal(clock_of(person, "qualification")->state, CLOCK_PAUSED);
    desk_pass(desk, US_PER_HOUR);
    desk_do(desk, person, desk_move(desk, person, MOVE_RESUME));
    assert_int_equal(clock_of(person, "qualification")->due_at_us, desk->now_us + 3 * US_PER_DAY);
}

static void what_is_late_cannot_be_paused(void **state)
{
    struct desk *desk = *state;
    struct person *person = desk_mql(desk, "a@example.com");
    desk_pass(desk, 25 * US_PER_HOUR);
    desk_do(desk, person, desk_move(desk, person, MOVE_PAUSE));
    assert_int_equal(clock_of(person, "first_contact")->state, CLOCK_RUNNING);
}

/* ---- policies ---- */

static void the_first_policy_of_a_kind_wins(void **state)
{
    struct desk *desk = *state;
    static const char *const policies[] = {
        POLICY(3, "first_contact", "mql", "PT3H"), POLICY(2, "first_contact", "mql", "PT2H"),
        POLICY(1, "acceptance", "mql", "PT1H"),
        POLICY(1, "first_contact", "mql", "PT9H") ",\"applies_when\":false"};
    open_with(desk, policies, ARRAY_LEN(policies));
    struct person *person = desk_mql(desk, "a@example.com");
    assert_int_equal(person->contact.clock_count, 2);
    assert_str_is(clock_of(person, "first_contact")->policy, "P1");
    assert_int_equal(clock_of(person, "first_contact")->due_at_us, desk->now_us + 2 * US_PER_HOUR);
}

/* The policy that wins decides also when: the next one does not start in its stead. */
static void a_policy_that_starts_later_keeps_its_kind(void **state)
{
    struct desk *desk = *state;
    static const char *const policies[] = {
        POLICY(1, "qualification", "accepted", "PT1H"), POLICY(2, "qualification", "mql", "PT2H"),
        POLICY(3, "first_contact", "mql", "PT3H"), POLICY(4, "first_contact", "accepted", "PT4H")};
    open_with(desk, policies, ARRAY_LEN(policies));
    struct person *person = desk_mql(desk, "a@example.com");
    assert_int_equal(person->contact.clock_count, 1);
    assert_str_is(clock_of(person, "first_contact")->policy, "P2");
    desk_do(desk, person, desk_move(desk, person, MOVE_ATTEMPTS));
    desk_do(desk, person, desk_move(desk, person, MOVE_ACCEPT));
    assert_str_is(clock_of(person, "qualification")->policy, "P0");
    assert_null(clock_of(person, "first_contact")); /* met: no second one starts */
}

/* Which of the policies, by its number, starts the clock of a VP's guide. */
static const char *winner(const char *const rules[], size_t count, const char *form)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk_init(desk);
    desk_drop_policies(desk);
    for (size_t i = 0; i < count; i++)
        desk_policy(desk, (unsigned)i,
                    arena_printf(&desk->arena,
                                 "\"position\":%zu,\"kind\":\"first_contact\",\"starts\":\"mql\","
                                 "\"target\":\"PT1H\",\"warn_at\":[],\"applies_when\":%s",
                                 i + 1, rules[i]));
    desk_open(desk);
    struct person *person = desk_person(desk, "claire@example.com");
    struct input *input = as_vp(desk_submission(desk, form));
    input->activity.channel = STR_LITERAL("social");
    input->activity.campaign = STR_LITERAL("spring");
    claim_text(input, "form", "an attribute of that name");
    desk_do(desk, person, input);
    assert_true(has_handoff(person));
    const struct clock_record *clock = clock_of(person, "first_contact");
    static char name[8];
    snprintf(name, sizeof name, "%.*s", STR_ARGS(clock != NULL ? clock->policy : STR_LITERAL("-")));
    desk_done(desk);
    free(desk);
    return name;
}

static void applies_when_sees_the_contact_its_score_and_what_opened_it(void **state)
{
    (void)state;
    static const char *const holds[] = {
        "{\">=\":[{\"var\":\"company_size\"},1000]}",
        "{\"==\":[{\"var\":\"seniority\"},\"vp\"]}",
        "{\"==\":[{\"var\":\"email_domain\"},\"example.com\"]}",
        "{\"!\":[{\"var\":\"free_mail\"}]}",
        "{\"==\":[{\"var\":\"score.grade\"},\"A2\"]}",
        "{\"==\":[{\"var\":\"score.fit_grade\"},\"A\"]}",
        "{\"===\":[{\"var\":\"score.interest_grade\"},2]}",
        "{\"==\":[{\"var\":\"channel\"},\"social\"]}",
        "{\"==\":[{\"var\":\"campaign\"},\"spring\"]}",
        "{\"==\":[{\"var\":\"form\"},\"guide\"]}", /* the fact, not the attribute */
        "{\"==\":[{\"var\":\"offer_kind\"},\"ebook\"]}",
        "{\"==\":[{\"var\":\"purpose\"},\"close\"]}",
        "{\"==\":[{\"var\":\"trigger\"},\"score\"]}",
        "true",
    };
    static const char *const fails[] = {
        "{\"<\":[{\"var\":\"company_size\"},1000]}",
        "{\"==\":[{\"var\":\"offer_kind\"},\"demo\"]}",
        "{\"==\":[{\"var\":\"trigger\"},\"at_once\"]}",
        "{\"+\":[{\"var\":\"job_title\"},1]}", /* NaN: an error does not match */
        "{\"throw\":\"e\"}",
        "false",
    };
    for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
        const char *const rules[] = {holds[i], "true"};
        if (strcmp(winner(rules, ARRAY_LEN(rules), "guide"), "P0") != 0)
            fail_msg("does not hold: %s", holds[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(fails); i++) {
        const char *const rules[] = {fails[i], "true"};
        if (strcmp(winner(rules, ARRAY_LEN(rules), "guide"), "P1") != 0)
            fail_msg("holds: %s", fails[i]);
    }
    static const char *const at_once[] = {"{\"==\":[{\"var\":\"trigger\"},\"at_once\"]}", "true"};
    assert_string_equal(winner(at_once, ARRAY_LEN(at_once), "demo"), "P0");
    static const char *const none[] = {"false", "false"};
    assert_string_equal(winner(none, ARRAY_LEN(none), "guide"), "-");
}

static void applies_when_still_knows_at_acceptance_what_opened_it(void **state)
{
    struct desk *desk = *state;
    static const char *const policies[] = {
        POLICY(1, "qualification", "accepted",
               "PT1H") ",\"applies_when\":{\"==\":[{\"var\":\"trigger\"},\"manual\"]}",
        POLICY(2, "qualification", "accepted",
               "PT2H") ",\"applies_when\":{\"==\":[{\"var\":\"offer_kind\"},\"ebook\"]}"};
    open_with(desk, policies, ARRAY_LEN(policies));
    struct person *person = desk_mql(desk, "a@example.com");
    desk_do(desk, person, desk_move(desk, person, MOVE_ACCEPT));
    assert_str_is(clock_of(person, "qualification")->policy, "P1");
    struct person *other = desk_person(desk, "b@example.com");
    desk_do(desk, other, desk_submission(desk, "paper"));
    desk_do(desk, other, desk_input(desk, INPUT_HANDOFF));
    desk_do(desk, other, desk_move(desk, other, MOVE_ACCEPT));
    assert_str_is(clock_of(other, "qualification")->policy, "P0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_move_in_every_state),
        DESK_TEST(accept_makes_the_member_the_assignee),
        DESK_TEST(an_attempt_before_acceptance),
        DESK_TEST(the_deal_of_an_opportunity_stands_unless_the_win_says_more),
        DESK_TEST(reasons_are_told_by_their_code),
        DESK_TEST(a_note_stays_when_none_is_given),
        DESK_TEST(feedback_changes_nothing),
        DESK_TEST(a_stale_version_is_refused_before_the_state),
        DESK_TEST(a_handoff_replaced_within_a_batch_is_kept_aside),
        CLOSED_DESK_TEST(evidence_in_time_meets_its_clock),
        CLOSED_DESK_TEST(a_verdict_counts_for_acceptance_and_qualification_alone),
        DESK_TEST(evidence_too_late_breaches_and_then_meets),
        DESK_TEST(a_breach_flagged_before_is_not_flagged_again),
        DESK_TEST(closing_without_contact_after_the_deadline),
        DESK_TEST(closing_cancels_what_runs),
        DESK_TEST(a_clock_is_met_once),
        CLOSED_DESK_TEST(what_was_done_before_acceptance_meets_what_starts_with_it),
        DESK_TEST(a_pause_moves_the_deadline_by_its_length),
        DESK_TEST(a_pause_may_get_another_end_and_resuming_what_runs_is_harmless),
        DESK_TEST(a_pause_ends_when_it_was_to_end),
        DESK_TEST(evidence_during_a_pause_counts),
        CLOSED_DESK_TEST(what_starts_during_a_pause_rests),
        DESK_TEST(what_is_late_cannot_be_paused),
        CLOSED_DESK_TEST(the_first_policy_of_a_kind_wins),
        CLOSED_DESK_TEST(a_policy_that_starts_later_keeps_its_kind),
        cmocka_unit_test(applies_when_sees_the_contact_its_score_and_what_opened_it),
        CLOSED_DESK_TEST(applies_when_still_knows_at_acceptance_what_opened_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
