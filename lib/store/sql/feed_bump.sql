-- From now on the feed's positions mean something else: $1 is the new epoch.
UPDATE feed_head SET epoch = $1::uuid WHERE feed = 1 RETURNING epoch
