// How a partition lives here. A slot is in one of four states:
//
// clang-format off
//          rebalance         resolve: commits and watermarks known
//   NONE ────────────▶ NEW ───────────────────────────────────────▶ RUNNING ──┐ rewind
//    ▲                 ▲ │ a broker is away:                         │  ▲ ◀───┘ (a new generation)
//    │                 └─┘ again in a second    offset out of range  ▼  │ resolve: begins at low, or
//    │                                                               │  │ goes on where the log has it
//    └───────────── revoke, from every state ────────────────────── STRAY
// clang-format on
//
// Only RUNNING slots are given to rd_kafka_assign, each with an explicit offset. Every change
// assigns the whole set anew from our own table of next offsets: that drops what was fetched ahead,
// and needs neither seek_partitions (its timeout is off by a factor of 1,000 at 2.0.2, librdkafka
// #4230) nor pause and resume (#4637, #5591).
#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"
#include "kafka/consumer_inside.h"

enum {
    PARTITION_CEILING = 100000, // more partitions than any broker serves in a topic
    RESOLVE_STEP_MS = 3000,     // for each of the requests of a resolve
    RESOLVE_AGAIN_MS = 1000,
    STOP_STEPS = 3, // to a partition that is stopped: the order, its execution, the answer
};

// --- the table -----------------------------------------------------------------------------------

struct slot *consumer_running(const struct kafka_consumer *consumer, int32_t partition)
{
    if (partition < 0 || partition >= consumer->slot_count) {
        return NULL;
    }
    struct slot *slot = &consumer->slots[partition];
    return slot->state == SLOT_RUNNING ? slot : NULL;
}

static enum err reserve_slots(struct kafka_consumer *consumer, int32_t partition)
{
    if (partition < consumer->slot_count) {
        return ERR_NONE;
    }
    if (partition < 0 || partition >= PARTITION_CEILING) {
        return ERR_CEILING;
    }
    size_t count = (size_t)partition + 1;
    struct slot *grown = realloc(consumer->slots, count * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = (size_t)consumer->slot_count; i < count; i++) {
        grown[i] = (struct slot){0};
    }
    consumer->slots = grown;
    consumer->slot_count = (int32_t)count;
    return ERR_NONE;
}

// Whatever was fetched under another assignment must not be delivered under this one.
static void drop_held_back(struct kafka_consumer *consumer)
{
    if (consumer->held_back != NULL) {
        rd_kafka_message_destroy(consumer->held_back);
        consumer->held_back = NULL;
    }
}

void consumer_clear(struct kafka_consumer *consumer)
{
    for (int32_t i = 0; i < consumer->slot_count; i++) {
        consumer->slots[i] = (struct slot){0};
    }
    consumer->unresolved = 0;
    consumer->lost_untold = 0;
    drop_held_back(consumer);
}

bool consumer_has_announced(const struct kafka_consumer *consumer)
{
    for (int32_t i = 0; i < consumer->slot_count; i++) {
        if (consumer->slots[i].announced) {
            return true;
        }
    }
    return false;
}

static rd_kafka_topic_partition_list_t *list_in_states(
        const struct kafka_consumer *consumer, unsigned states)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(consumer->slot_count);
    for (int32_t i = 0; i < consumer->slot_count; i++) {
        const struct slot *slot = &consumer->slots[i];
        if ((states & 1U << slot->state) != 0) {
            rd_kafka_topic_partition_list_add(list, consumer->topic, i)->offset = slot->next_offset;
        }
    }
    return list;
}

// Every assignment goes through here. One that comes while the library still stops partitions that the
// one before took away makes it stop them twice, and die of that (librdkafka #5573). Its stops, and the
// answers to them, stand in the queue of its main thread, and so do these questions behind them. While
// the group is left nobody may be there to answer, and no other assignment follows.
static rd_kafka_resp_err_t assign(
        struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t error = rd_kafka_assign(consumer->client.rk, list);
    for (int i = 0; i < STOP_STEPS && !consumer->is_leaving; i++) {
        rd_kafka_topic_partition_list_t *assigned = NULL;
        if (rd_kafka_assignment(consumer->client.rk, &assigned) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_topic_partition_list_destroy(assigned);
        }
    }
    return error;
}

static enum err assign_running(struct kafka_consumer *consumer)
{
    drop_held_back(consumer);
    rd_kafka_topic_partition_list_t *list =
            list_in_states(consumer, consumer->is_held ? 0 : 1U << SLOT_RUNNING);
    rd_kafka_resp_err_t error = assign(consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_client_trouble(&consumer->client, error, "the assignment was not taken");
    }
    return kafka_err(error);
}

// --- from NEW and STRAY to RUNNING ---------------------------------------------------------------

