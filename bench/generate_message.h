// A made-up message before it is written, with all that the generator knows of it.
#pragma once

#include "bench/generate_people.h"

enum { GENERATED_ID_MAX_BYTES = 64, MESSAGE_ID_MAX_BYTES = 48 };

// The first two are watched by the default policy.
enum purpose {
    PURPOSE_COLLECTION,
    PURPOSE_REMINDER,
    PURPOSE_MARKETING,
    PURPOSE_SERVICE,
    PURPOSE_OTP,
    PURPOSE_COUNT,
};
extern const char *const purpose_names[PURPOSE_COUNT];

static inline bool purpose_is_watched(enum purpose purpose)
{
    return purpose <= PURPOSE_REMINDER;
}

struct campaign {
    uint32_t tenant;
    enum purpose purpose;
    bool by_voice;        // to phones, instead of by sms
    bool names_borrowers; // fills in borrower_id
    bool tells_size;      // fills in planned_size
    uint64_t planned_size;
    uint32_t p0_millionths; // share of its messages that is wrong though nothing has happened
    char id[GENERATED_ID_MAX_BYTES];
    char template_id[GENERATED_ID_MAX_BYTES];
    char sender_id[GENERATED_ID_MAX_BYTES];
    char vendor_id[GENERATED_ID_MAX_BYTES];
};

// Why a message is wrong, if it is. An episode is a while of slow data, as every lender has them.
enum fault { FAULT_NONE, FAULT_SCATTERED, FAULT_EPISODE, FAULT_INCIDENT };

struct message {
    uint64_t number; // from 0, in the order of the file
    int64_t occurred_ms;
    const struct campaign *campaign;
    struct person to; // whoever answers at the recipient, unless:
    bool has_invalid_number;
    char recipient[ADDRESS_MAX_BYTES];
    size_t recipient_bytes;
    bool names_tenant;
    bool names_purpose; // an absent purpose is collection
    bool names_channel;
    enum channel channel;
    uint64_t loan; // 0 = names none
    enum fault fault;
};

// Writes an id of the generator's own making, which fits.
void generated_id(char ret_id[GENERATED_ID_MAX_BYTES], const char *format, ...)
        __attribute__((format(printf, 2, 3)));
