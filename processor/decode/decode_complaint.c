#include "decode/decode_complaint.h"

#include <stdlib.h>

#include "common/json_scan.h"
#include "decode/fields.h"
#include "decode/unwrap.h"

#define COMPLAINT_FIELD_TABLE(ROW)                                                                 \
    ROW(complaint_id, "complaint_id", true, FIELD_SHAPE_ID)                                        \
    ROW(occurred_at, "occurred_at", true, FIELD_SHAPE_TIME)                                        \
    ROW(recipient, "recipient", false, FIELD_SHAPE_ID)                                             \
    ROW(message_id, "message_id", false, FIELD_SHAPE_ID)                                           \
    ROW(kind_word, "kind", true, FIELD_SHAPE_WORD)                                                 \
    ROW(channel, "channel", false, FIELD_SHAPE_ID)                                                 \
    ROW(tenant_id, "tenant_id", false, FIELD_SHAPE_ID)                                             \
    ROW(campaign_id, "campaign_id", false, FIELD_SHAPE_ID)                                         \
    ROW(template_id, "template_id", false, FIELD_SHAPE_ID)                                         \
    ROW(sender_id, "sender_id", false, FIELD_SHAPE_ID)                                             \
    ROW(vendor_id, "vendor_id", false, FIELD_SHAPE_ID)

static const struct field fields[] = {
#define FIELD_ROW(member, name, required, shape)                                                   \
    {name, required, shape, offsetof(struct complaint, member)},
        COMPLAINT_FIELD_TABLE(FIELD_ROW)
#undef FIELD_ROW
};
enum { COMPLAINT_FIELDS = sizeof fields / sizeof *fields };

static const char *const pointers[COMPLAINT_FIELDS] = {
#define POINTER_ROW(member, name, required, shape) "/" name,
        COMPLAINT_FIELD_TABLE(POINTER_ROW)
#undef POINTER_ROW
};

struct complaint_decoder {
    struct json_pointers *pointers;
    struct unwrapper *unwrapper;
};

enum err complaint_decoder_create(struct complaint_decoder **ret_decoder)
{
    struct complaint_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = json_pointers_create(&decoder->pointers, pointers, COMPLAINT_FIELDS, NULL);
    if (e == ERR_NONE) {
        e = unwrapper_create(&decoder->unwrapper);
    }
    if (e != ERR_NONE) {
        complaint_decoder_destroy(decoder);
        return e;
    }
    *ret_decoder = decoder;
    return ERR_NONE;
}

void complaint_decoder_destroy(struct complaint_decoder *decoder)
{
    if (decoder != NULL) {
        json_pointers_destroy(decoder->pointers);
        unwrapper_destroy(decoder->unwrapper);
        free(decoder);
    }
}

static enum complaint_kind kind_of(struct view word)
{
    for (unsigned kind = 0; kind < COMPLAINT_KIND_COUNT; kind++) {
        if (view_is(word, complaint_kind_names[kind])) {
            return (enum complaint_kind)kind;
        }
    }
    return COMPLAINT_OTHER;
}

enum decode_result decode_complaint(const struct complaint_decoder *decoder,
        const struct raw_message *raw, struct arena *arena, struct complaint *ret_complaint,
        struct decode_failure *ret_failure)
{
    struct unwrapped inner;
    enum decode_result result = unwrap_event(decoder->unwrapper, raw, arena, &inner, ret_failure);
    if (result != DECODE_EVENT) {
        return result;
    }
    struct json_value values[COMPLAINT_FIELDS];
    size_t offset;
    enum json_fault fault = json_scan(decoder->pointers, inner.json, values, &offset);
    if (fault != JSON_FINE) {
        return unwrap_fail_json(ret_failure, fault, offset);
    }
    struct complaint complaint = {0};
    result = fields_read(fields, COMPLAINT_FIELDS, values, arena, &complaint, ret_failure);
    if (result != DECODE_EVENT) {
        return result;
    }
    if (view_is_none(complaint.recipient) && view_is_none(complaint.message_id)) {
        return decode_fail(
                ret_failure, DEAD_MISSING_FIELD, "recipient and message_id are both missing");
    }
    complaint.kind = kind_of(complaint.kind_word);
    *ret_complaint = complaint;
    return DECODE_EVENT;
}
