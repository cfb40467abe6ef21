-- The next clocks that a change is to reach, behind the contact $1 and its clock $2 (null: from the beginning): those that
-- run or rest, of the policy $3 or by the calendar $4 (one of the two is null), in a version before $5. Waits for the locks
-- of their contacts (after a merge: the survivors) in the order of their ids. At most $6.
WITH next AS MATERIALIZED (
    SELECT k.contact_id, k.clock_id, coalesce(m.merged_into, m.contact_id) AS locked_id
    FROM (SELECT x.contact_id, x.clock_id
          FROM sla_clock x
          WHERE x.ended_at IS NULL AND x.state IN ('running', 'paused')
            AND (x.contact_id, x.clock_id) > (coalesce($1::uuid, '00000000-0000-0000-0000-000000000000'),
                                              coalesce($2::uuid, '00000000-0000-0000-0000-000000000000'))
            AND ((x.policy_id = $3::uuid AND coalesce(x.policy_version, 0) < $5::integer)
                 OR (x.calendar_id = $4::uuid AND x.calendar_version < $5::integer))
          ORDER BY x.contact_id, x.clock_id
          LIMIT $6::integer) AS k
    JOIN contact m ON m.contact_id = k.contact_id
    ORDER BY locked_id)
SELECT n.contact_id, n.clock_id, n.locked_id, pg_advisory_xact_lock(contact_lock_key(n.locked_id))
FROM next n
