-- The sequencer's turn; no row: another instance is at it.
SELECT last, epoch FROM feed_head WHERE feed = 1 FOR UPDATE SKIP LOCKED
