// A message as it came from outside: borrowed bytes, nothing looked at yet.
#pragma once

#include <stdint.h>

#include "common/view.h"

struct header {
    struct view name;
    struct view value; // none = null
};

struct raw_message {
    struct view topic; // in replay: the file's name
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; // the record's own; -1 = none
    struct view key;      // none = null
    struct view value;    // none = null
    const struct header *headers;
    size_t header_count;
};

// The last header of that name (names are compared byte for byte), or none.
static inline struct view raw_header(const struct raw_message *raw, const char *name)
{
    for (size_t i = raw->header_count; i-- > 0;) {
        if (view_is(raw->headers[i].name, name)) {
            return raw->headers[i].value;
        }
    }
    return VIEW_NONE;
}
