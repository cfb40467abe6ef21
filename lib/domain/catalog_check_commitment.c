/* What a commitment asks for beyond the shape of its fields. */
#include "domain/catalog_check.h"

#include <math.h>

/* One target, on the scale of its metric. */
static void check_target(struct check *check, const struct commitment_body *in)
{
    const bool has_least = !isnan(in->at_least);
    const bool has_most = !isnan(in->at_most);
    const bool is_given = !json_is_null(json_object_get(check->body, "at_least")) ||
                          !json_is_null(json_object_get(check->body, "at_most"));
    if (!is_given)
        faults_add(check->faults, "/at_least", "required",
                   "What is promised: \"at_least\" or \"at_most\" so much.");
    else if (has_least && has_most)
        faults_add(check->faults, "/at_most", "not_allowed",
                   "\"at_least\" or \"at_most\", one of them. A greatest number that the other "
                   "team can take is a \"capacity\".");
    if (in->metric == ENUM_NONE || metric_rules[in->metric].form != METRIC_IS_SHARE)
        return;
    if ((has_least && in->at_least > 1) || (has_most && in->at_most > 1))
        faults_add(check->faults, has_least ? "/at_least" : "/at_most", "range",
                   "This metric is a share: from 0 to 1, such as 0.9 for 90 %%.");
}

/* A week has a first day, kept with the commitment: its periods stay where they are. */
static void check_period(struct check *check, const struct commitment_body *in)
{
    const struct period_body *period = &in->period;
    if (period->every == ENUM_NONE)
        return;
    if (period->every != COMMITMENT_EVERY_WEEK && period->starts != ENUM_NONE)
        faults_add(check->faults, "/period/starts", "not_allowed",
                   "Only a period of a week starts on a day of the week.");
    if (in->metric != ENUM_NONE && metric_rules[in->metric].takes_months &&
        period->every < (int)COMMITMENT_EVERY_MONTH)
        faults_add(check->faults, "/period/every", "not_allowed",
                   "What was spent is known by the month: choose month or quarter.");
    json_t *whole = json_object();
    json_t *starts = json_null();
    if (period->every == COMMITMENT_EVERY_WEEK && period->starts != ENUM_NONE) {
        starts = json_string(weekday_names[period->starts]);
    } else if (period->every == COMMITMENT_EVERY_WEEK) {
        const struct str day = catalog_organisation(check->catalog)->week_starts_on;
        starts = json_stringn(day.data, day.len);
    }
    if (json_object_set_new(whole, "every", json_string(commitment_every_names[period->every])) ||
        json_object_set_new(whole, "starts", starts))
        check->is_out_of_memory = true;
    check_set(check, "period", whole);
}

static void check_filter(struct check *check, const struct commitment_body *in)
{
    if (in->filter == NULL || in->metric == ENUM_NONE)
        return;
    if (!metric_rules[in->metric].takes_filter) {
        faults_add(check->faults, "/filter", "not_allowed",
                   "A filter reads what is kept of a handoff's opening, and this metric is not "
                   "about handoffs.");
        return;
    }
    check_condition(check, in->filter, "/filter");
}

static void check_capacity(struct check *check, const struct commitment_body *in)
{
    if (in->capacity == INT_NONE)
        return;
    if (in->metric != ENUM_NONE && in->metric != METRIC_LEADS_DELIVERED)
        faults_add(check->faults, "/capacity", "not_allowed",
                   "A capacity limits handoffs: only leads_delivered has one.");
    else if (!isnan(in->at_least) && (double)in->capacity < in->at_least)
        faults_add(check->faults, "/capacity", "order",
                   "More is promised than the other team can take.");
}

void check_commitment(struct check *check, const struct commitment_body *in)
{
    check_target(check, in);
    check_period(check, in);
    check_filter(check, in);
    check_capacity(check, in);
    check_reference_id(check, "calendar", CATALOG_CALENDAR, in->calendar);
    if (in->metric != ENUM_NONE && json_is_null(json_object_get(check->body, "settle_days")))
        check_set(check, "settle_days", json_integer(metric_rules[in->metric].settle_days));
}
