// A line of the audit log, read and written. One object of JSON:
//
//   {"seq","at","kind","type","id","incident_id","policy_version","sha256","prev","mac","record"}
//    '-------------------------- the head --------------------------'
//
// The head is the bytes of the line before `,"mac":`. `mac` is HMAC-SHA256 over it under the log's key
// (SHA-256 where there is none), `prev` the mac of the line before, `sha256` that of the bytes of
// `record`. So each byte of a line is covered, and a record can be taken out, its place being `null`
// then, while its line goes on proving that it was there, when, and of what kind.
//
// Pure. Any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/digest.h"
#include "common/err.h"
#include "common/json_pointers.h"
#include "common/strbuf.h"

enum {
    AUDIT_FORMAT_VERSION = 1,
    AUDIT_LINE_MAX_BYTES = 2 * 1024 * 1024, // a record of 1 MiB, and its head
};

// What a record is about, as far as its retention goes. Their words are in audit_kind_names.
enum audit_kind {
    AUDIT_LOG,             // the log itself: where a file begins and ends
    AUDIT_ALERT,           // alerts
    AUDIT_CONTROL,         // what came of a person's command
    AUDIT_COMMAND,         // holds and releases of scopes
    AUDIT_MESSAGE_COMMAND, // and of single messages
    AUDIT_CUSTODY,         // legal holds of records, and records taken out (audit/custody.h)
    AUDIT_KIND_COUNT,
};
extern const char *const audit_kind_names[AUDIT_KIND_COUNT];

struct audit_line {
    uint64_t seq; // from 1, without gaps
    int64_t at_ms;
    enum audit_kind kind;
    struct view type;
    struct view id;
    struct view incident_id; // none = null
    struct view policy_version;
    uint8_t sha256[SHA256_BYTES];
    uint8_t prev[SHA256_BYTES]; // zeros in the first line of all
    uint8_t mac[SHA256_BYTES];
    struct view record; // JSON; none = taken out
};

// Appends the line, a line feed behind it. Sets its sha256, where it has a record, and its mac by
// `key` (NULL = none).
void audit_line_add(struct strbuf *sb, struct audit_line *line, const struct mac_key *key);
// Reads what audit_line_add wrote, without its line feed, and nothing else. Views point into `text` and
// `arena`. NULL, or why not: a constant text.
const char *audit_line_read(const struct json_pointers *fields, struct view text,
        struct arena *arena, struct audit_line *ret_line);
// What it wants as `fields`, compiled once. The caller destroys it.
MUST_CHECK enum err audit_line_fields(struct json_pointers **ret_fields);
// What `mac` has to be by this key; of a text that audit_line_read has taken.
void audit_line_sign(struct view text, const struct mac_key *key, uint8_t ret_mac[SHA256_BYTES]);
// Whether the record is the one that the head tells of; true where it was taken out.
bool audit_line_has_its_record(const struct audit_line *line);
