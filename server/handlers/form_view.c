#include "handlers/form_view.h"

#include "base/html.h"
#include "domain/form_fields.h"
#include "schema/json.h"

/* The purpose of the consent that a form's text asks for. */
static const char consent_input[] = "consent_marketing_email";

struct str form_input_name(const struct form *form, struct str name)
{
    json_t *fields = json_unconst(form->fields);
    const struct str meaning = json_str_of(json_object_getn(fields, name.data, name.len));
    if (meaning.data == NULL || str_eq(meaning, name)) {
        return name;
    }
    for (void *at = json_object_iter(fields); at != NULL; at = json_object_iter_next(fields, at)) {
        if (str_eq(json_str_of(json_object_iter_value(at)), name)) {
            return str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        }
    }
    return name;
}

bool form_requires(const struct form *form, struct str name)
{
    size_t index;
    const json_t *required;
    json_array_foreach(json_unconst(form->required), index, required)
    {
        if (str_eq(json_str_of(required), name)) {
            return true;
        }
    }
    return str_is(name, "email");
}

const char *form_view_id(const struct form_view *view, struct str name)
{
    return arena_printf(view->request->arena, "relais-%.*s-%.*s", STR_ARGS(view->form->slug),
                        STR_ARGS(name));
}

/* ---- what kind of input ---- */

struct input_look {
    const char *name;         /* of the attribute */
    const char *type;         /* of the element */
    const char *autocomplete; /* HTML section 4.10.18.7 */
};

static const struct input_look input_looks[] = {
    {"email",      "email", "email"             },
    {"first_name", "text",  "given-name"        },
    {"last_name",  "text",  "family-name"       },
    {"phone",      "tel",   "tel"               },
    {"company",    "text",  "organization"      },
    {"job_title",  "text",  "organization-title"},
    {"country",    "text",  "country-name"      },
    {"city",       "text",  "address-level2"    },
};

static const struct input_look *input_look_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(input_looks); i++) {
        if (str_is(name, input_looks[i].name)) {
            return &input_looks[i];
        }
    }
    return NULL;
}

/* An input of this type would not show the value. */
static bool is_lost_in(enum attribute_type type, struct str value)
{
    double number;
    int32_t days;
    if (value.data == NULL) {
        return false;
    }
    switch (type) {
    case ATTRIBUTE_NUMBER:
        return !str_to_double(str_trim(value), &number);
    case ATTRIBUTE_DATE:
        return !date_parse(str_trim(value), &days);
    case ATTRIBUTE_TEXT:
    case ATTRIBUTE_BOOLEAN:
    case ATTRIBUTE_CHOICE:
    case ATTRIBUTE_TYPE_COUNT_:
        break;
    }
    return false;
}

static const char *input_type(enum attribute_type type, const struct input_look *look,
                              struct str value)
{
    if (is_lost_in(type, value)) {
        return "text";
    }
    switch (type) {
    case ATTRIBUTE_NUMBER:
        return "number";
    case ATTRIBUTE_DATE:
        return "date";
    case ATTRIBUTE_TEXT:
    case ATTRIBUTE_BOOLEAN:
    case ATTRIBUTE_CHOICE:
    case ATTRIBUTE_TYPE_COUNT_:
        break;
    }
    return look != NULL ? look->type : "text";
}

/* ---- parts ---- */

/* What every element that takes an answer has. */
static void write_common(const struct form_view *view, const struct form_view_field *field,
                         const char *id)
{
    html_attribute(view->out, "id", str_from(id));
    html_attribute(view->out, "name", field->input_name);
    if (!str_eq(field->input_name, field->name)) {
        html_attribute(view->out, "data-name", field->name);
    }
    if (field->is_required) {
        buf_append_text(view->out, " required");
    }
    if (field->fault.data != NULL) {
        buf_printf(view->out, " aria-invalid=\"true\" aria-describedby=\"%s-error\"", id);
    }
}

static void write_fault(const struct form_view *view, const struct form_view_field *field,
                        const char *id)
{
    if (field->fault.data != NULL) {
        buf_printf(view->out, "\n    <p class=\"relais-error\" id=\"%s-error\">", id);
        html_text(view->out, field->fault);
        buf_append_text(view->out, "</p>");
    }
}

static void write_label(const struct form_view *view, const struct form_view_field *field,
                        const char *id)
{
    buf_printf(view->out, "<label for=\"%s\">", id);
    html_text(view->out, visitor_label(view->request, field->name, view->language));
    if (!field->is_required) {
        buf_printf(view->out, " <span class=\"relais-optional\">%s</span>",
                   view->language == LANGUAGE_FR ? "(facultatif)" : "(optional)");
    }
    buf_append_text(view->out, "</label>\n    ");
}

