/* Phrases are folded words (domain/fold.h), parted by ';'. Adding knowledge means adding a phrase
 * here and a label to the test. */
#include "domain/known_label.h"

#include "domain/fold.h"

static const struct {
    const char *name;
    const char *phrases;
} fields[] = {
    {"email",
     "email;e mail;mail;email address;e mail address;mail address;emailaddress;work email;"
     "work e mail;work email address;business email;business email address;professional email;"
     "company email;corporate email;contact email;email id;adresse email;adresse e mail;"
     "adresse mail;adresse electronique;adresse de messagerie;courriel;adresse courriel;"
     "email professionnel;e mail professionnel;mail professionnel;email pro;e mail pro;"
     "mail pro;courriel professionnel;adresse email professionnelle;"
     "adresse e mail professionnelle;adresse mail professionnelle;adresse email pro;"
     "adresse mail pro;email de contact;e mail de contact;best email;best email address;"
     "best email to reach you;where can we email you;what email can we reach you at"                            },
    {"first_name",
     "first name;firstname;name first;name first name;names first name;given name;givenname;"
     "forename;fname;prenom;prenoms;prenom s"                                                                   },
    {"last_name",    "last name;lastname;name last;name last name;names last name;surname;family name;"
                  "familyname;lname;nom de famille;nom d usage"                                },
    {"phone",        "phone;phone number;phonenumber;telephone;telephone number;tel;mobile;mobile phone;"
              "mobilephone;mobile number;mobile phone number;cell;cell phone;cellphone;work phone;"
              "business phone;direct phone;contact number;numero de telephone;numero de tel;"
              "n de telephone;n de tel;no de telephone;num tel;telephone portable;telephone mobile;"
              "telephone professionnel;telephone pro;tel pro;portable;mobile pro;numero de mobile;"
              "numero de portable;ligne directe"                                                   },
    {"company",
     "company;company name;companyname;name of company;organisation;organization;"
     "organisation name;organization name;business name;name of business;employer;business;"
     "entreprise;nom de l entreprise;nom d entreprise;nom de votre entreprise;societe;"
     "nom de la societe;nom de societe;nom de votre societe;entreprise societe;"
     "societe entreprise;raison sociale;organisme;nom de l organisme;structure;"
     "nom de la structure;etablissement;nom de l etablissement;employeur;"
     "which company do you work for;what company do you work for;who do you work for;"
     "where do you work;company you work for;dans quelle entreprise travaillez vous;"
     "pour quelle entreprise travaillez vous;quelle entreprise representez vous"                                },
    {"company_size",
     "company size;companysize;size of company;size of your company;number of employees;"
     "no of employees;numberofemployees;numemployees;employees;employee count;headcount;"
     "team size;organisation size;organization size;how many employees;"
     "how many employees do you have;how many employees does your company have;"
     "how many people work at your company;effectif;effectifs;effectif de l entreprise;"
     "effectif de votre entreprise;nombre d employes;nombre de salaries;"
     "nombre de collaborateurs;taille de l entreprise;taille de votre entreprise;"
     "taille d entreprise;taille de la societe;combien de salaries;combien de collaborateurs;"
     "combien d employes;combien de salaries avez vous;combien de collaborateurs avez vous;"
     "combien d employes avez vous"                                                                             },
    {"industry",     "industry;industry sector;sector;business sector;secteur;secteur d activite;"
                 "secteur activite;domaine d activite;activite;activite de l entreprise;branche"},
    {"job_title",
     "job title;jobtitle;job;job position;job role;job function;position;role;occupation;"
     "profession;fonction;poste;poste occupe;poste actuel;intitule de poste;intitule du poste;"
     "fonction dans l entreprise;role dans l entreprise;metier;fonction poste;poste fonction;"
     "quel poste occupez vous;quelle fonction occupez vous;role at the company;"
     "role in the company;role in your company"                                                                 },
    {"country",
     "country;country region;country of residence;address country;which country are you in;"
     "which country are you based in;in which country are you based;dans quel pays etes vous;"
     "adresse pays;pays;pays de residence;pays region"                                                          },
    {"city",         "city;town;city town;address city;adresse ville;ville;commune;localite"                    },
    {"website",
     "website;web site;website url;website address;company website;company website url;"
     "site web;site internet;site web de l entreprise;adresse du site;adresse du site web;"
     "url du site;url de votre site"                                                                            },
    {"page_url",     "page url;pageurl;page uri;pageuri;landing page;landing page url"                          },
    {"referrer",     "referrer;referer;http referer;http referrer"                                              },
    {"utm_source",   "utm source;utmsource"                                                                     },
    {"utm_medium",   "utm medium;utmmedium"                                                                     },
    {"utm_campaign", "utm campaign;utmcampaign"                                                                 },
    {"utm_content",  "utm content;utmcontent"                                                                   },
    {"utm_term",     "utm term;utmterm"                                                                         },
};

