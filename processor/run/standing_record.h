// A record of the control-state topic (schemas/control-state.schema.json) → an order that stands
// (control/standing_orders.h). One thread.
#pragma once

#include "common/arena.h"
#include "control/standing_orders.h"
#include "model/raw.h"

struct standing_reader;

enum standing_news {
    STANDING_ORDER, // it stands; a tombstone: `until_ms` 0, and nothing of it but key and sequence
    STANDING_NOTHING, // what does not stand yet: a command that waits
    STANDING_BAD,     // none of ours
};

MUST_CHECK enum err standing_reader_create(struct standing_reader **ret_reader);
void standing_reader_destroy(struct standing_reader *reader);

// What the order points to is the record's and the reader's, until its next call.
enum standing_news standing_reader_read(struct standing_reader *reader,
        const struct raw_message *raw, struct standing_order *ret_order);
