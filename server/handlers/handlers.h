/*
 * The handlers: per route a `start` (validates, names the operation; on an HTTP thread, never
 * blocks) and a `finish` (renders what was read or decided; on a store thread). No SQL, no HTTP
 * library. One file per resource.
 */
#pragma once

#include "problem.h"
#include "reply.h"
#include "request.h"

/* ---- operations: health.c ---- */
enum request_step health_start(struct request *request);
enum request_step ready_start(struct request *request);
enum request_step ready_finish(struct request *request);
enum request_step metrics_start(struct request *request);
enum request_step openapi_start(struct request *request);
enum request_step docs_start(struct request *request);
enum request_step error_types_start(struct request *request);

/* ---- set-up: setup.c, keys.c ---- */
struct setup_list_query {
    struct list_query list;
    uint64_t reason_kinds; /* of reasons only; 0: all */
};
extern const struct query setup_list_query;
extern const struct query reason_list_query;
enum request_step setup_list_start(struct request *request);
enum request_step setup_get_start(struct request *request);
enum request_step setup_create_start(struct request *request);
enum request_step setup_patch_start(struct request *request);
enum request_step setup_finish(struct request *request);
/* An entry of the request's snapshot as the answer: 200, or 304. */
enum request_step setup_reply(struct request *request, const struct catalog_entry *entry);
enum request_step organisation_get_start(struct request *request);
enum request_step organisation_patch_start(struct request *request);
enum request_step funnel_get_start(struct request *request);
enum request_step funnel_patch_start(struct request *request);
enum request_step funnel_patch_finish(struct request *request);
enum request_step key_list_start(struct request *request);
enum request_step key_create_start(struct request *request);
enum request_step key_rotate_start(struct request *request);
enum request_step key_finish(struct request *request);
enum request_step key_delete_start(struct request *request);
enum request_step key_delete_finish(struct request *request);

/* ---- calendars.c ---- */
extern const struct query calendar_days_query;
enum request_step calendar_days_start(struct request *request);
enum request_step calendar_days_finish(struct request *request);
extern const struct schema calendar_preview_schema;
enum request_step calendar_preview_start(struct request *request);
enum request_step calendar_preview_finish(struct request *request);

/* ---- agreements: agreements.c ---- */
extern const struct schema agreement_sign_schema;
extern const struct query agreement_text_query;
extern const struct query agreement_differences_query;
enum request_step agreement_create_start(struct request *request);
enum request_step agreement_patch_start(struct request *request);
enum request_step agreement_current_start(struct request *request);
enum request_step agreement_sign_start(struct request *request);
enum request_step agreement_withdraw_start(struct request *request);
enum request_step agreement_text_start(struct request *request);
enum request_step agreement_differences_start(struct request *request);

/* ---- absences.c ---- */
extern const struct schema absence_new_schema;
enum request_step absence_list_start(struct request *request);
enum request_step absence_create_start(struct request *request);
enum request_step absence_create_finish(struct request *request);
enum request_step absence_get_start(struct request *request);
enum request_step absence_delete_start(struct request *request);
enum request_step absence_delete_finish(struct request *request);

/* ---- capture: submit*.c, pages.c, embed.c, form_tokens.c, activities.c ---- */
extern const struct query thanks_query;
extern const struct query embed_query;
enum request_step thanks_start(struct request *request);
enum request_step embed_start(struct request *request);
enum request_step embed_script_start(struct request *request);
enum request_step embed_style_start(struct request *request);
enum request_step submit_start(struct request *request);
enum request_step submit_finish(struct request *request);
enum request_step form_token_start(struct request *request);
enum request_step submit_adapter_start(struct request *request);
enum request_step submit_adapter_finish(struct request *request);
enum request_step submit_hubspot_start(struct request *request);
enum request_step submit_hubspot_finish(struct request *request);
enum request_step activities_start(struct request *request);

/* ---- contacts, leads, submissions: contact*.c, consents.c, erasures.c, leads*.c, submissions.c
 * ---- */
