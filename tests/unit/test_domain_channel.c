/*
 * Proves: each rule of channel.h, their order, and that nothing is guessed. Of the engines and
 * networks on a list nobody here wrote most are told from other sites, and none is taken for the
 * other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "domain/channel.h"

static void assert_channel(const struct visit *visit, const char *wanted)
{
    const struct str channel = channel_of(visit);
    if ((wanted == NULL) != (channel.data == NULL) ||
        (wanted != NULL && !str_is(channel, wanted))) {
        fail_msg("page_url=%.*s referrer=%.*s source=%.*s medium=%.*s campaign=%.*s: %.*s, not %s",
                 STR_ARGS(visit->page_url), STR_ARGS(visit->referrer), STR_ARGS(visit->utm_source),
                 STR_ARGS(visit->utm_medium), STR_ARGS(visit->utm_campaign), STR_ARGS(channel),
                 wanted != NULL ? wanted : "none");
    }
}

static void assert_words(const char *source, const char *medium, const char *wanted)
{
    assert_channel(&(struct visit){.utm_source = str_from(source), .utm_medium = str_from(medium)},
                   wanted);
}

static void assert_referrer(const char *page_url, const char *referrer, const char *wanted)
{
    assert_channel(&(struct visit){.page_url = str_from(page_url), .referrer = str_from(referrer)},
                   wanted);
}

static void assert_page(const char *page_url, const char *wanted)
{
    assert_channel(&(struct visit){.page_url = str_from(page_url)}, wanted);
}

static void the_medium_says_it(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"paid_search",       "paid_search"   },
        {"SEA",               "paid_search"   },
        {"paid-social",       "paid_social"   },
        {"Paid Social Media", "paid_social"   },
        {"display",           "display"       },
        {"Banner",            "display"       },
        {"bannière",         "display"       },
        {"organic",           "organic_search"},
        {"seo",               "organic_search"},
        {"organic_search",    "organic_search"},
        {"social",            "social"        },
        {"social-media",      "social"        },
        {"sm",                "social"        },
        {"Réseaux sociaux",  "social"        },
        {"email",             "email"         },
        {"E-Mail",            "email"         },
        {" e_mail ",          "email"         },
        {"newsletter",        "email"         },
        {"emailing",          "email"         },
        {"referral",          "referral"      },
        {"app",               "referral"      },
        {"affiliate",         "partner"       },
        {"Partenaire",        "partner"       },
        {"event",             "event"         },
        {"évènement",       "event"         },
        {"webinar",           "event"         },
        {"sms",               "other"         },
        {"qr_code",           "other"         },
        {"other",             "other"         },
        {"direct",            "direct"        },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_words(NULL, cases[i][0], cases[i][1]);
    }
}

static void what_was_paid_is_said_by_the_source(void **state)
{
    (void)state;
    assert_words("google", "cpc", "paid_search");
    assert_words("Google Ads", "cpc", "paid_search");
    assert_words("bing", "cpm", "paid_search");
    assert_words("www.google.fr", "paid", "paid_search");
    assert_words("facebook", "cpc", "paid_social");
    assert_words("LinkedIn", "ppc", "paid_social");
    assert_words("linkedin.com", "paid", "paid_social");
    assert_words("ig", "paid_story", "paid_social");
    assert_words("meta", "retargeting", "paid_social");
    assert_words("tiktok", "cpv", "paid_social");
    assert_words("linkedin", "li-cpc", "paid_social");
    assert_words("criteo.com", "retargeting", "display");
    assert_words("criteo", "cpc", "display");
    assert_words("linkedin", "sponsored_content", "paid_social");
    assert_words("LinkedIn Ads", "InMail", "paid_social");
    assert_words("lemonde", "sponsored", "other");
    assert_words("taboola", "cpc", "display");
    /* Nobody knows whose. */
    assert_words(NULL, "cpc", "paid_search");
    assert_words("lemonde", "cpc", "paid_search");
    assert_words("lemonde", "cpm", "display");
    assert_words("lemonde", "paid", "other");
    assert_words("newsletter-x", "cpa", "other");
    /* Without a source the rest of the visit is asked. */
    assert_channel(&(struct visit){.utm_medium = STR_LITERAL("paid"),
                                   .page_url = STR_LITERAL("https://www.exemple.fr/?gclid=x")},
                   "paid_search");
    assert_channel(&(struct visit){.utm_medium = STR_LITERAL("cpc"),
                                   .referrer = STR_LITERAL("https://l.facebook.com/")},
                   "paid_social");
}