static void write_input(const struct form_view *view, const struct form_view_field *field,
                        enum attribute_type type, const char *id)
{
    const struct input_look *look = input_look_of(field->name);
    const char *input = input_type(type, look, field->value);
    buf_append_text(view->out, "<input");
    write_common(view, field, id);
    buf_printf(view->out, " type=\"%s\"", input);
    if (strcmp(input, "number") == 0) {
        buf_append_text(view->out, " step=\"any\"");
    }
    if (look != NULL) {
        buf_printf(view->out, " autocomplete=\"%s\"", look->autocomplete);
    }
    if (field->value.data != NULL) {
        html_attribute(view->out, "value", field->value);
    }
    buf_append_char(view->out, '>');
}

/* Several lines would become one in an input. */
static void write_textarea(const struct form_view *view, const struct form_view_field *field,
                           const char *id)
{
    buf_append_text(view->out, "<textarea rows=\"4\"");
    write_common(view, field, id);
    buf_append_text(view->out, ">\n");
    html_text(view->out, field->value);
    buf_append_text(view->out, "</textarea>");
}

static void write_select(const struct form_view *view, const struct form_view_field *field,
                         const json_t *choices, const char *id)
{
    struct buf *out = view->out;
    buf_append_text(out, "<select");
    write_common(view, field, id);
    buf_append_text(out, ">\n      <option value=\"\"></option>");
    size_t index;
    const json_t *choice;
    json_array_foreach(json_unconst(choices), index, choice)
    {
        const struct str text = json_str_of(choice);
        buf_append_text(out, "\n      <option");
        if (str_eq(text, str_trim(field->value))) {
            buf_append_text(out, " selected");
        }
        buf_append_char(out, '>');
        html_text(out, text);
        buf_append_text(out, "</option>");
    }
    buf_append_text(out, "\n    </select>");
}

static void write_box(const struct form_view *view, const struct form_view_field *field,
                      const char *id)
{
    buf_append_text(view->out, "  <div class=\"relais-field relais-check\">\n    <label><input");
    write_common(view, field, id);
    buf_printf(view->out, " type=\"checkbox\" value=\"true\"%s> <span>",
               form_box_is_ticked(str_trim(field->value)) ? " checked" : "");
    html_text(view->out, visitor_label(view->request, field->name, view->language));
    buf_append_text(view->out, "</span></label>");
    write_fault(view, field, id);
    buf_append_text(view->out, "\n  </div>\n");
}

/* ---- a form's pieces ---- */

void form_view_write(const struct form_view *view, const struct form_view_field *field)
{
    const struct attribute_definition *definition =
        catalog_attribute(view->request->catalog, field->name);
    const enum attribute_type type = definition != NULL ? definition->type : ATTRIBUTE_TEXT;
    const char *id = form_view_id(view, field->name);
    if (id == NULL) {
        view->out->failed = true;
        return;
    }
    if (type == ATTRIBUTE_BOOLEAN) {
        write_box(view, field, id);
        return;
    }
    buf_append_text(view->out, "  <div class=\"relais-field\">\n    ");
    write_label(view, field, id);
    if (type == ATTRIBUTE_CHOICE) {
        write_select(view, field, definition->choices, id);
    } else if (field->value.len > 0 && memchr(field->value.data, '\n', field->value.len) != NULL) {
        write_textarea(view, field, id);
    } else {
        write_input(view, field, type, id);
    }
    write_fault(view, field, id);
    buf_append_text(view->out, "\n  </div>\n");
}

void form_view_consent(const struct form_view *view, bool is_ticked)
{
    struct str rest = view->form->consent_text;
    if (rest.data == NULL) {
        return;
    }
    buf_printf(view->out,
               "  <div class=\"relais-field relais-check\">\n    <label><input name=\"%s\" "
               "type=\"checkbox\" value=\"yes\"%s> <span>",
               consent_input, is_ticked ? " checked" : "");
    while (rest.data != NULL) {
        html_text(view->out, str_cut(&rest, '\n'));
        buf_append_text(view->out, rest.data != NULL ? "<br>\n    " : "");
    }
    buf_append_text(view->out, "</span></label>\n  </div>\n");
}

void form_view_hidden(const struct form_view *view, struct str input_name, struct str value)
{
    buf_append_text(view->out, "  <input type=\"hidden\"");
    html_attribute(view->out, "name", input_name);
    html_attribute(view->out, "value", value);
    buf_append_text(view->out, ">\n");
}

void form_view_button(const struct form_view *view)
{
    buf_printf(view->out, "  <p><button type=\"submit\">%s</button></p>\n",
               view->language == LANGUAGE_FR ? "Envoyer" : "Send");
}

/* The kinds of offers that are a file to keep; the others are opened. */
static bool is_file(struct str kind)
{
    static const char *const files[] = {"ebook",        "white_paper", "guide",
                                        "buying_guide", "case_study",  NULL};
    return name_index(files, kind) >= 0;
}

void form_view_offer(struct buf *out, const struct offer *offer, enum language language)
{
    const bool is_french = language == LANGUAGE_FR;
    const char *verb = is_file(offer->kind) ? (is_french ? "Télécharger" : "Download")
                                            : (is_french ? "Ouvrir" : "Open");
    buf_printf(out, is_french ? "%s «\u00a0" : "%s “", verb);
    html_text(out, offer->title);
    buf_append_text(out, is_french ? "\u00a0»" : "”");
}
