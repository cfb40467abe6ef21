#include "domain/person_name.h"

#include "base/utf8.h"
#include "domain/fold.h"

/* Two letters or more, all of them capitals: how the French write the family name. */
static bool is_in_capitals(struct str word)
{
    size_t letters = 0;
    while (word.len > 0) {
        uint32_t code_point;
        const size_t bytes = utf8_decode(word, &code_point);
        if (bytes == 0) {
            return false;
        }
        const bool is_capital = fold_case(code_point) != code_point;
        if (!is_capital && code_point != '-' && code_point != '\'') {
            return false;
        }
        letters += is_capital ? 1 : 0;
        word = str_slice(word.data + bytes, word.len - bytes);
    }
    return letters >= 2;
}

/* How many bytes of the beginning are words in capitals. */
static size_t capitals_len(struct str name)
{
    size_t len = 0;
    size_t at = 0;
    struct str rest = name;
    while (rest.data != NULL) {
        const struct str word = str_cut(&rest, ' ');
        if (word.len > 0 && !is_in_capitals(word)) {
            break;
        }
        at += word.len;
        len = at;
        at++; /* the blank */
    }
    return len;
}

struct person_name person_name_split(struct str text)
{
    const struct str name = str_trim(text);
    const size_t capitals = capitals_len(name);
    const bool is_last_first = capitals > 0 && capitals < name.len;
    const char *blank = memchr(name.data, ' ', name.len);
    if (blank == NULL) {
        return (struct person_name){.first = name};
    }
    const size_t split = is_last_first ? capitals : (size_t)(blank - name.data);
    const struct str front = str_trim(str_slice(name.data, split));
    const struct str back = str_trim(str_slice(name.data + split, name.len - split));
    return (struct person_name){.first = is_last_first ? back : front,
                                .last = is_last_first ? front : back};
}
