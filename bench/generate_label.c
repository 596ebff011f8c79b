#include "bench/generate_label.h"

static const int64_t grace_ms = INT64_C(3) * 24 * 3600000;

// How close one link comes to being owed what the message asks for.
enum closeness { OF_OTHER_TENANT, OF_OTHER_LOAN, CONCERNED };

static enum closeness closeness_of(const struct message *message, const struct link *link)
{
    if (message->names_tenant && link->tenant != message->campaign->tenant) {
        return OF_OTHER_TENANT;
    }
    if (message->loan != 0 && link->loan != message->loan) {
        return OF_OTHER_LOAN;
    }
    return CONCERNED;
}

static bool is_over(const struct link *link, int64_t at_ms)
{
    switch (link->status) {
    case STATUS_CLOSED:
    case STATUS_SOLD:
        return link->closed_at_ms == TIME_NONE || at_ms >= link->closed_at_ms;
    case STATUS_ACTIVE:
    case STATUS_OVERDUE:
    case STATUS_WRITTEN_OFF:
    case STATUS_COUNT:
        break;
    }
    return false;
}

// What speaks against the message in the person's links. `ret_in_grace`: a closed loan is no fault
// yet.
static reason_set reasons_of_person(const struct message *message, bool *ret_in_grace)
{
    const struct person *to = &message->to;
    if (!to->is_known || to->link_count == 0) {
        return REASON_BIT(REASON_NO_RECORD);
    }
    enum closeness closest = OF_OTHER_TENANT;
    bool somebody_stands_in = false; // borrower, co-borrower or guarantor
    bool something_is_owed = false;
    for (uint32_t i = 0; i < to->link_count; i++) {
        const struct link *link = &to->links[i];
        enum closeness closeness = closeness_of(message, link);
        closest = closeness > closest ? closeness : closest;
        if (closeness != CONCERNED) {
            continue;
        }
        somebody_stands_in = somebody_stands_in || link->role != ROLE_CONTACT;
        if (!is_over(link, message->occurred_ms)) {
            something_is_owed = true;
        } else if (link->closed_at_ms != TIME_NONE &&
                   message->occurred_ms <= link->closed_at_ms + grace_ms) {
            *ret_in_grace = true;
        }
    }
    switch (closest) {
    case OF_OTHER_TENANT:
        return REASON_BIT(REASON_OTHER_TENANT);
    case OF_OTHER_LOAN:
        return REASON_BIT(REASON_WRONG_DEBT);
    case CONCERNED:
        break;
    }
    return (somebody_stands_in ? 0 : REASON_BIT(REASON_THIRD_PARTY)) |
           (something_is_owed ? 0 : REASON_BIT(REASON_CLOSED_LOAN));
}

static bool number_is_somebody_elses(const struct message *message)
{
    const struct person *to = &message->to;
    return to->is_known && to->reassigned == REASSIGNED_YES &&
           (to->reassigned_at_ms == TIME_NONE || to->reassigned_at_ms <= message->occurred_ms);
}

struct label label_message(const struct message *message)
{
    bool is_watched = !message->names_purpose || purpose_is_watched(message->campaign->purpose);
    if (message->has_invalid_number) {
        return (struct label){
                is_watched ? VERDICT_UNKNOWN : VERDICT_EXEMPT, REASON_BIT(REASON_INVALID_NUMBER)};
    }
    bool in_grace = false;
    reason_set reasons = reasons_of_person(message, &in_grace);
    if (number_is_somebody_elses(message)) {
        reasons |= REASON_BIT(REASON_REASSIGNED_NUMBER);
    }
    reason_set faults = in_grace ? reasons & ~REASON_BIT(REASON_CLOSED_LOAN) : reasons;
    if (message->to.is_known && (message->to.opted_out >> message->channel & 1) != 0) {
        reasons |= REASON_BIT(REASON_OPTED_OUT);
    }
    if (!is_watched) {
        return (struct label){VERDICT_EXEMPT, reasons};
    }
    return (struct label){faults != 0 ? VERDICT_MISDIRECTED : VERDICT_CLEAR, reasons};
}
