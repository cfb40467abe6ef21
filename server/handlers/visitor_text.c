#include "handlers/visitor_text.h"

#include <assert.h>

#include "schema/json.h"

static const struct query_param visitor_params[] = {LANGUAGE_PARAM(struct visitor_query)};
const struct query visitor_query = QUERY(struct visitor_query, visitor_params);

enum { SENTENCE_BYTES_MAX = 1024 };

enum language visitor_language(const struct request *request, int asked_for)
{
    if (asked_for >= 0) {
        return (enum language)asked_for;
    }
    const bool is_english = str_is(catalog_organisation(request->catalog)->locale, "en");
    return accept_language(http_header(request->message, "Accept-Language"),
                           is_english ? LANGUAGE_EN : LANGUAGE_FR);
}

/* ---- labels ---- */

/* "number_of_sites" as "Number of sites". */
static struct str readable(const struct request *request, struct str name)
{
    char *text = arena_printf(request->arena, "%.*s", STR_ARGS(name));
    if (text == NULL) {
        return name;
    }
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '_' || text[i] == '-') {
            text[i] = ' ';
        }
    }
    if (text[0] >= 'a' && text[0] <= 'z') {
        text[0] = (char)(text[0] - 'a' + 'A');
    }
    return str_from(text);
}

struct str visitor_label(const struct request *request, struct str name, enum language language)
{
    assert(name.data != NULL);
    if (str_is(name, "email")) {
        return str_from(language == LANGUAGE_FR ? "Adresse e-mail" : "E-mail address");
    }
    const struct catalog_entry *entry = catalog_find(request->catalog, CATALOG_ATTRIBUTE, name);
    const json_t *labels = entry != NULL ? json_object_get(entry->body, "label") : NULL;
    const struct str label = json_str_of(json_object_get(labels, language_names[language]));
    /* Without a label of its own an attribute's is its name. */
    return label.data != NULL && !str_eq(label, name) ? label : readable(request, name);
}

/* ---- what is wrong with an answer ---- */

/* Why an address is none, as domain/email_address.c says it behind "The e-mail address"; a test
 * finds the ones that are missing here. */
static const struct {
    const char *english;
    const char *french;
} email_reasons[] = {
    {"has a comment in parentheses; leave it out",
     "contient un commentaire entre parenthèses\u00a0: enlevez-le"                                                         },
    {"has angle brackets; only the address itself is wanted",
     "contient des chevrons\u00a0: seule l’adresse elle-même est attendue"                                               },
    {"has more than one '@'",                                            "contient plus d’un «\u00a0@\u00a0»"           },
    {"has a quotation mark in the wrong place",                          "contient un guillemet mal placé"                 },
    {"holds a comma or semicolon; one address is wanted",
     "contient une virgule ou un point-virgule\u00a0: une seule adresse est attendue"                                       },
    {"has white space in it",                                            "contient une espace"                              },
    {"has an invisible character in it",
     "contient un caractère invisible\u00a0: tapez-la à nouveau"                                                          },
    {"has a character that is not allowed there",                        "contient un caractère interdit"                  },
    {"has nothing before the '@'",                                       "n’a rien avant le «\u00a0@\u00a0»"            },
    {"has a misplaced dot before the '@'",                               "a un point mal placé avant le «\u00a0@\u00a0»" },
    {"has a backslash before something that needs none",
     "contient une barre oblique inverse mal placée"                                                                       },
    {"has an opening quotation mark without a closing one",
     "a un guillemet ouvrant sans guillemet fermant"                                                                        },
    {"has no '@'",                                                       "n’a pas de «\u00a0@\u00a0»"                   },
    {"has something between its quoted part and the '@'",
     "a quelque chose entre les guillemets et le «\u00a0@\u00a0»"                                                         },
    {"has more than 64 bytes before the '@'",                            "est trop longue avant le «\u00a0@\u00a0»"       },
    {"has a misplaced dot in its domain",                                "a un point mal placé après le «\u00a0@\u00a0»"},
    {"has an underscore in its domain",                                  "a un tiret bas après le «\u00a0@\u00a0»"       },
    {"has a part of its domain that begins or ends with a hyphen",
     "a un trait d’union mal placé après le «\u00a0@\u00a0»"                                                          },
    {"has a part of its domain that is longer than 63 bytes",            "a un nom de domaine trop long"                    },
    {"has nothing after the '@'",                                        "n’a rien après le «\u00a0@\u00a0»"           },
    {"has a domain without a dot; something like example.com is wanted",
     "n’a pas de point après le «\u00a0@\u00a0»\u00a0: on attend par exemple exemple.fr"                               },
    {"has a domain that ends in a number",                               "se termine par un nombre"                         },
    {"has a domain longer than 253 bytes",                               "a un nom de domaine trop long"                    },
    {"has something in brackets that is no IP address",
     "a entre crochets quelque chose qui n’est pas une adresse IP"                                                        },
    {"has an opening bracket without a closing one at its end",
     "a un crochet ouvrant sans crochet fermant à la fin"                                                                  },
    {"has a domain that is too long",                                    "a un nom de domaine trop long"                    },
    {"has a domain with characters that no domain can have",
     "a un nom de domaine avec des caractères interdits"                                                                   },
    {"is too long",                                                      "est trop longue"                                  },
    {"is not valid UTF-8",                                               "contient des caractères illisibles"              },
    {"is empty",                                                         "est vide"                                         },
    {"is longer than 254 bytes",                                         "est trop longue"                                  },
};

