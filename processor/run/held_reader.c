#include "run/held_reader.h"

#include "common/log.h"
#include "kafka/whole.h"

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
