#include "commands/import_record.h"

#include "domain/deal.h"
#include "handlers/handlers.h"
#include "schema/schema.h"

enum { PROPERTIES_BYTES_MAX = 16384, FUTURE_SECONDS_MAX = 300 };
static const int64_t year_2000_us = INT64_C(946684800) * US_PER_SECOND;
static const int64_t amount_max = (int64_t)AMOUNT_MAX;

void import_record_refuse(struct import_record *record, struct arena *arena, struct str field,
                          const char *detail)
{
    const char *reason =
        record->reason == NULL
            ? arena_printf(arena, "%.*s: %s", STR_ARGS(field), detail)
            : arena_printf(arena, "%s %.*s: %s", record->reason, STR_ARGS(field), detail);
    record->reason = reason != NULL ? reason : "Out of memory for the reason.";
}

static void refuse(struct import_record *record, struct arena *arena, enum import_field field,
                   const char *detail)
{
    import_record_refuse(record, arena, str_from(import_field_name(field)), detail);
}

/* "attributes.company" */
static void refuse_named(struct import_record *record, struct arena *arena,
                         const struct import_value *value, const char *detail)
{
    const char *field =
        arena_printf(arena, "%s.%.*s", import_field_name(value->field), STR_ARGS(value->name));
    import_record_refuse(record, arena, str_from(field), detail);
}

/* ---- one value ---- */

static void take_slug(struct import_record *record, struct arena *arena,
                      const struct import_value *value, struct str *ret_slug)
{
    if (!slug_is_valid(value->value)) {
        refuse(record, arena, value->field,
               "This has to be 1 to 64 lower-case letters, digits, hyphens and underscores.");
        return;
    }
    *ret_slug = value->value;
}

static enum err_code take_email(struct import_record *record, struct arena *arena, struct str text)
{
    struct err err;
    const enum err_code code = email_address_parse(text, arena, &record->address, &err);
    if (code == ERR_INVALID) {
        refuse(record, arena, IMPORT_EMAIL, err.detail);
        return OK;
    }
    return code;
}

static void take_time(struct import_record *record, struct arena *arena,
                      const struct import_value *value, enum date_order order)
{
    struct err err;
    if (local_time_parse(value->value, order, &record->time, &err) != OK) {
        const char *detail = arena_printf(arena, "%s", err.detail);
        refuse(record, arena, value->field, detail != NULL ? detail : "This is not a time.");
        return;
    }
    record->has_time = true;
}

static void take_amount(struct import_record *record, struct arena *arena, struct str text)
{
    if (!str_to_int64(text, &record->amount) || record->amount < 0 || record->amount > amount_max) {
        refuse(record, arena, IMPORT_AMOUNT,
               "This has to be a whole number of the currency's minor units, such as cents.");
        return;
    }
    record->has_amount = true;
}

static void take_currency(struct import_record *record, struct arena *arena, struct str text)
{
    bool is_code = text.len == 3;
    for (size_t i = 0; i < text.len && is_code; i++) {
        is_code = text.data[i] >= 'A' && text.data[i] <= 'Z';
    }
    if (!is_code) {
        refuse(record, arena, IMPORT_CURRENCY, "This has to be a currency's code, such as EUR.");
        return;
    }
    record->currency = text;
}

/* A member's name as the set-up takes it. */
static void take_member(struct import_record *record, struct arena *arena,
                        const struct import_value *value, struct str *ret_member)
{
    bool is_line = value->value.len <= MEMBER_NAME_CHARS_MAX;
    for (size_t i = 0; i < value->value.len && is_line; i++) {
        const unsigned char byte = (unsigned char)value->value.data[i];
        is_line = byte >= 0x20 && byte != 0x7F;
    }
    if (!is_line) {
        refuse(record, arena, value->field,
               "This has to be at most 200 bytes without control characters.");
        return;
    }
    *ret_member = value->value;
}

static void take_kind(const struct import_rules *rules, struct import_record *record,
                      struct arena *arena, const struct import_value *value)
{
    if (rules->kind != IMPORT_DEALS) {
        take_slug(record, arena, value, &record->kind);
    } else if (name_index(deal_kind_names, value->value) < 0) {
        refuse(record, arena, IMPORT_KIND, "This has to be new, upsell or renewal.");
    } else {
        record->kind = value->value;
    }
}

