/*
 * Lists of phrases, one list per meaning, over the folded words of a title (domain/fold.h). The
 * title is read from left to right; at each word the phrase that covers most words counts and is
 * stepped over, so a longer phrase is how an exception is said: "account executive" hides the
 * "executive" in it.
 *
 * In a phrase '*' stands for up to three words, none of which says "of" or
 * "to"; '^' and '$' for the title's beginning and end. Adding knowledge means adding a phrase here
 * and a title to the test.
 */
#include "domain/seniority.h"

#include <assert.h>
#include <limits.h>

#include "domain/fold.h"

enum { TITLE_WORDS_MAX = 40, WILDCARD_WORDS_MAX = 3 };

/* One phrase in each line would be seven hundred lines. */
/* clang-format off */

static const char *const executive_phrases[] = {
    /* English */
    "ceo", "cto", "cfo", "coo", "cmo", "cio", "ciso", "cso", "cpo", "chro", "cro", "cdo", "cco",
    "clo", "cgo", "cxo", "chief * officer", "chief executive", "chief operating", "chief financial",
    "c level", "c suite", "president", "presidents", "chairman", "chairwoman", "chairperson",
    "executive chair", "chair of the board", "board member", "member of the board",
    "member of the executive committee", "executive committee member", "executive board",
    "managing director", "executive director", "director general", "general director",
    "general manager", "general counsel", "secretary general", "general secretary", "founder",
    "cofounder", "founders", "owner", "managing partner", "general partner", "senior partner",
    "founding partner", "equity partner", "associate partner", "partner $", "principal partner",
    "entrepreneur", "business angel", "solopreneur", "boss", "^ executive $", "business executive",
    "senior executive", "sole trader", "^ md $", "shareholder",
    /* French */
    "pdg", "p dg", "^ dg", "^ dga", "^ dgs", "^ dgd", "^ dsi", "^ daf", "^ drh",
    "directeur general", "directrice generale", "directeurs generaux", "dir gen", "dir general",
    "dir generale", "^ direction generale", "directeur gerant", "directrice gerante",
    "directeur executif", "directrice executive", "directeur des systemes d information",
    "directrice des systemes d information", "directeur du systeme d information",
    "directrice du systeme d information", "directeur si", "directrice si",
    "directeur administratif et financier", "directrice administrative et financiere",
    "directeur des ressources humaines", "directrice des ressources humaines", "directeur rh",
    "directrice rh", "presidente", "copresident", "copresidente", "gerant", "gerante", "cogerant",
    "cogerante", "gerants", "fondateur", "fondatrice", "cofondateur", "cofondatrice", "fondateurs",
    "dirigeant", "dirigeante", "codirigeant", "codirigeante", "chef d entreprise",
    "cheffe d entreprise", "chefs d entreprise", "createur d entreprise", "creatrice d entreprise",
    "patron", "patronne", "entrepreneure", "entrepreneuse", "autoentrepreneur", "autoentrepreneuse",
    "micro entrepreneur", "associe", "associee", "proprietaire", "administrateur delegue",
    "administratrice deleguee", "administrateur general", "administratrice generale",
    "delegue general", "deleguee generale", "secretaire general", "secretaire generale",
    "membre du directoire", "membre du conseil d administration",
    "membre du conseil de surveillance", "membre du comex", "membre du codir", "membre comex",
    "membre codir", "membre du comite de direction", "membre du comite executif",
    "membre de la direction", "cadre dirigeant", "cadre dirigeante",
};

static const char *const vp_phrases[] = {
    "vp", "svp", "evp", "avp", "rvp", "gvp", "v p", "vice president", "vice presidente",
    "vicepresident", "vicepresidente", "assistant vice president", "vice presidents",
};

