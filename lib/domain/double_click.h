/*
 * A form post without an id of its own, posted again at once: a visitor clicked twice, or a browser
 * tried again. Both shall be one submission, as if the page had sent an id. So the id is made from
 * what was posted, and everything that recognises ids that clients choose serves here as well.
 *
 * A genuine repeat later shall be another one, so the time is in the id: the beginning of the slot
 * in which it came, as long as the window. Between two posts of one window at most one slot ends.
 * Where it does their ids differ in nothing but the slot; who looks an id up looks up both
 * neighbours too, and whether their times are near enough.
 */
#pragma once

#include "base/clock.h"
#include "base/sha256.h"
#include "base/uuid.h"

enum { DOUBLE_CLICK_SECONDS = 10 };
#define DOUBLE_CLICK_US (DOUBLE_CLICK_SECONDS * US_PER_SECOND)

/* A version 8 id: the slot's first ms in the first 48 bits, then `hash`, which stands for what was
 * posted and by whom. `at_us` is when it came. */
struct uuid double_click_id(const struct sha256 *hash, int64_t at_us);

/* Whether an id is one of these. Another one made of a hash is taken for one in 1 of 10,000 cases,
 * which does nothing: it has no neighbours. */
bool double_click_is_id(struct uuid id);
/* What the id would be so many slots later (negative: earlier). `id` is one of these. */
struct uuid double_click_id_shifted(struct uuid id, int slots);
/* The same for all slots; of another id the id itself. */
struct uuid double_click_family(struct uuid id);

/* Whether two posts with these ids that came at these times are one: the same id, or those of two
 * neighbouring slots and no further apart than DOUBLE_CLICK_US. */
bool double_click_is_one(struct uuid a, int64_t a_us, struct uuid b, int64_t b_us);
