// One record as a line of `kcat -J`, so that whatever reads that reads our
// files: topic, partition, offset, tstype, ts, broker, headers, key, payload.
// JSON strings cannot hold all bytes. What is not UTF-8, or has a NUL in it, is
// null there and whole in a field of its own: key_base64, payload_base64, and
// headers_base64, which holds all headers, names too, in base64.
#pragma once

#include <stdint.h>

#include "common/strbuf.h"
#include "common/view.h"
#include "model/record.h"

// Appends the line without its end. The record's partition is 0 when it is
// PARTITION_ANY; without a timestamp (0) tstype and ts are left out, as kcat
// does.
void kcat_line_write(
        struct strbuf *sb, struct view topic, int64_t offset, const struct record *record);
