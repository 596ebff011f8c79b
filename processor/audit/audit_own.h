// The records that an audit log writes about itself (kind log), and its name. Pure but for the name.
#pragma once

#include "audit/audit_tail.h"
#include "common/digest.h"
#include "common/strbuf.h"
#include "common/view.h"

// How far custody.ndjson goes: its last line. So its end cannot be cut off without a trace in the log.
struct audit_custody {
    uint64_t seq; // 0 = it has none
    uint8_t mac[SHA256_BYTES];
};

// What the first line of a file says; views may be none where null is meant.
struct audit_begun {
    struct view log_id;
    uint32_t file;
    struct view key_id;
    struct view instance;
    struct view program;
    struct view config_digest;
    const struct audit_tail *previous; // file 0 = there was none
    struct audit_custody custody;
};

// Each sets `sb` to the record.
void audit_begun_write(struct strbuf *sb, const struct audit_begun *begun);
void audit_ended_write(struct strbuf *sb, const char *why);
// What such a record says of custody.ndjson; seq 0 where it says nothing.
struct audit_custody audit_begun_custody(struct view record);
// What custody.ndjson has last, by its file; seq 0 where it cannot be read. Changes nothing.
struct audit_custody audit_custody_last(const char *directory);
// Of a place as verify's --head takes it: whether it is one of custody.ndjson; whether it is the line with that mac.
bool audit_head_is_of_custody(const char *head);
bool audit_head_has(const char *head, const uint8_t *mac);
// A random id, so that the places of two logs are not taken for one another's. ERR_UNAVAILABLE with errno.
MUST_CHECK enum err audit_log_id_make(char ret_id[AUDIT_LOG_ID_BYTES]);
