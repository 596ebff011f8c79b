#include "bench/generate_traffic.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"

enum { VENDORS = 8, SENDERS = 3, TEMPLATES = 10, SIZE_QUANTILES = 32 };

#define HOUR_US UINT64_C(3600000000)
#define DAY_US (13 * HOUR_US)

const char *const purpose_names[PURPOSE_COUNT] = {
        "collection", "reminder", "marketing", "service", "otp"};

// Quantiles of the lognormal distribution with median 800 and sigma 1.8, at (i + 1/2) / 32.
static const uint32_t size_quantiles[SIZE_QUANTILES] = {17, 39, 62, 87, 115, 146, 179, 217, 259,
        306, 359, 418, 485, 561, 647, 746, 858, 989, 1141, 1319, 1530, 1783, 2090, 2469, 2948, 3567,
        4398, 5564, 7320, 10267, 16339, 38622};

// The messages of one campaign, evenly spread over its span.
struct stream {
    const struct campaign *campaigns; // that take turns
    uint32_t campaign_count;
    struct incident *incident; // NULL = healthy
    uint64_t size;
    uint64_t sent;
    uint64_t start_us; // since the start of the day's traffic
    uint64_t span_us;
    uint64_t cursor; // into the tenant's customers
};

struct traffic {
    const struct generate_options *options;
    struct world world;
    uint32_t *scatter_millionths; // by tenant
    struct campaign *campaigns;
    uint32_t campaign_count;
    struct incident *incidents;
    struct stream *streams; // the campaigns', then the incidents'
    uint32_t *heap;         // of streams, the next to send on top
    uint32_t heap_count;
    uint64_t sent;
    uint64_t now_us;
};

void message_id_write(uint64_t seed, uint64_t number, char ret_id[MESSAGE_ID_MAX_BYTES])
{
    int n = snprintf(ret_id, MESSAGE_ID_MAX_BYTES, "msg-%llu-%09llu", (unsigned long long)seed,
            (unsigned long long)number);
    ASSURE(n > 0 && n < MESSAGE_ID_MAX_BYTES);
}

// --- which stream is next ---------------------------------------------------------------------

static uint64_t next_us(const struct stream *stream)
{
    return stream->start_us + stream->span_us * stream->sent / stream->size;
}

// The earlier first; of two at once the later stream, so that an incident begins where it is told
// to.
static bool goes_before(const struct traffic *traffic, uint32_t a, uint32_t b)
{
    uint64_t a_us = next_us(&traffic->streams[a]);
    uint64_t b_us = next_us(&traffic->streams[b]);
    return a_us != b_us ? a_us < b_us : a > b;
}

static void swap_in_heap(struct traffic *traffic, uint32_t i, uint32_t j)
{
    uint32_t other = traffic->heap[i];
    traffic->heap[i] = traffic->heap[j];
    traffic->heap[j] = other;
}

