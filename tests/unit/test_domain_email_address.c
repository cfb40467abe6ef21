/*
 * Proves: addresses that mail systems deliver to are accepted and come out in one spelling,
 * everything else is refused with a sentence that says why; parsing what came out changes nothing;
 * a failing allocation is ERR_NOMEM. Every address of the isemail collection has the verdict its
 * diagnosis calls for, and no naughty string, alone or as a part of an address, does harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "domain/email_address.h"

enum { ARENA_BYTES = 64 * 1024, FILE_BYTES_MAX = 1024 * 1024 };

/* Refusals speak of the rule, not of the person. */
static void assert_sentence(const struct err *err)
{
    size_t len = strlen(err->detail);
    assert_true(len > 20 && err->detail[len - 1] == '.');
    assert_null(strchr(err->detail, '\\'));
}

/* Parsing what came out gives it again. */
static void assert_stable(struct arena *arena, const struct email_address *address)
{
    const struct str texts[] = {address->display, address->key};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct email_address again;
        struct err err = {.code = OK};
        assert_int_equal(email_address_parse(texts[i], arena, &again, &err), OK);
        assert_string_equal(again.key.data, address->key.data);
        assert_string_equal(again.domain.data, address->domain.data);
    }
}

static void assert_address_of(struct str input, const char *display, const char *key,
                              const char *domain)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct email_address address;
    struct err err = {.code = OK};
    if (email_address_parse(input, &arena, &address, &err) != OK) {
        fail_msg("%.*s: %s", STR_ARGS(input), err.detail);
    }
    assert_string_equal(address.display.data, display);
    assert_string_equal(address.key.data, key);
    assert_string_equal(address.domain.data, domain);
    assert_int_equal(address.display.len, strlen(display));
    assert_int_equal(address.key.len, strlen(key));
    assert_int_equal(address.domain.len, strlen(domain));
    assert_stable(&arena, &address);
    arena_done(&arena);
}

static void assert_address(const char *input, const char *display, const char *key,
                           const char *domain)
{
    assert_address_of(str_from(input), display, key, domain);
}

static void assert_refused_of(struct str input, const char *reason)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct email_address address;
    struct err err = {.code = OK};
    if (email_address_parse(input, &arena, &address, &err) != ERR_INVALID) {
        fail_msg("\"%.*s\" is not refused", STR_ARGS(input));
    }
    assert_sentence(&err);
    if (strstr(err.detail, reason) == NULL) {
        fail_msg("\"%.*s\": %s, not: %s", STR_ARGS(input), err.detail, reason);
    }
    arena_done(&arena);
}

static void assert_refused(const char *input, const char *reason)
{
    assert_refused_of(str_from(input), reason);
}

static void test_ordinary_addresses(void **state)
{
    (void)state;
    assert_address("a@b.fr", "a@b.fr", "a@b.fr", "b.fr");
    assert_address("Jean.Dupont@Exemple.FR", "jean.dupont@exemple.fr", "jean.dupont@exemple.fr",
                   "exemple.fr");
    assert_address("elodie+web@example.fr", "elodie+web@example.fr", "elodie+web@example.fr",
                   "example.fr");
    assert_address("o'brien_x-y=z@mail.example.co.uk", "o'brien_x-y=z@mail.example.co.uk",
                   "o'brien_x-y=z@mail.example.co.uk", "mail.example.co.uk");
    assert_address("a@io", "a@io", "a@io", "io");
    assert_address("a@1.2.c-d.museum", "a@1.2.c-d.museum", "a@1.2.c-d.museum", "1.2.c-d.museum");
}

static void test_surroundings_are_trimmed(void **state)
{
    (void)state;
    assert_address(" \t\r\nA@b.fr\n", "a@b.fr", "a@b.fr", "b.fr");
    assert_address("\xc2\xa0\xe2\x80\x89"
                   "a@b.fr\xe3\x80\x80\xc2\x85",
                   "a@b.fr", "a@b.fr", "b.fr");
    /* A byte order mark, a zero-width space, the direction marks of a mail program's clipboard. */
    assert_address("\xef\xbb\xbf"
                   "a@b.fr\xe2\x80\x8b",
                   "a@b.fr", "a@b.fr", "b.fr");
    assert_address("\xe2\x80\xaa"
                   "a@b.fr\xe2\x80\xac",
                   "a@b.fr", "a@b.fr", "b.fr");
}