static const char *const director_phrases[] = {
    "director", "directors", "directeur", "directrice", "directeurs", "directrices", "dir",
    "codirecteur", "codirectrice", "codirector", "dircom", "dirco", "dirmark", "^ direction",
    "chief of staff", "non executive director", "assistant * director", "deputy managing director",
    "assistant general manager", "deputy general manager", "country manager", "company secretary",
    "dsi adjoint", "dsi adjointe", "daf adjoint", "daf adjointe", "drh adjoint", "drh adjointe",
    "dean", "doyen", "doyenne", "proviseur", "proviseure", "headmaster", "headmistress",
    "secretaire general adjoint", "secretaire generale adjointe",
};

static const char *const head_phrases[] = {
    "head", "heads", "assistant head", "chief", "in chief", "en chef", "chef de departement",
    "cheffe de departement", "chef du departement", "cheffe du departement", "chef de division",
    "cheffe de division", "chef de pole", "cheffe de pole", "chef de cabinet", "cheffe de cabinet",
    "managing editor", "department chair", "chair",
};

static const char *const manager_phrases[] = {
    /* English */
    "manager", "managers", "mgr", "lead", "leader", "leaders", "supervisor", "foreman", "forewoman",
    "kam", "csm", "managing consultant", "chief accountant", "assistant * manager",
    "assistant * supervisor", "superintendent", "team leader",
    /* French */
    "responsable", "responsables", "resp", "chef", "cheffe", "chefs", "cheffes", "manageur",
    "manageuse", "superviseur", "superviseuse", "superviseure", "contremaitre", "agent de maitrise",
    "cadre de sante", "encadrant", "encadrante", "rssi", "conducteur de travaux",
    "conductrice de travaux", "adjoint au directeur", "adjointe au directeur",
    "adjoint du directeur", "adjointe du directeur", "adjoint a la directrice",
    "adjointe a la directrice", "adjoint de la directrice", "adjointe de la directrice",
    "adjoint de direction", "adjointe de direction", "gerant de portefeuille",
    "gerante de portefeuille", "gerant de portefeuilles", "gerant de fonds", "gerante de fonds",
};

static const char *const staff_phrases[] = {
    /* Traps: words of a higher rank inside */
    "account executive", "sales executive", "marketing executive", "executive search", "executive",
    "executives", "officer", "product owner", "process owner", "service owner", "data owner",
    "business partner", "hr partner", "talent partner", "acquisition partner", "success partner",
    "channel partner", "strategic partner", "hrbp", "people partner", "finance partner",
    "head hunter", "headhunter", "assistant professor", "assistant editor", "managing clerk",
    "attache de direction", "attachee de direction", "administrateur systeme",
    "administrateur reseau",
    /* English */
    "engineer", "engineers", "consultant", "consultants", "developer", "developers", "programmer",
    "analyst", "analysts", "technician", "accountant", "bookkeeper", "representative",
    "representatives", "rep", "sdr", "bdr", "salesperson", "salesman", "saleswoman", "^ sales $",
    "inside sales", "field sales", "designer", "writer", "copywriter", "editor", "journalist",
    "reporter", "architect", "administrator", "advisor", "adviser", "agent", "operator", "employee",
    "worker", "specialist", "expert", "coordinator", "clerk", "recruiter", "buyer", "trader",
    "auditor", "lawyer", "attorney", "counsel", "solicitor", "paralegal", "nurse", "doctor",
    "physician", "pharmacist", "teacher", "professor", "lecturer", "trainer", "coach", "researcher",
    "scientist", "webmaster", "devops", "scrum master", "marketer", "growth hacker", "planner",
    "merchandiser", "controller", "freelance", "freelancer", "self employed", "associate",
    "associates", "staff", "receptionist", "driver", "hostess", "translator", "librarian",
    "photographer", "strategist", "evangelist", "advocate", "tester", "economist", "statistician",
    "underwriter", "broker", "banker", "cashier", "mechanic", "electrician", "dpo", "contractor",
    "team member",
    /* French */
    "ingenieur", "ingenieure", "ingenieurs", "ing", "consultante", "developpeur", "developpeuse",
    "developpeure", "programmeur", "programmeuse", "analyste", "technicien", "technicienne",
    "charge", "chargee", "charges", "comptable", "commercial", "commerciale", "commerciaux",
    "technico commercial", "technico commerciale", "vendeur", "vendeuse", "atc", "graphiste",
    "redacteur", "redactrice", "journaliste", "architecte", "administrateur", "administratrice",
    "gestionnaire", "conseiller", "conseillere", "conseil", "agente", "operateur", "operatrice",
    "employe", "salarie", "salariee", "collaborateur", "collaboratrice", "specialiste", "experte",
    "coordinateur", "coordinatrice", "coordonnateur", "coordonnatrice", "recruteur", "recruteuse",
    "acheteur", "acheteuse", "auditeur", "auditrice", "juriste", "avocat", "avocate", "notaire",
    "medecin", "infirmier", "infirmiere", "pharmacien", "pharmacienne", "enseignant", "enseignante",
    "professeur", "professeure", "prof", "formateur", "formatrice", "chercheur", "chercheuse",
    "chercheure", "scientifique", "webmestre", "attache", "attachee", "ouvrier", "ouvriere",
    "chauffeur", "chauffeuse", "hote", "hotesse", "teleconseiller", "teleconseillere",
    "televendeur", "televendeuse", "controleur", "controleuse", "independant", "independante",
    "fonctionnaire", "cadre", "delegue", "deleguee", "animateur", "animatrice", "traducteur",
    "traductrice", "concepteur", "conceptrice", "dessinateur", "dessinatrice", "preparateur",
    "preparatrice", "magasinier", "magasiniere", "documentaliste", "economiste", "statisticien",
    "statisticienne", "actuaire", "informaticien", "informaticienne", "photographe", "courtier",
    "courtiere", "banquier", "banquiere", "caissier", "caissiere", "mecanicien", "mecanicienne",
    "electricien", "electricienne", "facteur", "factrice", "preventeur", "preventrice", "referent",
    "referente", "chroniqueur",
};

