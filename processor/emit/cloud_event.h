// CloudEvents 1.0, Kafka binding, binary mode: the value stays plain JSON, the
// context goes into headers. The same source and id always mean the same event,
// so that a reader can drop what a restart sent twice.
#pragma once

#include "common/view.h"
#include "emit/encoding.h"

struct cloud_event {
    const char *type;   // whole, such as "io.wrongnumber.verdict.v1"
    struct view source; // a URI reference
    struct view id;
    struct view time;        // as encoding_time writes it
    bool has_data;           // false for a tombstone
    bool is_drill;           // the extension attribute `drill` (model/drill.h)
    struct view traceparent; // W3C Trace Context of the message that caused it;
                             // none where it had none
    struct view tracestate;
};

enum { CLOUD_EVENT_HEADERS = 9 };

// Adds ce_specversion, ce_id, ce_source, ce_type, ce_time, ce_drill, content-type,
// traceparent and tracestate. A traceparent that is not one (they come from
// outside) is left out, and with it the tracestate, as is one above 1,024
// bytes.
void cloud_event_add_headers(struct encoding *enc, const struct cloud_event *ce);
