/*
 * The page of leads as a table or as lines. It is made from the JSON document, so that the three
 * never say different things.
 */
#include "handlers/leads.h"

#include "problem.h"
#include "schema/json.h"

/* Where each fixed column is in the document. */
static const struct {
    const char *column;
    const char *outer; /* NULL: on top */
    const char *name;
} fixed[] = {
    {"id",                   NULL,          "id"                  },
    {"email",                NULL,          "email"               },
    {"stage",                NULL,          "stage"               },
    {"owner",                NULL,          "owner"               },
    {"grade",                "score",       "grade"               },
    {"decision",             "score",       "decision"            },
    {"fit",                  "score",       "fit"                 },
    {"fit_known",            "score",       "fit_known"           },
    {"interest",             "score",       "interest"            },
    {"model",                "score",       "model"               },
    {"as_of",                "score",       "as_of"               },
    {"cools_at",             "score",       "cools_at"            },
    {"channel",              NULL,          "channel"             },
    {"journey_step",         NULL,          "journey_step"        },
    {"handoff_id",           "handoff",     "id"                  },
    {"handoff_state",        "handoff",     "state"               },
    {"handoff_purpose",      "handoff",     "purpose"             },
    {"assignee",             "handoff",     "assignee"            },
    {"opened_at",            "handoff",     "opened_at"           },
    {"first_contact_due_at", "handoff",     "first_contact_due_at"},
    {"contacted_at",         "handoff",     "contacted_at"        },
    {"breached",             "handoff",     "breached"            },
    {"may_email",            "may_contact", "email"               },
    {"may_phone",            "may_contact", "phone"               },
    {"created_at",           NULL,          "created_at"          },
    {"updated_at",           NULL,          "updated_at"          },
};

/* The attributes that get a column: those declared in their order, then what else is on this page.
 */
static json_t *attribute_names(const struct request *request, const json_t *contacts)
{
    json_t *names = json_object();
    size_t count;
    const struct catalog_entry *const *declared =
        catalog_list(request->catalog, CATALOG_ATTRIBUTE, &count);
    bool is_whole = names != NULL;
    for (size_t i = 0; i < count && is_whole; i++) {
        const struct str name = declared[i]->slug;
        is_whole = json_object_setn_new(names, name.data, name.len, json_null()) == 0;
    }
    for (size_t i = 0; i < json_array_size(contacts) && is_whole; i++) {
        const char *name;
        const json_t *value;
        const json_t *attributes = json_object_get(json_array_get(contacts, i), "attributes");
        json_object_foreach(json_unconst(attributes), name, value)
        {
            is_whole = is_whole && json_object_set_new_nocheck(names, name, json_null()) == 0;
        }
    }
    if (!is_whole) {
        json_decref(names);
        return NULL;
    }
    return names;
}

static bool is_fixed(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        if (str_is(str_from(name), fixed[i].column)) {
            return true;
        }
    }
    return false;
}

/* The header; NULL: out of memory. */
static const char **columns_of(struct request *request, json_t *names, size_t *ret_count)
{
    const size_t count = ARRAY_LEN(fixed) + json_object_size(names);
    const char **columns = arena_array(request->arena, count, sizeof *columns);
    if (columns == NULL) {
        return NULL;
    }
    size_t made = 0;
    for (; made < ARRAY_LEN(fixed); made++) {
        columns[made] = fixed[made].column;
    }
    const char *name;
    const json_t *value;
    json_object_foreach(names, name, value)
    {
        columns[made] = is_fixed(name) ? arena_printf(request->arena, "attributes.%s", name) : name;
        if (columns[made++] == NULL) {
            return NULL;
        }
    }
    *ret_count = count;
    return columns;
}

static void write_cell(struct table *table, const json_t *value)
{
    if (json_is_string(value)) {
        table_typed(table, json_str_of(value));
    } else if (json_is_integer(value)) {
        table_int(table, json_integer_value(value));
    } else if (json_is_real(value)) {
        table_real(table, json_real_value(value));
    } else if (json_is_boolean(value)) {
        table_bool(table, json_is_true(value));
    } else {
        table_text(table, NULL);
    }
}

static void write_contact(struct table *table, const json_t *contact, json_t *names)
{
    table_row(table);
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        const json_t *outer = fixed[i].outer != NULL ? json_object_get(contact, fixed[i].outer)
                                                     : contact;
        write_cell(table, json_object_get(outer, fixed[i].name));
    }
    const json_t *attributes = json_object_get(contact, "attributes");
    const char *name;
    const json_t *value;
    json_object_foreach(names, name, value)
    {
        write_cell(table, json_object_get(attributes, name));
    }
}

static enum request_step write_csv(struct request *request, const json_t *contacts)
{
    json_auto_t *names = attribute_names(request, contacts);
    size_t count = 0;
    const char **columns = names != NULL ? columns_of(request, names, &count) : NULL;
    if (columns == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Ask for less at once.");
    }
    struct table table;
    table_begin(&table, request, columns, count);
    for (size_t i = 0; i < json_array_size(contacts); i++) {
        write_contact(&table, json_array_get(contacts, i), names);
    }
    return table_end(&table);
}

static enum request_step write_lines(struct request *request, const json_t *contacts)
{
    struct table table;
    table_begin(&table, request, /* columns= */ NULL, 0);
    struct buf *body = &request->message->reply.body;
    for (size_t i = 0; i < json_array_size(contacts); i++) {
        json_serialize(body, json_array_get(contacts, i));
        buf_append_char(body, '\n');
    }
    return table_end(&table);
}

enum request_step leads_as_table(struct request *request, enum table_format format)
{
    struct http_reply *reply = &request->message->reply;
    if (reply->status != 200 || format == TABLE_JSON) {
        http_reply_header(request->message, "Vary", STR_LITERAL("Accept"));
        return REQUEST_REPLY;
    }
    CLEANUP(buf_done) struct buf document = reply->body;
    reply->body = (struct buf){0};
    json_auto_t *list = NULL;
    struct err err;
    if (json_parse(buf_str(&document), &list, &err) != OK) {
        return problem(request, ERR_NOMEM, "Out of memory. Ask for less at once.");
    }
    const json_t *contacts = json_object_get(list, "data");
    return format == TABLE_CSV ? write_csv(request, contacts) : write_lines(request, contacts);
}
