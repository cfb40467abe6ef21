/*
 * The order of the text is the articles': what each side promises first, then the words it uses,
 * then the rules. Every sentence is whole in each language; nothing is glued from halves that
 * another language would order differently.
 */
#include "domain/agreement_text.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "domain/agreement_words.h"
#include "domain/funnel.h"
#include "schema/json.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

#define NBSP "\u00a0"

const char *const agreement_block_names[] = {"h1", "h2", "p", "li", "dt", "dd", NULL};
static_assert(ARRAY_LEN(agreement_block_names) == BLOCK_COUNT_ + 1, "every kind has a name");

/* A text being written: blocks are made of what stands in `line`. */
struct text {
    const struct catalog *catalog;
    const json_t *body;
    enum language language;
    json_t *blocks;
    struct buf line;
    bool failed;
};

static struct str text_of(const json_t *object, const char *name)
{
    return json_str_of(json_object_get(object, name));
}

static const char *say(const struct text *text, const char *fr, const char *en)
{
    return text->language == LANGUAGE_FR ? fr : en;
}

static void put(struct text *text, const char *fr, const char *en)
{
    buf_append_text(&text->line, say(text, fr, en));
}

/* The line becomes a block. */
static void end(struct text *text, enum agreement_block kind)
{
    json_t *block = json_array();
    const struct str line = buf_str(&text->line);
    if (json_array_append_new(block, json_string(agreement_block_names[kind])) != 0 ||
        json_array_append_new(block, json_stringn(line.data, line.len)) != 0 ||
        json_array_append(text->blocks, block) != 0)
        text->failed = true;
    json_decref(block);
    text->failed |= text->line.failed;
    buf_clear(&text->line);
}

static void add(struct text *text, enum agreement_block kind, const char *fr, const char *en)
{
    put(text, fr, en);
    end(text, kind);
}

/* What a {"fr", "en"} says in the text's language. */
static struct str words_of(const struct text *text, const json_t *both)
{
    return text_of(both, language_names[text->language]);
}

/* ---- parts ---- */

static void put_head(struct text *text)
{
    const struct str name = text_of(text->body, "name");
    const struct str organisation = catalog_organisation(text->catalog)->name;
    int32_t day;
    if (name.len > 0)
        buf_append_str(&text->line, name);
    else
        put(text, "Accord entre le marketing et les ventes",
            "Agreement between marketing and sales");
    end(text, BLOCK_TITLE);
    put(text, "Version" NBSP, "Version" NBSP);
    words_number(&text->line, json_number_value(json_object_get(text->body, "version")),
                 text->language);
    if (date_parse(text_of(text->body, "effective_on"), &day)) {
        put(text, ", en vigueur à partir du" NBSP, ", in force from" NBSP);
        words_date(&text->line, day, text->language);
    }
    if (organisation.len > 0) {
        put(text, ". Conclue chez ", ". Made at ");
        buf_append_str(&text->line, organisation);
    }
    put(text, ".", ".");
    end(text, BLOCK_PARAGRAPH);
    put(text,
        "Cet accord dit ce que chaque équipe promet à l’autre, dans les mêmes mots et avec les "
        "mêmes "
        "chiffres.",
        "This agreement says what each team promises the other, in the same words and the same "
        "numbers.");
    end(text, BLOCK_PARAGRAPH);
}

/* The name that people gave it, then the sentence. */
static void begin_promise(struct text *text, struct str name)
{
    if (name.len == 0)
        return;
    buf_append_str(&text->line, name);
    put(text, NBSP ": ", ": ");
}

static size_t put_commitments(struct text *text, const char *team)
{
    const json_t *items = json_object_get(text->body, "commitments");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (!str_is(text_of(item, "team"), team))
            continue;
        begin_promise(text, text_of(item, "name"));
        words_commitment(&text->line, item, text_of(text->body, "currency"), text->catalog,
                         text->language);
        end(text, BLOCK_ITEM);
        count++;
    }
    return count;
}

static bool has_team(const struct text *text, const char *team)
{
    const json_t *items = json_object_get(text->body, "commitments");
    for (size_t i = 0; i < json_array_size(items); i++)
        if (str_is(text_of(json_array_get(items, i), "team"), team))
            return true;
    return false;
}

static void put_policies(struct text *text)
{
    const json_t *items = json_object_get(text->body, "policies");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        begin_promise(text, text_of(item, "name"));
        words_policy(&text->line, item, text->catalog, text->language);
        end(text, BLOCK_ITEM);
    }
}

