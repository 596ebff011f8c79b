#include "tally/numbers.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/assure.h"

enum { DIGITS_AT_ONCE = 8, CHINA = 86 };

// What a number is compared by lies apart from it, in sixteen bits: compilers make vector
// instructions of the loops over `blocks` and `ends` on every machine, and for nearly all messages
// the first of them says that no number is near. It may err only in the other direction.
struct number_list {
    uint32_t count;                // ever added
    uint16_t ends[NUMBERS_KEPT];   // the number's lower bits
    uint16_t blocks[NUMBERS_KEPT]; // the lower bits of its block
    uint64_t numbers[NUMBERS_KEPT];
};

static uint32_t list_kept(const struct number_list *list)
{
    return list->count < NUMBERS_KEPT ? list->count : NUMBERS_KEPT;
}

// All zero again, as a list begins.
static void list_wipe(struct number_list *list)
{
    uint32_t kept = list_kept(list);
    explicit_bzero(list->ends, kept * sizeof *list->ends);
    explicit_bzero(list->blocks, kept * sizeof *list->blocks);
    explicit_bzero(list->numbers, kept * sizeof *list->numbers);
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

static bool list_may_share_block(const struct number_list *list, uint64_t number)
{
    uint16_t block = (uint16_t)(number / NUMBER_BLOCK);
    uint16_t shares = 0;
    for (unsigned i = 0; i < NUMBERS_KEPT; i++) {
        shares |= list->blocks[i] == block;
    }
    return shares != 0;
}

// Numbers of the next block are near enough to walk.
static bool is_at_border(uint64_t number)
{
    uint64_t rest = number % NUMBER_BLOCK;
    return rest < NUMBER_WALK || rest >= NUMBER_BLOCK - NUMBER_WALK;
}

// Which signals the lower bits leave possible. Free slots are zero, and may leave some too.
static signal_set list_may_have(const struct number_list *list, uint64_t number)
{
    uint16_t end = (uint16_t)number;
    uint16_t block = (uint16_t)(number / NUMBER_BLOCK);
    uint16_t walking = 0;
    uint16_t same_block = 0;
    for (unsigned i = 0; i < NUMBERS_KEPT; i++) {
        uint16_t apart = (uint16_t)(list->ends[i] - end);
        uint16_t differs = apart != 0;
        walking |= differs & ((uint16_t)(apart + NUMBER_WALK) <= 2 * NUMBER_WALK);
        same_block |= differs & (list->blocks[i] == block);
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
    // Numbers of one block have as many digits, but for the block of the short ones.
    if (apart > 0 && a / NUMBER_BLOCK == b / NUMBER_BLOCK &&
            (a >= NUMBER_BLOCK || digit_count(a) == digit_count(b))) {
        signals |= SIGNAL_BIT(SIGNAL_SAME_BLOCK);
    }
    return signals;
}

// From the newest back: numbers that walk lie close together in their list too.
static signal_set list_compare(const struct number_list *list, uint64_t number)
{
    signal_set possible = list_may_have(list, number);
    signal_set signals = 0;
    uint32_t kept = list_kept(list);
    for (uint32_t back = 1; back <= kept && signals != possible; back++) {
        uint32_t at = (list->count - back) % NUMBERS_KEPT;
        signals |= compare(number, list->numbers[at]);
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
    bool may_be_near =
            mine->count > 0 && (list_may_share_block(mine, number) || is_at_border(number));
    *ret_signals = may_be_near ? list_compare(mine, number) : 0;
    uint32_t at = mine->count++ % NUMBERS_KEPT;
    mine->ends[at] = (uint16_t)number;
    mine->blocks[at] = (uint16_t)(number / NUMBER_BLOCK);
    mine->numbers[at] = number;
    return ERR_NONE;
}

bool number_is_misread(uint64_t number)
{
    const uint64_t national_count = UINT64_C(100000000000);
    const uint64_t mobile_first = UINT64_C(13000000000);
    const uint64_t mobile_end = UINT64_C(20000000000);
    if (number / national_count != CHINA) {
        uint64_t leading = number;
        while (leading >= 100) {
            leading /= 10;
        }
        return leading == CHINA && number >= 100 && number < CHINA * national_count;
    }
    uint64_t national = number % national_count;
    if (national < mobile_first || national >= mobile_end) {
        return true;
    }
    uint64_t date = national / 1000; // year, month, day
    uint64_t month = date / 100 % 100;
    uint64_t day = date % 100;
    return date / 10000 >= 1950 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// Eight characters, the first in the lowest byte.
static uint64_t load_digits(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return le64toh(word);
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
