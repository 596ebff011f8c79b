// numbers, met: what messages of a chunk are compared with, against a plain list of everything.
#include "tally/numbers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame_log.h"
#include "tally/met.h"
#include "unit.h"

#define NONE 0
#define WALKING SIGNAL_BIT(SIGNAL_WALKING)
#define SAME_BLOCK SIGNAL_BIT(SIGNAL_SAME_BLOCK)
#define BOTH (WALKING | SAME_BLOCK)

static signal_set note(struct numbers *numbers, uint32_t *list, uint64_t number)
{
    signal_set signals = 0xff;
    CU_ASSERT_EQUAL_FATAL(numbers_note(numbers, list, number, &signals), ERR_NONE);
    return signals;
}

static void test_read(void)
{
    static const struct {
        const char *text;
        uint64_t number;
    } rows[] = {
            {"+8613800138000", 8613800138000},
            {"+1", 1},
            {"+1234567", 1234567},
            {"+12345678", 12345678},
            {"+123456789", 123456789},
            {"+999999999999999", 999999999999999},
            {"+1234567890123456", 0}, // sixteen digits
            {"8613800138000", 0},
            {"+86 13800138000", 0},
            {"+", 0},
            {"", 0},
            {"push-token", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CU_ASSERT_EQUAL(number_read(view_of(rows[i].text)), rows[i].number);
    }
}

// Every length with every digit, and with a byte that is none at each place.
static void test_read_lengths(void)
{
    static const char no_digits[] = {'/', ':', 'a', '\0', ' ', '+', '\xb0', '\xff'};
    uint64_t random = 11;
    for (unsigned length = 1; length <= NUMBER_DIGITS_MAX; length++) {
        for (unsigned round = 0; round < 50; round++) {
            char text[NUMBER_DIGITS_MAX + 2] = "+";
            for (unsigned i = 0; i < length; i++) {
                text[1 + i] = (char)('0' + test_random_below(&random, 10));
            }
            struct view e164 = view_bytes(text, length + 1);
            CU_ASSERT_EQUAL(number_read(e164), strtoull(text + 1, NULL, 10));
            text[1 + test_random_below(&random, length)] =
                    no_digits[test_random_below(&random, sizeof no_digits)];
            CU_ASSERT_EQUAL(number_read(e164), 0);
        }
    }
}

static void test_near(void)
{
    static const struct {
        uint64_t before;
        uint64_t number;
        signal_set signals;
    } rows[] = {
            {8613800138000, 8613800138001, BOTH},
            {8613800138000, 8613800138010, BOTH},
            {8613800138000, 8613800138011, SAME_BLOCK},
            {8613800138000, 8613800138000, NONE}, // that is a repetition
            {8613800138011, 8613800138001, BOTH},
            {8613800138012, 8613800138001, SAME_BLOCK},
            // borders of a block
            {8613800130000, 8613800139999, SAME_BLOCK},
            {8613800139999, 8613800140000, WALKING},
            {8613800140000, 8613800139990, WALKING},
            {8613800139999, 8613800140009, WALKING},
            {8613800139989, 8613800140000, NONE},
            {8613800135000, 8613800145000, NONE},
            {8613800135000, 8613800144999, NONE},
            // another country, another length
            {8613800138000, 8713800138000, NONE},
            {9999999, 10000000, WALKING},
            {10000000, 9999999, WALKING},
            {99999, 100000, WALKING},
            {999, 1000, WALKING},
            {999, 989, BOTH},
            {9, 10, WALKING},
            {1000, 9999, SAME_BLOCK},
            {1, 9999, NONE},
            {999999999999999, 999999999999998, BOTH},
            {1, 999999999999999, NONE},
            // alike in the lower bits only
            {8613800138000, 8613800138000 + 65536, NONE},
            {8613800138000, 8613800138003 + 65536, NONE},
            {8613800138000, 8613800138001 + 655360000, NONE},
            {8613800138000, 8613800138001 + (UINT64_C(1) << 32), NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct numbers numbers = {0};
        uint32_t list = NO_NUMBERS;
        CU_ASSERT_EQUAL(note(&numbers, &list, rows[i].before), NONE); // free slots are no numbers
        signal_set got = note(&numbers, &list, rows[i].number);
        CU_ASSERT_EQUAL(got, rows[i].signals);
        if (got != rows[i].signals) {
            fprintf(stderr, "%" PRIu64 " after %" PRIu64 ": got %#x\n", rows[i].number,
                    rows[i].before, got);
        }
        numbers_fini(&numbers);
    }
}

// Of the last 64: the 65th takes the place of the first.
static void test_kept(void)
{
    struct numbers numbers = {0};
    uint32_t list = NO_NUMBERS;
    const uint64_t first = 8613800138000;
    note(&numbers, &list, first);
    for (uint64_t i = 1; i < NUMBERS_KEPT; i++) {
        CU_ASSERT_EQUAL(note(&numbers, &list, first + i * 1000000), NONE);
    }
    CU_ASSERT_EQUAL(note(&numbers, &list, first + 5), BOTH); // takes its place
    CU_ASSERT_EQUAL(note(&numbers, &list, first + 1000001), BOTH);
    CU_ASSERT_EQUAL(note(&numbers, &list, first - 6), SAME_BLOCK); // walks with the first only
    numbers_fini(&numbers);
}

static void test_lists_are_apart(void)
{
    struct numbers numbers = {0};
    static uint32_t lists[CHUNK_OFFSETS];
    for (uint32_t i = 0; i < CHUNK_OFFSETS; i++) {
        lists[i] = NO_NUMBERS;
        CU_ASSERT_EQUAL(note(&numbers, &lists[i], 8613800130000 + i), NONE);
        CU_ASSERT_EQUAL(lists[i], i);
    }
    for (uint32_t i = 0; i < CHUNK_OFFSETS; i++) {
        CU_ASSERT_EQUAL(note(&numbers, &lists[i], 8613800130001 + i), BOTH);
    }
    numbers_fini(&numbers);
}

struct plain_list {
    uint64_t numbers[2000];
    size_t count;
};

static signal_set plain_note(struct plain_list *plain, uint64_t number)
{
    signal_set signals = 0;
    char digits[24];
    char other_digits[24];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number);
    for (size_t i = plain->count > NUMBERS_KEPT ? plain->count - NUMBERS_KEPT : 0; i < plain->count;
            i++) {
        uint64_t other = plain->numbers[i];
        size_t m = (size_t)snprintf(other_digits, sizeof other_digits, "%" PRIu64, other);
        bool equal = number == other;
        if (!equal && (number > other ? number - other : other - number) <= 10) {
            signals |= WALKING;
        }
        if (!equal && n == m && (n <= 4 || memcmp(digits, other_digits, n - 4) == 0)) {
            signals |= SAME_BLOCK;
        }
    }
    plain->numbers[plain->count++] = number;
    return signals;
}

// Numbers from narrow and wide ranges, in several lists at once.
static void test_against_plain(void)
{
    static const uint64_t ranges[] = {30, 3000, 60000, 2000000, 70000000, 900000000000};
    enum { LISTS = 3, MESSAGES = 3 * 1500 };
    static struct plain_list plain[LISTS];
    uint64_t random = 7;
    unsigned hits[4] = {0};
    for (size_t range = 0; range < sizeof ranges / sizeof *ranges; range++) {
        struct numbers numbers = {0};
        uint32_t lists[LISTS] = {NO_NUMBERS, NO_NUMBERS, NO_NUMBERS};
        memset(plain, 0, sizeof plain);
        for (unsigned i = 0; i < MESSAGES; i++) {
            uint64_t wide = (uint64_t)test_random(&random) << 31 | test_random(&random);
            uint64_t number = 8613800000000 - ranges[range] / 2 + wide % ranges[range];
            if (range == 0) {
                number = 9990 + wide % 30; // lengths change
            } else if (range == 1) {
                number = 8613800000000 + wide % 300 * 10000 + (wide >> 40) % 12 - 6; // borders
            }
            signal_set expected = plain_note(&plain[i % LISTS], number);
            CU_ASSERT_EQUAL(note(&numbers, &lists[i % LISTS], number), expected);
            hits[expected]++;
        }
        numbers_fini(&numbers);
    }
    for (unsigned i = 0; i < 4; i++) {
        CU_ASSERT_TRUE(hits[i] > 10);
    }
}

// T7: what has ended is overwritten, and the next chunk begins as the first did.
static void test_forget(void)
{
    struct numbers numbers = {0};
    uint32_t list = NO_NUMBERS;
    uint32_t other = NO_NUMBERS;
    for (uint64_t i = 0; i < 100; i++) {
        note(&numbers, &list, 8613800138000 + i);
    }
    note(&numbers, &other, 8613800138000);
    const char *page = (const char *)numbers.pages[0];
    size_t used = 2 * NUMBERS_KEPT * sizeof(uint64_t);
    size_t set = 0;
    for (size_t i = 0; i < used; i++) {
        set += page[i] != 0;
    }
    CU_ASSERT_TRUE(set > 300);
    numbers_forget(&numbers);
    set = 0;
    for (size_t i = 0; i < used; i++) {
        set += page[i] != 0;
    }
    CU_ASSERT_EQUAL(set, 0);
    list = NO_NUMBERS;
    CU_ASSERT_EQUAL(note(&numbers, &list, 8613800138001), NONE);
    CU_ASSERT_EQUAL(list, 0);
    CU_ASSERT_PTR_EQUAL((const char *)numbers.pages[0], page);
    numbers_fini(&numbers);
    CU_ASSERT_PTR_NULL(numbers.pages[0]);
}

// Scopes and recipients from small sets, so that most pairs come again.
static void test_met(void)
{
    enum { SCOPES = 50, TAGS = 60 };
    struct met *met = calloc(1, sizeof *met);
    CU_ASSERT_PTR_NOT_NULL_FATAL(met);
    uint64_t random = 5;
    for (unsigned round = 0; round < 3; round++) {
        static bool expected[SCOPES][TAGS];
        memset(expected, 0, sizeof expected);
        for (unsigned i = 0; i < CHUNK_OFFSETS; i++) {
            uint32_t scope = test_random_below(&random, SCOPES);
            uint32_t tag = test_random_below(&random, TAGS);
            const uint8_t bytes[RECIPIENT_TAG_BYTES] = {[7] = (uint8_t)tag};
            CU_ASSERT_EQUAL(met_note(met, scope, bytes), expected[scope][tag]);
            expected[scope][tag] = true;
        }
        met_forget(met);
    }
    free(met);
}

// A chunk of strangers fills it to the last pair, and each is found again.
static void test_met_full(void)
{
    struct met *met = calloc(1, sizeof *met);
    CU_ASSERT_PTR_NOT_NULL_FATAL(met);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < CHUNK_OFFSETS; i++) {
            const uint8_t tag[RECIPIENT_TAG_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8)};
            CU_ASSERT_EQUAL(met_note(met, 1, tag), round > 0);
        }
    }
    CU_ASSERT_EQUAL(met->count, CHUNK_OFFSETS);
    free(met);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"read", test_read},
            {"read_lengths", test_read_lengths},
            {"near", test_near},
            {"kept", test_kept},
            {"lists_are_apart", test_lists_are_apart},
            {"against_plain", test_against_plain},
            {"forget", test_forget},
            {"met", test_met},
            {"met_full", test_met_full},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "numbers", tests);
}
