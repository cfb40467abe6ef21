/*
 * The sentences are patterns with '#' where the quantity stands ("au moins 50", "at most 60%"):
 * each metric has one pattern for one of a thing and one for many, in each language. Who promises
 * stands before, how often behind; so that every metric, bound and period make a whole sentence
 * without a sentence for each of them.
 */
#include "domain/agreement_words.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "domain/catalog_kinds.h"
#include "domain/funnel.h"
#include "schema/json.h"

#define NBSP   "\u00a0"
#define NARROW "\u202f"

/* A text for each language. */
struct both {
    const char *in[LANGUAGE_COUNT_];
};

static void put(struct buf *out, const char *fr, const char *en, enum language language)
{
    buf_append_text(out, language == LANGUAGE_FR ? fr : en);
}

/* ---- numbers ---- */

/* `keeps_zeros`: two decimals or none. */
static void put_number(struct buf *out, double value, bool keeps_zeros, enum language language)
{
    char digits[64];
    const int len = snprintf(digits, sizeof digits, "%.2f", fabs(value) < 1e15 ? value : 0.0);
    assert(len > 3 && (size_t)len < sizeof digits);
    size_t whole = (size_t)len - 3; /* what stands before the point */
    size_t end = (size_t)len;
    if (strcmp(digits + whole, ".00") == 0)
        end = whole;
    else if (!keeps_zeros && digits[end - 1] == '0')
        end--;
    const size_t sign = digits[0] == '-' ? 1 : 0;
    for (size_t i = 0; i < whole; i++) {
        if (i > sign && (whole - i) % 3 == 0)
            put(out, NARROW, ",", language);
        buf_append_char(out, digits[i]);
    }
    if (end > whole) {
        put(out, ",", ".", language);
        buf_append(out, digits + whole + 1, end - whole - 1);
    }
}

void words_number(struct buf *out, double value, enum language language)
{
    put_number(out, value, /* keeps_zeros= */ false, language);
}

void words_percent(struct buf *out, double fraction, enum language language)
{
    words_number(out, fraction * 100, language);
    put(out, NBSP "%", "%", language);
}

/* ISO 4217: those without a minor unit that companies here meet; all others have two digits. */
static double minor_units(struct str currency)
{
    static const char *const none[] = {"JPY", "KRW", "XOF", "XAF", "XPF",
                                       "CLP", "ISK", "VND", NULL};
    return name_index(none, currency) >= 0 ? 1 : 100;
}

void words_money(struct buf *out, double amount, struct str currency, enum language language)
{
    static const char *const codes[] = {"EUR", "USD", "GBP", NULL};
    static const char *const signs[] = {"€", "$", "£"};
    const int known = name_index(codes, currency);
    const double value = amount / minor_units(currency);
    if (language == LANGUAGE_FR) {
        put_number(out, value, /* keeps_zeros= */ true, language);
        buf_append_text(out, NBSP);
    }
    if (known >= 0)
        buf_append_text(out, signs[known]);
    else
        buf_append_str(out, currency);
    if (language == LANGUAGE_EN) {
        buf_append_text(out, known >= 0 ? "" : NBSP);
        put_number(out, value, /* keeps_zeros= */ true, language);
    }
}

/* ---- times ---- */

void words_date(struct buf *out, int32_t days, enum language language)
{
    static const struct both months[] = {
        {{"janvier", "January"}}, {{"février", "February"}},  {{"mars", "March"}},
        {{"avril", "April"}},     {{"mai", "May"}},           {{"juin", "June"}},
        {{"juillet", "July"}},    {{"août", "August"}},       {{"septembre", "September"}},
        {{"octobre", "October"}}, {{"novembre", "November"}}, {{"décembre", "December"}},
    };
    char text[TIME_TEXT_BYTES];
    (void)date_format(days, text); /* YYYY-MM-DD */
    const int month = (text[5] - '0') * 10 + text[6] - '0';
    const int day = (text[8] - '0') * 10 + text[9] - '0';
    assert(month >= 1 && month <= 12);
    buf_printf(out, "%d%s" NBSP "%s" NBSP "%.4s", day,
               day == 1 && language == LANGUAGE_FR ? "er" : "", months[month - 1].in[language],
               text);
}

