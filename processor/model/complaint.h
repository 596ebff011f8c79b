// Somebody says that a message should not have reached them. Complaints are evidence of the scopes
// that they name, and hold nothing.
#pragma once

#include "common/clock.h"
#include "common/view.h"

// In the order of frames; any other word is `other`.
#define COMPLAINT_KIND_TABLE(ROW)                                                                  \
    ROW(COMPLAINT_OTHER, other)                                                                    \
    ROW(COMPLAINT_WRONG_NUMBER, wrong_number)                                                      \
    ROW(COMPLAINT_NOT_MY_DEBT, not_my_debt)                                                        \
    ROW(COMPLAINT_STOP, stop)                                                                      \
    ROW(COMPLAINT_HARASSMENT, harassment)

enum complaint_kind {
#define COMPLAINT_KIND_ROW(id, name) id,
    COMPLAINT_KIND_TABLE(COMPLAINT_KIND_ROW)
#undef COMPLAINT_KIND_ROW
            COMPLAINT_KIND_COUNT,
};

extern const char *const complaint_kind_names[COMPLAINT_KIND_COUNT];

// As decoded. Views borrow from the raw message or the batch's arena; none where absent.
struct complaint {
    struct view complaint_id;
    struct event_time occurred_at;
    struct view recipient; // as it came; this or message_id is there
    struct view message_id;
    struct view kind_word;
    enum complaint_kind kind;
    struct view channel;
    struct view tenant_id;
    struct view campaign_id;
    struct view template_id;
    struct view sender_id;
    struct view vendor_id;
};
