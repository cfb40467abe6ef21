/*
 * Bare dates in a proposed set-up entry, where it says a moment: midnight in the organisation's
 * zone, which only the database can tell. The date is replaced by the moment, so that what is
 * stored means the same when the organisation moves to another zone.
 */
#include "schema/json.h"
#include "store/store_internal.h"

enum { YEAR_1_DAYS = -719162 }; /* the database's calendar begins there, for what we send it */

/* A place that holds a bare date. */
struct dated {
    json_t *object;
    const char *name;
};

struct dates {
    struct dated *items;
    size_t count;
    struct param *texts;
};

static void look_at(struct dates *dates, json_t *object, const char *name)
{
    const struct str text = json_str_of(json_object_get(object, name));
    int32_t days;
    if (date_parse(text, &days) && days >= YEAR_1_DAYS) {
        dates->items[dates->count++] = (struct dated){.object = object, .name = name};
        item_text(dates->texts, text);
    }
}

static json_t *rules_of(const json_t *definition, const char *part)
{
    return json_object_get(json_object_get(definition, part), "rules");
}

static size_t places_of(enum catalog_kind kind, const json_t *body)
{
    return kind == CATALOG_OFFER ? 1
                                 : 2 * (json_array_size(rules_of(body, "fit")) +
                                        json_array_size(rules_of(body, "interest")));
}

static void find_dates(struct dates *dates, enum catalog_kind kind, json_t *body)
{
    static const char *const parts[] = {"fit", "interest"};
    if (kind == CATALOG_OFFER) {
        look_at(dates, body, "published_at");
        return;
    }
    for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
        const json_t *rules = rules_of(body, parts[p]);
        for (size_t i = 0; i < json_array_size(rules); i++) {
            look_at(dates, json_array_get(rules, i), "from");
            look_at(dates, json_array_get(rules, i), "until");
        }
    }
}

static enum err_code replace(const struct dates *dates, const struct rows *rows, struct err *reterr)
{
    for (size_t i = 0; i < dates->count && i < rows_count(rows); i++) {
        char text[TIME_TEXT_BYTES];
        const char *at = time_format(row_time(rows, i, 0), text);
        if (json_object_set_new(dates->items[i].object, dates->items[i].name, json_string(at)) !=
            0) {
            return err_set(reterr, ERR_NOMEM, "Out of memory.");
        }
    }
    return OK;
}

enum err_code setup_resolve_dates(struct worker *worker, const struct catalog *catalog,
                                  enum catalog_kind kind, json_t *body, struct arena *arena,
                                  struct err *reterr)
{
    if (kind != CATALOG_OFFER && kind != CATALOG_MODEL) {
        return OK;
    }
    struct params *params = &worker->params;
    params_clear(params);
    struct dates dates = {
        .items = arena_array(arena, places_of(kind, body), sizeof *dates.items),
        .texts = param_array(params, ITEM_TEXT),
    };
    if (dates.items == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    find_dates(&dates, kind, body);
    if (dates.count == 0) {
        return OK;
    }
    param_text(params, catalog_organisation(catalog)->time_zone);
    struct rows *rows = NULL;
    enum err_code code = conn_send(worker->conn, STATEMENT_LOCAL_TIMES, params, reterr);
    code = code != OK ? code : conn_flush(worker->conn, reterr);
    code = code != OK ? code : conn_result(worker->conn, &rows, reterr);
    code = code != OK ? code : replace(&dates, rows, reterr);
    rows_free(rows);
    return code;
}
