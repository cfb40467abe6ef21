-- Handoffs that the filters $1 have not looked at yet, those opened since $2 (null: all), newest first, from the handoff $4
-- on (null: the newest), at most $3; with what a filter may see: the contact's attributes at the opening and, beside them, score, channel, purpose, and of
-- what opened it trigger (its kind), form, offer, offer_kind and campaign.
SELECT f.id, h.contact_id, h.handoff_id,
       (coalesce(h.snapshot #> '{contact,attributes}', '{}')
        || jsonb_build_object(
               'score', jsonb_build_object('grade', h.snapshot #> '{score,grade}',
                                           'fit', h.snapshot #> '{score,fit}',
                                           'fit_grade', h.snapshot #> '{score,fit_grade}',
                                           'interest', h.snapshot #> '{score,interest}',
                                           'interest_grade', h.snapshot #> '{score,interest_grade}'),
               'channel', h.snapshot #> '{contact,channel}',
               'purpose', h.purpose,
               'trigger', CASE h.trigger ->> 'because' WHEN 'at_once' THEN 'at_once' WHEN 'by_hand' THEN 'manual'
                                                       WHEN 'review' THEN 'decision' ELSE 'score' END,
               'form', h.trigger -> 'form', 'offer', h.trigger -> 'offer',
               'offer_kind', h.trigger -> 'offer_kind', 'campaign', h.trigger -> 'campaign'))::text
FROM handoff h
CROSS JOIN unnest($1::uuid[]) AS f (id)
WHERE h.handoff_id >= coalesce(first_id_at($2::timestamptz), '00000000-0000-0000-0000-000000000000'::uuid)
  AND h.handoff_id <= coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
  AND NOT EXISTS (SELECT FROM handoff_match m
                  WHERE m.contact_id = h.contact_id AND m.handoff_id = h.handoff_id AND m.filter = f.id)
ORDER BY h.handoff_id DESC
LIMIT $3::int