/* Whoever assists, staff: ranks beside it are somebody else's. */
static const char *const subordinate_phrases[] = {
    "assistant", "assistante", "assistants", "assistantes", "secretaire", "secretary", "pa to",
    "ea to", "aide", "conseiller du", "conseillere du", "conseiller de la direction",
    "collaborateur du", "collaboratrice du", "advisor to", "adviser to",
};

static const char *const student_phrases[] = {
    "student", "students", "etudiant", "etudiante", "etudiants", "stagiaire", "stagiaires",
    "alternant", "alternante", "alternants", "en alternance", "^ alternance", "apprenti",
    "apprentie", "apprentis", "apprentice", "en apprentissage", "intern", "internship", "en stage",
    "^ stage $", "stage de fin d etudes", "trainee", "werkstudent", "undergraduate", "doctorant",
    "doctorante", "phd candidate", "mba candidate", "contrat de professionnalisation", "eleve",
    "lyceen", "lyceenne",
};

/* Words that look like a rank and are none here. */
static const char *const neutral_phrases[] = {
    "lead generation", "lead gen", "lead management", "lead nurturing", "lead qualification",
    "lead acquisition", "head office", "cadre de vie", "of student", "of students", "for students",
    "des etudiants", "d etudiants", "aux etudiants", "des alternants", "des stagiaires",
    "des apprentis", "d apprentis", "d alternants", "de stagiaires", "relations etudiants",
    "intern program", "internship program", "internship programs", "internship programme",
    "student affairs", "student services", "student success", "student life", "student recruitment",
    "student experience", "student support", "student engagement", "student relations",
    "student housing", "student office", "student union", "student advisor", "student adviser",
    "student counselor", "student counsellor", "student loan", "student loans", "student marketing",
    "student programs", "student programmes", "of the ceo", "of the president", "of the director",
    "of the board", "du pdg", "du dg", "du president", "de la presidente", "du directeur",
    "de la directrice", "du directeur general", "de la directrice generale", "du gerant",
    "de la gerante", "des dirigeants", "de dirigeants", "des directeurs", "du fondateur",
    "go to market",
};

