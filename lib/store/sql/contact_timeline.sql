-- What happened to a contact and to those merged into it, newest first; at one instant what followed from it first.
-- $1 its id, or that of one merged into it; $2, $3, $4 time, rank and id of the last item of the page before (null:
-- none); $5 rows.
-- Columns: rank (which kind of item), at, id, other (handoff or assignee), a, b, c, d, e (texts), number, flag,
-- until, document; server/handlers/contact_timeline.c says what they mean for each rank.
WITH root AS (
    SELECT coalesce(m.merged_into, m.contact_id) AS id FROM contact m WHERE m.contact_id = $1::uuid),
member AS (
    SELECT r.id AS contact_id FROM root r
    UNION ALL
    SELECT m.contact_id FROM root r JOIN contact m ON m.merged_into = r.id),
item (rank, at, id, other, a, b, c, d, e, number, flag, until, document) AS (
    SELECT CASE WHEN t.payload IS NULL THEN 2 ELSE 1 END, t.occurred_at, t.id, NULL::uuid,
           CASE WHEN t.payload IS NULL THEN t.kind ELSE t.form END, t.offer, t.campaign, t.channel, NULL::text,
           NULL::bigint, NULL::boolean, NULL::timestamptz, t.properties::text
    FROM member m JOIN activity t ON t.contact_id = m.contact_id
    WHERE t.occurred_at <= coalesce($2::timestamptz, 'infinity'::timestamptz)
    UNION ALL
    SELECT 3, t.at, t.id, NULL, t.purpose, t.text, t.source, NULL, NULL, NULL, t.granted, NULL, NULL
    FROM member m JOIN consent t ON t.contact_id = m.contact_id
    UNION ALL
    SELECT 4, t.at, lpad(to_hex(t.ordinal), 32, '0')::uuid, t.handoff_id, t.from_stage::text, t.to_stage::text,
           t.actor, t.reason, t.note, NULL, t.implied, NULL, NULL
    FROM member m JOIN stage_change t ON t.contact_id = m.contact_id
    UNION ALL
    SELECT 5, t.opened_at, t.handoff_id, t.assignee, t.state, t.purpose, t.reason, NULL, NULL, t.cycle, NULL,
           t.closed_at, NULL
    FROM member m JOIN handoff t ON t.contact_id = m.contact_id
    UNION ALL
    SELECT 6, t.at, t.attempt_id, t.handoff_id, t.channel, t.outcome, t.actor, t.note, NULL, NULL, NULL, NULL, NULL
    FROM member m JOIN attempt t ON t.contact_id = m.contact_id
    UNION ALL
    SELECT 7, t.at, t.feedback_id, t.handoff_id, t.offer, t.found_useful, t.actor, t.note, NULL, NULL,
           t.helped_the_call, NULL, NULL
    FROM member m JOIN feedback t ON t.contact_id = m.contact_id
    UNION ALL
    SELECT 8, t.won_at, t.deal_id, t.handoff_id, t.kind, t.currency, t.actor, NULL, NULL, t.amount, NULL, NULL, NULL
    FROM member m JOIN deal t ON t.contact_id = m.contact_id
    UNION ALL
    SELECT CASE t.kind WHEN 'assigned' THEN 9 WHEN 'paused' THEN 10 WHEN 'escalated' THEN 11 ELSE 12 END, t.at, t.entry_id,
           t.handoff_id, CASE WHEN t.kind = 'paused' THEN relais_text(t.ended_at) ELSE t.member::text END,
           coalesce(t.previous, t.clock_id)::text, t.actor, t.reason, NULL, NULL, NULL, t.until, NULL
    FROM member m JOIN handoff_history t ON t.contact_id = m.contact_id)
SELECT i.rank, i.at, i.id, i.other, i.a, i.b, i.c, i.d, i.e, i.number, i.flag, i.until, i.document
FROM item i
WHERE (i.at, i.rank, i.id) < (coalesce($2::timestamptz, 'infinity'::timestamptz), coalesce($3::int, 13),
                              coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
ORDER BY i.at DESC, i.rank DESC, i.id DESC
LIMIT $5::int
