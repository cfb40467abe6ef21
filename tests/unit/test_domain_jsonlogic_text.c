/* Proves that JsonLogic's texts measure, cut and order like UTF-16, and that its numbers turn into
 * text and back without loss. */
#include "testing.h"

#include <math.h>

#include "base/utf8.h"
#include "domain/logic_text.h"

enum { UNITS_MAX = 24 };

/* A random text and the same in UTF-16, the plain way. */
struct sample {
    char data[4 * UNITS_MAX];
    size_t len;
    uint16_t units[2 * UNITS_MAX];
    size_t unit_count;
};

static uint32_t random_code_point(struct random *random)
{
    static const uint32_t bounds[][2] = {
        {0x20,    0x7F    },
        {0xA0,    0x7FF   },
        {0xE000,  0xFFFF  },
        {0x10000, 0x10FFFF},
        {0xD000,  0xD7FF  }
    };
    const uint32_t *bound = bounds[random_below(random, ARRAY_LEN(bounds))];
    /* Few different ones, so that texts share beginnings. */
    return bound[0] + (uint32_t)random_below(random, 3) * ((bound[1] - bound[0]) / 3);
}

static struct sample random_sample(struct random *random)
{
    struct sample sample = {.len = 0};
    for (uint64_t i = random_below(random, 8); i > 0; i--) {
        uint32_t code_point = random_code_point(random);
        sample.len += utf8_encode(code_point, sample.data + sample.len);
        if (code_point < 0x10000) {
            sample.units[sample.unit_count++] = (uint16_t)code_point;
        } else {
            sample.units[sample.unit_count++] = (uint16_t)(0xD7C0 + (code_point >> 10));
            sample.units[sample.unit_count++] = (uint16_t)(0xDC00 | (code_point & 0x3FF));
        }
    }
    return sample;
}

static struct str text_of(const struct sample *sample)
{
    return str_slice(sample->data, sample->len);
}

static int compare_units(const struct sample *a, const struct sample *b)
{
    for (size_t i = 0; i < a->unit_count && i < b->unit_count; i++)
        if (a->units[i] != b->units[i])
            return a->units[i] < b->units[i] ? -1 : 1;
    return (a->unit_count > b->unit_count) - (a->unit_count < b->unit_count);
}

static void test_length_and_order(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (int i = 0; i < 20000; i++) {
        struct sample a = random_sample(&random);
        struct sample b = random_sample(&random);
        assert_int_equal(logic_text_length(text_of(&a)), a.unit_count);
        assert_int_equal(logic_text_compare(text_of(&a), text_of(&b)), compare_units(&a, &b));
        assert_int_equal(logic_text_compare(text_of(&a), text_of(&a)), 0);
    }
}

/* Code units [from, until) as UTF-8, lone surrogates replaced. */
static size_t encode_units(const struct sample *sample, size_t from, size_t until, char *out)
{
    size_t len = 0;
    for (size_t i = from; i < until; i++) {
        uint32_t code_point = sample->units[i];
        bool is_high = code_point >= 0xD800 && code_point <= 0xDBFF;
        bool is_low = code_point >= 0xDC00 && code_point <= 0xDFFF;
        if (is_high && i + 1 < until)
            code_point = ((code_point - 0xD7C0) << 10) | (sample->units[++i] & 0x3FFU);
        else if (is_high || is_low)
            code_point = 0xFFFD;
        len += utf8_encode(code_point, out + len);
    }
    return len;
}

static void test_slices(void **state)
{
    (void)state;
    struct random random = testing_random();
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 20000; i++) {
        struct sample sample = random_sample(&random);
        size_t from = random_below(&random, sample.unit_count + 2);
        size_t count = random_below(&random, 9) == 0 ? SIZE_MAX : random_below(&random, 10);
        size_t first = from < sample.unit_count ? from : sample.unit_count;
        size_t rest = sample.unit_count - first;
        char expected[6 * UNITS_MAX];
        size_t len = encode_units(&sample, first, first + (count < rest ? count : rest), expected);
        struct str slice = logic_text_slice(&arena, text_of(&sample), from, count);
        assert_non_null(slice.data);
        assert_true(str_eq(slice, str_slice(expected, len)));
        arena_clear(&arena);
    }
    arena_done(&arena);
}

static void test_numbers_survive_text(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_u64(&random);
        double number;
        memcpy(&number, &bits, sizeof number);
        if (i % 3 == 0)
            number = (double)(int64_t)random_below(&random, 2000000) / 1000 - 1000;
        if (isnan(number))
            continue;
        char text[LOGIC_NUMBER_BYTES];
        size_t len = logic_number_to_text(number, text);
        double again;
        assert_int_equal(strlen(text), len);
        assert_true(logic_text_to_number(str_slice(text, len), &again));
        assert_false(again < number || again > number);
    }
}

static void test_number_texts(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0,                        "0"                     },
        {-0.0,                     "0"                     },
        {1,                        "1"                     },
        {-12,                      "-12"                   },
        {0.5,                      "0.5"                   },
        {-0.25,                    "-0.25"                 },
        {123.456,                  "123.456"               },
        {1e20,                     "100000000000000000000" },
        {1e21,                     "1e+21"                 },
        {1.5e300,                  "1.5e+300"              },
        {1e-6,                     "0.000001"              },
        {1.25e-7,                  "1.25e-7"               },
        {1e-7,                     "1e-7"                  },
        {0x1p53,                   "9007199254740992"      },
        {0x1p54,                   "18014398509481984"     },
        {5e-324,                   "5e-324"                },
        {1234567890123456789012.0, "1.2345678901234568e+21"},
        {0.1 + 0.2,                "0.30000000000000004"   },
        {HUGE_VAL,                 "Infinity"              },
        {-HUGE_VAL,                "-Infinity"             },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[LOGIC_NUMBER_BYTES];
        logic_number_to_text(cases[i].number, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_texts_that_are_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double number;
    } cases[] = {
        {"",                       0        },
        {"  \t\n",                 0        },
        {"12",                     12       },
        {"+12",                    12       },
        {"-012",                   -12      },
        {"1.",                     1        },
        {".5",                     0.5      },
        {"1e3",                    1e3      },
        {"1E-3",                   1e-3     },
        {"0xff",                   255      },
        {"0B101",                  5        },
        {"0o17",                   15       },
        {"\xC2\xA0"
         "7\xE2\x80\xA9", 7        },
        {"\xEF\xBB\xBF"
         "7",             7        },
        {"-Infinity",              -HUGE_VAL},
        {"1e999",                  HUGE_VAL },
    };
    static const char *const others[] = {
        "a",   "1a",  "1 2",   "1e",   "e1",    ".",   "+",        "-",
        "+-1", "0x",  "0xg",   "-0x1", "0b2",   "0o8", "infinity", "Infinityx",
        "NaN", "nan", "1_000", "1,5",  "0x1p3", "--1", "1e+",
    };
    double number;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(logic_text_to_number(str_from(cases[i].text), &number));
        assert_false(number < cases[i].number || number > cases[i].number);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(logic_text_to_number(str_from(others[i]), &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length_and_order),       cmocka_unit_test(test_slices),
        cmocka_unit_test(test_numbers_survive_text),   cmocka_unit_test(test_number_texts),
        cmocka_unit_test(test_texts_that_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
