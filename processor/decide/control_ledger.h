// What decide remembers of people's commands: which it has seen, which wait for a second person, and
// what became of those. Everything is log time. Pure; one thread.
//
//   N1  Of the last CONTROL_SEEN_MAX commands each is known again by its control_id; the oldest are
//       forgotten first, and counted.
//   N2  No more than CONTROL_PENDING_MAX wait at a time: holds, releases and modes. None is forgotten before its
//       deadline.
//   N3  Of those that have waited, the last CONTROL_SETTLED_MAX are known to be done or too late.
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "model/control.h"

enum {
    CONTROL_SEEN_MAX = 4096,
    CONTROL_PENDING_MAX = 64,
    CONTROL_SETTLED_MAX = 256,
    CONTROL_TEXT_MAX = 4096, // of each text of a command that waits (operator: OPERATOR_BYTES_MAX)
};

// A command that waits for a second person.
struct pending_control {
    struct control control; // its texts are the ledger's
    int64_t deadline_ms;
};

enum settled { SETTLED_UNKNOWN, SETTLED_DONE, SETTLED_LATE };

struct control_ledger;

MUST_CHECK enum err control_ledger_create(struct control_ledger **ret_ledger);
void control_ledger_destroy(struct control_ledger *ledger);

// Notes the command, by what stands for it (incident_control_digest), as seen. True when it was seen
// before.
bool control_ledger_see(struct control_ledger *ledger, const struct digest_id *id);

// Keeps a copy until somebody confirms it or its deadline is over. ERR_CEILING when too many wait.
MUST_CHECK enum err control_ledger_wait(
        struct control_ledger *ledger, const struct control *control, int64_t deadline_ms);
// The one that waits under that id, NULL for none. Good until it is settled.
const struct pending_control *control_ledger_waiting(
        const struct control_ledger *ledger, struct view control_id);
// One whose deadline is over by `now_ms`, the oldest first; NULL for none.
const struct pending_control *control_ledger_overdue(
        const struct control_ledger *ledger, int64_t now_ms);
// It waits no longer, and its copy is gone.
void control_ledger_settle(
        struct control_ledger *ledger, const struct pending_control *pending, enum settled settled);
// What became of one that has waited, and whether it did so everywhere (model/control.h).
enum settled control_ledger_settled(
        const struct control_ledger *ledger, struct view control_id, bool *ret_is_everywhere);

uint32_t control_ledger_waiting_count(const struct control_ledger *ledger);
// All that wait, one a call: *at is 0 before the first. NULL after the last.
const struct pending_control *control_ledger_waiting_after(
        const struct control_ledger *ledger, uint32_t *at);
// Ids that were forgotten (N1).
uint64_t control_ledger_forgotten(const struct control_ledger *ledger);

// Saves it, or restores it into a new one.
void control_ledger_archive(struct archive *archive, struct control_ledger *ledger);