static void the_source_refines_organic_and_referral(void **state)
{
    (void)state;
    assert_words("facebook", "organic", "social");
    assert_words("l.instagram.com", "referral", "social");
    assert_words("duckduckgo.com", "referral", "organic_search");
    assert_words("mail.google.com", "referral", "email");
    assert_words("lemonde.fr", "referral", "referral");
    assert_words("lemonde.fr", "organic", "organic_search");
    assert_words("linkedin", "email", "email");
}

static void the_source_alone(void **state)
{
    (void)state;
    assert_words("google", NULL, "organic_search");
    assert_words("Google", "(none)", "organic_search");
    assert_words("chatgpt.com", NULL, "organic_search");
    assert_words("facebook", "", "social");
    assert_words("x", NULL, "social");
    assert_words("threads", NULL, "social");
    assert_words("adwords", NULL, "paid_search");
    assert_words("google_ads", "(not set)", "paid_search");
    assert_words("Facebook Ads", NULL, "paid_social");
    assert_words("doubleclick", NULL, "display");
    assert_words("youtube", "video", "social");
    assert_words("newsletter", NULL, "email");
    assert_words("brevo", NULL, "email");
    assert_words("(direct)", "(none)", "direct");
    assert_words("(direct)", "(not set)", "direct");
    assert_words("lemonde", NULL, NULL);
    assert_words("orange", NULL, NULL);
    assert_words("web", NULL, NULL);
    assert_words("lemonde", "encart", NULL);
}

static void clicks_of_advertisements(void **state)
{
    (void)state;
    assert_page("https://www.exemple.fr/guide?gclid=Cj0K", "paid_search");
    assert_page("https://www.exemple.fr/guide?a=b&GBRAID=1", "paid_search");
    assert_page("https://www.exemple.fr/guide?msclkid=1#top", "paid_search");
    assert_page("https://www.exemple.fr/guide?li_fat_id=1", "paid_social");
    assert_page("https://www.exemple.fr/guide?dclid=1", "display");
    assert_page("https://www.exemple.fr/guide?fbclid=1", "social");
    assert_page("https://www.exemple.fr/guide?mc_eid=1", "email");
    assert_page("https://www.exemple.fr/guide?gclid=", NULL);
    assert_page("https://www.exemple.fr/guide#gclid=1", NULL);
    assert_page("https://www.exemple.fr/gclid=1", NULL);
    /* The marketer's word counts more, a source does not. */
    assert_page("https://www.exemple.fr/?gclid=1&utm_medium=email", "email");
    assert_page("https://www.exemple.fr/?gclid=1&utm_source=google", "paid_search");
    assert_page("https://www.exemple.fr/?fbclid=1&utm_source=newsletter", "email");
    assert_page("https://www.exemple.fr/?fbclid=1&utm_campaign=rentree", "social");
}

static void words_in_the_pages_address(void **state)
{
    (void)state;
    assert_page("https://www.exemple.fr/?utm_source=google&utm_medium=cpc", "paid_search");
    assert_page("https://www.exemple.fr/?UTM_Medium=r%C3%A9seaux+sociaux", "social");
    assert_page("https://www.exemple.fr/?utm_medium=%zz", NULL);
    assert_page("https://www.exemple.fr/?&&utm_medium=email&", "email");
    /* Only where the visit has none of its own. */
    assert_channel(&(struct visit){.page_url = STR_LITERAL("https://a.fr/?utm_medium=cpc"),
                                   .utm_source = STR_LITERAL("newsletter")},
                   "email");
    assert_channel(&(struct visit){.page_url = STR_LITERAL("https://a.fr/?utm_medium=cpc"),
                                   .utm_source = STR_LITERAL(""),
                                   .utm_medium = STR_LITERAL("")},
                   "paid_search");
}

