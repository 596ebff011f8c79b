// The hash layout: what a hash of somebody else's cache says, and when its absence may be believed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"
#include "common/digest.h"
#include "lying_redis.h"
#include "redis/redis_store.h"
#include "unit.h"

enum { DEADLINE_MS = 5000 };

#define EPOCH_KEY "borrowers:epoch"
#define KEY_TEMPLATE "borrower:{recipient}:v1"
#define PSEUDONYM_TEMPLATE "b:{pseudonym}"

static char epoch_key[] = EPOCH_KEY;
static char recipient_template[] = KEY_TEMPLATE;
static char pseudonym_template[] = PSEUDONYM_TEMPLATE;
static char prefix[] = "wn";

struct fixture {
    struct lying_redis *server;
    struct keyring *ring;
    struct config config;
    struct arena *arena;
    struct store store;
    char address[128];
};

static void set_up(struct fixture *f, char *key_template, bool has_epoch, bool assume_complete)
{
    memset(f, 0, sizeof *f);
    f->server = lying_redis_start();
    ASSURE(keyring_create_demo(&f->ring) == ERR_NONE);
    f->arena = arena_create(1 << 20);
    snprintf(f->address, sizeof f->address, "%s", lying_redis_address(f->server));
    f->config.redis.address = f->address;
    f->config.redis.prefix = prefix;
    f->config.redis.layout = LAYOUT_HASH;
    f->config.redis.hash_key = key_template;
    f->config.redis.hash_epoch_key = has_epoch ? epoch_key : NULL;
    f->config.redis.connect_timeout_ms = 1000;
    f->config.redis.pipeline_keys = 100;
    f->config.policy.assume_complete = assume_complete;
    ASSURE(redis_store_create(&f->store, &f->config, f->ring) == ERR_NONE);
}

static void tear_down(struct fixture *f)
{
    f->store.ops->destroy(f->store.self);
    lying_redis_stop(f->server);
    keyring_destroy(f->ring);
    arena_destroy(f->arena);
}

// As an owner of such a cache would write it: without what only the packed layout needs. `key_id`
// "" = none.
static void set_epoch(struct fixture *f, int64_t watermark_ms, const char *key_id)
{
    struct strbuf text;
    strbuf_init(&text, 1024);
    strbuf_printf(&text,
            "{\"layout\": \"hash1\", \"generation\": 3, \"record_count\": 1, \"source_watermark\": "
            "%lld, "
            "\"valid_for_ms\": 3600000",
            (long long)watermark_ms);
    if (key_id[0] != '\0') {
        strbuf_printf(&text, ", \"key_id\": \"%s\"", key_id);
    }
    strbuf_add_text(&text, "}");
    lying_redis_set(f->server, VIEW(EPOCH_KEY), strbuf_view(&text));
    strbuf_fini(&text);
}

// `fields` reads "role=contact;status=closed".
static void set_hash(struct fixture *f, const char *key, const char *fields)
{
    struct strbuf body;
    struct strbuf reply;
    size_t count = 0;
    strbuf_init(&body, 4096);
    strbuf_init(&reply, 4096);
    for (const char *at = fields; *at != '\0';) {
        size_t name_bytes = strcspn(at, "=");
        size_t value_bytes = strcspn(at + name_bytes + 1, ";");
        strbuf_printf(&body, "$%zu\r\n%.*s\r\n$%zu\r\n%.*s\r\n", name_bytes, (int)name_bytes, at,
                value_bytes, (int)value_bytes, at + name_bytes + 1);
        at += name_bytes + 1 + value_bytes;
        at += *at == ';';
        count += 2;
    }
    strbuf_printf(&reply, "*%zu\r\n", count);
    strbuf_add_view(&reply, strbuf_view(&body));
    ASSURE(reply.failed == ERR_NONE && body.failed == ERR_NONE);
    lying_redis_set(f->server, view_of(key), strbuf_view(&reply));
    strbuf_fini(&body);
    strbuf_fini(&reply);
}

static const struct recipient known = {RECIPIENT_PHONE, {"+8613800138000", 14}};
static const struct recipient stranger = {RECIPIENT_PHONE, {"+8613900139000", 14}};

