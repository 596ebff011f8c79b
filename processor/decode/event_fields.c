#include "decode/event_fields.h"

#include "decode/fields.h"

// All are ids but these.
#define SHAPE_OF(id)                                                                               \
    ((id) == FIELD_OCCURRED_AT             ? FIELD_SHAPE_TIME                                      \
            : (id) == FIELD_PLANNED_SIZE   ? FIELD_SHAPE_COUNT                                     \
            : (id) == FIELD_RECIPIENT_ZONE ? FIELD_SHAPE_WORD                                      \
                                           : FIELD_SHAPE_ID)

static const struct field fields[FIELD_COUNT] = {
#define EVENT_FIELD_ROW(id, name, required)                                                        \
    [id] = {#name, required, SHAPE_OF(id), offsetof(struct event, name)},
        EVENT_FIELD_TABLE(EVENT_FIELD_ROW)
#undef EVENT_FIELD_ROW
};

enum decode_result event_fields_read(const struct json_value *values, struct arena *arena,
        struct event *ev, struct decode_failure *ret_failure)
{
    return fields_read(fields, FIELD_COUNT, values, arena, ev, ret_failure);
}
