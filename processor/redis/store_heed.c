// What the store concludes from recipients that it has met before (canaries.h): whether what is
// missing is missing because the data are damaged.
#include "redis/redis_store_inside.h"

_Static_assert(
        (int)CANARIES_ALONG <= (int)PACKED_ALONG_MAX && (int)CANARIES_ALONG <= (int)HASH_ALONG_MAX,
        "they fit beside a pipeline's lookups");

enum { HEED_WHY_BYTES = 256 };

static bool has_epoch_key(const struct redis_store *store)
{
    return store->packed != NULL || store->hash_epoch_key != NULL;
}

// A bucket that is not there is unknown to who asks for it; that some are not there shows sooner by
// their number. In a cluster, slots under way make numbers say nothing.
void store_heed_keys(struct redis_store *store, struct redis_node *node, struct view info)
{
    const struct known_epoch *lead = cache_trust_lead(&store->trust);
    uint64_t keys;
    node->lacks_keys = store->packed != NULL && lead != NULL &&
                       !redis_route_is_cluster(store->route) &&
                       server_watch_keys(info, store->database, &keys) &&
                       keys < lead->epoch.bucket_count + lead->epoch.tags;
}

void store_tell_keys(struct redis_store *store)
{
    for (size_t i = 0; i < redis_route_count(store->route); i++) {
        const struct redis_node *node = redis_route_at(store->route, i);
        if (node->lacks_keys && node->is_believed && store->answer == LOOKUP_FOUND) {
            store_say(store, LOOKUP_UNTRUSTED,
                    "buckets are absent: the database has fewer keys than the epoch has buckets");
        }
    }
}

void store_send_canaries(struct redis_store *store)
{
    struct canaries *canaries = &store->canaries;
    canaries_prepare(canaries);
    if (store->packed != NULL) {
        packed_ask_along(store->packed, canaries->along, canaries->along_count);
    } else {
        hash_ask_along(store->hash, canaries->along, canaries->along_count);
    }
}

static void distrust_misses(struct redis_store *store, struct lookup *lookups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (lookups[i].facts.lookup == LOOKUP_MISS) {
            lookups[i].facts.lookup = LOOKUP_UNTRUSTED;
        }
    }
    struct strbuf why;
    size_t of;
    size_t gone = canaries_gone(&store->canaries, &of);
    strbuf_init(&why, HEED_WHY_BYTES);
    strbuf_printf(&why,
            "canaries: %zu of %zu recipients that were there lately are gone, and the epoch does "
            "not "
            "say why",
            gone, of);
    store_say(store, LOOKUP_UNTRUSTED, why.n > 0 ? why.p : "canaries");
    strbuf_fini(&why);
}

void store_heed_canaries(struct redis_store *store, struct lookup *lookups, size_t count)
{
    const struct known_epoch *lead = cache_trust_lead(&store->trust);
    const struct epoch *epoch = lead != NULL ? &lead->epoch : NULL;
    struct mono_time now = clock_mono();
    if (store->packed != NULL && packed_ask_damaged(store->packed) != NULL) {
        canaries_mind(&store->canaries, packed_ask_damaged(store->packed)->recipient);
    }
    if (epoch == NULL && has_epoch_key(store)) {
        return; // nobody has answered
    }
    if (canaries_look(&store->canaries, epoch, now)) {
        canaries_choose(&store->canaries, lookups, count, epoch, now);
    } else {
        distrust_misses(store, lookups, count);
    }
}
