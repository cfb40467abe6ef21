/*
 * How far up somebody is, read off a job title in French or English.
 *
 * It follows the words of the title, not what a person's power may be behind it:
 * - executive: runs the company or a seat of its board: CEO, CTO and the like, PDG, DG, gérant,
 *   fondatrice, présidente, associé, owner, managing director, general manager; DSI, DAF and DRH
 *   (spelled out too) are the French CIO, CFO and CHRO
 * - vp: vice president of any kind
 * - director: directeur, director, deputies of theirs included; chief of staff
 * - head: head of, chief without "officer", chef de département, en chef
 * - manager: manager, responsable, chef de (projet, produit, service …), lead, supervisor: French
 *   "responsable" and "chef" lead something, be it a team or a product
 * - staff: a named trade: ingénieure, consultant, account executive, chargé de, assistante
 * - student: studies or learns: étudiant, stagiaire, alternante, apprentice, intern
 * - unknown: nothing, or nothing recognised
 *
 * Case, accents, hyphens and inclusive spellings (directeur·rice, président(e)) do not matter. Who
 * assists somebody is staff, whoever that is ("Assistant to the CEO"); who studies is a student,
 * whatever else they are; of several ranks the highest counts ("Fondateur et consultant").
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

/* In rising order, so that ranks compare. */
enum seniority {
    SENIORITY_UNKNOWN,
    SENIORITY_STUDENT,
    SENIORITY_STAFF,
    SENIORITY_MANAGER,
    SENIORITY_HEAD,
    SENIORITY_DIRECTOR,
    SENIORITY_VP,
    SENIORITY_EXECUTIVE,
    SENIORITY_COUNT_
};

enum {
    SENIORITY_TITLE_BYTES_MAX = 256
}; /* after folding; the rest of a longer title is not read */

/* Absent, empty or unrecognised: SENIORITY_UNKNOWN. Allocates nothing, thread-safe. */
enum seniority seniority_of(struct str job_title);

/* "executive", "vp" …: the value of the attribute in rules. Static. */
const char *seniority_name(enum seniority seniority);

/* Whether the phrases are in the order that looking them up relies on: for the test. */
bool seniority_is_in_order(void);