/* What follows is the company, somebody else, or the past. */
static const char *const stop_phrases[] = {
    "at", "chez", "to the", "to ceo", "reporting to", "aupres", "rattache", "rattachee", "ex",
    "former", "formerly", "previously", "ancien", "ancienne", "anciennement",
};

/* clang-format on */

enum effect { EFFECT_RANK, EFFECT_SUBORDINATE, EFFECT_NEUTRAL, EFFECT_STOP };

static const struct phrase_group {
    const char *const *phrases;
    size_t count;
    enum effect effect;
    enum seniority rank; /* for EFFECT_RANK */
} groups[] = {
    {executive_phrases,   ARRAY_LEN(executive_phrases),   EFFECT_RANK,        SENIORITY_EXECUTIVE},
    {vp_phrases,          ARRAY_LEN(vp_phrases),          EFFECT_RANK,        SENIORITY_VP       },
    {director_phrases,    ARRAY_LEN(director_phrases),    EFFECT_RANK,        SENIORITY_DIRECTOR },
    {head_phrases,        ARRAY_LEN(head_phrases),        EFFECT_RANK,        SENIORITY_HEAD     },
    {manager_phrases,     ARRAY_LEN(manager_phrases),     EFFECT_RANK,        SENIORITY_MANAGER  },
    {staff_phrases,       ARRAY_LEN(staff_phrases),       EFFECT_RANK,        SENIORITY_STAFF    },
    {student_phrases,     ARRAY_LEN(student_phrases),     EFFECT_RANK,        SENIORITY_STUDENT  },
    {subordinate_phrases, ARRAY_LEN(subordinate_phrases), EFFECT_SUBORDINATE, SENIORITY_UNKNOWN  },
    {neutral_phrases,     ARRAY_LEN(neutral_phrases),     EFFECT_NEUTRAL,     SENIORITY_UNKNOWN  },
    {stop_phrases,        ARRAY_LEN(stop_phrases),        EFFECT_STOP,        SENIORITY_UNKNOWN  },
};

struct title {
    char text[SENIORITY_TITLE_BYTES_MAX];
    struct str words[TITLE_WORDS_MAX];
    size_t count;
};

static bool is_one_of(struct str word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(word, list[i])) {
            return true;
        }
    }
    return false;
}

/* What is left of an inclusive ending: directeur·rice, chef(fe), président-e, technicien.ne.s. */
static bool is_inclusive_ending(struct str word)
{
    static const char *const endings[] = {"e",   "es",   "s",   "rice", "rices", "trice", "trices",
                                          "fe",  "fes",  "ne",  "nes",  "euse",  "euses", "esse",
                                          "ere", "eres", "ale", "iere", "ieres", "le",    "te"};
    return is_one_of(word, endings, ARRAY_LEN(endings));
}

static void title_read(struct title *title, struct str job_title)
{
    size_t len = fold_words(job_title, title->text, sizeof title->text);
    struct str rest = str_slice(title->text, len);
    title->count = 0;
    while (rest.data != NULL && title->count < TITLE_WORDS_MAX) {
        struct str word = str_cut(&rest, ' ');
        if (word.len > 0 && (title->count == 0 || !is_inclusive_ending(word))) {
            title->words[title->count++] = word;
        }
    }
}

static bool is_link_word(struct str word)
{
    static const char *const links[] = {"of", "to",  "for", "at", "de",
                                        "du", "des", "d",   "la", "au"};
    return is_one_of(word, links, ARRAY_LEN(links));
}

/* Where the words of `phrase` end when they begin at word `at` of the title; 0 when they do not.
 * The recursion is as deep as a phrase has words. */
