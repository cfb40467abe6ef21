/*
 * A small fast generator whose sequence its seed decides: for tests, sampling and jitter. Never for
 * anything that must not be guessed (that is random_bytes in sha256.h). Not thread-safe: one per
 * owner.
 *
 * The generator is xoshiro256** (D. Blackman, S. Vigna, "Scrambled linear pseudorandom number
 * generators", 2021), seeded through splitmix64.
 */
#pragma once

#include "base/base.h"

struct random {
    uint64_t state[4];
};

void random_init(struct random *random, uint64_t seed);
uint64_t random_u64(struct random *random);
/* Even over 0 … bound-1. `bound` is at least 1. */
uint64_t random_below(struct random *random, uint64_t bound);
/* Even over [0, 1), a multiple of 2^-53. */
double random_unit(struct random *random);
