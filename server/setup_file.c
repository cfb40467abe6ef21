#include "setup_file.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "domain/funnel.h"
#include "schema/json.h"

enum {
    FILE_BYTES_MAX = 64 << 20,
    ARENA_BYTES_MAX = 128 << 20,
    HEAD_BYTES = 112,
};

static const char file_name[] = "setup.last";
static const char head_format[] = "relais set-up 1 %s\n";
static const int64_t oldest_version = -1;

/* ---- writing ---- */

static bool is_needed(const struct catalog *catalog, const struct catalog_entry *entry)
{
    static const bool is_kind_needed[CATALOG_KIND_COUNT_] = {
        [CATALOG_ORGANISATION] = true, [CATALOG_ATTRIBUTE] = true, [CATALOG_OFFER] = true,
        [CATALOG_FORM] = true,         [CATALOG_KEY] = true,
    };
    if (entry->kind != CATALOG_MODEL) {
        return is_kind_needed[entry->kind];
    }
    int32_t version; /* no set-up is whole without the model in force */
    char slug[16];
    (void)catalog_active_model(catalog, &version);
    (void)snprintf(slug, sizeof slug, "%d", (int)version);
    return str_is(entry->slug, slug);
}

static void write_entry(struct json_writer *json, const struct catalog_entry *entry)
{
    json_object_begin(json);
    JSON_FIELD(json, "kind", json_text, catalog_kind_names[entry->kind]);
    JSON_FIELD(json, "id", json_uuid, entry->id);
    JSON_FIELD(json, "slug", json_str, entry->slug);
    JSON_FIELD(json, "version", json_int, entry->version);
    JSON_FIELD(json, "created_at", json_time, entry->created_at_us);
    JSON_FIELD(json, "updated_at", json_time, entry->updated_at_us);
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, FILE_BYTES_MAX);
    json_serialize(&body, entry->body);
    JSON_FIELD(json, "body", json_raw, buf_str(&body));
    json->buf->failed = json->buf->failed || body.failed;
    json_object_end(json);
}

static void write_entries(struct buf *out, const struct catalog *catalog)
{
    struct json_writer json;
    json_writer_init(&json, out);
    json_array_begin(&json);
    for (int kind = 0; kind < CATALOG_KIND_COUNT_; kind++) {
        size_t count;
        const struct catalog_entry *const *entries =
            catalog_list(catalog, (enum catalog_kind)kind, &count);
        for (size_t i = 0; i < count; i++) {
            if (is_needed(catalog, entries[i])) {
                write_entry(&json, entries[i]);
            }
        }
    }
    json_array_end(&json);
}

/* The first line, which says what the rest has to be. Returns its length. */
static size_t write_head(struct str entries, char out[static HEAD_BYTES])
{
    char digits[2 * SHA256_BYTES + 1];
    const struct sha256 sum = sha256_of(entries);
    const int len = snprintf(out, HEAD_BYTES, head_format, sha256_format(&sum, digits));
    return (size_t)len;
}

enum err_code setup_file_write(int directory_fd, const struct catalog *catalog, struct err *reterr)
{
    CLEANUP(buf_done) struct buf entries;
    CLEANUP(buf_done) struct buf text;
    buf_init(&entries, FILE_BYTES_MAX);
    buf_init(&text, FILE_BYTES_MAX + HEAD_BYTES);
    write_entries(&entries, catalog);
    char head[HEAD_BYTES];
    const size_t head_len = write_head(buf_str(&entries), head);
    buf_append(&text, head, head_len);
    buf_append_str(&text, buf_str(&entries));
    if (entries.failed || text.failed) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for the set-up's file.");
    }
    return file_replace(directory_fd, file_name, buf_str(&text), reterr);
}

/* ---- reading ---- */

static enum err_code unusable(struct err *reterr)
{
    return err_set(reterr, ERR_STORE,
                   "The file %s in the data directory cannot be used: it is damaged or another "
                   "release's. It is written anew when the database is there.",
                   file_name);
}

/* The row's texts live in `arena`. */
static bool read_row(const json_t *entry, struct arena *arena, struct catalog_row *ret_row)
{
    const int kind = name_index(catalog_kind_names, json_str_of(json_object_get(entry, "kind")));
    struct catalog_row row = {.kind = (enum catalog_kind)kind};
    CLEANUP(buf_done) struct buf body;
    buf_init(&body, FILE_BYTES_MAX);
    json_serialize(&body, json_object_get(entry, "body"));
    row.version = (int32_t)json_integer_value(json_object_get(entry, "version"));
    row.slug = arena_str(arena, json_str_of(json_object_get(entry, "slug")));
    row.body = arena_str(arena, buf_str(&body));
    const bool is_read =
        kind >= 0 && !body.failed && row.slug.data != NULL && row.body.data != NULL &&
        uuid_parse(json_str_of(json_object_get(entry, "id")), &row.id) &&
        time_parse(json_str_of(json_object_get(entry, "created_at")), &row.created_at_us) &&
        time_parse(json_str_of(json_object_get(entry, "updated_at")), &row.updated_at_us);
    *ret_row = row;
    return is_read;
}

static enum err_code build(struct str text, struct catalog **ret_catalog, struct err *reterr)
{
    json_auto_t *entries = NULL;
    if (json_parse(text, &entries, reterr) != OK || !json_is_array(entries)) {
        return unusable(reterr);
    }
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    const size_t count = json_array_size(entries);
    struct catalog_row *rows = arena_array(&arena, count, sizeof *rows);
    if (rows == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for the set-up.");
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(entries, i);
        if (!json_is_object(json_object_get(entry, "body")) || !read_row(entry, &arena, &rows[i])) {
            return unusable(reterr);
        }
    }
    const enum err_code code = catalog_build(oldest_version, rows, count, ret_catalog, reterr);
    return code == OK || code == ERR_NOMEM ? code : unusable(reterr);
}

enum err_code setup_file_read(int directory_fd, struct catalog **ret_catalog, struct err *reterr)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 2 * FILE_BYTES_MAX);
    const enum err_code code = file_read(directory_fd, file_name, &text, reterr);
    if (code != OK) {
        return code;
    }
    struct str rest = buf_str(&text);
    const struct str first = str_cut(&rest, '\n');
    char head[HEAD_BYTES];
    const size_t len = write_head(rest, head);
    if (rest.data == NULL || !str_eq(str_slice(first.data, first.len + 1), str_slice(head, len))) {
        return unusable(reterr);
    }
    return build(rest, ret_catalog, reterr);
}
