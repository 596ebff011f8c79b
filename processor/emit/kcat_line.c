#include "emit/kcat_line.h"

#include "common/digest.h"
#include "common/json_out.h"

static bool is_text(struct view bytes)
{
    return view_is_none(bytes) ||
           (json_is_utf8(bytes) && (bytes.n == 0 || memchr(bytes.p, '\0', bytes.n) == NULL));
}

static void write_base64(struct json_out *out, const char *key, struct view bytes)
{
    if (view_is_none(bytes)) {
        json_null(out, key);
        return;
    }
    json_raw(out, key, VIEW("\""));
    base64_add(out->sb, (const uint8_t *)bytes.p, bytes.n);
    strbuf_add_byte(out->sb, '"');
}

static void write_bytes(
        struct json_out *out, const char *key, const char *key_base64, struct view bytes)
{
    if (is_text(bytes)) {
        json_string_or_null(out, key, bytes);
    } else {
        json_null(out, key);
        write_base64(out, key_base64, bytes);
    }
}

static void write_headers(struct json_out *out, const struct record *record)
{
    bool all_text = true;
    json_array(out, "headers");
    for (size_t i = 0; i < record->header_count; i++) {
        const struct header *header = &record->headers[i];
        bool value_is_text = is_text(header->value);
        all_text = all_text && value_is_text && is_text(header->name);
        json_string(out, NULL, header->name);
        json_string_or_null(out, NULL, value_is_text ? header->value : VIEW_NONE);
    }
    json_array_end(out);
    if (all_text) {
        return;
    }
    json_array(out, "headers_base64");
    for (size_t i = 0; i < record->header_count; i++) {
        write_base64(out, NULL, record->headers[i].name);
        write_base64(out, NULL, record->headers[i].value);
    }
    json_array_end(out);
}

void kcat_line_write(
        struct strbuf *sb, struct view topic, int64_t offset, const struct record *record)
{
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_string(&out, "topic", topic);
    json_int(&out, "partition", record->partition == PARTITION_ANY ? 0 : record->partition);
    json_int(&out, "offset", offset);
    if (record->timestamp_ms != 0) {
        json_text(&out, "tstype", "create");
        json_int(&out, "ts", record->timestamp_ms);
    }
    json_int(&out, "broker", -1);
    write_headers(&out, record);
    write_bytes(&out, "key", "key_base64", record->key);
    write_bytes(&out, "payload", "payload_base64", record->value);
    json_object_end(&out);
}
