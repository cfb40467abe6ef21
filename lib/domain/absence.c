#include "domain/absence.h"

enum { STAND_INS_MAX = 8 };

const struct absence *absence_of(const struct catalog *catalog, struct uuid member_id,
                                 int64_t at_us)
{
    size_t count;
    const struct absence *const *absences = catalog_absences(catalog, &count);
    size_t low = 0;
    for (size_t high = count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (uuid_compare(absences[middle]->member_id, member_id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct absence *found = NULL;
    for (; low < count && uuid_eq(absences[low]->member_id, member_id); low++) {
        const struct absence *absence = absences[low];
        const bool is_on = absence->from_us <= at_us && at_us < absence->to_us;
        if (is_on && (found == NULL || found->to_us < absence->to_us)) {
            found = absence;
        }
    }
    return found;
}

bool member_is_there(const struct catalog *catalog, const struct member *member, int64_t at_us)
{
    return member->is_active && absence_of(catalog, member->id, at_us) == NULL;
}

const struct member *absence_stand_in(const struct catalog *catalog, struct uuid member_id,
                                      int64_t at_us)
{
    for (int i = 0; i < STAND_INS_MAX; i++) {
        const struct absence *absence = absence_of(catalog, member_id, at_us);
        const struct member *substitute =
            absence != NULL ? catalog_member(catalog, absence->substitute_id) : NULL;
        if (substitute == NULL || !substitute->is_active) {
            return NULL;
        }
        if (absence_of(catalog, substitute->id, at_us) == NULL) {
            return substitute;
        }
        member_id = substitute->id;
    }
    return NULL; /* they stand in for each other */
}
