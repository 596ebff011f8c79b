// What was done with the records of an audit log: legal holds, which keep an incident's records from being
// taken out, and accounts of what was taken out. A chain of its own, custody.ndjson, beside the log's
// files (audit/audit_line.h, kind custody), because the log belongs to the processor that runs. The id of
// each line is the log's: accounts and holds of one log are nothing in another.
//
//   hold.added, hold.removed   {"by","reason"}; incident_id in the head
//   purged                     {"file","before","kinds","by","reason","first","last","removed":[[from,to],...]}:
//                              numbers of records; first and last are macs of the file's lines, which stay
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit_check.h"
#include "audit/audit_tail.h"
#include "audit/incident_about.h"

enum {
    CUSTODY_HOLDS_MAX = 10000,
    CUSTODY_RANGES_MAX = 1000000, // of one log
    CUSTODY_LINES_MAX = 1000000,
    CUSTODY_ACCOUNT_RANGES = 20000, // of one account
    CUSTODY_TEXT_MAX_BYTES = 1024,  // of a name or a reason
};

struct custody_hold {
    char incident_id[33];
    int64_t since_ms;
    char by[CUSTODY_TEXT_MAX_BYTES];
    char reason[CUSTODY_TEXT_MAX_BYTES];
};

struct custody_range {
    uint64_t from;
    uint64_t to;
};

struct custody;

// What stands in the folder; a chain that is not there is an empty one. `check` gives folder and keys, and
// is told what is wrong (its visit and is_removed are not looked at). ERR_CEILING, ERR_IO, ERR_NO_MEMORY.
MUST_CHECK enum err custody_read(
        struct custody **ret_custody, const struct audit_check *check, struct strbuf *ret_why);
void custody_destroy(struct custody *custody);
uint64_t custody_faults(const struct custody *custody);
// Whether an account tells of that record's removal.
bool custody_has_removed(const struct custody *custody, uint64_t seq);
// Whether that line of the chain is there.
bool custody_has_line(const struct custody *custody, uint64_t seq, const uint8_t *mac);
bool custody_is_held(const struct custody *custody, struct view incident_id);
// The holds in force, in the order of their making.
const struct custody_hold *custody_holds(const struct custody *custody, size_t *ret_count);

// Writes into the chain; has its lock meanwhile.
struct custody_writer {
    int lock_fd;
    int fd;
    const struct audit_keys *keys;
    char log_id[AUDIT_LOG_ID_BYTES + 1];
    uint64_t seq;
    uint8_t mac[SHA256_BYTES];
    bool has_written;
    struct strbuf line;
};
// ERR_LOCKED, ERR_NO_INPUT (there is no log), ERR_IO, ERR_NO_MEMORY. Call custody_writer_close in any case.
MUST_CHECK enum err custody_writer_open(struct custody_writer *writer, const char *directory,
        const struct audit_keys *keys, struct strbuf *ret_why);
void custody_writer_close(struct custody_writer *writer);
// Where the chain ends now, as verify's --head takes it: "custody:log_id:seq:mac".
void custody_writer_head(const struct custody_writer *writer, struct strbuf *sb);
// It is on disk when it returns. `incident_id` may be none.
MUST_CHECK enum err custody_write(struct custody_writer *writer, const char *type,
        struct view incident_id, struct view record, struct strbuf *ret_why);

// What is to be taken out.
struct purge {
    const char *directory;
    unsigned kinds; // of 1 << AUDIT_*; the log's own lines stay in any case
    int64_t before_ms;
    const struct custody *custody;
    struct incident_about *about; // of the incidents under a hold; has noted the whole log
    struct view by;
    struct view reason;
    bool is_dry; // only counts
    // results
    uint64_t files;
    uint64_t removed;
    uint64_t held; // that stay for a legal hold's sake
};
// Takes the content of records out of all files but the last one, which may be being written. The account
// is on disk before a record goes. ERR_IO, ERR_NO_MEMORY, ERR_DATA (a line that cannot be read).
MUST_CHECK enum err custody_purge(
        struct purge *purge, struct custody_writer *writer, struct strbuf *ret_why);
