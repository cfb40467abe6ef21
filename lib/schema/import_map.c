#include "schema/import_map.h"

#include <assert.h>

#include "base/buf.h"
#include "schema/json.h"

enum {
    SHOWN_NAME_BYTES_MAX = 64,  /* of a name in a message */
    SHOWN_LIST_BYTES_MAX = 180, /* of a list of names in a message */
    COLUMN_NONE = -1,
    COLUMN_TWICE = -2,
};

#define KIND_BIT(kind) (1U << (kind))
#define CONTACTS       KIND_BIT(IMPORT_CONTACTS)
#define ACTIVITIES     KIND_BIT(IMPORT_ACTIVITIES)
#define DEALS          KIND_BIT(IMPORT_DEALS)

static const char *const kind_names[] = {
    [IMPORT_CONTACTS] = "contacts",
    [IMPORT_ACTIVITIES] = "activities",
    [IMPORT_DEALS] = "deals",
};
static_assert(ARRAY_LEN(kind_names) == IMPORT_KIND_COUNT_, "a name for every kind");

struct field_rule {
    const char *name;
    bool has_name;     /* written name.NAME */
    unsigned kinds;    /* that have it */
    unsigned required; /* that cannot do without */
};

static const struct field_rule field_rules[] = {
    [IMPORT_EMAIL] = {"email",        false, CONTACTS | ACTIVITIES | DEALS, CONTACTS | ACTIVITIES | DEALS},
    [IMPORT_OCCURRED_AT] = {"occurred_at",  false, CONTACTS | ACTIVITIES,         0                            },
    [IMPORT_KIND] = {"kind",         false, CONTACTS | ACTIVITIES | DEALS, ACTIVITIES                   },
    [IMPORT_FORM] = {"form",         false, CONTACTS | ACTIVITIES,         0                            },
    [IMPORT_OFFER] = {"offer",        false, CONTACTS | ACTIVITIES,         0                            },
    [IMPORT_CAMPAIGN] = {"campaign",     false, CONTACTS | ACTIVITIES,         0                            },
    [IMPORT_CHANNEL] = {"channel",      false, CONTACTS | ACTIVITIES,         0                            },
    [IMPORT_ID] = {"id",           false, CONTACTS | ACTIVITIES,         0                            },
    [IMPORT_WON_AT] = {"won_at",       false, DEALS,                         DEALS                        },
    [IMPORT_AMOUNT] = {"amount",       false, DEALS,                         0                            },
    [IMPORT_CURRENCY] = {"currency",     false, DEALS,                         0                            },
    [IMPORT_ASSIGNEE] = {"assignee",     false, DEALS,                         0                            },
    [IMPORT_QUALIFIED_BY] = {"qualified_by", false, DEALS,                         0                            },
    [IMPORT_ATTRIBUTE] = {"attributes",   true,  CONTACTS,                      0                            },
    [IMPORT_CONSENT] = {"consents",     true,  CONTACTS,                      0                            },
    [IMPORT_PROPERTY] = {"properties",   true,  CONTACTS | ACTIVITIES,         0                            },
};
static_assert(ARRAY_LEN(field_rules) == IMPORT_FIELD_COUNT_, "a rule for every field");

struct piece {
    bool is_column;
    size_t column;
    struct str text; /* when it is constant */
};

struct template
{
    enum import_field field;
    struct str name;
    const struct piece *pieces;
    size_t piece_count;
};

struct import_map {
    struct template *templates;
    size_t count;
    struct str *unused;
    size_t unused_count;
    struct import_left_out *left_out;
    size_t left_out_count;
};

/* What the compiling functions share. */
struct compiler {
    enum import_kind kind;
    const struct str *columns;
    size_t column_count;
    bool *is_used;                       /* by column */
    bool has_field[IMPORT_FIELD_COUNT_]; /* the map names it, rightly or not */
    struct arena *arena;
    struct faults *faults;
    struct import_map *map;
    struct json_pointer pointer; /* to the key at hand */
    struct str key;
    bool may_leave_out; /* the key at hand, when the file does not have its column */
    bool is_out_of_memory;
};