extern const struct schema contact_schema;
enum request_step contact_upsert_start(struct request *request);
enum request_step contact_upsert_finish(struct request *request);
enum request_step contact_batch_start(struct request *request);
extern const struct schema contact_patch_schema;
enum request_step contact_patch_start(struct request *request);
enum request_step contact_patch_finish(struct request *request);
extern const struct schema contact_merge_schema;
enum request_step contact_merge_start(struct request *request);
enum request_step contact_merge_finish(struct request *request);
extern const struct schema contact_decide_schema;
enum request_step contact_decide_start(struct request *request);
extern const struct schema contact_requalify_schema;
enum request_step contact_requalify_start(struct request *request);
enum request_step contact_move_finish(struct request *request);
extern const struct schema contact_deal_schema;
enum request_step contact_deal_start(struct request *request);
enum request_step contact_deal_finish(struct request *request);
extern const struct query contact_list_query;
enum request_step contact_list_start(struct request *request);
enum request_step contact_list_finish(struct request *request);
enum request_step contact_get_start(struct request *request);
enum request_step contact_get_finish(struct request *request);
enum request_step contact_score_start(struct request *request);
enum request_step contact_score_finish(struct request *request);
extern const struct query consent_query;
enum request_step consents_start(struct request *request);
enum request_step consents_finish(struct request *request);
extern const struct schema consent_record_schema;
enum request_step consent_record_start(struct request *request);
enum request_step consent_record_finish(struct request *request);
enum request_step contact_export_start(struct request *request);
enum request_step contact_export_finish(struct request *request);
enum request_step contact_erase_start(struct request *request);
enum request_step contact_erase_finish(struct request *request);
extern const struct query erasure_query;
enum request_step erasures_start(struct request *request);
enum request_step erasures_finish(struct request *request);
extern const struct query timeline_query;
enum request_step timeline_start(struct request *request);
enum request_step timeline_finish(struct request *request);
extern const struct query touches_query;
enum request_step touches_start(struct request *request);
enum request_step touches_finish(struct request *request);
extern const struct query lead_query;
enum request_step lead_list_start(struct request *request);
enum request_step lead_list_finish(struct request *request);
extern const struct query submission_query;
enum request_step submission_list_start(struct request *request);
enum request_step submission_list_finish(struct request *request);
extern const struct query submission_get_query;
enum request_step submission_get_start(struct request *request);
enum request_step submission_get_finish(struct request *request);

/* ---- quarantine: quarantine.c, quarantine_moves.c ---- */
extern const struct query quarantine_query;
extern const struct query quarantine_counts_query;
extern const struct schema quarantine_settle_schema;
enum request_step quarantine_list_start(struct request *request);
enum request_step quarantine_list_finish(struct request *request);
enum request_step quarantine_counts_start(struct request *request);
enum request_step quarantine_counts_finish(struct request *request);
enum request_step quarantine_get_start(struct request *request);
enum request_step quarantine_get_finish(struct request *request);
enum request_step quarantine_release_start(struct request *request);
enum request_step quarantine_release_read(struct request *request);
enum request_step quarantine_purge_start(struct request *request);
enum request_step quarantine_settle_finish(struct request *request);

/* ---- handoffs, SLA, feed: handoffs.c, handoff_moves.c, sla.c, sla_stream.c, commitments.c,
 * events.c, event_stream.c ---- */
extern const struct query handoff_query;
extern const struct query sla_clock_query;
extern const struct query commitment_periods_query;
extern const struct query commitment_contacts_query;
extern const struct query event_query;
extern const struct query event_stream_query;
extern const struct schema handoff_open_schema;
extern const struct schema handoff_accept_schema;
extern const struct schema handoff_attempt_schema;
extern const struct schema handoff_qualify_schema;
extern const struct schema handoff_opportunity_schema;
extern const struct schema handoff_win_schema;
extern const struct schema handoff_lose_schema;
extern const struct schema handoff_recycle_schema;
extern const struct schema handoff_assign_schema;
extern const struct schema handoff_pause_schema;
extern const struct schema handoff_resume_schema;
extern const struct schema handoff_feedback_schema;
enum request_step handoffs_start(struct request *request);
enum request_step handoffs_finish(struct request *request);
enum request_step handoff_start(struct request *request);
enum request_step handoff_finish(struct request *request);
enum request_step handoff_open_start(struct request *request);
enum request_step handoff_open_finish(struct request *request);
enum request_step handoff_move_start(struct request *request);
enum request_step handoff_move_finish(struct request *request);
enum request_step sla_status_start(struct request *request);
enum request_step sla_status_finish(struct request *request);
enum request_step sla_stream_start(struct request *request);
enum request_step sla_stream_finish(struct request *request);
enum request_step sla_clocks_start(struct request *request);
enum request_step sla_clocks_finish(struct request *request);
enum request_step commitment_periods_start(struct request *request);
enum request_step commitment_periods_finish(struct request *request);
enum request_step commitment_period_start(struct request *request);
enum request_step commitment_period_finish(struct request *request);
enum request_step commitment_contacts_start(struct request *request);
enum request_step commitment_contacts_finish(struct request *request);
enum request_step sla_clock_start(struct request *request);
enum request_step sla_clock_finish(struct request *request);
enum request_step events_start(struct request *request);
enum request_step events_finish(struct request *request);
enum request_step event_stream_start(struct request *request);
enum request_step event_stream_finish(struct request *request);