static void test_quoted_local_parts(void **state)
{
    (void)state;
    assert_address("\"John Smith\"@b.fr", "\"john smith\"@b.fr", "\"john smith\"@b.fr", "b.fr");
    assert_address("\"John\\ Smith\"@b.fr", "\"john\\ smith\"@b.fr", "\"john smith\"@b.fr", "b.fr");
    assert_address("\"john.smith\"@b.fr", "\"john.smith\"@b.fr", "john.smith@b.fr", "b.fr");
    assert_address("\"a@b\"@b.fr", "\"a@b\"@b.fr", "\"a@b\"@b.fr", "b.fr");
    assert_address("\"a..b\"@b.fr", "\"a..b\"@b.fr", "\"a..b\"@b.fr", "b.fr");
    assert_address("\"\\\"\\\\\\a\"@b.fr", "\"\\\"\\\\\\a\"@b.fr", "\"\\\"\\\\a\"@b.fr", "b.fr");
    assert_address("\"\"@b.fr", "\"\"@b.fr", "\"\"@b.fr", "b.fr");
}

static void test_address_literals(void **state)
{
    (void)state;
    assert_address("a@[192.0.2.1]", "a@[192.0.2.1]", "a@[192.0.2.1]", "[192.0.2.1]");
    assert_address("a@[IPv6:2001:DB8:0:0:0:0:0:1]", "a@[ipv6:2001:db8::1]", "a@[ipv6:2001:db8::1]",
                   "[ipv6:2001:db8::1]");
    assert_refused("a@[192.0.2.01]", "no IP address");
    assert_refused("a@[192.0.2.1", "closing one");
    assert_refused("a@[", "closing one");
    assert_refused("a@[]", "no IP address");
    /* One group behind "::": RFC 5321 has none, but RFC 4291 does, and so have mail systems. */
    assert_address("a@[IPv6:1:2:3:4:5:6::8]", "a@[ipv6:1:2:3:4:5:6:0:8]",
                   "a@[ipv6:1:2:3:4:5:6:0:8]", "[ipv6:1:2:3:4:5:6:0:8]");
    assert_refused("a@[IPv6:1:2:3:4:5:6::7:8]", "no IP address");
    assert_refused("a@[IPv6:fe80::1%lo]", "no IP address");
    assert_refused("a@[x400:foo]", "no IP address");
}

static void test_other_scripts(void **state)
{
    (void)state;
    assert_address("Info@Bücher.example", "info@bücher.example", "info@xn--bcher-kva.example",
                   "xn--bcher-kva.example");
    /* Typed in A-labels it is the same mailbox, shown as typed. */
    assert_address("info@XN--BCHER-KVA.example", "info@xn--bcher-kva.example",
                   "info@xn--bcher-kva.example", "xn--bcher-kva.example");
    /* Non-transitional: ß stays a letter of its own. */
    assert_address("a@faß.de", "a@faß.de", "a@xn--fa-hia.de", "xn--fa-hia.de");
    /* A decomposed u with diaeresis, full-width letters, an ideographic full stop. */
    assert_address("a@bu\xcc\x88"
                   "cher.de",
                   "a@bücher.de", "a@xn--bcher-kva.de", "xn--bcher-kva.de");
    assert_address("a@ｅｘａｍｐｌｅ。com", "a@example.com", "a@example.com", "example.com");
    assert_address("用户@例子.中国", "用户@例子.中国", "用户@xn--fsqu00a.xn--fiqs8s",
                   "xn--fsqu00a.xn--fiqs8s");
    assert_address("ÉLODIE@exemple.fr", "élodie@exemple.fr", "élodie@exemple.fr", "exemple.fr");
    assert_address("ИВАН@пример.рф", "иван@пример.рф", "иван@xn--e1afmkfd.xn--p1ai",
                   "xn--e1afmkfd.xn--p1ai");
    assert_refused("a@ex\xf0\x9f\x92\xa9.com", "characters that no domain can have");
    assert_refused("a@é\xef\xbc\x8f.com", "no domain can have"); /* U+FF0F, which maps to '/' */
    assert_refused("a@\xe2\x84\x80.com", "not allowed");         /* U+2100, which maps to "a/c" */
}