/* Names in messages */

/* A name from outside, cut to its first bytes (never inside a character) and without control
 * characters: messages go to terminals. */
static struct str shown_name(struct str name, char out[static SHOWN_NAME_BYTES_MAX])
{
    size_t len = name.len < SHOWN_NAME_BYTES_MAX ? name.len : SHOWN_NAME_BYTES_MAX;
    while (len < name.len && len > 0 && ((unsigned char)name.data[len] & 0xC0U) == 0x80U)
        len--;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        out[i] = name.data[i];
        if (byte < 0x20 || byte == 0x7F)
            out[i] = '?';
    }
    return str_slice(out, len);
}

/* "a, b, c and 4 more" */
static void list_names(const struct str *names, size_t count, struct buf *out)
{
    char shown[SHOWN_NAME_BYTES_MAX];
    size_t i = 0;
    for (; i < count && out->len + SHOWN_NAME_BYTES_MAX < SHOWN_LIST_BYTES_MAX; i++) {
        buf_append_text(out, i > 0 ? ", " : "");
        buf_append_str(out, shown_name(names[i], shown));
    }
    if (i < count)
        buf_printf(out, " and %zu more", count - i);
}

static char fold(char byte)
{
    if (byte == '-' || byte == ' ')
        return '_';
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte - 'A' + 'a');
    return byte;
}

/* Levenshtein's distance between the first bytes of two names, with case and the usual separators
 * taken as equal. */
static size_t name_distance(struct str a, struct str b)
{
    size_t row[SHOWN_NAME_BYTES_MAX + 1];
    size_t width = b.len < SHOWN_NAME_BYTES_MAX ? b.len : SHOWN_NAME_BYTES_MAX;
    size_t height = a.len < SHOWN_NAME_BYTES_MAX ? a.len : SHOWN_NAME_BYTES_MAX;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; i < height; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t change = diagonal + (fold(a.data[i]) != fold(b.data[j]));
            size_t step = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < step ? change : step;
        }
    }
    return row[width];
}