static const char full_name_phrases[] =
    "full name;fullname;complete name;first and last name;first name and last name;"
    "first name last name;name and surname;contact name;nom complet;comment vous appelez vous;"
    "nom et prenom;nom et prenoms;"
    "nom prenom;nom prenoms;prenom et nom;prenom nom;prenoms et nom;nom de contact;nom du contact";

/* What stands before and behind the thing that is asked for. */
static const char leading_phrases[] =
    "what is your;what s your;whats your;what is the;what are your;please enter your;"
    "please enter;please provide your;please give us your;please share your;enter your;"
    "provide your;tell us your;and your;your;my;the;quel est votre;quelle est votre;quel est le;"
    "quelle est la;quels sont vos;quelles sont vos;indiquez votre;indiquer votre;indiquez;"
    "saisissez votre;entrez votre;renseignez votre;merci d indiquer votre;donnez nous votre;"
    "laissez nous votre;et votre;votre;vos;mon;ma;le;la;l";
static const char trailing_phrases[] =
    "please;required;optional;mandatory;s il vous plait;s il te plait;svp;stp;obligatoire;"
    "facultatif;facultative;optionnel;optionnelle";

/* How a question to the visitor begins, behind "Hello!" or "Nice to meet you, Zoé." */
static const char asking_phrases[] =
    "what;which;where;who;how;in which;your;and your;please;enter;tell us;quel;quelle;quels;"
    "quelles;dans quel;dans quelle;pour quelle;combien;comment;votre;vos;et votre;indiquez;entrez;"
    "merci";

/* ---- lists of phrases ---- */

/* Whether the words begin (or end) with the phrase, at a word's boundary, and something is left. */
static bool begins_with(struct str words, struct str phrase)
{
    return words.len > phrase.len && words.data[phrase.len] == ' ' &&
           memcmp(words.data, phrase.data, phrase.len) == 0;
}

static bool ends_with(struct str words, struct str phrase)
{
    const size_t rest = words.len - phrase.len;
    return words.len > phrase.len && words.data[rest - 1] == ' ' &&
           memcmp(words.data + rest, phrase.data, phrase.len) == 0;
}

static bool is_digits(struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '9') {
            return false;
        }
    }
    return word.len > 0;
}

/* How many bytes of the words' beginning say nothing, the blank behind them included. */
static size_t leading_len(struct str words)
{
    struct str rest = words;
    const struct str first = str_cut(&rest, ' ');
    if (rest.data != NULL && is_digits(first)) {
        return first.len + 1;
    }
    struct str phrases = str_from(leading_phrases);
    while (phrases.data != NULL) {
        const struct str phrase = str_cut(&phrases, ';');
        if (begins_with(words, phrase)) {
            return phrase.len + 1;
        }
    }
    return 0;
}

