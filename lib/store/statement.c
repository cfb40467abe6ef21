#include "store/statement.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/embedded_file.h"

extern const struct embedded_file sql_files[];
extern const size_t sql_files_count;

static const char *const names[] = {
#define STATEMENT_NAME(name, file) [STATEMENT_##name] = #file,
    STATEMENTS(STATEMENT_NAME)
#undef STATEMENT_NAME
};

const char *statement_name(enum statement statement)
{
    return names[statement];
}

const char *statement_text(enum statement statement)
{
    const struct str name = str_from(names[statement]);
    for (size_t i = 0; i < sql_files_count; i++) {
        const struct str file = str_from(sql_files[i].name);
        if (file.len == name.len + 4 && str_starts_with(file, names[statement])) {
            return sql_files[i].data;
        }
    }
    (void)fprintf(stderr, "lib/store/sql/%s.sql was not built in\n", names[statement]);
    abort();
}
