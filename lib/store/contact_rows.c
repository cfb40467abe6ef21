#include "store/contact_rows.h"

#include <math.h>

#include "domain/escalation.h"

/* In the order of the view contact_state, then of the score. */
enum column {
    COLUMN_CONTACT_ID,
    COLUMN_EMAIL,
    COLUMN_STAGE,
    COLUMN_REACHED,
    COLUMN_CHANNEL,
    COLUMN_JOURNEY_STEP,
    COLUMN_ATTRIBUTES,
    COLUMN_SOURCES,
    COLUMN_CONSENTS,
    COLUMN_CYCLE,
    COLUMN_NURTURE_UNTIL,
    COLUMN_RELEASED_AT,
    COLUMN_MERGED_INTO,
    COLUMN_VERSION,
    COLUMN_CREATED_AT,
    COLUMN_UPDATED_AT,
    COLUMN_HANDOFF_ID,
    COLUMN_HANDOFF_STATE,
    COLUMN_PURPOSE,
    COLUMN_HANDOFF_CYCLE,
    COLUMN_ASSIGNEE,
    COLUMN_TRIGGER,
    COLUMN_SNAPSHOT,
    COLUMN_OPENED_AT,
    COLUMN_ACCEPTED_AT,
    COLUMN_WORK_BY,
    COLUMN_CONTACTED_AT,
    COLUMN_QUALIFIED_AT,
    COLUMN_OPPORTUNITY_AT,
    COLUMN_CLOSED_AT,
    COLUMN_PAUSED_AT,
    COLUMN_PAUSED_UNTIL,
    COLUMN_PAUSE_REASON,
    COLUMN_ATTEMPTS,
    COLUMN_GPCT,
    COLUMN_DEAL,
    COLUMN_REASON,
    COLUMN_NOTE,
    COLUMN_HANDOFF_NURTURE_UNTIL,
    COLUMN_HISTORICAL,
    COLUMN_HANDOFF_VERSION,
    COLUMN_HANDOFF_UPDATED_AT,
    COLUMN_HANDOFF_CONTACT_ID,
    COLUMN_SCORE_AT,
    COLUMN_SCORE_POINTS,
    COLUMN_SCORE_FIT,
    COLUMN_SCORE_FIT_GRADE,
    COLUMN_SCORE_FIT_KNOWN,
    COLUMN_SCORE_GRADE,
    COLUMN_SCORE_DECISION,
    COLUMN_SCORE_RULE_ERRORS,
};

static void handoff_from_row(const struct rows *rows, size_t row, struct handoff *handoff)
{
    handoff->handoff_id = row_uuid(rows, row, COLUMN_HANDOFF_ID);
    if (uuid_is_nil(handoff->handoff_id)) {
        return;
    }
    const int state = name_index(handoff_state_names, row_text(rows, row, COLUMN_HANDOFF_STATE));
    const int purpose = name_index(purpose_names, row_text(rows, row, COLUMN_PURPOSE));
    handoff->state = state >= 0 ? (enum handoff_state)state : HANDOFF_OPEN;
    handoff->purpose = purpose >= 0 ? (enum purpose)purpose : PURPOSE_CLOSE;
    handoff->contact_id = row_uuid(rows, row, COLUMN_HANDOFF_CONTACT_ID);
    handoff->cycle = row_int(rows, row, COLUMN_HANDOFF_CYCLE);
    handoff->assignee = row_uuid(rows, row, COLUMN_ASSIGNEE);
    handoff->trigger = row_text(rows, row, COLUMN_TRIGGER);
    handoff->snapshot = row_text(rows, row, COLUMN_SNAPSHOT);
    handoff->opened_at_us = row_time(rows, row, COLUMN_OPENED_AT);
    handoff->submitted_at_us = TIME_NONE;
    handoff->assigned_at_us = TIME_NONE;
    handoff->accepted_at_us = row_time(rows, row, COLUMN_ACCEPTED_AT);
    handoff->work_by_us = row_time(rows, row, COLUMN_WORK_BY);
    handoff->contacted_at_us = row_time(rows, row, COLUMN_CONTACTED_AT);
    handoff->qualified_at_us = row_time(rows, row, COLUMN_QUALIFIED_AT);
    handoff->opportunity_at_us = row_time(rows, row, COLUMN_OPPORTUNITY_AT);
    handoff->closed_at_us = row_time(rows, row, COLUMN_CLOSED_AT);
    handoff->paused_at_us = row_time(rows, row, COLUMN_PAUSED_AT);
    handoff->paused_until_us = row_time(rows, row, COLUMN_PAUSED_UNTIL);
    handoff->pause_reason = row_text(rows, row, COLUMN_PAUSE_REASON);
    handoff->attempts = row_int(rows, row, COLUMN_ATTEMPTS);
    handoff->gpct = row_text(rows, row, COLUMN_GPCT);
    handoff->deal = row_text(rows, row, COLUMN_DEAL);
    handoff->reason = row_text(rows, row, COLUMN_REASON);
    handoff->note = row_text(rows, row, COLUMN_NOTE);
    handoff->nurture_until_us = row_time(rows, row, COLUMN_HANDOFF_NURTURE_UNTIL);
    handoff->is_historical = row_bool(rows, row, COLUMN_HISTORICAL);
    handoff->version = row_int(rows, row, COLUMN_HANDOFF_VERSION);
    handoff->updated_at_us = row_time(rows, row, COLUMN_HANDOFF_UPDATED_AT);
}

