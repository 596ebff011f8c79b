// JSON in the form of RFC 8785 (JCS): the same data has the same bytes, whoever wrote them, so that they
// can be signed. No white space, members in the order of their names' UTF-16 code units, strings with
// the fewest escapes, numbers as ECMAScript writes them.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "common/strbuf.h"

// Appends the form of `json`, an object or array that json_scan found fine (at most JSON_DEPTH_MAX
// deep), without the outermost member of the name `without`; NULL = whole. `arena` is for what is
// needed on the way. ERR_DATA for what has no such form: a name given twice in one object, half a
// surrogate pair, a number beyond a double. What was appended by then stays.
MUST_CHECK enum err json_canonicalise(
        struct strbuf *sb, struct view json, const char *without, struct arena *arena);
