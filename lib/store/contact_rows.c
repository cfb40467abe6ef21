#include "store/contact_rows.h"

#include <math.h>

#include "domain/escalation.h"

/* In the order of the view contact_state: the contact, its latest handoff, then the score, where
 * one follows. contact_read.sql has the first part, the handoff's id, the score and
 * where its row is. */
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
    COLUMN_HANDOFF,
};

enum handoff_column {
    HANDOFF_ID,
    HANDOFF_STATE,
    HANDOFF_PURPOSE,
    HANDOFF_CYCLE,
    HANDOFF_ASSIGNEE,
    HANDOFF_TRIGGER,
    HANDOFF_SNAPSHOT,
    HANDOFF_OPENED_AT,
    HANDOFF_ACCEPTED_AT,
    HANDOFF_WORK_BY,
    HANDOFF_CONTACTED_AT,
    HANDOFF_QUALIFIED_AT,
    HANDOFF_OPPORTUNITY_AT,
    HANDOFF_CLOSED_AT,
    HANDOFF_PAUSED_AT,
    HANDOFF_PAUSED_UNTIL,
    HANDOFF_PAUSE_REASON,
    HANDOFF_ATTEMPTS,
    HANDOFF_GPCT,
    HANDOFF_DEAL,
    HANDOFF_REASON,
    HANDOFF_NOTE,
    HANDOFF_NURTURE_UNTIL,
    HANDOFF_HISTORICAL,
    HANDOFF_VERSION,
    HANDOFF_UPDATED_AT,
    HANDOFF_CONTACT_ID,
    HANDOFF_COLUMN_COUNT_,
};

enum score_column {
    SCORE_AT,
    SCORE_POINTS,
    SCORE_FIT,
    SCORE_FIT_GRADE,
    SCORE_FIT_KNOWN,
    SCORE_GRADE,
    SCORE_DECISION,
    SCORE_RULE_ERRORS,
    SCORE_COLUMN_COUNT_,
};

static void handoff_from_columns(const struct rows *rows, size_t row, size_t first,
                                 struct handoff *handoff)
{
    handoff->handoff_id = row_uuid(rows, row, first + HANDOFF_ID);
    if (uuid_is_nil(handoff->handoff_id)) {
        return;
    }
    const int state = name_index(handoff_state_names, row_text(rows, row, first + HANDOFF_STATE));
    const int purpose = name_index(purpose_names, row_text(rows, row, first + HANDOFF_PURPOSE));
    handoff->state = state >= 0 ? (enum handoff_state)state : HANDOFF_OPEN;
    handoff->purpose = purpose >= 0 ? (enum purpose)purpose : PURPOSE_CLOSE;
    handoff->contact_id = row_uuid(rows, row, first + HANDOFF_CONTACT_ID);
    handoff->cycle = row_int(rows, row, first + HANDOFF_CYCLE);
    handoff->assignee = row_uuid(rows, row, first + HANDOFF_ASSIGNEE);
    handoff->trigger = row_text(rows, row, first + HANDOFF_TRIGGER);
    handoff->snapshot = row_text(rows, row, first + HANDOFF_SNAPSHOT);
    handoff->opened_at_us = row_time(rows, row, first + HANDOFF_OPENED_AT);
    handoff->submitted_at_us = TIME_NONE;
    handoff->assigned_at_us = TIME_NONE;
    handoff->accepted_at_us = row_time(rows, row, first + HANDOFF_ACCEPTED_AT);
    handoff->work_by_us = row_time(rows, row, first + HANDOFF_WORK_BY);
    handoff->contacted_at_us = row_time(rows, row, first + HANDOFF_CONTACTED_AT);
    handoff->qualified_at_us = row_time(rows, row, first + HANDOFF_QUALIFIED_AT);
    handoff->opportunity_at_us = row_time(rows, row, first + HANDOFF_OPPORTUNITY_AT);
    handoff->closed_at_us = row_time(rows, row, first + HANDOFF_CLOSED_AT);
    handoff->paused_at_us = row_time(rows, row, first + HANDOFF_PAUSED_AT);
    handoff->paused_until_us = row_time(rows, row, first + HANDOFF_PAUSED_UNTIL);
    handoff->pause_reason = row_text(rows, row, first + HANDOFF_PAUSE_REASON);
    handoff->attempts = row_int(rows, row, first + HANDOFF_ATTEMPTS);
    handoff->gpct = row_text(rows, row, first + HANDOFF_GPCT);
    handoff->deal = row_text(rows, row, first + HANDOFF_DEAL);
    handoff->reason = row_text(rows, row, first + HANDOFF_REASON);
    handoff->note = row_text(rows, row, first + HANDOFF_NOTE);
    handoff->nurture_until_us = row_time(rows, row, first + HANDOFF_NURTURE_UNTIL);
    handoff->is_historical = row_bool(rows, row, first + HANDOFF_HISTORICAL);
    handoff->version = row_int(rows, row, first + HANDOFF_VERSION);
    handoff->updated_at_us = row_time(rows, row, first + HANDOFF_UPDATED_AT);
}

