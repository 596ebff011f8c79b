// A line of the audit log from any bytes: what is read, written again under no key, is the same line where
// its hashes are right; and a line that we wrote and of which a byte was changed is never taken for it.
#include "audit/audit_line.h"
#include "common/assure.h"
#include "common/clock.h"
#include "input.h"

enum { ARENA_BYTES = 4 << 20, TEXT_MAX_BYTES = 1 << 20 };

static struct arena *arena;
static struct json_pointers *fields;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    arena = arena_create(ARENA_BYTES);
    ASSURE(arena != NULL && audit_line_fields(&fields) == ERR_NONE);
    return 0;
}

// Whether a reader takes it for what it says.
static bool is_genuine(struct view text, struct audit_line *ret_line)
{
    uint8_t mac[SHA256_BYTES];
    arena_reset(arena);
    const char *why = audit_line_read(fields, text, arena, ret_line);
    if (why != NULL) {
        return false;
    }
    ASSURE(ret_line->seq >= 1 && ret_line->kind < AUDIT_KIND_COUNT);
    audit_line_sign(text, NULL, mac);
    return memcmp(mac, ret_line->mac, sizeof mac) == 0 && audit_line_has_its_record(ret_line);
}

static void check_any(struct view bytes)
{
    struct view text = fuzz_copy(bytes);
    struct audit_line line;
    (void)is_genuine(text, &line);
    fuzz_free(text);
}

static void check_changed(struct view rest)
{
    uint16_t at = fuzz_take_be16(&rest);
    uint8_t change = fuzz_take_byte(&rest);
    struct view type = fuzz_take(&rest, fuzz_take_byte(&rest) % 32);
    struct strbuf text;
    struct audit_line line = {
            .seq = 1 + fuzz_take_be16(&rest),
            .at_ms = CLOCK_MIN_MS + fuzz_take_be16(&rest),
            .kind = (enum audit_kind)(fuzz_take_byte(&rest) % AUDIT_KIND_COUNT),
            .type = type,
            .id = fuzz_take(&rest, 8),
            .incident_id = fuzz_take_byte(&rest) % 2 == 0 ? VIEW_NONE : VIEW("i"),
            .policy_version = VIEW("p"),
            .record = rest.n > 0 ? rest : VIEW("{}"),
    };
    strbuf_init(&text, TEXT_MAX_BYTES);
    audit_line_add(&text, &line, NULL);
    ASSURE(text.failed == ERR_NONE && text.p[text.n - 1] == '\n');
    struct view written = view_bytes(text.p, text.n - 1);
    struct audit_line back;
    bool is_read = is_genuine(written, &back);
    ASSURE(is_read && back.seq == line.seq && back.at_ms == line.at_ms && back.kind == line.kind);
    if (change != 0) {
        text.p[at % written.n] = (char)(text.p[at % written.n] ^ change);
        // A record that becomes `null` looks as if it was taken out: then an account is missing.
        ASSURE(!is_genuine(written, &back) || view_is_none(back.record));
    }
    strbuf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    check_any(rest);
    check_changed(rest);
    return 0;
}