/* The name that was probably meant; absent when none is near. */
static struct str nearest_name(struct str name, const struct str *names, size_t count)
{
    struct str nearest = {.data = NULL};
    size_t best = (name.len < SHOWN_NAME_BYTES_MAX ? name.len : SHOWN_NAME_BYTES_MAX) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = name_distance(name, names[i]);
        if (distance < best && names[i].len > 0) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

/* `There is no SUBJECT "name"; did you mean "nom"? PLURAL: …` */
static void add_unknown(struct compiler *compiler, const char *code, const char *subject,
                        struct str name, const char *plural, const struct str *names, size_t count)
{
    if (compiler->faults->count == FAULTS_MAX)
        return; /* guessing takes time, and nobody would see it */
    char shown[SHOWN_NAME_BYTES_MAX], guess_shown[SHOWN_NAME_BYTES_MAX];
    struct str text = shown_name(name, shown);
    struct str guess = nearest_name(name, names, count);
    struct str guess_text = shown_name(guess, guess_shown);
    CLEANUP(buf_done) struct buf list;
    buf_init(&list, SHOWN_LIST_BYTES_MAX + SHOWN_NAME_BYTES_MAX);
    list_names(names, count, &list);
    bool has_guess = guess.data != NULL;
    faults_add(compiler->faults, compiler->pointer.text, code,
               "There is no %s \"%.*s\"%s%.*s%s %s: %.*s.", subject, STR_ARGS(text),
               has_guess ? "; did you mean \"" : ".", STR_ARGS(guess_text), has_guess ? "\"?" : "",
               plural, STR_ARGS(buf_str(&list)));
}

/* Fields */

const char *import_field_name(enum import_field field)
{
    assert(field < IMPORT_FIELD_COUNT_);
    return field_rules[field].name;
}

static bool is_field_of(enum import_field field, enum import_kind kind)
{
    return (field_rules[field].kinds & KIND_BIT(kind)) != 0;
}

/* "email" or "attributes.NAME" to the field and NAME, which may be empty. */
static bool find_field(enum import_kind kind, struct str key, enum import_field *ret_field,
                       struct str *ret_name)
{
    struct str rest = key;
    struct str head = str_cut(&rest, '.');
    for (size_t i = 0; i < IMPORT_FIELD_COUNT_; i++) {
        const struct field_rule *rule = &field_rules[i];
        if (!is_field_of((enum import_field)i, kind) || !str_is(head, rule->name) ||
            (rest.data != NULL) != rule->has_name)
            continue;
        *ret_field = (enum import_field)i;
        *ret_name = rest;
        return true;
    }
    return false;
}

static void add_unknown_field(struct compiler *compiler, struct str key)
{
    struct str names[IMPORT_FIELD_COUNT_];
    size_t count = 0;
    for (size_t i = 0; i < IMPORT_FIELD_COUNT_; i++)
        if (is_field_of((enum import_field)i, compiler->kind)) {
            char *name = arena_printf(compiler->arena, "%s%s", field_rules[i].name,
                                      field_rules[i].has_name ? ".NAME" : "");
            names[count++] = str_from(name != NULL ? name : field_rules[i].name);
        }
    char *plural = arena_printf(compiler->arena, "Fields of %s", kind_names[compiler->kind]);
    add_unknown(compiler, "unknown", "field", key, plural != NULL ? plural : "Fields", names,
                count);
}

/* Templates */

static int find_column(const struct compiler *compiler, struct str name)
{
    int found = COLUMN_NONE;
    for (size_t i = 0; i < compiler->column_count; i++)
        if (str_eq(compiler->columns[i], name)) {
            if (found != COLUMN_NONE)
                return COLUMN_TWICE;
            found = (int)i;
        }
    return found;
}

/* A column that is not in this file and not a mistyped one either: the file of another export has
 * it. False: a mistake. */
static bool leave_out(struct compiler *compiler, struct str column)
{
    struct import_map *map = compiler->map;
    if (!compiler->may_leave_out || column.len == 0 ||
        nearest_name(column, compiler->columns, compiler->column_count).data != NULL)
        return false;
    const struct import_left_out left_out = {.key = arena_str(compiler->arena, compiler->key),
                                             .column = arena_str(compiler->arena, column)};
    compiler->is_out_of_memory |= left_out.key.data == NULL || left_out.column.data == NULL;
    map->left_out[map->left_out_count++] = left_out;
    return true;
}

/* The column between two braces. False: there is none, and why is said. */
static bool resolve_column(struct compiler *compiler, struct str name, size_t *ret_column)
{
    char shown[SHOWN_NAME_BYTES_MAX];
    struct str text = shown_name(name, shown);
    int column = name.len > 0 ? find_column(compiler, name) : COLUMN_NONE;
    if (column >= 0) {
        *ret_column = (size_t)column;
        compiler->is_used[column] = true;
        return true;
    }
    if (column == COLUMN_TWICE)
        faults_add(compiler->faults, compiler->pointer.text, "ambiguous_column",
                   "The file has more than one column \"%.*s\".", STR_ARGS(text));
    else if (!leave_out(compiler, name))
        add_unknown(compiler, "unknown_column", "column", name, "Columns of the file",
                    compiler->columns, compiler->column_count);
    return false;
}

static bool starts_with_twice(struct str text, char byte)
{
    return text.len >= 2 && text.data[0] == byte && text.data[1] == byte;
}

static void add_format(struct compiler *compiler, const char *detail)
{
    faults_add(compiler->faults, compiler->pointer.text, "format", "%s", detail);
}

/*
 * Cuts a template into pieces. Constant text is copied to `text` (as long as the template) with its
 * doubled braces made single, so that what stands between two columns is one slice of it. `pieces`
 * has room for two pieces per brace and one. False when there was a fault.
 */
static bool parse_template(struct compiler *compiler, struct str rest, char *text,
                           struct piece *pieces, size_t *ret_count)
{
    size_t count = 0;
    struct str constant = str_slice(text, 0);
    while (rest.len > 0) {
        char byte = rest.data[0];
        if (byte == '}' && !starts_with_twice(rest, '}')) {
            add_format(compiler, "A \"}\" without \"{\"; write \"}}\" for the character itself.");
            return false;
        }
        if (byte != '{' || starts_with_twice(rest, '{')) {
            size_t taken = byte == '{' || byte == '}' ? 2 : 1;
            text[0] = byte;
            text++;
            constant.len++;
            rest = str_slice(rest.data + taken, rest.len - taken);
            continue;
        }
        struct str inside = str_slice(rest.data + 1, rest.len - 1);
        struct str name = str_cut(&inside, '}');
        if (inside.data == NULL) {
            add_format(compiler, "A \"{\" without \"}\"; write \"{{\" for the character itself.");
            return false;
        }
        if (constant.len > 0)
            pieces[count++] = (struct piece){.text = constant};
        struct piece *piece = &pieces[count++];
        *piece = (struct piece){.is_column = true};
        if (!resolve_column(compiler, str_trim(name), &piece->column))
            return false;
        constant = str_slice(text, 0);
        rest = inside;
    }
    if (constant.len > 0)
        pieces[count++] = (struct piece){.text = constant};
    *ret_count = count;
    return true;
}

/* The template for one key; into `ret_template` when it has no fault. */
static bool compile_template(struct compiler *compiler, struct str text,
                             struct template *ret_template)
{
    if (text.len > IMPORT_TEMPLATE_BYTES_MAX) {
        faults_add(compiler->faults, compiler->pointer.text, "too_long",
                   "A template has at most %d bytes.", IMPORT_TEMPLATE_BYTES_MAX);
        return false;
    }
    size_t braces = 0;
    for (size_t i = 0; i < text.len; i++)
        braces += text.data[i] == '{';
    struct piece *pieces = arena_array(compiler->arena, 2 * braces + 1, sizeof pieces[0]);
    char *constants = arena_alloc(compiler->arena, text.len);
    if (pieces == NULL || constants == NULL) {
        compiler->is_out_of_memory = true;
        return false;
    }
    ret_template->pieces = pieces;
    return parse_template(compiler, text, constants, pieces, &ret_template->piece_count);
}

/* One key of the map and its template. */
static void compile_key(struct compiler *compiler, struct str key, const json_t *value)
{
    struct template template = {0};
    if (!find_field(compiler->kind, key, &template.field, &template.name)) {
        add_unknown_field(compiler, key);
        return;
    }
    compiler->has_field[template.field] = true;
    bool has_name = field_rules[template.field].has_name;
    if (has_name && (template.name.len == 0 || template.name.len > IMPORT_NAME_BYTES_MAX)) {
        add_format(compiler, "A name of 1 to 64 bytes follows the dot.");
        return;
    }
    if (!json_is_string(value)) {
        faults_add(compiler->faults, compiler->pointer.text, "type",
                   "A template is a text, such as \"{column}\".");
        return;
    }
    /* The tree is freed after compiling: the map keeps copies. */
    if (has_name) {
        template.name = arena_str(compiler->arena, template.name);
        compiler->is_out_of_memory |= template.name.data == NULL;
    }
    compiler->key = key;
    compiler->may_leave_out = template.field == IMPORT_ATTRIBUTE;
    if (compile_template(compiler, json_str_of(value), &template))
        compiler->map->templates[compiler->map->count++] = template;
}

/* Compiling as a whole */

static enum err_code out_of_memory(struct err *reterr)
{
    return err_set(reterr, ERR_NOMEM, "Not enough memory for the import map.");
}

static bool compiler_init(struct compiler *compiler, size_t template_count)
{
    struct arena *arena = compiler->arena;
    struct import_map *map = arena_alloc(arena, sizeof *map);
    if (map == NULL)
        return false;
    map->templates = arena_array(arena, template_count, sizeof map->templates[0]);
    map->unused = arena_array(arena, compiler->column_count, sizeof map->unused[0]);
    map->left_out = arena_array(arena, template_count, sizeof map->left_out[0]);
    compiler->is_used = arena_array(arena, compiler->column_count, sizeof compiler->is_used[0]);
    compiler->map = map;
    return map->templates != NULL && map->unused != NULL && map->left_out != NULL &&
           compiler->is_used != NULL;
}

/* `where` is what should have named them. */
static void check_required(struct compiler *compiler, const char *where)
{
    for (size_t i = 0; i < IMPORT_FIELD_COUNT_; i++) {
        const struct field_rule *rule = &field_rules[i];
        if (compiler->has_field[i] || (rule->required & KIND_BIT(compiler->kind)) == 0)
            continue;
        json_pointer_init(&compiler->pointer, "");
        json_pointer_push(&compiler->pointer, str_from(rule->name));
        faults_add(compiler->faults, compiler->pointer.text, "required",
                   "An import of %s needs \"%s\", and %s has none.", kind_names[compiler->kind],
                   rule->name, where);
    }
}

static enum err_code compiler_finish(struct compiler *compiler, struct import_map **ret_map,
                                     struct err *reterr)
{
    if (compiler->is_out_of_memory)
        return out_of_memory(reterr);
    size_t count = compiler->faults->count;
    if (count > 0)
        return err_set(reterr, ERR_INVALID, "The import map has %zu fault%s.", count,
                       count == 1 ? "" : "s");
    struct import_map *map = compiler->map;
    for (size_t i = 0; i < compiler->column_count; i++)
        if (!compiler->is_used[i])
            map->unused[map->unused_count++] = compiler->columns[i];
    *ret_map = map;
    return OK;
}

enum err_code import_map_compile(enum import_kind kind, struct str json, const struct str *columns,
                                 size_t column_count, struct arena *arena, struct faults *faults,
                                 struct import_map **ret_map, struct err *reterr)
{
    if (json.len > IMPORT_MAP_BYTES_MAX)
        return err_set(reterr, ERR_TOO_LARGE, "An import map has at most %d bytes.",
                       IMPORT_MAP_BYTES_MAX);
    json_auto_t *root = NULL;
    enum err_code code = json_parse(json, &root, reterr);
    if (code != OK)
        return code;
    if (!json_is_object(root) || json_object_size(root) > IMPORT_FIELDS_MAX)
        return err_set(reterr, ERR_INVALID,
                       "An import map is a JSON object from field to template, of at most %d "
                       "fields.",
                       IMPORT_FIELDS_MAX);
    assert(faults->count == 0);
    struct compiler compiler = {.kind = kind,
                                .columns = columns,
                                .column_count = column_count,
                                .arena = arena,
                                .faults = faults};
    if (!compiler_init(&compiler, json_object_size(root)))
        return out_of_memory(reterr);
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        json_pointer_init(&compiler.pointer, "");
        json_pointer_push(&compiler.pointer, str_from(key));
        compile_key(&compiler, str_from(key), value);
    }
    check_required(&compiler, "the map");
    return compiler_finish(&compiler, ret_map, reterr);
}

