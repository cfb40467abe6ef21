/*
 * What holds for all inputs: the interest does not depend on the order of arrival, any sequence of
 * inputs leaves a consistent contact (looked at after each input by the desk), and an allocation
 * that fails ends the batch instead of half a change.
 */
#include "test_domain_change_support.h"

#include "domain/score.h"

/* ---- order of arrival ---- */

enum { ACTIVITIES_MAX = 30, ORDERS = 4, ROUNDS = 25 };

struct happening {
    const char *kind;
    const char *offer;
    int64_t at_us;
    struct uuid id;
};

static void shuffle(struct random *random, size_t order[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        const size_t k = (size_t)random_below(random, i);
        const size_t swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
}

static size_t happen(struct random *random, int64_t now_us, struct happening out[])
{
    static const char *const kinds[] = {"page_view",        "subscription", "form_submission",
                                        "webinar_attended", "demo_request", "email_click"};
    static const char *const offers[] = {NULL, "ebook", "paper", "choosing", "tour"};
    const size_t count = 1 + (size_t)random_below(random, ACTIVITIES_MAX);
    /* Few instants, so that some share one; some of them in the minutes ahead that are allowed. */
    const uint64_t instants = 1 + random_below(random, 40);
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct happening){
            .kind = kinds[random_below(random, ARRAY_LEN(kinds))],
            .offer = offers[random_below(random, ARRAY_LEN(offers))],
            .at_us = now_us + 240 * US_PER_SECOND -
                     (int64_t)random_below(random, instants) * 53 * US_PER_HOUR +
                     (int64_t)random_below(random, 3) * 400,
            .id = uuid_new(now_us),
        };
    }
    return count;
}

/* All of it, in this order of arrival, in batches of any size. */
static struct person *arrive(struct desk *desk, struct random *random, const char *email,
                             const struct happening happenings[], const size_t order[],
                             size_t count)
{
    struct person *person = desk_person(desk, email);
    struct step steps[ACTIVITIES_MAX];
    for (size_t done = 0; done < count;) {
        size_t size = 1 + (size_t)random_below(random, 5);
        size = size < count - done ? size : count - done;
        for (size_t i = 0; i < size; i++) {
            const struct happening *happening = &happenings[order[done + i]];
            struct input *input = desk_activity(desk, happening->kind, happening->at_us);
            input->activity.offer = str_from(happening->offer);
            input->activity.id = happening->id;
            steps[i] = (struct step){.person = person, .input = input};
        }
        desk_batch(desk, steps, size);
        done += size;
    }
    return person;
}

static void assert_same_interest(const struct interest *a, const struct interest *b)
{
    assert_int_equal(a->at_us, b->at_us);
    assert_int_equal(a->rule_count, b->rule_count);
    assert_memory_equal(a->v, b->v, a->rule_count * sizeof a->v[0]);
}

/* The interest that the stored activities define. */
static struct interest defined_by(struct desk *desk, const struct person *person)
{
    struct history history = {.activities = NULL};
    for (size_t i = 0; i < person->activity_count; i++) {
        const struct activity_row *row = &person->activities[i];
        assert_int_equal(
            history_add(&history, &row->facts, row->input->activity.properties, &desk->arena), OK);
    }
    int32_t version;
    struct history_score score;
    assert_int_equal(score_recompute(catalog_active_model(desk->catalog, &version),
                                     history.activities, history.count, &desk->arena,
                                     &desk->scratch, &score),
                     OK);
    history_done(&history);
    return score.interest;
}

static void the_order_of_arrival_does_not_matter(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (size_t round = 0; round < ROUNDS; round++) {
        struct desk *desk = calloc(1, sizeof *desk);
        assert_non_null(desk);
        desk_init(desk);
        desk_open(desk);
        struct happening happenings[ACTIVITIES_MAX];
        const size_t count = happen(&random, desk->now_us, happenings);
        struct person *first = NULL;
        for (size_t i = 0; i < ORDERS; i++) {
            size_t order[ACTIVITIES_MAX];
            shuffle(&random, order, count);
            /* Once with every history at hand: both ways give the same bits. */
            desk->loads_all = i == 0;
            struct person *person = arrive(desk, &random,
                                           arena_printf(&desk->arena, "a%zu@example.com", i),
                                           happenings, order, count);
            first = first != NULL ? first : person;
            const struct interest defined = defined_by(desk, person);
            assert_same_interest(&person->contact.score.interest, &defined);
            assert_same_interest(&person->contact.score.interest, &first->contact.score.interest);
        }
        desk_done(desk);
        free(desk);
    }
}

