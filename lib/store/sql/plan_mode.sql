-- From here to the sync: with $1 true a statement's plan is made once, for all parameters, and goes by index; else as
-- the planner likes it. Only for reads.
SELECT set_config('plan_cache_mode', CASE WHEN $1::boolean THEN 'force_generic_plan' ELSE 'auto' END, true),
       set_config('enable_seqscan', CASE WHEN $1::boolean THEN 'off' ELSE 'on' END, true),
       set_config('enable_bitmapscan', CASE WHEN $1::boolean THEN 'off' ELSE 'on' END, true)
