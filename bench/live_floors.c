// Floors of Kafka: what it costs to read those messages and do nothing with them, and how long a record takes
// from a producer to a consumer.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/live.h"
#include "commands/stop.h"
#include "kafka/admin.h"
#include "kafka/producer.h"
#include "kafka/reader.h"

enum {
    POLL_MS = 20,
    QUIET_MS = 10000, // a broker that says nothing for so long says no more
    BROKER_MS = 10000,
    MAKE_MS = 5000,
    CLOSE_MS = 5000,
    TOPIC_BYTES = 256,
    PADDING_MAX_BYTES = 4096,
    FLAT_OUT_RATE = 10000, // of the round trip, where no rate was asked for
    BEGIN_MS = 1000,
};

static void say(char *why, enum err e, const struct strbuf *findings)
{
    snprintf(why, LIVE_WHY_BYTES, "%s%s%s", err_text(e), findings->n > 0 ? ": " : "",
            findings->n > 0 ? findings->p : "");
}

// --- a consumer that does nothing -------------------------------------------------------------

// What the processor's own consumers have: both limits, or a fast reader stalls for a second at a time.
static enum err read_ahead(struct config *config)
{
    static const char *const settings[][2] = {
            {"queued.min.messages", "1000000"}, {"queued.max.messages.kbytes", "262144"}};
    for (unsigned i = 0; i < 2; i++) {
        bool is_set = false;
        for (uint32_t at = 0; at < config->kafka.property_count; at++) {
            is_set = is_set || view_is(view_of(config->kafka.properties[at].name), settings[i][0]);
        }
        if (is_set || config->kafka.property_count == PROPERTY_MAX) {
            continue;
        }
        struct property property = {.name = view_dup(view_of(settings[i][0])),
                .value = view_dup(view_of(settings[i][1]))};
        config->kafka.properties[config->kafka.property_count++] = property;
        if (property.name == NULL || property.value == NULL) {
            return ERR_NO_MEMORY;
        }
    }
    return ERR_NONE;
}

static enum err read_range(struct live *live, struct kafka_reader *reader)
{
    int32_t open_count = 0;
    enum err e = ERR_NONE;
    for (int32_t i = 0; i < live->partitions && e == ERR_NONE; i++) {
        if (live->ends[i] > live->begins[i]) {
            open_count++;
            e = kafka_reader_add(reader, live->config->topics.outbound, i, live->begins[i]);
        }
    }
    struct mono_time quiet = mono_after_ms(clock_mono(), QUIET_MS);
    while (e == ERR_NONE && open_count > 0 && !stop_is_requested()) {
        struct kafka_event event = {0};
        enum kafka_event_kind kind = kafka_reader_poll(reader, POLL_MS, &event);
        if (kind == KAFKA_MESSAGE) {
            live->floors.consumer.messages++;
            open_count -= event.message->raw.offset + 1 == live->ends[event.partition];
            kafka_reader_release(reader, event.message);
        } else if (kind == KAFKA_TROUBLE && event.fatal) {
            e = event.trouble;
        } else if (mono_left_ms(clock_mono(), quiet) == 0) {
            e = ERR_DEADLINE;
        }
        if (kind == KAFKA_MESSAGE && live->floors.consumer.messages % 1024 == 0) {
            quiet = mono_after_ms(clock_mono(), QUIET_MS);
        }
    }
    return e;
}

static void floor_consumer(struct live *live)
{
    struct strbuf findings;
    strbuf_init(&findings, LIVE_WHY_BYTES / 2);
    struct kafka_reader *reader = NULL;
    int64_t cpu_ns = clock_cpu_ns();
    int64_t wall_ns = clock_mono().ns;
    enum err e = read_ahead(live->config);
    e = e != ERR_NONE ? e : kafka_reader_create(&reader, live->config, &findings);
    e = e != ERR_NONE ? e : read_range(live, reader);
    live->floors.consumer.wall_ns = clock_mono().ns - wall_ns;
    live->floors.consumer.cpu_ns = clock_cpu_ns() - cpu_ns;
    if (e != ERR_NONE) {
        say(live->floors.consumer.why, e, &findings);
    }
    (void)kafka_reader_destroy(reader, CLOSE_MS); // the process ends anyway
    strbuf_fini(&findings);
}

// --- there and back ---------------------------------------------------------------------------

struct trip {
    struct live *live;
    struct config *config; // its outbound topic is a topic of our own
    struct live_schedule schedule;
    struct kafka_producer *producer;
    struct kafka_reader *reader;
    uint64_t count; // to send
    atomic_bool is_over;
    uint64_t seen;
    enum err result; // the reader's
    struct strbuf findings;
};

// Values begin with the number of the record.
static void take_back(struct trip *trip, struct view value, int64_t now_ns)
{
    uint64_t i;
    if (value.n < sizeof i) {
        return;
    }
    memcpy(&i, value.p, sizeof i);
    if (i < trip->count) {
        trip->seen++;
        latency_add(
                &trip->live->floors.round_trip.latency, now_ns - live_due_ns(&trip->schedule, i));
    }
}

static void *read_back(void *argument)
{
    struct trip *trip = argument;
    while (trip->result == ERR_NONE && trip->seen < trip->count && !atomic_load(&trip->is_over)) {
        struct kafka_event event = {0};
        enum kafka_event_kind kind = kafka_reader_poll(trip->reader, POLL_MS, &event);
        if (kind == KAFKA_MESSAGE) {
            take_back(trip, event.message->raw.value, clock_mono().ns);
            kafka_reader_release(trip->reader, event.message);
        } else if (kind == KAFKA_TROUBLE && event.fatal) {
            trip->result = event.trouble;
        }
    }
    return NULL;
}

