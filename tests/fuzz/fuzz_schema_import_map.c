/*
 * Import maps on any text: what compiles applies, its values are as promised, and every fault has a
 * pointer and a printable sentence. The input: a byte for the kind, a line with the columns, a line
 * with a row (both separated by `|`), then the map.
 */
#include <assert.h>

#include "base/utf8.h"
#include "schema/import_map.h"

enum { COLUMNS_MAX = 64, ARENA_BYTES_MAX = 64 * 1024 * 1024 };

static size_t split(struct str rest, struct str out[static COLUMNS_MAX])
{
    size_t count = 0;
    while (rest.data != NULL && count < COLUMNS_MAX)
        out[count++] = str_trim(str_cut(&rest, '|'));
    return count;
}

static void check_faults(const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        struct str detail = str_from(faults->items[i].detail);
        assert(utf8_is_valid(detail) && utf8_is_valid(str_from(faults->items[i].pointer)));
        for (size_t j = 0; j < detail.len; j++)
            assert((unsigned char)detail.data[j] >= 0x20);
        assert(detail.len > 0 && detail.data[detail.len - 1] == '.');
    }
}

static void check_row(const struct import_map *map, const struct str *fields, struct arena *arena)
{
    struct import_row row;
    enum err_code code = import_map_apply(map, fields, arena, &row, NULL);
    assert(code == OK || code == ERR_TOO_LARGE);
    if (code != OK)
        return;
    for (size_t i = 0; i < row.count; i++) {
        const struct import_value *value = &row.values[i];
        assert(value->value.len > 0 && value->value.len <= IMPORT_VALUE_BYTES_MAX);
        assert(str_eq(value->value, str_trim(value->value)));
        assert(utf8_is_valid(value->value) && utf8_is_valid(value->name));
        assert(import_map_has(map, value->field));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum import_kind kind = (enum import_kind)(data[0] % IMPORT_KIND_COUNT_);
    struct str rest = str_slice((const char *)data + 1, size - 1);
    struct str header = str_cut(&rest, '\n');
    struct str line = str_cut(&rest, '\n');
    if (!utf8_is_valid(header) || !utf8_is_valid(line) ||
        (header.len > 0 && memchr(header.data, '\0', header.len) != NULL))
        return 0; /* the reader hands out no such text */
    struct str columns[COLUMNS_MAX];
    struct str fields[COLUMNS_MAX];
    size_t column_count = split(header, columns);
    for (size_t i = split(line, fields); i < column_count; i++)
        fields[i] = str_slice("", 0);
    CLEANUP(arena_done) struct arena arena;
    struct faults faults;
    struct import_map *map;
    arena_init(&arena, ARENA_BYTES_MAX);
    for (int has_map = 0; has_map < 2; has_map++) {
        faults_init(&faults, &arena);
        enum err_code code =
            has_map
                ? import_map_compile(kind, rest, columns, column_count, &arena, &faults, &map, NULL)
                : import_map_from_columns(kind, columns, column_count, &arena, &faults, &map, NULL);
        assert(code == OK || code == ERR_INVALID || code == ERR_MALFORMED || code == ERR_TOO_LARGE);
        check_faults(&faults);
        if (code == OK) {
            assert(faults.count == 0);
            check_row(map, fields, &arena);
        }
    }
    return 0;
}
