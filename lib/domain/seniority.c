/*
 * Lists of phrases, one list per meaning, over the folded words of a title (domain/fold.h). The
 * title is read from left to right; at each word the phrase that covers most words counts and is
 * stepped over, so a longer phrase is how an exception is said: "account executive" hides the
 * "executive" in it.
 *
 * In a phrase '*' stands for up to three words, none of which says "of" or
 * "to"; '^' and '$' for the title's beginning and end. Adding knowledge means adding a phrase here,
 * where the order of bytes puts it, and a title to the test.
 */
#include "domain/seniority.h"

#include <assert.h>

#include "domain/fold.h"

enum { TITLE_WORDS_MAX = 40, WILDCARD_WORDS_MAX = 3 };

/* One phrase in each line would be seven hundred lines. */
/* clang-format off */

static const char *const executive_phrases[] = {
    "^ daf", "^ dg", "^ dga", "^ dgd", "^ dgs", "^ direction generale", "^ drh", "^ dsi",
    "^ executive $", "^ md $", "administrateur delegue", "administrateur general",
    "administratrice deleguee", "administratrice generale", "associate partner", "associe",
    "associee", "autoentrepreneur", "autoentrepreneuse", "board member", "boss", "business angel",
    "business executive", "c level", "c suite", "cadre dirigeant", "cadre dirigeante", "cco", "cdo",
    "ceo", "cfo", "cgo", "chair of the board", "chairman", "chairperson", "chairwoman",
    "chef d entreprise", "cheffe d entreprise", "chefs d entreprise", "chief * officer",
    "chief executive", "chief financial", "chief operating", "chro", "cio", "ciso", "clo", "cmo",
    "codirigeant", "codirigeante", "cofondateur", "cofondatrice", "cofounder", "cogerant",
    "cogerante", "coo", "copresident", "copresidente", "cpo", "createur d entreprise",
    "creatrice d entreprise", "cro", "cso", "cto", "cxo", "delegue general", "deleguee generale",
    "dir gen", "dir general", "dir generale", "directeur administratif et financier",
    "directeur des ressources humaines", "directeur des systemes d information",
    "directeur du systeme d information", "directeur executif", "directeur general",
    "directeur gerant", "directeur rh", "directeur si", "directeurs generaux", "director general",
    "directrice administrative et financiere", "directrice des ressources humaines",
    "directrice des systemes d information", "directrice du systeme d information",
    "directrice executive", "directrice generale", "directrice gerante", "directrice rh",
    "directrice si", "dirigeant", "dirigeante", "entrepreneur", "entrepreneure", "entrepreneuse",
    "equity partner", "executive board", "executive chair", "executive committee member",
    "executive director", "fondateur", "fondateurs", "fondatrice", "founder", "founders",
    "founding partner", "general counsel", "general director", "general manager", "general partner",
    "general secretary", "gerant", "gerante", "gerants", "managing director", "managing partner",
    "member of the board", "member of the executive committee", "membre codir", "membre comex",
    "membre de la direction", "membre du codir", "membre du comex", "membre du comite de direction",
    "membre du comite executif", "membre du conseil d administration",
    "membre du conseil de surveillance", "membre du directoire", "micro entrepreneur", "owner",
    "p dg", "partner $", "patron", "patronne", "pdg", "president", "presidente", "presidents",
    "principal partner", "proprietaire", "secretaire general", "secretaire generale",
    "secretary general", "senior executive", "senior partner", "shareholder", "sole trader",
    "solopreneur",
};

static const char *const vp_phrases[] = {
    "assistant vice president", "avp", "evp", "gvp", "rvp", "svp", "v p", "vice president",
    "vice presidente", "vice presidents", "vicepresident", "vicepresidente", "vp",
};

static const char *const director_phrases[] = {
    "^ direction", "assistant * director", "assistant general manager", "chief of staff",
    "codirecteur", "codirector", "codirectrice", "company secretary", "country manager",
    "daf adjoint", "daf adjointe", "dean", "deputy general manager", "deputy managing director",
    "dir", "dirco", "dircom", "directeur", "directeurs", "director", "directors", "directrice",
    "directrices", "dirmark", "doyen", "doyenne", "drh adjoint", "drh adjointe", "dsi adjoint",
    "dsi adjointe", "headmaster", "headmistress", "non executive director", "proviseur",
    "proviseure", "secretaire general adjoint", "secretaire generale adjointe",
};

