/*
 * Where a visitor came from, as a channel, from what a page knows of the visit: the utm_* words a
 * marketer put into the link, the page's own address, and the referrer. The rules have the sense of
 * the default channel grouping that Google Analytics 4 made the common one; the first that applies
 * decides, and where none does the channel is not known. Nothing is guessed.
 *
 *   1. utm_medium says it ("réseaux sociaux", "paid-social": case, accents, punctuation ignored)
 *
 *        - sea, sem, paid_search …: paid_search; paid_social, social_ads …: paid_social
 *        - display, banner, native, rtb …: display
 *        - cpc, ppc, cpm, paid…, sponsored, retargeting: by the source; a search engine's is
 *          paid_search, a network's paid_social, an ad network's display. Where the source is not
 *          known cpc and ppc are paid_search, cpm display, the others other
 *        - social, social_network, sm …: social
 *        - email, newsletter, emailing …: email
 *        - organic, seo …: organic_search, but by the source when that is a network's or another
 *          one's; so is referral, link, app …: referral
 *        - affiliate, partner …: partner; event, webinar, salon …: event
 *        - sms, push, audio, print, qr …: other; direct: direct
 *
 *   2. a click id of an advertisement in the page's address: gclid, gbraid, wbraid, msclkid, yclid
 *      paid_search; li_fat_id, ttclid, twclid, rdt_cid, sccid paid_social; dclid display
 *   3. utm_source is a search engine (organic_search), a social network (social), who sells their
 *      advertisements, "google_ads" (paid_search, paid_social), an e-mail tool (email), an ad
 *      network (display), "(direct)" (direct)
 *   4. a mark that somebody left in the page's address: a network (fbclid, igshid …: social), an
 *      e-mail tool (mc_eid, _hsenc, mkt_tok …: email)
 *   5. other utm_* words: not known
 *   6. the referrer, unless it is the page's own site (one registrable domain): a search engine or
 *      an assistant (organic_search), a social network (social), web mail (email), an ad network
 *      (display), any other site or app (referral)
 *   7. the page is known, and the referrer said to be empty: direct
 *
 * The source is utm_source, else the network of a click id, else the referrer. utm_* words stand
 * for those in the page's address when a visit has none of its own. Which sites are what comes from
 * the list "referrers" (domain_list.h).
 */
#pragma once

#include "base/str.h"

/* As reported; absent: nothing was said, which is not the same as empty. */
struct visit {
    struct str page_url;
    struct str referrer;
    struct str utm_source;
    struct str utm_medium;
    struct str utm_campaign;
};

/* The channel, a slug that lives as long as the program; absent: not known. Pure, thread-safe. */
struct str channel_of(const struct visit *visit);

enum { VISIT_WORD_BYTES_MAX = 256 };

/* utm_source and utm_campaign of a visit, else the referrer's host as its source; absent ones have
 * no data. Longer ones are cut off. They live in the struct. */
struct visit_words {
    struct str source;
    struct str medium;
    struct str campaign;
    char source_text[VISIT_WORD_BYTES_MAX];
    char medium_text[VISIT_WORD_BYTES_MAX];
    char campaign_text[VISIT_WORD_BYTES_MAX];
};
void visit_words_read(const struct visit *visit, struct visit_words *ret_words);