/* ---- any sequence ---- */

static struct input *any_evidence(struct desk *desk, struct random *random)
{
    static const char *const forms[] = {"guide", "paper", "choosing", "demo", "news", "quiet"};
    static const char *const titles[] = {"VP IT", "Étudiant", "", "Comptable"};
    struct input *input = desk_submission(desk, forms[random_below(random, ARRAY_LEN(forms))]);
    claim_text(input, "job_title", titles[random_below(random, ARRAY_LEN(titles))]);
    claim_number(input, "company_size", random_below(random, 2) == 0 ? "5000" : "3");
    if (random_below(random, 3) == 0)
        claim_consent(input, "marketing_email", random_below(random, 2) == 0);
    if (random_below(random, 3) == 0)
        input->activity.occurred_at_us = desk->now_us -
                                         (int64_t)random_below(random, 86400) * US_PER_SECOND;
    return input;
}

static struct input *any_move(struct desk *desk, struct random *random, const struct person *person)
{
    /* The road to a deal more often than its ditches. */
    static const enum move moves[] = {MOVE_ACCEPT,  MOVE_ACCEPT,      MOVE_ATTEMPTS, MOVE_ATTEMPTS,
                                      MOVE_QUALIFY, MOVE_OPPORTUNITY, MOVE_WIN,      MOVE_LOSE,
                                      MOVE_RECYCLE, MOVE_REJECT,      MOVE_ASSIGN,   MOVE_PAUSE,
                                      MOVE_RESUME,  MOVE_FEEDBACK};
    const enum move move = moves[random_below(random, ARRAY_LEN(moves))];
    if (uuid_is_nil(person->contact.handoff.handoff_id))
        return any_evidence(desk, random);
    struct input *input = desk_move(desk, person, move);
    if (move == MOVE_PAUSE)
        input->move.until_us = desk->now_us + (int64_t)(1 + random_below(random, 72)) * US_PER_HOUR;
    return random_below(random, 2) == 0 ? by_member(input) : input;
}

static struct input *any_input(struct desk *desk, struct random *random,
                               const struct person *person)
{
    const uint64_t dice = random_below(random, 20);
    struct input *input = NULL;
    if (dice < 6 || !person->is_made)
        return any_evidence(desk, random);
    if (dice < 14)
        return any_move(desk, random, person);
    if (dice < 16) {
        input = desk_input(desk, dice == 14 ? INPUT_PATCH : INPUT_UPSERT);
        claim_text(input, "job_title", dice == 14 ? NULL : "Directrice");
        claim_consent(input, "marketing_email", random_below(random, 2) == 0);
    } else if (dice == 16) {
        input = desk_input(desk, INPUT_HANDOFF);
        input->purpose = (enum purpose)random_below(random, PURPOSE_COUNT_);
        input->reason = STR_LITERAL(BY_HAND);
    } else if (dice == 17) {
        input = desk_input(desk, INPUT_DECISION);
        input->decision = (enum decision)random_below(random, DECISION_REVIEW + 1);
    } else if (dice == 18) {
        input = desk_input(desk, INPUT_REQUALIFY);
        input->reason = STR_LITERAL(BY_HAND);
    } else {
        input = desk_input(desk, INPUT_DEAL);
        input->deal.kind = STR_LITERAL("new");
        input->is_historical = random_below(random, 2) == 0;
    }
    return input;
}

static bool is_merged(const struct person *person)
{
    return !uuid_is_nil(person->contact.merged_into);
}

