-- How many locks there is room for, over all transactions of the whole cluster (manual, max_locks_per_transaction).
SELECT current_setting('max_locks_per_transaction')::bigint
       * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)
