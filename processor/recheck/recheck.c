#include "recheck/recheck.h"

#include <stdlib.h>

#include "common/assure.h"
#include "recheck/recheck_inside.h"

enum { UNANSWERED_MS = 30000, VIEW_COUNT = 13 };

// A view of an event that is neither kept nor none would point to a message that is gone: whoever adds one adds it
// to list_views and counts it. Two of an event are not kept (item_create); one that is kept is the recipient's.
_Static_assert(sizeof(struct event) == (VIEW_COUNT - 1 + 2) * sizeof(struct view) +
                                               sizeof(struct event_time) + sizeof(int64_t),
        "list_views knows every view of an event");

static const int64_t due_ms[] = {[DUE_FIRST] = 1000, [DUE_SECOND] = 5000, [DUE_THIRD] = 30000};

// --- queues --------------------------------------------------------------------------------------

static void queue_push(struct queue *queue, struct recheck_item *item)
{
    item->queue = queue;
    item->before = queue->last;
    item->behind = NULL;
    *(queue->last != NULL ? &queue->last->behind : &queue->first) = item;
    queue->last = item;
}

static void queue_remove(struct recheck_item *item)
{
    struct queue *queue = item->queue;
    *(item->before != NULL ? &item->before->behind : &queue->first) = item->behind;
    *(item->behind != NULL ? &item->behind->before : &queue->last) = item->before;
    item->queue = NULL;
}

static void partition_push(struct recheck_partition *partition, struct recheck_item *item)
{
    struct queue *items = &partition->items;
    ASSURE(items->last == NULL || items->last->message.offset < item->message.offset); // R3
    item->older = items->last;
    *(items->last != NULL ? &items->last->newer : &items->first) = item;
    items->last = item;
}

static void partition_remove(struct recheck_partition *partition, struct recheck_item *item)
{
    struct queue *items = &partition->items;
    *(item->older != NULL ? &item->older->newer : &items->first) = item->newer;
    *(item->newer != NULL ? &item->newer->older : &items->last) = item->older;
}

// --- life ----------------------------------------------------------------------------------------

enum err recheck_create(struct recheck **ret_recheck, uint32_t ceiling_count)
{
    struct recheck *recheck = calloc(1, sizeof *recheck);
    if (recheck == NULL) {
        return ERR_NO_MEMORY;
    }
    recheck->ceiling_count = ceiling_count;
    strbuf_init(&recheck->scratch_text, SAID_TEXT_BYTES);
    *ret_recheck = recheck;
    return ERR_NONE;
}

struct recheck_partition *recheck_find(const struct recheck *recheck, int32_t partition)
{
    struct recheck_partition *found = partition >= 0 && partition < recheck->partition_end
                                              ? recheck->partitions[partition]
                                              : NULL;
    return found != NULL && found->is_open ? found : NULL;
}

static void drop_text(struct recheck_item *item)
{
    if (item->text != NULL) {
        explicit_bzero(item->text, item->text_bytes);
        free(item->text);
        item->text = NULL;
    }
}

static struct recheck_partition *home_of(
        const struct recheck *recheck, const struct recheck_item *item)
{
    return recheck->partitions[item->message.partition];
}

static void forget(
        struct recheck *recheck, struct recheck_partition *partition, struct recheck_item *item)
{
    if (item->queue != NULL) {
        queue_remove(item);
    }
    partition->waiting_count -= item->state == ITEM_WAITING;
    partition_remove(partition, item);
    partition->is_dirty = true;
    drop_text(item);
    free(item);
    recheck->count--;
}

void recheck_forget_all(struct recheck *recheck, struct recheck_partition *partition)
{
    while (partition->items.first != NULL) {
        forget(recheck, partition, partition->items.first);
    }
}

static void close_partition(struct recheck *recheck, struct recheck_partition *partition)
{
    recheck_forget_all(recheck, partition);
    said_fini(&partition->said);
    strbuf_fini(&partition->text);
    recheck->news_count -= partition->has_news;
    recheck->meeting_count -= partition->is_meeting;
    *partition = (struct recheck_partition){0};
}

void recheck_close(struct recheck *recheck, int32_t partition)
{
    struct recheck_partition *found = recheck_find(recheck, partition);
    if (found != NULL) {
        close_partition(recheck, found);
    }
}

void recheck_destroy(struct recheck *recheck)
{
    if (recheck == NULL) {
        return;
    }
    for (int32_t i = 0; i < recheck->partition_end; i++) {
        recheck_close(recheck, i);
        free(recheck->partitions[i]);
    }
    free(recheck->partitions);
    said_fini(&recheck->scratch);
    strbuf_fini(&recheck->scratch_text);
    free(recheck);
}

// --- messages ------------------------------------------------------------------------------------

// The views of a message that are kept, in the order in which their bytes lie.
static void list_views(struct recheck_message *message, struct view *views[VIEW_COUNT])
{
    views[0] = &message->ev.message_id;
    views[1] = &message->ev.channel;
    views[2] = &message->ev.purpose;
    views[3] = &message->ev.tenant_id;
    views[4] = &message->ev.loan_id;
    views[5] = &message->ev.traceparent;
    views[6] = &message->ev.tracestate;
    views[7] = &message->recipient.canonical;
    views[8] = &message->ev.campaign_id;
    views[9] = &message->ev.template_id;
    views[10] = &message->ev.sender_id;
    views[11] = &message->ev.vendor_id;
    views[12] = &message->ev.recipient_zone;
}

