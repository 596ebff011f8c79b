#include "recheck/said.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"
#include "common/hash.h"
#include "common/room.h"

enum {
    KIND_BITS = 2,
    DIGIT_BITS = 5,
    DIGIT_MORE = 1 << DIGIT_BITS,
    NUMBER_DIGITS_MAX = 10, // 50 bits
    CRC_BYTES = sizeof " crc=01234567" - 1,
    RUN_BYTES_MAX = 2 * NUMBER_DIGITS_MAX,
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void said_fini(struct said *said)
{
    free(said->runs);
    *said = (struct said){0};
}

void said_clear(struct said *said)
{
    said->count = 0;
    said->passed = 0;
}

static enum err append(struct said *said, const struct said_run *run)
{
    struct said_run *runs =
            room_for_row(said->runs, said->count, &said->capacity, 16, sizeof *runs);
    if (runs == NULL) {
        return ERR_NO_MEMORY;
    }
    said->runs = runs;
    said->runs[said->count++] = *run;
    return ERR_NONE;
}

enum err said_add_run(struct said *said, const struct said_run *run)
{
    struct said_run *last = said->count > said->passed ? &said->runs[said->count - 1] : NULL;
    ASSURE(last == NULL || run->first >= last->first + last->count);
    if (last != NULL && last->kind == run->kind && run->first == last->first + last->count) {
        last->count += run->count;
        return ERR_NONE;
    }
    return append(said, run);
}

enum err said_add(struct said *said, int64_t offset, enum said_kind kind)
{
    return said_add_run(said, &(struct said_run){offset, 1, kind});
}

enum said_kind said_meet(struct said *said, int64_t offset)
{
    while (said->passed < said->count) {
        struct said_run *run = &said->runs[said->passed];
        if (offset < run->first) {
            return SAID_NOTHING;
        }
        int64_t left = run->first + run->count - 1 - offset;
        enum said_kind kind = run->kind;
        said->passed += left <= 0;
        if (left >= 0) {
            run->first = offset + 1;
            run->count = left;
            return kind;
        }
    }
    return SAID_NOTHING;
}

int64_t said_first(const struct said *said)
{
    return said->passed < said->count ? said->runs[said->passed].first : -1;
}

int64_t said_count_below(const struct said *said, int64_t offset)
{
    int64_t count = 0;
    for (uint32_t i = said->passed; i < said->count && said->runs[i].first < offset; i++) {
        int64_t below = offset - said->runs[i].first;
        count += below < said->runs[i].count ? below : said->runs[i].count;
    }
    return count;
}

// --- the text ------------------------------------------------------------------------------------

static void add_number(struct strbuf *text, uint64_t number)
{
    while (number >= DIGIT_MORE) {
        strbuf_add_byte(text, (uint8_t)digits[DIGIT_MORE | (number & (DIGIT_MORE - 1))]);
        number >>= DIGIT_BITS;
    }
    strbuf_add_byte(text, (uint8_t)digits[number]);
}

static void add_runs(struct strbuf *text, const struct said *said)
{
    const struct said_run *newest = &said->runs[said->count - 1];
    int64_t below = newest->first + newest->count; // what is written ends here
    strbuf_add_text(text, " said=");
    strbuf_add_i64(text, below - 1);
    strbuf_add_byte(text, '.');
    for (uint32_t i = said->count;
            i > said->passed && text->n <= SAID_TEXT_BYTES - CRC_BYTES - RUN_BYTES_MAX; i--) {
        const struct said_run *run = &said->runs[i - 1];
        add_number(text, (uint64_t)(below - (run->first + run->count)));
        add_number(text, (uint64_t)(run->count - 1) << KIND_BITS | (uint64_t)run->kind);
        below = run->first;
    }
}

void said_write(struct strbuf *text, const struct said *said, int64_t oldest)
{
    strbuf_reset(text);
    bool is_empty = said->passed == said->count;
    if (is_empty && oldest < 0) {
        return;
    }
    strbuf_add_text(text, "recheck=");
    strbuf_add_i64(text, oldest);
    if (!is_empty) {
        add_runs(text, said);
    }
    uint32_t crc = hash_crc32c(text->p, text->n);
    strbuf_printf(text, " crc=%08x", (unsigned)crc);
}

static bool take_text(struct view *rest, const char *text)
{
    bool is_there = view_starts_with(*rest, view_of(text));
    *rest = is_there ? view_skip(*rest, strlen(text)) : *rest;
    return is_there;
}

// An offset in decimal; -1 as well where `may_be_none`.
static bool take_offset(struct view *rest, bool may_be_none, int64_t *ret_offset)
{
    if (may_be_none && take_text(rest, "-1")) {
        *ret_offset = -1;
        return true;
    }
    int64_t offset = 0;
    size_t i = 0;
    for (; i < rest->n && i < 18 && rest->p[i] >= '0' && rest->p[i] <= '9'; i++) {
        offset = offset * 10 + (rest->p[i] - '0');
    }
    bool is_whole = i > 0 && (i == 1 || rest->p[0] != '0');
    *rest = view_skip(*rest, i);
    *ret_offset = offset;
    return is_whole;
}

static bool take_number(struct view *rest, int64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < NUMBER_DIGITS_MAX && rest->n > 0; i++) {
        const char *at = rest->p[0] != '\0' ? strchr(digits, rest->p[0]) : NULL;
        if (at == NULL) {
            return false;
        }
        uint64_t digit = (uint64_t)(at - digits);
        number |= (digit & (DIGIT_MORE - 1)) << (DIGIT_BITS * i);
        *rest = view_skip(*rest, 1);
        if (digit < DIGIT_MORE) {
            *ret_number = (int64_t)number;
            return i == 0 || digit > 0; // one way to write each number
        }
    }
    return false;
}