static void the_referrer(void **state)
{
    (void)state;
    static const char page[] = "https://www.exemple.fr/guide";
    assert_referrer(page, "https://www.google.com/", "organic_search");
    assert_referrer(page, "https://www.google.co.uk/search?q=x", "organic_search");
    assert_referrer(page, "http://fr.search.yahoo.com/", "organic_search");
    assert_referrer(page, "https://chatgpt.com/", "organic_search");
    assert_referrer(page, "https://WWW.LINKEDIN.COM/feed", "social");
    assert_referrer(page, "https://t.co/abc", "social");
    assert_referrer(page, "https://gist.github.com/x", "social");
    assert_referrer(page, "android-app://com.linkedin.android/", "social");
    assert_referrer(page, "https://mail.google.com/mail/u/0", "email");
    assert_referrer(page, "https://www.orange.fr/webmail/fr_FR/read.html", "email");
    assert_referrer(page, "https://ad.doubleclick.net/x", "display");
    assert_referrer(page, "https://www.lemonde.fr/article", "referral");
    assert_referrer(page, "https://www.orange.fr/portail", "referral");
    assert_referrer(page, "https://docs.google.com/document", "referral");
    assert_referrer(page, "https://google.blogspot.com/", "referral");
    assert_referrer(page, "https://notgoogle.com/", "referral");
    assert_referrer(page, "https://google.com.example.org/", "referral");
    assert_referrer(page, "android-app://com.example.reader", "referral");
    assert_referrer(page, "https://user:secret@www.bing.com:443/x", "organic_search");
    assert_referrer(page, "lemonde.fr/article", "referral");
    assert_referrer(NULL, "https://www.google.com/", "organic_search");
    assert_referrer("", "https://www.lemonde.fr/", "referral");
}

static void ones_own_site_refers_nobody(void **state)
{
    (void)state;
    assert_referrer("https://www.exemple.fr/guide", "https://www.exemple.fr/", NULL);
    assert_referrer("https://www.exemple.fr/guide", "https://blog.exemple.fr/article", NULL);
    assert_referrer("http://localhost:8000/a", "http://localhost:8000/b", NULL);
    assert_referrer("https://a.github.io/", "https://b.github.io/", "referral");
    assert_referrer("https://www.google.com/forms", "https://www.google.com/", NULL);
}

static void direct_only_when_it_is_said(void **state)
{
    (void)state;
    assert_referrer("https://www.exemple.fr/guide", "", "direct");
    assert_referrer("https://www.exemple.fr/guide?ref=x", " ", "direct");
    assert_referrer("https://www.exemple.fr/guide", NULL, NULL);
    assert_referrer(NULL, "", NULL);
    assert_referrer("", "", NULL);
    assert_referrer("nonsense", "", NULL);
    assert_referrer("https://www.exemple.fr/guide", "nonsense", NULL);
    assert_referrer("https://www.exemple.fr/guide", "about:blank", NULL);
    assert_channel(&(struct visit){.page_url = STR_LITERAL("https://www.exemple.fr/"),
                                   .referrer = STR_LITERAL(""),
                                   .utm_campaign = STR_LITERAL("rentree")},
                   NULL);
    assert_channel(&(struct visit){.page_url = {.data = NULL}}, NULL);
}

static void words_and_sources(void **state)
{
    (void)state;
    struct visit_words words;
    visit_words_read(&(struct visit){.utm_source = STR_LITERAL(" Le Monde "),
                                     .utm_campaign = STR_LITERAL("rentrée"),
                                     .referrer = STR_LITERAL("https://www.lemonde.fr/")},
                     &words);
    assert_true(str_is(words.source, "Le Monde") && str_is(words.campaign, "rentrée"));
    assert_null(words.medium.data);
    visit_words_read(&(struct visit){.referrer = STR_LITERAL("https://www.lemonde.fr/a")}, &words);
    assert_true(str_is(words.source, "www.lemonde.fr"));
    visit_words_read(
        &(struct visit){.page_url = STR_LITERAL("https://www.exemple.fr/?utm_source=a%20b"),
                        .referrer = STR_LITERAL("https://www.exemple.fr/")},
        &words);
    assert_true(str_is(words.source, "a b"));
    visit_words_read(
        &(struct visit){.page_url = STR_LITERAL("https://www.exemple.fr/?utm_source=%ff"),
                        .referrer = STR_LITERAL("https://www.exemple.fr/")},
        &words);
    assert_null(words.source.data);
    /* Cut off between two characters. */
    char longest[2 * VISIT_WORD_BYTES_MAX];
    for (size_t i = 0; i < sizeof longest; i += 2) {
        memcpy(longest + i, "é", 2);
    }
    visit_words_read(&(struct visit){.utm_source = str_slice(longest, sizeof longest)}, &words);
    assert_int_equal(words.source.len, VISIT_WORD_BYTES_MAX - 2);
}

