/* Proves: whom an event concerns, when a mail may go, and what is not worth telling any more. */
#include "testing.h"

#include "domain/notification.h"

static const struct uuid rep_id = {{1}};
static const struct uuid other_id = {{2}};

static struct member member_of(enum team team, bool is_manager, struct uuid id)
{
    struct member member = {
        .id = id,
        .name = STR_LITERAL("Sami"),
        .email = STR_LITERAL("sami@example.com"),
        .team = team,
        .is_manager = is_manager,
        .is_active = true,
        .hours = default_working_hours,
        .digest_minute = 7 * 60,
    };
    for (unsigned i = 0; i < NOTIFY_KIND_COUNT_; i++)
        member.notify[i] = NOTIFY_AT_ONCE;
    return member;
}

static bool is_told(enum notification_kind kind, struct uuid assignee, struct member member)
{
    const struct notification_event event = {.kind = kind, .assignee = assignee};
    return notification_for_member(&event, &member) == NOTIFY_AT_ONCE;
}

static void test_who_has_to_act_or_to_know_is_told(void **state)
{
    (void)state;
    const struct uuid nobody = {{0}};
    const struct member rep = member_of(TEAM_SALES, false, rep_id);
    const struct member colleague = member_of(TEAM_SALES, false, other_id);
    const struct member boss = member_of(TEAM_SALES, true, other_id);
    const struct member marketer = member_of(TEAM_MARKETING, false, other_id);
    const struct member technician = member_of(TEAM_OPERATIONS, true, other_id);
    assert_true(is_told(NOTIFY_NEW_MQL, nobody, rep) && is_told(NOTIFY_NEW_MQL, rep_id, rep));
    assert_false(is_told(NOTIFY_NEW_MQL, rep_id, colleague));
    assert_true(is_told(NOTIFY_ASSIGNED, rep_id, rep) && !is_told(NOTIFY_ASSIGNED, rep_id, boss));
    assert_true(is_told(NOTIFY_BREACH, rep_id, rep) && is_told(NOTIFY_BREACH, rep_id, boss));
    assert_false(is_told(NOTIFY_BREACH, rep_id, colleague));
    assert_true(is_told(NOTIFY_WARNING, nobody, colleague));
    assert_true(is_told(NOTIFY_REFUSAL, rep_id, marketer) && !is_told(NOTIFY_REFUSAL, rep_id, rep));
    assert_true(is_told(NOTIFY_NEW_OFFER, nobody, rep) &&
                !is_told(NOTIFY_NEW_OFFER, nobody, marketer));
    for (unsigned kind = 0; kind < NOTIFY_KIND_COUNT_; kind++)
        assert_false(is_told((enum notification_kind)kind, nobody, technician));
}

static bool hears(enum escalation step, struct uuid assignee, struct uuid named,
                  struct member member)
{
    const struct notification_event event = {
        .kind = NOTIFY_ESCALATION,
        .assignee = assignee,
        .step = step,
        .named = {named},
        .named_count = uuid_is_nil(named) ? 0 : 1,
    };
    return notification_for_member(&event, &member) == NOTIFY_AT_ONCE;
}

static void test_each_step_of_a_ladder_tells_whom_it_names(void **state)
{
    (void)state;
    const struct uuid nobody = {{0}};
    const struct member rep = member_of(TEAM_SALES, false, rep_id);
    const struct member colleague = member_of(TEAM_SALES, false, other_id);
    const struct member boss = member_of(TEAM_SALES, true, other_id);
    const struct member chief = member_of(TEAM_MARKETING, true, other_id);
    assert_true(hears(ESCALATE_ASSIGNEE, rep_id, rep_id, rep));
    assert_false(hears(ESCALATE_ASSIGNEE, rep_id, rep_id, boss));
    assert_true(hears(ESCALATE_ASSIGNEE, nobody, nobody, colleague));
    /* Away without anybody who stands in: the managers, not everybody. */
    assert_true(hears(ESCALATE_ASSIGNEE, rep_id, nobody, boss));
    assert_false(hears(ESCALATE_ASSIGNEE, rep_id, nobody, colleague));
    assert_true(hears(ESCALATE_MANAGER, rep_id, other_id, boss));
    assert_false(hears(ESCALATE_MANAGER, rep_id, other_id, rep));
    assert_true(hears(ESCALATE_PROPOSE, nobody, rep_id, rep) &&
                hears(ESCALATE_PROPOSE, nobody, rep_id, boss));
    assert_false(hears(ESCALATE_PROPOSE, nobody, rep_id, chief));
    /* Who gets it is told of that. */
    assert_true(hears(ESCALATE_REASSIGN, rep_id, rep_id, boss));
    assert_false(hears(ESCALATE_REASSIGN, rep_id, rep_id, rep));
}

