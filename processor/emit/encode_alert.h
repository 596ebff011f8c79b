// The alert record: schemas/alert.schema.json.
#pragma once

#include "emit/encoding.h"
#include "model/action.h"

// `source` is the ce_source; none = without CloudEvents headers. Key: the
// incident id.
MUST_CHECK enum err encode_alert(struct encoding *enc, const struct alert_action *action,
        struct view source, struct record *ret_record);