/* ---- a list nobody here wrote ---- */

struct tally {
    size_t hosts, right, mistaken;
};

/* A host of the list as a visitor's referrer: "{}" is a country. */
static void tally_host(struct str host, const char *wanted, const char *mistake,
                       struct tally *tally)
{
    char referrer[300];
    const char *country = memmem(host.data, host.len, "{}", 2);
    const size_t before = country != NULL ? (size_t)(country - host.data) : host.len;
    const struct str behind = country != NULL ? str_slice(country + 2, host.len - before - 2)
                                              : str_slice(host.data, 0);
    const int len = snprintf(referrer, sizeof referrer, "https://%.*s%s%.*s", (int)before,
                             host.data, country != NULL ? "fr" : "", STR_ARGS(behind));
    assert_true(len > 0 && (size_t)len < sizeof referrer);
    const struct str channel = channel_of(&(struct visit){.referrer = str_from(referrer)});
    tally->hosts++;
    tally->right += str_is(channel, wanted) ? 1 : 0;
    if (str_is(channel, mistake)) {
        print_message("%s is %s\n", referrer, mistake);
        tally->mistaken++;
    }
}

/* The items of YAML's lists at `indent` spaces, which is all there is to these files. */
static struct tally tally_file(const char *path, const char *indent, const char *wanted,
                               const char *mistake)
{
    struct tally tally = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("%s is not there\n", path);
        return tally;
    }
    char line[512];
    bool is_hosts = false;
    while (fgets(line, sizeof line, file) != NULL) {
        const struct str text = str_trim(str_from(line));
        if (text.len > 0 && text.data[text.len - 1] == ':') {
            is_hosts = str_is(text, "urls:") || line[0] != ' ';
        } else if (is_hosts && str_starts_with(str_from(line), indent)) {
            struct str host = str_trim(str_slice(text.data + 1, text.len - 1));
            if (host.len > 1 && host.data[0] == '\'') {
                host = str_slice(host.data + 1, host.len - 2);
            }
            if (memchr(host.data, ':', host.len) == NULL) {
                tally_host(host, wanted, mistake, &tally);
            }
        }
    }
    (void)fclose(file);
    return tally;
}

static void most_engines_and_networks_are_known(void **state)
{
    (void)state;
    static const char folder[] = SOURCE_DIR "/../shared/data/channel-referrers";
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/SearchEngines.yml", folder);
    const struct tally engines = tally_file(path, "      -", "organic_search", "social");
    (void)snprintf(path, sizeof path, "%s/Socials.yml", folder);
    const struct tally networks = tally_file(path, "  -", "social", "organic_search");
    if (engines.hosts == 0 || networks.hosts == 0) {
        skip();
    }
    print_message("%zu of %zu hosts of engines, %zu of %zu of networks\n", engines.right,
                  engines.hosts, networks.right, networks.hosts);
    assert_true(engines.hosts > 500 && networks.hosts > 150);
    /* What is missing are engines of toolbars and of years ago, and small servers. */
    assert_true(engines.right * 100 >= engines.hosts * 70);
    assert_true(networks.right * 100 >= networks.hosts * 75);
    /* Sites that are both: Digg, Facebook, FriendFeed, Myspace. */
    assert_true(engines.mistaken <= 4);
    assert_int_equal(networks.mistaken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_medium_says_it),
        cmocka_unit_test(what_was_paid_is_said_by_the_source),
        cmocka_unit_test(the_source_refines_organic_and_referral),
        cmocka_unit_test(the_source_alone),
        cmocka_unit_test(clicks_of_advertisements),
        cmocka_unit_test(words_in_the_pages_address),
        cmocka_unit_test(the_referrer),
        cmocka_unit_test(ones_own_site_refers_nobody),
        cmocka_unit_test(direct_only_when_it_is_said),
        cmocka_unit_test(words_and_sources),
        cmocka_unit_test(most_engines_and_networks_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
