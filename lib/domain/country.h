/*
 * Countries by their ISO 3166-1 alpha-2 codes, and by what people call them in seven languages.
 * cmake/lists says where the names come from. No more than that: no regions, no phone prefixes, no
 * history.
 *
 * Reading only; thread-safe; nothing to initialise. Codes returned point into the program.
 */
#pragma once

#include "base/str.h"

/* The code as ISO writes it ("FR") of a code in any case ("fr"); absent when there is no such
 * country. */
struct str country_of_code(struct str text);

/* The code of a code, an alpha-3 code or a name, however written: "fra", "Allemagne", "CÔTE
 * D'IVOIRE", "U.S.A.". Absent when it is none we know, or the name of two. */
struct str country_of_name(struct str text);
