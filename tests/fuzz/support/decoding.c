#include "decoding.h"

#include "common/assure.h"
#include "common/clock.h"
#include "common/json_out.h"
#include "decode/trace_context.h"
#include "emit/encode_dead_letter.h"
#include "emit/kcat_line.h"

enum { ARENA_BYTES = 64 << 20, LINE_BYTES = 64 << 20 };

// An id by its name and its place in the struct.
struct id_place {
    const char *name;
    size_t place;
};

static const struct id_place event_ids[] = {
        {"message_id", offsetof(struct event, message_id)},
        {"recipient", offsetof(struct event, recipient)},
        {"channel", offsetof(struct event, channel)},
        {"purpose", offsetof(struct event, purpose)},
        {"tenant_id", offsetof(struct event, tenant_id)},
        {"campaign_id", offsetof(struct event, campaign_id)},
        {"template_id", offsetof(struct event, template_id)},
        {"sender_id", offsetof(struct event, sender_id)},
        {"vendor_id", offsetof(struct event, vendor_id)},
        {"loan_id", offsetof(struct event, loan_id)},
        {"borrower_id", offsetof(struct event, borrower_id)},
};
enum { EVENT_IDS = sizeof event_ids / sizeof *event_ids };

static const struct id_place complaint_ids[] = {
        {"complaint_id", offsetof(struct complaint, complaint_id)},
        {"recipient", offsetof(struct complaint, recipient)},
        {"message_id", offsetof(struct complaint, message_id)},
        {"kind", offsetof(struct complaint, kind_word)},
        {"channel", offsetof(struct complaint, channel)},
        {"tenant_id", offsetof(struct complaint, tenant_id)},
        {"campaign_id", offsetof(struct complaint, campaign_id)},
        {"template_id", offsetof(struct complaint, template_id)},
        {"sender_id", offsetof(struct complaint, sender_id)},
        {"vendor_id", offsetof(struct complaint, vendor_id)},
};
enum { COMPLAINT_IDS = sizeof complaint_ids / sizeof *complaint_ids };

void decoding_init(struct decoding *decoding)
{
    *decoding = (struct decoding){.arena = arena_create(ARENA_BYTES)};
    ASSURE(decoding->arena != NULL);
    ASSURE(decoder_create(&decoding->decoder, NULL, NULL) == ERR_NONE);
    ASSURE(complaint_decoder_create(&decoding->complaints) == ERR_NONE);
    ASSURE(envelope_reader_create(&decoding->envelopes) == ERR_NONE);
    ASSURE(encoding_init(&decoding->encoding) == ERR_NONE);
}

void decoding_begin(struct decoding *decoding)
{
    arena_reset(decoding->arena);
}

// --- ids --------------------------------------------------------------------------------------

static struct view id_at(const void *nouns, const struct id_place *id)
{
    struct view v;
    memcpy(&v, (const char *)nouns + id->place, sizeof v);
    return v;
}

static void check_ids(const void *noun, const struct id_place *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct view id = id_at(noun, &ids[i]);
        ASSURE(view_is_none(id) || (id.n > 0 && id.n <= ID_MAX_BYTES));
        ASSURE(json_is_utf8(id));
        ASSURE(id.n == 0 || memchr(id.p, '\0', id.n) == NULL);
    }
}

static bool are_equal(const void *a, const void *b, const struct id_place *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct view x = id_at(a, &ids[i]);
        struct view y = id_at(b, &ids[i]);
        if (view_is_none(x) != view_is_none(y) || !view_equal(x, y)) {
            return false;
        }
    }
    return true;
}

static void write_json(struct strbuf *sb, const void *noun, const struct id_place *ids,
        size_t count, int64_t occurred_at_ms, int64_t planned_size)
{
    struct json_out out;
    strbuf_init(sb, LINE_BYTES);
    json_begin(&out, sb);
    json_object(&out, NULL);
    for (size_t i = 0; i < count; i++) {
        json_string_or_null(&out, ids[i].name, id_at(noun, &ids[i]));
    }
    json_int(&out, "occurred_at", occurred_at_ms);
    if (planned_size >= 0) {
        json_int(&out, "planned_size", planned_size);
    }
    json_object_end(&out);
    ASSURE(sb->failed == ERR_NONE);
}

