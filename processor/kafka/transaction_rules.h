// What an answer of librdkafka's transactional producer means: the order in which errors are looked
// at, as a pure function. Knows no librdkafka.
//
// An outcome is *indefinite* when nobody can say whether the brokers have done what they were asked:
// the call timed out or took as long as a request may, or a connection broke while the transaction was
// open. A request may then still be under way, or be sent twice, and be applied to a later
// transaction of the same producer (reference: reliability §1.1). Only a new producer with a new
// epoch, which fences all such requests, makes an end of it.
#pragma once

#include <stdbool.h>

enum txn_call { TXN_INIT, TXN_BEGIN, TXN_SEND_OFFSETS, TXN_COMMIT, TXN_ABORT };

struct txn_answer {
    bool failed;
    bool is_fenced; // somebody else has begun with our transactional.id
    bool is_fatal;
    bool requires_abort;
    bool is_retriable;
    bool is_indefinite;
};

// In order of gravity.
enum txn_next {
    TXN_GO_ON,
    TXN_CALL_AGAIN, // the same call
    TXN_ABORT_IT,   // and begin again behind what is committed
    TXN_REBUILD,    // a new producer, and begin again behind what is committed
    TXN_GIVE_UP,    // the process ends
};

enum txn_next txn_rule(enum txn_call call, const struct txn_answer *answer);
