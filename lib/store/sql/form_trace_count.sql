-- How often each mark ($1) came with other submissions ($2: its own) within the last $3 seconds; in their order, and
-- counted no further than $4.
SELECT (SELECT count(*)
        FROM (SELECT FROM form_trace t
              WHERE t.mark = u.mark AND t.submission_id <> u.submission_id
                AND t.at > clock.now - u.within * interval '1 second'
              LIMIT u.more_than) seen)
FROM (SELECT relais_now() AS now) AS clock, unnest($1::uuid[], $2::uuid[], $3::float8[], $4::int[]) WITH ORDINALITY
  AS u (mark, submission_id, within, more_than, n)
ORDER BY u.n
