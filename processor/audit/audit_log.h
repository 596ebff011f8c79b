// The audit log of a process: what is commanded stands here before it is commanded. Lines
// (audit/audit_line.h) in numbered files of one folder (audit/audit_dir.h); every start, day and
// `file_bytes` begins a new file, and the chain goes on across them:
//
//   audit.begun   the first line of a file: format, log_id, file, key_id, instance, program, config_sha256, and
//                 of the file before: its number, whether it was closed in order, how many bytes of a
//                 torn line were cut off it; and how far custody.ndjson goes
//   ...           alerts, commands, what came of control records, each as it is sent
//   audit.ended   the last line of a file that was closed in order, with why
//
// A1. A record is in its file (write(2) has taken all of it) before audit_log_append returns ERR_NONE.
// A2. After audit_log_sync has returned ERR_NONE, everything that was appended before is on disk.
// A3. A write that does not fit leaves nothing of itself: the file is cut back to whole lines.
// A4. A file that could not be brought to disk, or cut back, is not written to any more, and no sync of it is
//     believed: it is written once more under its name, from what was on disk and from memory, where every
//     record stays until it is on disk (audit/audit_renew.h). Until that has gone well nothing is appended.
// A5. A file that was not closed in order is written once more before another one is begun: who wrote it may
//     have died with records that only the kernel had.
// The same record may stand in the log more than once, with the same id: as often as it was to be sent.
//
// Any thread; one at a time is served. One process a folder. Logs nothing.
#pragma once

#include "audit/audit_keys.h"
#include "audit/audit_line.h"
#include "common/clock.h"

struct audit_log;

struct audit_log_options {
    const char *directory;         // made when only it is missing
    const struct audit_keys *keys; // borrowed for the log's life
    int64_t file_bytes;            // a new file is begun above it
    struct view instance;
    struct view program;        // its version
    struct view config_digest;  // hex
    struct view policy_version; // until audit_log_set_policy
};

// What is appended. `record` is one JSON value without line feeds.
struct audit_entry {
    enum audit_kind kind;
    struct view type;
    struct view id;
    struct view incident_id; // none = null
    struct view record;
};

// Where it stands: what proves later that it stood there.
struct audit_place {
    uint64_t seq;
    uint8_t mac[SHA256_BYTES];
};

// ERR_LOCKED: another process writes there. ERR_IO, ERR_NO_MEMORY, ERR_CEILING. `notes` gets what there
// is to tell, one a line, also when it went well: why not, what was cut off, what is damaged.
MUST_CHECK enum err audit_log_open(
        struct audit_log **ret_log, const struct audit_log_options *options, struct strbuf *notes);
// Ends the file in order, if it can. NULL is fine.
void audit_log_close(struct audit_log *log);

// ERR_UNAVAILABLE: it cannot be written now (audit_log_trouble); nothing was appended. ERR_DATA: a
// record above 1 MiB, or with a line feed. ERR_NO_MEMORY.
MUST_CHECK enum err audit_log_append(struct audit_log *log, const struct audit_entry *entry,
        struct wall_time now, struct audit_place *ret_place);
// Nothing to do is nothing done. ERR_UNAVAILABLE: not all of it is on disk; to be tried again.
MUST_CHECK enum err audit_log_sync(struct audit_log *log);
// How often A4 has come true.
uint64_t audit_log_renewals(struct audit_log *log);
// What is to be seen of it, for who must not wait for a disk.
struct audit_glance {
    uint64_t records; // the number of the last one
    uint64_t renewals;
    uint64_t unsynced_bytes; // that may not be on disk yet
};
// False while somebody is at work with the log.
bool audit_log_glance(struct audit_log *log, struct audit_glance *ret_glance);
// Appends why the last append or sync did not go well.
void audit_log_trouble(struct audit_log *log, struct strbuf *sb);
// The policy that is in force from here on.
void audit_log_set_policy(struct audit_log *log, struct view version);
// The last line: "log_id:seq:mac" as verify's --head takes it. Appends nothing while there is none.
void audit_log_head(struct audit_log *log, struct strbuf *sb);
// The same of one place.
void audit_log_add_place(
        const struct audit_log *log, const struct audit_place *place, struct strbuf *sb);
