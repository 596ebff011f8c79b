#include "common/html_text.h"

#include "common/json_out.h"

#define REPLACEMENT "\xef\xbf\xbd"

// Controls, what reorders or hides text around it (U+200B–F, U+202A–E, U+2060–9, U+FEFF), no characters.
static bool misleads(const unsigned char *c, size_t n, bool keeps_lines)
{
    if (n == 1) {
        return (c[0] < ' ' && !(keeps_lines && (c[0] == '\t' || c[0] == '\n'))) || c[0] == 0x7f;
    }
    if (n == 2) {
        return c[0] == 0xc2 && c[1] < 0xa0;
    }
    if (n != 3) {
        return false;
    }
    bool is_mark = c[0] == 0xe2 && c[1] == 0x80 &&
                   ((c[2] >= 0x8b && c[2] <= 0x8f) || (c[2] >= 0xaa && c[2] <= 0xae));
    bool is_isolate = c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa0 && c[2] <= 0xa9;
    bool is_byte_order = c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf;
    bool is_no_character = c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe;
    return is_mark || is_isolate || is_byte_order || is_no_character;
}

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void add(struct strbuf *out, struct view text, bool keeps_lines)
{
    while (text.n > 0) {
        size_t n = json_utf8_length(text);
        const char *entity = n == 1 ? entity_of(text.p[0]) : NULL;
        if (n == 0 || misleads((const unsigned char *)text.p, n, keeps_lines)) {
            strbuf_add_text(out, REPLACEMENT);
        } else if (entity != NULL) {
            strbuf_add_text(out, entity);
        } else {
            strbuf_add(out, text.p, n);
        }
        text = view_skip(text, n > 0 ? n : 1);
    }
}

void html_text(struct strbuf *out, struct view text)
{
    add(out, text, true);
}

void html_line(struct strbuf *out, struct view text)
{
    add(out, text, false);
}
