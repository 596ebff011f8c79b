#include "emit/encode_dead_letter.h"

#include "common/clock.h"
#include "common/digest.h"

#define CONNECT "__connect.errors."

static struct view cut(struct view bytes, size_t most)
{
    return bytes.n > most ? (struct view){bytes.p, most} : bytes;
}

// Not in the middle of a character, so that the header stays UTF-8.
static struct view cut_text(struct view text, size_t most)
{
    size_t n = text.n > most ? most : text.n;
    while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return (struct view){text.p, n};
}

// The first of them that fit. Returns how many did not; `ret_bytes` gets the
// size of those that did.
static size_t add_original_headers(
        struct encoding *enc, const struct raw_message *raw, size_t *ret_bytes)
{
    size_t bytes = 0;
    size_t kept = 0;
    while (kept < raw->header_count && kept < RECORD_HEADER_MAX - DEAD_LETTER_OWN_HEADERS) {
        const struct header *header = &raw->headers[kept];
        size_t size = header->name.n + header->value.n;
        if (size > DEAD_LETTER_HEADER_BYTES - bytes) {
            break;
        }
        encoding_add_header(enc, header->name, header->value);
        bytes += size;
        kept++;
    }
    *ret_bytes = bytes;
    return raw->header_count - kept;
}

static void add_number_header(struct encoding *enc, struct view name, int64_t number)
{
    size_t from = enc->text.n;
    strbuf_add_i64(&enc->text, number);
    encoding_add_text_header(enc, name, from);
}

// What went wrong where.
struct mishap {
    struct view topic;
    int32_t partition;
    int64_t offset;
    const char *reason;
    struct view explanation;
    int64_t failed_at_ms;
    struct view stage;
    struct view class_name;
};

static void add_mishap_headers(
        struct encoding *enc, const struct mishap *mishap, struct view group, struct view instance)
{
    encoding_add_header(enc, VIEW(CONNECT "topic"), mishap->topic);
    add_number_header(enc, VIEW(CONNECT "partition"), mishap->partition);
    add_number_header(enc, VIEW(CONNECT "offset"), mishap->offset);
    encoding_add_header(enc, VIEW(CONNECT "connector.name"), group);
    encoding_add_header(enc, VIEW(CONNECT "task.id"), instance);
    encoding_add_header(enc, VIEW(CONNECT "stage"), mishap->stage);
    encoding_add_header(enc, VIEW(CONNECT "class.name"), mishap->class_name);
    encoding_add_header(enc, VIEW(CONNECT "exception.class.name"), view_of(mishap->reason));
    encoding_add_header(enc, VIEW(CONNECT "exception.message"),
            cut_text(mishap->explanation, DEAD_LETTER_EXPLANATION_BYTES));
    encoding_add_header(enc, VIEW("wn.reason"), view_of(mishap->reason));
    if (mishap->failed_at_ms >= 0) {
        size_t from = enc->text.n;
        clock_format(&enc->text, encodable_ms(mishap->failed_at_ms));
        encoding_add_text_header(enc, VIEW("wn.failed_at"), from);
    }
}

static void add_cut_headers(struct encoding *enc, const struct raw_message *raw, bool value_is_cut,
        bool key_is_cut, size_t headers_dropped)
{
    if (value_is_cut) {
        add_number_header(enc, VIEW("wn.truncated"), (int64_t)raw->value.n);
        size_t from = enc->text.n;
        digest_add_sha256_hex(&enc->text, raw->value, SHA256_BYTES);
        encoding_add_text_header(enc, VIEW("wn.sha256"), from);
    }
    if (key_is_cut) {
        add_number_header(enc, VIEW("wn.key_truncated"), (int64_t)raw->key.n);
    }
    if (headers_dropped > 0) {
        add_number_header(enc, VIEW("wn.headers_dropped"), (int64_t)headers_dropped);
    }
}

enum err encode_dead_letter(struct encoding *enc, const struct dead_letter_action *action,
        struct view group, struct view instance, struct record *ret_record)
{
    const struct raw_message *raw = action->raw;
    encoding_begin(enc);
    size_t header_bytes;
    size_t headers_dropped = add_original_headers(enc, raw, &header_bytes);
    struct view key = cut(raw->key, DEAD_LETTER_CUT_BYTES);
    bool value_is_cut = raw->value.n > DEAD_LETTER_WHOLE_VALUE_BYTES ||
                        (raw->value.n > DEAD_LETTER_CUT_BYTES &&
                                key.n + header_bytes + raw->value.n > DEAD_LETTER_WHOLE_BYTES);
    const struct mishap mishap = {raw->topic, raw->partition, raw->offset, action->reason,
            action->explanation, action->failed_at_ms, VIEW("DECODE"), VIEW("wrongnumber.decode")};
    add_mishap_headers(enc, &mishap, group, instance);
    add_cut_headers(enc, raw, value_is_cut, key.n < raw->key.n, headers_dropped);

    struct record record;
    enum err e = encoding_finish(enc, OUT_DEAD_LETTER, &record);
    if (e != ERR_NONE) {
        return e;
    }
    record.key = key;
    record.value = value_is_cut ? cut(raw->value, DEAD_LETTER_CUT_BYTES) : raw->value;
    record.timestamp_ms = raw->timestamp_ms > 0 ? raw->timestamp_ms : 0;
    *ret_record = record;
    return ERR_NONE;
}

enum err encode_gap(struct encoding *enc, const struct gap_action *action, struct view group,
        struct view instance, struct record *ret_record)
{
    encoding_begin(enc);
    const struct mishap mishap = {action->topic, action->partition, action->from_offset,
            "offsets_lost", action->explanation, action->failed_at_ms, VIEW("CONSUME"),
            VIEW("wrongnumber.consume")};
    add_mishap_headers(enc, &mishap, group, instance);
    add_number_header(enc, VIEW("wn.to_offset"), action->to_offset);
    enum err e = encoding_finish(enc, OUT_DEAD_LETTER, ret_record);
    if (e == ERR_NONE) {
        ret_record->key = VIEW_NONE;
        ret_record->value = VIEW_NONE;
    }
    return e;
}