// --- dead letters -----------------------------------------------------------------------------

static void check_failure(const struct decode_failure *failure)
{
    ASSURE(failure->code < DEAD_REASON_COUNT);
    ASSURE(failure->reason == dead_reason_names[failure->code]);
    ASSURE(json_is_utf8(view_of(failure->text)));
}

// What the processor would write for it, and replay would read.
static void check_dead_letter(struct decoding *decoding, const struct raw_message *raw,
        const struct decode_failure *failure)
{
    check_failure(failure);
    const struct dead_letter_action action = {
            .raw = raw, .reason = failure->reason, .explanation = view_of(failure->text)};
    struct record record;
    ASSURE(encode_dead_letter(&decoding->encoding, &action, VIEW("group"), VIEW("i"), &record) ==
            ERR_NONE);
    struct strbuf line;
    strbuf_init(&line, LINE_BYTES);
    kcat_line_write(&line, VIEW("dead"), 0, &record);
    ASSURE(line.failed == ERR_NONE);
    struct raw_message back;
    ASSURE(envelope_read_line(decoding->envelopes, strbuf_view(&line), decoding->arena, &back) ==
            LINE_ENVELOPE);
    ASSURE(back.header_count == record.header_count);
    bool is_whole =
            record.value.n == raw->value.n && view_is_none(raw_header(&back, "wn.headers_dropped"));
    struct event ev;
    struct decode_failure again;
    if (is_whole && !view_is_none(raw->value)) {
        ASSURE(decode_event(decoding->decoder, &back, decoding->arena, &ev, &again) ==
                DECODE_DEAD_LETTER);
        ASSURE(again.code == failure->code);
    }
    strbuf_fini(&line);
}

// --- events -----------------------------------------------------------------------------------

static bool events_are_equal(const struct event *a, const struct event *b)
{
    return are_equal(a, b, event_ids, EVENT_IDS) && a->occurred_at.ms == b->occurred_at.ms &&
           a->planned_size == b->planned_size;
}

static void check_event(struct decoding *decoding, const struct event *ev)
{
    check_ids(ev, event_ids, EVENT_IDS);
    ASSURE(!view_is_none(ev->message_id) && !view_is_none(ev->recipient));
    ASSURE(clock_is_accepted(ev->occurred_at.ms));
    ASSURE(ev->planned_size >= -1 && ev->planned_size <= JSON_INTEGER_MAX);
    ASSURE(view_is_none(ev->traceparent) || traceparent_is_valid(ev->traceparent));
    ASSURE(view_is_none(ev->tracestate) || !view_is_none(ev->traceparent));
    struct strbuf json;
    write_json(&json, ev, event_ids, EVENT_IDS, ev->occurred_at.ms, ev->planned_size);
    struct raw_message raw = {.value = strbuf_view(&json), .timestamp_ms = -1};
    struct event back;
    struct decode_failure failure;
    ASSURE(decode_event(decoding->decoder, &raw, decoding->arena, &back, &failure) == DECODE_EVENT);
    ASSURE(events_are_equal(ev, &back));
    strbuf_fini(&json);
}

void decoding_check_event(struct decoding *decoding, const struct raw_message *raw)
{
    struct event ev;
    struct event again;
    struct decode_failure failure;
    enum decode_result result =
            decode_event(decoding->decoder, raw, decoding->arena, &ev, &failure);
    ASSURE(result != DECODE_NO_ROOM);
    ASSURE(decode_event(decoding->decoder, raw, decoding->arena, &again, &failure) == result);
    if (result == DECODE_EVENT) {
        ASSURE(events_are_equal(&ev, &again));
        check_event(decoding, &ev);
    } else {
        check_dead_letter(decoding, raw, &failure);
    }
}

// --- complaints -------------------------------------------------------------------------------

static bool complaints_are_equal(const struct complaint *a, const struct complaint *b)
{
    return are_equal(a, b, complaint_ids, COMPLAINT_IDS) &&
           a->occurred_at.ms == b->occurred_at.ms && a->kind == b->kind;
}

