#include "bench/generate_make.h"

enum { DRIFT_ONE = 1024 };

// --- when -------------------------------------------------------------------------------------

// The clock, when that much of the day's traffic has gone: quiet early, busy before noon, after the
// midday rest and towards evening.
static uint64_t clock_us(uint64_t us)
{
    static const uint64_t shares[14] = {
            0, 40, 130, 270, 400, 500, 560, 640, 760, 890, 1010, 1120, 1230, 1300};
    uint64_t share = us * 1300 / DAY_US;
    unsigned hour = 0;
    while (hour < 12 && shares[hour + 1] <= share) {
        hour++;
    }
    uint64_t from_us = shares[hour] * (DAY_US / 1300);
    uint64_t length_us = (shares[hour + 1] - shares[hour]) * (DAY_US / 1300);
    return hour * HOUR_US + (us - from_us) * (HOUR_US / 1000) / length_us * 1000;
}

// A long incident may go on after the last evening.
static int64_t sent_ms(const struct moment *now)
{
    const int64_t day_ms = INT64_C(24) * 3600000;
    uint64_t day = now->us / DAY_US;
    day = day < now->plan->days ? day : now->plan->days - 1;
    uint64_t of_day_us = now->us - day * DAY_US;
    if (now->plan->has_daily_rhythm && of_day_us < DAY_US) {
        of_day_us = clock_us(of_day_us);
    }
    return GENERATE_DAY_MS + (int64_t)day * day_ms + (int64_t)(of_day_us / 1000);
}

// Mostly the time of sending; one in 64 comes up to two seconds late. In disorder, one in five
// does, and one in a hundred comes up to a minute late.
static int64_t occurred_ms(const struct moment *now)
{
    int64_t ms = sent_ms(now);
    uint64_t die = random_below(&now->plan->world.rng, 128000);
    if (!now->plan->options->has_disorder) {
        return die < 2000 ? ms - (int64_t)die : ms;
    }
    if (die < 1280) {
        return ms - (int64_t)(die * 60000 / 1280);
    }
    return die < 26880 ? ms - (int64_t)(die % 2000) : ms;
}

// --- to whom ----------------------------------------------------------------------------------

// The rate of wrong messages that the campaign has at this hour though nothing has happened.
static uint32_t healthy_rate(const struct moment *now, const struct campaign *campaign)
{
    const struct plan *plan = now->plan;
    if (plan->drift == NULL) {
        return campaign->p0_millionths;
    }
    uint64_t slots = (uint64_t)plan->days * DRIFT_SLOTS_A_DAY;
    uint64_t slot = now->us / (DAY_US / DRIFT_SLOTS_A_DAY);
    slot = slot < slots ? slot : slots - 1;
    uint64_t factor = plan->drift[campaign->tenant * slots + slot];
    return (uint32_t)(campaign->p0_millionths * factor / DRIFT_ONE);
}

static struct episode *find_episode(const struct moment *now, uint32_t tenant)
{
    struct plan *plan = now->plan;
    for (uint32_t i = plan->tenants[tenant].first_episode; i != INDEX_NONE;
            i = plan->episodes[i].next) {
        struct episode *episode = &plan->episodes[i];
        if (episode->start_us <= now->us && now->us < episode->end_us) {
            return episode;
        }
    }
    return NULL;
}

// The incident that has come over the campaign by now.
static struct incident *find_over(const struct moment *now, const struct campaign *campaign)
{
    struct plan *plan = now->plan;
    const struct tenant_plan *tenant = &plan->tenants[campaign->tenant];
    for (uint32_t i = tenant->first_over; i != INDEX_NONE; i = plan->incidents[i].next_over) {
        struct incident *incident = &plan->incidents[i];
        uint64_t so_far = incident->counts_at_tenant ? tenant->sent : now->number;
        if (incident->sent < incident->options.size && so_far >= incident->options.at &&
                incident_comes_over(incident, campaign)) {
            return incident;
        }
    }
    return NULL;
}

// Whether one of the scattered mistakes happens. In clumps, one is followed by the next in that
// many of a million cases, and there are as many as ever.
static bool draws_mistake(const struct moment *now, struct stream *stream, uint32_t p0_millionths)
{
    struct plan *plan = now->plan;
    struct random *rng = &plan->world.rng;
    uint64_t clumps = plan->options->clumps_millionths;
    uint64_t rate = p0_millionths;
    if (stream->negative != INDEX_NONE &&
            plan->negatives[stream->negative].options.kind == NEGATIVE_TWO_OF_FIVE) {
        uint64_t left = 2 - plan->negatives[stream->negative].tally.misdirected;
        return random_below(rng, stream->size - stream->sent) < left;
    }
    if (clumps > 0) {
        rate = stream->last_was_wrong ? clumps
                                      : rate * (ONE_MILLION - clumps) / (ONE_MILLION - rate);
    }
    stream->last_was_wrong = random_chance(rng, (uint32_t)rate);
    return stream->last_was_wrong;
}

static void address_healthy(const struct moment *now, struct stream *stream,
        struct message *message, uint32_t p0_millionths)
{
    struct world *world = &now->plan->world;
    if (!purpose_is_watched(message->campaign->purpose)) {
        pick_anybody(world, message);
    } else if (draws_mistake(now, stream, p0_millionths)) {
        message->fault = FAULT_SCATTERED;
        pick_scattered(world, message, &stream->cursor);
    } else if (stream->sorted_first != 0) {
        pick_customer(world, message, stream->sorted_first + stream->sent);
    } else {
        pick_rightful(world, message, &stream->cursor);
    }
}

// What concerns a message, and whether it was what made it wrong.
struct concern {
    struct incident *own;
    struct incident *over;
    struct episode *episode;
    struct incident *culprit;
    uint32_t p0_millionths;
};

