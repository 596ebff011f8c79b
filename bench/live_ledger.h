// What should come of the messages that are sent, and what has come of them: which message is due when, which
// of them must be held, which incidents must be stopped, and when commands for them were seen.
//
// Memory: a label (16 bytes), its id, two times (16 bytes) and 4 bytes an event, about 100 bytes a message of
// the day. Threads: begin and the report are the owner's; live_ledger_sent is the sender's,
// live_ledger_command the watcher's; they write different members.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/latency.h"
#include "bench/score_data.h"
#include "common/json_pointers.h"
#include "policy/config.h"

struct live_incident {
    // Scopes of its first misdirected message, by kind; a hold of any of them stops the batch. None where
    // the message names none.
    char *scopes[SCOPE_KIND_COUNT];
    uint32_t first;  // label of that message; SCORE_NONE while none is known
    int64_t seen_ns; // the first such hold; 0 = none
    enum scope_kind seen_kind;
};

struct live_ledger {
    struct score_data data; // labels and scenario
    uint32_t *labels;       // of each event in order; SCORE_NONE for one without
    uint64_t events;
    uint64_t events_room;
    uint64_t event_bytes;
    struct live_incident *incidents; // of data.incidents
    int64_t *due_ns;  // by label: when its (first) message was due; 0 = it was not sent
    int64_t *held_ns; // by label: when its first hold was seen; 0 = none
    uint64_t unlabelled;
    struct json_pointers *command;
    struct arena *scratch; // the watcher's

    // Of commands, as they come.
    uint64_t holds;      // of messages
    uint64_t repeated;   // of a message that was held before
    uint64_t unexpected; // of a message that is not labelled misdirected
    uint64_t foreign;    // of a message that the day does not have
    uint64_t scope_holds;
};

// Reads labels.ndjson, scenario.json and, once, events.ndjson of a folder: as many events as will be sent
// (`most`). `fields` are FIELD_COUNT JSON Pointers of an event. ERR_NO_INPUT, ERR_DATA with the reason in
// `why`; ERR_NO_MEMORY.
MUST_CHECK enum err live_ledger_begin(struct live_ledger *ledger, const char *day,
        char *const *fields, uint64_t most, struct strbuf *why);
void live_ledger_fini(struct live_ledger *ledger);

// The id of the message that event `i` is about, which is its key; none for one without a label.
struct view live_ledger_key(const struct live_ledger *ledger, uint64_t i);
// Event `i` was due then, and is about to be sent.
void live_ledger_sent(struct live_ledger *ledger, uint64_t i, int64_t due_ns);
// A record of the commands topic was seen at `now_ns`. What is no hold is passed over.
void live_ledger_command(struct live_ledger *ledger, struct view record, int64_t now_ns);

// What has come of it: latencies of what was due at `from_ns` or later.
struct live_holds {
    uint64_t expected; // misdirected messages that were sent, warm-up and all
    uint64_t matched;  // of them, with a hold
    struct latency latency;
};
void live_ledger_holds(const struct live_ledger *ledger, int64_t from_ns, struct live_holds *ret);

struct live_stop {
    uint64_t misdirected; // of the incident, sent
    uint64_t escaped;     // of them, due before its hold was seen; all of them where there is none
    int64_t first_ns;     // the first of them was due; 0 = none was sent
    int64_t latency_ns;   // from then to the hold; -1 = none
};
struct live_stop live_ledger_stop(const struct live_ledger *ledger, uint32_t incident);