static void any_batch(struct desk *desk, struct random *random)
{
    struct step steps[4];
    size_t count = 0;
    const size_t wanted = 1 + (size_t)random_below(random, ARRAY_LEN(steps));
    while (count < wanted) {
        struct person *person = &desk->people[random_below(random, desk->person_count)];
        if (!is_merged(person))
            steps[count++] =
                (struct step){.person = person, .input = any_input(desk, random, person)};
    }
    desk_batch(desk, steps, count);
}

static void maybe_merge(struct desk *desk, struct random *random)
{
    struct person *duplicate = &desk->people[random_below(random, desk->person_count)];
    struct person *survivor = &desk->people[random_below(random, desk->person_count)];
    if (duplicate != survivor && duplicate->is_made && survivor->is_made && !is_merged(duplicate) &&
        !is_merged(survivor))
        desk_merge(desk, duplicate, survivor);
}

static void any_sequence_leaves_consistent_contacts(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (size_t round = 0; round < ROUNDS; round++) {
        struct desk *desk = calloc(1, sizeof *desk);
        assert_non_null(desk);
        desk_init(desk);
        desk_policy(desk, 1,
                    "\"position\":2,\"kind\":\"acceptance\",\"starts\":\"mql\","
                    "\"target\":\"PT4H\",\"warn_at\":[0.1,0.9]");
        desk_policy(desk, 2,
                    "\"position\":3,\"kind\":\"qualification\",\"starts\":\"accepted\","
                    "\"target\":\"P2D\",\"warn_at\":[]");
        desk_policy(desk, 3,
                    "\"position\":4,\"kind\":\"attempts\",\"starts\":\"accepted\","
                    "\"attempts\":2,\"target\":\"P2D\",\"warn_at\":[]");
        desk_open(desk);
        for (size_t i = 0; i < 5; i++)
            (void)desk_person(desk, arena_printf(&desk->arena, "a%zu@example.com", i));
        for (size_t i = 0; i < 60; i++) {
            desk_pass(desk, (int64_t)random_below(&random, 20 * 3600) * US_PER_SECOND);
            any_batch(desk, &random);
            if (random_below(&random, 40) == 0)
                maybe_merge(desk, &random);
        }
        for (size_t i = 0; i < desk->person_count; i++) {
            const struct person *person = &desk->people[i];
            if (!person->is_made || is_merged(person))
                continue;
            const struct interest defined = defined_by(desk, person);
            assert_same_interest(&person->contact.score.interest, &defined);
        }
        desk_done(desk);
        free(desk);
    }
}

/* ---- allocations that fail ---- */

/* With arrays of its own: what is decided about the copy leaves the original alone. */
static void copy_contact(const struct contact *from, struct arena *arena, struct contact *to)
{
    *to = *from;
    to->attributes = NULL;
    to->attribute_count = to->attribute_capacity = 0;
    for (size_t i = 0; i < from->attribute_count; i++)
        *contact_add_attribute(to, arena) = from->attributes[i];
    to->consents = NULL;
    to->consent_count = to->consent_capacity = 0;
    for (size_t i = 0; i < from->consent_count; i++)
        *contact_add_consent(to, arena) = from->consents[i];
    to->history = (struct history){.is_loaded = from->history.is_loaded};
    for (size_t i = 0; i < from->history.count; i++)
        assert_int_equal(history_add_facts(&to->history, &from->history.activities[i], arena), OK);
}

struct attempt {
    struct desk *desk;
    const struct step *step;
    const char *expected; /* what an attempt that succeeds leaves; NULL: take it from this one */
};

/* Ids are new each time. */
static const char *without_ids(const char *text, struct arena *arena)
{
    char *copy = arena_strdup(arena, text);
    for (char *at = copy; strlen(at) >= UUID_TEXT_BYTES - 1; at++) {
        struct uuid ignored;
        if (uuid_parse(str_slice(at, UUID_TEXT_BYTES - 1), &ignored))
            memset(at, 'U', UUID_TEXT_BYTES - 1);
    }
    return copy;
}