static enum err send_there(struct trip *trip)
{
    char value[PADDING_MAX_BYTES] = {0};
    const struct live *live = trip->live;
    size_t mean = (size_t)(live->ledger.event_bytes / live->ledger.events);
    mean = mean < sizeof(uint64_t) ? sizeof(uint64_t) : mean < sizeof value ? mean : sizeof value;
    enum err e = ERR_NONE;
    for (uint64_t i = 0; i < trip->count && e == ERR_NONE && !stop_is_requested(); i++) {
        memcpy(value, &i, sizeof i);
        live_pause_until(live_due_ns(&trip->schedule, i));
        const struct record record = {.topic = OUT_OUTBOUND,
                .partition = PARTITION_ANY,
                .key = view_bytes(value, sizeof i),
                .value = view_bytes(value, mean)};
        kafka_producer_poll(trip->producer, 0);
        e = kafka_producer_send(trip->producer, &record);
    }
    return e;
}

// The topic, where the broker lets us make one; the built-in broker makes it when it is written to.
static enum err make_topic(struct trip *trip)
{
    const struct topic_plan plan = {.name = trip->config->topics.outbound,
            .role = "floor",
            .partitions = (uint32_t)trip->live->partitions,
            .replication = trip->config->topics.replication};
    struct kafka_admin *admin = NULL;
    uint32_t partitions = 0;
    enum err e = kafka_admin_create(&admin, trip->config, &trip->findings);
    e = e != ERR_NONE ? e : kafka_admin_partitions(admin, &plan.name, 1, BROKER_MS, &partitions);
    if (e == ERR_NONE && partitions == 0) {
        struct topic_made made;
        enum err refused = kafka_admin_make(admin, &plan, 1, MAKE_MS, &made);
        (void)refused; // what matters is whether it can be written to
    }
    kafka_admin_destroy(admin);
    const struct record first = {
            .topic = OUT_OUTBOUND, .partition = PARTITION_ANY, .value = VIEW("")};
    e = e != ERR_NONE ? e : kafka_producer_send(trip->producer, &first);
    return e != ERR_NONE ? e : kafka_producer_flush(trip->producer, BROKER_MS);
}

static enum err open_trip(struct trip *trip)
{
    char name[TOPIC_BYTES];
    snprintf(name, sizeof name, "%.200s.live-floor", trip->live->config->kafka.group);
    enum err e = options_load_config(&trip->live->options->options, &trip->config);
    if (e != ERR_NONE) {
        return e;
    }
    free(trip->config->topics.outbound);
    trip->config->topics.outbound = view_dup(view_of(name));
    if (trip->config->topics.outbound == NULL) {
        return ERR_NO_MEMORY;
    }
    const struct kafka_producer_options options = {
            .config = trip->config, .client_id = "wrongnumber-live"};
    e = kafka_producer_create(&trip->producer, &options, &trip->findings);
    e = e != ERR_NONE ? e : make_topic(trip);
    e = e != ERR_NONE ? e : kafka_reader_create(&trip->reader, trip->config, &trip->findings);
    int32_t partitions = 0;
    e = e != ERR_NONE ? e
                      : kafka_reader_partitions(trip->reader, trip->config->topics.outbound,
                                BROKER_MS, &partitions);
    for (int32_t i = 0; i < partitions && e == ERR_NONE; i++) {
        int64_t low;
        int64_t high;
        e = kafka_reader_ends(
                trip->reader, trip->config->topics.outbound, i, BROKER_MS, &low, &high);
        e = e != ERR_NONE ? e
                          : kafka_reader_add(trip->reader, trip->config->topics.outbound, i, high);
    }
    return e;
}

static enum err go_there_and_back(struct trip *trip)
{
    pthread_t thread;
    trip->schedule = (struct live_schedule){.start_ns = clock_mono().ns + BEGIN_MS * 1000000LL,
            .rate = trip->live->floors.round_trip.rate};
    trip->count = (uint64_t)(trip->live->options->floor_seconds * trip->schedule.rate);
    if (pthread_create(&thread, NULL, read_back, trip) != 0) {
        return ERR_NO_MEMORY;
    }
    enum err e = send_there(trip);
    e = e != ERR_NONE ? e : kafka_producer_flush(trip->producer, BROKER_MS);
    if (e == ERR_NONE) {
        // The reader ends when it has seen all of them; those of a broker that loses some, then.
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += QUIET_MS / 1000;
        if (pthread_timedjoin_np(thread, NULL, &until) == 0) {
            return trip->result;
        }
        e = ERR_DEADLINE;
    }
    atomic_store(&trip->is_over, true);
    pthread_join(thread, NULL);
    return e;
}

static void floor_round_trip(struct live *live)
{
    struct trip trip = {.live = live};
    strbuf_init(&trip.findings, LIVE_WHY_BYTES / 2);
    live->floors.round_trip.rate = live->options->rate > 0 ? live->options->rate : FLAT_OUT_RATE;
    enum err e = open_trip(&trip);
    e = e != ERR_NONE ? e : go_there_and_back(&trip);
    live->floors.round_trip.lost = trip.count - trip.seen;
    if (e != ERR_NONE) {
        say(live->floors.round_trip.why, e, &trip.findings);
    }
    if (trip.producer != NULL) {
        (void)kafka_producer_close(trip.producer, CLOSE_MS); // the process ends anyway
    }
    (void)kafka_reader_destroy(trip.reader, CLOSE_MS);
    config_destroy(trip.config);
    strbuf_fini(&trip.findings);
}

void live_measure_floors(struct live *live)
{
    floor_consumer(live);
    floor_round_trip(live);
    live_floor_redis(live);
}
