// Reads a whole audit log and tells everything that is wrong with it: a record that was changed, by a
// byte or more, with its file, line and number; records that are missing or out of order; files that
// are; records that were taken out without an account; an end that was cut off, when a later place in
// the log is known; a key that comes in the midst of a file, or after another one has replaced it; records
// without a key behind such with one.
//
// What cannot be seen: without a key, a log that was written anew as a whole; and, unless a head is
// given, whole lines that are missing at the very end.
#pragma once

#include "audit/audit_keys.h"
#include "audit/audit_line.h"

enum { AUDIT_HEADS_MAX = 64 };

struct audit_check {
    const char *directory;
    const struct audit_keys *keys; // all that lines may have been written with
    bool allows_unkeyed;           // also lines without one, before the first that has one
    // Places that must be in the log: "log_id:seq:mac" or "mac"; "custody:..." in custody.ndjson.
    const char *heads[AUDIT_HEADS_MAX];
    size_t head_count;
    // Whether an account tells of that record's removal; NULL = of none's.
    bool (*is_removed)(void *self, uint64_t seq);
    // Whether custody.ndjson has that line, which the log has seen there; NULL = nobody knows.
    bool (*has_custody)(void *self, uint64_t seq, const uint8_t *mac);
    // Each thing that is wrong. `name` is a file's, or "" for the log as a whole; `line` counts from 1, 0 =
    // none; `seq` 0 = none.
    void (*found)(void *self, const char *name, uint64_t line, uint64_t seq, const char *what);
    // Each line that is as it was written, in order; NULL = not wanted. A line that is not ours stops
    // nothing, an error does.
    enum err (*visit)(void *self, const char *name, const struct audit_line *line);
    void *self;
};

struct audit_summary {
    uint64_t files;
    uint64_t records;
    uint64_t removed; // whose content was taken out, and is accounted for
    uint64_t faults;  // things that are wrong
    uint64_t first_seq;
    uint64_t last_seq;
    int64_t first_at_ms;
    int64_t last_at_ms;
    uint8_t head[SHA256_BYTES];
    bool is_ended;   // its last line closes the log in order
    bool is_written; // a process holds it
    bool is_keyed;   // all of it
};

// ERR_NONE also when much is wrong: summary.faults. ERR_NO_INPUT: no such folder, or none with a log in
// it; ERR_IO, ERR_NO_MEMORY, ERR_CEILING, what `visit` returns; the reason in `ret_why`.
MUST_CHECK enum err audit_check_log(
        struct audit_summary *ret_summary, const struct audit_check *check, struct strbuf *ret_why);
// The same of one file that is a chain of its own; it need not be there.
MUST_CHECK enum err audit_check_file(struct audit_summary *ret_summary,
        const struct audit_check *check, const char *name, struct strbuf *ret_why);
