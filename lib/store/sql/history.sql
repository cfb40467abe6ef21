-- All activities of contacts and of those merged into them, for a recomputation. $1 ids.
SELECT m.root, a.id, a.occurred_at, a.kind, a.form, a.offer, a.offer_kind, a.journey_step, a.campaign,
       a.channel, a.properties::text
FROM (SELECT contact_id, contact_id AS root FROM unnest($1::uuid[]) AS u (contact_id)
      UNION ALL
      SELECT contact_id, merged_into FROM contact WHERE merged_into = ANY ($1::uuid[])) AS m
-- Sorted as the key is, so that it is walked for each contact: a join would be planned, while the table is empty.
CROSS JOIN LATERAL (SELECT * FROM activity x WHERE x.contact_id = m.contact_id ORDER BY x.occurred_at, x.id) a
