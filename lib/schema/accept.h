/*
 * What a client would like best: the weights that Accept headers share (RFC 9110 section 12.4.2),
 * and Accept-Language reduced to the two languages that Relais speaks to people.
 */
#pragma once

#include "base/str.h"

enum language { LANGUAGE_FR, LANGUAGE_EN, LANGUAGE_COUNT_ };

extern const char *const language_names[]; /* "fr", "en": also the values of `lang` in HTML */

/* The weight among the parameters of one range ("q=0.5", what stands behind its first ';'), 0…1; 1
 * without one or when it makes no sense. */
double accept_weight(struct str parameters);

/* The language with the greatest weight, the first named of several; a regional one ("fr-CA")
 * counts as its language. `fallback` when the header is absent or names neither, and where it says
 * that any will do. */
enum language accept_language(struct str header, enum language fallback);
