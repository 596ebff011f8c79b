#include "detect/streams.h"

#include "common/assure.h"
#include "detect/streams.inc"

enum { NODE_30, NODE_95, CAP_ABOVE_NAT3 = 10000, NAT6_PER_NAT3 = 1000 };

struct stream_rule {
    uint32_t p0_millionths; // by default
    uint16_t notice_hits;   // at least, beside the threshold
    uint16_t alert_hits;
};

static const struct stream_rule rules[STREAM_COUNT] = {
        [STREAM_WALKING] = {100000, 5, 5},
        [STREAM_REPEATED] = {50000, 10, 20},
        [STREAM_CLOSED_RECENTLY] = {50000, 3, 5},
        [STREAM_REASSIGNED] = {10000, 3, 5},
        [STREAM_INVALID] = {20000, 3, 5},
        [STREAM_OTHER_TENANT] = {5000, 3, 5},
};

// In the order of stream_thresholds.
static const struct {
    enum tier tier;
    int64_t budget_messages;
} tiers[] = {{TIER_NOTICE, 1000000}, {TIER_ALERT, 10000000}};
enum { TIERS = sizeof tiers / sizeof *tiers };
_Static_assert(
        sizeof stream_thresholds / sizeof *stream_thresholds == TIERS, "a threshold each tier");

uint8_t stream_level_up(uint32_t rate_millionths)
{
    uint8_t level = 0;
    while (level < STREAM_LEVEL_COUNT - 1 && level_millionths[level] < rate_millionths) {
        level++;
    }
    return level;
}

uint32_t stream_level_millionths(unsigned level)
{
    ASSURE(level < STREAM_LEVEL_COUNT);
    return level_millionths[level];
}

struct stream_levels stream_levels_of(const uint32_t rates_millionths[STREAM_COUNT])
{
    struct stream_levels levels;
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        levels.level[s] = stream_level_up(rates_millionths[s]);
    }
    return levels;
}

struct stream_levels stream_levels_default(void)
{
    uint32_t rates[STREAM_COUNT];
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        rates[s] = rules[s].p0_millionths;
    }
    return stream_levels_of(rates);
}

// --- batches ----------------------------------------------------------------------------------

static uint32_t at_least_none(int64_t count)
{
    return count < 0 ? 0 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static uint32_t add_saturating(uint32_t count, uint32_t more)
{
    return more > UINT32_MAX - count ? UINT32_MAX : count + more;
}

// How often the leaf's narrowest scope had met the stranger before.
static uint32_t leaf_repeated(const struct leaf_delta *leaf)
{
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (leaf->uses[kind].row >= 0) {
            return leaf->uses[kind].repeated;
        }
    }
    return 0;
}

// Reasons are counted over exempt messages too, which may all have had this one.
static int64_t watched_reason(const struct leaf_delta *leaf, enum reason reason)
{
    return leaf->reasons[reason] - leaf->exempt;
}

void stream_batch_add(struct stream_batch *batch, const struct leaf_delta *leaf, source_set sources)
{
    const struct {
        int64_t messages;
        int64_t hits;
    } counts[STREAM_COUNT] = {
            [STREAM_WALKING] = {leaf->judged, leaf->misdirected_signals[SIGNAL_WALKING]},
            [STREAM_REPEATED] = {leaf->judged, leaf_repeated(leaf)},
            [STREAM_CLOSED_RECENTLY] = {leaf->judged, leaf->signals[SIGNAL_CLOSED_RECENTLY]},
            [STREAM_REASSIGNED] = {leaf->judged, watched_reason(leaf, REASON_REASSIGNED_NUMBER)},
            [STREAM_INVALID] = {leaf->judged + leaf->unknown,
                    watched_reason(leaf, REASON_INVALID_NUMBER)},
            [STREAM_OTHER_TENANT] = {leaf->judged, watched_reason(leaf, REASON_OTHER_TENANT)},
    };
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        uint32_t messages = at_least_none(counts[s].messages);
        bool is_on = (sources & SOURCE_BIT(s)) != 0;
        uint32_t hits = is_on ? at_least_none(counts[s].hits) : 0;
        batch->judged[s] = add_saturating(batch->judged[s], messages);
        batch->hits[s] = add_saturating(batch->hits[s], hits < messages ? hits : messages);
    }
}

bool stream_leaf_has_hits(const struct leaf_delta *leaf)
{
    return leaf->misdirected_signals[SIGNAL_WALKING] > 0 || leaf_repeated(leaf) > 0 ||
           leaf->signals[SIGNAL_CLOSED_RECENTLY] > 0 ||
           leaf->reasons[REASON_REASSIGNED_NUMBER] > 0 ||
           leaf->reasons[REASON_INVALID_NUMBER] > 0 || leaf->reasons[REASON_OTHER_TENANT] > 0;
}

bool stream_batch_has_hits(const struct stream_batch *batch)
{
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        if (batch->hits[s] > 0) {
            return true;
        }
    }
    return false;
}

// --- statistics -------------------------------------------------------------------------------

static bool is_quiet(const struct streams *streams, unsigned s)
{
    return streams->w_nat3[s][NODE_30] == 0; // S2: node 95 is then 0 too
}

