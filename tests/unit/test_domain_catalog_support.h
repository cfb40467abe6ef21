/* What the tests of the set-up share: the rows of a fresh database, read from its migration. */
#pragma once

#include "testing.h"

#include "domain/catalog.h"
#include "domain/funnel.h"
#include "schema/json.h"

enum { DEFAULT_ROWS_MAX = 100 };

struct default_rows {
    char *text; /* of the migration; the rows point into it */
    struct catalog_row rows[DEFAULT_ROWS_MAX];
    size_t count;
};

static inline char *read_project_file(const char *path)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", SOURCE_DIR, path);
    FILE *file = fopen(full, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    fclose(file);
    return text;
}

/* What stands between two marks, behind which `at` moves. */
static inline struct str between(const char **at, const char *open, const char *close)
{
    const char *start = strstr(*at, open);
    assert_non_null(start);
    start += strlen(open);
    const char *end = strstr(start, close);
    assert_non_null(end);
    *at = end + strlen(close);
    return str_slice(start, (size_t)(end - start));
}

/* ('id', 'kind', 'slug' or NULL, $json$body$json$) */
static inline void default_rows_init(struct default_rows *rows)
{
    rows->text = read_project_file("migrations/0003_defaults.sql");
    rows->count = 0;
    const char *at = strstr(rows->text, "VALUES");
    while (at != NULL && strstr(at, "$json$") != NULL) {
        assert_true(rows->count < DEFAULT_ROWS_MAX);
        struct catalog_row *row = &rows->rows[rows->count++];
        *row = (struct catalog_row){.version = 1};
        const struct str id = between(&at, "('", "'");
        assert_true(uuid_parse(id, &row->id));
        const int kind = name_index(catalog_kind_names, between(&at, "'", "'"));
        assert_true(kind >= 0);
        row->kind = (enum catalog_kind)kind;
        const bool has_slug = strncmp(at, ", NULL", 6) != 0;
        row->slug = has_slug ? between(&at, "'", "'") : id;
        row->body = between(&at, "$json$", "$json$");
        row->created_at_us = row->updated_at_us = INT64_C(1795000000000000);
    }
}

static inline void default_rows_done(struct default_rows *rows)
{
    free(rows->text);
}

static inline void default_rows_add(struct default_rows *rows, enum catalog_kind kind,
                                    const char *id, const char *slug, const char *body)
{
    assert_true(rows->count < DEFAULT_ROWS_MAX);
    struct catalog_row *row = &rows->rows[rows->count];
    *row = (struct catalog_row){
        .kind = kind,
        .slug = str_from(slug),
        .body = str_from(body),
        .version = 1,
        .created_at_us = INT64_C(1795000001000000) + (int64_t)rows->count,
        .updated_at_us = INT64_C(1795000002000000),
    };
    assert_true(uuid_parse(str_from(id), &row->id));
    rows->count++;
}

static inline struct catalog *build_catalog(const struct default_rows *rows)
{
    struct catalog *catalog = NULL;
    struct err err = {.code = OK};
    if (catalog_build(7, rows->rows, rows->count, &catalog, &err) != OK)
        fail_msg("%s", err.detail);
    return catalog;
}

static inline json_t *json_from(const char *text)
{
    json_t *root = NULL;
    struct err err = {.code = OK};
    if (json_parse(str_from(text), &root, &err) != OK)
        fail_msg("%s in %s", err.detail, text);
    return root;
}
