// A line of a file as a message: an event as it is, or a record in the envelope of `kcat -J`, which
// is also the shape of our dead-letter files (schemas/dead-letter-line.schema.json): topic,
// partition, offset, tstype, ts, broker, headers, key, payload; bytes that are no text in
// key_base64, payload_base64, headers_base64.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "model/raw.h"

// For the line reader. Holds the envelope of every message of 1 MiB: as JSON it grows to six times
// its length.
enum { ENVELOPE_LINE_MAX_BYTES = 8 * 1024 * 1024 };

enum envelope_kind {
    LINE_BLANK, // no message
    LINE_PLAIN, // the line is the value; *ret_raw has nothing else
    LINE_ENVELOPE,
    LINE_NO_ROOM, // the arena is full
};

struct envelope_reader;

MUST_CHECK enum err envelope_reader_create(struct envelope_reader **ret_reader);
void envelope_reader_destroy(struct envelope_reader *reader);

// An envelope is an object with topic, partition, offset, and payload or payload_base64, all of
// their types; whatever else is wrong with it makes the line a plain one, whose decoding then
// fails. A payload that is no string (kcat -s value=avro) is taken as the JSON text it is. What
// *ret_raw points to is in the arena. Topic, partition and offset of a plain line are none, 0 and
// 0; timestamp_ms is -1 where there is none.
enum envelope_kind envelope_read_line(const struct envelope_reader *reader, struct view line,
        struct arena *arena, struct raw_message *ret_raw);