// Whether there was a commit of any partition of the topic when the assignment came: members that
// start together commit soon after. Only looked for where `start` depends on it.
static rd_kafka_resp_err_t learn_group_has_begun(struct kafka_consumer *consumer)
{
    if (consumer->group_has_begun || consumer->group_was_asked ||
            consumer->start == START_EARLIEST) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(consumer->client.rk, consumer->topic, NULL);
    if (topic == NULL) {
        return rd_kafka_last_error();
    }
    rd_kafka_resp_err_t error =
            rd_kafka_metadata(consumer->client.rk, 0, topic, &metadata, RESOLVE_STEP_MS);
    rd_kafka_topic_destroy(topic);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error;
    }
    int count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++) {
        rd_kafka_topic_partition_list_add(all, consumer->topic, i);
    }
    error = rd_kafka_committed(consumer->client.rk, all, RESOLVE_STEP_MS);
    for (int i = 0; i < count && error == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        consumer->group_has_begun |= all->elems[i].offset >= 0;
    }
    consumer->group_was_asked = error == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_destroy(all);
    return error;
}

// What the three requests of a resolve have brought, element by element the same partitions.
struct resolution {
    rd_kafka_topic_partition_list_t *committed;
    rd_kafka_topic_partition_list_t *low;
    rd_kafka_topic_partition_list_t *high;
};

static rd_kafka_topic_partition_list_t *ask_watermark(struct kafka_consumer *consumer,
        const rd_kafka_topic_partition_list_t *partitions, int64_t which,
        rd_kafka_resp_err_t *ret_error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(partitions);
    for (int i = 0; i < list->cnt; i++) {
        list->elems[i].offset = which;
    }
    // ListOffsets reads the timestamps -2 and -1 as "earliest" and "latest"; this way one request a
    // broker answers for all of its partitions, where rd_kafka_query_watermark_offsets asks for one
    // at a time.
    if (*ret_error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *ret_error = rd_kafka_offsets_for_times(consumer->client.rk, list, RESOLVE_STEP_MS);
    }
    return list;
}

static rd_kafka_resp_err_t resolution_ask(
        struct kafka_consumer *consumer, struct resolution *resolution)
{
    resolution->committed = list_in_states(consumer, 1U << SLOT_NEW | 1U << SLOT_STRAY);
    // In this order: a member that stands still in between must not find a commit beyond an end that
    // it learnt long ago, and take the log for another one.
    rd_kafka_resp_err_t error =
            rd_kafka_committed(consumer->client.rk, resolution->committed, RESOLVE_STEP_MS);
    resolution->low =
            ask_watermark(consumer, resolution->committed, RD_KAFKA_OFFSET_BEGINNING, &error);
    resolution->high = ask_watermark(consumer, resolution->committed, RD_KAFKA_OFFSET_END, &error);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        error = learn_group_has_begun(consumer);
    }
    return error;
}

static void resolution_destroy(struct resolution *resolution)
{
    rd_kafka_topic_partition_list_destroy(resolution->committed);
    rd_kafka_topic_partition_list_destroy(resolution->low);
    rd_kafka_topic_partition_list_destroy(resolution->high);
}

static void announce(struct kafka_consumer *consumer, int32_t partition,
        const rd_kafka_topic_partition_t *committed)
{
    struct slot *slot = &consumer->slots[partition];
    struct kafka_assignment assignment = {
            .partition = partition,
            .generation = slot->generation,
            .committed = committed->offset >= 0 ? committed->offset : -1,
            .metadata = committed->metadata_size > 0
                                ? view_bytes(committed->metadata, committed->metadata_size)
                                : VIEW_NONE,
            .low = slot->low,
            .high = slot->high,
    };
    // The group has committed others: this one was added, and nobody has read its beginning.
    bool begins_low = consumer->start == START_EARLIEST || consumer->group_has_begun;
    slot->next_offset = assignment.committed >= 0 ? assignment.committed
                        : begins_low              ? slot->low
                                                  : slot->high;
    slot->announced = true;
    consumer->owner->on_assign(consumer->self, &assignment, &slot->next_offset);
}

static void note_lost(struct kafka_consumer *consumer, struct slot *slot)
{
    consumer->lost_untold += !slot->has_lost;
    slot->has_lost = true;
    slot->lost_offset = slot->next_offset;
    slot->next_offset = slot->low;
    consumer->counts.offsets_lost++;
}

static bool resolve_slot(
        struct kafka_consumer *consumer, const struct resolution *resolution, int i)
{
    const rd_kafka_topic_partition_t *committed = &resolution->committed->elems[i];
    const rd_kafka_topic_partition_t *low = &resolution->low->elems[i];
    const rd_kafka_topic_partition_t *high = &resolution->high->elems[i];
    if (committed->err != RD_KAFKA_RESP_ERR_NO_ERROR || low->err != RD_KAFKA_RESP_ERR_NO_ERROR ||
            high->err != RD_KAFKA_RESP_ERR_NO_ERROR || low->offset < 0 || high->offset < 0) {
        return false;
    }
    struct slot *slot = &consumer->slots[committed->partition];
    slot->low = low->offset;
    slot->high = high->offset < low->offset ? low->offset : high->offset;
    slot->generation = ++consumer->generation;
    bool is_stray = slot->state == SLOT_STRAY;
    if (!is_stray) {
        announce(consumer, committed->partition, committed);
    }
    // Of a stray one the broker may have been wrong: an unclean close does that (librdkafka #4294).
    if (slot->next_offset < slot->low || slot->next_offset > slot->high) {
        note_lost(consumer, slot);
    }
    slot->state = SLOT_RUNNING;
    consumer->unresolved--;
    return true;
}