static void score_from_row(const struct rows *rows, size_t row, const struct model *model,
                           int32_t model_version, struct contact_score *score)
{
    score->model = model_version;
    interest_init(model, &score->interest);
    score->exists = score->is_stored = !row_is_null(rows, row, COLUMN_SCORE_GRADE);
    if (!score->exists) {
        return;
    }
    score->interest.at_us = row_time(rows, row, COLUMN_SCORE_AT);
    (void)row_reals(rows, row, COLUMN_SCORE_POINTS, score->interest.v, MODEL_INTEREST_RULES_MAX);
    score->fit = row_real(rows, row, COLUMN_SCORE_FIT);
    score->fit_known = row_real(rows, row, COLUMN_SCORE_FIT_KNOWN);
    const struct str fit_grade = row_text(rows, row, COLUMN_SCORE_FIT_GRADE);
    score->fit_grade = fit_grade.len == 1 ? (enum fit_grade)(fit_grade.data[0] - 'A') : FIT_D;
    const struct str grade = row_text(rows, row, COLUMN_SCORE_GRADE);
    if (grade.len == GRADE_TEXT_BYTES - 1) {
        memcpy(score->grade, grade.data, grade.len);
    }
    if (!decision_parse(row_text(rows, row, COLUMN_SCORE_DECISION), &score->decision)) {
        score->decision = DECISION_STAY;
    }
    score->rule_errors = row_int(rows, row, COLUMN_SCORE_RULE_ERRORS);
}

enum err_code contact_from_row(const struct rows *rows, size_t row, const struct model *model,
                               int32_t model_version, struct arena *arena, struct contact *contact,
                               struct err *reterr)
{
    contact->contact_id = row_uuid(rows, row, COLUMN_CONTACT_ID);
    contact->email = row_text(rows, row, COLUMN_EMAIL);
    contact->stage = (enum stage)name_index(stage_names, row_text(rows, row, COLUMN_STAGE));
    contact->reached = (enum stage)name_index(stage_names, row_text(rows, row, COLUMN_REACHED));
    contact->channel = row_text(rows, row, COLUMN_CHANNEL);
    contact->journey_step = row_text(rows, row, COLUMN_JOURNEY_STEP);
    contact->cycle = row_int(rows, row, COLUMN_CYCLE);
    contact->nurture_until_us = row_time(rows, row, COLUMN_NURTURE_UNTIL);
    contact->released_at_us = row_time(rows, row, COLUMN_RELEASED_AT);
    contact->merged_into = row_uuid(rows, row, COLUMN_MERGED_INTO);
    contact->version = row_int(rows, row, COLUMN_VERSION);
    contact->created_at_us = row_time(rows, row, COLUMN_CREATED_AT);
    contact->updated_at_us = row_time(rows, row, COLUMN_UPDATED_AT);
    contact->foreseen_at_us = TIME_NONE;
    handoff_from_row(rows, row, &contact->handoff);
    score_from_row(rows, row, model, model_version, &contact->score);
    const enum err_code code =
        contact_read_attributes(contact, row_text(rows, row, COLUMN_ATTRIBUTES),
                                row_text(rows, row, COLUMN_SOURCES), arena, reterr);
    return code != OK ? code
                      : contact_read_consents(contact, row_text(rows, row, COLUMN_CONSENTS), arena,
                                              reterr);
}

void clock_from_row(const struct rows *rows, size_t row, struct clock_record *clock)
{
    clock->clock_id = row_uuid(rows, row, 1);
    clock->handoff_id = row_uuid(rows, row, 2);
    clock->kind = row_text(rows, row, 3);
    clock->policy_id = row_uuid(rows, row, 4);
    clock->policy = row_text(rows, row, 5);
    const int state = name_index(clock_state_names, row_text(rows, row, 6));
    clock->state = state >= 0 ? (enum clock_state)state : CLOCK_RUNNING;
    clock->started_at_us = row_time(rows, row, 7);
    clock->asked_at_us = TIME_NONE; /* written once, when it starts */
    clock->due_at_us = row_time(rows, row, 8);
    clock->original_due_at_us = TIME_NONE;
    clock->warning_count =
        row_times(rows, row, 9, clock->warnings_us, ARRAY_LEN(clock->warnings_us));
    clock->paused_at_us = row_time(rows, row, 10);
    clock->paused_seconds = row_real(rows, row, 11);
    clock->attempts_needed = row_int(rows, row, 12);
    clock->met_at_us = row_time(rows, row, 13);
    clock->evidence_at_us = TIME_NONE;
    clock->breached_at_us = row_time(rows, row, 14);
    clock->ended_at_us = row_time(rows, row, 15);
    clock->end_reason = row_text(rows, row, 16);
    clock->calendar_id = row_uuid(rows, row, 17);
    clock->calendar_version = row_int(rows, row, 18);
    clock->step_count = row_times(rows, row, 19, clock->steps_us, ARRAY_LEN(clock->steps_us));
    struct str steps = row_text(rows, row, 20);
    for (size_t i = 0; i < clock->step_count; i++) {
        const int step = name_index(escalation_names, str_cut(&steps, ','));
        clock->steps[i] = step >= 0 ? (enum escalation)step : ESCALATE_ASSIGNEE;
    }
}
