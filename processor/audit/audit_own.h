// The records that an audit log writes about itself (kind log), and its name. Pure but for the name.
#pragma once

#include "audit/audit_tail.h"
#include "common/strbuf.h"
#include "common/view.h"

// What the first line of a file says; views may be none where null is meant.
struct audit_begun {
    struct view log_id;
    uint32_t file;
    struct view key_id;
    struct view instance;
    struct view program;
    struct view config_digest;
    const struct audit_tail *previous; // file 0 = there was none
};

// Each sets `sb` to the record.
void audit_begun_write(struct strbuf *sb, const struct audit_begun *begun);
void audit_ended_write(struct strbuf *sb, const char *why);
// A random id, so that the places of two logs are not taken for one another's. ERR_UNAVAILABLE with errno.
MUST_CHECK enum err audit_log_id_make(char ret_id[AUDIT_LOG_ID_BYTES]);
