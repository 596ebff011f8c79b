// Any bytes, as a Kafka value under several content types and as a line of a file. What must hold:
// no crash, no read outside the bytes, an event whose strings are within their limits, or a dead
// letter with a known reason.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/assure.h"
#include "common/json_out.h"
#include "decode/decode.h"
#include "decode/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_id(struct view id)
{
    ASSURE(view_is_none(id) || (id.n > 0 && id.n <= ID_MAX_BYTES));
    ASSURE(json_is_utf8(id));
    ASSURE(id.n == 0 || memchr(id.p, '\0', id.n) == NULL);
}

static void check_event(const struct event *ev)
{
    const struct view ids[] = {ev->message_id, ev->recipient, ev->channel, ev->purpose,
            ev->tenant_id, ev->campaign_id, ev->template_id, ev->sender_id, ev->vendor_id,
            ev->loan_id, ev->borrower_id};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        check_id(ids[i]);
    }
    ASSURE(!view_is_none(ev->message_id) && !view_is_none(ev->recipient));
    ASSURE(clock_is_accepted(ev->occurred_at.ms));
    ASSURE(ev->planned_size >= -1);
}

static void check_decoding(
        const struct decoder *decoder, const struct raw_message *raw, struct arena *arena)
{
    struct event ev;
    struct decode_failure failure;
    switch (decode_event(decoder, raw, arena, &ev, &failure)) {
    case DECODE_EVENT:
        check_event(&ev);
        break;
    case DECODE_DEAD_LETTER:
        ASSURE(failure.code < DEAD_REASON_COUNT);
        ASSURE(failure.reason == dead_reason_names[failure.code]);
        ASSURE(json_is_utf8(view_of(failure.text)));
        break;
    case DECODE_NO_ROOM:
        ASSURE(arena_used_bytes(arena) > 0);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decoder *decoder;
    struct envelope_reader *reader;
    struct arena *arena = arena_create(64u << 20);
    ASSURE(arena != NULL && decoder_create(&decoder, NULL, NULL) == ERR_NONE);
    ASSURE(envelope_reader_create(&reader) == ERR_NONE);
    // A copy of exactly these bytes: one read too many is seen.
    char *copy = malloc(size + 1);
    ASSURE(copy != NULL);
    if (size > 0) {
        memcpy(copy + 1, data, size);
    }
    struct view bytes = view_bytes(copy + 1, size);

    struct raw_message raw = {.value = bytes, .timestamp_ms = -1};
    check_decoding(decoder, &raw, arena);
    struct header header = {VIEW("Content-Type"), VIEW("application/cloudevents+json")};
    raw.headers = &header;
    raw.header_count = 1;
    check_decoding(decoder, &raw, arena);
    header = (struct header){VIEW("traceparent"), bytes};
    check_decoding(decoder, &raw, arena);

    struct raw_message line;
    enum envelope_kind kind = envelope_read_line(reader, bytes, arena, &line);
    ASSURE(kind != LINE_NO_ROOM);
    if (kind != LINE_BLANK) {
        check_decoding(decoder, &line, arena);
    }

    free(copy);
    envelope_reader_destroy(reader);
    decoder_destroy(decoder);
    arena_destroy(arena);
    return 0;
}
