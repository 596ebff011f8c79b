// Whether a tally log is the one that we know. Nothing in Kafka says so: a topic that is deleted and
// made anew has the same name and begins at 0 again. One thread.
#pragma once

#include "kafka/consumer.h"
#include "run/held_reader.h"
#include "run/recall.h"

// The log with its end as it is now: others may write on it while we read. Only a commit proves that
// it is the log that we know.
struct log_range log_end_again(struct kafka_consumer *consumer, const struct log_range *log);

// Whether the log's first frame was judged after something was held of it that the ledger knows: a log
// that has caused a hold begins before it. Asked only of a log that nobody has committed in and that
// begins at 0; false of any other, and of one whose first frame cannot be read as one. ERR_DEADLINE,
// ERR_UNAVAILABLE: it could not be read in time.
MUST_CHECK enum err log_is_younger(const struct held_search *search, const struct log_range *log,
        const struct held_ledger *ledger, bool *ret_is_younger);
