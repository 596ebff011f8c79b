#include "bench/generate_traffic.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/generate_again.h"
#include "bench/generate_make.h"
#include "common/assure.h"

struct traffic {
    struct plan *plan;
    struct again *again;
    uint32_t *heap; // of streams, the next to send on top
    uint32_t heap_count;
    uint32_t waiting; // incidents of which no message has been sent
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

static uint64_t next_us(const struct traffic *traffic, uint32_t stream)
{
    const struct stream *of = &traffic->plan->streams[stream];
    return stream_us(of, of->sent);
}

// The earlier first; of two at once the later stream, so that an incident begins where it is told
// to.
static bool goes_before(const struct traffic *traffic, uint32_t a, uint32_t b)
{
    uint64_t a_us = next_us(traffic, a);
    uint64_t b_us = next_us(traffic, b);
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

// The incidents of the command line that wait for a number of messages.
static void start_incidents(struct traffic *traffic)
{
    struct plan *plan = traffic->plan;
    for (uint32_t i = 0; i < plan->stream_count && traffic->waiting > 0; i++) {
        struct stream *stream = &plan->streams[plan->stream_count - 1 - i];
        if (stream->campaign != INDEX_NONE || stream->span_us != 0 ||
                traffic->sent < plan->incidents[stream->incident].options.at) {
            continue;
        }
        // An hour, or what is left of the time; a thousand messages a second at most.
        uint64_t end_us = plan_end_us(plan);
        uint64_t left_us = traffic->now_us < end_us ? end_us - traffic->now_us : 0;
        stream->span_us = left_us < HOUR_US ? left_us : HOUR_US;
        if (stream->span_us < stream->size * 1000) {
            stream->span_us = stream->size * 1000;
        }
        stream->start_us = traffic->now_us;
        traffic->waiting--;
        heap_add(traffic, plan->stream_count - 1 - i);
    }
}

enum err traffic_create(struct traffic **ret_traffic, const struct generate_options *options)
{
    struct traffic *traffic = calloc(1, sizeof *traffic);
    if (traffic == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = plan_create(&traffic->plan, options);
    if (e == ERR_NONE) {
        e = again_create(&traffic->again, options->duplicates_millionths);
    }
    if (e == ERR_NONE) {
        traffic->heap = calloc((size_t)traffic->plan->stream_count + 1, sizeof *traffic->heap);
        e = traffic->heap != NULL ? ERR_NONE : ERR_NO_MEMORY;
    }
    if (e != ERR_NONE) {
        traffic_destroy(traffic);
        return e;
    }
    for (uint32_t i = 0; i < traffic->plan->stream_count; i++) {
        const struct stream *stream = &traffic->plan->streams[i];
        if (stream->span_us == 0) {
            traffic->waiting++;
        } else if (stream->size > 0) {
            heap_add(traffic, i);
        }
    }
    *ret_traffic = traffic;
    return ERR_NONE;
}

void traffic_destroy(struct traffic *traffic)
{
    if (traffic != NULL) {
        plan_destroy(traffic->plan);
        again_destroy(traffic->again);
        free(traffic->heap);
        free(traffic);
    }
}

// --- the messages -----------------------------------------------------------------------------

static void take_message(struct traffic *traffic, struct message *ret_message,
        struct label *ret_label, const struct incident **ret_incident)
{
    struct stream *stream = &traffic->plan->streams[traffic->heap[0]];
    traffic->now_us = next_us(traffic, traffic->heap[0]);
    const struct moment now = {traffic->plan, traffic->now_us, traffic->sent};
    make_message(&now, stream, ret_message, ret_label, ret_incident);
    traffic->sent++;
    if (++stream->sent == stream->size) {
        traffic->heap[0] = traffic->heap[--traffic->heap_count];
    }
    heap_sink_top(traffic);
}

bool traffic_next(struct traffic *traffic, struct message *ret_message, struct label *ret_label,
        const struct incident **ret_incident)
{
    start_incidents(traffic);
    uint64_t by_us = traffic->heap_count > 0 ? next_us(traffic, traffic->heap[0]) : UINT64_MAX;
    const struct sent_message *sent = again_take(traffic->again, by_us);
    if (sent != NULL) {
        *ret_message = sent->message;
        *ret_label = sent->label;
        *ret_incident = sent->incident;
        return true;
    }
    if (traffic->heap_count == 0) {
        return false;
    }
    take_message(traffic, ret_message, ret_label, ret_incident);
    again_offer(traffic->again, &traffic->plan->world.rng, traffic->now_us, ret_message, ret_label,
            *ret_incident);
    return true;
}

const struct people *traffic_people(const struct traffic *traffic)
{
    return &traffic->plan->world.people;
}

const struct plan *traffic_plan(const struct traffic *traffic)
{
    return traffic->plan;
}

uint64_t traffic_duplicates(const struct traffic *traffic)
{
    return again_count(traffic->again);
}
