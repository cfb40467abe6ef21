/*
 * Who is away, and who stands in. An absence is set-up: from when to when, and a substitute or
 * none. While it lasts its member is given no handoff; what they have goes to the substitute when
 * it begins (the store's background thread does that), and stays there afterwards.
 */
#pragma once

#include "domain/catalog.h"

/* The absence that lasts at that time, NULL: the member is there. Of several the one that ends
 * last. */
const struct absence *absence_of(const struct catalog *catalog, struct uuid member_id,
                                 int64_t at_us);

/* Who works for a member who is away: the substitute, or the substitute's, a few times over, the
 * first who is active and there. NULL: there is nobody. */
const struct member *absence_stand_in(const struct catalog *catalog, struct uuid member_id,
                                      int64_t at_us);

/* Whether a member may be given something now: active and not away. */
bool member_is_there(const struct catalog *catalog, const struct member *member, int64_t at_us);