static enum err_code take_value(const struct import_rules *rules, struct import_record *record,
                                struct arena *arena, const struct import_value *value)
{
    switch (value->field) {
    case IMPORT_EMAIL:
        return take_email(record, arena, value->value);
    case IMPORT_OCCURRED_AT:
    case IMPORT_WON_AT:
        take_time(record, arena, value, rules->date_order);
        break;
    case IMPORT_KIND:
        take_kind(rules, record, arena, value);
        break;
    case IMPORT_FORM:
        take_slug(record, arena, value, &record->form);
        break;
    case IMPORT_OFFER:
        take_slug(record, arena, value, &record->offer);
        break;
    case IMPORT_CAMPAIGN:
        take_slug(record, arena, value, &record->campaign);
        break;
    case IMPORT_CHANNEL:
        take_slug(record, arena, value, &record->channel);
        break;
    case IMPORT_ID:
        if (!uuid_parse(value->value, &record->id) || uuid_is_nil(record->id)) {
            refuse(record, arena, IMPORT_ID, "This has to be a UUID.");
        }
        break;
    case IMPORT_AMOUNT:
        take_amount(record, arena, value->value);
        break;
    case IMPORT_CURRENCY:
        take_currency(record, arena, value->value);
        break;
    case IMPORT_ASSIGNEE:
        take_member(record, arena, value, &record->assignee);
        break;
    case IMPORT_QUALIFIED_BY:
        take_member(record, arena, value, &record->qualified_by);
        break;
    case IMPORT_ATTRIBUTE:
    case IMPORT_CONSENT:
    case IMPORT_PROPERTY: /* what they may be depends on the set-up or on all of them */
    case IMPORT_FIELD_COUNT_:
        break;
    }
    return OK;
}

static void check_required(const struct import_rules *rules, struct import_record *record,
                           struct arena *arena)
{
    bool has[IMPORT_FIELD_COUNT_] = {false};
    for (size_t i = 0; i < record->row.count; i++) {
        has[record->row.values[i].field] = true;
    }
    static const char required[] = "This is required.";
    if (!has[IMPORT_EMAIL]) {
        refuse(record, arena, IMPORT_EMAIL, required);
    }
    if (rules->kind == IMPORT_ACTIVITIES && !has[IMPORT_KIND]) {
        refuse(record, arena, IMPORT_KIND, required);
    }
    if (rules->kind == IMPORT_DEALS && !has[IMPORT_WON_AT]) {
        refuse(record, arena, IMPORT_WON_AT, required);
    }
}

/* What the values were in the file: a value that is made of several is a text. */
static enum err_code keep_kinds(struct import_record *record, const enum ndjson_kind *kinds,
                                struct arena *arena)
{
    enum ndjson_kind *kept = arena_array(arena, record->row.count, sizeof *kept);
    for (size_t i = 0; i < record->row.count && kept != NULL; i++) {
        const size_t column = record->row.values[i].column;
        kept[i] = column != IMPORT_NO_COLUMN ? kinds[column] : NDJSON_TEXT;
    }
    record->kinds = kept;
    return kept != NULL ? OK : ERR_NOMEM;
}

enum err_code import_record_read(const struct import_rules *rules, const struct str *fields,
                                 const enum ndjson_kind *kinds, struct arena *arena,
                                 struct import_record *record, struct err *reterr)
{
    *record = (struct import_record){.time = {.at_us = TIME_NONE}};
    enum err_code code = import_map_apply(rules->map, fields, arena, &record->row, reterr);
    if (code == ERR_TOO_LARGE) {
        const char *detail = arena_printf(arena, "%s", reterr->detail);
        import_record_refuse(record, arena, STR_LITERAL("row"),
                             detail != NULL ? detail : "This is too long.");
        return OK;
    }
    if (code == OK && kinds != NULL) {
        code = keep_kinds(record, kinds, arena);
    }
    for (size_t i = 0; i < record->row.count && code == OK; i++) {
        code = take_value(rules, record, arena, &record->row.values[i]);
    }
    if (code != OK) {
        return err_set(reterr, code, "Out of memory for a row.");
    }
    check_required(rules, record, arena);
    return OK;
}

/* ---- as an input ---- */

static enum ndjson_kind kind_of(const struct import_record *record, size_t value)
{
    return record->kinds != NULL ? record->kinds[value] : NDJSON_TEXT;
}

/* What one row's values become. */
struct builder {
    const struct import_rules *rules;
    struct import_record *record;
    struct arena *arena;
    struct input *input;
    struct request
        request; /* of which only arena and catalog are used: the checks of the API take one */
};

