#include "base/html.h"

void html_text(struct buf *out, struct str text)
{
    size_t plain = 0; /* where the bytes begin that stay as they are */
    for (size_t i = 0; i < text.len; i++) {
        const char *entity = NULL;
        switch (text.data[i]) {
        case '&':
            entity = "&amp;";
            break;
        case '<':
            entity = "&lt;";
            break;
        case '>':
            entity = "&gt;";
            break;
        case '"':
            entity = "&quot;";
            break;
        case '\'':
            entity = "&#39;";
            break;
        default:
            continue;
        }
        buf_append(out, text.data + plain, i - plain);
        buf_append_text(out, entity);
        plain = i + 1;
    }
    if (text.len > plain)
        buf_append(out, text.data + plain, text.len - plain);
}

void html_attribute(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, " %s=\"", name);
    html_text(out, value);
    buf_append_char(out, '"');
}