void words_time_of_day(struct buf *out, int minutes, enum language language)
{
    if (language == LANGUAGE_EN)
        buf_printf(out, "%02d:%02d", minutes / 60, minutes % 60);
    else if (minutes % 60 == 0)
        buf_printf(out, "%d" NBSP "h", minutes / 60);
    else
        buf_printf(out, "%d" NBSP "h" NBSP "%02d", minutes / 60, minutes % 60);
}

static void put_weekday(struct buf *out, struct str name, enum language language)
{
    static const struct both days[] = {
        {{"lundi", "Monday"}},    {{"mardi", "Tuesday"}},   {{"mercredi", "Wednesday"}},
        {{"jeudi", "Thursday"}},  {{"vendredi", "Friday"}}, {{"samedi", "Saturday"}},
        {{"dimanche", "Sunday"}},
    };
    const int day = name_index(weekday_names, name);
    if (day >= 0)
        buf_append_text(out, days[day].in[language]);
    else
        buf_append_str(out, name);
}

/* "24 h", "45 min", "1 h 30 min", "3 jours": a length of time by itself. */
static void put_length(struct buf *out, int64_t us, bool in_days, enum language language)
{
    const int64_t minutes = (us + 59 * US_PER_SECOND) / (60 * US_PER_SECOND);
    const int64_t days = us / US_PER_DAY;
    if (in_days && days >= 2 && us % US_PER_DAY == 0) {
        words_number(out, (double)days, language);
        put(out, NBSP "jours", NBSP "days", language);
    } else if (us < 60 * US_PER_SECOND) {
        words_number(out, (double)us / (double)US_PER_SECOND, language);
        buf_append_text(out, NBSP "s");
    } else {
        if (minutes >= 60) {
            const int64_t hours = minutes / 60;
            words_number(out, (double)hours, language);
            buf_append_text(out, NBSP "h");
        }
        if (minutes % 60 != 0)
            buf_printf(out, "%s%d" NBSP "min", minutes >= 60 ? NBSP : "", (int)(minutes % 60));
    }
}

/* "P1D", "P2W": whole days by their name; "PT24H" is a length. */
static bool is_in_days(struct str target)
{
    return target.len > 0 && memchr(target.data, 'T', target.len) == NULL;
}

static void put_open_days(struct buf *out, int64_t days, enum language language)
{
    if (days == 1) {
        put(out, "au plus tard le jour ouvré suivant à la même heure",
            "by the same time on the next working day", language);
        return;
    }
    put(out, "au plus tard ", "by the same time ", language);
    words_number(out, (double)days, language);
    put(out, NBSP "jours ouvrés après, à la même heure", NBSP "working days later", language);
}

static void put_weekday_target(struct buf *out, const json_t *target, bool has_calendar,
                               enum language language)
{
    const struct str at_least = json_str_of(json_object_get(target, "at_least"));
    const int minutes = time_of_day_parse(json_str_of(json_object_get(target, "time")));
    int64_t us = 0;
    put(out, "avant ", "before ", language);
    put_weekday(out, json_str_of(json_object_get(target, "weekday")), language);
    if (minutes >= 0) {
        buf_append_text(out, NBSP);
        words_time_of_day(out, minutes, language);
    }
    if (at_least.data == NULL || !duration_parse(at_least, &us) || us == 0)
        return;
    put(out, " (s’il reste au moins ", " (if at least ", language);
    put_length(out, us, is_in_days(at_least), language);
    if (has_calendar)
        put(out, " d’heures ouvrées", " of working hours", language);
    put(out, "), sinon la semaine suivante", " remain), else the week after", language);
}

