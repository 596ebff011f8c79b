// The verdict record: schemas/verdict.schema.json.
#pragma once

#include "emit/encoding.h"
#include "model/action.h"

// `source` is the ce_source; none = without CloudEvents headers (files have no
// place for them). Key: the message id.
MUST_CHECK enum err encode_verdict(struct encoding *enc, const struct verdict_action *action,
        struct view source, struct record *ret_record);