static void reverse(struct said *said)
{
    for (uint32_t i = 0, j = said->count; i + 1 < j; i++) {
        struct said_run run = said->runs[i];
        said->runs[i] = said->runs[--j];
        said->runs[j] = run;
    }
}

// The runs from the newest down.
static enum err take_runs(struct said *said, struct view *rest)
{
    int64_t below = 0;
    if (!take_offset(rest, false, &below) || !take_text(rest, ".") || rest->n == 0) {
        return ERR_DATA;
    }
    below++;
    int64_t sum = 0;
    while (rest->n > 0) {
        int64_t gap;
        int64_t packed;
        if (!take_number(rest, &gap) || !take_number(rest, &packed)) {
            return ERR_DATA;
        }
        int64_t count = (packed >> KIND_BITS) + 1;
        enum said_kind kind = (enum said_kind)(packed & ((1 << KIND_BITS) - 1));
        bool is_newest = said->count == 0;
        bool is_split = !is_newest && gap == 0 && said->runs[said->count - 1].kind == kind;
        sum += count;
        if (gap > below || count > below - gap || sum > SAID_OFFSETS_MAX ||
                (is_newest && gap > 0) || is_split) {
            return ERR_DATA;
        }
        below -= gap + count;
        enum err e = append(said, &(struct said_run){below, count, kind});
        if (e != ERR_NONE) {
            return e;
        }
    }
    return ERR_NONE;
}

enum err said_read(struct said *said, struct view text, int64_t *ret_oldest)
{
    ASSURE(said->count == 0);
    if (text.n < CRC_BYTES || text.n > SAID_TEXT_BYTES) {
        return ERR_DATA;
    }
    struct view rest = {text.p, text.n - CRC_BYTES};
    char crc[CRC_BYTES + 1];
    snprintf(crc, sizeof crc, " crc=%08x", (unsigned)hash_crc32c(rest.p, rest.n));
    int64_t oldest;
    if (memcmp(rest.p + rest.n, crc, CRC_BYTES) != 0 || !take_text(&rest, "recheck=") ||
            !take_offset(&rest, true, &oldest)) {
        return ERR_DATA;
    }
    enum err e = ERR_NONE;
    if (take_text(&rest, " said=")) {
        e = take_runs(said, &rest);
        reverse(said);
    }
    e = e == ERR_NONE && rest.n > 0 ? ERR_DATA : e;
    e = e == ERR_NONE && said->count == 0 && oldest < 0 ? ERR_DATA : e;
    if (e != ERR_NONE) {
        said_clear(said);
        return e;
    }
    *ret_oldest = oldest;
    return ERR_NONE;
}

// --- reasons -------------------------------------------------------------------------------------

enum said_kind said_kind_of(reason_set reasons)
{
    // The three exclude each other.
    return (reasons & REASON_BIT(REASON_NO_RECORD)) != 0      ? SAID_NO_RECORD
           : (reasons & REASON_BIT(REASON_OTHER_TENANT)) != 0 ? SAID_OTHER_TENANT
           : (reasons & REASON_BIT(REASON_WRONG_DEBT)) != 0   ? SAID_WRONG_DEBT
                                                              : SAID_NOTHING;
}

reason_set said_reasons(enum said_kind kind)
{
    static const reason_set reasons[SAID_KIND_COUNT] = {
            [SAID_NO_RECORD] = REASON_BIT(REASON_NO_RECORD),
            [SAID_OTHER_TENANT] = REASON_BIT(REASON_OTHER_TENANT),
            [SAID_WRONG_DEBT] = REASON_BIT(REASON_WRONG_DEBT),
            [SAID_UNKNOWN] = REASON_BIT(REASON_CACHE_UNTRUSTED),
    };
    ASSURE(kind < SAID_KIND_COUNT);
    return reasons[kind];
}