void words_delay(struct buf *out, const json_t *target, bool has_calendar, enum language language)
{
    const struct str text = json_str_of(target);
    int64_t us = 0;
    if (json_is_object(target)) {
        put_weekday_target(out, target, has_calendar, language);
        return;
    }
    if (text.data == NULL || !duration_parse(text, &us)) { /* of a newer release */
        put(out, "dans le délai convenu", "within the agreed time", language);
        return;
    }
    if (has_calendar && is_in_days(text) && us % US_PER_DAY == 0) {
        put_open_days(out, us / US_PER_DAY, language);
        return;
    }
    put(out, "dans les ", "within ", language);
    put_length(out, us, is_in_days(text), language);
    if (has_calendar)
        put(out, " d’heures ouvrées", " of working hours", language);
}

/* ---- commitments ---- */

enum unit { UNIT_COUNT, UNIT_RATE, UNIT_MONEY };

struct metric_words {
    const char *name;
    enum unit unit;
    struct both one;  /* '#' stands for "au moins 1", "at most 1" … */
    struct both many; /* NULL: the same */
};

static const struct metric_words metrics[] = {
    {.name = "leads_captured",
     .unit = UNIT_COUNT,
     .one = {{"capter # lead", "capture # lead"}},
     .many = {{"capter # leads", "capture # leads"}}},
    {.name = "leads_delivered",
     .unit = UNIT_COUNT,
     .one = {{"remettre aux ventes # lead qualifié (MQL)", "hand # qualified lead (MQL) to sales"}},
     .many = {{"remettre aux ventes # leads qualifiés (MQL)",
               "hand # qualified leads (MQLs) to sales"}}},
    {.name = "fit_share",
     .unit = UNIT_RATE,
     .one = {{"veiller à ce qu’# des MQL remis aux ventes correspondent au profil visé",
              "see to it that # of the MQLs handed to sales fit the target profile"}}                                                },
    {.name = "data_quality",
     .unit = UNIT_RATE,
     .one = {{"veiller à ce qu’# des MQL remis aux ventes soient bien renseignés",
              "see to it that # of the MQLs handed to sales come with complete and correct data"}}},
    {.name = "mql_to_sql_rate",
     .unit = UNIT_RATE,
     .one = {{"transformer # des MQL en SQL", "turn # of MQLs into SQLs"}}                                },
    {.name = "contacted_in_time_rate",
     .unit = UNIT_RATE,
     .one = {{"prendre contact dans les délais avec # des MQL", "contact # of MQLs in time"}}},
    {.name = "verdict_in_time_rate",
     .unit = UNIT_RATE,
     .one = {{"qualifier, recycler ou rejeter dans les délais # des MQL",
              "qualify, recycle or reject # of MQLs in time"}}              },
    {.name = "attempts_per_lead",
     .unit = UNIT_COUNT,
     .one = {{"faire en moyenne # tentative de contact par MQL",
              "make # attempt to reach each MQL on average"}},
     .many = {{"faire en moyenne # tentatives de contact par MQL",
               "make # attempts to reach each MQL on average"}}},
    {.name = "acceptance_rate",
     .unit = UNIT_RATE,
     .one = {{"faire en sorte qu’# des MQL soient acceptés par les ventes",
              "see to it that # of MQLs are accepted by sales"}}                                                              },
    {.name = "conversion_rate",
     .unit = UNIT_RATE,
     .one = {{"convertir en clients # des leads", "turn # of leads into customers"}}},
    {.name = "revenue",
     .unit = UNIT_MONEY,
     .one = {{"réaliser # de chiffre d’affaires", "bring in # of revenue"}}                                          },
    {.name = "average_deal",
     .unit = UNIT_MONEY,
     .one = {{"conclure des affaires d’# en moyenne", "close deals worth # on average"}}     },
    {.name = "cost_per_customer",
     .unit = UNIT_MONEY,
     .one = {{"dépenser # par nouveau client", "spend # for each new customer"}}                              },
    {.name = "cost_per_lead",
     .unit = UNIT_MONEY,
     .one = {{"dépenser # par lead", "spend # for each lead"}}              },
};