static void test_refusals_say_why(void **state)
{
    (void)state;
    assert_refused("", "is empty");
    assert_refused_of((struct str){.data = NULL}, "is empty");
    assert_refused(" \t ", "is empty");
    assert_refused("jean", "no '@'");
    assert_refused("@b.fr", "nothing before");
    assert_refused("a@", "nothing after");
    assert_refused("a@localhost", "without a dot");
    assert_refused("a@gmail", "without a dot");
    assert_refused("a@org", "without a dot");
    assert_refused("a@zz", "without a dot");
    assert_refused("jean dupont", "no '@'");
    assert_refused("jean..dupont.fr", "no '@'");
    assert_refused("a@127.0.0.1", "ends in a number");
    assert_refused("a@b@c.fr", "more than one '@'");
    assert_refused("a.@b.fr", "misplaced dot before");
    assert_refused(".a@b.fr", "misplaced dot before");
    assert_refused("a..b@b.fr", "misplaced dot before");
    assert_refused("a@b..fr", "misplaced dot in its domain");
    assert_refused("a@b.fr.", "misplaced dot in its domain");
    assert_refused("a@.b.fr", "misplaced dot in its domain");
    assert_refused("a@-b.fr", "hyphen");
    assert_refused("a@b-.fr", "hyphen");
    assert_refused("a@b_c.fr", "underscore");
    assert_refused("Jean Dupont <jean@b.fr>", "white space");
    assert_refused("<jean@b.fr>", "angle brackets");
    assert_refused("jean@b.fr, paul@b.fr", "one address is wanted");
    assert_refused("jean@b.fr;paul@b.fr", "one address is wanted");
    assert_refused("jean(work)@b.fr", "comment");
    assert_refused("jean@b.fr (work)", "white space");
    assert_refused("je an@b.fr", "white space");
    assert_refused("jean @b.fr", "white space");
    assert_refused("je\"an@b.fr", "quotation mark");
    assert_refused("\"jean@b.fr", "without a closing one");
    assert_refused("\"jean\"x@b.fr", "between its quoted part and the '@'");
    assert_refused("\"a\".b@b.fr", "between its quoted part and the '@'");
    assert_refused("\"jean\"", "no '@'");
    assert_refused("a\x07@b.fr", "invisible");
    assert_refused("a\xe2\x80\x8b"
                   "b@b.fr",
                   "invisible");
    assert_refused("\"a\tb\"@b.fr", "white space");
    assert_refused("\"a\\\xc3\xa9\"@b.fr", "backslash");
    assert_refused("a\xff@b.fr", "UTF-8");
    assert_refused("mailto:a@b.fr", "not allowed");
    assert_refused_of(str_slice("a\0b@b.fr", 8), "invisible");
    assert_refused_of(str_slice("a@b\0.fr", 7), "invisible");
    assert_refused_of(str_slice("a@b\xc3\xa9\0.fr", 9), "invisible");
    assert_refused_of(str_slice("a@[192.0.2.1\0]", 14), "closing one");
}

/* `count` times `byte`, then the rest. */
static const char *repeated(struct buf *buf, size_t count, char byte, const char *rest)
{
    buf_clear(buf);
    for (size_t i = 0; i < count; i++) {
        buf_append_char(buf, byte);
    }
    buf_append_text(buf, rest);
    assert_false(buf->failed);
    return buf->data;
}

static void test_limits(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 4096);
    const char *longest = repeated(&buf, 64, 'a', "@b.fr");
    assert_address(longest, longest, longest, "b.fr");
    assert_refused(repeated(&buf, 65, 'a', "@b.fr"), "64 bytes");

    /* Three labels of 63 and one of 57 are 249 bytes, "@" and a local part of 4: 254. */
    char text[512];
    const char *label = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghikl";
    int len = snprintf(text, sizeof text, "abcd@%s.%s.%s.%.57s", label, label, label, label);
    assert_int_equal(len, 254);
    assert_address(text, text, text, text + 5);
    (void)snprintf(text, sizeof text, "abcde@%s.%s.%s.%.57s", label, label, label, label);
    assert_refused(text, "254 bytes");
    (void)snprintf(text, sizeof text, "a@%s.%s.%s.%.62s", label, label, label, label);
    assert_refused(text, "253 bytes");
    (void)snprintf(text, sizeof text, "a@%sx.fr", label);
    assert_refused(text, "63 bytes");
    (void)snprintf(text, sizeof text, "a@%sé.fr", label);
    assert_refused(text, "too long");

    assert_refused(repeated(&buf, EMAIL_INPUT_BYTES_MAX, ' ', "a@b.fr"), "too long");
    assert_address(repeated(&buf, EMAIL_INPUT_BYTES_MAX - 6, ' ', "a@b.fr"), "a@b.fr", "a@b.fr",
                   "b.fr");
}

