// The room in which one outgoing record is written: its value, its key, its
// headers. Encoders fill it, the record borrows from it until the next
// encoding_begin. One thread at a time.
#pragma once

#include <stdbool.h>

#include "common/err.h"
#include "common/json_out.h"
#include "common/strbuf.h"
#include "model/incident.h"
#include "model/record.h"
#include "model/scope.h"

struct encoding {
    struct strbuf value;
    struct strbuf key;
    struct strbuf text; // header values that are made here; its memory never moves
    struct header headers[RECORD_HEADER_MAX];
    size_t header_count;
};

// ERR_NO_MEMORY.
MUST_CHECK enum err encoding_init(struct encoding *enc);
void encoding_fini(struct encoding *enc);
void encoding_begin(struct encoding *enc);

// Adds a header. `value` (none = null) must live as long as the record.
void encoding_add_header(struct encoding *enc, struct view name, struct view value);
// What was appended to enc->text since its length was `from`; good until the
// next encoding_begin.
struct view encoding_text_from(const struct encoding *enc, size_t from);
// Adds a header whose value is that.
void encoding_add_text_header(struct encoding *enc, struct view name, size_t from);

// That time in RFC 3339, appended to enc->text.
struct view encoding_time(struct encoding *enc, int64_t ms);

// The record as it was written, by its key to any partition, without a ticket.
// ERR_NO_MEMORY, or ERR_INTERNAL when a ceiling was hit: the parts of an action
// are bounded, so that it cannot be without a bug.
MUST_CHECK enum err encoding_finish(
        const struct encoding *enc, enum out_topic topic, struct record *ret_record);

// The nearest time that RFC 3339 can say (years 0–9999): log time in a replay
// is whatever the envelope says.
int64_t encodable_ms(int64_t ms);

// Shapes that several records share.
void encode_time(struct json_out *out, const char *key, int64_t ms);
void encode_id(struct json_out *out, const char *key, const struct digest_id *id);
// {"kind", "id", "tenant_id"}, and "channel" of a scope that is one channel's
void encode_scope(
        struct json_out *out, const char *key, const char *kind, const struct scope_name *scope);