static void test_of_one_promise_the_last_news_is_told(void **state)
{
    (void)state;
    const struct uuid clock = {{7}};
    const struct uuid other_clock = {{8}};
    const struct notification_facts facts[] = {
        {.kind = NOTIFY_WARNING,   .clock_id = clock},
        {.kind = NOTIFY_WARNING,                        .clock_id = other_clock},
        {.kind = NOTIFY_NEW_MQL},
        {.kind = NOTIFY_BREACH,   .clock_id = clock},
        {.kind = NOTIFY_ESCALATION,    .clock_id = clock},
        {.kind = NOTIFY_NEW_MQL                       },
    };
    static const bool superseded[] = {true, false, false, true, false, false};
    for (size_t i = 0; i < ARRAY_LEN(facts); i++)
        assert_int_equal(notification_is_superseded(facts, ARRAY_LEN(facts), i), superseded[i]);
}

static void test_who_did_it_or_cannot_be_reached_is_not_told(void **state)
{
    (void)state;
    struct member rep = member_of(TEAM_SALES, false, rep_id);
    const struct notification_event own = {
        .kind = NOTIFY_ASSIGNED, .assignee = rep_id, .actor = rep_id};
    assert_int_equal(notification_for_member(&own, &rep), NOTIFY_NONE);
    rep.is_active = false;
    assert_false(is_told(NOTIFY_ASSIGNED, rep_id, rep));
    rep.is_active = true;
    rep.email = (struct str){.data = NULL};
    assert_false(is_told(NOTIFY_ASSIGNED, rep_id, rep));
}

static void test_a_chat_is_told_what_its_team_wants(void **state)
{
    (void)state;
    struct organisation organisation = {.name = STR_LITERAL("Acme")};
    const struct notification_event event = {.kind = NOTIFY_BREACH};
    organisation.chat[TEAM_SALES].kinds = notification_chat_default(TEAM_SALES);
    assert_false(notification_for_team(&event, &organisation, TEAM_SALES));
    organisation.chat[TEAM_SALES].url = STR_LITERAL("https://chat.example/x");
    assert_true(notification_for_team(&event, &organisation, TEAM_SALES));
    organisation.chat[TEAM_SALES].kinds = 1U << NOTIFY_NEW_OFFER;
    assert_false(notification_for_team(&event, &organisation, TEAM_SALES));
}

static void test_every_type_of_event_has_a_kind(void **state)
{
    (void)state;
    enum notification_kind kind;
    for (size_t i = 0; notification_event_types[i] != NULL; i++)
        assert_true(notification_kind_of(str_from(notification_event_types[i]), &kind));
    assert_false(notification_kind_of(STR_LITERAL("contact.created"), &kind));
}

