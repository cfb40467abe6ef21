/*
 * THE table: every path the service answers, who may use it, what it takes and who does it. A lint
 * compares it with openapi.yaml. There is no default for the scope: a route without one does not
 * compile.
 */
#include "router.h"

#include "handlers/handlers.h"
#include "handlers/item_batch.h"
#include "handlers/visitor_text.h"
#include "planner.h"

enum { NO_BODY = 0, SMALL = 65536, WEBHOOK = 262144, BATCH = BODY_BATCH_BYTES_MAX };

#define ROUTE(method, path, operation_id, scope, query, body, body_bytes_max, schema, start,       \
              finish)                                                                              \
    {                                                                                              \
        HTTP_##method, path, operation_id, scope, query, body, body_bytes_max, schema, start,      \
            finish                                                                                 \
    }

const struct route routes[] = {
    /* clang-format off */
    /* ---- operations ---- */
    ROUTE(GET, "/healthz", "getHealth", SCOPE_NONE, NULL, BODY_NONE, NO_BODY, NULL, health_start, NULL),
    ROUTE(GET, "/readyz", "getReadiness", SCOPE_NONE, NULL, BODY_NONE, NO_BODY, NULL, ready_start, ready_finish),
    ROUTE(GET, "/metrics", "getMetrics", SCOPE_NONE, NULL, BODY_NONE, NO_BODY, NULL, metrics_start, NULL),
    ROUTE(GET, "/openapi.yaml", "getOpenapi", SCOPE_NONE, NULL, BODY_NONE, NO_BODY, NULL, openapi_start, NULL),
    ROUTE(GET, "/docs/errors", "getErrorTypes", SCOPE_NONE, NULL, BODY_NONE, NO_BODY, NULL, error_types_start, NULL),
    /* ---- set-up ---- */
    ROUTE(GET, "/v1/keys", "listKeys", SCOPE_ADMIN, &setup_list_query, BODY_NONE, NO_BODY, NULL, key_list_start, setup_list_start),
    ROUTE(POST, "/v1/keys", "createKey", SCOPE_ADMIN, NULL, BODY_JSON, SMALL, NULL, key_create_start, key_finish),
    ROUTE(DELETE, "/v1/keys/{id}", "deleteKey", SCOPE_ADMIN, NULL, BODY_NONE, NO_BODY, NULL, key_delete_start, key_delete_finish),
    ROUTE(POST, "/v1/keys/{id}/rotate", "rotateKey", SCOPE_ADMIN, NULL, BODY_JSON_OPTIONAL, SMALL, NULL, key_rotate_start, key_finish),
    ROUTE(GET, "/v1/organisation", "getOrganisation", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, organisation_get_start, NULL),
    ROUTE(PATCH, "/v1/organisation", "updateOrganisation", SCOPE_ADMIN, NULL, BODY_PATCH, SMALL, NULL, organisation_patch_start, setup_finish),
    ROUTE(GET, "/v1/attributes", "listAttributes", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/attributes", "createAttribute", SCOPE_MARKETING, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/attributes/{name}", "getAttribute", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/attributes/{name}", "updateAttribute", SCOPE_MARKETING, NULL, BODY_PATCH, SMALL, NULL, setup_patch_start, setup_finish),
    ROUTE(GET, "/v1/offers", "listOffers", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/offers", "createOffer", SCOPE_MARKETING, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/offers/{slug}", "getOffer", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/offers/{slug}", "updateOffer", SCOPE_MARKETING, NULL, BODY_PATCH, SMALL, NULL, setup_patch_start, setup_finish),
    ROUTE(GET, "/v1/forms", "listForms", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/forms", "createForm", SCOPE_MARKETING, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/forms/{slug}", "getForm", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/forms/{slug}", "updateForm", SCOPE_MARKETING, NULL, BODY_PATCH, SMALL, NULL, setup_patch_start, setup_finish),
    ROUTE(GET, "/v1/campaigns", "listCampaigns", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/campaigns", "createCampaign", SCOPE_MARKETING, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/campaigns/{slug}", "getCampaign", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/campaigns/{slug}", "updateCampaign", SCOPE_MARKETING, NULL, BODY_PATCH, SMALL, NULL, setup_patch_start, setup_finish),
    ROUTE(GET, "/v1/members", "listMembers", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/members", "createMember", SCOPE_ADMIN, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/members/{id}", "getMember", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/members/{id}", "updateMember", SCOPE_ADMIN, NULL, BODY_PATCH, SMALL, NULL, setup_patch_start, setup_finish),
    ROUTE(GET, "/v1/members/{id}/absences", "listAbsences", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, absence_list_start, NULL),
    ROUTE(POST, "/v1/members/{id}/absences", "createAbsence", SCOPE_SALES, NULL, BODY_JSON, SMALL, &absence_new_schema, absence_create_start, absence_create_finish),
    ROUTE(GET, "/v1/members/{id}/absences/{absence_id}", "getAbsence", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, absence_get_start, NULL),
    ROUTE(DELETE, "/v1/members/{id}/absences/{absence_id}", "deleteAbsence", SCOPE_SALES, NULL, BODY_NONE, NO_BODY, NULL, absence_delete_start, absence_delete_finish),
    ROUTE(GET, "/v1/reasons", "listReasons", SCOPE_READ, &reason_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/reasons", "createReason", SCOPE_ADMIN, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/reasons/{id}", "getReason", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/reasons/{id}", "updateReason", SCOPE_ADMIN, NULL, BODY_PATCH, SMALL, NULL, setup_patch_start, setup_finish),
    ROUTE(GET, "/v1/sla/policies", "listSlaPolicies", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/sla/policies", "createSlaPolicy", SCOPE_ADMIN, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/sla/policies/{id}", "getSlaPolicy", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/sla/policies/{id}", "updateSlaPolicy", SCOPE_ADMIN, NULL, BODY_PATCH, SMALL, NULL, setup_patch_start, setup_finish),
    ROUTE(GET, "/v1/sla/calendars", "listSlaCalendars", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/sla/calendars", "createSlaCalendar", SCOPE_ADMIN, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/sla/calendars/{id}/days", "listSlaCalendarDays", SCOPE_READ, &calendar_days_query, BODY_NONE, NO_BODY, NULL, calendar_days_start, calendar_days_finish),
    ROUTE(POST, "/v1/sla/calendars/{id}/preview", "previewSlaTarget", SCOPE_READ, NULL, BODY_JSON, SMALL, &calendar_preview_schema, calendar_preview_start, calendar_preview_finish),
    ROUTE(GET, "/v1/sla/calendars/{id}", "getSlaCalendar", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/sla/calendars/{id}", "updateSlaCalendar", SCOPE_ADMIN, NULL, BODY_PATCH, SMALL, NULL, setup_patch_start, setup_finish),
    ROUTE(GET, "/v1/sla/commitments", "listCommitments", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/sla/commitments", "createCommitment", SCOPE_ADMIN, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/sla/commitments/{id}", "getCommitment", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/sla/commitments/{id}", "updateCommitment", SCOPE_ADMIN, NULL, BODY_PATCH, SMALL, NULL, setup_patch_start, setup_finish),
    ROUTE(GET, "/v1/sla/commitments/{id}/periods", "listCommitmentPeriods", SCOPE_READ, &commitment_periods_query, BODY_NONE, NO_BODY, NULL, commitment_periods_start, commitment_periods_finish),
    ROUTE(GET, "/v1/sla/agreements", "listAgreements", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/sla/agreements", "proposeAgreement", SCOPE_MARKETING | SCOPE_SALES, NULL, BODY_JSON, SMALL, NULL, agreement_create_start, setup_finish),
    ROUTE(GET, "/v1/sla/agreements/current", "getCurrentAgreement", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, agreement_current_start, NULL),
    ROUTE(GET, "/v1/sla/agreements/{version}", "getAgreement", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(PATCH, "/v1/sla/agreements/{version}", "updateAgreement", SCOPE_MARKETING | SCOPE_SALES, NULL, BODY_PATCH, SMALL, NULL, agreement_patch_start, setup_finish),
    ROUTE(POST, "/v1/sla/agreements/{version}/sign", "signAgreement", SCOPE_MARKETING | SCOPE_SALES, NULL, BODY_JSON_OPTIONAL, SMALL, &agreement_sign_schema, agreement_sign_start, setup_finish),
    ROUTE(POST, "/v1/sla/agreements/{version}/withdraw", "withdrawAgreement", SCOPE_MARKETING | SCOPE_SALES, NULL, BODY_NONE, NO_BODY, NULL, agreement_withdraw_start, setup_finish),
    ROUTE(GET, "/v1/sla/agreements/{version}/text", "getAgreementText", SCOPE_READ, &agreement_text_query, BODY_NONE, NO_BODY, NULL, agreement_text_start, NULL),
    ROUTE(GET, "/v1/sla/agreements/{version}/differences", "getAgreementDifferences", SCOPE_READ, &agreement_differences_query, BODY_NONE, NO_BODY, NULL, agreement_differences_start, NULL),
    ROUTE(GET, "/v1/sla/commitments/{id}/periods/{start}", "getCommitmentPeriod", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, commitment_period_start, commitment_period_finish),
    ROUTE(GET, "/v1/sla/commitments/{id}/contacts", "listCommitmentContacts", SCOPE_READ, &commitment_contacts_query, BODY_NONE, NO_BODY, NULL, commitment_contacts_start, commitment_contacts_finish),
    ROUTE(GET, "/v1/funnel", "getFunnel", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, funnel_get_start, NULL),
    ROUTE(PATCH, "/v1/funnel", "updateFunnel", SCOPE_ADMIN, NULL, BODY_PATCH, SMALL, NULL, funnel_patch_start, funnel_patch_finish),
    /* ---- capture ---- */
    ROUTE(POST, "/v1/forms/{slug}/submissions", "submitForm", SCOPE_SUBMIT, &visitor_query, BODY_FORM, SMALL, NULL, submit_start, submit_finish),
    ROUTE(POST, "/v1/forms/{slug}/submissions/{adapter}", "submitFromTool", SCOPE_SUBMIT, NULL, BODY_TOOL, WEBHOOK, NULL, submit_adapter_start, submit_adapter_finish),
    ROUTE(POST, "/submissions/v3/integration/submit/{portal_id}/{form_guid}", "submitToHubspotForm", SCOPE_SUBMIT, NULL, BODY_HUBSPOT, SMALL, NULL, submit_hubspot_start, submit_hubspot_finish),
    ROUTE(POST, "/submissions/v3/integration/secure/submit/{portal_id}/{form_guid}", "submitToHubspotFormSecurely", SCOPE_SUBMIT, NULL, BODY_HUBSPOT, SMALL, NULL, submit_hubspot_start, submit_hubspot_finish),
    ROUTE(GET, "/embed.js", "getEmbedScript", SCOPE_NONE, NULL, BODY_NONE, NO_BODY, NULL, embed_script_start, NULL),
    ROUTE(GET, "/embed.css", "getEmbedStyle", SCOPE_NONE, NULL, BODY_NONE, NO_BODY, NULL, embed_style_start, NULL),
    ROUTE(GET, "/v1/forms/{slug}/embed", "getEmbed", SCOPE_NONE, &embed_query, BODY_NONE, NO_BODY, NULL, embed_start, NULL),
    ROUTE(GET, "/v1/forms/{slug}/thanks", "getThanks", SCOPE_NONE, &thanks_query, BODY_NONE, NO_BODY, NULL, thanks_start, NULL),
    ROUTE(GET, "/v1/forms/{slug}/token", "getFormToken", SCOPE_SUBMIT, NULL, BODY_NONE, NO_BODY, NULL, form_token_start, NULL),
    ROUTE(POST, "/v1/activities", "recordActivities", SCOPE_MARKETING, NULL, BODY_JSON, BATCH, NULL, activities_start, item_batch_finish),
    /* ---- contacts, leads, submissions ---- */
    ROUTE(GET, "/v1/contacts", "listContacts", SCOPE_READ, &contact_list_query, BODY_NONE, NO_BODY, NULL, contact_list_start, contact_list_finish),
    ROUTE(POST, "/v1/contacts", "upsertContact", SCOPE_MARKETING, NULL, BODY_JSON, SMALL, &contact_schema, contact_upsert_start, contact_upsert_finish),
    ROUTE(POST, "/v1/contacts/batch", "upsertContacts", SCOPE_MARKETING, NULL, BODY_JSON, BATCH, NULL, contact_batch_start, item_batch_finish),
    ROUTE(GET, "/v1/contacts/{id}", "getContact", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, contact_get_start, contact_get_finish),
    ROUTE(PATCH, "/v1/contacts/{id}", "updateContact", SCOPE_MARKETING, NULL, BODY_PATCH, SMALL, &contact_patch_schema, contact_patch_start, contact_patch_finish),
    ROUTE(DELETE, "/v1/contacts/{id}", "eraseContact", SCOPE_ADMIN, NULL, BODY_NONE, NO_BODY, NULL, contact_erase_start, contact_erase_finish),
    ROUTE(GET, "/v1/contacts/{id}/export", "exportContact", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, contact_export_start, contact_export_finish),
    ROUTE(GET, "/v1/erasures", "listErasures", SCOPE_ADMIN, &erasure_query, BODY_NONE, NO_BODY, NULL, erasures_start, erasures_finish),
    ROUTE(GET, "/v1/contacts/{id}/timeline", "listContactTimeline", SCOPE_READ, &timeline_query, BODY_NONE, NO_BODY, NULL, timeline_start, timeline_finish),
    ROUTE(GET, "/v1/contacts/{id}/touches", "listContactTouches", SCOPE_READ, &touches_query, BODY_NONE, NO_BODY, NULL, touches_start, touches_finish),
    ROUTE(POST, "/v1/contacts/{id}/merge", "mergeContact", SCOPE_MARKETING, NULL, BODY_JSON, SMALL, &contact_merge_schema, contact_merge_start, contact_merge_finish),
    ROUTE(GET, "/v1/contacts/{id}/score", "getContactScore", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, contact_score_start, contact_score_finish),
    ROUTE(POST, "/v1/contacts/{id}/decide", "decideContact", SCOPE_MARKETING, NULL, BODY_JSON, SMALL, &contact_decide_schema, contact_decide_start, contact_move_finish),
    ROUTE(POST, "/v1/contacts/{id}/requalify", "requalifyContact", SCOPE_MARKETING, NULL, BODY_JSON, SMALL, &contact_requalify_schema, contact_requalify_start, contact_move_finish),
    ROUTE(POST, "/v1/contacts/{id}/deals", "createDeal", SCOPE_SALES, NULL, BODY_JSON, SMALL, &contact_deal_schema, contact_deal_start, contact_deal_finish),
    ROUTE(GET, "/v1/contacts/{id}/consents", "listContactConsents", SCOPE_READ, &consent_query, BODY_NONE, NO_BODY, NULL, consents_start, consents_finish),
    ROUTE(POST, "/v1/contacts/{id}/consents", "recordConsent", SCOPE_MARKETING | SCOPE_SALES, NULL, BODY_JSON, SMALL, &consent_record_schema, consent_record_start, consent_record_finish),
    ROUTE(GET, "/v1/leads", "listLeads", SCOPE_READ, &lead_query, BODY_NONE, NO_BODY, NULL, lead_list_start, lead_list_finish),
    ROUTE(GET, "/v1/submissions", "listSubmissions", SCOPE_READ, &submission_query, BODY_NONE, NO_BODY, NULL, submission_list_start, submission_list_finish),
    ROUTE(GET, "/v1/submissions/{id}", "getSubmission", SCOPE_READ, &submission_get_query, BODY_NONE, NO_BODY, NULL, submission_get_start, submission_get_finish),
    ROUTE(GET, "/v1/quarantine", "listQuarantine", SCOPE_READ, &quarantine_query, BODY_NONE, NO_BODY, NULL, quarantine_list_start, quarantine_list_finish),
    ROUTE(GET, "/v1/quarantine/counts", "countQuarantine", SCOPE_READ, &quarantine_counts_query, BODY_NONE, NO_BODY, NULL, quarantine_counts_start, quarantine_counts_finish),
    ROUTE(GET, "/v1/quarantine/{id}", "getQuarantined", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, quarantine_get_start, quarantine_get_finish),
    ROUTE(POST, "/v1/quarantine/{id}/release", "releaseQuarantined", SCOPE_MARKETING, NULL, BODY_JSON_OPTIONAL, SMALL, &quarantine_settle_schema, quarantine_release_start, quarantine_release_read),
    ROUTE(POST, "/v1/quarantine/{id}/purge", "purgeQuarantined", SCOPE_MARKETING, NULL, BODY_JSON_OPTIONAL, SMALL, &quarantine_settle_schema, quarantine_purge_start, quarantine_settle_finish),
    /* ---- handoffs, SLA, feed ---- */
    ROUTE(GET, "/v1/handoffs", "listHandoffs", SCOPE_READ, &handoff_query, BODY_NONE, NO_BODY, NULL, handoffs_start, handoffs_finish),
    ROUTE(POST, "/v1/handoffs", "openHandoff", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_open_schema, handoff_open_start, handoff_open_finish),
    ROUTE(GET, "/v1/handoffs/{id}", "getHandoff", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, handoff_start, handoff_finish),
    ROUTE(POST, "/v1/handoffs/{id}/accept", "acceptHandoff", SCOPE_SALES, NULL, BODY_JSON_OPTIONAL, SMALL, &handoff_accept_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/attempts", "recordAttempt", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_attempt_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/qualify", "qualifyHandoff", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_qualify_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/opportunity", "makeOpportunity", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_opportunity_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/win", "winHandoff", SCOPE_SALES, NULL, BODY_JSON_OPTIONAL, SMALL, &handoff_win_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/lose", "loseHandoff", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_lose_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/recycle", "recycleHandoff", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_recycle_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/reject", "rejectHandoff", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_lose_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/assign", "assignHandoff", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_assign_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/pause", "pauseHandoff", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_pause_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/resume", "resumeHandoff", SCOPE_SALES, NULL, BODY_JSON_OPTIONAL, SMALL, &handoff_resume_schema, handoff_move_start, handoff_move_finish),
    ROUTE(POST, "/v1/handoffs/{id}/feedback", "giveFeedback", SCOPE_SALES, NULL, BODY_JSON, SMALL, &handoff_feedback_schema, handoff_move_start, handoff_move_finish),
    ROUTE(GET, "/v1/sla/status", "getSlaStatus", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, sla_status_start, sla_status_finish),
    ROUTE(GET, "/v1/sla/status/stream", "streamSlaStatus", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, sla_stream_start, sla_stream_finish),
    ROUTE(GET, "/v1/sla/clocks", "listSlaClocks", SCOPE_READ, &sla_clock_query, BODY_NONE, NO_BODY, NULL, sla_clocks_start, sla_clocks_finish),
    ROUTE(POST, "/v1/plan", "makePlan", SCOPE_READ, NULL, BODY_JSON, SMALL, &planner_schema, plan_start, plan_finish),
    ROUTE(GET, "/v1/sla/clocks/{id}", "getSlaClock", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, sla_clock_start, sla_clock_finish),
    ROUTE(GET, "/v1/events", "listEvents", SCOPE_READ, &event_query, BODY_NONE, NO_BODY, NULL, events_start, events_finish),
    ROUTE(GET, "/v1/events/stream", "streamEvents", SCOPE_READ, &event_stream_query, BODY_NONE, NO_BODY, NULL, event_stream_start, event_stream_finish),
    ROUTE(GET, "/v1/notifications", "listNotifications", SCOPE_READ, &notification_query, BODY_NONE, NO_BODY, NULL, notifications_start, notifications_finish),
    ROUTE(GET, "/v1/notifications/{id}", "getNotification", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, notification_start, notification_finish),
    ROUTE(POST, "/v1/notifications/{id}/retry", "retryNotification", SCOPE_ADMIN, NULL, BODY_NONE, NO_BODY, NULL, notification_retry_start, notification_retry_finish),
    /* ---- what went in ---- */
    ROUTE(GET, "/v1/traffic", "listTraffic", SCOPE_READ, &traffic_query, BODY_NONE, NO_BODY, NULL, traffic_list_start, traffic_list_finish),
    ROUTE(POST, "/v1/traffic", "recordTraffic", SCOPE_MARKETING, NULL, BODY_JSON, BATCH, NULL, traffic_record_start, outlay_record_finish),
    ROUTE(GET, "/v1/spend", "listSpend", SCOPE_READ, &spend_query, BODY_NONE, NO_BODY, NULL, spend_list_start, spend_list_finish),
    ROUTE(POST, "/v1/spend", "recordSpend", SCOPE_MARKETING, NULL, BODY_JSON, BATCH, NULL, spend_record_start, outlay_record_finish),
    /* ---- scoring, reports ---- */
    ROUTE(GET, "/v1/scoring/models", "listScoringModels", SCOPE_READ, &setup_list_query, BODY_NONE, NO_BODY, NULL, setup_list_start, NULL),
    ROUTE(POST, "/v1/scoring/models", "createScoringModel", SCOPE_MARKETING, NULL, BODY_JSON, SMALL, NULL, setup_create_start, setup_finish),
    ROUTE(GET, "/v1/scoring/models/{version}", "getScoringModel", SCOPE_READ, NULL, BODY_NONE, NO_BODY, NULL, setup_get_start, NULL),
    ROUTE(POST, "/v1/scoring/preview", "previewScore", SCOPE_READ, NULL, BODY_JSON, BATCH, NULL, score_preview_start, score_preview_finish),
    ROUTE(GET, "/v1/reports/channels", "getChannelsReport", SCOPE_READ, &report_channels_query, BODY_NONE, NO_BODY, NULL, report_channels_start, report_channels_finish),
    ROUTE(GET, "/v1/reports/funnel", "getFunnelReport", SCOPE_READ, &report_funnel_query, BODY_NONE, NO_BODY, NULL, report_funnel_start, report_funnel_finish),
    ROUTE(GET, "/v1/reports/response_times", "getResponseTimesReport", SCOPE_READ, &report_response_times_query, BODY_NONE, NO_BODY, NULL, report_response_times_start, report_response_times_finish),
    ROUTE(GET, "/v1/reports/breaches", "getBreachesReport", SCOPE_READ, &report_breaches_query, BODY_NONE, NO_BODY, NULL, report_breaches_start, report_breaches_finish),
    ROUTE(GET, "/v1/reports/attainment", "getAttainmentReport", SCOPE_READ, &report_attainment_query, BODY_NONE, NO_BODY, NULL, report_attainment_start, report_attainment_finish),
    /* clang-format on */
};
const size_t routes_count = ARRAY_LEN(routes);
_Static_assert(ARRAY_LEN(routes) <= METRICS_ROUTES_MAX, "each route has a row of counters");
