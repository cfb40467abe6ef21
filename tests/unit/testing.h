/*
 * What every unit test needs: cmocka with the headers it asks for, a seed that can be repeated, and
 * running a piece of code with each of its allocations failing in turn.
 */
#pragma once

/* cmocka.h wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/sha256.h"
#include "base/str.h"

/* A generator whose seed is printed; RELAIS_TEST_SEED=<that number> repeats the run. */
static inline struct random testing_random(void)
{
    struct random random;
    uint64_t seed;
    const char *given = getenv("RELAIS_TEST_SEED");
    if (given != NULL)
        seed = strtoull(given, /* endptr= */ NULL, 10);
    else
        random_bytes(&seed, sizeof seed);
    fprintf(stderr, "RELAIS_TEST_SEED=%llu repeats this run\n", (unsigned long long)seed);
    random_init(&random, seed);
    return random;
}

/*
 * Calls `run` with every allocation failing, then with all but the first, and so on until a run
 * meets no failure. `run` returns whether it succeeded and frees what it made in both cases (the
 * sanitizer tells otherwise). Returns the number of runs that failed.
 */
static inline int testing_fail_each_allocation(bool (*run)(void *context), void *context)
{
    for (int count = 0;; count++) {
        mem_fail_after(count);
        bool is_ok = run(context);
        mem_fail_after(-1);
        if (is_ok)
            return count;
        assert_true(count < 10000);
    }
}

#define assert_str_is(actual, expected)                                                            \
    do {                                                                                           \
        struct str actual_ = (actual);                                                             \
        assert_non_null(actual_.data);                                                             \
        assert_int_equal(actual_.len, strlen(expected));                                           \
        assert_memory_equal(actual_.data, (expected), actual_.len);                                \
    } while (0)
