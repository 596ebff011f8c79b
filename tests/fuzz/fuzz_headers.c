// A Kafka record with headers, `name: value` a line as in HTTP, then an empty line and the value:
// CloudEvents in binary and structured mode, content types, trace context, schema-registry framing.
#include "decoding.h"
#include "input.h"

enum { HEADER_MAX = 80 };

static struct decoding decoding;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    decoding_init(&decoding);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decoding_begin(&decoding);
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    struct header headers[HEADER_MAX];
    size_t header_count = fuzz_take_headers(&rest, headers, HEADER_MAX);
    for (size_t i = 0; i < header_count; i++) {
        headers[i].name = fuzz_copy(headers[i].name);
        if (!view_is_none(headers[i].value)) {
            headers[i].value = fuzz_copy(headers[i].value);
        }
    }
    struct view value = fuzz_copy(rest);

    struct raw_message raw = {
            .value = value, .timestamp_ms = -1, .headers = headers, .header_count = header_count};
    decoding_check_event(&decoding, &raw);
    decoding_check_complaint(&decoding, &raw);
    // No value at all is another thing than one of no bytes.
    raw.value = VIEW_NONE;
    decoding_check_event(&decoding, &raw);

    fuzz_free(value);
    for (size_t i = 0; i < header_count; i++) {
        fuzz_free(headers[i].name);
        if (!view_is_none(headers[i].value)) {
            fuzz_free(headers[i].value);
        }
    }
    return 0;
}
