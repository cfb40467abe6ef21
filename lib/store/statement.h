/*
 * The statements, one file each in lib/store/sql, built into the program and prepared on every
 * connection. The table is checked against the files by a unit test.
 */
#pragma once

/* STATEMENT(enumerator, file without .sql) */
#define STATEMENTS(STATEMENT)                                                                      \
    STATEMENT(IDEMPOTENCY_EXISTING, idempotency_existing)                                          \
    STATEMENT(IDEMPOTENCY_INSERT, idempotency_insert)                                              \
    STATEMENT(IDEMPOTENCY_EXPIRE, idempotency_expire)                                              \
    STATEMENT(BEGIN, begin)                                                                        \
    STATEMENT(COMMIT, commit)                                                                      \
    STATEMENT(ROLLBACK, rollback)                                                                  \
    STATEMENT(AGREEMENT_DAY, agreement_day)                                                        \
    STATEMENT(HEAD, head)                                                                          \
    STATEMENT(SERVER_CHECK, server_check)                                                          \
    STATEMENT(FEED_CHECK, feed_check)                                                              \
    STATEMENT(FEED_BUMP, feed_bump)                                                                \
    STATEMENT(IDENTITY_FIND, identity_find)                                                        \
    STATEMENT(IDENTITY_RELEASE, identity_release)                                                  \
    STATEMENT(IDENTITY_MOVE, identity_move)                                                        \
    STATEMENT(MEMBER_MOVE, member_move)                                                            \
    STATEMENT(CONTACT_LOCK, contact_lock)                                                          \
    STATEMENT(CONTACT_TARGETS, contact_targets)                                                    \
    STATEMENT(CONTACT_STATE, contact_state)                                                        \
    STATEMENT(CLOCK_STATE, clock_state)                                                            \
    STATEMENT(ACTIVITY_KEY_EXISTING, activity_key_existing)                                        \
    STATEMENT(HISTORY, history)                                                                    \
    STATEMENT(CONTACT_INSERT, contact_insert)                                                      \
    STATEMENT(CONTACT_UPDATE, contact_update)                                                      \
    STATEMENT(SCORE_INSERT, score_insert)                                                          \
    STATEMENT(SCORE_UPDATE, score_update)                                                          \
    STATEMENT(ACTIVITY_INSERT, activity_insert)                                                    \
    STATEMENT(ACTIVITY_KEY_INSERT, activity_key_insert)                                            \
    STATEMENT(EVENT_INSERT, event_insert)                                                          \
    STATEMENT(HANDOFF_WRITE, handoff_write)                                                        \
    STATEMENT(SLA_CLOCK_WRITE, sla_clock_write)                                                    \
    STATEMENT(HANDOFF_PAUSE_END, handoff_pause_end)                                                \
    STATEMENT(HANDOFF_HISTORY_INSERT, handoff_history_insert)                                      \
    STATEMENT(STAGE_CHANGE_INSERT, stage_change_insert)                                            \
    STATEMENT(ATTEMPT_INSERT, attempt_insert)                                                      \
    STATEMENT(FEEDBACK_INSERT, feedback_insert)                                                    \
    STATEMENT(CONSENT_INSERT, consent_insert)                                                      \
    STATEMENT(DEAL_INSERT, deal_insert)                                                            \
    STATEMENT(QUARANTINE_LOCK, quarantine_lock)                                                    \
    STATEMENT(FORM_TOKEN_CLAIM, form_token_claim)                                                  \
    STATEMENT(FORM_TOKEN_OWNER, form_token_owner)                                                  \
    STATEMENT(FORM_TRACE_COUNT, form_trace_count)                                                  \
    STATEMENT(FORM_TRACE_INSERT, form_trace_insert)                                                \
    STATEMENT(QUARANTINE_INSERT, quarantine_insert)                                                \
    STATEMENT(QUARANTINE_SETTLE, quarantine_settle)                                                \
    STATEMENT(QUARANTINE_ONE, quarantine_one)                                                      \
    STATEMENT(QUARANTINE_PAGE, quarantine_page)                                                    \
    STATEMENT(QUARANTINE_COUNTS, quarantine_counts)                                                \
    STATEMENT(QUARANTINE_PURGE_OLD, quarantine_purge_old)                                          \
    STATEMENT(QUARANTINE_EXPIRE, quarantine_expire)                                                \
    STATEMENT(FORM_TOKEN_EXPIRE, form_token_expire)                                                \
    STATEMENT(FORM_TRACE_EXPIRE, form_trace_expire)                                                \
    STATEMENT(COMMITMENT_STATUS, commitment_status)                                                \
    STATEMENT(COMMITMENT_PERIODS, commitment_periods)                                              \
    STATEMENT(COMMITMENT_CONTACTS, commitment_contacts)                                            \
    STATEMENT(COMMITMENT_COMPOSITION, commitment_composition)                                      \
    STATEMENT(TRAFFIC_UPSERT, traffic_upsert)                                                      \
    STATEMENT(TRAFFIC_PAGE, traffic_page)                                                          \
    STATEMENT(SPEND_UPSERT, spend_upsert)                                                          \
    STATEMENT(SPEND_PAGE, spend_page)                                                              \
    STATEMENT(COMMITMENT_FILTERS, commitment_filters)                                              \
    STATEMENT(COMMITMENT_DUE, commitment_due)                                                      \
    STATEMENT(COMMITMENT_FREEZE, commitment_freeze)                                                \
    STATEMENT(COMMITMENT_ALERT_SET, commitment_alert_set)                                          \
    STATEMENT(COMMITMENT_ALERT_TELL, commitment_alert_tell)                                        \
    STATEMENT(HANDOFF_UNMATCHED, handoff_unmatched)                                                \
    STATEMENT(HANDOFF_MATCH_INSERT, handoff_match_insert)                                          \
    STATEMENT(SURPLUS_LOCK, surplus_lock)                                                          \
    STATEMENT(SURPLUS_EXCUSE, surplus_excuse)                                                      \
    STATEMENT(SURPLUS_RESUME, surplus_resume)                                                      \
    STATEMENT(CATALOG_LOAD, catalog_load)                                                          \
    STATEMENT(CATALOG_LOCK, catalog_lock)                                                          \
    STATEMENT(CLOCK_CHANGE_INSERT, clock_change_insert)                                            \
    STATEMENT(CLOCK_CHANGE_TAKE, clock_change_take)                                                \
    STATEMENT(CLOCK_CHANGE_LOCK, clock_change_lock)                                                \
    STATEMENT(CLOCK_CHANGE_READ, clock_change_read)                                                \
    STATEMENT(CLOCK_CHANGE_WRITE, clock_change_write)                                              \
    STATEMENT(CLOCK_CHANGE_NOTE, clock_change_note)                                                \
    STATEMENT(CLOCK_CHANGE_LEFT, clock_change_left)                                                \
    STATEMENT(CLOCK_CHANGE_LEAVE, clock_change_leave)                                              \
    STATEMENT(CATALOG_INSERT, catalog_insert)                                                      \
    STATEMENT(CATALOG_UPDATE, catalog_update)                                                      \
    STATEMENT(CATALOG_DELETE, catalog_delete)                                                      \
    STATEMENT(CALENDAR_REACH_ROWS, calendar_reach_rows)                                            \
    STATEMENT(CALENDAR_SPAN_ROWS, calendar_span_rows)                                              \
    STATEMENT(CALENDAR_ZONE_ROWS, calendar_zone_rows)                                              \
    STATEMENT(CALENDAR_EXPAND, calendar_expand)                                                    \
    STATEMENT(CALENDAR_CLEAR, calendar_clear)                                                      \
    STATEMENT(CALENDAR_DUE, calendar_due)                                                          \
    STATEMENT(CALENDAR_FORGET, calendar_forget)                                                    \
    STATEMENT(TIME_ZONE_EXISTS, time_zone_exists)                                                  \
    STATEMENT(CATALOG_BUMP, catalog_bump)                                                          \
    STATEMENT(FEED_LOCK, feed_lock)                                                                \
    STATEMENT(FEED_NUMBER, feed_number)                                                            \
    STATEMENT(EVENT_EXPIRE, event_expire)                                                          \
    STATEMENT(FEED_LAST, feed_last)                                                                \
    STATEMENT(SLA_DUE_LOCK, sla_due_lock)                                                          \
    STATEMENT(SLA_BREACH, sla_breach)                                                              \
    STATEMENT(SLA_WARN, sla_warn)                                                                  \
    STATEMENT(SLA_ESCALATE, sla_escalate)                                                          \
    STATEMENT(BACKGROUND_LOOK, background_look)                                                    \
    STATEMENT(SLA_NEXT_WAKE, sla_next_wake)                                                        \
    STATEMENT(MEMBER_LOADS_LOCK, member_loads_lock)                                                \
    STATEMENT(MEMBER_LOADS, member_loads)                                                          \
    STATEMENT(HANDOFF_REASSIGN, handoff_reassign)                                                  \
    STATEMENT(ABSENCE_LOCK, absence_lock)                                                          \
    STATEMENT(ABSENCE_HANDOFFS, absence_handoffs)                                                  \
    STATEMENT(REPORT_CHANNELS, report_channels)                                                    \
    STATEMENT(REPORT_FUNNEL, report_funnel)                                                        \
    STATEMENT(PLAN_WINDOW, plan_window)                                                            \
    STATEMENT(PLAN_HISTORY, plan_history)                                                          \
    STATEMENT(PLAN_DEALS, plan_deals)                                                              \
    STATEMENT(PLAN_VISITORS, plan_visitors)                                                        \
    STATEMENT(PLAN_GRADES, plan_grades)                                                            \
    STATEMENT(REPORT_RESPONSE_TIMES, report_response_times)                                        \
    STATEMENT(REPORT_BREACHES, report_breaches)                                                    \
    STATEMENT(REPORT_ATTAINMENT, report_attainment)                                                \
    STATEMENT(DEAL_EXISTING, deal_existing)                                                        \
    STATEMENT(LOCAL_TIMES, local_times)                                                            \
    STATEMENT(EMAIL_KNOWN, email_known)                                                            \
    STATEMENT(CONTACT_ONE, contact_one)                                                            \
    STATEMENT(CONTACT_PAGE, contact_page)                                                          \
    STATEMENT(CONTACT_BY_EMAIL, contact_by_email)                                                  \
    STATEMENT(CONTACT_ROOT, contact_root)                                                          \
    STATEMENT(CONTACT_HISTORY, contact_history)                                                    \
    STATEMENT(CONTACT_TIMELINE, contact_timeline)                                                  \
    STATEMENT(CONTACT_TOUCHES, contact_touches)                                                    \
    STATEMENT(CONTACT_TOUCH_ENDS, contact_touch_ends)                                              \
    STATEMENT(CONSENT_PAGE, consent_page)                                                          \
    STATEMENT(CONTACT_ERASE, contact_erase)                                                        \
    STATEMENT(CONTACT_EXPORT, contact_export)                                                      \
    STATEMENT(ERASURE_ADDRESSES, erasure_addresses)                                                \
    STATEMENT(ERASURE_ONE, erasure_one)                                                            \
    STATEMENT(ERASURE_PAGE, erasure_page)                                                          \
    STATEMENT(SUPPRESSION_EXISTING, suppression_existing)                                          \
    STATEMENT(PLAN_MODE, plan_mode)                                                                \
    STATEMENT(LEAD_NEWEST, lead_newest)                                                            \
    STATEMENT(LEAD_WORKING, lead_working)                                                          \
    STATEMENT(LEAD_HOTTEST, lead_hottest)                                                          \
    STATEMENT(LEAD_DUE, lead_due)                                                                  \
    STATEMENT(SUBMISSION_PAGE, submission_page)                                                    \
    STATEMENT(SUBMISSION_OF_CONTACT, submission_of_contact)                                        \
    STATEMENT(SUBMISSION_ONE, submission_one)                                                      \
    STATEMENT(FEED_PAGE, feed_page)                                                                \
    STATEMENT(SLA_STATUS, sla_status)                                                              \
    STATEMENT(SLA_BREACHED, sla_breached)                                                          \
    STATEMENT(SLA_CLOCK_ONE, sla_clock_one)                                                        \
    STATEMENT(SLA_CLOCK_PAUSES, sla_clock_pauses)                                                  \
    STATEMENT(SLA_CLOCK_PAGE, sla_clock_page)                                                      \
    STATEMENT(SLA_CLOCK_PAGE_LIVE, sla_clock_page_live)                                            \
    STATEMENT(HANDOFF_PAGE, handoff_page)                                                          \
    STATEMENT(HANDOFF_PAGE_OPEN, handoff_page_open)                                                \
    STATEMENT(HANDOFF_PAGE_MEMBER, handoff_page_member)                                            \
    STATEMENT(HANDOFF_PAGE_DUE, handoff_page_due)                                                  \
    STATEMENT(HANDOFF_READ, handoff_read)                                                          \
    STATEMENT(HANDOFF_CLOCKS, handoff_clocks)                                                      \
    STATEMENT(HANDOFF_ATTEMPTS, handoff_attempts)                                                  \
    STATEMENT(HANDOFF_FEEDBACK, handoff_feedback)                                                  \
    STATEMENT(HANDOFF_HISTORY, handoff_history)                                                    \
    STATEMENT(HANDOFF_STANDING, handoff_standing)                                                  \
    STATEMENT(LOCAL_MIDNIGHT, local_midnight)                                                      \
    STATEMENT(KEY_USE_WRITE, key_use_write)                                                        \
    STATEMENT(KEY_USE_ALL, key_use_all)                                                            \
    STATEMENT(NOTIFICATION_CURSOR, notification_cursor)                                            \
    STATEMENT(NOTIFICATION_EVENTS, notification_events)                                            \
    STATEMENT(NOTIFICATION_INSERT, notification_insert)                                            \
    STATEMENT(NOTIFICATION_ADVANCE, notification_advance)                                          \
    STATEMENT(NOTIFICATION_DUE, notification_due)                                                  \
    STATEMENT(NOTIFICATION_CLAIM, notification_claim)                                              \
    STATEMENT(NOTIFICATION_FACTS, notification_facts)                                              \
    STATEMENT(NOTIFICATION_SETTLE, notification_settle)                                            \
    STATEMENT(NOTIFICATION_EXPIRE, notification_expire)                                            \
    STATEMENT(NOTIFICATION_PAGE, notification_page)                                                \
    STATEMENT(NOTIFICATION_ONE, notification_one)                                                  \
    STATEMENT(NOTIFICATION_RETRY, notification_retry)                                              \
    STATEMENT(PAUSE_DUE_LOCK, pause_due_lock)                                                      \
    STATEMENT(PAUSE_END, pause_end)                                                                \
    STATEMENT(PAUSE_NEXT_END, pause_next_end)

enum statement {
#define STATEMENT_ENUMERATOR(name, file) STATEMENT_##name,
    STATEMENTS(STATEMENT_ENUMERATOR)
#undef STATEMENT_ENUMERATOR
        STATEMENT_COUNT_
};

/* The file's name, which is the prepared statement's. Static. */
const char *statement_name(enum statement statement);
/* Its SQL, NUL-terminated. Static. */
const char *statement_text(enum statement statement);
