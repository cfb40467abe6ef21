/*
 * Proves: job titles as French and English speakers write them get the documented rank, whatever
 * their case, accents, hyphens and inclusive endings; the known traps do not raise or lower a rank;
 * text folds to plain words within its limits; simple lower case is Unicode's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "domain/fold.h"
#include "domain/seniority.h"

struct expectation {
    const char *title;
    enum seniority seniority;
};

static void assert_titles(const struct expectation *expectations, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        enum seniority got = seniority_of(str_from(expectations[i].title));
        if (got != expectations[i].seniority) {
            print_error("\"%s\": %s instead of %s\n", expectations[i].title, seniority_name(got),
                        seniority_name(expectations[i].seniority));
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

#define ASSERT_TITLES(expectations) assert_titles((expectations), ARRAY_LEN(expectations))

static void test_executives(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        {"CEO",                                      SENIORITY_EXECUTIVE},
        {"ceo",                                      SENIORITY_EXECUTIVE},
        {"C.E.O.",                                   SENIORITY_EXECUTIVE},
        {"CTO & Co-founder",                         SENIORITY_EXECUTIVE},
        {"Chief Executive Officer",                  SENIORITY_EXECUTIVE},
        {"Chief Information Security Officer",       SENIORITY_EXECUTIVE},
        {"Chief Product & Technology Officer",       SENIORITY_EXECUTIVE},
        {"Deputy Chief Financial Officer",           SENIORITY_EXECUTIVE},
        {"CMO",                                      SENIORITY_EXECUTIVE},
        {"President",                                SENIORITY_EXECUTIVE},
        {"President & CEO, North America",           SENIORITY_EXECUTIVE},
        {"Managing Director",                        SENIORITY_EXECUTIVE},
        {"General Manager",                          SENIORITY_EXECUTIVE},
        {"Executive Director",                       SENIORITY_EXECUTIVE},
        {"Founder",                                  SENIORITY_EXECUTIVE},
        {"Owner / Photographer",                     SENIORITY_EXECUTIVE},
        {"Managing Partner",                         SENIORITY_EXECUTIVE},
        {"Partner",                                  SENIORITY_EXECUTIVE},
        {"Tax Partner",                              SENIORITY_EXECUTIVE},
        {"Chairwoman of the Board",                  SENIORITY_EXECUTIVE},
        {"Board member",                             SENIORITY_EXECUTIVE},
        {"PDG",                                      SENIORITY_EXECUTIVE},
        {"P.D.G.",                                   SENIORITY_EXECUTIVE},
        {"P-DG",                                     SENIORITY_EXECUTIVE},
        {"DG",                                       SENIORITY_EXECUTIVE},
        {"DSI",                                      SENIORITY_EXECUTIVE},
        {"DSI groupe",                               SENIORITY_EXECUTIVE},
        {"DAF",                                      SENIORITY_EXECUTIVE},
        {"DRH",                                      SENIORITY_EXECUTIVE},
        {"Directeur des Systèmes d’Information",  SENIORITY_EXECUTIVE},
        {"Directrice des ressources humaines",       SENIORITY_EXECUTIVE},
        {"Directeur administratif et financier",     SENIORITY_EXECUTIVE},
        {"Directeur général",                      SENIORITY_EXECUTIVE},
        {"DIRECTRICE GÉNÉRALE",                    SENIORITY_EXECUTIVE},
        {"Directeur·rice général·e",             SENIORITY_EXECUTIVE},
        {"Directeur(trice) général(e) adjoint(e)", SENIORITY_EXECUTIVE},
        {"directeur général délégué",           SENIORITY_EXECUTIVE},
        {"Dir. gén.",                               SENIORITY_EXECUTIVE},
        {"Gérant",                                  SENIORITY_EXECUTIVE},
        {"gérante associée",                       SENIORITY_EXECUTIVE},
        {"Co-gérant",                               SENIORITY_EXECUTIVE},
        {"Fondatrice",                               SENIORITY_EXECUTIVE},
        {"Co-fondateur et consultant",               SENIORITY_EXECUTIVE},
        {"Président",                               SENIORITY_EXECUTIVE},
        {"Présidente-directrice générale",        SENIORITY_EXECUTIVE},
        {"Président(e) du directoire",              SENIORITY_EXECUTIVE},
        {"Pre\xcc\x81sident",                        SENIORITY_EXECUTIVE},
        {"Avocat associé",                          SENIORITY_EXECUTIVE},
        {"Chef d'entreprise",                        SENIORITY_EXECUTIVE},
        {"Cheffe d’entreprise",                    SENIORITY_EXECUTIVE},
        {"Dirigeant",                                SENIORITY_EXECUTIVE},
        {"Auto-entrepreneur",                        SENIORITY_EXECUTIVE},
        {"Secrétaire général",                    SENIORITY_EXECUTIVE},
        {"Membre du CODIR",                          SENIORITY_EXECUTIVE},
        {"Membre du comité de direction",           SENIORITY_EXECUTIVE},
        {"Directeur exécutif",                      SENIORITY_EXECUTIVE},
        {"Administrateur délégué",                SENIORITY_EXECUTIVE},
    };
    ASSERT_TITLES(expectations);
}

static void test_vice_presidents_and_directors(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        {"VP IT",                                       SENIORITY_VP      },
        {"V.P. Sales",                                  SENIORITY_VP      },
        {"Vice President",                              SENIORITY_VP      },
        {"Vice-president of Engineering",               SENIORITY_VP      },
        {"Vice-président",                             SENIORITY_VP      },
        {"VICE-PRÉSIDENTE MARKETING",                  SENIORITY_VP      },
        {"SVP Marketing EMEA",                          SENIORITY_VP      },
        {"Senior Vice President, Sales",                SENIORITY_VP      },
        {"Executive Vice President",                    SENIORITY_VP      },
        {"EVP",                                         SENIORITY_VP      },
        {"Assistant Vice President",                    SENIORITY_VP      },
        {"Director",                                    SENIORITY_DIRECTOR},
        {"Director of Marketing",                       SENIORITY_DIRECTOR},
        {"Marketing Director",                          SENIORITY_DIRECTOR},
        {"Senior Director, Demand Generation",          SENIORITY_DIRECTOR},
        {"Assistant Director",                          SENIORITY_DIRECTOR},
        {"Assistant Marketing Director",                SENIORITY_DIRECTOR},
        {"Associate Director",                          SENIORITY_DIRECTOR},
        {"Executive Creative Director",                 SENIORITY_DIRECTOR},
        {"Director of Student Affairs",                 SENIORITY_DIRECTOR},
        {"Commercial Director",                         SENIORITY_DIRECTOR},
        {"Chief of Staff",                              SENIORITY_DIRECTOR},
        {"Chief of Staff to the CEO",                   SENIORITY_DIRECTOR},
        {"Directeur marketing",                         SENIORITY_DIRECTOR},
        {"Directrice commerciale",                      SENIORITY_DIRECTOR},
        {"DIRECTEUR COMMERCIAL",                        SENIORITY_DIRECTOR},
        {"directeur·rice marketing",                   SENIORITY_DIRECTOR},
        {"Directeur/trice de la communication",         SENIORITY_DIRECTOR},
        {"Directeur.rice produit",                      SENIORITY_DIRECTOR},
        {"Directeur adjoint",                           SENIORITY_DIRECTOR},
        {"Directrice adjointe des ventes",              SENIORITY_DIRECTOR},
        {"Sous-directeur",                              SENIORITY_DIRECTOR},
        {"Directeur technique",                         SENIORITY_DIRECTOR},
        {"Directeur de cabinet",                        SENIORITY_DIRECTOR},
        {"DRH adjointe",                                SENIORITY_DIRECTOR},
        {"Dir. marketing",                              SENIORITY_DIRECTOR},
        {"Directeur d'agence, ingénieur de formation", SENIORITY_DIRECTOR},
        {"Country Manager France",                      SENIORITY_DIRECTOR},
    };
    ASSERT_TITLES(expectations);
}

static void test_heads_and_managers(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        {"Head of Sales",                     SENIORITY_HEAD   },
        {"Global Head of Growth",             SENIORITY_HEAD   },
        {"Marketing Head",                    SENIORITY_HEAD   },
        {"Head of Go-to-Market",              SENIORITY_HEAD   },
        {"Chief Architect",                   SENIORITY_HEAD   },
        {"Editor-in-chief",                   SENIORITY_HEAD   },
        {"Rédactrice en chef",               SENIORITY_HEAD   },
        {"Chef de département",              SENIORITY_HEAD   },
        {"Cheffe de pôle",                   SENIORITY_HEAD   },
        {"Manager",                           SENIORITY_MANAGER},
        {"Marketing manager",                 SENIORITY_MANAGER},
        {"Go-to-market manager",              SENIORITY_MANAGER},
        {"Key Account Manager",               SENIORITY_MANAGER},
        {"Assistant Manager",                 SENIORITY_MANAGER},
        {"Team lead",                         SENIORITY_MANAGER},
        {"Lead Developer",                    SENIORITY_MANAGER},
        {"Team Leader",                       SENIORITY_MANAGER},
        {"Responsable marketing",             SENIORITY_MANAGER},
        {"RESPONSABLE INFORMATIQUE",          SENIORITY_MANAGER},
        {"Responsable des étudiants",        SENIORITY_MANAGER},
        {"Responsable e-commerce",            SENIORITY_MANAGER},
        {"Resp. achats",                      SENIORITY_MANAGER},
        {"Chef de projet",                    SENIORITY_MANAGER},
        {"Cheffe de projet digital",          SENIORITY_MANAGER},
        {"Chef(fe) de projet",                SENIORITY_MANAGER},
        {"Chef·fe de produit",               SENIORITY_MANAGER},
        {"Chef de service",                   SENIORITY_MANAGER},
        {"Chef de projet DSI",                SENIORITY_MANAGER},
        {"Adjoint au directeur",              SENIORITY_MANAGER},
        {"Superviseur",                       SENIORITY_MANAGER},
        {"Agent de maîtrise",                SENIORITY_MANAGER},
        {"Gérant de portefeuille",           SENIORITY_MANAGER},
        {"RSSI",                              SENIORITY_MANAGER},
        {"Internship program manager",        SENIORITY_MANAGER},
        {"Student services manager",          SENIORITY_MANAGER},
        {"Responsable communication interne", SENIORITY_MANAGER},
    };
    ASSERT_TITLES(expectations);
}

static void test_staff(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        {"Account Executive",                            SENIORITY_STAFF},
        {"Senior Account Executive",                     SENIORITY_STAFF},
        {"Executive Assistant",                          SENIORITY_STAFF},
        {"Executive Assistant to the Managing Director", SENIORITY_STAFF},
        {"Assistant to the CEO",                         SENIORITY_STAFF},
        {"Personal Assistant to CEO",                    SENIORITY_STAFF},
        {"PA to the President",                          SENIORITY_STAFF},
        {"Director's Assistant",                         SENIORITY_STAFF},
        {"Advisor to the President",                     SENIORITY_STAFF},
        {"Sales Representative",                         SENIORITY_STAFF},
        {"SDR",                                          SENIORITY_STAFF},
        {"Product Owner",                                SENIORITY_STAFF},
        {"HR Business Partner",                          SENIORITY_STAFF},
        {"Sales Associate",                              SENIORITY_STAFF},
        {"Marketing Officer",                            SENIORITY_STAFF},
        {"Software Engineer",                            SENIORITY_STAFF},
        {"Lead Generation Specialist",                   SENIORITY_STAFF},
        {"Consultant (ex-CEO)",                          SENIORITY_STAFF},
        {"Consultant at Director Magazine",              SENIORITY_STAFF},
        {"Analyst @ President Hotels",                   SENIORITY_STAFF},
        {"Assistante de direction",                      SENIORITY_STAFF},
        {"Assistant(e) de direction",                    SENIORITY_STAFF},
        {"Assistante du directeur général",            SENIORITY_STAFF},
        {"assistante DRH",                               SENIORITY_STAFF},
        {"Assistant chef de produit",                    SENIORITY_STAFF},
        {"Secrétaire de direction",                     SENIORITY_STAFF},
        {"Conseiller du président",                     SENIORITY_STAFF},
        {"Collaborateur du PDG",                         SENIORITY_STAFF},
        {"Ingénieur",                                   SENIORITY_STAFF},
        {"INGÉNIEURE D'AFFAIRES",                       SENIORITY_STAFF},
        {"Ingénieur DGA",                               SENIORITY_STAFF},
        {"Technicien DSI",                               SENIORITY_STAFF},
        {"Dessinateur CAO",                              SENIORITY_STAFF},
        {"Consultante",                                  SENIORITY_STAFF},
        {"Chargée de communication",                    SENIORITY_STAFF},
        {"Chargé·e de clientèle",                     SENIORITY_STAFF},
        {"Commercial",                                   SENIORITY_STAFF},
        {"Comptable",                                    SENIORITY_STAFF},
        {"Développeur·euse",                           SENIORITY_STAFF},
        {"Technicien(ne) de maintenance",                SENIORITY_STAFF},
        {"Attachée de presse",                          SENIORITY_STAFF},
        {"Médecin",                                     SENIORITY_STAFF},
        {"Administratrice réseau",                      SENIORITY_STAFF},
        {"Freelance",                                    SENIORITY_STAFF},
    };
    ASSERT_TITLES(expectations);
}

static void test_students(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        {"Student",                           SENIORITY_STUDENT},
        {"PhD student",                       SENIORITY_STUDENT},
        {"Marketing Intern",                  SENIORITY_STUDENT},
        {"Apprentice electrician",            SENIORITY_STUDENT},
        {"Management trainee",                SENIORITY_STUDENT},
        {"Étudiant",                         SENIORITY_STUDENT},
        {"ETUDIANTE EN MASTER",               SENIORITY_STUDENT},
        {"étudiant(e)",                      SENIORITY_STUDENT},
        {"Étudiant·e",                      SENIORITY_STUDENT},
        {"Étudiant-entrepreneur",            SENIORITY_STUDENT},
        {"Stagiaire",                         SENIORITY_STUDENT},
        {"Stagiaire assistante de direction", SENIORITY_STUDENT},
        {"Alternant",                         SENIORITY_STUDENT},
        {"Alternante marketing",              SENIORITY_STUDENT},
        {"Chargé de RH en alternance",       SENIORITY_STUDENT},
        {"Apprenti chef de projet",           SENIORITY_STUDENT},
        {"Doctorante",                        SENIORITY_STUDENT},
        {"Élève ingénieur",                SENIORITY_STUDENT},
    };
    ASSERT_TITLES(expectations);
}

static void test_unknown(void **state)
{
    (void)state;
    static const struct expectation expectations[] = {
        {NULL,          SENIORITY_UNKNOWN},
        {"",            SENIORITY_UNKNOWN},
        {"   ",         SENIORITY_UNKNOWN},
        {"-",           SENIORITY_UNKNOWN},
        {"n/a",         SENIORITY_UNKNOWN},
        {"Retraité",   SENIORITY_UNKNOWN},
        {"Job seeker",  SENIORITY_UNKNOWN},
        {"Former CEO",  SENIORITY_UNKNOWN},
        {"asdf",        SENIORITY_UNKNOWN},
        {"Marketing",   SENIORITY_UNKNOWN},
        {"Directories", SENIORITY_UNKNOWN},
        {"总经理",   SENIORITY_UNKNOWN},
        {"\xff\xfe",    SENIORITY_UNKNOWN},
    };
    ASSERT_TITLES(expectations);
}

static void test_long_titles_are_read_up_to_the_limit(void **state)
{
    (void)state;
    char title[4096];
    memset(title, 'x', sizeof title);
    memcpy(title, "CEO ", 4);
    assert_int_equal(seniority_of(str_slice(title, sizeof title)), SENIORITY_EXECUTIVE);
    for (size_t i = 0; i + 1 < sizeof title; i += 2) {
        memcpy(title + i, "a ", 2);
    }
    memcpy(title + sizeof title - 3, "ceo", 3);
    assert_int_equal(seniority_of(str_slice(title, sizeof title)), SENIORITY_UNKNOWN);
    for (size_t len = 0; len < sizeof title; len += 31) {
        (void)seniority_of(str_slice(title, len));
    }
}

static void test_ranks_have_names_and_an_order(void **state)
{
    (void)state;
    static const char *const names[] = {"unknown", "student",  "staff", "manager",
                                        "head",    "director", "vp",    "executive"};
    assert_int_equal(ARRAY_LEN(names), SENIORITY_COUNT_);
    for (int i = 0; i < SENIORITY_COUNT_; i++) {
        assert_string_equal(seniority_name((enum seniority)i), names[i]);
    }
}

static void assert_folded(const char *text, const char *expected)
{
    char out[128];
    size_t len = fold_words(str_from(text), out, sizeof out);
    assert_string_equal(out, expected);
    assert_int_equal(len, strlen(expected));
}

static void test_words_are_folded(void **state)
{
    (void)state;
    assert_folded("", "");
    assert_folded("  Élève,  ÎLE & Œuvre—naïve ", "eleve ile oeuvre naive");
    assert_folded("ŁÓDŹ Straße Čeština Ķ Ÿ", "lodz strasse cestina k y");
    assert_folded("E\xcc\x81te\xcc\x81", "ete");
    assert_folded("C.E.O. of X", "ceo of x");
    assert_folded("a@b", "a at b");
    assert_folded("M. Dupont", "m dupont");
    assert_folded("1.5 × ÷ 2", "15 2");
    assert_folded("dir.tech", "dir tech");
    assert_folded("a\xff"
                  "b",
                  "a b");
    assert_folded("日本", "");
}

static void test_folding_cuts_at_a_word(void **state)
{
    (void)state;
    char out[8];
    assert_int_equal(fold_words(str_from("abc def ghi"), out, sizeof out), 7);
    assert_string_equal(out, "abc def");
    assert_int_equal(fold_words(str_from("abc defg"), out, sizeof out), 3);
    assert_string_equal(out, "abc");
    assert_int_equal(fold_words(str_from("abcdefgh"), out, sizeof out), 0);
    assert_string_equal(out, "");
    assert_int_equal(fold_words(str_from("abc"), out, 1), 0);
    assert_int_equal(fold_words(str_from("straß abc"), out, 6), 0);
}

/* Pairs from UnicodeData.txt, and what a simple mapping must leave alone. */
static void test_case_is_unicodes(void **state)
{
    (void)state;
    static const uint32_t pairs[][2] = {
        {'A',   'a'  },
        {'Z',   'z'  },
        {'@',   '@'  },
        {'[',   '['  },
        {0xc0,  0xe0 },
        {0xd7,  0xd7 },
        {0xde,  0xfe },
        {0xdf,  0xdf },
        {0x100, 0x101},
        {0x101, 0x101},
        {0x12e, 0x12f},
        {0x130, 0x130},
        {0x131, 0x131},
        {0x132, 0x133},
        {0x136, 0x137},
        {0x138, 0x138},
        {0x139, 0x13a},
        {0x147, 0x148},
        {0x148, 0x148},
        {0x149, 0x149},
        {0x14a, 0x14b},
        {0x152, 0x153},
        {0x176, 0x177},
        {0x178, 0xff },
        {0x179, 0x17a},
        {0x17d, 0x17e},
        {0x17f, 0x17f},
        {0x386, 0x3ac},
        {0x38a, 0x3af},
        {0x38c, 0x3cc},
        {0x38e, 0x3cd},
        {0x38f, 0x3ce},
        {0x391, 0x3b1},
        {0x3a3, 0x3c3},
        {0x3ab, 0x3cb},
        {0x3ac, 0x3ac},
        {0x400, 0x450},
        {0x40f, 0x45f},
        {0x410, 0x430},
        {0x42f, 0x44f},
        {0x430, 0x430},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        assert_int_equal(fold_case(pairs[i][0]), pairs[i][1]);
    }
    for (uint32_t code_point = 0; code_point < 0x3000; code_point++) {
        char before[4];
        char after[4];
        uint32_t small = fold_case(code_point);
        assert_int_equal(fold_case(small), small);
        assert_int_equal(utf8_encode(small, after), utf8_encode(code_point, before));
    }
}

static void test_phrases_are_in_order(void **state)
{
    (void)state;
    assert_true(seniority_is_in_order());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phrases_are_in_order),
        cmocka_unit_test(test_executives),
        cmocka_unit_test(test_vice_presidents_and_directors),
        cmocka_unit_test(test_heads_and_managers),
        cmocka_unit_test(test_staff),
        cmocka_unit_test(test_students),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_long_titles_are_read_up_to_the_limit),
        cmocka_unit_test(test_ranks_have_names_and_an_order),
        cmocka_unit_test(test_words_are_folded),
        cmocka_unit_test(test_folding_cuts_at_a_word),
        cmocka_unit_test(test_case_is_unicodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
