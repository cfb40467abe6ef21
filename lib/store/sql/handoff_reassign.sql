-- The handoffs ($1 contact, $2 handoff) become those of the members $3, at $4.
UPDATE handoff h
SET assignee = n.member, assigned_at = coalesce(h.assigned_at, $4::timestamptz), version = h.version + 1,
    updated_at = $4::timestamptz
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n (contact_id, handoff_id, member)
WHERE h.contact_id = n.contact_id AND h.handoff_id = n.handoff_id
