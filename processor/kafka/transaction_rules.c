#include "kafka/transaction_rules.h"

// Whether a request of such a call, arriving late or twice, could do harm. Initialising takes a new
// epoch each time; beginning asks nobody.
static bool can_be_indefinite(enum txn_call call)
{
    return call == TXN_SEND_OFFSETS || call == TXN_COMMIT || call == TXN_ABORT;
}

enum txn_next txn_rule(enum txn_call call, const struct txn_answer *answer)
{
    if (answer->failed && answer->is_fenced) {
        return TXN_GIVE_UP;
    }
    if (answer->failed && answer->is_fatal) {
        return TXN_REBUILD;
    }
    if (answer->is_indefinite && can_be_indefinite(call)) {
        return TXN_REBUILD; // also when it went well at last
    }
    if (!answer->failed) {
        return TXN_GO_ON;
    }
    if (answer->requires_abort) {
        return call == TXN_ABORT ? TXN_REBUILD : TXN_ABORT_IT;
    }
    if (answer->is_retriable) {
        // What of the offsets has arrived is not known, and the call does not resume.
        return call == TXN_SEND_OFFSETS ? TXN_ABORT_IT : TXN_CALL_AGAIN;
    }
    return TXN_REBUILD;
}
