// Where an audit log ends, for whoever goes on with it. What a crash has left half written is cut off.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/digest.h"
#include "common/err.h"
#include "common/strbuf.h"

enum { AUDIT_LOG_ID_BYTES = 32 }; // of its text

struct audit_tail {
    uint32_t file;  // the last one; 0 = there is none
    uint64_t bytes; // of its whole lines
    uint64_t seq;   // of its last line
    uint8_t mac[SHA256_BYTES];
    int64_t at_ms;                   // of its last line
    bool is_ended;                   // closed in order
    uint64_t cut_bytes;              // that were cut off
    uint64_t unreadable;             // lines of the last file; they stay as they are
    char log_id[AUDIT_LOG_ID_BYTES]; // zeros when it is not known
};

// To be called by who has the folder's lock. A last file without any whole line is removed. ERR_IO,
// ERR_NO_MEMORY, ERR_CEILING with the reason in `ret_why`.
MUST_CHECK enum err audit_tail_find(
        struct audit_tail *ret_tail, const char *directory, struct strbuf *ret_why);
// The same of one file, which need not be there, and whose lines end where the chain ends.
MUST_CHECK enum err audit_tail_of_file(
        struct audit_tail *ret_tail, const char *path, struct strbuf *ret_why);
// The id of the log in that folder, with a zero byte behind it: of the first of its files whose first line can be
// read. Empty when there is none. ERR_IO, ERR_NO_MEMORY, ERR_CEILING, with the reason in `ret_why`.
MUST_CHECK enum err audit_log_id_find(
        char ret_id[AUDIT_LOG_ID_BYTES + 1], const char *directory, struct strbuf *ret_why);
