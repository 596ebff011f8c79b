// A half's sink behind the audit log: alerts and commands stand there before they are sent, and carry
// the place where they stand as the header `wn.audit` (audit_log_head's text), so that whoever has the
// topic can prove that nothing was cut off the log. What cannot be audited is not sent: the half waits.
// One thread, the half's.
#pragma once

#include "audit/audit_log.h"
#include "audit/audit_outcome.h"
#include "common/json_pointers.h"
#include "run/tracked_sink.h"

struct audited_sink {
    struct tracked_sink *tracked;
    struct sink to;
    struct audit_log *log; // NULL = nothing is audited
    struct json_pointers *fields;
    struct strbuf place;
    const char *half;              // its name
    struct audit_pending *pending; // records of the transaction that is open
    bool is_waiting;               // for room on the disk: no progress is no trouble
    struct header headers[RECORD_HEADER_MAX];
};

// `log` may be NULL. `half` is borrowed. ERR_NO_MEMORY.
MUST_CHECK enum err audited_sink_init(struct audited_sink *audited, struct tracked_sink *tracked,
        struct audit_log *log, const char *half);
void audited_sink_fini(struct audited_sink *audited);
struct sink audited_sink_role(struct audited_sink *audited);
// Brings to disk what is audited. False: it is told, and nothing that came of it may be committed yet.
bool audited_sink_keep(struct audited_sink *audited);
// A transaction has ended, and so it is with the records that went into it (audit/audit_outcome.h). `self` is the
// audited sink. What cannot be written now is not known later.
void audited_sink_ended(void *self, enum audit_outcome outcome);
