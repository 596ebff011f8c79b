#include "relationship/memory_store.h"

#include <stdlib.h>

#include "relationship/packed.h"
#include "relationship/packed_table.h"

// One record for every phone number there can be in a large country; what is really held is bounded
// by what is loaded.
static const uint64_t MEMORY_STORE_MAX_COUNT = (uint64_t)1 << 31;

struct memory_store {
    const struct keyring_key *key;
    struct packed_table *table;
    struct strbuf body; // being written
};

// The lookups of a group wait for memory together.
enum { GROUP_LOOKUPS = 32 };

static void memory_store_answer(const struct memory_store *ms, struct lookup *lookup,
        const struct pseudonym *pseudonym, struct arena *arena)
{
    lookup->facts = (struct facts){
            .lookup = LOOKUP_NOT_ASKED,
            .reassigned = REASSIGNED_NO_DATA,
            .reassigned_at_ms = TIME_NONE,
    };
    if (lookup->recipient.kind == RECIPIENT_INVALID) {
        return;
    }
    struct view body = packed_table_find(ms->table, pseudonym);
    if (view_is_none(body)) {
        lookup->facts.lookup = LOOKUP_MISS;
        return;
    }
    // The body is our own writing; what can fail is the arena, and then there is no answer.
    if (packed_decode(body, ms->key, lookup, arena) != ERR_NONE) {
        lookup->facts.lookup = LOOKUP_UNREACHABLE;
    }
}

static void memory_store_lookup(void *self, struct lookup *lookups, size_t count,
        struct mono_time deadline, struct arena *arena)
{
    (void)deadline;
    const struct memory_store *ms = self;
    struct pseudonym pseudonyms[GROUP_LOOKUPS];
    for (size_t from = 0; from < count; from += GROUP_LOOKUPS) {
        size_t left = count - from;
        size_t group = left < GROUP_LOOKUPS ? left : GROUP_LOOKUPS;
        for (size_t i = 0; i < group; i++) {
            pseudonyms[i] = lookup_pseudonym(&lookups[from + i], ms->key);
        }
        packed_table_warm(ms->table, pseudonyms, group);
        for (size_t i = 0; i < group; i++) {
            memory_store_answer(ms, &lookups[from + i], &pseudonyms[i], arena);
        }
    }
}

static enum cache_state memory_store_state(void *self)
{
    (void)self;
    return CACHE_TRUSTED;
}

static void memory_store_destroy(void *self)
{
    struct memory_store *ms = self;
    if (ms != NULL) {
        packed_table_destroy(ms->table);
        strbuf_fini(&ms->body);
        free(ms);
    }
}

static const struct store_ops memory_store_ops = {
        .lookup = memory_store_lookup,
        .state = memory_store_state,
        .destroy = memory_store_destroy,
};

enum err memory_store_create(struct store *ret_store, const struct keyring *ring)
{
    struct memory_store *ms = calloc(1, sizeof *ms);
    if (ms == NULL) {
        return ERR_NO_MEMORY;
    }
    strbuf_init(&ms->body, PACKED_BODY_MAX_BYTES);
    ms->key = keyring_current(ring);
    ms->table = packed_table_create(MEMORY_STORE_MAX_COUNT);
    if (ms->table == NULL) {
        memory_store_destroy(ms);
        return ERR_NO_MEMORY;
    }
    *ret_store = (struct store){&memory_store_ops, ms};
    return ERR_NONE;
}

static enum err memory_store_apply(void *self, const struct relationship *rel)
{
    struct memory_store *ms = self;
    struct pseudonym pseudonym = keyring_pseudonym(ms->key, rel->recipient);
    if (rel->deleted) {
        packed_table_remove(ms->table, &pseudonym);
        return ERR_NONE;
    }
    strbuf_reset(&ms->body);
    packed_add_body(&ms->body, ms->key, rel);
    if (ms->body.failed != ERR_NONE) {
        return ms->body.failed;
    }
    return packed_table_put(ms->table, &pseudonym, strbuf_view(&ms->body));
}

enum err memory_store_put(struct store *store, const struct relationship *rel)
{
    return memory_store_apply(store->self, rel);
}

enum err memory_store_load_file(struct store *store, const char *path, const char *default_region,
        bool skip_bad, struct feed_report *ret_report)
{
    const struct feed feed = {
            .path = path,
            .default_region = default_region,
            .skip_bad = skip_bad,
            .apply = memory_store_apply,
            .self = store->self,
    };
    return feed_run(&feed, ret_report);
}

uint64_t memory_store_count(const struct store *store)
{
    const struct memory_store *ms = store->self;
    return packed_table_count(ms->table);
}