static void put_quantity(struct buf *out, const json_t *body, double value, enum unit unit,
                         struct str currency, enum language language)
{
    if (json_is_number(json_object_get(body, "at_most")))
        put(out, "au plus ", "at most ", language);
    else
        put(out, "au moins ", "at least ", language);
    if (unit == UNIT_RATE)
        words_percent(out, value, language);
    else if (unit == UNIT_MONEY)
        words_money(out, value, currency, language);
    else
        words_number(out, value, language);
}

static const struct metric_words *metric_of(const json_t *body)
{
    const struct str name = json_str_of(json_object_get(body, "metric"));
    for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
        if (str_is(name, metrics[i].name))
            return &metrics[i];
    return NULL;
}

/* Singular below two in French (1,5 tentative), for one alone in English. */
static bool is_one(double value, enum language language)
{
    const double size = fabs(value);
    return language == LANGUAGE_FR ? size < 2 : size >= 1 && size <= 1;
}

static void put_what(struct buf *out, const json_t *body, struct str currency,
                     enum language language)
{
    const struct metric_words *metric = metric_of(body);
    const json_t *at_most = json_object_get(body, "at_most");
    const double value =
        json_number_value(json_is_number(at_most) ? at_most : json_object_get(body, "at_least"));
    if (metric == NULL) { /* of a newer release */
        put(out, "atteindre ", "reach ", language);
        put_quantity(out, body, value, UNIT_COUNT, currency, language);
        buf_append_text(out, " (");
        buf_append_str(out, json_str_of(json_object_get(body, "metric")));
        buf_append_char(out, ')');
        return;
    }
    const char *many = metric->many.in[language];
    const char *text = many == NULL || is_one(value, language) ? metric->one.in[language] : many;
    const char *mark = strchr(text, '#');
    assert(mark != NULL);
    buf_append(out, text, (size_t)(mark - text));
    put_quantity(out, body, value, metric->unit, currency, language);
    buf_append_text(out, mark + 1);
}

static void put_period(struct buf *out, const json_t *period, enum language language)
{
    static const char *const names[] = {"day", "week", "month", "quarter", NULL};
    static const struct both words[] = {
        {{"chaque jour", "every day"}},
        {{"chaque semaine", "every week"}},
        {{"chaque mois", "every month"}},
        {{"chaque trimestre", "every quarter"}},
    };
    const int every = name_index(names, json_str_of(json_object_get(period, "every")));
    const struct str starts = json_str_of(json_object_get(period, "starts"));
    if (every < 0)
        return;
    buf_append_char(out, ' ');
    buf_append_text(out, words[every].in[language]);
    if (every == 1 && starts.len > 0) {
        put(out, ", à compter du ", ", starting on ", language);
        put_weekday(out, starts, language);
    }
}

static void put_calendar(struct buf *out, const json_t *body, const struct catalog *catalog,
                         enum language language)
{
    const struct str id = json_str_of(json_object_get(body, "calendar"));
    const struct catalog_entry *calendar =
        id.data != NULL ? catalog_find(catalog, CATALOG_CALENDAR, id) : NULL;
    if (calendar == NULL)
        return;
    put(out, " Calendrier" NBSP ": «" NBSP, " Calendar: “", language);
    buf_append_str(out, json_str_of(json_object_get(calendar->body, "name")));
    put(out, NBSP "».", "”.", language);
}

/* A rule is shown as it is: any paraphrase could be wrong. */
static void put_condition(struct buf *out, const json_t *rule, enum language language)
{
    if (rule == NULL || json_is_null(rule))
        return;
    put(out, " Condition" NBSP ": ", " Condition: ", language);
    json_serialize(out, rule);
    buf_append_char(out, '.');
}

