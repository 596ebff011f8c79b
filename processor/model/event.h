// An outbound message, decoded. Views borrow from the batch's arena or from the raw message.
#pragma once

#include <stdint.h>

#include "common/clock.h"
#include "common/view.h"

// name in config and schemas, required
#define EVENT_FIELD_TABLE(ROW)                                                                     \
    ROW(FIELD_MESSAGE_ID, message_id, 1)                                                           \
    ROW(FIELD_RECIPIENT, recipient, 1)                                                             \
    ROW(FIELD_OCCURRED_AT, occurred_at, 1)                                                         \
    ROW(FIELD_CHANNEL, channel, 0)                                                                 \
    ROW(FIELD_PURPOSE, purpose, 0)                                                                 \
    ROW(FIELD_TENANT_ID, tenant_id, 0)                                                             \
    ROW(FIELD_CAMPAIGN_ID, campaign_id, 0)                                                         \
    ROW(FIELD_TEMPLATE_ID, template_id, 0)                                                         \
    ROW(FIELD_SENDER_ID, sender_id, 0)                                                             \
    ROW(FIELD_VENDOR_ID, vendor_id, 0)                                                             \
    ROW(FIELD_LOAN_ID, loan_id, 0)                                                                 \
    ROW(FIELD_BORROWER_ID, borrower_id, 0)                                                         \
    ROW(FIELD_PLANNED_SIZE, planned_size, 0)                                                       \
    ROW(FIELD_RECIPIENT_ZONE, recipient_zone, 0)

enum event_field {
#define EVENT_FIELD_ROW(id, name, required) id,
    EVENT_FIELD_TABLE(EVENT_FIELD_ROW)
#undef EVENT_FIELD_ROW
            FIELD_COUNT,
};

enum { ID_MAX_BYTES = 256 }; // of UTF-8, for every id

struct event {
    struct view message_id;
    struct view recipient; // as it came
    struct event_time occurred_at;
    struct view channel; // none where absent, as all below
    struct view purpose;
    struct view tenant_id;
    struct view campaign_id;
    struct view template_id;
    struct view sender_id;
    struct view vendor_id;
    struct view loan_id;
    struct view borrower_id;
    int64_t planned_size;       // -1 = absent
    struct view recipient_zone; // an offset, or a zone by name; may be none that is known
    struct view traceparent;
    struct view tracestate;
};

// The tenant whose scopes a message belongs to.
static inline struct view event_scope_tenant(const struct event *ev)
{
    return view_is_none(ev->tenant_id) ? VIEW("default") : ev->tenant_id;
}
