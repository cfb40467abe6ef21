/* What the tests of other tools' webhooks share: the samples, and reading one. */
#pragma once

#include "testing.h"

#include "schema/adapter.h"
#include "schema/json.h"

enum { ADAPTER_ARENA_BYTES = 8 * 1024 * 1024 };

/* A sample of ours by its name, or a file by its path. The caller's to release. */
static inline json_t *sample_load(const char *name)
{
    char path[512];
    const bool is_path = strchr(name, '/') != NULL;
    snprintf(path, sizeof path, "%s%s%s", is_path ? "" : SOURCE_DIR "/tests/unit/data/adapters/",
             name, is_path ? "" : ".json");
    json_error_t error;
    json_t *body = json_load_file(path, 0, &error);
    if (body == NULL)
        fail_msg("%s: %s", path, error.text);
    return body;
}

static inline json_t *body_of(const char *text)
{
    struct err err = {.code = OK};
    json_t *body = NULL;
    if (json_parse(str_from(text), &body, &err) != OK)
        fail_msg("%s: %s", text, err.detail);
    return body;
}

static inline const struct adapter *adapter_named(const char *name)
{
    return strcmp(name, "hubspot") == 0 ? &adapter_hubspot : adapter_find(str_from(name));
}

/* Must read. */
static inline void read_with(const char *name, const json_t *body, struct arena *arena,
                             struct adapted *ret_adapted)
{
    struct err err = {.code = OK};
    if (adapter_read(adapter_named(name), body, arena, ret_adapted, &err) != OK)
        fail_msg("%s: %s", name, err.detail);
}