static struct recheck_item *item_create(const struct recheck_message *message)
{
    struct recheck_item *item = calloc(1, sizeof *item);
    if (item == NULL) {
        return NULL;
    }
    item->message = *message;
    item->message.ev.recipient = VIEW_NONE;
    item->message.ev.borrower_id = VIEW_NONE;
    struct view *views[VIEW_COUNT];
    list_views(&item->message, views);
    for (size_t i = 0; i < VIEW_COUNT; i++) {
        item->text_bytes += views[i]->n;
    }
    item->text = malloc(item->text_bytes + 1);
    if (item->text == NULL) {
        free(item);
        return NULL;
    }
    char *at = item->text;
    for (size_t i = 0; i < VIEW_COUNT; i++) {
        if (!view_is_none(*views[i])) {
            memcpy(at, views[i]->p, views[i]->n);
            views[i]->p = at;
            at += views[i]->n;
        }
    }
    return item;
}

static void wait_for(struct recheck *recheck, struct recheck_item *item, enum due_list list,
        struct mono_time due)
{
    item->due_list = list;
    item->due = due;
    item->state = ITEM_WAITING;
    home_of(recheck, item)->waiting_count++;
    queue_push(&recheck->due[list], item);
}

enum err recheck_add(struct recheck *recheck, const struct recheck_message *message,
        struct mono_time now, bool at_once)
{
    struct recheck_partition *partition = recheck_find(recheck, message->partition);
    ASSURE(partition != NULL && message->said < SAID_KIND_COUNT);
    if (recheck->count >= recheck->ceiling_count) { // R4
        recheck->counts.given_up++;
        return ERR_NONE;
    }
    struct recheck_item *item = item_create(message);
    if (item == NULL) {
        return ERR_NO_MEMORY;
    }
    recheck->count++;
    recheck->counts.added++;
    item->judged_at = now;
    partition_push(partition, item);
    partition->is_dirty = true;
    recheck->news_count += !partition->has_news;
    partition->has_news = true;
    if (at_once) {
        wait_for(recheck, item, DUE_NOW, now);
    } else {
        wait_for(recheck, item, DUE_FIRST, mono_after_ms(now, due_ms[DUE_FIRST]));
    }
    return ERR_NONE;
}

static bool is_due(const struct queue *queue, struct mono_time now)
{
    return queue->first != NULL && queue->first->due.ns <= now.ns;
}

bool recheck_has_due(const struct recheck *recheck, struct mono_time now)
{
    for (unsigned list = 0; list < DUE_LISTS; list++) {
        if (is_due(&recheck->due[list], now)) {
            return true;
        }
    }
    return false;
}

bool recheck_has_waiting(const struct recheck *recheck, int32_t partition)
{
    const struct recheck_partition *found = recheck_find(recheck, partition);
    return found != NULL && found->waiting_count > 0;
}

size_t recheck_take_due(
        struct recheck *recheck, struct mono_time now, struct recheck_item **items, size_t capacity)
{
    size_t count = 0;
    for (unsigned list = 0; list < DUE_LISTS; list++) {
        while (count < capacity && is_due(&recheck->due[list], now)) {
            struct recheck_item *item = recheck->due[list].first;
            queue_remove(item);
            item->state = ITEM_TAKEN;
            home_of(recheck, item)->waiting_count--;
            items[count++] = item;
        }
    }
    return count;
}

const struct recheck_message *recheck_message_of(const struct recheck_item *item)
{
    return &item->message;
}

void recheck_again(struct recheck *recheck, struct recheck_item *item, bool is_known,
        struct mono_time now, struct wall_time wall)
{
    ASSURE(item->state == ITEM_TAKEN);
    if (item->due_list < DUE_THIRD) {
        enum due_list next = item->due_list + 1;
        wait_for(recheck, item, next, mono_after_ms(item->judged_at, due_ms[next]));
    } else if (!is_known && wall.ms < item->message.hold_ends_at_ms) {
        wait_for(recheck, item, DUE_UNANSWERED, mono_after_ms(now, UNANSWERED_MS));
    } else {
        recheck->counts.given_up += !is_known;
        forget(recheck, home_of(recheck, item), item);
    }
}

void recheck_clear(struct recheck *recheck, struct recheck_item *item, uint64_t serial)
{
    ASSURE(item->state == ITEM_TAKEN);
    recheck->counts.cleared++;
    item->state = ITEM_TOLD;
    item->serial = serial;
    queue_push(&home_of(recheck, item)->told, item);
}

void recheck_settle(struct recheck *recheck, int32_t partition, uint64_t serial, int64_t settled)
{
    struct recheck_partition *found = recheck_find(recheck, partition);
    ASSURE(found != NULL);
    int64_t chunk_first = settled >> CHUNK_BITS << CHUNK_BITS;
    while (found->told.first != NULL && found->told.first->serial <= serial) {
        struct recheck_item *item = found->told.first;
        queue_remove(item);
        item->state = ITEM_CLEARED;
        queue_push(&found->cleared, item);
        drop_text(item);
        found->is_dirty = true;
        found->cleared_from = 0;
    }
    if (found->cleared_from == chunk_first) {
        return;
    }
    struct recheck_item *next;
    for (struct recheck_item *item = found->cleared.first; item != NULL; item = next) {
        next = item->behind;
        if (item->message.offset < chunk_first) { // R1
            forget(recheck, found, item);
        }
    }
    found->cleared_from = chunk_first;
}

uint32_t recheck_open_count(const struct recheck *recheck)
{
    return recheck->count;
}

const struct recheck_counts *recheck_counts(const struct recheck *recheck)
{
    return &recheck->counts;
}