static void write_email_fault(struct buf *out, const struct fault *fault, enum language language)
{
    static const char begin[] = "The e-mail address ";
    const bool is_french = language == LANGUAGE_FR;
    if (strcmp(fault->code, "required") == 0) {
        buf_append_text(out, is_french ? "Indiquez votre adresse e-mail."
                                       : "Enter your e-mail address.");
        return;
    }
    struct str reason = str_from(fault->detail);
    if (str_starts_with(reason, begin) && reason.data[reason.len - 1] == '.') {
        reason = str_slice(reason.data + sizeof begin - 1, reason.len - sizeof begin);
        for (size_t i = 0; i < ARRAY_LEN(email_reasons); i++) {
            if (str_is(reason, email_reasons[i].english)) {
                buf_printf(out, is_french ? "L’adresse e-mail %s." : "The e-mail address %s.",
                           is_french ? email_reasons[i].french : email_reasons[i].english);
                return;
            }
        }
    }
    buf_append_text(out, is_french ? "L’adresse e-mail n’a pas la bonne forme, qui est par exemple "
                                     "prenom.nom@exemple.fr."
                                   : "The e-mail address does not look right; an example is "
                                     "first.last@example.com.");
}

static void write_missing(struct buf *out, enum attribute_type type, struct str label,
                          bool is_french)
{
    switch (type) {
    case ATTRIBUTE_CHOICE:
        buf_printf(out,
                   is_french ? "Choisissez une réponse pour «\u00a0%.*s\u00a0»."
                             : "Choose an answer for “%.*s”.",
                   STR_ARGS(label));
        break;
    case ATTRIBUTE_BOOLEAN:
        buf_printf(out, is_french ? "Cochez «\u00a0%.*s\u00a0»." : "Tick “%.*s”.", STR_ARGS(label));
        break;
    case ATTRIBUTE_TEXT:
    case ATTRIBUTE_NUMBER:
    case ATTRIBUTE_DATE:
    case ATTRIBUTE_TYPE_COUNT_:
        buf_printf(out, is_french ? "Remplissez «\u00a0%.*s\u00a0»." : "Fill in “%.*s”.",
                   STR_ARGS(label));
        break;
    }
}

static void write_misfit(struct buf *out, enum attribute_type type, struct str label,
                         bool is_french)
{
    switch (type) {
    case ATTRIBUTE_NUMBER:
        buf_printf(out,
                   is_french ? "«\u00a0%.*s\u00a0» est un nombre, par exemple 250."
                             : "“%.*s” is a number, such as 250.",
                   STR_ARGS(label));
        break;
    case ATTRIBUTE_BOOLEAN:
        buf_printf(out,
                   is_french ? "Répondez par oui ou par non à «\u00a0%.*s\u00a0»."
                             : "Answer “%.*s” with yes or no.",
                   STR_ARGS(label));
        break;
    case ATTRIBUTE_DATE:
        buf_printf(out,
                   is_french ? "«\u00a0%.*s\u00a0» est une date, par exemple 2026-11-21."
                             : "“%.*s” is a date, such as 2026-11-21.",
                   STR_ARGS(label));
        break;
    case ATTRIBUTE_CHOICE:
        buf_printf(out,
                   is_french ? "Choisissez une des réponses proposées pour «\u00a0%.*s\u00a0»."
                             : "Choose one of the answers offered for “%.*s”.",
                   STR_ARGS(label));
        break;
    case ATTRIBUTE_TEXT:
    case ATTRIBUTE_TYPE_COUNT_:
        buf_printf(out,
                   is_french ? "Corrigez «\u00a0%.*s\u00a0»\u00a0: cette réponse ne convient pas."
                             : "Correct “%.*s”: this answer does not fit.",
                   STR_ARGS(label));
        break;
    }
}

static void write_attribute_fault(struct buf *out, const struct request *request,
                                  const struct fault *fault, struct str name,
                                  enum language language)
{
    const bool is_french = language == LANGUAGE_FR;
    const struct attribute_definition *definition = catalog_attribute(request->catalog, name);
    const enum attribute_type type = definition != NULL ? definition->type : ATTRIBUTE_TEXT;
    const struct str label = visitor_label(request, name, language);
    const struct str code = str_from(fault->code);
    if (str_is(code, "required")) {
        write_missing(out, type, label, is_french);
    } else if (str_is(code, "too_long")) {
        buf_printf(out,
                   is_french
                       ? "Raccourcissez «\u00a0%.*s\u00a0»\u00a0: 4\u00a0000 caractères au plus."
                       : "Shorten “%.*s”: 4,000 characters at most.",
                   STR_ARGS(label));
    } else if (str_is(code, "range")) {
        buf_printf(out,
                   is_french ? "Le nombre de «\u00a0%.*s\u00a0» est trop grand."
                             : "The number in “%.*s” is too large.",
                   STR_ARGS(label));
    } else {
        write_misfit(out, type, label, is_french);
    }
}

