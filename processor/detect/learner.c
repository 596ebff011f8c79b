#include "detect/learner.h"

#include "common/assure.h"

enum {
    HALF_LIFE_MESSAGES = 200000,
    HALF_LIFE_SECONDS = 7 * DAY_SECONDS,
    SLOW_HOURS_AT_BIRTH = 7 * 24,
    SLOW_HOURS_MAX = 1039, // 30 days / ln 2
    JUDGED_Q = 12,
    MISDIRECTED_Q = 16,
};

_Static_assert(sizeof(struct learner) <= 48, "a million campaigns have one each");

uint32_t seconds_since(uint32_t then_s, uint32_t now_s)
{
    return now_s > then_s ? now_s - then_s : 0;
}

int64_t integer_sqrt(int64_t n)
{
    int64_t root = 0;
    for (int64_t bit = (int64_t)1 << 31; bit > 0; bit >>= 1) {
        int64_t candidate = root + bit;
        if (candidate <= n / candidate) {
            root = candidate;
        }
    }
    return root;
}

void learner_init(struct learner *learner, uint32_t now_s, uint32_t slow_ppb)
{
    *learner = (struct learner){
            .rolled_s = now_s,
            .risen_s = now_s,
            .slow_s = now_s,
            .slow_ppb = slow_ppb,
            .slow_hours = SLOW_HOURS_AT_BIRTH,
    };
}

static uint16_t add_cut(uint16_t count, uint32_t more)
{
    return more > (uint32_t)(UINT16_MAX - count) ? UINT16_MAX : (uint16_t)(count + more);
}

bool learner_note(struct learner *learner, uint32_t judged, uint32_t misdirected)
{
    learner->open_judged = add_cut(learner->open_judged, judged);
    learner->open_misdirected = add_cut(learner->open_misdirected, misdirected);
    return learner->open_judged >= BLOCK_MESSAGES;
}

// n p0 + 3 sqrt(n p0), rounded down; computed in millionths of a message.
static uint32_t winsor_bound(uint32_t judged, int64_t p0_ppb)
{
    int64_t mean = judged * p0_ppb / 1000;
    return (uint32_t)((mean + 3 * integer_sqrt(mean * 1000000)) / 1000000);
}

struct learner_counts learner_close(struct learner *learner, int64_t p0_ppb)
{
    struct learner_counts block = {learner->open_judged, learner->open_misdirected};
    uint32_t bound = winsor_bound(block.judged, p0_ppb);
    block.misdirected = block.misdirected > bound ? bound : block.misdirected;
    learner->open_judged = 0;
    learner->open_misdirected = 0;
    return block;
}

bool learner_take(struct learner *learner, const struct learner_counts *block, uint32_t now_s)
{
    learner->filling.judged += block->judged;
    learner->filling.misdirected += block->misdirected;
    uint32_t risen_k = learner->since_risen_k + block->judged / BLOCK_MESSAGES;
    learner->since_risen_k = risen_k > UINT8_MAX ? UINT8_MAX : (uint8_t)risen_k;
    return learner->filling.judged >= STAGE_MESSAGES ||
           seconds_since(learner->rolled_s, now_s) >= STAGE_SECONDS;
}

// value * 2^-(exponent / 65536), rounded down at each of at most 17 steps.
static uint32_t halve(uint32_t value, uint64_t exponent_q16)
{
    // 2^32 * 2^-(1/2), 2^-(1/4), ... 2^-(1/65536), to nearest
    static const uint32_t roots[16] = {3037000500, 3611622603, 3938502376, 4112874773, 4202935003,
            4248701965, 4271771996, 4283353945, 4289156690, 4292061010, 4293513907, 4294240540,
            4294603903, 4294785595, 4294876445, 4294921870};
    if (exponent_q16 >> 16 >= 32) {
        return 0;
    }
    uint32_t left = value >> (exponent_q16 >> 16);
    for (unsigned i = 0; i < 16; i++) {
        if ((exponent_q16 >> (15 - i) & 1) != 0) {
            left = (uint32_t)((uint64_t)left * roots[i] >> 32);
        }
    }
    return left;
}

