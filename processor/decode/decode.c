#include "decode/decode.h"

#include <stdlib.h>

#include "common/json_scan.h"
#include "decode/event_fields.h"
#include "decode/trace_context.h"
#include "decode/unwrap.h"

struct decoder {
    struct json_pointers *fields;
    struct unwrapper *unwrapper;
};

static const char *const own_names[FIELD_COUNT] = {
#define EVENT_FIELD_ROW(id, name, required) [id] = "/" #name,
        EVENT_FIELD_TABLE(EVENT_FIELD_ROW)
#undef EVENT_FIELD_ROW
};

enum err decoder_create(struct decoder **ret_decoder, const char *const *fields,
        struct json_pointer_fault *ret_fault)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = json_pointers_create(
            &decoder->fields, fields != NULL ? fields : own_names, FIELD_COUNT, ret_fault);
    if (e == ERR_NONE) {
        e = unwrapper_create(&decoder->unwrapper);
    }
    if (e != ERR_NONE) {
        decoder_destroy(decoder);
        return e;
    }
    *ret_decoder = decoder;
    return ERR_NONE;
}

void decoder_destroy(struct decoder *decoder)
{
    if (decoder != NULL) {
        json_pointers_destroy(decoder->fields);
        unwrapper_destroy(decoder->unwrapper);
        free(decoder);
    }
}

enum decode_result decode_event(const struct decoder *decoder, const struct raw_message *raw,
        struct arena *arena, struct event *ret_event, struct decode_failure *ret_failure)
{
    struct unwrapped inner;
    enum decode_result result = unwrap_event(decoder->unwrapper, raw, arena, &inner, ret_failure);
    if (result != DECODE_EVENT) {
        return result;
    }
    struct json_value values[FIELD_COUNT];
    size_t offset;
    enum json_fault fault = json_scan(decoder->fields, inner.json, values, &offset);
    if (fault != JSON_FINE) {
        return unwrap_fail_json(ret_failure, fault, offset);
    }
    struct event ev = {.planned_size = -1};
    result = event_fields_read(values, arena, &ev, ret_failure);
    if (result != DECODE_EVENT) {
        return result;
    }
    if (traceparent_is_valid(inner.traceparent)) {
        ev.traceparent = inner.traceparent;
        ev.tracestate = tracestate_is_valid(inner.tracestate) ? inner.tracestate : VIEW_NONE;
    }
    *ret_event = ev;
    return DECODE_EVENT;
}
