#include "enrich/enrich.h"

enum err enrich_batch(const struct enricher *enricher, const struct event *const *events,
        size_t count, struct mono_time deadline, struct arena *arena, struct enriched *ret_enriched)
{
    struct lookup *lookups = arena_take(arena, (count + 1) * sizeof *lookups);
    if (lookups == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t asked = 0;
    const struct keyring_key *key = keyring_current(enricher->ring);
    for (size_t i = 0; i < count; i++) {
        const struct event *ev = events[i];
        if (ev == NULL) {
            continue;
        }
        struct enriched *enriched = &ret_enriched[i];
        enriched->recipient = recipient_normalise_cached(
                ev->recipient, recipient_kind_of_channel(ev->channel), enricher->phones, arena);
        if (recipient_is_unread(&enriched->recipient)) {
            return ERR_NO_MEMORY;
        }
        enriched->pseudonym = keyring_pseudonym(key, enriched->recipient);
        enriched->facts = (struct facts){.lookup = LOOKUP_NOT_ASKED, .reassigned_at_ms = TIME_NONE};
        if (enriched->recipient.kind != RECIPIENT_INVALID) {
            lookups[asked++] = (struct lookup){
                    .recipient = enriched->recipient,
                    .tenant_id = ev->tenant_id,
                    .loan_id = ev->loan_id,
                    .channel = ev->channel,
                    .pseudonym = &enriched->pseudonym,
                    .key = key,
            };
        }
    }
    enricher->store.ops->lookup(enricher->store.self, lookups, asked, deadline, arena);
    size_t answer = 0;
    for (size_t i = 0; i < count; i++) {
        if (events[i] != NULL && ret_enriched[i].recipient.kind != RECIPIENT_INVALID) {
            ret_enriched[i].facts = lookups[answer++].facts;
        }
    }
    return ERR_NONE;
}
