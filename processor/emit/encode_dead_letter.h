// Dead letters: the input record as it came, and headers that say where it came
// from and why it is here, in the form of Kafka Connect (__connect.errors.*)
// and in our own (wn.*). Ours follow the record's own headers, which are never
// replaced: where a name is there twice, as after a second dead-lettering, the
// last one is the newest.
//
//   __connect.errors.topic, .partition, .offset   where the input record was
//   __connect.errors.connector.name, .task.id     the processor's group, the instance
//   __connect.errors.stage, .class.name           DECODE, wrongnumber.decode
//   __connect.errors.exception.class.name         the reason's code, as wn.reason
//   __connect.errors.exception.message            the explanation; no byte of the payload
//   wn.reason, wn.failed_at      the code; when (left out in replays)
//   wn.truncated, wn.sha256      of a value cut to its first 64 KiB: its length, its digest
//   wn.key_truncated             of a key cut to its first 64 KiB: its length
//   wn.headers_dropped           how many of the record's own headers found no room
//
// A dead letter must always be deliverable, or it would block its partition for
// ever. So it stays below 960 KiB, key and headers included, which fits the
// usual limit of 1,000,000 bytes.
#pragma once

#include "emit/encoding.h"
#include "model/action.h"

enum {
    DEAD_LETTER_WHOLE_VALUE_BYTES = 900 * 1024, // longer values are cut
    DEAD_LETTER_WHOLE_BYTES = 960 * 1024,       // so are those of larger records
    DEAD_LETTER_CUT_BYTES = 64 * 1024,
    DEAD_LETTER_HEADER_BYTES = 256 * 1024, // of the record's own headers
    DEAD_LETTER_OWN_HEADERS = 15,
    DEAD_LETTER_EXPLANATION_BYTES = 1024,
};

// A gap record: a dead letter without key and value, for all of the offsets at once. Its offset is
// the first, wn.reason is offsets_lost, wn.to_offset is where it is read on; the stage is CONSUME.
MUST_CHECK enum err encode_gap(struct encoding *enc, const struct gap_action *action,
        struct view group, struct view instance, struct record *ret_record);
// Borrows key, value and headers from action->raw.
MUST_CHECK enum err encode_dead_letter(struct encoding *enc,
        const struct dead_letter_action *action, struct view group, struct view instance,
        struct record *ret_record);
