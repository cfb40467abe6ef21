-- What durability rests on, and whether a test's clock is in this database.
SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'),
       to_regclass('public.test_clock') IS NOT NULL, (SELECT coalesce(max(version), 0) FROM schema_migration)
