/*
 * What the tests of scoring share: models from text, activities, and a seed that is printed and can
 * be given back (RELAIS_TEST_SEED).
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "domain/fit.h"
#include "domain/score.h"

enum { TEST_ARENA_BYTES = 64 * 1024 * 1024 };

/* 2026-11-23T08:00:00Z, a Monday */
static const int64_t test_start_us = INT64_C(1795420800) * US_PER_SECOND;

static inline uint64_t test_seed(void)
{
    const char *given = getenv("RELAIS_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)clock_wall_us();
    print_message("RELAIS_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static inline json_t *test_json(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL)
        fail_msg("not JSON, line %d: %s", error.line, error.text);
    return json;
}

static inline json_t *test_default_definition(void)
{
    json_error_t error;
    json_t *json = json_load_file(SOURCE_DIR "/tests/unit/data/default_model.json",
                                  JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        fail_msg("default_model.json, line %d: %s", error.line, error.text);
    return json;
}

/* Takes over `definition`. */
static inline struct model *test_compile(json_t *definition)
{
    struct arena arena;
    arena_init(&arena, TEST_ARENA_BYTES);
    struct faults faults;
    faults_init(&faults, &arena);
    struct model *model = NULL;
    enum err_code code = model_compile(definition, /* zone= */ NULL, &model, &faults);
    if (code != OK) {
        fail_msg("%s: %s %s", err_name(code), faults.count > 0 ? faults.items[0].pointer : "",
                 faults.count > 0 ? faults.items[0].detail : "");
    }
    json_decref(definition);
    arena_done(&arena);
    return model;
}

static inline struct model *test_default_model(void)
{
    return test_compile(test_default_definition());
}

/* An id that sorts by its number. */
static inline struct uuid test_id(uint64_t number)
{
    struct uuid id = {.bytes = {0}};
    for (size_t i = 0; i < 8; i++)
        id.bytes[15 - i] = (uint8_t)(number >> (8 * i));
    return id;
}

static inline struct activity_facts test_activity(uint64_t number, int64_t at_us, const char *kind)
{
    return (struct activity_facts){
        .id = test_id(number), .occurred_at_us = at_us, .kind = str_from(kind)};
}

static inline struct activity_facts test_download(uint64_t number, int64_t at_us,
                                                  const char *offer_kind, const char *journey_step)
{
    struct activity_facts facts = test_activity(number, at_us, "form_submission");
    facts.offer_kind = str_from(offer_kind);
    facts.journey_step = str_from(journey_step);
    return facts;
}
