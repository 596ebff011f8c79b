// The audit log and its keys, as a configuration names them.
#pragma once

#include "audit/audit_log.h"
#include "policy/config.h"

// The current key, then the previous one; none where none is named. The reason is in `why`.
MUST_CHECK enum err open_audit_keys(
        struct audit_keys *keys, const struct config *config, struct strbuf *why);
// NULL where none is wanted. What there is to tell goes to the log. `keys` must outlive it.
MUST_CHECK enum err open_audit_log(
        struct audit_log **ret_log, struct audit_keys *keys, const struct config *config);
// Says where the log ends, so that whoever keeps the process's log can prove it later: when `is_due`, or
// at most once an hour. NULL is fine.
void tell_audit_head(struct audit_log *log, struct mono_time *told_at, bool is_due);
