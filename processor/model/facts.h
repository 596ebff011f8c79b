// What is known of a message's recipient, as the judge needs it: no ids, no pseudonyms, only how
// each party link stands to this one message.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/attempt.h"

enum party_role { ROLE_BORROWER, ROLE_CO_BORROWER, ROLE_GUARANTOR, ROLE_CONTACT, ROLE_COUNT };
enum loan_status {
    STATUS_ACTIVE,
    STATUS_OVERDUE,
    STATUS_CLOSED,
    STATUS_WRITTEN_OFF,
    STATUS_SOLD,
    STATUS_COUNT,
};
enum reassigned { REASSIGNED_NO_DATA, REASSIGNED_NO, REASSIGNED_YES };

// The words of the schemas.
extern const char *const role_names[ROLE_COUNT];
extern const char *const status_names[STATUS_COUNT];
extern const char *const reassigned_names[3];

#define TIME_NONE INT64_MIN

struct party_fact {
    enum party_role role;
    enum loan_status status;
    int64_t closed_at_ms; // TIME_NONE = undated
    bool same_tenant;     // of the message's tenant; always true when the message names none
    bool same_loan;       // the message names a loan and this is it
    uint32_t lender_tag;  // tells tenants apart; one store's are compared with each other only
};

// How the lookup ended. Only the first two are knowledge.
enum lookup_state {
    LOOKUP_FOUND,
    // believed: the bucket was there, whole and fresh, and the record was not in it
    LOOKUP_MISS,
    LOOKUP_UNREACHABLE, // no answer within the deadline, or a broken one
    LOOKUP_UNTRUSTED,   // an answer that may not be believed (design §3)
    LOOKUP_STALE,       // the data is older than it may be
    LOOKUP_NOT_ASKED,   // the recipient is no possible number
};

struct facts {
    enum lookup_state lookup;
    enum reassigned reassigned;
    int64_t reassigned_at_ms; // TIME_NONE = undated
    bool opted_out;           // of the message's channel
    uint16_t party_count;
    const struct party_fact *parties; // borrowed from the batch's arena
    const struct attempt *attempts;   // likewise; one for each limit that it counts for
    uint16_t attempt_count;
};