static void put_promises(struct text *text)
{
    const size_t policies = json_array_size(json_object_get(text->body, "policies"));
    if (has_team(text, "marketing")) {
        add(text, BLOCK_HEADING, "Le marketing promet", "Marketing promises");
        (void)put_commitments(text, "marketing");
    }
    if (has_team(text, "sales") || policies > 0) {
        add(text, BLOCK_HEADING, "Les ventes promettent", "Sales promises");
        (void)put_commitments(text, "sales");
        put_policies(text);
    }
    if (policies > 1)
        add(text, BLOCK_PARAGRAPH,
            "Quand plusieurs délais de la même sorte conviennent, le premier de la liste compte.",
            "Where several delays of one kind apply, the first of the list counts.");
    if (has_team(text, "both")) {
        add(text, BLOCK_HEADING, "Les deux équipes promettent ensemble",
            "Both teams promise together");
        (void)put_commitments(text, "both");
    }
}

static void put_owner(struct text *text, struct str owner)
{
    if (str_is(owner, "marketing"))
        put(text, "Qui agit" NBSP ": le marketing.", "Who acts: marketing.");
    else if (str_is(owner, "sales"))
        put(text, "Qui agit" NBSP ": les ventes.", "Who acts: sales.");
    else if (str_is(owner, "both"))
        put(text, "Qui agit" NBSP ": les deux équipes.", "Who acts: both teams.");
}

static void put_definitions(struct text *text)
{
    static const char *const stages[] = {"lead", "mql", "sal", "sql", "opportunity", "customer"};
    const json_t *definitions = json_object_get(text->body, "definitions");
    add(text, BLOCK_HEADING, "Les mots que nous employons", "The words we use");
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        const json_t *stage = json_object_get(definitions, stages[i]);
        if (stage == NULL)
            continue;
        buf_append_str(&text->line, words_of(text, json_object_get(stage, "label")));
        end(text, BLOCK_TERM);
        buf_append_str(&text->line, words_of(text, json_object_get(stage, "definition")));
        end(text, BLOCK_DEFINITION);
        put_owner(text, text_of(stage, "owner"));
        const struct str guidance = words_of(text, json_object_get(stage, "guidance"));
        if (guidance.len > 0 && text->line.len > 0)
            buf_append_char(&text->line, ' ');
        buf_append_str(&text->line, guidance);
        if (text->line.len > 0)
            end(text, BLOCK_DEFINITION);
    }
}

static void put_model(struct text *text)
{
    const int32_t version =
        (int32_t)json_integer_value(json_object_get(text->body, "scoring_model"));
    char slug[16];
    (void)snprintf(slug, sizeof slug, "%d", (int)version);
    const struct catalog_entry *model = catalog_find(text->catalog, CATALOG_MODEL, str_from(slug));
    if (model == NULL)
        return;
    put(text, "Qui est un MQL, le modèle de score n°" NBSP,
        "Who is an MQL is decided by scoring model" NBSP);
    words_number(&text->line, version, text->language);
    put(text, " («" NBSP, " (“");
    buf_append_str(&text->line, text_of(json_object_get(model->body, "definition"), "name"));
    put(text, NBSP "») le décide. En changer demande l’accord des deux équipes.",
        "”). Changing it needs the consent of both teams.");
    end(text, BLOCK_PARAGRAPH);
}

/* "Rendre au marketing : pas encore prêt, pas de budget …" */
static void put_reasons(struct text *text, enum reason_kind kind, const char *fr, const char *en)
{
    size_t count;
    size_t shown = 0;
    const struct catalog_entry *const *list = catalog_list(text->catalog, CATALOG_REASON, &count);
    put(text, fr, en);
    for (size_t i = 0; i < count; i++) {
        const struct reason *reason = list[i]->typed;
        if (reason->kind != kind || !reason->is_active)
            continue;
        const struct str label = words_of(text, json_object_get(list[i]->body, "label"));
        buf_append_text(&text->line, shown > 0 ? ", " : "");
        put(text, "«" NBSP, "“");
        buf_append_str(&text->line, label.data != NULL ? label : reason->code);
        put(text, NBSP "»", "”");
        shown++;
    }
    put(text, ".", ".");
    if (shown > 0)
        end(text, BLOCK_ITEM);
    else
        buf_clear(&text->line);
}