/* What the page sent on its own, so that the visitor can only send again. */
static void write_other_fault(struct buf *out, const struct fault *fault, enum language language)
{
    const bool is_french = language == LANGUAGE_FR;
    if (strcmp(fault->pointer, "/id") == 0 && strcmp(fault->code, "taken") == 0) {
        buf_append_text(out, is_french ? "Ce formulaire nous est déjà parvenu avec d’autres "
                                         "réponses. Envoyez-le encore une fois pour que celles-ci "
                                         "comptent aussi."
                                       : "We already have this form with other answers. Send it "
                                         "once more so that these count as well.");
        return;
    }
    buf_printf(out,
               is_french ? "La page a envoyé quelque chose que ce formulaire ne prend pas (%s)."
                         : "The page sent something that this form does not take (%s).",
               fault->pointer);
}

struct str visitor_fault(const struct request *request, const struct fault *fault,
                         enum language language)
{
    static const char attributes[] = "/attributes/";
    const struct str pointer = str_from(fault->pointer);
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, SENTENCE_BYTES_MAX);
    if (str_is(pointer, "/email")) {
        write_email_fault(&out, fault, language);
    } else if (str_starts_with(pointer, attributes)) {
        const struct str name =
            str_slice(pointer.data + sizeof attributes - 1, pointer.len + 1 - sizeof attributes);
        write_attribute_fault(&out, request, fault, name, language);
    } else {
        write_other_fault(&out, fault, language);
    }
    /* Only a label or pointer of absurd length does not fit. */
    return out.failed ? str_from(language == LANGUAGE_FR ? "Corrigez cette réponse."
                                                         : "Correct this answer.")
                      : arena_str(request->arena, buf_str(&out));
}

/* ---- why a post was refused ---- */

static const struct visitor_refusal refusals[] = {
    {400,
     {"Nous n’avons pas pu lire votre envoi", "We could not read what was sent"},
     {"Le formulaire nous est arrivé abîmé.", "The form arrived damaged."},
     false},
    {401,
     {"Ce formulaire n’est pas ouvert", "This form is not open"},
     {"La page ne peut pas l’envoyer ainsi. Signalez-le à l’éditeur du site.",
      "The page cannot send it like this. Please tell the owner of the site."},
     false},
    {403,
     {"Ce formulaire n’est pas ouvert", "This form is not open"},
     {"La page ne peut pas l’envoyer ainsi. Signalez-le à l’éditeur du site.",
      "The page cannot send it like this. Please tell the owner of the site."},
     false},
    {404,
     {"Ce formulaire n’existe pas", "There is no such form"},
     {"Il a peut-être été retiré. Signalez-le à l’éditeur du site.",
      "It may have been withdrawn. Please tell the owner of the site."},
     false},
    {409,
     {"Vos réponses sont en route", "Your answers are on their way"},
     {"Le même formulaire est en train d’être enregistré\u00a0; il ne comptera qu’une fois.",
      "The same form is being stored right now; it will count only once."},
     true },
    {413,
     {"Votre envoi est trop volumineux", "What was sent is too large"},
     {"Raccourcissez les textes ou retirez les fichiers joints.",
      "Shorten the texts or remove attached files."},
     false},
    {415,
     {"Nous n’avons pas pu lire votre envoi", "We could not read what was sent"},
     {"La page l’envoie sous une forme inconnue. Signalez-le à l’éditeur du site.",
      "The page sends it in an unknown form. Please tell the owner of the site."},
     false},
    {422,
     {"Vérifiez vos réponses", "Please check your answers"},
     {"Plusieurs réponses sont à corriger.", "Several answers are to be corrected."},
     true },
    {429,
     {"Trop d’envois à la fois", "Too many at once"},
     {"Votre envoi n’a pas été enregistré\u00a0; réessayez un peu plus tard.",
      "What you sent was not stored; try again a little later."},
     true },
    {503,
     {"Un instant, s’il vous plaît", "One moment, please"},
     {"Nous n’avons pas pu enregistrer vos réponses pour l’instant.",
      "We could not store your answers just now."},
     true },
 /* the last one: for what else may go wrong */
    {500,
     {"Une erreur est survenue de notre côté", "Something went wrong on our side"},
     {"Nous n’avons pas pu enregistrer vos réponses.", "We could not store your answers."},
     true },
};

const struct visitor_refusal *visitor_refusal(unsigned status)
{
    size_t i = 0;
    while (i < ARRAY_LEN(refusals) - 1 && refusals[i].status != status) {
        i++;
    }
    return &refusals[i];
}