static void test_each_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const inputs[] = {"\"A B\"@bücher.example", "a@[IPv6:::1]", "a@b.fr"};
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        enum err_code code = ERR_NOMEM;
        for (int64_t n = 0; code != OK; n++) {
            assert_true(n < 100);
            struct arena arena;
            arena_init(&arena, ARENA_BYTES);
            struct email_address address;
            mem_fail_after(n);
            code = email_address_parse(str_from(inputs[i]), &arena, &address, /* reterr= */ NULL);
            mem_fail_after(-1);
            assert_true(code == OK || code == ERR_NOMEM);
            arena_done(&arena);
        }
        /* And the arena's limit. */
        code = ERR_NOMEM;
        for (size_t limit = 0; code != OK; limit++) {
            struct arena arena;
            arena_init(&arena, limit);
            struct email_address address;
            code = email_address_parse(str_from(inputs[i]), &arena, &address, /* reterr= */ NULL);
            assert_true(code == OK || code == ERR_NOMEM);
            arena_done(&arena);
        }
    }
}

/* The isemail collection: 164 addresses with a diagnosis each. */

/* NUL-terminated into `buf`; false when there is no such file. */
static bool file_read(const char *path, struct buf *buf)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    char chunk[4096];
    size_t len;
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0) {
        buf_append(buf, chunk, len);
    }
    (void)fclose(file);
    assert_false(buf->failed);
    return true;
}

/* The text of an element, "" for an empty one. */
static struct str element(struct str xml, const char *name)
{
    char open[32];
    char close[32];
    (void)snprintf(open, sizeof open, "<%s>", name);
    (void)snprintf(close, sizeof close, "</%s>", name);
    const char *start = memmem(xml.data, xml.len, open, strlen(open));
    if (start == NULL) {
        return STR_LITERAL("");
    }
    start += strlen(open);
    const char *end = memmem(start, xml.len - (size_t)(start - xml.data), close, strlen(close));
    assert_non_null(end);
    return str_slice(start, (size_t)(end - start));
}

/* Character references undone; U+2400 and up, "symbol for …", are the control characters. */
static void xml_text(struct str xml, struct buf *out)
{
    static const struct {
        const char *name;
        char byte;
    } entities[] = {
        {"&amp;",  '&' },
        {"&lt;",   '<' },
        {"&gt;",   '>' },
        {"&quot;", '"' },
        {"&apos;", '\''}
    };
    buf_clear(out);
    while (xml.len > 0) {
        size_t bytes = 1;
        uint32_t code_point = (unsigned char)xml.data[0];
        if (str_starts_with(xml, "&#x")) {
            char *end;
            code_point = (uint32_t)strtoul(xml.data + 3, &end, 16);
            bytes = (size_t)(end + 1 - xml.data);
        } else if (xml.data[0] == '&') {
            for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
                if (str_starts_with(xml, entities[i].name)) {
                    code_point = (unsigned char)entities[i].byte;
                    bytes = strlen(entities[i].name);
                }
            }
        } else {
            bytes = utf8_decode(xml, &code_point);
        }
        if (code_point >= 0x2400 && code_point < 0x2420) {
            code_point -= 0x2400;
        }
        char encoded[4];
        buf_append(out, encoded, utf8_encode(code_point, encoded));
        xml = str_slice(xml.data + bytes, xml.len - bytes);
    }
}

/*
 * What a form should do with an address of each diagnosis of the collection, and the reasons that
 * say so to a person; NULL: a mail system would deliver it, it is accepted. White space around an
 * address is trimmed before, so that of some diagnoses a few are accepted. VALID, DNSWARN (no DNS
 * record when the collection was made), RFC5321 but TLD, TLDNUMERIC: accepted, also the unusual
 * ones RFC5321_TLD, TLDNUMERIC: domains that take no mail RFC5322 (too long, or brackets with
 * something else), CFWS and DEPREC (comments, folding, obsolete forms, for message headers only),
 * ERR (wrong)
 */