/* `{column}`: the template of a column that is named as a field. */
static void take_column(struct compiler *compiler, size_t column, enum import_field field,
                        struct str name)
{
    struct piece *piece = arena_alloc(compiler->arena, sizeof *piece);
    if (piece == NULL) {
        compiler->is_out_of_memory = true;
        return;
    }
    json_pointer_init(&compiler->pointer, "");
    json_pointer_push(&compiler->pointer, compiler->columns[column]);
    *piece = (struct piece){.is_column = true};
    if (!resolve_column(compiler, compiler->columns[column], &piece->column))
        return;
    compiler->map->templates[compiler->map->count++] =
        (struct template){.field = field, .name = name, .pieces = piece, .piece_count = 1};
}

enum err_code import_map_from_columns(enum import_kind kind, const struct str *columns,
                                      size_t column_count, struct arena *arena,
                                      struct faults *faults, struct import_map **ret_map,
                                      struct err *reterr)
{
    assert(faults->count == 0);
    struct compiler compiler = {.kind = kind,
                                .columns = columns,
                                .column_count = column_count,
                                .arena = arena,
                                .faults = faults};
    if (!compiler_init(&compiler, column_count))
        return out_of_memory(reterr);
    for (size_t i = 0; i < column_count; i++) {
        enum import_field field;
        struct str name;
        if (!find_field(kind, columns[i], &field, &name) ||
            (field_rules[field].has_name && (name.len == 0 || name.len > IMPORT_NAME_BYTES_MAX)))
            continue;
        compiler.has_field[field] = true;
        take_column(&compiler, i, field, name);
    }
    check_required(&compiler, "the file's header");
    return compiler_finish(&compiler, ret_map, reterr);
}