static struct facts look_up(struct fixture *f, struct recipient recipient)
{
    struct lookup lookup = {.recipient = recipient,
            .tenant_id = VIEW("acme"),
            .loan_id = VIEW("L1"),
            .channel = VIEW("voice")};
    arena_reset(f->arena);
    f->store.ops->lookup(
            f->store.self, &lookup, 1, mono_after_ms(clock_mono(), DEADLINE_MS), f->arena);
    return lookup.facts;
}

struct row {
    const char *fields;
    const char *expected; // as describe() has it
};

static const struct row rows[] = {
        {"name=Li", "borrower active same_tenant same_loan no_data"},
        {"tenant_id=acme;loan_id=L1;role=co_borrower;status=overdue",
                "co_borrower overdue same_tenant same_loan no_data"},
        {"tenant_id=other;loan_id=L1", "borrower active no_data"},
        {"tenant_id=acme;loan_id=L2", "borrower active same_tenant no_data"},
        {"tenant_id=ACME", "borrower active no_data"},
        {"loan_id=L1 ", "borrower active same_tenant no_data"},
        {"tenant_id=;loan_id=;role=;status=;closed_at=;reassigned=;reassigned_at=;opted_out=",
                "borrower active same_tenant same_loan no_data"},
        {"role=contact;status=closed;closed_at=2026-01-02",
                "contact closed 1767312000000 same_tenant same_loan no_data"},
        {"status=sold;closed_at=1767312000000",
                "borrower sold 1767312000000 same_tenant same_loan no_data"},
        {"reassigned=yes;reassigned_at=2026-01-02T00:00:00Z",
                "borrower active same_tenant same_loan yes 1767312000000"},
        {"reassigned=no;reassigned_at=2026-01-02", "borrower active same_tenant same_loan no"},
        {"reassigned=yes", "borrower active same_tenant same_loan yes"},
        {"opted_out=sms,voice", "borrower active same_tenant same_loan no_data opted_out"},
        {"opted_out=sms, voice ", "borrower active same_tenant same_loan no_data opted_out"},
        {"opted_out=[\"sms\", \"voice\"]",
                "borrower active same_tenant same_loan no_data opted_out"},
        {"opted_out=sms", "borrower active same_tenant same_loan no_data"},
        {"opted_out=[]", "borrower active same_tenant same_loan no_data"},
        {"opted_out=invoice", "borrower active same_tenant same_loan no_data"},
        {"role=owner", "untrusted"},
        {"role=Borrower", "untrusted"},
        {"status=paid", "untrusted"},
        {"closed_at=yesterday", "untrusted"},
        {"closed_at=1767312000", "untrusted"}, // seconds are no milliseconds
        {"closed_at=99999999999999999999999", "untrusted"},
        {"reassigned=true", "untrusted"},
        {"reassigned_at=x", "untrusted"},
        {"opted_out=[\"sms\"", "untrusted"},
        {"opted_out=[sms]", "untrusted"},
        {"opted_out=sms,,voice", "untrusted"},
        {"opted_out=sms,", "untrusted"},
        {"opted_out=[\"a\\\"b\"]", "untrusted"},
};

static void describe(struct strbuf *sb, const struct facts *facts)
{
    if (facts->lookup != LOOKUP_FOUND) {
        strbuf_add_text(sb, facts->lookup == LOOKUP_UNTRUSTED ? "untrusted"
                            : facts->lookup == LOOKUP_MISS    ? "miss"
                                                              : "other");
        return;
    }
    ASSURE(facts->party_count == 1);
    const struct party_fact *party = facts->parties;
    strbuf_printf(sb, "%s %s", role_names[party->role], status_names[party->status]);
    if (party->closed_at_ms != TIME_NONE) {
        strbuf_printf(sb, " %lld", (long long)party->closed_at_ms);
    }
    strbuf_printf(sb, "%s%s %s", party->same_tenant ? " same_tenant" : "",
            party->same_loan ? " same_loan" : "", reassigned_names[facts->reassigned]);
    if (facts->reassigned_at_ms != TIME_NONE) {
        strbuf_printf(sb, " %lld", (long long)facts->reassigned_at_ms);
    }
    strbuf_add_text(sb, facts->opted_out ? " opted_out" : "");
}