static const struct verdict {
    const char *diagnosis;
    const char *reasons[4];
} verdicts[] = {
    {"VALID",                   {NULL}                                                           },
    {"DNSWARN_NO_RECORD",       {NULL}                                                           },
    {"DNSWARN_NO_MX_RECORD",    {NULL}                                                           },
    {"RFC5321_QUOTEDSTRING",    {NULL}                                                           },
    {"RFC5321_ADDRESSLITERAL",  {NULL}                                                           },
    {"RFC5321_IPV6DEPRECATED",  {NULL}                                                           },
    {"RFC5321_TLD",             {"without a dot"}                                                },
    {"RFC5321_TLDNUMERIC",      {"ends in a number"}                                             },
    {"RFC5322_LOCAL_TOOLONG",   {"64 bytes"}                                                     },
    {"RFC5322_LABEL_TOOLONG",   {"63 bytes"}                                                     },
    {"RFC5322_DOMAIN_TOOLONG",  {"253 bytes"}                                                    },
    {"RFC5322_TOOLONG",         {"254 bytes", "253 bytes"}                                       },
    {"RFC5322_DOMAIN",          {"not allowed"}                                                  },
    {"RFC5322_DOMAINLITERAL",   {"no IP address", "closing one at its end"}                      },
    {"RFC5322_DOMLIT_OBSDTEXT", {"no IP address"}                                                },
    {"RFC5322_IPV6_GRPCOUNT",   {"no IP address"}                                                },
    {"RFC5322_IPV6_BADCHAR",    {"no IP address"}                                                },
    {"RFC5322_IPV6_MAXGRPS",    {"no IP address"}                                                },
    {"RFC5322_IPV6_2X2XCOLON",  {"no IP address"}                                                },
    {"RFC5322_IPV6_COLONSTRT",  {"no IP address"}                                                },
    {"RFC5322_IPV6_COLONEND",   {"no IP address"}                                                },
    {"CFWS_COMMENT",            {"comment"}                                                      },
    {"CFWS_FWS",                {"white space"}                                                  },
    {"DEPREC_LOCALPART",        {"between its quoted part and the '@'"}                          },
    {"DEPREC_QP",               {"backslash"}                                                    },
    {"DEPREC_QTEXT",            {"invisible"}                                                    },
    {"DEPREC_CTEXT",            {"comment"}                                                      },
    {"DEPREC_FWS",              {"white space"}                                                  },
    {"DEPREC_COMMENT",          {"comment"}                                                      },
    {"DEPREC_CFWS_NEAR_AT",     {"white space", "comment"}                                       },
    {"ERR_NODOMAIN",            {"empty", "no '@'", "nothing after"}                             },
    {"ERR_NOLOCALPART",         {"nothing before"}                                               },
    {"ERR_DOT_START",           {"misplaced dot"}                                                },
    {"ERR_DOT_END",             {"misplaced dot"}                                                },
    {"ERR_CONSECUTIVEDOTS",     {"misplaced dot", "no '@'"}                                      },
    {"ERR_DOMAINHYPHENSTART",   {"hyphen"}                                                       },
    {"ERR_DOMAINHYPHENEND",     {"hyphen"}                                                       },
    {"ERR_EXPECTING_ATEXT",
     {"not allowed", "quotation mark in the wrong place", "between its quoted part", "invisible"}},
    {"ERR_EXPECTING_QTEXT",     {"invisible", "white space"}                                     },
    {"ERR_EXPECTING_QPAIR",     {"backslash"}                                                    },
    {"ERR_EXPECTING_CTEXT",     {"comment"}                                                      },
    {"ERR_EXPECTING_DTEXT",     {"no IP address"}                                                },
    {"ERR_ATEXT_AFTER_QS",      {"between its quoted part"}                                      },
    {"ERR_ATEXT_AFTER_CFWS",    {"comment"}                                                      },
    {"ERR_ATEXT_AFTER_DOMLIT",  {"no IP address"}                                                },
    {"ERR_UNCLOSEDQUOTEDSTR",   {"without a closing one"}                                        },
    {"ERR_UNCLOSEDCOMMENT",     {"comment"}                                                      },
    {"ERR_UNCLOSEDDOMLIT",      {"closing one at its end", "no IP address"}                      },
    {"ERR_BACKSLASHEND",        {"comment", "closing one at its end"}                            },
    {"ERR_CR_NO_LF",            {"white space", "comment"}                                       },
    {"ERR_FWS_CRLF_END",        {NULL}                                                           },
    {"ERR_FWS_CRLF_X2",         {NULL}                                                           },
};

