#include "emit/encoding.h"

#include "common/assure.h"
#include "common/clock.h"

enum {
    VALUE_MAX_BYTES = 1024 * 1024,
    KEY_MAX_BYTES = 64 * 1024,
    TEXT_MAX_BYTES = 64 * 1024,
};

static const int64_t year_zero_ms = -62167219200000;
static const int64_t year_9999_end_ms = 253402300799999;

enum err encoding_init(struct encoding *enc)
{
    enc->header_count = 0;
    strbuf_init(&enc->value, VALUE_MAX_BYTES);
    strbuf_init(&enc->key, KEY_MAX_BYTES);
    strbuf_init(&enc->text, TEXT_MAX_BYTES);
    // All of it at once, so that views of it stay good while more is appended.
    return strbuf_room(&enc->text, TEXT_MAX_BYTES) != NULL ? ERR_NONE : ERR_NO_MEMORY;
}

void encoding_fini(struct encoding *enc)
{
    strbuf_fini(&enc->value);
    strbuf_fini(&enc->key);
    strbuf_fini(&enc->text);
}

void encoding_begin(struct encoding *enc)
{
    strbuf_reset(&enc->value);
    strbuf_reset(&enc->key);
    strbuf_reset(&enc->text);
    enc->header_count = 0;
}

void encoding_add_header(struct encoding *enc, struct view name, struct view value)
{
    ASSURE(enc->header_count < RECORD_HEADER_MAX);
    enc->headers[enc->header_count++] = (struct header){name, value};
}

struct view encoding_text_from(const struct encoding *enc, size_t from)
{
    return view_skip(strbuf_view(&enc->text), from);
}

void encoding_add_text_header(struct encoding *enc, struct view name, size_t from)
{
    encoding_add_header(enc, name, encoding_text_from(enc, from));
}

struct view encoding_time(struct encoding *enc, int64_t ms)
{
    size_t from = enc->text.n;
    clock_format(&enc->text, encodable_ms(ms));
    return encoding_text_from(enc, from);
}

enum err encoding_finish(
        const struct encoding *enc, enum out_topic topic, struct record *ret_record)
{
    const struct strbuf *parts[] = {&enc->value, &enc->key, &enc->text};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i]->failed != ERR_NONE) {
            return parts[i]->failed == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_INTERNAL;
        }
    }
    *ret_record = (struct record){
            .topic = topic,
            .partition = PARTITION_ANY,
            .key = strbuf_view(&enc->key),
            .value = strbuf_view(&enc->value),
            .headers = enc->headers,
            .header_count = enc->header_count,
    };
    return ERR_NONE;
}

int64_t encodable_ms(int64_t ms)
{
    if (ms < year_zero_ms) {
        return year_zero_ms;
    }
    return ms > year_9999_end_ms ? year_9999_end_ms : ms;
}

void encode_time(struct json_out *out, const char *key, int64_t ms)
{
    json_time(out, key, encodable_ms(ms));
}

void encode_id(struct json_out *out, const char *key, const struct digest_id *id)
{
    char digits[2 * DIGEST_ID_BYTES];
    for (size_t i = 0; i < DIGEST_ID_BYTES; i++) {
        digits[2 * i] = "0123456789abcdef"[id->bytes[i] >> 4];
        digits[2 * i + 1] = "0123456789abcdef"[id->bytes[i] & 15];
    }
    json_string(out, key, view_bytes(digits, sizeof digits));
}

void encode_scope(
        struct json_out *out, const char *key, const char *kind, const struct scope_name *scope)
{
    json_object(out, key);
    json_text(out, "kind", kind);
    json_string(out, "id", scope->id);
    json_string(out, "tenant_id", scope->tenant_id);
    if (!view_is_none(scope->channel)) {
        json_string(out, "channel", scope->channel);
    }
    json_object_end(out);
}
