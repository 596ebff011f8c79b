#include "control_reader.h"

#include <stdlib.h>

#include "common/clock.h"
#include "control/control_keys.h"

enum { PSEUDONYM_MAX_BYTES = 128 };

struct control_reader {
    const struct config *config;
    const struct policy *policy;
    const struct keyring *ring;
    struct control_keys *keys;
    struct control_decoder *decoder;
};

enum err control_reader_create(struct control_reader **ret_reader, const struct config *config,
        const struct keyring *ring, struct strbuf *findings)
{
    struct control_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_NO_MEMORY;
    }
    reader->config = config;
    reader->policy = &config->policy;
    reader->ring = ring;
    enum err e = control_keys_load(
            &reader->keys, config->control.key_file, config->control.previous_key_file, findings);
    if (e == ERR_NONE) {
        e = control_decoder_create(&reader->decoder);
    }
    if (e != ERR_NONE) {
        control_reader_destroy(reader);
        return e;
    }
    *ret_reader = reader;
    return ERR_NONE;
}

void control_reader_destroy(struct control_reader *reader)
{
    if (reader != NULL) {
        control_keys_destroy(reader->keys);
        control_decoder_destroy(reader->decoder);
        free(reader);
    }
}

void control_reader_set_policy(struct control_reader *reader, const struct policy *policy)
{
    reader->policy = policy;
}

static enum decode_result check_signature(const struct control_reader *reader,
        const struct control_record *record, struct arena *arena, bool *ret_is_signed,
        struct decode_failure *ret_failure)
{
    switch (control_keys_check(reader->keys, record->json, record->signature, arena)) {
    case CONTROL_NOT_ASKED:
        *ret_is_signed = false;
        return DECODE_EVENT;
    case CONTROL_SIGNED:
        *ret_is_signed = true;
        return DECODE_EVENT;
    case CONTROL_UNSIGNED:
        return decode_fail(ret_failure, DEAD_UNSIGNED, "signature is missing");
    case CONTROL_BADLY_SIGNED:
        return decode_fail(ret_failure, DEAD_BAD_SIGNATURE,
                "signature is not that of the record by a key of ours");
    case CONTROL_NO_ROOM:
        break;
    }
    return DECODE_NO_ROOM;
}

static enum decode_result read_recipient(const struct control_reader *reader, struct view text,
        struct arena *arena, struct control *control, struct decode_failure *ret_failure)
{
    enum recipient_kind kind = recipient_kind_of_channel(control->scope.channel);
    control->scope.channel = VIEW_NONE;
    if (pseudonym_is_text(text, keyring_current(reader->ring))) {
        control->recipient = text;
        return DECODE_EVENT;
    }
    struct recipient recipient =
            recipient_normalise(text, kind, reader->config->identity.default_region, arena);
    if (recipient_is_unread(&recipient)) {
        return DECODE_NO_ROOM;
    }
    if (recipient.kind == RECIPIENT_INVALID) {
        return decode_fail(ret_failure, DEAD_BAD_TYPE, "scope/id is no possible number");
    }
    const struct keyring_key *key = keyring_current(reader->ring);
    struct pseudonym pseudonym = keyring_pseudonym(key, recipient);
    struct strbuf sb;
    strbuf_init(&sb, PSEUDONYM_MAX_BYTES);
    pseudonym_add(&sb, key, &pseudonym);
    control->recipient = sb.failed == ERR_NONE ? arena_copy(arena, strbuf_view(&sb)) : VIEW_NONE;
    strbuf_fini(&sb);
    return view_is_none(control->recipient) ? DECODE_NO_ROOM : DECODE_EVENT;
}

static void set_end(const struct control_reader *reader, struct control *control)
{
    const struct policy *policy = reader->policy;
    if (control->action == CONTROL_HOLD && control->expires_at_ms == 0) {
        bool is_scope = control->object == CONTROL_OF_SCOPE;
        int64_t end_ms = control->issued_at_ms +
                         (is_scope ? policy->scope_hold_ms : policy->message_hold_ms);
        control->expires_at_ms = end_ms < CLOCK_END_MS ? end_ms : CLOCK_END_MS - 1;
    }
}

enum decode_result control_reader_read(const struct control_reader *reader,
        const struct raw_message *raw, struct arena *arena, struct control *ret_control,
        struct decode_failure *ret_failure)
{
    struct control_record record;
    enum decode_result result = decode_control(reader->decoder, raw, arena, &record, ret_failure);
    if (result == DECODE_EVENT) {
        result = check_signature(reader, &record, arena, &record.control.is_signed, ret_failure);
    }
    if (result == DECODE_EVENT && record.control.object == CONTROL_OF_RECIPIENT) {
        result = read_recipient(reader, record.recipient, arena, &record.control, ret_failure);
    }
    if (result == DECODE_EVENT) {
        set_end(reader, &record.control);
        *ret_control = record.control;
    }
    return result;
}
