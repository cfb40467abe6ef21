-- The next $2 transactions of the feed behind position $1: where each ends, and its events of the types $3 that are no
-- history, with the handoff's present assignee; a row without an event when there is none.
SELECT t.id, t.first_position + t.count - 1 AS last, e.ordinal, e.type, e.at, e.contact_id, e.handoff_id, e.clock_id,
       e.data ->> 'actor' AS actor, h.assignee, e.data::text AS data, e.data ->> 'commitment_id' AS commitment_id,
       e.data ->> 'to' AS step,
       (SELECT string_agg(m.id, ' ' ORDER BY m.place)
        FROM json_array_elements_text(e.data -> 'members') WITH ORDINALITY AS m (id, place)) AS named
FROM (SELECT x.id, x.first_position, x.count FROM event_tx x
      WHERE x.first_position > $1::bigint
      ORDER BY x.first_position
      LIMIT $2::int) AS t
LEFT JOIN LATERAL (
    SELECT v.ordinal, v.type, v.at, v.contact_id, v.data, (v.data ->> 'handoff_id')::uuid AS handoff_id,
           (v.data ->> 'clock_id')::uuid AS clock_id
    FROM event v
    WHERE v.tx = t.id AND v.type = ANY ($3::text[]) AND v.data ->> 'historical' IS NULL
    ORDER BY v.ordinal) AS e ON true
LEFT JOIN handoff h ON h.handoff_id = e.handoff_id
ORDER BY t.first_position, e.ordinal