/* Reading a map */

bool import_map_has(const struct import_map *map, enum import_field field)
{
    for (size_t i = 0; i < map->count; i++)
        if (map->templates[i].field == field)
            return true;
    return false;
}

const struct str *import_map_unused_columns(const struct import_map *map, size_t *ret_count)
{
    *ret_count = map->unused_count;
    return map->unused;
}

const struct import_left_out *import_map_left_out(const struct import_map *map, size_t *ret_count)
{
    *ret_count = map->left_out_count;
    return map->left_out;
}

static struct str piece_text(const struct piece *piece, const struct str *fields)
{
    return piece->is_column ? fields[piece->column] : piece->text;
}

/* What a template makes of a row. One piece, the usual case, is not copied. */
static enum err_code fill_template(const struct template *template, const struct str *fields,
                                   struct arena *arena, struct str *ret_value, struct err *reterr)
{
    size_t len = 0;
    for (size_t i = 0; i < template->piece_count; i++)
        len += piece_text(&template->pieces[i], fields).len;
    if (len > IMPORT_VALUE_BYTES_MAX)
        return err_set(reterr, ERR_TOO_LARGE, "The value of \"%s\" is longer than %d bytes.",
                       import_field_name(template->field), IMPORT_VALUE_BYTES_MAX);
    if (len == 0 || template->piece_count == 1) {
        *ret_value = len > 0 ? piece_text(&template->pieces[0], fields) : str_slice("", 0);
        return OK;
    }
    char *text = arena_alloc(arena, len);
    if (text == NULL)
        return err_set(reterr, ERR_NOMEM, "Not enough memory for a row of the import.");
    *ret_value = str_slice(text, len);
    for (size_t i = 0; i < template->piece_count; i++) {
        struct str piece = piece_text(&template->pieces[i], fields);
        if (piece.len > 0)
            memcpy(text, piece.data, piece.len);
        text += piece.len;
    }
    return OK;
}

enum err_code import_map_apply(const struct import_map *map, const struct str *fields,
                               struct arena *arena, struct import_row *ret_row, struct err *reterr)
{
    struct import_value *values = arena_array(arena, map->count, sizeof values[0]);
    if (values == NULL)
        return err_set(reterr, ERR_NOMEM, "Not enough memory for a row of the import.");
    size_t count = 0;
    for (size_t i = 0; i < map->count; i++) {
        const struct template *template = &map->templates[i];
        struct str value = {.data = NULL};
        enum err_code code = fill_template(template, fields, arena, &value, reterr);
        if (code != OK)
            return code;
        value = str_trim(value);
        if (value.len > 0)
            values[count++] = (struct import_value){.field = template->field,
                                                    .name = template->name,
                                                    .value = value,
                                                    .column = template->piece_count == 1 &&
                                                                      template->pieces[0].is_column
                                                                  ? template->pieces[0].column
                                                                  : IMPORT_NO_COLUMN};
    }
    *ret_row = (struct import_row){.values = values, .count = count};
    return OK;
}
