#include "detect/volume.h"

#include <string.h>

#include "detect/log2.h"

enum {
    STEP_MS = 10 * 60 * 1000,
    STEPS_A_SLOT = 12,
    STEPS_A_DAY = STEPS_A_SLOT * VOLUME_SLOTS,
    GAP_MAX_STEPS = 60 * STEPS_A_DAY, // after that nothing is known any more

    AGE_MAX = 127,
    UP_AGE_DAYS = 7, // before that the envelope follows at once and nothing is told
    DOWN_AGE_DAYS = 28,
    RISE_MAX = LOG2_ONE / 96,
    EXCESS_MAX = 5 * LOG2_ONE,
    EIGHTH = LOG2_ONE / 8,

    CONFIDENCE_MAX = 7,
    CONFIDENCE_ENOUGH = 5,
    LEVEL_ENOUGH = 6, // 64 messages
    FALL_OCTAVES = 2, // what is below a quarter is not as usual
    FALL_MAX_EIGHTHS = 13,

    UP_EIGHTHS = 133,    // ceil(8 log2 1e5)
    DOWN_EIGHTHS = 107,  // ceil(8 log2 1e4)
    EIGHTH_NAT6 = 86643, // 1e6 ln 2 / 8
};

const char *const volume_node_names[2] = {"volume_up", "volume_down"};

static uint8_t moved(uint8_t w, int64_t by)
{
    int64_t sum = w + by;
    return (uint8_t)(sum < 0 ? 0 : sum > UINT8_MAX ? UINT8_MAX : sum);
}

static uint32_t messages_of(uint32_t log2_by_2048)
{
    return (uint32_t)1 << (log2_by_2048 / LOG2_ONE);
}

// --- up ---------------------------------------------------------------------------------------

static bool end_step(struct volume *volume, struct volume_notice *ret_notice)
{
    uint32_t messages = volume->step_count;
    uint32_t height = log2_q11(messages);
    uint32_t above = height > volume->envelope ? height - volume->envelope : 0;
    bool is_grown = volume->age_days >= UP_AGE_DAYS;
    uint32_t usual = messages_of(volume->envelope);
    if (is_grown) {
        int64_t counted = above < EXCESS_MAX ? above : EXCESS_MAX;
        volume->w_up = moved(volume->w_up, (counted - LOG2_ONE) / EIGHTH);
    }
    if (above > 0) {
        uint32_t rise = is_grown && above > RISE_MAX ? (uint32_t)RISE_MAX : above;
        volume->envelope = (uint16_t)(volume->envelope + rise);
    } else if (volume->envelope > 0 && volume->sent_today && volume->step % 2 == 0) {
        volume->envelope--;
    }
    volume->sent_today |= messages > 0;
    volume->slot_count =
            messages > UINT32_MAX - volume->slot_count ? UINT32_MAX : volume->slot_count + messages;
    volume->step_count = 0;
    if (volume->w_up < UP_EIGHTHS) {
        return false;
    }
    *ret_notice = (struct volume_notice){
            .messages = messages,
            .usual = usual,
            .minutes = STEP_MS / 60000,
            .w_nat6 = (int64_t)volume->w_up * EIGHTH_NAT6,
            .threshold_nat6 = (int64_t)UP_EIGHTHS * EIGHTH_NAT6,
            .budget = 100000,
    };
    volume->w_up = 0;
    volume->envelope = (uint16_t)height;
    return true;
}

// --- down -------------------------------------------------------------------------------------

static uint8_t *usual_of(struct volume *volume, uint32_t step)
{
    uint32_t day = step / STEPS_A_DAY;
    uint32_t weekday = (day + 3) % 7; // 0 = Monday; 1970 began on a Thursday
    return &volume->usual[weekday >= 5][step / STEPS_A_SLOT % VOLUME_SLOTS];
}

// What the slot's level and confidence become. Of the two between enough and sure, confidence is
// only on its way down: it takes three falls in a row to forget a sure level, one any other.
static uint8_t learn(uint32_t level, uint32_t confidence, uint32_t octave, bool grows)
{
    bool is_sure = confidence >= CONFIDENCE_ENOUGH;
    if (octave < LEVEL_ENOUGH && !is_sure) {
        return 0;
    }
    if (octave + FALL_OCTAVES < level) {
        bool is_kept = confidence > CONFIDENCE_ENOUGH;
        level = is_kept ? level : octave;
        confidence = is_kept ? confidence - 1 : 0;
    } else if (confidence == 0) {
        level = octave;
        confidence = 1;
    } else {
        level = octave < level + 1 ? octave : level + 1;
        confidence += (grows || is_sure) && confidence < CONFIDENCE_MAX;
        confidence = confidence == CONFIDENCE_ENOUGH && !is_sure ? CONFIDENCE_MAX : confidence;
    }
    return (uint8_t)(level << 3 | confidence);
}

