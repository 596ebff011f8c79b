// Any bytes, as a Kafka value under several content types: events and complaints.
#include "decoding.h"
#include "input.h"

static struct decoding decoding;

static void check_both(const struct raw_message *raw)
{
    decoding_check_event(&decoding, raw);
    decoding_check_complaint(&decoding, raw);
}

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
    struct view bytes = fuzz_copy(view_bytes(data, size));

    struct raw_message raw = {.value = bytes, .timestamp_ms = -1};
    check_both(&raw);
    struct header header = {VIEW("Content-Type"), VIEW("application/cloudevents+json")};
    raw.headers = &header;
    raw.header_count = 1;
    check_both(&raw);

    fuzz_free(bytes);
    return 0;
}
