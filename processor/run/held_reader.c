#include "run/held_reader.h"

#include "common/log.h"
#include "kafka/whole.h"
#include "run/standing_record.h"
#include "tally/tally.h"

enum { HELD_SCOPES_MAX = 1 << 20 };

static enum err see(void *ledger, const struct raw_message *raw)
{
    return held_ledger_see(ledger, raw);
}

static enum err read_into(const struct held_search *search, struct held_ledger *ledger)
{
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    const struct kafka_whole whole = {
            .config = search->config,
            .topic = search->config->topics.state,
            .who = "detect",
            .deadline_ms = search->deadline_ms,
            .take = see,
            .self = ledger,
            .left_behind = search->left_behind,
    };
    enum err e = kafka_read_whole(&whole, &findings);
    strbuf_fini(&findings);
    return e;
}

enum err held_read(const struct held_search *search, struct held_ledger **ret_ledger)
{
    struct held_ledger *ledger;
    enum err e = held_ledger_create(
            &ledger, search->tally_partition, search->tally_partitions, HELD_SCOPES_MAX);
    if (e != ERR_NONE) {
        return e;
    }
    const char *topic = search->config->topics.state;
    e = read_into(search, ledger);
    if (e != ERR_NONE) {
        log_error("detect", "tally partition %d: what is held could not be read from %s: %s",
                search->tally_partition, topic, err_text(e));
        held_ledger_destroy(ledger);
        return e;
    }
    uint64_t bad = held_ledger_unreadable(ledger) + held_ledger_overflowed(ledger);
    if (bad > 0) {
        log_error("detect", "tally partition %d: %llu records of %s do not say what is held",
                search->tally_partition, (unsigned long long)bad, topic);
    }
    *ret_ledger = ledger;
    return ERR_NONE;
}

// --- what was ordered -------------------------------------------------------------------------

struct ordered {
    const struct held_search *search;
    struct standing_reader *reader;
    int64_t highest;
};

static enum err see_order(void *self, const struct raw_message *raw)
{
    struct ordered *ordered = self;
    struct standing_order order;
    if (standing_reader_read(ordered->reader, raw, &order) == STANDING_ORDER &&
            tally_partition_of(order.key.tenant_id, ordered->search->tally_partitions) ==
                    (uint32_t)ordered->search->tally_partition &&
            order.sequence > ordered->highest) {
        ordered->highest = order.sequence;
    }
    return ERR_NONE; // the judges say what is none of ours
}

enum err held_read_ordered(const struct held_search *search, int64_t *ret_highest)
{
    struct ordered ordered = {.search = search, .highest = -1};
    enum err e = standing_reader_create(&ordered.reader);
    if (e != ERR_NONE) {
        return e;
    }
    const char *topic = search->config->topics.control_state;
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    const struct kafka_whole whole = {
            .config = search->config,
            .topic = topic,
            .who = "detect",
            .deadline_ms = search->deadline_ms,
            .may_be_absent = true,
            .take = see_order,
            .self = &ordered,
            .left_behind = search->left_behind,
    };
    e = kafka_read_whole(&whole, &findings);
    strbuf_fini(&findings);
    standing_reader_destroy(ordered.reader);
    if (e != ERR_NONE) {
        log_error("detect", "tally partition %d: what people ordered could not be read from %s: %s",
                search->tally_partition, topic, err_text(e));
        return e;
    }
    *ret_highest = ordered.highest;
    return ERR_NONE;
}