static void address(const struct moment *now, struct stream *stream, struct message *message,
        struct concern *concern)
{
    struct world *world = &now->plan->world;
    uint32_t p0 = concern->p0_millionths;
    if (concern->own != NULL && incident_goes_wrong(concern->own, world, p0)) {
        concern->culprit = concern->own;
    } else if (concern->over != NULL) {
        concern->over->sent++;
        concern->culprit = incident_goes_wrong(concern->over, world, p0) ? concern->over : NULL;
    }
    if (concern->culprit != NULL) {
        message->fault = FAULT_INCIDENT;
        incident_pick(concern->culprit, world, message, &stream->cursor);
    } else if (concern->episode != NULL && random_chance(&world->rng, 2 * p0)) {
        message->fault = FAULT_EPISODE;
        pick_newcomer(world, message);
    } else if (concern->own != NULL && !world->rates_are_exact) {
        pick_rightful(world, message, &stream->cursor);
    } else {
        address_healthy(now, stream, message, p0);
    }
}

// --- a message --------------------------------------------------------------------------------

// The rest of the message follows from its recipient, except what senders now and then leave out.
// Messages that are to be wrong are whole, because what they leave out could make them right.
static void complete(struct random *rng, const struct stream *stream, struct message *message)
{
    static const enum channel channels[] = {[RECIPIENT_PHONE] = CHANNEL_SMS,
            [RECIPIENT_EMAIL] = CHANNEL_EMAIL,
            [RECIPIENT_PUSH] = CHANNEL_PUSH,
            [RECIPIENT_WECHAT] = CHANNEL_WECHAT};
    const struct campaign *campaign = message->campaign;
    enum recipient_kind kind = message->to.address.kind;
    message->channel = channels[kind];
    if (kind == RECIPIENT_PHONE && campaign->by_voice) {
        message->channel = CHANNEL_VOICE;
    }
    message->names_tenant = true;
    message->names_purpose = true;
    message->names_channel = true;
    if (message->fault != FAULT_NONE || stream->campaign == INDEX_NONE) {
        return;
    }
    message->names_tenant = !random_chance(rng, 3000);
    if (random_chance(rng, 30000)) {
        message->loan = 0;
    }
    if (campaign->purpose == PURPOSE_COLLECTION) {
        message->names_purpose = !random_chance(rng, 20000);
    }
    if (kind == RECIPIENT_PHONE && message->to.opted_out == 0) {
        message->names_channel = !random_chance(rng, 20000);
    }
}

// `is_cause`: what is counted made the message wrong, if it is.
static void count(struct tally *tally, const struct message *message, const struct label *label,
        uint32_t p0_millionths, bool is_cause)
{
    if (tally->messages == 0) {
        tally->first_message = message->number;
    }
    tally->messages++;
    tally->last_message = message->number;
    tally->p0_sum_millionths += p0_millionths;
    if (message->fault != FAULT_NONE && is_cause) {
        tally->misdirected += label->expected == VERDICT_MISDIRECTED;
        tally->unknown += label->expected == VERDICT_UNKNOWN;
    }
}

static void count_concern(const struct moment *now, const struct stream *stream,
        const struct concern *concern, const struct message *message, const struct label *label)
{
    struct incident *const incidents[] = {concern->own, concern->over};
    uint32_t p0 = concern->p0_millionths;
    for (size_t i = 0; i < 2; i++) {
        if (incidents[i] != NULL) {
            count(&incidents[i]->tally, message, label, p0, concern->culprit == incidents[i]);
        }
    }
    if (concern->episode != NULL) {
        count(&concern->episode->tally, message, label, p0, message->fault == FAULT_EPISODE);
    }
    if (stream->negative != INDEX_NONE) {
        count(&now->plan->negatives[stream->negative].tally, message, label, p0, true);
    }
}

// Whose campaign the stream's next message is of, and what has befallen it.
static struct concern look_around(
        const struct moment *now, struct stream *stream, struct message *message)
{
    struct plan *plan = now->plan;
    struct concern concern = {0};
    if (stream->campaign != INDEX_NONE) {
        message->campaign = &plan->campaigns[stream->campaign];
    } else {
        bool is_concerned;
        concern.own = &plan->incidents[stream->incident];
        message->campaign = incident_next_campaign(concern.own, &plan->world.rng, &is_concerned);
        concern.own = is_concerned ? concern.own : NULL;
    }
    concern.p0_millionths = healthy_rate(now, message->campaign);
    if (purpose_is_watched(message->campaign->purpose)) {
        concern.over = find_over(now, message->campaign);
        concern.episode = find_episode(now, message->campaign->tenant);
    }
    return concern;
}

void make_message(const struct moment *now, struct stream *stream, struct message *ret_message,
        struct label *ret_label, const struct incident **ret_incident)
{
    struct plan *plan = now->plan;
    *ret_message = (struct message){
            .number = now->number,
            .occurred_ms = occurred_ms(now),
    };
    struct concern concern = look_around(now, stream, ret_message);
    address(now, stream, ret_message, &concern);
    complete(&plan->world.rng, stream, ret_message);
    *ret_label = label_message(ret_message);
    if (ret_label->expected != VERDICT_MISDIRECTED && ret_label->expected != VERDICT_UNKNOWN) {
        ret_message->fault = FAULT_NONE; // meant to go wrong, but somebody is there who owes it
    }
    count_concern(now, stream, &concern, ret_message, ret_label);
    *ret_incident = concern.culprit != NULL ? concern.culprit
                    : concern.own != NULL   ? concern.own
                                            : concern.over;
    plan->tenants[ret_message->campaign->tenant].sent++;
}
