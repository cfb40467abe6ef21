#include "domain/channel.h"

#include "base/utf8.h"
#include "domain/domain_list.h"
#include "domain/fold.h"
#include "domain/registrable_domain.h"
#include "schema/page_url.h"

enum { WORD_BYTES_MAX = 64, KEY_BYTES_MAX = 2 * PAGE_HOST_BYTES_MAX };

/* What kind of site it is; by its word in the list "referrers". */
enum site {
    SITE_UNKNOWN,
    SITE_SEARCH,
    SITE_SOCIAL,
    SITE_EMAIL,
    SITE_AD,
    SITE_SEARCH_AD,
    SITE_SOCIAL_AD,
    SITE_OTHER
};
static const char *const site_names[] = {
    [SITE_SEARCH] = "search", [SITE_SOCIAL] = "social",       [SITE_EMAIL] = "email",
    [SITE_AD] = "ad",         [SITE_SEARCH_AD] = "search_ad", [SITE_SOCIAL_AD] = "social_ad",
    [SITE_OTHER] = "site",
};

/* The channel of a visit from such a site when nothing says that it was paid, and when it was. */
static const struct {
    const char *free;
    const char *paid;
} channels[] = {
    [SITE_UNKNOWN] = {NULL,             NULL         },
    [SITE_SEARCH] = {"organic_search", "paid_search"},
    [SITE_SOCIAL] = {"social",         "paid_social"},
    [SITE_EMAIL] = {"email",          NULL         },
    [SITE_AD] = {"display",        "display"    },
    [SITE_SEARCH_AD] = {"paid_search",    "paid_search"},
    [SITE_SOCIAL_AD] = {"paid_social",    "paid_social"},
    [SITE_OTHER] = {NULL,             NULL         },
};

/* ---- sites ---- */

static enum site site_listed(const char *key, size_t len)
{
    const struct str word = domain_list_find("referrers", str_slice(key, len));
    for (size_t i = 0; word.data != NULL && i < ARRAY_LEN(site_names); i++) {
        if (site_names[i] != NULL && str_is(word, site_names[i])) {
            return (enum site)i;
        }
    }
    return SITE_UNKNOWN;
}

/* "host/path" for the first one and two parts of the path: no list has longer ones. */
static enum site site_of_path(struct str host, struct str path)
{
    char key[KEY_BYTES_MAX];
    enum site site = SITE_UNKNOWN;
    size_t len = 0;
    for (int parts = 0; parts < 2 && len < path.len && site == SITE_UNKNOWN; parts++) {
        len++;
        while (len < path.len && path.data[len] != '/') {
            len++;
        }
        if (host.len + len > sizeof key) {
            break;
        }
        memcpy(key, host.data, host.len);
        memcpy(key + host.len, path.data, len);
        site = site_listed(key, host.len + len);
    }
    return site;
}

/* ".host", then the sites it is below, the nearest first. */
static enum site site_of_parents(struct str host)
{
    char key[KEY_BYTES_MAX];
    key[0] = '.';
    memcpy(key + 1, host.data, host.len);
    enum site site = site_listed(key, host.len + 1);
    for (size_t i = 1; i <= host.len && site == SITE_UNKNOWN; i++) {
        if (key[i] == '.') {
            site = site_listed(key + i, host.len + 1 - i);
        }
    }
    return site;
}

/* "host.*": the registry's suffix does not matter. */
static enum site site_of_brand(struct str host)
{
    char key[KEY_BYTES_MAX];
    const struct str domain = registrable_domain(host);
    struct str suffix = domain;
    (void)str_cut(&suffix, '.');
    if (domain.data == NULL || !is_registry_suffix(suffix)) {
        return SITE_UNKNOWN;
    }
    const size_t len = host.len - suffix.len; /* with the dot before it */
    memcpy(key, host.data, len);
    key[len] = '*';
    return site_listed(key, len + 1);
}

static struct str without_prefix(struct str host, const char *prefix)
{
    const size_t len = strlen(prefix);
    return str_starts_with(host, prefix) ? str_slice(host.data + len, host.len - len) : host;
}