static size_t trailing_len(struct str words)
{
    size_t last = words.len;
    while (last > 0 && words.data[last - 1] != ' ') {
        last--;
    }
    if (last > 0 && is_digits(str_slice(words.data + last, words.len - last))) {
        return words.len - last + 1;
    }
    struct str phrases = str_from(trailing_phrases);
    while (phrases.data != NULL) {
        const struct str phrase = str_cut(&phrases, ';');
        if (ends_with(words, phrase)) {
            return phrase.len + 1;
        }
    }
    return 0;
}

static bool is_listed(struct str words, const char *list)
{
    struct str phrases = str_from(list);
    while (phrases.data != NULL) {
        if (str_eq(words, str_cut(&phrases, ';'))) {
            return true;
        }
    }
    return false;
}

size_t known_label_fold(struct str label, char out[static KNOWN_LABEL_BYTES_MAX])
{
    /* A "@" is the longest, " at ". What did not fit would be cut, and look like a shorter label.
     */
    char folded[4 * KNOWN_LABEL_BYTES_MAX];
    const bool is_short = label.len < KNOWN_LABEL_BYTES_MAX;
    struct str words = str_slice(folded, is_short ? fold_words(label, folded, sizeof folded) : 0);
    for (size_t cut = leading_len(words); cut > 0; cut = leading_len(words)) {
        words = str_slice(words.data + cut, words.len - cut);
    }
    for (size_t cut = trailing_len(words); cut > 0; cut = trailing_len(words)) {
        words.len -= cut;
    }
    const size_t len = words.len < KNOWN_LABEL_BYTES_MAX ? words.len : 0;
    memcpy(out, words.data, len);
    out[len] = '\0';
    return len;
}

/* ---- a label ---- */

/* A label as a whole. */
static enum known_label known_whole(struct str label, const char **ret_name)
{
    char words_text[KNOWN_LABEL_BYTES_MAX];
    const struct str words = str_slice(words_text, known_label_fold(label, words_text));
    *ret_name = NULL;
    if (words.len == 0) {
        return KNOWN_NOTHING;
    }
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (is_listed(words, fields[i].phrases)) {
            *ret_name = fields[i].name;
            return KNOWN_FIELD;
        }
    }
    if (is_listed(words, full_name_phrases)) {
        return KNOWN_FULL_NAME;
    }
    return str_is(words, "name") ? KNOWN_NAME : str_is(words, "nom") ? KNOWN_NOM : KNOWN_NOTHING;
}

static bool is_asking(struct str clause)
{
    char folded[KNOWN_LABEL_BYTES_MAX];
    const struct str words = str_slice(folded, fold_words(clause, folded, sizeof folded));
    struct str phrases = str_from(asking_phrases);
    while (phrases.data != NULL) {
        if (begins_with(words, str_cut(&phrases, ';'))) {
            return true;
        }
    }
    return false;
}

/* Whether a clause ends before the byte at `i`: at a mark and a blank, or with the line. */
static bool begins_clause(struct str label, size_t i)
{
    static const char marks[] = {'.', '!', '?', ',', ':', ';'};
    const bool is_behind_mark = i > 1 && label.data[i - 1] == ' ' &&
                                memchr(marks, label.data[i - 2], sizeof marks) != NULL;
    return is_behind_mark || label.data[i - 1] == '\n';
}

/* The last clause of several, when it asks the visitor something; else absent. */
static struct str last_question(struct str label)
{
    for (size_t i = label.len; i-- > 1;) {
        const struct str clause = str_slice(label.data + i, label.len - i);
        if (begins_clause(label, i) && str_trim(clause).len > 0) {
            return is_asking(clause) ? clause : (struct str){.data = NULL};
        }
    }
    return (struct str){.data = NULL};
}

enum known_label known_label(struct str label, const char **ret_name)
{
    const enum known_label known = known_whole(label, ret_name);
    const struct str question = known == KNOWN_NOTHING ? last_question(label)
                                                       : (struct str){.data = NULL};
    return question.data != NULL ? known_whole(question, ret_name) : known;
}
