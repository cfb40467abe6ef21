-- From here to the sync, $1: "force_generic_plan", a statement's plan is made once, for all parameters, and goes by index;
-- "force_custom_plan", it is made each time; "auto", as the planner likes it. Only for reads.
SELECT set_config('plan_cache_mode', $1::text, true),
       set_config('enable_seqscan', CASE WHEN $1::text = 'force_generic_plan' THEN 'off' ELSE 'on' END, true),
       set_config('enable_bitmapscan', CASE WHEN $1::text = 'force_generic_plan' THEN 'off' ELSE 'on' END, true)