static void check_complaint(struct decoding *decoding, const struct complaint *complaint)
{
    check_ids(complaint, complaint_ids, COMPLAINT_IDS);
    ASSURE(!view_is_none(complaint->complaint_id) && !view_is_none(complaint->kind_word));
    ASSURE(!view_is_none(complaint->recipient) || !view_is_none(complaint->message_id));
    ASSURE(clock_is_accepted(complaint->occurred_at.ms) && complaint->kind < COMPLAINT_KIND_COUNT);
    struct strbuf json;
    write_json(&json, complaint, complaint_ids, COMPLAINT_IDS, complaint->occurred_at.ms, -1);
    struct raw_message raw = {.value = strbuf_view(&json), .timestamp_ms = -1};
    struct complaint back;
    struct decode_failure failure;
    ASSURE(decode_complaint(decoding->complaints, &raw, decoding->arena, &back, &failure) ==
            DECODE_EVENT);
    ASSURE(complaints_are_equal(complaint, &back));
    strbuf_fini(&json);
}

void decoding_check_complaint(struct decoding *decoding, const struct raw_message *raw)
{
    struct complaint complaint;
    struct complaint again;
    struct decode_failure failure;
    enum decode_result result =
            decode_complaint(decoding->complaints, raw, decoding->arena, &complaint, &failure);
    ASSURE(result != DECODE_NO_ROOM);
    ASSURE(decode_complaint(decoding->complaints, raw, decoding->arena, &again, &failure) ==
            result);
    if (result == DECODE_EVENT) {
        ASSURE(complaints_are_equal(&complaint, &again));
        check_complaint(decoding, &complaint);
    } else {
        check_failure(&failure);
    }
}

// --- lines ------------------------------------------------------------------------------------

static void check_same_bytes(struct view a, struct view b)
{
    ASSURE(view_is_none(a) == view_is_none(b) && view_equal(a, b));
}

static void check_envelope(struct decoding *decoding, const struct raw_message *raw)
{
    ASSURE(raw->partition >= 0 && raw->offset >= 0 && raw->timestamp_ms >= -1);
    const struct record record = {
            .partition = raw->partition,
            .key = raw->key,
            .value = raw->value,
            .headers = raw->headers,
            .header_count = raw->header_count,
            .timestamp_ms = raw->timestamp_ms > 0 ? raw->timestamp_ms : 0,
    };
    struct strbuf line;
    strbuf_init(&line, LINE_BYTES);
    kcat_line_write(&line, raw->topic, raw->offset, &record);
    ASSURE(line.failed == ERR_NONE);
    struct raw_message back;
    ASSURE(envelope_read_line(decoding->envelopes, strbuf_view(&line), decoding->arena, &back) ==
            LINE_ENVELOPE);
    ASSURE(back.partition == raw->partition && back.offset == raw->offset);
    ASSURE(back.timestamp_ms == (raw->timestamp_ms > 0 ? raw->timestamp_ms : -1));
    check_same_bytes(back.topic, raw->topic);
    check_same_bytes(back.key, raw->key);
    check_same_bytes(back.value, raw->value);
    ASSURE(back.header_count == raw->header_count);
    for (size_t i = 0; i < raw->header_count; i++) {
        check_same_bytes(back.headers[i].name, raw->headers[i].name);
        check_same_bytes(back.headers[i].value, raw->headers[i].value);
    }
    strbuf_fini(&line);
}

void decoding_check_line(struct decoding *decoding, struct view line)
{
    struct raw_message raw;
    switch (envelope_read_line(decoding->envelopes, line, decoding->arena, &raw)) {
    case LINE_BLANK:
        return;
    case LINE_ENVELOPE:
        check_envelope(decoding, &raw);
        break;
    case LINE_PLAIN:
        ASSURE(view_equal(raw.value, line) && raw.header_count == 0 && raw.timestamp_ms == -1);
        break;
    case LINE_NO_ROOM:
        ASSURE(line.n > LINE_BYTES / 8);
        return;
    }
    decoding_check_event(decoding, &raw);
}
