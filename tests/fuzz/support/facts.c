#include "facts.h"

#include "common/assure.h"
#include "common/clock.h"
#include "relationship/relationship.h"

static bool is_time(int64_t ms)
{
    return ms == TIME_NONE || clock_is_accepted(ms);
}

void facts_check(const struct facts *facts)
{
    ASSURE(facts->lookup <= LOOKUP_NOT_ASKED);
    if (facts->lookup != LOOKUP_FOUND) {
        ASSURE(facts->party_count == 0 && !facts->opted_out);
        return;
    }
    ASSURE(facts->reassigned <= REASSIGNED_YES && facts->party_count <= PARTY_MAX);
    ASSURE(is_time(facts->reassigned_at_ms));
    ASSURE(facts->reassigned_at_ms == TIME_NONE || facts->reassigned == REASSIGNED_YES);
    for (uint16_t i = 0; i < facts->party_count; i++) {
        const struct party_fact *party = &facts->parties[i];
        ASSURE(party->role < ROLE_COUNT && party->status < STATUS_COUNT);
        ASSURE(is_time(party->closed_at_ms));
        ASSURE(party->same_tenant || !party->same_loan);
    }
}

void facts_check_equal(const struct facts *a, const struct facts *b)
{
    ASSURE(a->lookup == b->lookup);
    if (a->lookup != LOOKUP_FOUND) {
        return;
    }
    ASSURE(a->reassigned == b->reassigned && a->reassigned_at_ms == b->reassigned_at_ms);
    ASSURE(a->opted_out == b->opted_out && a->party_count == b->party_count);
    for (uint16_t i = 0; i < a->party_count; i++) {
        const struct party_fact *x = &a->parties[i];
        const struct party_fact *y = &b->parties[i];
        ASSURE(x->role == y->role && x->status == y->status);
        ASSURE(x->closed_at_ms == y->closed_at_ms);
        ASSURE(x->same_tenant == y->same_tenant && x->same_loan == y->same_loan);
    }
}
