#include "enrich/enrich.h"

enum err enrich_prepare(const struct enricher *enricher, const struct event *const *events,
        size_t count, struct arena *arena, struct enriched *ret_enriched,
        struct enriching *ret_enriching)
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
    *ret_enriching = (struct enriching){.events = events,
            .count = count,
            .enriched = ret_enriched,
            .lookups = lookups,
            .asked = asked,
            .arena = arena};
    return ERR_NONE;
}

void enrich_ask(
        const struct enricher *enricher, struct enriching *enriching, struct mono_time deadline)
{
    const struct store *store = &enricher->store;
    enriching->deadline = deadline;
    if (store->ops->begin != NULL) {
        store->ops->begin(
                store->self, enriching->lookups, enriching->asked, deadline, enriching->arena);
    }
}

void enrich_answer(const struct enricher *enricher, struct enriching *enriching)
{
    const struct store *store = &enricher->store;
    if (store->ops->begin != NULL) {
        store->ops->finish(store->self);
    } else {
        store->ops->lookup(store->self, enriching->lookups, enriching->asked, enriching->deadline,
                enriching->arena);
    }
    size_t answer = 0;
    for (size_t i = 0; i < enriching->count; i++) {
        if (enriching->events[i] != NULL &&
                enriching->enriched[i].recipient.kind != RECIPIENT_INVALID) {
            enriching->enriched[i].facts = enriching->lookups[answer++].facts;
        }
    }
}

enum err enrich_batch(const struct enricher *enricher, const struct event *const *events,
        size_t count, struct mono_time deadline, struct arena *arena, struct enriched *ret_enriched)
{
    struct enriching enriching;
    enum err e = enrich_prepare(enricher, events, count, arena, ret_enriched, &enriching);
    if (e == ERR_NONE) {
        enrich_ask(enricher, &enriching, deadline);
        enrich_answer(enricher, &enriching);
    }
    return e;
}