static void heap_add(struct traffic *traffic, uint32_t stream)
{
    uint32_t i = traffic->heap_count++;
    traffic->heap[i] = stream;
    while (i > 0 && goes_before(traffic, traffic->heap[i], traffic->heap[(i - 1) / 2])) {
        swap_in_heap(traffic, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

// Puts the top where it belongs after its time has changed.
static void heap_sink_top(struct traffic *traffic)
{
    uint32_t i = 0;
    for (;;) {
        uint32_t first = i;
        for (uint32_t child = 2 * i + 1; child < traffic->heap_count && child <= 2 * i + 2;
                child++) {
            if (goes_before(traffic, traffic->heap[child], traffic->heap[first])) {
                first = child;
            }
        }
        if (first == i) {
            return;
        }
        swap_in_heap(traffic, i, first);
        i = first;
    }
}

static void start_incidents(struct traffic *traffic)
{
    for (uint32_t i = 0; i < traffic->options->incident_count; i++) {
        uint32_t at = traffic->campaign_count + i;
        struct stream *stream = &traffic->streams[at];
        if (stream->span_us != 0 || traffic->sent < traffic->options->incidents[i].at) {
            continue;
        }
        // An hour, or what is left of the day; a thousand messages a second at most.
        uint64_t left_us = traffic->now_us < DAY_US ? DAY_US - traffic->now_us : 0;
        stream->span_us = left_us < HOUR_US ? left_us : HOUR_US;
        if (stream->span_us < stream->size * 1000) {
            stream->span_us = stream->size * 1000;
        }
        stream->start_us = traffic->now_us;
        heap_add(traffic, at);
    }
}

// --- the day's plan ---------------------------------------------------------------------------

static enum purpose draw_purpose(struct random *rng)
{
    uint64_t die = random_below(rng, 100);
    return die < 68   ? PURPOSE_COLLECTION
           : die < 90 ? PURPOSE_REMINDER
           : die < 95 ? PURPOSE_MARKETING
           : die < 98 ? PURPOSE_SERVICE
                      : PURPOSE_OTP;
}

static void draw_campaign(
        struct random *rng, uint32_t number, uint32_t tenant, struct campaign *ret)
{
    // One draw a statement: C does not say which of two in one expression comes first.
    *ret = (struct campaign){.tenant = tenant};
    ret->purpose = draw_purpose(rng);
    ret->by_voice = random_below(rng, 6) == 0;
    ret->names_borrowers = random_below(rng, 2) == 0;
    ret->tells_size = random_below(rng, 2) == 0;
    unsigned vendor = 1 + (unsigned)random_below(rng, VENDORS);
    unsigned sender = 1 + (unsigned)random_below(rng, SENDERS);
    unsigned template_number = 1 + (unsigned)random_below(rng, TEMPLATES);
    tenant++;
    if (number % 8 == 5) { // an older system, whose ids are numbers
        snprintf(ret->id, sizeof ret->id, "20260302%06u", number);
    } else {
        snprintf(ret->id, sizeof ret->id, "campaign-%u-%03u", tenant, number);
    }
    snprintf(ret->template_id, sizeof ret->template_id, "template-%u-%u", tenant, template_number);
    snprintf(ret->sender_id, sizeof ret->sender_id, "sender-%u-%u-%u", tenant, vendor, sender);
    snprintf(ret->vendor_id, sizeof ret->vendor_id, "vendor-%u-%u", tenant, vendor);
}

// Shares the healthy messages out by weights; the largest campaign gets what rounding leaves.
static void share_out(struct traffic *traffic, uint64_t *weights, uint64_t messages)
{
    uint64_t sum = 0;
    uint32_t largest = 0;
    for (uint32_t i = 0; i < traffic->campaign_count; i++) {
        sum += weights[i];
        largest = weights[i] > weights[largest] ? i : largest;
    }
    uint64_t each = messages >= traffic->campaign_count ? 1 : 0;
    uint64_t rest = messages - each * traffic->campaign_count;
    uint64_t left = rest;
    for (uint32_t i = 0; i < traffic->campaign_count; i++) {
        uint64_t share = rest * weights[i] / sum;
        traffic->streams[i].size = each + share;
        left -= share;
    }
    traffic->streams[largest].size += left;
}

static enum err plan_campaigns(struct traffic *traffic)
{
    const struct generate_options *options = traffic->options;
    struct random *rng = &traffic->world.rng;
    uint64_t *weights = calloc(traffic->campaign_count, sizeof *weights);
    if (weights == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < traffic->campaign_count; i++) {
        weights[i] = size_quantiles[random_below(rng, SIZE_QUANTILES)];
        weights[i] *= 75 + random_below(rng, 51);
    }
    uint64_t healthy = generate_healthy_count(options);
    share_out(traffic, weights, healthy);
    free(weights);
    for (uint32_t i = 0; i < traffic->campaign_count; i++) {
        struct stream *stream = &traffic->streams[i];
        struct campaign *campaign = &traffic->campaigns[i];
        draw_campaign(rng, i + 1, i % options->tenants, campaign);
        campaign->planned_size = stream->size;
        if (stream->size > healthy / 20 && !purpose_is_watched(campaign->purpose)) {
            campaign->purpose = PURPOSE_REMINDER; // or one campaign makes most of the day exempt
        }
        stream->campaigns = campaign;
        stream->campaign_count = 1;
        stream->start_us = random_below(rng, DAY_US - HOUR_US);
        stream->span_us = HOUR_US / 2 + random_below(rng, DAY_US - stream->start_us - HOUR_US / 2);
        stream->cursor = random_next(rng) >> 32;
        if (stream->size > 0) {
            heap_add(traffic, i);
        }
    }
    return ERR_NONE;
}

// The campaign that an incident goes on in, or takes after.
static const struct campaign *find_like(
        const struct traffic *traffic, const struct incident_options *options)
{
    for (uint32_t i = 0; i < traffic->campaign_count; i++) {
        const struct campaign *campaign = &traffic->campaigns[i];
        if (strcmp(campaign->id, options->campaign) == 0 &&
                (options->tenant == TENANT_NONE || options->tenant == campaign->tenant)) {
            return campaign;
        }
    }
    return NULL;
}

static void plan_incident(struct traffic *traffic, uint32_t i)
{
    const struct incident_options *options = &traffic->options->incidents[i];
    struct random *rng = &traffic->world.rng;
    struct campaign like;
    const struct campaign *existing = find_like(traffic, options);
    uint32_t any_tenant = (uint32_t)random_below(rng, traffic->options->tenants);
    draw_campaign(rng, 0, options->tenant != TENANT_NONE ? options->tenant : any_tenant, &like);
    struct incident *incident = &traffic->incidents[i];
    incident_init(incident, options, i + 1, existing != NULL ? existing : &like, &traffic->world);
    traffic->streams[traffic->campaign_count + i] = (struct stream){
            .campaigns = incident->campaigns,
            .campaign_count = incident->campaign_count,
            .incident = incident,
            .size = options->size,
            .cursor = random_next(rng) >> 32,
    };
}

enum err traffic_create(struct traffic **ret_traffic, const struct generate_options *options)
{
    struct traffic *traffic = calloc(1, sizeof *traffic);
    if (traffic == NULL) {
        return ERR_NO_MEMORY;
    }
    uint32_t stream_count = options->campaigns + options->incident_count;
    traffic->options = options;
    traffic->campaign_count = options->campaigns;
    traffic->scatter_millionths = calloc(options->tenants, sizeof *traffic->scatter_millionths);
    traffic->campaigns = calloc(options->campaigns, sizeof *traffic->campaigns);
    traffic->incidents = calloc(options->incident_count + 1, sizeof *traffic->incidents);
    traffic->streams = calloc(stream_count, sizeof *traffic->streams);
    traffic->heap = calloc(stream_count, sizeof *traffic->heap);
    struct world *world = &traffic->world;
    people_init(&world->people, options->seed, options->tenants, options->messages / 2,
            GENERATE_DAY_MS);
    random_init(&world->rng, options->seed);
    world->next_stranger = STRANGER_FIRST;
    enum err e = ERR_NO_MEMORY;
    if (traffic->scatter_millionths != NULL && traffic->campaigns != NULL &&
            traffic->incidents != NULL && traffic->streams != NULL && traffic->heap != NULL) {
        e = plan_campaigns(traffic);
    }
    if (e != ERR_NONE) {
        traffic_destroy(traffic);
        return e;
    }
    for (uint32_t i = 0; i < options->tenants; i++) {
        traffic->scatter_millionths[i] = 1000 + (uint32_t)random_below(&world->rng, 4001);
    }
    for (uint32_t i = 0; i < options->incident_count; i++) {
        plan_incident(traffic, i);
    }
    *ret_traffic = traffic;
    return ERR_NONE;
}

void traffic_destroy(struct traffic *traffic)
{
    if (traffic != NULL) {
        free(traffic->scatter_millionths);
        free(traffic->campaigns);
        free(traffic->incidents);
        free(traffic->streams);
        free(traffic->heap);
        free(traffic);
    }
}

// --- a message --------------------------------------------------------------------------------

// The rest of the message follows from its recipient, except what senders now and then leave out.
// Messages that are to be wrong are whole, because what they leave out could make them right.
static void complete(struct traffic *traffic, const struct stream *stream, struct message *message)
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
    if (message->fault != FAULT_NONE || stream->incident != NULL) {
        return;
    }
    struct random *rng = &traffic->world.rng;
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

static void address(struct traffic *traffic, struct stream *stream, struct message *message)
{
    struct world *world = &traffic->world;
    struct incident *incident = stream->incident;
    if (incident != NULL) {
        if (random_chance(&world->rng, incident->options->rate_millionths)) {
            message->fault = FAULT_INCIDENT;
            incident_pick(incident, world, message, &stream->cursor);
        } else {
            pick_rightful(world, message, &stream->cursor);
        }
        return;
    }
    if (!purpose_is_watched(message->campaign->purpose)) {
        pick_anybody(world, message);
    } else if (random_chance(&world->rng, traffic->scatter_millionths[message->campaign->tenant])) {
        message->fault = FAULT_SCATTERED;
        pick_scattered(world, message, &stream->cursor);
    } else {
        pick_rightful(world, message, &stream->cursor);
    }
}

// Mostly the time of sending; one in 64 comes up to two seconds late.
static int64_t occurred_ms(struct traffic *traffic)
{
    int64_t ms = GENERATE_DAY_MS + (int64_t)(traffic->now_us / 1000);
    uint64_t die = random_below(&traffic->world.rng, 128000);
    return die < 2000 ? ms - (int64_t)die : ms;
}

static void count_for_incident(
        struct incident *incident, const struct message *message, const struct label *label)
{
    if (incident->messages == 0) {
        incident->first_message = message->number;
    }
    incident->messages++;
    incident->last_message = message->number;
    if (message->fault == FAULT_INCIDENT) {
        incident->misdirected += label->expected == VERDICT_MISDIRECTED;
        incident->unknown += label->expected == VERDICT_UNKNOWN;
    }
}

bool traffic_next(struct traffic *traffic, struct message *ret_message, struct label *ret_label,
        const struct incident **ret_incident)
{
    start_incidents(traffic);
    if (traffic->heap_count == 0) {
        return false;
    }
    struct stream *stream = &traffic->streams[traffic->heap[0]];
    traffic->now_us = next_us(stream);
    *ret_message = (struct message){
            .number = traffic->sent,
            .occurred_ms = occurred_ms(traffic),
            .campaign = &stream->campaigns[stream->sent % stream->campaign_count],
    };
    address(traffic, stream, ret_message);
    complete(traffic, stream, ret_message);
    *ret_label = label_message(ret_message);
    if (ret_label->expected != VERDICT_MISDIRECTED && ret_label->expected != VERDICT_UNKNOWN) {
        ret_message->fault = FAULT_NONE; // meant to go wrong, but somebody is there who owes it
    }
    if (stream->incident != NULL) {
        count_for_incident(stream->incident, ret_message, ret_label);
    }
    *ret_incident = stream->incident;

    traffic->sent++;
    if (++stream->sent == stream->size) {
        traffic->heap[0] = traffic->heap[--traffic->heap_count];
    }
    heap_sink_top(traffic);
    return true;
}

const struct people *traffic_people(const struct traffic *traffic)
{
    return &traffic->world.people;
}

const struct incident *traffic_incidents(const struct traffic *traffic, uint32_t *ret_count)
{
    *ret_count = traffic->options->incident_count;
    return traffic->incidents;
}
