-- Everything that is held about a person beside what a contact shows, also from contacts merged into theirs: rows of a
-- part's name and a JSON object, part by part and each in the order of time. $1 the contact's id, or that of one merged
-- into it.
WITH root AS (
    SELECT coalesce(m.merged_into, m.contact_id) AS id FROM contact m WHERE m.contact_id = $1::uuid),
member AS MATERIALIZED (
    SELECT r.id AS contact_id FROM root r
    UNION ALL
    SELECT m.contact_id FROM root r JOIN contact m ON m.merged_into = r.id),
item (rank, part, at, id, item) AS (
    SELECT 1, 'addresses', NULL::timestamptz, i.email_key, json_build_object('email', i.email_key)
    FROM root r JOIN email_identity i ON i.contact_id = r.id
    UNION ALL
    SELECT 2, 'sources', to_timestamp((s.value ->> 1)::float8 / 1000), s.key, row_to_json(x)
    FROM root r JOIN contact c ON c.contact_id = r.id
    CROSS JOIN LATERAL (SELECT k.key, coalesce(c.sources -> k.key, c.sources -> '*') AS value
                        FROM jsonb_object_keys(c.attributes) AS k (key)) AS s
    CROSS JOIN LATERAL (SELECT s.key AS attribute, s.value ->> 0 AS source,
                               relais_text(to_timestamp((s.value ->> 1)::float8 / 1000)) AS at) AS x
    UNION ALL
    SELECT 3, 'merged', c.created_at, c.contact_id::text, row_to_json(x)
    FROM root r JOIN contact c ON c.merged_into = r.id
    CROSS JOIN LATERAL (SELECT c.contact_id AS id, c.email, c.attributes, relais_text(c.created_at) AS created_at) AS x
    UNION ALL
    SELECT 4, 'consents', t.at, t.id::text, row_to_json(x)
    FROM member m JOIN consent t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT t.id, relais_text(t.at) AS at, t.purpose, t.granted, coalesce(t.objection, false) AS objection,
                               t.text, t.text_version, t.source, t.actor, t.network AS ip, t.note,
                               t.activity_id AS submission_id) AS x
    UNION ALL
    SELECT 5, 'submissions', t.occurred_at, t.id::text, row_to_json(x)
    FROM member m JOIN activity t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT t.id, relais_text(t.occurred_at) AS occurred_at, relais_text(t.received_at) AS received_at,
                               t.form, t.offer, t.campaign, t.channel, t.payload -> 'attributes' AS attributes,
                               t.payload -> 'ignored' AS ignored, t.payload -> 'consents' AS consents,
                               t.payload -> 'context' AS context) AS x
    WHERE t.payload IS NOT NULL
    UNION ALL
    SELECT 6, 'activities', t.occurred_at, t.id::text, row_to_json(x)
    FROM member m JOIN activity t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT t.id, relais_text(t.occurred_at) AS occurred_at, relais_text(t.received_at) AS received_at,
                               t.kind, t.form, t.offer, t.campaign, t.channel, t.properties) AS x
    WHERE t.payload IS NULL
    UNION ALL
    SELECT 7, 'stage_changes', t.at, lpad(t.ordinal::text, 20, '0'), row_to_json(x)
    FROM member m JOIN stage_change t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT relais_text(t.at) AS at, t.from_stage AS "from", t.to_stage AS "to", t.actor, t.reason, t.note,
                               t.handoff_id, t.implied, t.historical) AS x
    UNION ALL
    SELECT 8, 'handoffs', t.opened_at, t.handoff_id::text, row_to_json(x)
    FROM member m JOIN handoff t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT t.handoff_id AS id, t.state, t.purpose, t.cycle, t.assignee, t.trigger, t.snapshot,
                               relais_text(t.opened_at) AS opened_at, relais_text(t.accepted_at) AS accepted_at,
                               relais_text(t.contacted_at) AS contacted_at, relais_text(t.qualified_at) AS qualified_at,
                               relais_text(t.opportunity_at) AS opportunity_at, relais_text(t.closed_at) AS closed_at,
                               relais_text(t.paused_until) AS paused_until, t.pause_reason, t.gpct, t.deal, t.reason, t.note,
                               relais_text(t.nurture_until) AS nurture_until) AS x
    UNION ALL
    SELECT 9, 'attempts', t.at, t.attempt_id::text, row_to_json(x)
    FROM member m JOIN attempt t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT t.attempt_id AS id, t.handoff_id, relais_text(t.at) AS at, relais_text(t.logged_at) AS logged_at,
                               t.channel, t.outcome, t.actor, t.note, t.offers_sent) AS x
    UNION ALL
    SELECT 10, 'feedback', t.at, t.feedback_id::text, row_to_json(x)
    FROM member m JOIN feedback t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT t.feedback_id AS id, t.handoff_id, relais_text(t.at) AS at, t.offer, t.found_useful,
                               t.helped_the_call, t.actor, t.note) AS x
    UNION ALL
    SELECT 11, 'clocks', t.started_at, t.clock_id::text, row_to_json(x)
    FROM member m JOIN sla_clock t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT t.clock_id AS id, t.handoff_id, t.kind, t.policy, t.state,
                               relais_text(t.started_at) AS started_at, relais_text(t.due_at) AS due_at,
                               relais_text(t.met_at) AS met_at, relais_text(t.breached_at) AS breached_at,
                               relais_text(t.ended_at) AS ended_at, t.end_reason) AS x
    UNION ALL
    SELECT 12, 'handoff_history', t.at, t.entry_id::text, row_to_json(x)
    FROM member m JOIN handoff_history t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT t.handoff_id, t.kind, relais_text(t.at) AS at, t.actor, t.reason, t.member, t.previous,
                               relais_text(t.until) AS until, relais_text(t.ended_at) AS ended_at, t.ended_by,
                               t.clock_id) AS x
    UNION ALL
    SELECT 13, 'deals', t.won_at, t.deal_id::text, row_to_json(x)
    FROM member m JOIN deal t ON t.contact_id = m.contact_id
    CROSS JOIN LATERAL (SELECT t.deal_id AS id, t.kind, t.amount, t.currency, relais_text(t.won_at) AS won_at, t.handoff_id,
                               t.assignee, t.qualified_by, t.actor) AS x
    UNION ALL
    SELECT 14, 'quarantined', t.received_at, t.quarantine_id::text, row_to_json(x)
    FROM root r JOIN email_identity i ON i.contact_id = r.id JOIN quarantine t ON t.email_key = i.email_key
    CROSS JOIN LATERAL (SELECT t.quarantine_id AS id, t.form, t.reasons, t.email, relais_text(t.occurred_at) AS occurred_at,
                               relais_text(t.received_at) AS received_at, t.payload -> 'attributes' AS attributes,
                               t.payload -> 'ignored' AS ignored, t.payload -> 'consents' AS consents,
                               t.payload -> 'context' AS context) AS x)
SELECT i.part, i.item::text
FROM item i
ORDER BY i.rank, i.at, i.id