static const char *const head_phrases[] = {
    "assistant head", "chair", "chef de cabinet", "chef de departement", "chef de division",
    "chef de pole", "chef du departement", "cheffe de cabinet", "cheffe de departement",
    "cheffe de division", "cheffe de pole", "cheffe du departement", "chief", "department chair",
    "en chef", "head", "heads", "in chief", "managing editor",
};

static const char *const manager_phrases[] = {
    "adjoint a la directrice", "adjoint au directeur", "adjoint de direction",
    "adjoint de la directrice", "adjoint du directeur", "adjointe a la directrice",
    "adjointe au directeur", "adjointe de direction", "adjointe de la directrice",
    "adjointe du directeur", "agent de maitrise", "assistant * manager", "assistant * supervisor",
    "cadre de sante", "chef", "cheffe", "cheffes", "chefs", "chief accountant",
    "conducteur de travaux", "conductrice de travaux", "contremaitre", "csm", "encadrant",
    "encadrante", "foreman", "forewoman", "gerant de fonds", "gerant de portefeuille",
    "gerant de portefeuilles", "gerante de fonds", "gerante de portefeuille", "kam", "lead",
    "leader", "leaders", "manager", "managers", "manageur", "manageuse", "managing consultant",
    "mgr", "resp", "responsable", "responsables", "rssi", "superintendent", "superviseur",
    "superviseure", "superviseuse", "supervisor", "team leader",
};

/* With traps: words of a higher rank inside. */
static const char *const staff_phrases[] = {
    "^ sales $", "account executive", "accountant", "acheteur", "acheteuse", "acquisition partner",
    "actuaire", "administrateur", "administrateur reseau", "administrateur systeme",
    "administrator", "administratrice", "adviser", "advisor", "advocate", "agent", "agente",
    "analyst", "analyste", "analysts", "animateur", "animatrice", "architect", "architecte",
    "assistant editor", "assistant professor", "associate", "associates", "atc", "attache",
    "attache de direction", "attachee", "attachee de direction", "attorney", "auditeur", "auditor",
    "auditrice", "avocat", "avocate", "banker", "banquier", "banquiere", "bdr", "bookkeeper",
    "broker", "business partner", "buyer", "cadre", "caissier", "caissiere", "cashier",
    "channel partner", "charge", "chargee", "charges", "chauffeur", "chauffeuse", "chercheur",
    "chercheure", "chercheuse", "chroniqueur", "clerk", "coach", "collaborateur", "collaboratrice",
    "commercial", "commerciale", "commerciaux", "comptable", "concepteur", "conceptrice", "conseil",
    "conseiller", "conseillere", "consultant", "consultante", "consultants", "contractor",
    "controleur", "controleuse", "controller", "coordinateur", "coordinator", "coordinatrice",
    "coordonnateur", "coordonnatrice", "copywriter", "counsel", "courtier", "courtiere",
    "data owner", "delegue", "deleguee", "designer", "dessinateur", "dessinatrice", "developer",
    "developers", "developpeur", "developpeure", "developpeuse", "devops", "doctor",
    "documentaliste", "dpo", "driver", "economist", "economiste", "editor", "electrician",
    "electricien", "electricienne", "employe", "employee", "engineer", "engineers", "enseignant",
    "enseignante", "evangelist", "executive", "executive search", "executives", "expert", "experte",
    "facteur", "factrice", "field sales", "finance partner", "fonctionnaire", "formateur",
    "formatrice", "freelance", "freelancer", "gestionnaire", "graphiste", "growth hacker",
    "head hunter", "headhunter", "hostess", "hote", "hotesse", "hr partner", "hrbp", "independant",
    "independante", "infirmier", "infirmiere", "informaticien", "informaticienne", "ing",
    "ingenieur", "ingenieure", "ingenieurs", "inside sales", "journalist", "journaliste", "juriste",
    "lawyer", "lecturer", "librarian", "magasinier", "magasiniere", "managing clerk", "marketer",
    "marketing executive", "mecanicien", "mecanicienne", "mechanic", "medecin", "merchandiser",
    "notaire", "nurse", "officer", "operateur", "operator", "operatrice", "ouvrier", "ouvriere",
    "paralegal", "people partner", "pharmacien", "pharmacienne", "pharmacist", "photographe",
    "photographer", "physician", "planner", "preparateur", "preparatrice", "preventeur",
    "preventrice", "process owner", "product owner", "prof", "professeur", "professeure",
    "professor", "programmer", "programmeur", "programmeuse", "receptionist", "recruiter",
    "recruteur", "recruteuse", "redacteur", "redactrice", "referent", "referente", "rep",
    "reporter", "representative", "representatives", "researcher", "salarie", "salariee",
    "sales executive", "salesman", "salesperson", "saleswoman", "scientifique", "scientist",
    "scrum master", "sdr", "self employed", "service owner", "solicitor", "specialist",
    "specialiste", "staff", "statistician", "statisticien", "statisticienne", "strategic partner",
    "strategist", "success partner", "talent partner", "teacher", "team member", "technician",
    "technicien", "technicienne", "technico commercial", "technico commerciale", "teleconseiller",
    "teleconseillere", "televendeur", "televendeuse", "tester", "trader", "traducteur",
    "traductrice", "trainer", "translator", "underwriter", "vendeur", "vendeuse", "webmaster",
    "webmestre", "worker", "writer",
};

