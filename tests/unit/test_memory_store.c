// The memory store, the table under it and the files it is fed from.
#include "relationship/memory_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/hash.h"
#include "relationship/ndjson.h"
#include "relationship/packed.h"
#include "relationship/packed_table.h"
#include "tests/support/unit.h"

enum { ARENA_CEILING = 1 << 20 };

// --- the table ----------------------------------------------------------------------------------

// A pseudonym for a number, spread like a MAC.
static struct pseudonym pseudonym_of(uint64_t number)
{
    struct pseudonym pseudonym;
    uint64_t high = hash_mix64(number);
    uint64_t low = hash_mix64(number + UINT64_C(0x9e3779b97f4a7c15));
    for (int i = 0; i < 8; i++) {
        pseudonym.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        pseudonym.bytes[i + 8] = (uint8_t)(low >> (56 - 8 * i));
    }
    return pseudonym;
}

static enum err put_number(struct packed_table *table, uint64_t number, uint32_t value)
{
    struct pseudonym pseudonym = pseudonym_of(number);
    return packed_table_put(table, &pseudonym, view_bytes(&value, sizeof value));
}

static bool has_number(const struct packed_table *table, uint64_t number, uint32_t value)
{
    struct pseudonym pseudonym = pseudonym_of(number);
    return view_equal(packed_table_find(table, &pseudonym), view_bytes(&value, sizeof value));
}

// Puts, replaces and removes at random beside an array that does the same.
static void table_agrees_with_an_array(void)
{
    enum { NUMBERS = 5000, STEPS = 200000 };
    struct packed_table *table = packed_table_create(NUMBERS);
    uint32_t *values = calloc(NUMBERS, sizeof *values); // 0 = absent
    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    CU_ASSERT_PTR_NOT_NULL_FATAL(values);
    uint64_t count = 0;
    unsigned wrong = 0;
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint64_t dice = hash_mix64(step);
        uint32_t number = (uint32_t)(dice % NUMBERS);
        if (dice >> 40 & 1) {
            struct pseudonym pseudonym = pseudonym_of(number);
            packed_table_remove(table, &pseudonym);
            count -= values[number] != 0;
            values[number] = 0;
        } else {
            wrong += put_number(table, number, step) != ERR_NONE;
            count += values[number] == 0;
            values[number] = step;
        }
        uint32_t probe = (uint32_t)(hash_mix64(dice) % NUMBERS);
        wrong += has_number(table, probe, values[probe]) != (values[probe] != 0);
    }
    for (uint32_t number = 0; number < NUMBERS; number++) {
        wrong += has_number(table, number, values[number]) != (values[number] != 0);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(packed_table_count(table), count);
    free(values);
    packed_table_destroy(table);
}

static void table_memory_is_bounded_by_what_lives(void)
{
    struct packed_table *table = packed_table_create(10);
    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    char body[1000];
    memset(body, 'x', sizeof body);
    struct pseudonym pseudonym = pseudonym_of(1);
    for (int i = 0; i < 100000; i++) { // 100 MB of garbage
        if (packed_table_put(table, &pseudonym, view_bytes(body, sizeof body)) != ERR_NONE) {
            CU_FAIL_FATAL("put");
        }
    }
    CU_ASSERT_EQUAL(packed_table_count(table), 1);
    CU_ASSERT_TRUE(packed_table_bytes(table) < 16 << 20);
    CU_ASSERT_EQUAL(packed_table_find(table, &pseudonym).n, sizeof body);
    packed_table_destroy(table);
}