static void check_fields(struct fixture *f, const struct row *row)
{
    struct strbuf text;
    strbuf_init(&text, 1024);
    set_hash(f, "borrower:+8613800138000:v1", row->fields);
    struct facts facts = look_up(f, known);
    describe(&text, &facts);
    unit_check_text(row->fields, text.p, row->expected);
    strbuf_fini(&text);
}

static void test_what_a_hash_says(void)
{
    struct fixture f;
    set_up(&f, recipient_template, true, false);
    set_epoch(&f, clock_wall().ms, "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_fields(&f, &rows[i]);
    }
    tear_down(&f);
}

static void test_mapped_fields(void)
{
    struct fixture f;
    static char loan_field[] = "contractNo";
    set_up(&f, recipient_template, true, false);
    f.store.ops->destroy(f.store.self);
    f.config.redis.hash_fields[1] = loan_field;
    ASSURE(redis_store_create(&f.store, &f.config, f.ring) == ERR_NONE);
    set_epoch(&f, clock_wall().ms, "");
    check_fields(&f, &(struct row){"loan_id=L9;contractNo=L1",
                             "borrower active same_tenant same_loan no_data"});
    check_fields(
            &f, &(struct row){"loan_id=L1;contractNo=L9", "borrower active same_tenant no_data"});
    tear_down(&f);
}

static void test_absence(void)
{
    struct fixture f;
    set_up(&f, recipient_template, true, false);
    set_hash(&f, "borrower:+8613800138000:v1", "role=borrower");
    CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, LOOKUP_UNTRUSTED); // no epoch
    CU_ASSERT_EQUAL(look_up(&f, known).lookup, LOOKUP_UNTRUSTED);
    set_epoch(&f, clock_wall().ms, "");
    CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, LOOKUP_MISS);
    CU_ASSERT_EQUAL(look_up(&f, known).lookup, LOOKUP_FOUND);
    set_epoch(&f, clock_wall().ms + 1, "demo");
    CU_ASSERT_EQUAL(
            look_up(&f, stranger).lookup, LOOKUP_MISS); // void under the other key id, asked again
    lying_redis_lie(f.server, LIE_MGET_ERROR, "");
    CU_ASSERT_EQUAL(look_up(&f, known).lookup, LOOKUP_FOUND); // MGET is not used
    lying_redis_lie(f.server, LIE_ERROR, "NOPERM no");
    CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, LOOKUP_UNTRUSTED);
    tear_down(&f);
}

static void test_without_an_epoch_key(void)
{
    for (int assume = 0; assume <= 1; assume++) {
        struct fixture f;
        set_up(&f, recipient_template, false, assume == 1);
        set_hash(&f, "borrower:+8613800138000:v1", "role=borrower");
        CU_ASSERT_EQUAL(look_up(&f, known).lookup, LOOKUP_FOUND);
        CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, assume == 1 ? LOOKUP_MISS : LOOKUP_UNTRUSTED);
        CU_ASSERT_EQUAL(strstr(redis_store_why(&f.store), "assume_complete") != NULL, assume == 0);
        lying_redis_lie(f.server, LIE_ERROR, "WRONGTYPE not a hash");
        CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, LOOKUP_UNTRUSTED);
        lying_redis_lie(f.server, LIE_REPLICA, NULL);
        CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, LOOKUP_UNTRUSTED);
        tear_down(&f);
    }
}

static void test_stale(void)
{
    struct fixture f;
    set_up(&f, recipient_template, true, false);
    set_hash(&f, "borrower:+8613800138000:v1", "role=borrower");
    set_epoch(&f, clock_wall().ms - 3600001, "");
    CU_ASSERT_EQUAL(look_up(&f, known).lookup, LOOKUP_STALE);
    CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, LOOKUP_STALE);
    tear_down(&f);
}

