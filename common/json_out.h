// Writes JSON into a strbuf, one value after another, commas and quotes where they belong. Its own
// code and not cJSON because it runs for every verdict and must give the same bytes for ever: no
// floating point, keys in the order of the calls, no white space. Bytes that are no UTF-8 become
// U+FFFD.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/strbuf.h"

struct json_out {
    struct strbuf *sb;
    bool needs_comma;
};

void json_begin(struct json_out *out, struct strbuf *sb);

// A key is NULL inside arrays and for the outermost value.
void json_object(struct json_out *out, const char *key);
void json_object_end(struct json_out *out);
void json_array(struct json_out *out, const char *key);
void json_array_end(struct json_out *out);
void json_string(struct json_out *out, const char *key, struct view value);
void json_text(struct json_out *out, const char *key, const char *value);
// null when the view is none.
void json_string_or_null(struct json_out *out, const char *key, struct view value);
void json_int(struct json_out *out, const char *key, int64_t value);
// value / 1,000,000 with exactly six digits behind the point: 20988096 is 20.988096.
void json_millionths(struct json_out *out, const char *key, int64_t value);
void json_bool(struct json_out *out, const char *key, bool value);
void json_null(struct json_out *out, const char *key);
// RFC 3339 with milliseconds, UTC.
void json_time(struct json_out *out, const char *key, int64_t ms);
// Text that is JSON already.
void json_raw(struct json_out *out, const char *key, struct view json);

// Appends `value` with quotes and escapes.
void json_quote(struct strbuf *sb, struct view value);
// The length of the UTF-8 sequence at the front of `bytes` (1–4), or 0 when it is not well formed.
size_t json_utf8_length(struct view bytes);
bool json_is_utf8(struct view bytes);