static uint32_t add_q(uint32_t learnt, uint32_t count, unsigned q)
{
    uint64_t sum = learnt + ((uint64_t)count << q);
    return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

void learner_roll(struct learner *learner, uint32_t now_s)
{
    uint64_t by_messages = ((uint64_t)learner->waiting.judged << 16) / HALF_LIFE_MESSAGES;
    uint64_t by_time =
            ((uint64_t)seconds_since(learner->rolled_s, now_s) << 16) / HALF_LIFE_SECONDS;
    uint64_t exponent = by_messages > by_time ? by_messages : by_time;
    learner->learnt_judged_q12 =
            add_q(halve(learner->learnt_judged_q12, exponent), learner->waiting.judged, JUDGED_Q);
    learner->learnt_misdirected_q16 = add_q(halve(learner->learnt_misdirected_q16, exponent),
            learner->waiting.misdirected, MISDIRECTED_Q);
    learner->waiting = learner->filling;
    learner->filling = (struct learner_counts){0};
    learner->rolled_s = now_s;
}

void learner_spoil(struct learner *learner)
{
    learner->filling = (struct learner_counts){0};
    learner->waiting = (struct learner_counts){0};
    learner->open_judged = 0;
    learner->open_misdirected = 0;
}

uint32_t learner_judged(const struct learner *learner)
{
    return learner->learnt_judged_q12 >> JUDGED_Q;
}

int64_t learner_rate_ppb(const struct learner *learner, int64_t parent_ppb, uint32_t weight)
{
    int64_t misdirected_ppb =
            (int64_t)((uint64_t)learner->learnt_misdirected_q16 * 1000000000 >> MISDIRECTED_Q);
    return (misdirected_ppb + weight * parent_ppb) / ((int64_t)learner_judged(learner) + weight);
}

void learner_follow(struct learner *learner, int64_t rate_ppb, uint32_t now_s)
{
    ASSURE(rate_ppb >= 0 && rate_ppb <= UINT32_MAX);
    uint32_t hours = seconds_since(learner->slow_s, now_s) / 3600;
    if (hours == 0) {
        return;
    }
    hours = hours > 24 ? 24 : hours;
    uint32_t memory = learner->slow_hours + hours;
    memory = memory > SLOW_HOURS_MAX ? SLOW_HOURS_MAX : memory;
    int64_t slow = learner->slow_ppb;
    learner->slow_ppb = (uint32_t)(slow + (rate_ppb - slow) * hours / memory);
    learner->slow_hours = (uint16_t)memory;
    learner->slow_s = now_s;
}

static void counts_archive(struct archive *archive, struct learner_counts *counts)
{
    archive_u32(archive, &counts->judged, STAGE_MESSAGES + UINT16_MAX);
    archive_u32(archive, &counts->misdirected, counts->judged);
}

void learner_archive(struct archive *archive, struct learner *learner)
{
    archive_u32(archive, &learner->learnt_judged_q12, UINT32_MAX);
    archive_u32(archive, &learner->learnt_misdirected_q16, UINT32_MAX);
    // Each is rounded for itself: together they may be off by less than a message.
    uint32_t messages = learner_judged(learner) + 1;
    if (learner->learnt_misdirected_q16 >> MISDIRECTED_Q > messages) {
        archive_fail(archive, ERR_DATA, "a learner has met more misdirected messages than any");
    }
    counts_archive(archive, &learner->filling);
    counts_archive(archive, &learner->waiting);
    archive_u16(archive, &learner->open_judged, UINT16_MAX);
    archive_u16(archive, &learner->open_misdirected, learner->open_judged);
    archive_u32(archive, &learner->rolled_s, UINT32_MAX);
    archive_u32(archive, &learner->risen_s, UINT32_MAX);
    archive_u32(archive, &learner->slow_s, UINT32_MAX);
    archive_u32(archive, &learner->slow_ppb, 1000000000);
    archive_u16(archive, &learner->slow_hours, UINT16_MAX);
    archive_u8(archive, &learner->since_risen_k, UINT8_MAX);
    archive_u8(archive, &learner->flags, UINT8_MAX);
}