static void count(struct streams *streams, unsigned s, uint32_t judged, uint32_t hits)
{
    if (judged <= UINT32_MAX - streams->judged[s] &&
            hits <= (uint32_t)UINT16_MAX - streams->hits[s]) { // S4
        streams->judged[s] += judged;
        streams->hits[s] = (uint16_t)(streams->hits[s] + hits);
    }
}

static void step_one(
        struct streams *streams, unsigned s, uint32_t judged, uint32_t hits, unsigned level)
{
    const int64_t cap = stream_thresholds[TIERS - 1] + CAP_ABOVE_NAT3;
    for (unsigned j = 0; j < STREAM_NODE_COUNT; j++) {
        int64_t w = streams->w_nat3[s][j] + (int64_t)hits * hit_up[level][j] -
                    (int64_t)(judged - hits) * miss_down[level][j];
        streams->w_nat3[s][j] = (uint16_t)(w < 0 ? 0 : w > cap ? cap : w); // S1
    }
    if (is_quiet(streams, s)) {
        streams->judged[s] = 0;
        streams->hits[s] = 0;
    } else {
        count(streams, s, judged, hits);
    }
}

void streams_step(struct streams *streams, const struct stream_batch *batch,
        const struct stream_levels *levels)
{
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        ASSURE(batch->hits[s] <= batch->judged[s] && levels->level[s] < STREAM_LEVEL_COUNT);
        if (batch->hits[s] > 0 || !is_quiet(streams, s)) { // S5
            step_one(streams, s, batch->judged[s], batch->hits[s], levels->level[s]);
        }
    }
}

bool streams_are_quiet(const struct streams *streams)
{
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        if (!is_quiet(streams, s)) {
            return false;
        }
    }
    return true;
}

bool streams_are_calm(const struct streams *streams, source_set sources)
{
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        for (unsigned j = 0; j < STREAM_NODE_COUNT; j++) {
            bool is_asked = (sources & SOURCE_BIT(s)) != 0;
            if (is_asked && streams->w_nat3[s][j] >= stream_thresholds[0] / 2) {
                return false;
            }
        }
    }
    return true;
}

// --- readings ---------------------------------------------------------------------------------

struct stream_reading streams_read_one(const struct streams *streams, enum evidence_stream stream)
{
    const uint16_t *w = streams->w_nat3[stream];
    unsigned node = w[NODE_95] > w[NODE_30] ? NODE_95 : NODE_30; // their thresholds are one
    uint16_t hits = streams->hits[stream];
    for (unsigned t = TIERS; t-- > 0;) {
        uint16_t least =
                tiers[t].tier == TIER_ALERT ? rules[stream].alert_hits : rules[stream].notice_hits;
        if (w[node] >= stream_thresholds[t] && hits >= least) {
            return (struct stream_reading){
                    .tier = tiers[t].tier,
                    .stream = stream,
                    .node = node,
                    .w_nat6 = (int64_t)w[node] * NAT6_PER_NAT3,
                    .threshold_nat6 = (int64_t)stream_thresholds[t] * NAT6_PER_NAT3,
                    .budget_messages = tiers[t].budget_messages,
                    .judged = streams->judged[stream],
                    .hits = hits,
            };
        }
    }
    return (struct stream_reading){.tier = TIER_NONE, .stream = stream};
}

struct stream_reading streams_read(const struct streams *streams, source_set sources)
{
    struct stream_reading best = {.tier = TIER_NONE};
    for (unsigned s = 0; s < STREAM_COUNT; s++) {
        if ((sources & SOURCE_BIT(s)) == 0) {
            continue;
        }
        struct stream_reading reading = streams_read_one(streams, (enum evidence_stream)s);
        if (reading.tier > best.tier || (reading.tier == best.tier && reading.tier != TIER_NONE &&
                                                reading.w_nat6 - reading.threshold_nat6 >
                                                        best.w_nat6 - best.threshold_nat6)) {
            best = reading;
        }
    }
    return best;
}

static bool stream_can_be(const struct streams *streams, unsigned s)
{
    const int64_t cap = stream_thresholds[TIERS - 1] + CAP_ABOVE_NAT3;
    const uint16_t *w = streams->w_nat3[s];
    bool counts_nothing = streams->judged[s] == 0 && w[NODE_95] == 0;
    return w[NODE_30] <= cap && w[NODE_95] <= cap && streams->hits[s] <= streams->judged[s] &&
           (!is_quiet(streams, s) || counts_nothing);
}

void streams_archive(struct archive *archive, struct streams *streams)
{
    for (unsigned i = 0; i < STREAM_COUNT; i++) {
        archive_u32(archive, &streams->judged[i], UINT32_MAX);
        archive_u16(archive, &streams->hits[i], UINT16_MAX);
        for (unsigned j = 0; j < STREAM_NODE_COUNT; j++) {
            archive_u16(archive, &streams->w_nat3[i][j], UINT16_MAX);
        }
        if (archive_is_good(archive) && !stream_can_be(streams, i)) {
            archive_fail(archive, ERR_DATA, "streams: a statistic that cannot be");
        }
    }
}
