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

static void add_connect_headers(struct encoding *enc, const struct dead_letter_action *action,
        struct view group, struct view instance)
{
    const struct raw_message *raw = action->raw;
    encoding_add_header(enc, VIEW(CONNECT "topic"), raw->topic);
    add_number_header(enc, VIEW(CONNECT "partition"), raw->partition);
    add_number_header(enc, VIEW(CONNECT "offset"), raw->offset);
    encoding_add_header(enc, VIEW(CONNECT "connector.name"), group);
    encoding_add_header(enc, VIEW(CONNECT "task.id"), instance);
    encoding_add_header(enc, VIEW(CONNECT "stage"), VIEW("DECODE"));
    encoding_add_header(enc, VIEW(CONNECT "class.name"), VIEW("wrongnumber.decode"));
    encoding_add_header(enc, VIEW(CONNECT "exception.class.name"), view_of(action->reason));
    encoding_add_header(enc, VIEW(CONNECT "exception.message"),
            cut_text(action->explanation, DEAD_LETTER_EXPLANATION_BYTES));
}

static void add_wn_headers(struct encoding *enc, const struct dead_letter_action *action,
        bool value_is_cut, bool key_is_cut, size_t headers_dropped)
{
    const struct raw_message *raw = action->raw;
    encoding_add_header(enc, VIEW("wn.reason"), view_of(action->reason));
    if (action->failed_at_ms >= 0) {
        size_t from = enc->text.n;
        clock_format(&enc->text, encodable_ms(action->failed_at_ms));
        encoding_add_text_header(enc, VIEW("wn.failed_at"), from);
    }
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
    add_connect_headers(enc, action, group, instance);
    add_wn_headers(enc, action, value_is_cut, key.n < raw->key.n, headers_dropped);

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
