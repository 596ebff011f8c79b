// What others wrote, as text of HTML and in its quoted attributes. What is no UTF-8, control characters and
// marks that hide text or reorder what stands around them become U+FFFD.
#pragma once

#include "common/strbuf.h"

// Of several lines: tabs and line feeds stay.
void html_text(struct strbuf *out, struct view text);
// Of one line: they become U+FFFD as well.
void html_line(struct strbuf *out, struct view text);
