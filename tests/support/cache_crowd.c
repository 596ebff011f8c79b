#include "cache_crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/assure.h"
#include "unit.h"

enum { RECOVERY_MS = 15000 };

void crowd_nap(void)
{
    struct timespec ts = {.tv_nsec = 10000000};
    nanosleep(&ts, NULL);
}

static void write_people(const char *path, uint32_t first, uint32_t count)
{
    FILE *file = fopen(path, "w");
    ASSURE(file != NULL);
    for (uint32_t i = first; i < first + count; i++) {
        char storage[16];
        struct recipient recipient = packed_data_recipient(storage, i);
        fprintf(file,
                "{\"recipient\":\"%.*s\",\"parties\":[{\"tenant_id\":\"t1\",\"loan_id\":"
                "\"L%u\",\"role\":\"borrower\",\"status\":\"active\"}]}\n",
                VIEW_ARGS(recipient.canonical), i);
    }
    ASSURE(fclose(file) == 0);
}

enum err crowd_load(struct crowd *crowd, uint32_t first, uint32_t count, bool is_delta)
{
    struct redis_route_options redis = redis_route_options_of(&crowd->config, NULL);
    struct load_options options = {.redis = &redis,
            .prefix = crowd->prefix,
            .ring = crowd->ring,
            .default_region = "CN",
            .path = crowd->path,
            .is_delta = is_delta,
            .tags = HASH_TAG_COUNT,
            .bucket_bits = 9,
            .valid_for_ms = 3600000,
            .watermark_ms = clock_wall().ms};
    struct strbuf why;
    write_people(crowd->path, first, count);
    strbuf_init(&why, 1024);
    enum err e = load_run(&options, &crowd->result, &why);
    if (e != ERR_NONE) {
        printf("\n  load: %s\n", strbuf_view(&why).p);
    }
    strbuf_fini(&why);
    return e;
}

void crowd_prepare(struct crowd *crowd, enum redis_topology topology, const char *address,
        const char *master, const char *folder)
{
    memset(crowd, 0, sizeof *crowd);
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&crowd->ring), ERR_NONE);
    crowd->arena = arena_create(64 << 20);
    snprintf(crowd->prefix, sizeof crowd->prefix, "wn");
    snprintf(crowd->address, sizeof crowd->address, "%s", address);
    snprintf(crowd->path, sizeof crowd->path, "%s/people.ndjson", folder);
    crowd->config.redis.topology = topology;
    crowd->config.redis.address = crowd->address;
    crowd->config.redis.master = master != NULL ? strdup(master) : NULL;
    crowd->config.redis.prefix = crowd->prefix;
    crowd->config.redis.connect_timeout_ms = 1000;
    crowd->config.redis.pipeline_keys = 1024;
}

void crowd_open(struct crowd *crowd)
{
    CU_ASSERT_EQUAL_FATAL(redis_store_create(&crowd->store, &crowd->config, crowd->ring), ERR_NONE);
}

void crowd_close(struct crowd *crowd)
{
    crowd->store.ops->destroy(crowd->store.self);
}

void crowd_set_up(struct crowd *crowd, enum redis_topology topology, const char *address,
        const char *master, const char *folder)
{
    crowd_prepare(crowd, topology, address, master, folder);
    CU_ASSERT_EQUAL_FATAL(crowd_load(crowd, 0, CROWD_BORROWERS, false), ERR_NONE);
    crowd_open(crowd);
}

void crowd_tear_down(struct crowd *crowd)
{
    crowd_close(crowd);
    keyring_destroy(crowd->ring);
    arena_destroy(crowd->arena);
    free(crowd->config.redis.master);
    free(crowd->config.redis.tls.ca_file);
    free(crowd->config.redis.tls.cert_file);
    free(crowd->config.redis.tls.key_file);
    free(crowd->config.redis.tls.server_name);
}

static unsigned tag_of(const struct crowd *crowd, struct recipient recipient)
{
    struct pseudonym pseudonym = keyring_pseudonym(keyring_current(crowd->ring), recipient);
    return packed_bucket_number(&pseudonym, HASH_TAG_BITS);
}

unsigned crowd_tag_of(const struct crowd *crowd, uint32_t i)
{
    char storage[16];
    return tag_of(crowd, packed_data_recipient(storage, i));
}

static void count(struct crowd_tally *tally, enum lookup_state state, bool is_borrower)
{
    tally->found += state == LOOKUP_FOUND;
    tally->missed += state == LOOKUP_MISS;
    tally->unknown += state != LOOKUP_FOUND && state != LOOKUP_MISS;
    tally->unreachable += state == LOOKUP_UNREACHABLE;
    tally->wrong += state == (is_borrower ? LOOKUP_MISS : LOOKUP_FOUND);
}

struct crowd_tally crowd_look_up(struct crowd *crowd, unsigned only_tag)
{
    struct lookup *lookups = calloc(2 * CROWD_BORROWERS, sizeof *lookups);
    char(*storage)[16] = calloc(2 * CROWD_BORROWERS, sizeof *storage);
    struct crowd_tally tally = {0};
    ASSURE(lookups != NULL && storage != NULL);
    for (uint32_t i = 0; i < 2 * CROWD_BORROWERS; i++) {
        lookups[i].recipient = packed_data_recipient(storage[i], i);
        lookups[i].tenant_id = VIEW("t1");
    }
    arena_reset(crowd->arena);
    crowd->store.ops->lookup(crowd->store.self, lookups, 2 * CROWD_BORROWERS,
            mono_after_ms(clock_mono(), CROWD_DEADLINE_MS), crowd->arena);
    for (uint32_t i = 0; i < 2 * CROWD_BORROWERS; i++) {
        if (only_tag == CROWD_EVERY_TAG || tag_of(crowd, lookups[i].recipient) == only_tag) {
            count(&tally, lookups[i].facts.lookup, i < CROWD_BORROWERS);
        }
    }
    CU_ASSERT_EQUAL(tally.wrong, 0);
    free(lookups);
    free(storage);
    return tally;
}

enum lookup_state crowd_look_up_one(struct crowd *crowd, uint32_t i)
{
    char storage[16];
    struct lookup lookup = {.recipient = packed_data_recipient(storage, i)};
    arena_reset(crowd->arena);
    crowd->store.ops->lookup(crowd->store.self, &lookup, 1,
            mono_after_ms(clock_mono(), CROWD_DEADLINE_MS), crowd->arena);
    return lookup.facts.lookup;
}

bool crowd_is_well(struct crowd *crowd)
{
    struct crowd_tally tally = crowd_look_up(crowd, CROWD_EVERY_TAG);
    return tally.found == CROWD_BORROWERS && tally.missed == CROWD_BORROWERS &&
           crowd->store.ops->state(crowd->store.self) == CACHE_TRUSTED;
}

bool crowd_becomes_well(struct crowd *crowd)
{
    struct mono_time until = mono_after_ms(clock_mono(), RECOVERY_MS);
    while (!crowd_is_well(crowd)) {
        if (clock_mono().ns > until.ns) {
            printf("\n  why: %s\n", redis_store_why(&crowd->store));
            return false;
        }
        crowd_nap();
    }
    return true;
}