/* `host` in lower case, at most PAGE_HOST_BYTES_MAX bytes. */
static enum site site_of(struct str host, struct str path)
{
    const struct str bare = without_prefix(host, "www.");
    enum site site = site_of_path(bare, path);
    site = site != SITE_UNKNOWN ? site : site_listed(bare.data, bare.len);
    site = site != SITE_UNKNOWN ? site : site_of_parents(bare);
    return site != SITE_UNKNOWN ? site : site_of_brand(without_prefix(bare, "m."));
}

static enum site site_of_page(const struct page_url *page)
{
    return site_of(str_from(page->host), page->path);
}

/* ---- words ---- */

/* A word as the tables have it: letters and digits alone, in lower case, without accents. */
static struct str word_of(struct str text, char out[static WORD_BYTES_MAX])
{
    const size_t len = fold_words(text, out, WORD_BYTES_MAX);
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        if (out[i] != ' ') {
            out[kept++] = out[i];
        }
    }
    return str_slice(out, kept);
}

/* One of `words`, which are parted by spaces. */
static bool is_one_of(struct str word, const char *words)
{
    struct str rest = str_from(words);
    while (word.len > 0 && rest.data != NULL) {
        if (str_eq(str_cut(&rest, ' '), word)) {
            return true;
        }
    }
    return false;
}

static bool has_inside(struct str word, const char *part)
{
    return memmem(word.data, word.len, part, strlen(part)) != NULL;
}

/* How a medium and what is known of the source make a channel. */
enum medium_rule {
    MEDIUM_ALONE,  /* the medium says it all */
    MEDIUM_SOURCE, /* the source counts more when it is a known one */
    MEDIUM_PAID,   /* the source says for what was paid */
};

static const struct medium {
    const char *words;
    const char *channel; /* MEDIUM_PAID: when the source is not known */
    enum medium_rule rule;
} mediums[] = {
    {"paidsearch searchpaid searchads sem sea adwords googleads bingads",               "paid_search",
     MEDIUM_ALONE                                                                                                      },
    {"paidsocial socialpaid socialads adssocial paidsocialmedia",                       "paid_social",    MEDIUM_ALONE },
    {"display paiddisplay displayads banner banners banniere expandable interstitial native "
     "nativeads "
     "programmatic programmatique rtb gdn",                                        "display",        MEDIUM_ALONE },
    {"cpc ppc",                                                                         "paid_search",    MEDIUM_PAID  },
    {"cpm",                                                                             "display",        MEDIUM_PAID  },
    {"cpa cpl cpp cpv ads paid retargeting remarketing sponsored sponsoredcontent sponsoredpost "
     "sponsoredposts sponsoredupdate sponsoredupdates sponsorise promoted boosted inmail messagead "
     "messageads",                                                                 "other",          MEDIUM_PAID  },
    {"social socialnetwork socialnetworks socialmedia sm smo organicsocial socialorganic "
     "reseausocial "
     "reseauxsociaux",                                                             "social",         MEDIUM_ALONE },
    {"email emails mail mailing emailing emailings newsletter newsletters nl courriel", "email",
     MEDIUM_ALONE                                                                                                      },
    {"organic organicsearch searchorganic naturalsearch search seo",                    "organic_search",
     MEDIUM_SOURCE                                                                                                     },
    {"referral referer referrer link app website backlink",                             "referral",       MEDIUM_SOURCE},
    {"affiliate affiliates affiliation partner partners partnership partenaire partenaires "
     "partenariat",                                                                "partner",        MEDIUM_ALONE },
    {"event events evenement evenements salon salons tradeshow conference webinar webinaire "
     "webinars",                                                                   "event",          MEDIUM_ALONE },
    {"direct",                                                                          "direct",         MEDIUM_ALONE },
    {"other autre sms push webpush mobilepush pushnotification notification audio podcast radio tv "
     "print qr qrcode offline phone",                                              "other",          MEDIUM_ALONE },
};

