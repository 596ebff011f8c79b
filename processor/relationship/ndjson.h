// One loader line into a relationship (design §2, last of "Records out"). What is not exactly that
// is refused with the reason in words, because data that was understood wrongly would make the
// verdicts lie.
//
//   {"recipient": "+8613800138000", "kind": "phone", "parties": [{"tenant_id": "t1",
//    "loan_id": "L1", "borrower_id": "B1", "role": "borrower", "status": "closed",
//    "closed_at": "2026-11-20"}], "reassigned": "yes", "reassigned_at": "2026-10-01T00:00:00Z",
//    "opted_out": ["sms"]}
//   {"recipient": "+8613800138000", "deleted": true}
//
// Only the recipient is required; null is absent. Absent: kind is phone, role is borrower, status
// is active, reassigned is no_data. Ids may be whole numbers, and times epoch milliseconds. Unknown
// fields are ignored.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "common/strbuf.h"
#include "relationship/relationship.h"

enum { NDJSON_LINE_MAX_BYTES = 1 << 20, NDJSON_CHANNEL_MAX_BYTES = 255 };

struct ndjson;

// `default_region` is borrowed.
MUST_CHECK enum err ndjson_create(struct ndjson **ret_ndjson, const char *default_region);
void ndjson_destroy(struct ndjson *ndjson);
// `line` comes without its line feed. What the relationship points to is in the line or in the
// arena. ERR_DATA: the line is refused and `why` says for which reason, never with the recipient in
// it. ERR_CEILING: the arena is full.
MUST_CHECK enum err ndjson_parse(const struct ndjson *ndjson, struct view line, struct arena *arena,
        struct relationship *ret_rel, struct strbuf *why);
