#include "bench/report_redrive.h"

#include <math.h>

#include "common/hash.h"

static const int64_t recent_ms = INT64_C(24) * 3600000;

unsigned node_of(struct view name)
{
    unsigned j = 0;
    while (j < NODE_COUNT && !view_is(name, node_names[j])) {
        j++;
    }
    return j;
}

unsigned redrive_level(double baseline)
{
    unsigned best = 0;
    for (unsigned level = 1; level < LEVEL_COUNT; level++) {
        double rate = (double)table_baseline_ppb(level) / 1e9;
        double best_rate = (double)table_baseline_ppb(best) / 1e9;
        if (fabs(rate - baseline) < fabs(best_rate - baseline)) {
            best = level;
        }
    }
    return best;
}

static bool is_repeated(struct redrive *drive, struct view recipient, int64_t ms)
{
    if (view_is_none(recipient)) {
        return false;
    }
    uint64_t tag = hash_bytes(recipient.p, recipient.n, 0);
    uint32_t kept = drive->recent_count < REDRIVE_RECENT ? drive->recent_count : REDRIVE_RECENT;
    for (uint32_t i = 0; i < kept; i++) {
        if (drive->recent[i].tag == tag && ms - drive->recent[i].ms < recent_ms) {
            return true;
        }
    }
    drive->recent[drive->recent_count % REDRIVE_RECENT].tag = tag;
    drive->recent[drive->recent_count % REDRIVE_RECENT].ms = ms;
    drive->recent_count++;
    return false;
}

void redrive_step(struct redrive *drive, bool misdirected, struct view recipient, int64_t ms)
{
    bool follows = drive->last_was_misdirected;
    drive->last_was_misdirected = misdirected;
    if (misdirected && is_repeated(drive, recipient, ms)) {
        return;
    }
    const struct bank_batch batch = {
            .good = !misdirected,
            .fresh = misdirected && !follows,
            .guarded = misdirected && follows,
    };
    (void)bank_step(&drive->bank, &batch, drive->level, true);
}
