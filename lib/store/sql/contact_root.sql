-- Which contact an id stands for: itself, or the one it was merged into; and its address, null when it was erased. $1 the
-- id.
SELECT coalesce(m.merged_into, m.contact_id), m.email FROM contact m WHERE m.contact_id = $1::uuid