static void put_capacity(struct buf *out, const json_t *body, enum language language)
{
    const json_t *capacity = json_object_get(body, "capacity");
    if (!json_is_number(capacity))
        return;
    put(out, " Au-delà de ", " Beyond ", language);
    words_number(out, json_number_value(capacity), language);
    put(out, " par période, les délais des ventes ne comptent pas pour le surplus.",
        " in a period, sales’ delays do not count for the surplus.", language);
}

void words_commitment(struct buf *out, const json_t *body, struct str currency,
                      const struct catalog *catalog, enum language language)
{
    const struct str team = json_str_of(json_object_get(body, "team"));
    if (str_is(team, "marketing"))
        put(out, "Le marketing s’engage à ", "Marketing promises to ", language);
    else if (str_is(team, "sales"))
        put(out, "Les ventes s’engagent à ", "Sales promises to ", language);
    else
        put(out, "Le marketing et les ventes s’engagent ensemble à ",
            "Marketing and sales promise together to ", language);
    put_what(out, body, currency, language);
    put_period(out, json_object_get(body, "period"), language);
    buf_append_char(out, '.');
    put_capacity(out, body, language);
    put_calendar(out, body, catalog, language);
    put_condition(out, json_object_get(body, "filter"), language);
}

/* ---- policies ---- */

static void put_policy_verb(struct buf *out, const json_t *body, enum language language)
{
    static const struct both verbs[] = {
        {{"Les ventes prennent un premier contact avec chaque MQL ",
          "Sales makes a first contact with each MQL "}},
        {{"Les ventes acceptent ou refusent chaque MQL ", "Sales accepts or refuses each MQL "}},
        {{"Les ventes qualifient, recyclent ou rejettent chaque MQL ",
          "Sales qualifies, recycles or rejects each MQL "}},
    };
    const int kind = name_index(clock_kind_names, json_str_of(json_object_get(body, "kind")));
    if (kind != CLOCK_ATTEMPTS) {
        buf_append_text(out, kind >= 0 ? verbs[kind].in[language] : "");
        return;
    }
    const double count = json_number_value(json_object_get(body, "attempts"));
    put(out, "Les ventes font au moins ", "Sales makes at least ", language);
    words_number(out, count, language);
    if (is_one(count, language))
        put(out, " tentative pour joindre chaque MQL ", " attempt to reach each MQL ", language);
    else
        put(out, " tentatives pour joindre chaque MQL ", " attempts to reach each MQL ", language);
}

/* "Rappel à 50 % et à 80 % du délai." */
static void put_warnings(struct buf *out, const json_t *warn_at, enum language language)
{
    const size_t count = json_array_size(warn_at);
    if (count == 0)
        return;
    put(out, count > 1 ? " Rappels à " : " Rappel à ",
        count > 1 ? " Reminders at " : " Reminder at ", language);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && i + 1 < count)
            buf_append_text(out, ", ");
        else if (i > 0)
            put(out, " et ", " and ", language);
        words_percent(out, json_number_value(json_array_get(warn_at, i)), language);
    }
    put(out, " du délai.", " of that time.", language);
}

void words_policy(struct buf *out, const json_t *body, const struct catalog *catalog,
                  enum language language)
{
    const bool is_after_accept = str_is(json_str_of(json_object_get(body, "starts")), "accepted");
    put_policy_verb(out, body, language);
    words_delay(out, json_object_get(body, "target"),
                json_is_string(json_object_get(body, "calendar")), language);
    if (is_after_accept)
        put(out, ", à compter de son acceptation.", ", counted from its acceptance.", language);
    else
        put(out, ", à compter de sa remise aux ventes.", ", counted from its handoff to sales.",
            language);
    put_warnings(out, json_object_get(body, "warn_at"), language);
    put_calendar(out, body, catalog, language);
    put_condition(out, json_object_get(body, "applies_when"), language);
}