static void score_from_columns(const struct rows *rows, size_t row, size_t first,
                               struct contact_score *score)
{
    score->exists = !row_is_null(rows, row, first + SCORE_GRADE);
    if (!score->exists) {
        return;
    }
    score->interest.at_us = row_time(rows, row, first + SCORE_AT);
    (void)row_reals(rows, row, first + SCORE_POINTS, score->interest.v, MODEL_INTEREST_RULES_MAX);
    score->fit = row_real(rows, row, first + SCORE_FIT);
    score->fit_known = row_real(rows, row, first + SCORE_FIT_KNOWN);
    const struct str fit_grade = row_text(rows, row, first + SCORE_FIT_GRADE);
    score->fit_grade = fit_grade.len == 1 ? (enum fit_grade)(fit_grade.data[0] - 'A') : FIT_D;
    const struct str grade = row_text(rows, row, first + SCORE_GRADE);
    if (grade.len == GRADE_TEXT_BYTES - 1) {
        memcpy(score->grade, grade.data, grade.len);
    }
    if (!decision_parse(row_text(rows, row, first + SCORE_DECISION), &score->decision)) {
        score->decision = DECISION_STAY;
    }
    score->rule_errors = row_int(rows, row, first + SCORE_RULE_ERRORS);
}

static enum err_code contact_from_columns(const struct rows *rows, size_t row,
                                          const struct model *model, int32_t model_version,
                                          struct arena *arena, struct contact *contact,
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
    contact->score.model = model_version;
    interest_init(model, &contact->score.interest);
    const enum err_code code =
        contact_read_attributes(contact, row_text(rows, row, COLUMN_ATTRIBUTES),
                                row_text(rows, row, COLUMN_SOURCES), arena, reterr);
    return code != OK ? code
                      : contact_read_consents(contact, row_text(rows, row, COLUMN_CONSENTS), arena,
                                              reterr);
}

enum err_code contact_from_row(const struct rows *rows, size_t row, const struct model *model,
                               int32_t model_version, struct arena *arena, struct contact *contact,
                               struct err *reterr)
{
    const enum err_code code =
        contact_from_columns(rows, row, model, model_version, arena, contact, reterr);
    if (code == OK) {
        handoff_from_columns(rows, row, COLUMN_HANDOFF, &contact->handoff);
        score_from_columns(rows, row, COLUMN_HANDOFF + HANDOFF_COLUMN_COUNT_, &contact->score);
    }
    return code;
}

enum err_code contact_from_locked_row(const struct rows *rows, size_t row,
                                      const struct model *model, int32_t model_version,
                                      struct arena *arena, struct contact *contact,
                                      struct err *reterr)
{
    const size_t score = COLUMN_HANDOFF + 1;
    const enum err_code code =
        contact_from_columns(rows, row, model, model_version, arena, contact, reterr);
    if (code == OK) {
        contact->handoff.handoff_id = row_uuid(rows, row, COLUMN_HANDOFF);
        score_from_columns(rows, row, score, &contact->score);
        contact->score.place = row_text(rows, row, score + SCORE_COLUMN_COUNT_);
    }
    return code;
}

void handoff_from_row(const struct rows *rows, size_t row, struct handoff *handoff)
{
    handoff_from_columns(rows, row, 0, handoff);
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
