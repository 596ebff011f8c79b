#include "emit/cloud_event.h"

#include "common/digest.h"

enum { TRACEPARENT_BYTES = 55, TRACESTATE_MAX_BYTES = 1024 };

// 00-<32 hex digits>-<16 hex digits>-<2 hex digits>. Later versions may append
// to it; nobody knows how, so that only what version 00 defines is passed on.
static bool is_traceparent(struct view text)
{
    if (text.n != TRACEPARENT_BYTES) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        bool dash = i == 2 || i == 35 || i == 52;
        if (dash ? text.p[i] != '-' : hex_value(text.p[i]) < 0) {
            return false;
        }
    }
    return true;
}

static bool is_tracestate(struct view text)
{
    if (text.n == 0 || text.n > TRACESTATE_MAX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < ' ' || text.p[i] > '~') {
            return false;
        }
    }
    return true;
}

void cloud_event_add_headers(struct encoding *enc, const struct cloud_event *ce)
{
    encoding_add_header(enc, VIEW("ce_specversion"), VIEW("1.0"));
    encoding_add_header(enc, VIEW("ce_id"), ce->id);
    encoding_add_header(enc, VIEW("ce_source"), ce->source);
    encoding_add_header(enc, VIEW("ce_type"), view_of(ce->type));
    encoding_add_header(enc, VIEW("ce_time"), ce->time);
    if (ce->is_drill) {
        encoding_add_header(enc, VIEW("ce_drill"), VIEW("true"));
    }
    if (ce->has_data) {
        encoding_add_header(enc, VIEW("content-type"), VIEW("application/json"));
    }
    if (is_traceparent(ce->traceparent)) {
        encoding_add_header(enc, VIEW("traceparent"), ce->traceparent);
        if (is_tracestate(ce->tracestate)) {
            encoding_add_header(enc, VIEW("tracestate"), ce->tracestate);
        }
    }
}