static const char *outcome(const struct effects *effects, const struct contact *contact,
                           const struct contact *other, const struct input *input,
                           struct arena *arena)
{
    const char *text = arena_printf(
        arena, "%s %s\n%s\n%s\n%zu", err_name(input->result.code),
        input->result.detail != NULL ? input->result.detail : "", everything(contact, arena),
        other != NULL ? everything(other, arena) : "", effect_count(effects));
    for (size_t i = 0; i < effects->events.count; i++)
        text = arena_printf(arena, "%s\n%s %s", text, effects->events.items[i].type,
                            effects->events.items[i].data.data);
    return without_ids(text, arena);
}

/* Decides a copy; of the allocations the first `allowed` work (-1: all). False: out of memory. */
static bool try_with(struct attempt *attempt, int allowed)
{
    struct desk *desk = attempt->desk;
    struct arena arena;
    struct arena scratch;
    arena_init(&arena, (size_t)1 << 26);
    arena_init(&scratch, MODEL_SCRATCH_BYTES);
    struct arena copies; /* made before the failures begin */
    arena_init(&copies, (size_t)1 << 26);
    const bool has_other = attempt->step->other != NULL;
    struct contact contact;
    struct contact other;
    struct input input = *attempt->step->input;
    input.arena = &arena;
    struct effects effects = {
        .arena = &arena, .scratch = &scratch, .catalog = desk->catalog, .now_us = desk->now_us};
    copy_contact(&attempt->step->person->contact, &copies, &contact);
    if (has_other)
        copy_contact(&attempt->step->other->contact, &copies, &other);
    mem_fail_after(allowed);
    const enum err_code code = change_decide(&contact, has_other ? &other : NULL, &input, &effects);
    mem_fail_after(-1);
    if (code == OK) {
        const char *text =
            outcome(&effects, &contact, has_other ? &other : NULL, &input, &desk->arena);
        if (attempt->expected == NULL)
            attempt->expected = text;
        assert_string_equal(text, attempt->expected);
    } else {
        assert_int_equal(code, ERR_NOMEM);
    }
    history_done(&contact.history);
    if (has_other)
        history_done(&other.history);
    arena_done(&arena);
    arena_done(&scratch);
    arena_done(&copies);
    return code == OK;
}

static void fail_each(struct desk *desk, struct person *person, struct input *input,
                      struct person *other)
{
    struct step step = {.person = person, .input = input, .other = other};
    desk->loads_all = true;
    desk_begin_batch(desk, &step, 1);
    struct attempt attempt = {.desk = desk, .step = &step};
    assert_true(try_with(&attempt, -1));
    int allowed = 0;
    while (!try_with(&attempt, allowed)) {
        allowed++;
        assert_true(allowed < 10000);
    }
    assert_true(allowed > 0);
    desk->loads_all = false;
}

static struct input *full_submission(struct desk *desk, const char *form)
{
    struct input *input = as_vp(desk_submission(desk, form));
    input->activity.channel = STR_LITERAL("social");
    claim_consent(input, "marketing_email", true);
    return input;
}

static void evidence_without_memory(void **state)
{
    struct desk *desk = *state;
    desk_policy(desk, 1,
                "\"position\":1,\"kind\":\"acceptance\",\"starts\":\"mql\","
                "\"target\":\"PT4H\",\"warn_at\":[0.5],\"applies_when\":{\"==\":[{"
                "\"var\":\"offer_kind\"},\"ebook\"]}");
    desk_open(desk);
    struct person *person = desk_person(desk, "a@example.com");
    desk_do(desk, person, desk_submission(desk, "news"));
    desk_pass(desk, US_PER_DAY);
    fail_each(desk, person, full_submission(desk, "guide"), NULL); /* becomes an MQL */
    struct input *input = desk_activity(desk, "page_view", desk->now_us - 7 * US_PER_DAY);
    input->activity.properties = STR_LITERAL("{\"a\":[1,2]}");
    fail_each(desk, person, input, NULL); /* comes late */
    input = as_vp(desk_input(desk, INPUT_PATCH));
    input->activity.channel = STR_LITERAL("event");
    fail_each(desk, person, input, NULL);
    input = as_vp(desk_input(desk, INPUT_UPSERT));
    input->stage = STAGE_LEAD;
    fail_each(desk, person, input, NULL);
    input = desk_input(desk, INPUT_HANDOFF);
    input->reason = STR_LITERAL(BY_HAND);
    fail_each(desk, person, input, NULL);
    input = desk_input(desk, INPUT_DEAL);
    input->deal.kind = STR_LITERAL("new");
    fail_each(desk, person, input, NULL);
    desk_do(desk, person, desk_submission(desk, "guide"));
    assert_decision(person, "D2", "review");
    input = desk_input(desk, INPUT_DECISION);
    input->decision = DECISION_MQL;
    fail_each(desk, person, input, NULL);
}