/* Does `err` (its code OK: accepted) answer as it should? */
static bool is_right(struct str diagnosis, struct str address, const struct err *err)
{
    if (str_is(str_trim(address), "test@iana.org")) {
        return err->code == OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        const struct verdict *verdict = &verdicts[i];
        char name[64];
        (void)snprintf(name, sizeof name, "ISEMAIL_%s", verdict->diagnosis);
        if (!str_is(diagnosis, name)) {
            continue;
        }
        bool is_said = verdict->reasons[0] == NULL && err->code == OK;
        for (size_t r = 0; r < ARRAY_LEN(verdict->reasons) && verdict->reasons[r] != NULL; r++) {
            is_said = is_said || strstr(err->detail, verdict->reasons[r]) != NULL;
        }
        return is_said;
    }
    return false;
}

static void test_isemail_collection(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf file;
    CLEANUP(buf_done) struct buf address_text;
    buf_init(&file, FILE_BYTES_MAX);
    buf_init(&address_text, 4096);
    if (!file_read(SOURCE_DIR "/../shared/data/isemail/tests.xml", &file)) {
        print_message("../shared/data/isemail/tests.xml is not there\n");
        skip();
    }
    size_t count = 0;
    size_t accepted = 0;
    size_t wrong = 0;
    const char *at = file.data;
    while ((at = strstr(at, "<test id=")) != NULL) {
        const char *end = strstr(at, "</test>");
        assert_non_null(end);
        struct str test = str_slice(at, (size_t)(end - at));
        at = end;
        xml_text(element(test, "address"), &address_text);
        struct str address = buf_str(&address_text);
        const struct str diagnosis = element(test, "diagnosis");
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        struct email_address parsed;
        struct err err = {.code = OK};
        bool is_accepted = email_address_parse(address, &arena, &parsed, &err) == OK;
        const bool is_as_wanted = is_right(diagnosis, address, &err);
        print_message("%.*s %.*s: %s%s\n", (int)strcspn(test.data + 6, ">"), test.data + 6,
                      STR_ARGS(diagnosis), is_accepted ? "accepted" : err.detail,
                      is_as_wanted ? "" : " WRONG");
        wrong += is_as_wanted ? 0 : 1;
        if (is_accepted) {
            assert_stable(&arena, &parsed);
        } else {
            assert_sentence(&err);
        }
        arena_done(&arena);
        count++;
        accepted += is_accepted ? 1 : 0;
    }
    print_message("%zu addresses, %zu accepted\n", count, accepted);
    assert_int_equal(count, 164);
    assert_int_equal(wrong, 0);
}

static void test_naughty_strings(void **state)
{
    (void)state;
    json_t *strings = json_load_file(SOURCE_DIR "/../shared/data/blns/blns.json", 0, NULL);
    if (strings == NULL) {
        print_message("../shared/data/blns/blns.json is not there\n");
        skip();
    }
    size_t i;
    json_t *string;
    assert_true(json_array_size(strings) > 500);
    json_array_foreach(strings, i, string)
    {
        char text[2048];
        const char *naughty = json_string_value(string);
        static const char *const shapes[] = {"%s", "%s@b.fr", "a@%s", "\"%s\"@b.fr", "a@%s.fr"};
        for (size_t shape = 0; shape < ARRAY_LEN(shapes); shape++) {
            const char *place = strstr(shapes[shape], "%s");
            int len = snprintf(text, sizeof text, "%.*s%s%s", (int)(place - shapes[shape]),
                               shapes[shape], naughty, place + 2);
            assert_true(len >= 0 && (size_t)len < sizeof text);
            struct arena arena;
            arena_init(&arena, ARENA_BYTES);
            struct email_address address;
            struct err err = {.code = OK};
            if (email_address_parse(str_from(text), &arena, &address, &err) == OK) {
                assert_stable(&arena, &address);
            } else {
                assert_int_equal(err.code, ERR_INVALID);
                assert_sentence(&err);
            }
            arena_done(&arena);
        }
    }
    json_decref(strings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_addresses),
        cmocka_unit_test(test_surroundings_are_trimmed),
        cmocka_unit_test(test_quoted_local_parts),
        cmocka_unit_test(test_address_literals),
        cmocka_unit_test(test_other_scripts),
        cmocka_unit_test(test_refusals_say_why),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_each_allocation_may_fail),
        cmocka_unit_test(test_isemail_collection),
        cmocka_unit_test(test_naughty_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
