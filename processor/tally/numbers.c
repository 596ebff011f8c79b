#include "tally/numbers.h"

#include <stdlib.h>

#include "common/assure.h"

enum { DIGITS_AT_ONCE = 8 };

// In halves: whether any may be near is then a loop over the low ones that compilers make vector
// instructions of on every machine, and it says no for nearly all messages.
struct number_list {
    uint32_t low[NUMBERS_KEPT];
    uint32_t high[NUMBERS_KEPT];
    uint32_t count; // ever added
};

static uint32_t list_kept(const struct number_list *list)
{
    return list->count < NUMBERS_KEPT ? list->count : NUMBERS_KEPT;
}

// All zero again, as a list begins.
static void list_wipe(struct number_list *list)
{
    uint32_t kept = list_kept(list);
    explicit_bzero(list->low, kept * sizeof *list->low);
    explicit_bzero(list->high, kept * sizeof *list->high);
    list->count = 0;
}

void numbers_forget(struct numbers *numbers)
{
    for (uint32_t i = 0; i < numbers->list_count; i++) {
        list_wipe(&numbers->pages[i / NUMBER_PAGE_LISTS][i % NUMBER_PAGE_LISTS]);
    }
    numbers->list_count = 0;
}

void numbers_fini(struct numbers *numbers)
{
    numbers_forget(numbers);
    for (unsigned i = 0; i < NUMBER_PAGES; i++) {
        free(numbers->pages[i]);
    }
    *numbers = (struct numbers){0};
}

static enum err numbers_add_list(struct numbers *numbers, uint32_t *ret_list)
{
    uint32_t at = numbers->list_count;
    ASSURE(at < CHUNK_OFFSETS);
    struct number_list **page = &numbers->pages[at / NUMBER_PAGE_LISTS];
    if (*page == NULL) {
        *page = calloc(NUMBER_PAGE_LISTS, sizeof **page);
        if (*page == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    numbers->list_count++;
    *ret_list = at;
    return ERR_NONE;
}

// Which signals the low halves leave possible. Slots that are free are zero, and may say yes too.
static signal_set list_may_have(const struct number_list *list, uint32_t low)
{
    uint32_t walking = 0;
    uint32_t same_block = 0;
    for (unsigned i = 0; i < NUMBERS_KEPT; i++) {
        uint32_t apart = list->low[i] - low; // modulo 2^32
        walking |= apart + NUMBER_WALK <= 2 * NUMBER_WALK;
        same_block |= apart + (NUMBER_BLOCK - 1) <= 2 * (NUMBER_BLOCK - 1);
    }
    return (signal_set)(walking << SIGNAL_WALKING | same_block << SIGNAL_SAME_BLOCK);
}

static unsigned digit_count(uint64_t number)
{
    unsigned count = 1;
    while (number >= 10) {
        number /= 10;
        count++;
    }
    return count;
}

static signal_set compare(uint64_t a, uint64_t b)
{
    uint64_t apart = a > b ? a - b : b - a;
    signal_set signals = 0;
    if (apart > 0 && apart <= NUMBER_WALK) {
        signals |= SIGNAL_BIT(SIGNAL_WALKING);
    }
    if (apart > 0 && apart < NUMBER_BLOCK && a / NUMBER_BLOCK == b / NUMBER_BLOCK &&
            digit_count(a) == digit_count(b)) {
        signals |= SIGNAL_BIT(SIGNAL_SAME_BLOCK);
    }
    return signals;
}

// From the newest back: numbers that walk lie close together in their list too.
static signal_set list_compare(const struct number_list *list, uint64_t number, signal_set possible)
{
    signal_set signals = 0;
    uint32_t kept = list_kept(list);
    for (uint32_t back = 1; back <= kept && signals != possible; back++) {
        uint32_t at = (list->count - back) % NUMBERS_KEPT;
        signals |= compare(number, (uint64_t)list->high[at] << 32 | list->low[at]);
    }
    return signals;
}

enum err numbers_note(
        struct numbers *numbers, uint32_t *list, uint64_t number, signal_set *ret_signals)
{
    if (*list == NO_NUMBERS) {
        enum err e = numbers_add_list(numbers, list);
        if (e != ERR_NONE) {
            return e;
        }
    }
    struct number_list *mine =
            &numbers->pages[*list / NUMBER_PAGE_LISTS][*list % NUMBER_PAGE_LISTS];
    signal_set possible = list_may_have(mine, (uint32_t)number);
    *ret_signals = possible == 0 ? 0 : list_compare(mine, number, possible);
    uint32_t at = mine->count++ % NUMBERS_KEPT;
    mine->low[at] = (uint32_t)number;
    mine->high[at] = (uint32_t)(number >> 32);
    return ERR_NONE;
}

// Eight characters, the first in the lowest byte.
static uint64_t load_digits(const char *p)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < DIGITS_AT_ONCE; i++) {
        word |= (uint64_t)(unsigned char)p[i] << 8 * i;
    }
    return word;
}

static bool are_digits(uint64_t word)
{
    const uint64_t sixes = UINT64_C(0x0606060606060606);
    const uint64_t upper = UINT64_C(0xf0f0f0f0f0f0f0f0);
    const uint64_t zeros = UINT64_C(0x3030303030303030);
    return (word & upper) == zeros && ((word + sixes) & upper) == zeros;
}

// The number that eight digit values make: pairs, then fours, then all of them.
static uint64_t join_digits(uint64_t values)
{
    values = values * 10 + (values >> 8);
    const uint64_t pairs = UINT64_C(0x000000ff000000ff);
    const uint64_t to_hundreds = 100 + (UINT64_C(1000000) << 32);
    const uint64_t to_ones = 1 + (UINT64_C(10000) << 32);
    return ((values & pairs) * to_hundreds + (values >> 16 & pairs) * to_ones) >> 32;
}

uint64_t number_read(struct view e164)
{
    static const uint64_t powers[DIGITS_AT_ONCE] = {
            1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    if (e164.n < 2 || e164.n > NUMBER_DIGITS_MAX + 1 || e164.p[0] != '+') {
        return 0;
    }
    const char *digits = e164.p + 1;
    size_t count = e164.n - 1;
    if (count < DIGITS_AT_ONCE) {
        uint64_t number = 0;
        for (size_t i = 0; i < count; i++) {
            if (digits[i] < '0' || digits[i] > '9') {
                return 0;
            }
            number = number * 10 + (uint64_t)(digits[i] - '0');
        }
        return number;
    }
    // The first eight, and the last eight without those of them that were among the first.
    uint64_t first = load_digits(digits);
    uint64_t last = load_digits(digits + count - DIGITS_AT_ONCE);
    if (!are_digits(first) || !are_digits(last)) {
        return 0;
    }
    uint64_t values = last & UINT64_C(0x0f0f0f0f0f0f0f0f);
    size_t rest = count - DIGITS_AT_ONCE;
    values = rest == 0 ? 0 : values >> 8 * (DIGITS_AT_ONCE - rest) << 8 * (DIGITS_AT_ONCE - rest);
    return join_digits(first & UINT64_C(0x0f0f0f0f0f0f0f0f)) * powers[rest] + join_digits(values);
}
