// Any bytes, as a bucket of the packed layout, and each of its records as facts. What must hold:
// every record that the walk gives is the one that is found by its suffix; records written again
// are read the same; facts are within their limits.
#include "relationship/packed.h"

#include "common/assure.h"
#include "facts.h"
#include "input.h"

enum { ARENA_BYTES = 64 << 20, BUCKET_BYTES = 16 << 20 };

static struct arena *arena;
static struct keyring *ring;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL && keyring_create_demo(&ring) == ERR_NONE);
    return 0;
}

static void check_body(struct view body_bytes)
{
    struct view body = fuzz_copy(body_bytes);
    struct lookup lookup = {.tenant_id = VIEW("t1"),
            .loan_id = VIEW("L0"),
            .channel = VIEW("sms"),
            .facts = {.lookup = LOOKUP_UNTRUSTED}};
    struct lookup again = lookup;
    enum err e = packed_decode(body, keyring_current(ring), &lookup, arena);
    ASSURE(packed_decode(body, keyring_current(ring), &again, arena) == e);
    ASSURE(e == ERR_NONE || e == ERR_DATA);
    ASSURE((lookup.facts.lookup == LOOKUP_FOUND) == (e == ERR_NONE));
    facts_check(&lookup.facts);
    facts_check_equal(&lookup.facts, &again.facts);
    fuzz_free(body);
}

// Whether the whole bucket could be walked; its records are appended to `written`.
static bool walk(struct view bucket, struct strbuf *written)
{
    struct packed_cursor cursor;
    const uint8_t *suffix = NULL;
    struct view body;
    if (packed_open(&cursor, bucket) != ERR_NONE) {
        return false;
    }
    for (;;) {
        if (packed_next(&cursor, &suffix, &body) != ERR_NONE) {
            return false;
        }
        if (suffix == NULL) {
            return true;
        }
        ASSURE(body.n > 0 && body.n <= PACKED_BODY_MAX_BYTES);
        packed_add_record(written, suffix, body);
        check_body(body);
    }
}

// Every record is found by its suffix, in both buckets.
static void check_found(struct view bucket, struct view written)
{
    struct packed_cursor cursor;
    const uint8_t *suffix;
    struct view body;
    struct view found;
    ASSURE(packed_open(&cursor, written) == ERR_NONE);
    for (;;) {
        ASSURE(packed_next(&cursor, &suffix, &body) == ERR_NONE);
        if (suffix == NULL) {
            return;
        }
        ASSURE(packed_find(bucket, suffix, &found) == ERR_NONE && view_equal(found, body));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t somebody[PACKED_SUFFIX_BYTES] = {0x80};
    arena_reset(arena);
    struct view bucket = fuzz_copy(view_bytes(data, size));
    struct strbuf written;
    strbuf_init(&written, BUCKET_BYTES);
    strbuf_add_byte(&written, PACKED_VERSION);
    bool is_whole = walk(bucket, &written);
    ASSURE(written.failed == ERR_NONE);
    struct view found;
    ASSURE(packed_find(bucket, somebody, &found) == (is_whole ? ERR_NONE : ERR_DATA));
    if (is_whole) {
        check_found(bucket, strbuf_view(&written));
    }
    // As a body of its own, which reaches further than one behind suffix and length.
    check_body(bucket);
    strbuf_fini(&written);
    fuzz_free(bucket);
    return 0;
}
