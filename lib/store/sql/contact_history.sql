-- All activities of a contact and of those merged into it, for an explanation; the columns of history.sql. $1 its
-- id, or that of one merged into it.
WITH root AS (
    SELECT coalesce(m.merged_into, m.contact_id) AS id FROM contact m WHERE m.contact_id = $1::uuid),
member AS (
    SELECT r.id AS contact_id FROM root r
    UNION ALL
    SELECT m.contact_id FROM root r JOIN contact m ON m.merged_into = r.id)
SELECT m.contact_id, a.id, a.occurred_at, a.kind, a.form, a.offer, a.offer_kind, a.journey_step, a.campaign,
       a.channel, a.properties::text
FROM member m
JOIN activity a ON a.contact_id = m.contact_id
