// The sink that is a directory: one NDJSON file a topic, as replay leaves them.
// Truncated at the start; what is in them is certain only after file_sink_close
// has said so.
//
//   verdicts.ndjson, alerts.ndjson, quarantine-commands.ndjson   the values, one a line
//   quarantine-state.ndjson, control-state.ndjson   {"key", "value"}; a tombstone's value is null
//   dead-letter.ndjson        as `kcat -J`: schemas/dead-letter-line.schema.json
//
// Record headers are written for dead letters only. A record is done when send
// returns: tickets are not told.
#pragma once

#include "common/err.h"
#include "common/strbuf.h"
#include "model/record.h"

struct file_sink;

// Makes the directory when it is not there (its parent must be).
// `dead_letter_topic` is what the envelope names as topic; borrowed for the
// sink's life. On ERR_IO or ERR_NO_MEMORY `ret_why` gets the reason in words.
MUST_CHECK enum err file_sink_create(struct file_sink **ret_sink, const char *directory,
        struct view dead_letter_topic, struct strbuf *ret_why);
// Tallies do not go through it: replay hands them over in memory. send: ERR_IO
// once a write has failed, and then always; ERR_NO_MEMORY.
struct sink file_sink_role(struct file_sink *sink);
// Writes out what is buffered, closes, destroys. ERR_IO when any byte of the
// run may be missing, with the reason in `ret_why`; such a run's files are not
// whole.
MUST_CHECK enum err file_sink_close(struct file_sink *sink, struct strbuf *ret_why);