static void put_rules(struct text *text)
{
    add(text, BLOCK_HEADING, "Quand un lead ne va pas plus loin", "When a lead goes no further");
    add(text, BLOCK_PARAGRAPH, "Les ventes donnent toujours un motif" NBSP ":",
        "Sales always gives a reason:");
    put_reasons(text, REASON_RECYCLE, "Pour le rendre au marketing" NBSP ": ",
                "To give it back to marketing: ");
    put_reasons(text, REASON_REJECT, "Pour l’écarter" NBSP ": ", "To reject it: ");
    put_reasons(text, REASON_LOSE, "Quand la vente est perdue" NBSP ": ",
                "When the deal is lost: ");
    add(text, BLOCK_HEADING, "Comment cet accord change", "How this agreement changes");
    add(text, BLOCK_PARAGRAPH,
        "Il est en vigueur quand un responsable du marketing et un responsable des ventes l’ont "
        "signé "
        "et que le jour est venu. Une promesse commence, change et finit avec une de ses périodes, "
        "jamais au milieu" NBSP
        ": la première qui commence ce jour-là ou après. Les délais déjà en "
        "cours ne changent pas. Pour changer quoi que ce soit, l’une des équipes propose une "
        "nouvelle "
        "version et les deux la signent.",
        "It is in force when a manager of marketing and a manager of sales have signed it and the "
        "day "
        "has come. A promise starts, changes and ends with one of its periods, never inside: the "
        "first "
        "one that begins on that day or after it. Delays that are running do not change. To change "
        "anything, one team proposes a new version and both sign it.");
}

static void put_note(struct text *text)
{
    const struct str note = text_of(text->body, "note");
    if (note.len == 0)
        return;
    add(text, BLOCK_HEADING, "Remarques", "Notes");
    buf_append_str(&text->line, note);
    end(text, BLOCK_PARAGRAPH);
}

json_t *agreement_text(const struct catalog *catalog, const json_t *body, enum language language)
{
    struct text text = {
        .catalog = catalog, .body = body, .language = language, .blocks = json_array()};
    buf_init(&text.line, TEXT_BYTES_MAX);
    put_head(&text);
    put_promises(&text);
    put_note(&text);
    put_definitions(&text);
    put_model(&text);
    put_rules(&text);
    buf_done(&text.line);
    if (!text.failed && text.blocks != NULL)
        return text.blocks;
    json_decref(text.blocks);
    return NULL;
}

/* ---- as plain text ---- */

enum agreement_block agreement_block_of(const json_t *block, struct str *ret_text)
{
    const int kind = name_index(agreement_block_names, json_str_of(json_array_get(block, 0)));
    const struct str text = json_str_of(json_array_get(block, 1));
    *ret_text = text.data != NULL ? text : str_from("");
    return kind >= 0 ? (enum agreement_block)kind : BLOCK_PARAGRAPH;
}

/* As many as the text has letters, near enough: bytes that begin a code point. */
static void underline(struct buf *out, struct str text, char line)
{
    buf_append_char(out, '\n');
    for (size_t i = 0; i < text.len; i++)
        if (((unsigned char)text.data[i] & 0xc0U) != 0x80U)
            buf_append_char(out, line);
}

void agreement_text_plain(struct buf *out, const json_t *blocks)
{
    enum agreement_block before = BLOCK_COUNT_;
    for (size_t i = 0; i < json_array_size(blocks); i++) {
        struct str text;
        const enum agreement_block kind = agreement_block_of(json_array_get(blocks, i), &text);
        const bool is_close = (kind == BLOCK_ITEM && before == BLOCK_ITEM) ||
                              kind == BLOCK_DEFINITION;
        buf_append_text(out, before == BLOCK_COUNT_ || is_close ? "" : "\n");
        if (kind == BLOCK_ITEM)
            buf_append_text(out, "- ");
        else if (kind == BLOCK_DEFINITION)
            buf_append_text(out, "  ");
        buf_append_str(out, text);
        if (kind == BLOCK_TITLE || kind == BLOCK_HEADING)
            underline(out, text, kind == BLOCK_TITLE ? '=' : '-');
        buf_append_char(out, '\n');
        before = kind;
    }
}

struct sha256 agreement_text_digest(const json_t *body, enum language language)
{
    CLEANUP(buf_done) struct buf plain;
    buf_init(&plain, 2 * TEXT_BYTES_MAX);
    agreement_text_plain(&plain,
                         json_object_get(json_object_get(body, "text"), language_names[language]));
    return sha256_of(buf_str(&plain));
}
