// Records of the quarantine-state topic, which tell a detect half without a whole log what is held.
// What must hold: only scopes of the tally partition are known, no more than the ceiling, each with a
// sequence that never falls; and a line that is told of them saves a state that comes back the same.
//
// A record is a line with its key, a byte (bit 0: it is a tombstone, bit 1: with a wn.sequence of the
// next line), two bytes of length, and so many of value.
#include <stdlib.h>

#include "common/assure.h"
#include "detect_line.h"
#include "input.h"
#include "run/recall.h"
#include "tally/tally.h"

enum { MAX_HELD = 8, MAX_SCOPES = 64, MAX_INCIDENTS = 4, PARTITION = 1, PARTITIONS = 2 };
enum { STATE_BYTES = 64 << 20 };

static struct config *config;
static struct emitter emitter;

static enum err send(void *self, const struct record *record)
{
    (void)self;
    (void)record;
    return ERR_NONE;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    static const struct sink_ops ops = {send};
    const struct emitter_options options = {.writes_headers = true, .group = VIEW("group")};
    ASSURE(config_create_default(&config) == ERR_NONE);
    config->detector.max_scopes = MAX_SCOPES;
    config->detector.max_incidents = MAX_INCIDENTS;
    ASSURE(emitter_init(&emitter, (struct sink){&ops, NULL}, &options) == ERR_NONE);
    return 0;
}

// --- the ledger ---------------------------------------------------------------------------------

static void check_ledger(struct held_ledger *ledger, int64_t *sequences)
{
    uint32_t count = held_ledger_count(ledger);
    int64_t highest = -1;
    ASSURE(count <= MAX_HELD);
    for (uint32_t i = 0; i < count; i++) {
        struct held_scope held;
        bool is_held = held_ledger_at(ledger, i, &held);
        ASSURE(tally_partition_of(held.name.tenant_id, PARTITIONS) == PARTITION);
        ASSURE(held.name.kind < SCOPE_KIND_COUNT);
        ASSURE(!is_held || (held.sequence >= 0 && held.tier < TIER_COUNT));
        ASSURE(held_ledger_sequence(ledger, &held.name) == held.sequence);
        ASSURE(held.sequence >= sequences[i]);
        sequences[i] = held.sequence;
        highest = held.sequence > highest ? held.sequence : highest;
    }
    ASSURE(held_ledger_highest(ledger) == highest);
}

static void see(struct held_ledger *ledger, struct view *rest)
{
    struct view key = fuzz_copy(fuzz_take_line(rest));
    uint8_t flags = fuzz_take_byte(rest);
    struct view sequence = (flags & 2) != 0 ? fuzz_copy(fuzz_take_line(rest)) : VIEW_NONE;
    bool is_tombstone = (flags & 1) != 0;
    struct view value = is_tombstone ? VIEW_NONE : fuzz_copy(fuzz_take(rest, fuzz_take_be16(rest)));
    const struct header header = {VIEW("wn.sequence"), sequence};
    const struct raw_message raw = {
            .key = key,
            .value = value,
            .headers = &header,
            .header_count = (flags & 2) != 0 ? 1 : 0,
    };
    ASSURE(held_ledger_see(ledger, &raw) == ERR_NONE);
    fuzz_free(key);
    if (!view_is_none(sequence)) {
        fuzz_free(sequence);
    }
    if (!is_tombstone) {
        fuzz_free(value);
    }
}

// --- the line -----------------------------------------------------------------------------------

static struct detect_line *new_line(void)
{
    struct detect_line *line = NULL;
    ASSURE(detect_line_create(&line, config, &emitter) == ERR_NONE);
    return line;
}

static void save(struct detect_line *line, struct strbuf *sb)
{
    strbuf_init(sb, STATE_BYTES);
    struct archive writer = archive_writer(sb);
    detect_line_archive(line, &writer);
    ASSURE(archive_end(&writer) == ERR_NONE);
}

static void check_recall(struct held_ledger *ledger, uint8_t which)
{
    const struct log_range log = {
            .partition = PARTITION,
            .low = (which & 1) != 0 ? 100 : 0,
            .high = (which & 2) != 0 ? 1000 : 100,
            .committed = (which & 4) != 0 ? 500 : -1,
    };
    const struct known known = {.reach = (which & 8) != 0 ? 2000 : 0,
            .log_is_younger = (which & 16) != 0 && log.low == 0 && log.committed < 0};
    struct detect_line *line = new_line();
    struct recalled recalled = {0};
    ASSURE(recall(line, ledger, &log, &known, &recalled) == ERR_NONE);
    ASSURE(recalled.held_count + recalled.without_room <= MAX_HELD);
    ASSURE(recalled.sequence_base >= 0);
    struct detect_counts counts = detect_line_counts(line);
    ASSURE(counts.scopes <= MAX_SCOPES && counts.incidents <= MAX_INCIDENTS);
    struct strbuf saved;
    struct strbuf again;
    struct detect_line *copy = new_line();
    save(line, &saved);
    struct archive reader = archive_reader(strbuf_view(&saved));
    detect_line_archive(copy, &reader);
    ASSURE(archive_end(&reader) == ERR_NONE);
    save(copy, &again);
    ASSURE(view_equal(strbuf_view(&saved), strbuf_view(&again)));
    strbuf_fini(&saved);
    strbuf_fini(&again);
    detect_line_destroy(copy);
    detect_line_destroy(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    uint8_t which = fuzz_take_byte(&rest);
    int64_t sequences[MAX_HELD];
    for (int i = 0; i < MAX_HELD; i++) {
        sequences[i] = -1;
    }
    struct held_ledger *ledger;
    ASSURE(held_ledger_create(&ledger, PARTITION, PARTITIONS, MAX_HELD) == ERR_NONE);
    while (rest.n > 0) {
        see(ledger, &rest);
        check_ledger(ledger, sequences);
    }
    check_recall(ledger, which);
    held_ledger_destroy(ledger);
    return 0;
}