static void take_attribute(struct builder *builder, const struct import_value *value,
                           enum ndjson_kind kind)
{
    struct attribute claim = {.name = value->name, .kind = ATTRIBUTE_IS_TEXT, .text = value->value};
    if (kind == NDJSON_NUMBER) {
        claim.kind = ATTRIBUTE_IS_NUMBER;
    } else if (kind == NDJSON_BOOLEAN) {
        claim.kind = ATTRIBUTE_IS_BOOLEAN;
        claim.boolean = str_is(value->value, "true");
    }
    const char *misfit =
        "An attribute's name has 1 to 64 lower-case letters, digits, hyphens and underscores.";
    if (slug_is_valid(value->name)) {
        misfit = claim_misfit(&builder->request, &claim, /* is_lenient= */ true);
    }
    if (misfit != NULL) {
        refuse_named(builder->record, builder->arena, value, misfit);
        return;
    }
    builder->input->attributes[builder->input->attribute_count++] = claim;
}

static void take_consent(struct builder *builder, const struct import_value *value)
{
    static const char *const yes[] = {"true", "yes", "oui", "1", "on", "x", NULL};
    static const char *const no[] = {"false", "no", "non", "0", "off", NULL};
    bool is_yes = false;
    bool is_no = false;
    for (size_t i = 0; yes[i] != NULL; i++) {
        is_yes = is_yes || str_eq_nocase(value->value, str_from(yes[i]));
    }
    for (size_t i = 0; no[i] != NULL; i++) {
        is_no = is_no || str_eq_nocase(value->value, str_from(no[i]));
    }
    if (!slug_is_valid(value->name) || is_yes == is_no) {
        refuse_named(builder->record, builder->arena, value,
                     "Consent is yes or no, its purpose a slug.");
        return;
    }
    builder->input->consents[builder->input->consent_count++] =
        (struct consent){.purpose = value->name, .is_granted = is_yes, .at_us = TIME_NONE};
}

static enum err_code take_properties(struct builder *builder)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, PROPERTIES_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &text);
    size_t count = 0;
    json_object_begin(&json);
    for (size_t i = 0; i < builder->record->row.count; i++) {
        const struct import_value *value = &builder->record->row.values[i];
        if (value->field == IMPORT_PROPERTY) {
            json_key_str(&json, value->name);
            if (kind_of(builder->record, i) == NDJSON_TEXT) {
                json_str(&json, value->value);
            } else {
                json_raw(&json, value->value);
            }
            count++;
        }
    }
    json_object_end(&json);
    if (text.failed) {
        import_record_refuse(builder->record, builder->arena, STR_LITERAL("properties"),
                             "Together they take more than 16384 bytes.");
    } else if (count > 0) {
        builder->input->activity.properties = arena_str(builder->arena, buf_str(&text));
        return builder->input->activity.properties.data != NULL ? OK : ERR_NOMEM;
    }
    return OK;
}
_Static_assert(PROPERTIES_BYTES_MAX == 16384, "the sentence above says so");

static enum err_code take_named(struct builder *builder)
{
    const struct import_row *row = &builder->record->row;
    builder->input->attributes =
        arena_array(builder->arena, row->count, sizeof *builder->input->attributes);
    builder->input->consents =
        arena_array(builder->arena, row->count, sizeof *builder->input->consents);
    if (builder->input->attributes == NULL || builder->input->consents == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < row->count; i++) {
        if (row->values[i].field == IMPORT_ATTRIBUTE) {
            take_attribute(builder, &row->values[i], kind_of(builder->record, i));
        } else if (row->values[i].field == IMPORT_CONSENT) {
            take_consent(builder, &row->values[i]);
        }
    }
    if (builder->input->attribute_count > ATTRIBUTES_MAX ||
        builder->input->consent_count > CONSENTS_MAX) {
        import_record_refuse(builder->record, builder->arena, STR_LITERAL("row"),
                             "There are more than 100 attributes or 32 consents.");
    }
    return take_properties(builder);
}

/* The form says what it gives, unless the row does. A form that is unknown now is made before the
 * import, so it is only missing in a dry run. */
static void take_references(struct builder *builder)
{
    struct import_record *record = builder->record;
    struct activity_input *activity = &builder->input->activity;
    const struct catalog *catalog = builder->request.catalog;
    const struct form *form = record->form.data != NULL ? catalog_form(catalog, record->form)
                                                        : NULL;
    activity->form = record->form;
    activity->offer = record->offer.data == NULL && form != NULL ? form->offer : record->offer;
    activity->campaign = record->campaign.data == NULL && form != NULL ? form->campaign
                                                                       : record->campaign;
    if (record->offer.data != NULL && catalog_offer(catalog, record->offer) == NULL) {
        refuse(record, builder->arena, IMPORT_OFFER, "There is no such offer.");
    }
    if (record->campaign.data != NULL &&
        catalog_find(catalog, CATALOG_CAMPAIGN, record->campaign) == NULL) {
        refuse(record, builder->arena, IMPORT_CAMPAIGN, "There is no such campaign.");
    }
}