static void moves_without_memory(void **state)
{
    struct desk *desk = *state;
    static const struct {
        enum handoff_state state;
        enum move move;
    } cases[] = {
        {HANDOFF_OPEN,        MOVE_ACCEPT     },
        {HANDOFF_ACCEPTED,    MOVE_ATTEMPTS   },
        {HANDOFF_CONTACTED,   MOVE_QUALIFY    },
        {HANDOFF_QUALIFIED,   MOVE_OPPORTUNITY},
        {HANDOFF_OPPORTUNITY, MOVE_WIN        },
        {HANDOFF_QUALIFIED,   MOVE_LOSE       },
        {HANDOFF_OPEN,        MOVE_RECYCLE    },
        {HANDOFF_OPEN,        MOVE_REJECT     },
        {HANDOFF_OPEN,        MOVE_ASSIGN     },
        {HANDOFF_OPEN,        MOVE_PAUSE      },
        {HANDOFF_OPEN,        MOVE_FEEDBACK   },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct person *person = desk_handoff_in(
            desk, arena_printf(&desk->arena, "a%zu@example.com", i), cases[i].state);
        desk_pass(desk, US_PER_HOUR);
        struct input *input = desk_move(desk, person, cases[i].move);
        input->move.note = STR_LITERAL(BY_HAND);
        fail_each(desk, person, input, NULL);
    }
    struct person *person = &desk->people[0];
    struct input *input = desk_move(desk, person, MOVE_PAUSE);
    input->move.until_us = desk->now_us - 1;
    fail_each(desk, person, input, NULL); /* a refusal needs memory for its faults */
    desk_do(desk, person, desk_move(desk, person, MOVE_REJECT));
    input = desk_input(desk, INPUT_REQUALIFY);
    input->reason = STR_LITERAL(BY_HAND);
    fail_each(desk, person, input, NULL);
}

static void merges_without_memory(void **state)
{
    struct desk *desk = *state;
    struct person *survivor = desk_mql(desk, "a@example.com");
    struct person *duplicate = desk_handoff_in(desk, "b@example.com", HANDOFF_CONTACTED);
    desk_do(desk, duplicate, full_submission(desk, "guide"));
    fail_each(desk, duplicate, desk_input(desk, INPUT_MERGE), survivor);
    fail_each(desk, survivor, desk_input(desk, INPUT_MERGE), duplicate);
}

static void beginning_without_memory(void **state)
{
    struct desk *desk = *state;
    struct arena arena;
    arena_init(&arena, 4096);
    struct effects effects = {.arena = &arena, .catalog = desk->catalog, .now_us = desk->now_us};
    struct input *input = desk_submission(desk, "guide");
    input->email = STR_LITERAL("a@example.com");
    struct contact contact;
    mem_fail_after(0);
    const enum err_code code = contact_begin(&contact, uuid_new(desk->now_us), input, &effects);
    mem_fail_after(-1);
    assert_int_equal(code, ERR_NOMEM);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_arrival_does_not_matter),
        cmocka_unit_test(any_sequence_leaves_consistent_contacts),
        CLOSED_DESK_TEST(evidence_without_memory),
        DESK_TEST(moves_without_memory),
        DESK_TEST(merges_without_memory),
        DESK_TEST(beginning_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