static void table_has_a_ceiling(void)
{
    struct packed_table *table = packed_table_create(2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    CU_ASSERT_EQUAL(put_number(table, 1, 1), ERR_NONE);
    CU_ASSERT_EQUAL(put_number(table, 2, 2), ERR_NONE);
    CU_ASSERT_EQUAL(put_number(table, 3, 3), ERR_CEILING);
    CU_ASSERT_EQUAL(put_number(table, 2, 4), ERR_NONE); // a replacement is none more
    CU_ASSERT_TRUE(has_number(table, 1, 1));
    CU_ASSERT_TRUE(has_number(table, 2, 4));
    CU_ASSERT_FALSE(has_number(table, 3, 3));
    packed_table_destroy(table);
}

static void table_lists_in_order(void)
{
    enum { NUMBERS = 3000 };
    struct packed_table *table = packed_table_create(NUMBERS);
    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    for (uint32_t i = 0; i < NUMBERS; i++) {
        CU_ASSERT_EQUAL_FATAL(put_number(table, i, i), ERR_NONE);
    }
    struct packed_ref *refs = NULL;
    CU_ASSERT_EQUAL_FATAL(packed_table_sorted(table, &refs), ERR_NONE);
    unsigned wrong = 0;
    for (uint32_t i = 0; i < NUMBERS; i++) {
        struct pseudonym pseudonym;
        struct view body;
        packed_table_read(table, &refs[i], &pseudonym, &body);
        wrong += i > 0 && refs[i - 1].prefix > refs[i].prefix;
        wrong += pseudonym.bytes[0] != refs[i].prefix >> 56;
        wrong += !view_equal(body, packed_table_find(table, &pseudonym));
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(refs);
    packed_table_destroy(table);
}

// --- the store ----------------------------------------------------------------------------------

struct fixture {
    struct keyring *ring;
    struct store store;
    struct arena *arena;
    char path[32];
};

static void fixture_init(struct fixture *f)
{
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&f->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(memory_store_create(&f->store, f->ring), ERR_NONE);
    f->arena = arena_create(ARENA_CEILING);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->arena);
    snprintf(f->path, sizeof f->path, "/tmp/wn-unit-XXXXXX");
    int fd = mkstemp(f->path);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    close(fd);
}

static void fixture_fini(struct fixture *f)
{
    unlink(f->path);
    arena_destroy(f->arena);
    f->store.ops->destroy(f->store.self);
    keyring_destroy(f->ring);
}

static struct facts ask(struct fixture *f, enum recipient_kind kind, const char *canonical)
{
    struct lookup lookup = {
            .recipient = {kind, view_of(canonical)},
            .tenant_id = VIEW("t1"),
            .loan_id = VIEW("L1"),
            .channel = VIEW("sms"),
    };
    f->store.ops->lookup(f->store.self, &lookup, 1, clock_mono(), f->arena);
    return lookup.facts;
}

static enum err load_text(
        struct fixture *f, struct view text, bool skip_bad, struct feed_report *report)
{
    FILE *file = fopen(f->path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(text.p, 1, text.n, file), text.n);
    CU_ASSERT_EQUAL(fclose(file), 0);
    return memory_store_load_file(&f->store, f->path, "CN", skip_bad, report);
}

static void answers_from_a_file(void)
{
    struct fixture f;
    fixture_init(&f);
    struct feed_report report;
    enum err e = load_text(&f,
            VIEW("\xef\xbb\xbf{\"recipient\":\"+8613800138000\",\"parties\":[{\"tenant_id\":\"t1\","
                 "\"loan_id\":\"L1\"}]}\r\n\n \t\r\n"
                 "{\"recipient\":\"13800138001\",\"parties\":[{\"tenant_id\":\"t2\"}]}\n"
                 "{\"recipient\":\"13800138002\"}\n{\"recipient\":\"13800138002\",\"deleted\":true}"
                 "\n"
                 "{\"recipient\":\"13800138001\",\"opted_out\":[\"sms\"]}\n"
                 "{\"recipient\":\"13800138003\",\"kind\":\"push\"}"),
            false, &report);
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
    CU_ASSERT_EQUAL(report.lines, 8);
    CU_ASSERT_EQUAL(report.applied, 6);
    CU_ASSERT_EQUAL(report.refused, 0);
    CU_ASSERT_EQUAL(memory_store_count(&f.store), 3);
    struct facts facts = ask(&f, RECIPIENT_PHONE, "+8613800138000");
    CU_ASSERT_EQUAL(facts.lookup, LOOKUP_FOUND);
    CU_ASSERT_EQUAL_FATAL(facts.party_count, 1);
    CU_ASSERT_TRUE(facts.parties[0].same_tenant && facts.parties[0].same_loan);
    facts = ask(&f, RECIPIENT_PHONE, "+8613800138001"); // the later line, whole
    CU_ASSERT_EQUAL(facts.lookup, LOOKUP_FOUND);
    CU_ASSERT_EQUAL(facts.party_count, 0);
    CU_ASSERT_TRUE(facts.opted_out);
    CU_ASSERT_EQUAL(ask(&f, RECIPIENT_PHONE, "+8613800138002").lookup, LOOKUP_MISS);
    CU_ASSERT_EQUAL(ask(&f, RECIPIENT_PHONE, "+8613800138003").lookup, LOOKUP_MISS);
    CU_ASSERT_EQUAL(ask(&f, RECIPIENT_PUSH, "13800138003").lookup, LOOKUP_FOUND);
    CU_ASSERT_EQUAL(ask(&f, RECIPIENT_INVALID, "12").lookup, LOOKUP_NOT_ASKED);
    CU_ASSERT_EQUAL(f.store.ops->state(f.store.self), CACHE_TRUSTED);
    fixture_fini(&f);
}

static void lists_refused_lines(void)
{
    struct fixture f;
    fixture_init(&f);
    struct strbuf text;
    strbuf_init(&text, 1 << 20);
    strbuf_add_text(&text, "{\"recipient\":\"13800138000\"}\n\n");
    for (int i = 0; i < 12; i++) {
        strbuf_add_text(&text, "{\"recipient\":\"12\"}\n");
    }
    strbuf_add_text(&text, "{\"recipient\":\"13800138001\"}\n{\"recipient\":\"1380013");
    struct feed_report report;
    CU_ASSERT_EQUAL(load_text(&f, strbuf_view(&text), false, &report), ERR_DATA);
    CU_ASSERT_EQUAL(report.lines, 16);
    CU_ASSERT_EQUAL(report.applied, 1);
    CU_ASSERT_EQUAL(report.refused, 13); // the torn last line too
    CU_ASSERT_EQUAL_FATAL(report.first_count, FEED_REFUSAL_MAX);
    CU_ASSERT_EQUAL(report.first[0].line, 3);
    CU_ASSERT_EQUAL(report.first[9].line, 12);
    unit_check_text("reason", report.first[0].reason, "recipient is no possible phone number");
    CU_ASSERT_EQUAL(load_text(&f, strbuf_view(&text), true, &report), ERR_NONE);
    CU_ASSERT_EQUAL(report.applied, 2);
    CU_ASSERT_EQUAL(report.refused, 13);
    CU_ASSERT_EQUAL(memory_store_count(&f.store), 2);
    strbuf_fini(&text);
    fixture_fini(&f);
}

static void throws_away_lines_that_are_too_long(void)
{
    struct fixture f;
    fixture_init(&f);
    struct strbuf text;
    strbuf_init(&text, 16 << 20);
    strbuf_add_text(&text, "{\"recipient\":\"13800138000\",\"x\":\"");
    for (int i = 0; i < 3 * NDJSON_LINE_MAX_BYTES; i++) {
        strbuf_add_byte(&text, 'x');
    }
    strbuf_add_text(&text, "\"}\n{\"recipient\":\"13800138001\"}\n");
    struct feed_report report;
    CU_ASSERT_EQUAL(load_text(&f, strbuf_view(&text), true, &report), ERR_NONE);
    CU_ASSERT_EQUAL(report.lines, 2);
    CU_ASSERT_EQUAL(report.applied, 1);
    CU_ASSERT_EQUAL(report.refused, 1);
    unit_check_text("reason", report.first[0].reason, "the line is longer than 1 MiB");
    CU_ASSERT_EQUAL(ask(&f, RECIPIENT_PHONE, "+8613800138001").lookup, LOOKUP_FOUND);
    strbuf_fini(&text);
    fixture_fini(&f);
}

static void says_when_there_is_no_file(void)
{
    struct fixture f;
    fixture_init(&f);
    struct feed_report report;
    unlink(f.path);
    CU_ASSERT_EQUAL(memory_store_load_file(&f.store, f.path, "CN", false, &report), ERR_NO_INPUT);
    CU_ASSERT_EQUAL(report.lines, 0);
    CU_ASSERT_EQUAL(memory_store_load_file(&f.store, "/tmp", "CN", false, &report), ERR_IO);
    fixture_fini(&f);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"table_agrees_with_an_array", table_agrees_with_an_array},
            {"table_memory_is_bounded_by_what_lives", table_memory_is_bounded_by_what_lives},
            {"table_has_a_ceiling", table_has_a_ceiling},
            {"table_lists_in_order", table_lists_in_order},
            {"answers_from_a_file", answers_from_a_file},
            {"lists_refused_lines", lists_refused_lines},
            {"throws_away_lines_that_are_too_long", throws_away_lines_that_are_too_long},
            {"says_when_there_is_no_file", says_when_there_is_no_file},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "memory_store", tests);
}
