SELECT h.last, h.epoch FROM feed_head h WHERE h.feed = 1