// Tries to get every unresolved slot running. What is still unresolved afterwards is tried again in
// a second.
static void resolve(struct kafka_consumer *consumer)
{
    struct resolution resolution;
    rd_kafka_resp_err_t error = resolution_ask(consumer, &resolution);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (int i = 0; i < resolution.committed->cnt; i++) {
            if (!resolve_slot(consumer, &resolution, i)) {
                error = RD_KAFKA_RESP_ERR__PARTIAL;
            }
        }
    }
    resolution_destroy(&resolution);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        char text[TROUBLE_BYTES];
        snprintf(text, sizeof text,
                "%s: cannot learn where %d assigned partitions begin (%s); trying again",
                consumer->topic, (int)consumer->unresolved, rd_kafka_err2str(error));
        kafka_client_trouble(&consumer->client, error, text);
    }
    consumer->resolve_at = mono_after_ms(clock_mono(), RESOLVE_AGAIN_MS);
}

void consumer_resolve_if_due(struct kafka_consumer *consumer)
{
    if (consumer->unresolved > 0 && !consumer->is_held &&
            clock_mono().ns >= consumer->resolve_at.ns) {
        resolve(consumer);
        (void)assign_running(consumer); // trouble is noted inside
    }
}

// --- rebalance and rewind ------------------------------------------------------------------------

static void take_assignment(
        struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
    consumer_clear(consumer);
    consumer->group_was_asked = false;
    consumer->has_assignment = true;
    consumer->counts.assignments++;
    for (int i = 0; i < partitions->cnt; i++) {
        int32_t partition = partitions->elems[i].partition;
        if (reserve_slots(consumer, partition) != ERR_NONE) {
            kafka_client_trouble(&consumer->client, RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE,
                    "no room for a partition: it is not read");
            continue;
        }
        consumer->slots[partition].state = SLOT_NEW;
        consumer->unresolved++;
    }
    if (consumer->unresolved > 0 && !consumer->is_held) {
        resolve(consumer);
    }
    (void)assign_running(consumer); // trouble is noted inside
}

static void drop_assignment(struct kafka_consumer *consumer)
{
    bool lost = rd_kafka_assignment_lost(consumer->client.rk) != 0;
    consumer->counts.lost_assignments += lost;
    if (consumer_has_announced(consumer)) {
        consumer->owner->on_revoke(consumer->self, lost);
    }
    consumer_clear(consumer);
    consumer->has_assignment = false;
    (void)assign(consumer, NULL);
}

void consumer_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t error,
        rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    (void)rk;
    struct kafka_client *client = opaque;
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        take_assignment(client->owner, partitions);
    } else {
        drop_assignment(client->owner);
    }
}

enum err kafka_consumer_rewind(
        struct kafka_consumer *consumer, const struct kafka_position *positions, size_t count)
{
    bool changed = false;
    for (size_t i = 0; i < count; i++) {
        int32_t partition = positions[i].partition;
        bool is_ours = kafka_consumer_is_ours(consumer, partition);
        struct slot *slot = is_ours ? &consumer->slots[partition] : NULL;
        if (slot != NULL && slot->announced) { // a stray one goes on there
            ASSURE(positions[i].offset >= 0);
            slot->next_offset = positions[i].offset;
            slot->generation = ++consumer->generation;
            consumer->lost_untold -= slot->has_lost; // if it still is, it is found out again
            slot->has_lost = false;
            changed = changed || slot->state == SLOT_RUNNING;
        }
    }
    // What is held is assigned when it is released.
    return changed && !consumer->is_held ? assign_running(consumer) : ERR_NONE;
}

enum err kafka_consumer_begin_again(struct kafka_consumer *consumer)
{
    if (consumer_has_announced(consumer)) {
        consumer->owner->on_revoke(consumer->self, true);
    }
    consumer->unresolved = 0;
    consumer->lost_untold = 0;
    for (int32_t i = 0; i < consumer->slot_count; i++) {
        bool is_ours = consumer->slots[i].state != SLOT_NONE;
        consumer->slots[i] = (struct slot){.state = is_ours ? SLOT_NEW : SLOT_NONE};
        consumer->unresolved += is_ours;
    }
    consumer->resolve_at = (struct mono_time){0};
    return assign_running(consumer);
}

enum err kafka_consumer_hold(struct kafka_consumer *consumer, bool holds)
{
    if (consumer->is_held == holds) {
        return ERR_NONE;
    }
    consumer->is_held = holds;
    return assign_running(consumer);
}
