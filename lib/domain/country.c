#include "domain/country.h"

#include "domain/domain_list.h"
#include "domain/fold.h"

enum { CODE_LETTERS = 2, NAME_BYTES_MAX = 128 /* a longer one is not known */ };

struct str country_of_name(struct str text)
{
    char key[NAME_BYTES_MAX];
    if (text.len >= sizeof key) {
        return (struct str){.data = NULL};
    }
    const size_t len = fold_words(text, key, sizeof key);
    for (size_t i = 0; i < len; i++) {
        key[i] = key[i] == ' ' ? '-' : key[i];
    }
    return domain_list_find("countries", str_slice(key, len));
}

struct str country_of_code(struct str text)
{
    const struct str code = text.len == CODE_LETTERS ? country_of_name(text)
                                                     : (struct str){.data = NULL};
    /* "UK" is how people call it, and not its code. */
    return str_eq_nocase(code, text) ? code : (struct str){.data = NULL};
}