/* The same bounds as the API's. */
static bool is_time_right(struct builder *builder, int64_t at_us)
{
    const enum import_field field = builder->rules->kind == IMPORT_DEALS ? IMPORT_WON_AT
                                                                         : IMPORT_OCCURRED_AT;
    const char *misfit = NULL;
    if (at_us != TIME_NONE && at_us > clock_wall_us() + FUTURE_SECONDS_MAX * US_PER_SECOND) {
        misfit = "This is more than 5 minutes ahead.";
    } else if (at_us != TIME_NONE && at_us < year_2000_us) {
        misfit = "This is before the year 2000.";
    }
    if (misfit != NULL) {
        refuse(builder->record, builder->arena, field, misfit);
    }
    return misfit == NULL;
}

/* The id by which the row is known again: (e-mail, kind, form, occurred_at) or (e-mail, won_at). */
static struct uuid id_of(const struct import_record *record, const char *domain, int64_t at_us)
{
    char time[TIME_TEXT_BYTES];
    const struct str parts[] = {
        str_from(domain),
        record->address.key,
        record->kind,
        record->form,
        at_us != TIME_NONE ? str_from(time_format(interest_instant_us(at_us), time))
                           : (struct str){0},
    };
    return uuid_from_parts(parts, ARRAY_LEN(parts));
}

static void build_activity(struct builder *builder, const struct import_resolved *resolved)
{
    const struct import_record *record = builder->record;
    struct activity_input *activity = &builder->input->activity;
    activity->id = uuid_is_nil(record->id) ? id_of(record, "relais-import", resolved->at_us)
                                           : record->id;
    activity->has_client_id = true;
    activity->scope = STR_LITERAL("");
    /* Known by its id alone: what else the row says may have been mended since. */
    activity->fingerprint =
        sha256_of(str_slice((const char *)activity->id.bytes, sizeof activity->id.bytes));
    activity->kind = record->kind;
}

static void build_deal(struct builder *builder, const struct import_resolved *resolved)
{
    const struct import_record *record = builder->record;
    struct import_record key = *record;
    key.kind = key.form = (struct str){0};
    builder->input->deal = (struct deal_input){
        .deal_id = id_of(&key, "relais-deal", resolved->at_us),
        .kind = record->kind.data != NULL ? record->kind : STR_LITERAL("new"),
        .has_amount = record->has_amount,
        .amount = record->amount,
        .currency = record->currency.data != NULL
                        ? record->currency
                        : catalog_organisation(builder->request.catalog)->currency,
        .won_at_us = resolved->at_us,
        .assignee = resolved->assignee,
        .qualified_by = resolved->qualified_by,
    };
}

enum err_code import_record_input(const struct import_rules *rules, struct import_record *record,
                                  const struct import_resolved *resolved, struct catalog *catalog,
                                  struct arena *arena, struct input *input)
{
    const bool is_deal = rules->kind == IMPORT_DEALS;
    *input = (struct input){
        .kind = is_deal                     ? INPUT_DEAL
                : record->kind.data != NULL ? INPUT_ACTIVITY
                                            : INPUT_UPSERT,
        .email = record->address.display,
        .email_key = record->address.key,
        .actor = {.text = STR_LITERAL("import")                          },
        .creates = !is_deal,
        .is_historical = rules->is_historical,
        .source = SOURCE_IMPORT,
        .activity = {.occurred_at_us = is_deal ? TIME_NONE : resolved->at_us,
                  .channel = record->channel},
        .move = {.work_by_us = TIME_NONE,
                  .at_us = TIME_NONE,
                  .until_us = TIME_NONE,
                  .helped_the_call = -1},
        .deal = {.won_at_us = TIME_NONE                                     },
        .arena = arena,
    };
    struct builder builder = {
        .rules = rules,
        .record = record,
        .arena = arena,
        .input = input,
        .request = {.arena = arena, .catalog = catalog},
    };
    const bool is_right = is_time_right(&builder, resolved->at_us);
    if (is_right && is_deal) {
        build_deal(&builder, resolved);
    } else if (is_right && input->kind == INPUT_ACTIVITY) {
        build_activity(&builder, resolved);
    }
    if (input->kind == INPUT_ACTIVITY) {
        take_references(&builder);
    }
    return take_named(&builder);
}
