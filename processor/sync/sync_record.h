// One record of the relationships topic. Its key names the recipient: a phone number as it is, any
// other as `kind:recipient`. Its value is a loader line about that recipient; none (a tombstone)
// deletes it. The key `_heartbeat` is the source's own: everything that the source knew by then was
// written before; when, is in the value ({"at": RFC 3339 or milliseconds}) or, without one, the
// record's own time.
#pragma once

#include "common/err.h"
#include "common/strbuf.h"
#include "model/raw.h"
#include "relationship/relationship.h"

enum sync_record_kind {
    SYNC_CHANGE,
    SYNC_HEARTBEAT,
    SYNC_REFUSED, // sync_records_why says for which reason, never with the recipient in it
    SYNC_UNREAD,  // memory is out
};

struct sync_records;

// `default_region` is borrowed.
MUST_CHECK enum err sync_records_create(
        struct sync_records **ret_records, const char *default_region);
void sync_records_destroy(struct sync_records *records);
// Never fails: what cannot be read is refused. `ret_rel` is set for a change, and good until the
// next read; `ret_at_ms` for a heartbeat.
enum sync_record_kind sync_records_read(struct sync_records *records, const struct raw_message *raw,
        struct relationship *ret_rel, int64_t *ret_at_ms);
const char *sync_records_why(const struct sync_records *records);
