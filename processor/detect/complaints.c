#include "detect/complaints.h"

#include "common/clock.h"
#include "detect/decay.h"

enum { NODE_3, NODE_10, CAP_ABOVE_NAT6 = 10000000, FADE_STEP_MS = 24 * 60 * 1000 };
_Static_assert(DECAY_STEPS *FADE_STEP_MS == 24 * 3600 * 1000, "half of the credit in 24 hours");

#define BALANCE_MIN_NAT6 (-(INT64_C(1) << 60))

const char *const complaint_node_names[COMPLAINT_NODE_COUNT] = {"complaints_3", "complaints_10"};

static const struct {
    int64_t up_nat6;   // floor(1e6 ln c)
    int64_t down_rate; // c - 1: micro-nats a message for each millionth of l0, exactly
} nodes[COMPLAINT_NODE_COUNT] = {{1098612, 2}, {2302585, 9}};

static const struct {
    enum tier tier;
    int64_t threshold_nat6; // ceil(1e6 ln(A / 0.5))
    int64_t budget;
} tiers[] = {{TIER_NOTICE, 14508658, 1000000}, {TIER_ALERT, 16811243, 10000000}};
enum { TIERS = sizeof tiers / sizeof *tiers };

static void fade(struct complaints *state, int64_t log_time_ms)
{
    if (log_time_ms - state->faded_to_ms < FADE_STEP_MS) {
        return;
    }
    uint64_t steps = (uint64_t)(log_time_ms - state->faded_to_ms) / FADE_STEP_MS;
    for (unsigned j = 0; j < COMPLAINT_NODE_COUNT; j++) {
        if (state->balance_nat6[j] < 0) {
            state->balance_nat6[j] = decay_by(state->balance_nat6[j], steps);
        }
    }
    state->faded_to_ms += (int64_t)steps * FADE_STEP_MS;
}

static uint32_t add_saturating(uint32_t count, uint64_t more)
{
    return more > UINT32_MAX - count ? UINT32_MAX : count + (uint32_t)more;
}

static void charge(struct complaints *state, uint32_t rate_millionths, uint64_t messages)
{
    for (unsigned j = 0; j < COMPLAINT_NODE_COUNT; j++) {
        uint64_t each = (uint64_t)nodes[j].down_rate * rate_millionths;
        bool fits = messages < ((uint64_t)1 << 59) / (each + 1);
        int64_t less = fits ? (int64_t)(messages * each) : -(BALANCE_MIN_NAT6 / 2);
        int64_t balance = state->balance_nat6[j] - less;
        state->balance_nat6[j] = balance < BALANCE_MIN_NAT6 ? BALANCE_MIN_NAT6 : balance;
    }
}

void complaints_begin(
        struct complaints *state, uint32_t rate_millionths, uint64_t messages, int64_t log_time_ms)
{
    *state = (struct complaints){.faded_to_ms = log_time_ms};
    charge(state, rate_millionths, messages);
}

static void forget_excursion_if_over(struct complaints *state)
{
    if (state->balance_nat6[NODE_3] <= 0) {
        state->complaints = 0;
        state->messages = 0;
    }
}

void complaints_expose(
        struct complaints *state, uint32_t rate_millionths, uint64_t messages, int64_t log_time_ms)
{
    fade(state, log_time_ms);
    charge(state, rate_millionths, messages);
    state->messages = add_saturating(state->messages, messages);
    forget_excursion_if_over(state);
}

// Whether the tag is among the last ones; it is from now on.
static bool has_complained(struct complaints *state, uint64_t tag)
{
    uint32_t kept = state->tag_count < COMPLAINT_TAGS ? state->tag_count : COMPLAINT_TAGS;
    for (uint32_t i = 0; i < kept; i++) {
        if (state->tags[i] == tag) {
            return true;
        }
    }
    state->tags[state->tag_count % COMPLAINT_TAGS] = tag;
    state->tag_count++;
    return false;
}

void complaints_hit(struct complaints *state, uint64_t tag, int64_t log_time_ms)
{
    fade(state, log_time_ms);
    if (has_complained(state, tag)) { // P1
        return;
    }
    const int64_t cap = tiers[TIERS - 1].threshold_nat6 + CAP_ABOVE_NAT6;
    for (unsigned j = 0; j < COMPLAINT_NODE_COUNT; j++) {
        int64_t balance = state->balance_nat6[j] + nodes[j].up_nat6;
        state->balance_nat6[j] = balance > cap ? cap : balance; // P2
    }
    state->complaints = add_saturating(state->complaints, 1);
    forget_excursion_if_over(state);
}

bool complaints_are_quiet(const struct complaints *state)
{
    return state->balance_nat6[NODE_3] <= 0 && state->balance_nat6[NODE_10] <= 0;
}

struct complaint_reading complaints_read(const struct complaints *state)
{
    bool ten = state->balance_nat6[NODE_10] > state->balance_nat6[NODE_3];
    unsigned node = ten ? NODE_10 : NODE_3; // their thresholds are one
    for (unsigned t = TIERS; t-- > 0;) {
        if (state->balance_nat6[node] >= tiers[t].threshold_nat6) {
            return (struct complaint_reading){
                    .tier = tiers[t].tier,
                    .node = node,
                    .w_nat6 = state->balance_nat6[node],
                    .threshold_nat6 = tiers[t].threshold_nat6,
                    .budget = tiers[t].budget,
                    .complaints = state->complaints,
                    .messages = state->messages,
            };
        }
    }
    return (struct complaint_reading){.tier = TIER_NONE};
}

void complaints_archive(struct archive *archive, struct complaints *state)
{
    for (unsigned j = 0; j < COMPLAINT_NODE_COUNT; j++) {
        archive_i64(archive, &state->balance_nat6[j], BALANCE_MIN_NAT6, -BALANCE_MIN_NAT6);
    }
    archive_i64(archive, &state->faded_to_ms, 0, CLOCK_END_MS);
    archive_u32(archive, &state->complaints, UINT32_MAX);
    archive_u32(archive, &state->messages, UINT32_MAX);
    archive_u32(archive, &state->tag_count, UINT32_MAX);
    for (unsigned i = 0; i < COMPLAINT_TAGS && i < state->tag_count; i++) {
        archive_bytes(archive, &state->tags[i], sizeof state->tags[i]);
    }
}
