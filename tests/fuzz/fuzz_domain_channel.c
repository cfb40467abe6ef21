/*
 * What a visitor's browser says about a visit, one line for each field. Besides not crashing: the
 * channel is one of ours, asking twice gives the same, and the words are text within their limits.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "domain/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool is_ours(struct str channel)
{
    static const char *const channels[] = {"paid_search", "organic_search", "social", "paid_social",
                                           "email",       "referral",       "direct", "display",
                                           "event",       "partner",        "other"};
    for (size_t i = 0; i < ARRAY_LEN(channels); i++) {
        if (str_is(channel, channels[i])) {
            return true;
        }
    }
    return channel.data == NULL;
}

static void check_word(struct str word)
{
    check(word.data == NULL || (word.len > 0 && word.len < VISIT_WORD_BYTES_MAX));
    check(word.data == NULL || (utf8_is_valid(word) && word.data[word.len] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_slice((const char *)data, size);
    struct visit visit = {.page_url = str_cut(&rest, '\n')};
    struct str *const fields[] = {&visit.referrer, &visit.utm_source, &visit.utm_medium,
                                  &visit.utm_campaign};
    for (size_t i = 0; i < ARRAY_LEN(fields) && rest.data != NULL; i++) {
        *fields[i] = str_cut(&rest, '\n');
    }
    const struct str channel = channel_of(&visit);
    check(is_ours(channel) && str_eq(channel, channel_of(&visit)));
    struct visit_words words;
    visit_words_read(&visit, &words);
    check_word(words.source);
    check_word(words.medium);
    check_word(words.campaign);
    return 0;
}