/* Whoever assists, staff: ranks beside it are somebody else's. */
static const char *const subordinate_phrases[] = {
    "adviser to", "advisor to", "aide", "assistant", "assistante", "assistantes", "assistants",
    "collaborateur du", "collaboratrice du", "conseiller de la direction", "conseiller du",
    "conseillere du", "ea to", "pa to", "secretaire", "secretary",
};

static const char *const student_phrases[] = {
    "^ alternance", "^ stage $", "alternant", "alternante", "alternants", "apprenti", "apprentice",
    "apprentie", "apprentis", "contrat de professionnalisation", "doctorant", "doctorante", "eleve",
    "en alternance", "en apprentissage", "en stage", "etudiant", "etudiante", "etudiants", "intern",
    "internship", "lyceen", "lyceenne", "mba candidate", "phd candidate", "stage de fin d etudes",
    "stagiaire", "stagiaires", "student", "students", "trainee", "undergraduate", "werkstudent",
};

/* Words that look like a rank and are none here. */
static const char *const neutral_phrases[] = {
    "aux etudiants", "cadre de vie", "d alternants", "d apprentis", "d etudiants", "de dirigeants",
    "de la directrice", "de la directrice generale", "de la gerante", "de la presidente",
    "de stagiaires", "des alternants", "des apprentis", "des directeurs", "des dirigeants",
    "des etudiants", "des stagiaires", "du dg", "du directeur", "du directeur general",
    "du fondateur", "du gerant", "du pdg", "du president", "for students", "go to market",
    "head office", "intern program", "internship program", "internship programme",
    "internship programs", "lead acquisition", "lead gen", "lead generation", "lead management",
    "lead nurturing", "lead qualification", "of student", "of students", "of the board",
    "of the ceo", "of the director", "of the president", "relations etudiants", "student adviser",
    "student advisor", "student affairs", "student counsellor", "student counselor",
    "student engagement", "student experience", "student housing", "student life", "student loan",
    "student loans", "student marketing", "student office", "student programmes",
    "student programs", "student recruitment", "student relations", "student services",
    "student success", "student support", "student union",
};

/* What follows is the company, somebody else, or the past. */
static const char *const stop_phrases[] = {
    "ancien", "ancienne", "anciennement", "at", "aupres", "chez", "ex", "former", "formerly",
    "previously", "rattache", "rattachee", "reporting to", "to ceo", "to the",
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

static void match_from(const struct phrase_group *group, size_t begin, char first,
                       const struct title *title, size_t at, struct match *match)
{
    for (size_t p = begin; p < group->count && group->phrases[p][0] == first; p++) {
        const size_t end = phrase_match(str_from(group->phrases[p]), title, at);
        if (end > match->end) {
            *match = (struct match){.group = group, .end = end};
        }
    }
}

/* Where phrases that begin with `first` would be: the first that is not before it. */
static size_t group_find(const struct phrase_group *group, char first)
{
    size_t begin = 0;
    size_t end = group->count;
    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;
        if (group->phrases[middle][0] < first) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

/* Every submission and every contact that is shown comes here: only the phrases with the first
 * letter of a word are looked at, and those that begin with the title. */
static void phrases_find(const struct title *title, struct match matches[static TITLE_WORDS_MAX])
{
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        match_from(&groups[g], group_find(&groups[g], '^'), '^', title, 0, &matches[0]);
        for (size_t at = 0; at < title->count; at++) {
            const char first = title->words[at].data[0];
            match_from(&groups[g], group_find(&groups[g], first), first, title, at, &matches[at]);
        }
    }
}

bool seniority_is_in_order(void)
{
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        for (size_t p = 1; p < groups[g].count; p++) {
            if (strcmp(groups[g].phrases[p - 1], groups[g].phrases[p]) >= 0) {
                return false;
            }
        }
    }
    return true;
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