static void test_a_local_time_is_read_or_refused(void **state)
{
    (void)state;
    const struct notification_time time =
        notification_time_parse(STR_LITERAL("2 24 11 2026 09 30"));
    assert_true(time.is_known && time.weekday == 2 && time.day == 24 && time.month == 11 &&
                time.year == 2026 && time.hour == 9 && time.minute == 30);
    static const char *const wrong[] = {"", "2 24 11 2026 09", "8 24 11 2026 09 30",
                                        "2 24 13 2026 09 30", "x 24 11 2026 09 30"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(notification_time_parse(str_from(wrong[i])).is_known);
    assert_false(notification_time_parse((struct str){.data = NULL}).is_known);
}

static bool may_go(enum notification_mode mode, const char *now)
{
    const struct member rep = member_of(TEAM_SALES, false, rep_id);
    const struct notification_time time = notification_time_parse(str_from(now));
    return notification_may_go(&rep, mode, &time);
}

static void test_a_mail_goes_within_the_hours(void **state)
{
    (void)state;
    assert_false(may_go(NOTIFY_AT_ONCE, "1 23 11 2026 07 59"));
    assert_true(may_go(NOTIFY_AT_ONCE, "1 23 11 2026 08 00"));
    assert_true(may_go(NOTIFY_AT_ONCE, "5 27 11 2026 18 59"));
    assert_false(may_go(NOTIFY_AT_ONCE, "5 27 11 2026 19 00"));
    assert_false(may_go(NOTIFY_AT_ONCE, "6 28 11 2026 12 00"));
    assert_true(may_go(NOTIFY_DIGEST, "1 23 11 2026 07 00"));
    assert_false(may_go(NOTIFY_DIGEST, "1 23 11 2026 06 59"));
    assert_false(may_go(NOTIFY_DIGEST, "6 28 11 2026 07 00"));
}

static const char *over(struct notification_facts facts)
{
    const struct member rep = member_of(TEAM_SALES, false, rep_id);
    facts.has_handoff = true;
    return notification_is_over(&facts, &rep);
}

static void test_only_what_still_stands_is_told(void **state)
{
    (void)state;
    assert_null(over(
        (struct notification_facts){.kind = NOTIFY_NEW_MQL, .handoff_state = STR_LITERAL("open")}));
    assert_string_equal(over((struct notification_facts){.kind = NOTIFY_NEW_MQL,
                                                         .handoff_state = STR_LITERAL("accepted")}),
                        "handled");
    assert_null(over((struct notification_facts){.kind = NOTIFY_ASSIGNED, .assignee = rep_id}));
    assert_string_equal(
        over((struct notification_facts){.kind = NOTIFY_ASSIGNED, .assignee = other_id}),
        "reassigned");
    assert_null(over((struct notification_facts){.kind = NOTIFY_BREACH,
                                                 .clock_state = STR_LITERAL("breached")}));
    assert_string_equal(over((struct notification_facts){.kind = NOTIFY_BREACH,
                                                         .clock_state = STR_LITERAL("breached"),
                                                         .is_met = true}),
                        "met");
    assert_string_equal(over((struct notification_facts){.kind = NOTIFY_WARNING,
                                                         .clock_state = STR_LITERAL("paused")}),
                        "changed");
    assert_string_equal(
        over((struct notification_facts){.kind = NOTIFY_REFUSAL, .is_erased = true}), "erased");
    const struct notification_facts offer = {.kind = NOTIFY_NEW_OFFER};
    assert_null(notification_is_over(&offer, /* member= */ NULL));
    assert_null(over((struct notification_facts){.kind = NOTIFY_ESCALATION,
                                                 .clock_state = STR_LITERAL("running")}));
    assert_string_equal(over((struct notification_facts){.kind = NOTIFY_ESCALATION,
                                                         .clock_state = STR_LITERAL("paused")}),
                        "changed");
    assert_null(
        over((struct notification_facts){.kind = NOTIFY_COMMITMENT_AT_RISK, .is_judged = true}));
    assert_null(
        over((struct notification_facts){.kind = NOTIFY_COMMITMENT_AT_RISK, .is_forecast = true}));
    assert_string_equal(over((struct notification_facts){.kind = NOTIFY_COMMITMENT_AT_RISK,
                                                         .is_forecast = true,
                                                         .has_recovered = true}),
                        "recovered");
    assert_string_equal(over((struct notification_facts){.kind = NOTIFY_COMMITMENT_AT_RISK,
                                                         .is_forecast = true,
                                                         .is_judged = true}),
                        "judged");
    const struct notification_facts none = {.kind = NOTIFY_BREACH};
    assert_string_equal(notification_is_over(&none, /* member= */ NULL), "gone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_has_to_act_or_to_know_is_told),
        cmocka_unit_test(test_each_step_of_a_ladder_tells_whom_it_names),
        cmocka_unit_test(test_of_one_promise_the_last_news_is_told),
        cmocka_unit_test(test_who_did_it_or_cannot_be_reached_is_not_told),
        cmocka_unit_test(test_a_chat_is_told_what_its_team_wants),
        cmocka_unit_test(test_every_type_of_event_has_a_kind),
        cmocka_unit_test(test_a_local_time_is_read_or_refused),
        cmocka_unit_test(test_a_mail_goes_within_the_hours),
        cmocka_unit_test(test_only_what_still_stands_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