static bool end_slot(struct volume *volume, uint32_t step, struct volume_notice *ret_notice)
{
    uint8_t *usual = usual_of(volume, step);
    uint32_t level = *usual >> 3;
    uint32_t confidence = *usual & CONFIDENCE_MAX;
    uint32_t messages = volume->slot_count;
    uint32_t height = log2_q11(messages);
    bool speaks = confidence >= CONFIDENCE_ENOUGH && level >= LEVEL_ENOUGH &&
                  volume->age_days >= DOWN_AGE_DAYS;
    if (speaks) {
        int64_t below = ((int64_t)level * LOG2_ONE - height - LOG2_ONE) / EIGHTH;
        below = below < FALL_MAX_EIGHTHS ? below : FALL_MAX_EIGHTHS;
        volume->w_down = below < LOG2_ONE / EIGHTH ? 0 : moved(volume->w_down, below);
    }
    *usual = learn(level, confidence, height / LOG2_ONE, step / STEPS_A_DAY % 4 == 0);
    volume->slot_count = 0;
    if (volume->w_down < DOWN_EIGHTHS) {
        return false;
    }
    *ret_notice = (struct volume_notice){
            .is_down = true,
            .messages = messages,
            .usual = (uint32_t)1 << level,
            .minutes = STEPS_A_SLOT * STEP_MS / 60000,
            .w_nat6 = (int64_t)volume->w_down * EIGHTH_NAT6,
            .threshold_nat6 = (int64_t)DOWN_EIGHTHS * EIGHTH_NAT6,
            .budget = 10000,
    };
    volume->w_down = 0;
    memset(volume->usual, 0, sizeof volume->usual);
    return true;
}

// --- time -------------------------------------------------------------------------------------

static void end_day(struct volume *volume)
{
    if (volume->sent_today && volume->age_days < AGE_MAX) {
        volume->age_days = (volume->age_days + 1u) & AGE_MAX;
    }
    volume->sent_today = 0;
}

bool volume_advance(struct volume *volume, int64_t at_ms, struct volume_notice *ret_notice)
{
    uint32_t now = at_ms > 0 ? (uint32_t)(at_ms / STEP_MS) & 0xffffff : 0;
    if (volume->step == 0 || now > (uint32_t)volume->step + GAP_MAX_STEPS) {
        *volume = (struct volume){.step = now & 0xffffff};
        return false;
    }
    bool is_due = false;
    while (volume->step < now) {
        uint32_t step = volume->step;
        is_due = end_step(volume, ret_notice) || is_due;
        if ((step + 1) % STEPS_A_SLOT == 0) {
            is_due = end_slot(volume, step, ret_notice) || is_due;
        }
        if ((step + 1) % STEPS_A_DAY == 0) {
            end_day(volume);
        }
        volume->step = (step + 1) & 0xffffff;
    }
    return is_due;
}

void volume_count(struct volume *volume, uint64_t messages)
{
    volume->step_count = messages > UINT32_MAX - volume->step_count
                                 ? UINT32_MAX
                                 : volume->step_count + (uint32_t)messages;
}

void volume_archive(struct archive *archive, struct volume *volume)
{
    uint32_t step = volume->step;
    uint32_t age_days = volume->age_days;
    bool sent_today = volume->sent_today;
    archive_u32(archive, &step, (1U << 24) - 1);
    archive_u32(archive, &age_days, AGE_MAX);
    archive_bool(archive, &sent_today);
    volume->step = step & ((1U << 24) - 1);
    volume->age_days = age_days & AGE_MAX;
    volume->sent_today = sent_today;
    archive_u32(archive, &volume->step_count, UINT32_MAX);
    archive_u32(archive, &volume->slot_count, UINT32_MAX);
    archive_u16(archive, &volume->envelope, UINT16_MAX);
    archive_u8(archive, &volume->w_up, UINT8_MAX);
    archive_u8(archive, &volume->w_down, UINT8_MAX);
    archive_bytes(archive, volume->usual, sizeof volume->usual);
}

void volume_notice_archive(struct archive *archive, struct volume_notice *notice)
{
    archive_bool(archive, &notice->is_down);
    archive_u32(archive, &notice->messages, UINT32_MAX);
    archive_u32(archive, &notice->usual, UINT32_MAX);
    archive_i64(archive, &notice->minutes, 0, INT32_MAX);
    archive_i64(archive, &notice->w_nat6, 0, INT64_MAX);
    archive_i64(archive, &notice->threshold_nat6, 0, INT64_MAX);
    archive_i64(archive, &notice->budget, 0, INT64_MAX);
}