/* NULL: a word nobody knows. */
static const struct medium *medium_of(struct str word)
{
    static const struct medium paid_otherwise = {NULL, "other", MEDIUM_PAID};
    static const struct medium paid_clicks = {NULL, "paid_search", MEDIUM_PAID};
    for (size_t i = 0; i < ARRAY_LEN(mediums); i++) {
        if (is_one_of(word, mediums[i].words)) {
            return &mediums[i];
        }
    }
    if (has_inside(word, "cpc") || has_inside(word, "ppc")) {
        return &paid_clicks; /* "li-cpc" */
    }
    return str_starts_with(word, "paid") ? &paid_otherwise : NULL;
}

/* ---- what a visit has ---- */

/* What parameters of the page's address tell besides utm_*. */
static const struct {
    const char *name;
    enum site site;
    bool is_paid;
} marks[] = {
    {"gclid",     SITE_SEARCH, true },
    {"gbraid",    SITE_SEARCH, true },
    {"wbraid",    SITE_SEARCH, true },
    {"msclkid",   SITE_SEARCH, true },
    {"yclid",     SITE_SEARCH, true },
    {"dclid",     SITE_AD,     true },
    {"li_fat_id", SITE_SOCIAL, true },
    {"ttclid",    SITE_SOCIAL, true },
    {"twclid",    SITE_SOCIAL, true },
    {"rdt_cid",   SITE_SOCIAL, true },
    {"sccid",     SITE_SOCIAL, true },
    {"fbclid",    SITE_SOCIAL, false},
    {"igshid",    SITE_SOCIAL, false},
    {"igsh",      SITE_SOCIAL, false},
    {"mc_eid",    SITE_EMAIL,  false},
    {"_hsenc",    SITE_EMAIL,  false},
    {"_hsmi",     SITE_EMAIL,  false},
    {"mkt_tok",   SITE_EMAIL,  false},
};

/* Everything the rules look at. */
struct facts {
    struct visit_words *words;
    bool has_page;
    struct page_url page;
    enum site advertiser; /* whose click id the page's address has */
    enum site mark;       /* who left a mark there otherwise */
    bool has_referrer;    /* and not the page's own site */
    struct page_url referrer;
};

static struct str keep(struct str text, char out[static VISIT_WORD_BYTES_MAX])
{
    text = str_trim(text);
    if (text.len == 0 || !utf8_is_valid(text)) {
        return (struct str){.data = NULL};
    }
    size_t len = text.len < VISIT_WORD_BYTES_MAX ? text.len : VISIT_WORD_BYTES_MAX - 1;
    while (len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80) {
        len--; /* not inside a character */
    }
    memcpy(out, text.data, len);
    out[len] = '\0';
    return str_slice(out, len);
}

static void read_params(bool has_own_words, struct facts *facts)
{
    struct visit_words *words = facts->words;
    struct str rest = facts->page.query;
    struct str name;
    struct str value;
    char text[VISIT_WORD_BYTES_MAX];
    while (page_url_next_param(&rest, &name, &value, text, sizeof text)) {
        if (value.len == 0) {
            continue;
        }
        if (!has_own_words && str_eq_nocase(name, STR_LITERAL("utm_source"))) {
            words->source = keep(value, words->source_text);
        } else if (!has_own_words && str_eq_nocase(name, STR_LITERAL("utm_medium"))) {
            words->medium = keep(value, words->medium_text);
        } else if (!has_own_words && str_eq_nocase(name, STR_LITERAL("utm_campaign"))) {
            words->campaign = keep(value, words->campaign_text);
        }
        for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
            if (str_eq_nocase(name, str_from(marks[i].name))) {
                *(marks[i].is_paid ? &facts->advertiser : &facts->mark) = marks[i].site;
            }
        }
    }
}

