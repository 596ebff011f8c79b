// Any bytes, as a line of a file: an event, or a record in the envelope of `kcat -J`.
#include "decoding.h"
#include "input.h"

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
    struct view line = fuzz_copy(view_bytes(data, size));
    decoding_check_line(&decoding, line);
    fuzz_free(line);
    return 0;
}
