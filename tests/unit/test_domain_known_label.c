/* Proves: the usual questions are known in both languages, however they are asked, and what only
 * resembles them is not. */
#include "testing.h"

#include "domain/known_label.h"

static const struct {
    const char *label;
    const char *name; /* NULL: not known */
} labels[] = {
    {"email",                                            "email"       },
    {"E-mail *",                                         "email"       },
    {"Email 2",                                          "email"       },
    {"your-email",                                       "email"       },
    {"Adresse e-mail professionnelle *",                 "email"       },
    {"Votre adresse mail (obligatoire)",                 "email"       },
    {"What's your email address?",                       "email"       },
    {"2. Quel est votre e-mail, s'il vous plaît ?",     "email"       },
    {"Courriel",                                         "email"       },
    {"email_address",                                    "email"       },
    {"First Name",                                       "first_name"  },
    {"firstname",                                        "first_name"  },
    {"What is your first name?",                         "first_name"  },
    {"Prénom",                                          "first_name"  },
    {"PRÉNOM :",                                        "first_name"  },
    {"Prénom(s)",                                       "first_name"  },
    {"Nom de famille",                                   "last_name"   },
    {"lastname",                                         "last_name"   },
    {"Surname (required)",                               "last_name"   },
    {"N° de téléphone",                               "phone"       },
    {"Tél.",                                            "phone"       },
    {"Mobile",                                           "phone"       },
    {"Phone Number",                                     "phone"       },
    {"Entreprise / Société",                           "company"     },
    {"Nom de l’entreprise",                            "company"     },
    {"Company name",                                     "company"     },
    {"Raison sociale",                                   "company"     },
    {"Number of employees",                              "company_size"},
    {"Nombre de salariés ?",                            "company_size"},
    {"numemployees",                                     "company_size"},
    {"Secteur d'activité",                              "industry"    },
    {"Job Title",                                        "job_title"   },
    {"jobtitle",                                         "job_title"   },
    {"Quel est votre poste ?",                           "job_title"   },
    {"Fonction",                                         "job_title"   },
    {"Pays",                                             "country"     },
    {"Country/Region",                                   "country"     },
    {"Ville",                                            "city"        },
    {"Site web",                                         "website"     },
    {"UTM Source",                                       "utm_source"  },
    {"utm_campaign",                                     "utm_campaign"},
    {"Referrer",                                         "referrer"    },
    {"",                                                 NULL          },
    {"???",                                              NULL          },
    {"42",                                               NULL          },
    {"Hello! What's your email?",                        "email"       },
    {"First things first. What is your *first name*?",   "first_name"  },
    {"Nice to meet you. Which company do you work for?", "company"     },
    {"Enchanté ! Quel est votre e-mail ?",              "email"       },
    {"Encore une chose :\nVotre téléphone ?",          "phone"       },
    {"And you, where do you work?",                      "company"     },
    {"Name (First)",                                     "first_name"  },
    {"names.last_name",                                  "last_name"   },
    {"Address (City)",                                   "city"        },
    {"Emergency contact: phone",                         NULL          },
    {"Who referred you? Your friend's email",            NULL          },
    {"Your manager. Email",                              NULL          },
    {"Tell us about you, please.",                       NULL          },
    {"Your email? We will not tell anybody.",            NULL          },
    {"? ",                                               NULL          },
    {"\n",                                               NULL          },
    {"Nom du projet",                                    NULL          },
    {"Email de votre responsable",                       NULL          },
    {"Your company's biggest challenge",                 NULL          },
    {"Ville du projet",                                  NULL          },
    {"Message",                                          NULL          },
    {"Title",                                            NULL          },
    {"日本語",                                        NULL          },
};

static void test_labels(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        const char *name;
        const enum known_label known = known_label(str_from(labels[i].label), &name);
        if (labels[i].name == NULL) {
            if (known != KNOWN_NOTHING)
                fail_msg("%s is known", labels[i].label);
            assert_null(name);
        } else {
            if (known != KNOWN_FIELD)
                fail_msg("%s is not known", labels[i].label);
            assert_string_equal(name, labels[i].name);
        }
    }
}

static void test_names_of_people(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        enum known_label known;
    } names[] = {
        {"Name",                                  KNOWN_NAME     },
        {"your-name",                             KNOWN_NAME     },
        {"What's your name?",                     KNOWN_NAME     },
        {"Nom",                                   KNOWN_NOM      },
        {"Votre nom *",                           KNOWN_NOM      },
        {"Nom complet",                           KNOWN_FULL_NAME},
        {"Nom & Prénom",                         KNOWN_FULL_NAME},
        {"Nom et prénom",                        KNOWN_FULL_NAME},
        {"What is your full name",                KNOWN_FULL_NAME},
        {"Hi! What's your name?",                 KNOWN_NAME     },
        {"Bonjour ! Comment vous appelez-vous ?", KNOWN_FULL_NAME},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *name;
        const enum known_label known = known_label(str_from(names[i].label), &name);
        if (known != names[i].known)
            fail_msg("%s: %d", names[i].label, (int)known);
        assert_null(name);
    }
}

/* A long label is cut by folding; what is left of it must not look like a short one. */
static void test_long_labels(void **state)
{
    (void)state;
    char label[2000];
    const char *name;
    memset(label, 'x', sizeof label);
    memcpy(label, "email ", 6);
    assert_int_equal(known_label(str_slice(label, sizeof label), &name), KNOWN_NOTHING);
    for (size_t i = 0; i < sizeof label; i++)
        label[i] = "votre "[i % 6];
    assert_int_equal(known_label(str_slice(label, sizeof label), &name), KNOWN_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_names_of_people),
        cmocka_unit_test(test_long_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