/* ---- planning: plan.c ---- */
enum request_step plan_start(struct request *request);
enum request_step plan_finish(struct request *request);

/* ---- what people were told: notifications.c ---- */
extern const struct query notification_query;
enum request_step notifications_start(struct request *request);
enum request_step notifications_finish(struct request *request);
enum request_step notification_start(struct request *request);
enum request_step notification_finish(struct request *request);
enum request_step notification_retry_start(struct request *request);
enum request_step notification_retry_finish(struct request *request);

/* ---- what went in: outlays.c ---- */
extern const struct query traffic_query;
extern const struct query spend_query;
enum request_step traffic_list_start(struct request *request);
enum request_step traffic_list_finish(struct request *request);
enum request_step traffic_record_start(struct request *request);
enum request_step spend_list_start(struct request *request);
enum request_step spend_list_finish(struct request *request);
enum request_step spend_record_start(struct request *request);
enum request_step outlay_record_finish(struct request *request);

/* ---- scoring, reports: scoring.c, reports.c ---- */
enum request_step score_preview_start(struct request *request);
enum request_step score_preview_finish(struct request *request);
extern const struct query report_channels_query;
enum request_step report_channels_start(struct request *request);
enum request_step report_channels_finish(struct request *request);
extern const struct query report_funnel_query;
enum request_step report_funnel_start(struct request *request);
enum request_step report_funnel_finish(struct request *request);
extern const struct query report_response_times_query;
enum request_step report_response_times_start(struct request *request);
enum request_step report_response_times_finish(struct request *request);
extern const struct query report_breaches_query;
enum request_step report_breaches_start(struct request *request);
enum request_step report_breaches_finish(struct request *request);
extern const struct query report_attainment_query;
enum request_step report_attainment_start(struct request *request);
enum request_step report_attainment_finish(struct request *request);

/* ---- shared by those that take claims about a contact: claims.c ---- */

/*
 * `attributes` of a JSON body as claims in the arena. A value that does not fit its declared type
 * (or choice) is a fault at pointer "<base>/<name>", so are derived and malformed names, lists, and
 * too many or too long ones. Names are lower-case slugs. NULL is no claims. With `is_peoples_word`
 * (a form's script passes on what was typed) a country may have its name instead of its code.
 * False: faults were added.
 */
bool claims_from_json(struct request *request, const json_t *attributes, const char *base,
                      bool is_peoples_word, struct attribute **ret_claims, size_t *ret_count);
/* [{"purpose", "granted"}] as consents; faults at "<base>/<i>/…". */
bool consents_from_json(struct request *request, const json_t *consents, const char *base,
                        struct consent **ret_consents, size_t *ret_count);
/* Why a value cannot be this attribute's: a sentence, static or in the arena; NULL when it fits.
 * With `is_lenient` (an HTML form, where everything is text) it is trimmed, an empty one fits, and
 * `attribute` is changed to the declared type where its text can be read so ("250", "on"). */
const char *claim_misfit(struct request *request, struct attribute *attribute, bool is_lenient);
/* A time that clients may give for something that happened: not more than 5 minutes ahead, not
 * before 2000; with `is_recent_only` not more than 24 h back. Why it is none, static, or NULL. */
const char *occurred_at_misfit(int64_t at_us, int64_t came_at_us, bool is_recent_only);
/* The same, TIME_NONE being none: adds a fault and returns false otherwise. */
bool occurred_at_is_valid(struct request *request, int64_t at_us, const char *pointer,
                          bool is_recent_only);
/* E-mail of an input into input->email and ->email_key; false: a fault at `pointer` was added. */
bool email_into_input(struct request *request, struct str text, const char *pointer,
                      struct input *input);