static size_t phrase_match(struct str phrase, const struct title *title, size_t at)
{
    bool is_word = phrase.data[0] >= 'a';
    if (is_word && at < title->count && phrase.data[0] != title->words[at].data[0]) {
        return 0; /* most phrases leave here */
    }
    struct str rest = phrase;
    struct str word = str_cut(&rest, ' ');
    if (str_is(word, "*")) {
        for (size_t skipped = 0; skipped <= WILDCARD_WORDS_MAX && at + skipped < title->count;
             skipped++) {
            size_t end = phrase_match(rest, title, at + skipped);
            if (end > 0) {
                return end;
            }
            if (is_link_word(title->words[at + skipped])) {
                return 0;
            }
        }
        return 0;
    }
    if (str_is(word, "$")) {
        return at == title->count ? at : 0;
    }
    if (str_is(word, "^")) {
        return at == 0 ? phrase_match(rest, title, at) : 0;
    }
    if (at == title->count || !str_eq(word, title->words[at])) {
        return 0;
    }
    return rest.data == NULL ? at + 1 : phrase_match(rest, title, at + 1);
}

/* The phrase that covers most words from a word of the title on. */
struct match {
    const struct phrase_group *group; /* NULL: none */
    size_t end;
};

/* Which bytes a phrase may begin with to be in the title at all. */
static void beginnings_of(const struct title *title, bool ret_is_beginning[static UCHAR_MAX + 1])
{
    for (unsigned byte = 0; byte <= UCHAR_MAX; byte++) {
        ret_is_beginning[byte] = byte < 'a'; /* '*', '^', a digit */
    }
    for (size_t i = 0; i < title->count; i++) {
        ret_is_beginning[(unsigned char)title->words[i].data[0]] = true;
    }
}

/* Every submission and every contact that is shown comes here: most of the hundreds of phrases must
 * leave at their first letter. */
static void phrases_find(const struct title *title, struct match matches[static TITLE_WORDS_MAX])
{
    bool is_beginning[UCHAR_MAX + 1];
    beginnings_of(title, is_beginning);
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        for (size_t p = 0; p < groups[g].count; p++) {
            const char *text = groups[g].phrases[p];
            if (!is_beginning[(unsigned char)text[0]]) {
                continue;
            }
            const struct str phrase = str_from(text);
            for (size_t at = 0; at < title->count; at++) {
                size_t end = phrase_match(phrase, title, at);
                if (end > matches[at].end) {
                    matches[at] = (struct match){.group = &groups[g], .end = end};
                }
            }
        }
    }
}

enum seniority seniority_of(struct str job_title)
{
    struct title title;
    title_read(&title, job_title);
    struct match matches[TITLE_WORDS_MAX] = {{.group = NULL}};
    phrases_find(&title, matches);
    enum seniority highest = SENIORITY_UNKNOWN;
    bool is_student = false;
    bool is_subordinate = false;
    for (size_t at = 0; at < title.count;) {
        const struct phrase_group *group = matches[at].group;
        if (group == NULL) {
            at++;
            continue;
        }
        if (group->effect == EFFECT_STOP) {
            break;
        }
        is_subordinate = is_subordinate || group->effect == EFFECT_SUBORDINATE;
        if (group->effect == EFFECT_RANK) {
            is_student = is_student || group->rank == SENIORITY_STUDENT;
            highest = group->rank > highest ? group->rank : highest;
        }
        at = matches[at].end;
    }
    if (is_student) {
        return SENIORITY_STUDENT;
    }
    return is_subordinate ? SENIORITY_STAFF : highest;
}

const char *seniority_name(enum seniority seniority)
{
    static const char *const names[] = {
        [SENIORITY_UNKNOWN] = "unknown", [SENIORITY_STUDENT] = "student",
        [SENIORITY_STAFF] = "staff",     [SENIORITY_MANAGER] = "manager",
        [SENIORITY_HEAD] = "head",       [SENIORITY_DIRECTOR] = "director",
        [SENIORITY_VP] = "vp",           [SENIORITY_EXECUTIVE] = "executive",
    };
    static_assert(ARRAY_LEN(names) == SENIORITY_COUNT_, "a name for each");
    assert(seniority >= SENIORITY_UNKNOWN && seniority < SENIORITY_COUNT_);
    return names[seniority];
}
