-- The handoffs $1, in this order, as they are shown: the contact and its score as they were at opening, the ids of
-- today (after a merge those of the survivor).
SELECT w.n, h.handoff_id, coalesce(c.merged_into, c.contact_id) AS contact_id, h.version, h.state, h.purpose, h.cycle,
       h.assignee,
       h.snapshot #>> '{contact,email}' AS email, (h.snapshot #> '{contact,attributes}')::text AS attributes,
       h.snapshot #>> '{contact,channel}' AS channel, h.snapshot #>> '{contact,journey_step}' AS journey_step,
       (h.snapshot -> 'score')::text AS score,
       h.trigger ->> 'because' AS because, h.trigger ->> 'activity_id' AS activity_id,
       h.trigger ->> 'kind' AS activity, h.trigger ->> 'form' AS form, h.trigger ->> 'offer' AS offer,
       h.trigger ->> 'actor' AS actor, h.trigger ->> 'reason' AS trigger_reason,
       h.opened_at, h.accepted_at, h.work_by, h.contacted_at, h.qualified_at, h.opportunity_at, h.closed_at,
       h.paused_until, h.pause_reason, h.gpct::text AS gpct, h.deal::text AS deal,
       h.reason, h.note, h.nurture_until, h.updated_at, h.assigned_at
FROM unnest($1::uuid[]) WITH ORDINALITY AS w (handoff_id, n)
JOIN handoff h ON h.handoff_id = w.handoff_id
JOIN contact c ON c.contact_id = h.contact_id
ORDER BY w.n