static void read_facts(const struct visit *visit, struct visit_words *words,
                       struct facts *ret_facts)
{
    struct facts facts = {.words = words};
    words->source = keep(visit->utm_source, words->source_text);
    words->medium = keep(visit->utm_medium, words->medium_text);
    words->campaign = keep(visit->utm_campaign, words->campaign_text);
    facts.has_page = page_url_read(visit->page_url, &facts.page);
    if (facts.has_page) {
        const bool has_own_words = words->source.data != NULL || words->medium.data != NULL ||
                                   words->campaign.data != NULL;
        read_params(has_own_words, &facts);
    }
    facts.has_referrer = page_url_read(visit->referrer, &facts.referrer) &&
                         !(facts.has_page &&
                           is_same_owner(str_from(facts.page.host), str_from(facts.referrer.host)));
    *ret_facts = facts;
}

/* ---- the rules ---- */

/* What kind of site utm_source names: "google", "Facebook Ads", "l.instagram.com". */
static enum site site_of_source(struct str source)
{
    struct page_url url;
    if (memchr(source.data, '.', source.len) != NULL && page_url_read(source, &url)) {
        return site_of_page(&url);
    }
    char key[WORD_BYTES_MAX + 1];
    key[0] = '=';
    const struct str word = word_of(source, key + 1);
    return word.len > 0 ? site_listed(key, word.len + 1) : SITE_UNKNOWN;
}

static enum site source_of(const struct facts *facts)
{
    const bool is_named = facts->words->source.data != NULL;
    enum site site = is_named ? site_of_source(facts->words->source) : SITE_UNKNOWN;
    site = site != SITE_UNKNOWN ? site : facts->advertiser;
    return site == SITE_UNKNOWN && !is_named && facts->has_referrer ? site_of_page(&facts->referrer)
                                                                    : site;
}

static const char *by_medium(const struct medium *medium, const struct facts *facts)
{
    const char *channel = NULL;
    if (medium->rule == MEDIUM_PAID) {
        channel = channels[source_of(facts)].paid;
    } else if (medium->rule == MEDIUM_SOURCE) {
        channel = channels[source_of(facts)].free;
    }
    return channel != NULL ? channel : medium->channel;
}

static const char *by_source(struct str source)
{
    char text[WORD_BYTES_MAX];
    return str_is(word_of(source, text), "direct") ? "direct"
                                                   : channels[site_of_source(source)].free;
}

/* When there are no words in the link. */
static const char *by_referrer(const struct visit *visit, const struct facts *facts)
{
    if (facts->has_referrer) {
        const char *channel = channels[site_of_page(&facts->referrer)].free;
        return channel != NULL ? channel : "referral";
    }
    const bool is_said_empty = visit->referrer.data != NULL && str_trim(visit->referrer).len == 0;
    return facts->has_page && is_said_empty ? "direct" : NULL;
}

/* Exports of other tools and scripts write these for nothing. */
static bool says_something(struct str text)
{
    char word[WORD_BYTES_MAX];
    return text.data != NULL && !is_one_of(word_of(text, word), "none notset null undefined");
}

struct str channel_of(const struct visit *visit)
{
    struct visit_words words;
    struct facts facts;
    read_facts(visit, &words, &facts);
    char text[WORD_BYTES_MAX];
    const struct medium *medium =
        says_something(words.medium) ? medium_of(word_of(words.medium, text)) : NULL;
    const bool has_source = says_something(words.source);
    const char *channel = NULL;
    if (medium != NULL) {
        channel = by_medium(medium, &facts);
    } else if (facts.advertiser != SITE_UNKNOWN) {
        channel = channels[facts.advertiser].paid;
    } else if (has_source) {
        channel = by_source(words.source);
    }
    channel = channel != NULL ? channel : channels[facts.mark].free;
    const bool has_words = has_source || says_something(words.medium) ||
                           says_something(words.campaign);
    return str_from(channel != NULL || has_words ? channel : by_referrer(visit, &facts));
}

void visit_words_read(const struct visit *visit, struct visit_words *ret_words)
{
    struct facts facts;
    read_facts(visit, ret_words, &facts);
    if (ret_words->source.data == NULL && facts.has_referrer) {
        ret_words->source = keep(str_from(facts.referrer.host), ret_words->source_text);
    }
}