static void test_pseudonym_keys(void)
{
    struct fixture f;
    struct strbuf key;
    set_up(&f, pseudonym_template, true, false);
    strbuf_init(&key, 256);
    strbuf_add_text(&key, "b:");
    struct pseudonym pseudonym = keyring_pseudonym(keyring_current(f.ring), known);
    hex_add(&key, pseudonym.bytes, sizeof pseudonym.bytes);
    set_hash(&f, key.p, "status=overdue");
    set_epoch(&f, clock_wall().ms, "demo");
    CU_ASSERT_EQUAL(look_up(&f, known).lookup, LOOKUP_FOUND);
    CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, LOOKUP_MISS);
    set_epoch(&f, clock_wall().ms + 1, "other");
    CU_ASSERT_EQUAL(look_up(&f, known).lookup, LOOKUP_UNTRUSTED);
    strbuf_fini(&key);
    tear_down(&f);
}

static void test_pipelines_of_a_batch(void)
{
    struct fixture f;
    set_up(&f, recipient_template, true, false);
    set_epoch(&f, clock_wall().ms, "");
    set_hash(&f, "borrower:+8613800138000:v1", "role=borrower");
    struct lookup *lookups = calloc(1001, sizeof *lookups);
    ASSURE(lookups != NULL);
    for (size_t i = 0; i < 1001; i++) {
        lookups[i].recipient = i % 2 == 0 ? known : stranger;
    }
    f.store.ops->lookup(
            f.store.self, lookups, 1001, mono_after_ms(clock_mono(), DEADLINE_MS), f.arena);
    size_t wrong = 0;
    for (size_t i = 0; i < 1001; i++) {
        wrong += lookups[i].facts.lookup != (i % 2 == 0 ? LOOKUP_FOUND : LOOKUP_MISS);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(lookups);
    tear_down(&f);
}

static void set_hash_of(struct fixture *f, const char *recipient, const char *fields)
{
    struct strbuf key;
    strbuf_init(&key, 256);
    strbuf_printf(&key, "borrower:%s:v1", recipient);
    set_hash(f, key.p, fields);
    strbuf_fini(&key);
}

// Somebody deletes hashes and leaves the epoch where it is.
static void test_hashes_that_vanish(void)
{
    enum { PEOPLE = 10 };
    struct fixture f;
    char texts[PEOPLE][32];
    struct lookup lookups[PEOPLE] = {0};
    set_up(&f, recipient_template, true, false);
    set_epoch(&f, clock_wall().ms, "");
    for (size_t i = 0; i < PEOPLE; i++) {
        snprintf(texts[i], sizeof texts[i], "+86138001380%02u", (unsigned)(i % 100));
        set_hash_of(&f, texts[i], "role=borrower");
        lookups[i].recipient = (struct recipient){RECIPIENT_PHONE, view_of(texts[i])};
    }
    f.store.ops->lookup(
            f.store.self, lookups, PEOPLE, mono_after_ms(clock_mono(), DEADLINE_MS), f.arena);
    CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, LOOKUP_MISS);
    for (size_t i = 0; i < PEOPLE; i++) {
        set_hash_of(&f, texts[i], "");
        bool is_damage = i + 1 >= 3;
        CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, is_damage ? LOOKUP_UNTRUSTED : LOOKUP_MISS);
        CU_ASSERT_EQUAL(
                f.store.ops->state(f.store.self), is_damage ? CACHE_UNTRUSTED : CACHE_TRUSTED);
        CU_ASSERT_EQUAL(strstr(redis_store_why(&f.store), "canaries") != NULL, is_damage);
    }
    for (size_t i = 0; i < PEOPLE; i++) {
        set_hash_of(&f, texts[i], "role=guarantor");
    }
    CU_ASSERT_EQUAL(look_up(&f, stranger).lookup, LOOKUP_MISS);
    tear_down(&f);
}

static const struct unit_test tests[] = {
        {"what_a_hash_says", test_what_a_hash_says},
        {"mapped_fields", test_mapped_fields},
        {"absence", test_absence},
        {"without_an_epoch_key", test_without_an_epoch_key},
        {"stale", test_stale},
        {"pseudonym_keys", test_pseudonym_keys},
        {"pipelines_of_a_batch", test_pipelines_of_a_batch},
        {"hashes_that_vanish", test_hashes_that_vanish},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "redis_hash", tests);
}
