#include "domain/domain_list.h"

#include <assert.h>

#include "base/embedded_file.h"

extern const struct embedded_file domain_lists[];
extern const size_t domain_lists_count;

static struct str text_of(const char *list)
{
    for (size_t i = 0; i < domain_lists_count; i++) {
        struct str name = str_from(domain_lists[i].name);
        if (str_is(str_cut(&name, '.'), list)) {
            return embedded_file_text(&domain_lists[i]);
        }
    }
    assert(false);
    return (struct str){.data = NULL};
}

/* Lines are sorted, so they are halved where they lie, by bytes: no index has to be built, or to be
 * kept in memory of its own. [begin, end) always begins and ends between two lines. */
struct str domain_list_find(const char *list, struct str key)
{
    const struct str text = text_of(list);
    size_t begin = 0;
    size_t end = text.len;
    while (begin < end) {
        size_t at = begin + (end - begin) / 2;
        while (at > begin && text.data[at - 1] != '\n') {
            at--;
        }
        struct str rest = str_slice(text.data + at, end - at);
        struct str word = str_cut(&rest, '\n');
        const size_t next = at + word.len + 1;
        const struct str line_key = str_cut(&word, ' ');
        const int order = str_compare(key, line_key);
        if (order == 0) {
            return word.data != NULL ? word : STR_LITERAL("");
        }
        if (order < 0) {
            end = at;
        } else {
            begin = next;
        }
    }
    return (struct str){.data = NULL};
}
