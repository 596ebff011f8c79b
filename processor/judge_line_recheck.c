// What is looked up again (recheck/recheck.h): which messages are, what a late record makes of them,
// and that a message which is judged again after a restart is called what it was called before.
#include <stdlib.h>

#include "common/assure.h"
#include "judge_line_inside.h"

enum {
    ROUND_MAX = 1000,
    DOUBT_MS = 1000, // while the cache is not trusted: between rounds
};

// A message that turned out to be clear, on its way into a frame.
struct cleared {
    const struct judge_slice *slice;
    uint32_t tally_partition;
    struct frame_late late;
};

struct round {
    struct recheck_item **items;
    struct lookup *lookups;
    struct cleared *cleared;
    size_t count;
    size_t cleared_count;
    struct mono_time now;
    struct wall_time wall;
};

// --- what is remembered --------------------------------------------------------------------------

enum said_kind judge_line_recall(struct judge_line *line, const struct raw_message *raw,
        struct judgement *judgement, bool *ret_at_once)
{
    enum said_kind said = recheck_is_meeting(line->recheck)
                                  ? recheck_meet(line->recheck, raw->partition, raw->offset)
                                  : SAID_NOTHING;
    *ret_at_once = false;
    if (judgement->verdict == VERDICT_CLEAR && said != SAID_NOTHING) {
        // Its record has turned up since. Counts never fall by that: what was said is said again,
        // and then taken back.
        *ret_at_once = true;
        if (said != SAID_UNKNOWN) {
            judgement->verdict = VERDICT_MISDIRECTED;
            judgement->reasons = said_reasons(said);
            judgement->signals &= SIGNAL_BIT(SIGNAL_LOAN_NAMED);
            judgement->other_lender = 0;
        }
        return said;
    }
    return judgement->verdict == VERDICT_MISDIRECTED ? said_kind_of(judgement->reasons)
                                                     : SAID_NOTHING;
}

enum err judge_line_remember(
        struct judge_line *line, const struct batch *batch, size_t i, const struct remembered *as)
{
    const struct raw_message *raw = &batch->items[i].raw;
    const struct enriched *enriched = &batch->enriched[i];
    const struct policy_settings settings = judge_line_settings(line, batch->decoded[i]);
    const int64_t own_end_ms = batch->now_ms + settings.message_hold_ms;
    bool is_orders_alone = as->order != NULL && settings.mode == MODE_MONITOR;
    struct recheck_message message = {
            .ev = *batch->decoded[i],
            .recipient = enriched->recipient,
            .partition = raw->partition,
            .offset = raw->offset,
            .said = as->said,
            .hold_ends_at_ms = is_orders_alone ? as->order->until_ms : own_end_ms,
            .is_held = as->is_held,
            .mode = as->order != NULL ? MODE_ENFORCE : settings.mode, // judge_line_hold
            .pseudonym = enriched->pseudonym,
    };
    return recheck_add(line->recheck, &message, clock_mono(), as->at_once);
}

bool judge_line_has_due(struct judge_line *line, struct mono_time now)
{
    bool has_due = line->recheck != NULL && now.ns >= line->next_round.ns &&
                   recheck_has_due(line->recheck, now);
    line->round_at = has_due ? now : (struct mono_time){0};
    return has_due;
}

bool judge_line_waits_for(const struct judge_line *line, int32_t partition)
{
    return line->recheck != NULL && recheck_has_waiting(line->recheck, partition);
}

// --- a round of questions ------------------------------------------------------------------------

static const struct judge_slice *slice_of(
        const struct batch *batch, size_t slice_count, int32_t partition)
{
    for (size_t i = 0; i < slice_count; i++) {
        if (batch->slices[i].partition == partition) {
            return &batch->slices[i];
        }
    }
    ASSURE(false); // judge_line_waits_for
    return NULL;
}

static enum err round_ask(struct judge_line *line, struct round *round)
{
    arena_reset(line->arenas[0]);
    round->items = arena_take(line->arenas[0], ROUND_MAX * sizeof *round->items);
    round->lookups = arena_take(line->arenas[0], ROUND_MAX * sizeof *round->lookups);
    round->cleared = arena_take(line->arenas[0], ROUND_MAX * sizeof *round->cleared);
    if (round->items == NULL || round->lookups == NULL || round->cleared == NULL) {
        return ERR_NO_MEMORY;
    }
    round->count = recheck_take_due(line->recheck, round->now, round->items, ROUND_MAX);
    for (size_t i = 0; i < round->count; i++) {
        const struct recheck_message *message = recheck_message_of(round->items[i]);
        round->lookups[i] = (struct lookup){
                .recipient = message->recipient,
                .tenant_id = message->ev.tenant_id,
                .loan_id = message->ev.loan_id,
                .channel = message->ev.channel,
                .facts = {.lookup = LOOKUP_NOT_ASKED, .reassigned_at_ms = TIME_NONE},
        };
    }
    struct mono_time deadline =
            mono_after_ms(clock_mono(), line->options.config->redis.deadline_ms);
    const struct store *store = &line->options.store;
    store->ops->lookup(store->self, round->lookups, round->count, deadline, line->arenas[0]);
    line->counts.looked_up_again += round->count;
    return judge_line_count_again(line, round->items, round->lookups, round->count);
}

// Ends the hold of a message that is clear, if it has one and nothing else is to hold it: not inside
// hours that are enforced, which end it themselves, nor below a person's order, with which it then ends.
static enum err end_hold(struct judge_line *line, const struct round *round,
        const struct recheck_message *message, struct judgement *judgement, void *ticket)
{
    const struct event *ev = &message->ev;
    const struct standing standing =
            judge_line_stand(line, ev, message->recipient, &message->pseudonym, judgement);
    struct view recipient = judge_line_name_recipient(line, &message->pseudonym);
    if (line->pseudonym.failed != ERR_NONE) {
        return line->pseudonym.failed;
    }
    bool is_ordered = standing.order != NULL && message->mode == MODE_ENFORCE &&
                      standing.until_ms < message->hold_ends_at_ms;
    if (!message->is_held || (standing.is_blocked && !is_ordered)) {
        return ERR_NONE;
    }
    // Only the mode in force can still hold; what was held is released whatever it is by now.
    if (standing.is_held && standing.until_ms > round->wall.ms &&
            (is_ordered || judge_line_settings(line, ev).mode == message->mode)) {
        return judge_line_hold_until(
                line, ev, recipient, judgement->reasons, round->wall.ms, &standing, ticket);
    }
    struct view reason =
            message->said == SAID_UNKNOWN ? VIEW("cache_recovered") : VIEW("late_record");
    line->counts.released++;
    return judge_line_release(line, ev, message->mode, recipient, reason, round->wall.ms, ticket);
}

static enum err clear(struct judge_line *line, struct round *round, struct recheck_item *item,
        const struct judge_slice *slice, struct judgement *judgement)
{
    const struct recheck_message *message = recheck_message_of(item);
    enum err e = end_hold(line, round, message, judgement, slice->ticket);
    if (e != ERR_NONE) {
        return e;
    }
    if (message->said != SAID_UNKNOWN) { // what was unknown was never counted as misdirected
        struct cleared *cleared = &round->cleared[round->cleared_count++];
        *cleared = (struct cleared){
                .slice = slice,
                .tally_partition = tally_partition_of(
                        event_scope_tenant(&message->ev), line->options.tally_partitions),
                .late = {.offset = message->offset},
        };
        memcpy(cleared->late.tag, message->pseudonym.bytes, RECIPIENT_TAG_BYTES);
    }
    recheck_clear(line->recheck, item, slice->serial);
    return ERR_NONE;
}

static enum err round_read(
        struct judge_line *line, struct round *round, const struct batch *batch, size_t slice_count)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < round->count && e == ERR_NONE; i++) {
        struct recheck_item *item = round->items[i];
        const struct recheck_message *message = recheck_message_of(item);
        const struct judge_slice *slice = slice_of(batch, slice_count, message->partition);
        struct judgement judgement = judge_message(
                &message->ev, message->recipient.kind, &round->lookups[i].facts, line->policy);
        bool is_known = judgement.verdict != VERDICT_UNKNOWN;
        if (judgement.verdict == VERDICT_CLEAR && !slice->waits) {
            e = clear(line, round, item, slice, &judgement);
        } else {
            recheck_again(line->recheck, item, is_known, round->now, round->wall);
        }
    }
    return e;
}

static int compare_cleared(const void *left, const void *right)
{
    const struct cleared *a = left;
    const struct cleared *b = right;
    if (a->slice != b->slice) {
        return a->slice < b->slice ? -1 : 1;
    }
    if (a->tally_partition != b->tally_partition) {
        return a->tally_partition < b->tally_partition ? -1 : 1;
    }
    return (a->late.offset > b->late.offset) - (a->late.offset < b->late.offset);
}

// A frame for each source and tally partition.
static enum err round_tell(struct judge_line *line, struct round *round)
{
    struct frame_late *late = arena_take(line->arenas[0], ROUND_MAX * sizeof *late);
    if (late == NULL) {
        return ERR_NO_MEMORY;
    }
    struct cleared *all = round->cleared;
    qsort(all, round->cleared_count, sizeof *all, compare_cleared);
    enum err e = ERR_NONE;
    for (size_t i = 0; i < round->cleared_count && e == ERR_NONE;) {
        const struct cleared *first = &all[i];
        uint32_t count = 0;
        for (; i < round->cleared_count && all[i].slice == first->slice &&
                all[i].tally_partition == first->tally_partition;
                i++) {
            late[count++] = all[i].late;
        }
        struct frame frame = {
                .source_topic = view_of(line->options.config->topics.outbound),
                .source_partition = first->slice->partition,
                .judged_at_ms = round->wall.ms,
                .late = late,
                .late_count = count,
        };
        line->ticket = first->slice->ticket;
        e = line->options.frames.take(line->options.frames.self, first->tally_partition, &frame);
    }
    return e;
}

enum err judge_line_recheck(struct judge_line *line, const struct batch *batch, size_t slice_count)
{
    if (line->recheck == NULL || line->round_at.ns == 0) {
        return ERR_NONE;
    }
    struct round round = {.now = line->round_at, .wall = {batch->now_ms}};
    line->now_ms = batch->now_ms;
    line->round_at = (struct mono_time){0};
    enum err e = round_ask(line, &round);
    if (e == ERR_NONE) {
        e = round_read(line, &round, batch, slice_count);
    }
    if (e == ERR_NONE) {
        e = round_tell(line, &round);
    }
    if (line->options.store.ops->state(line->options.store.self) != CACHE_TRUSTED) {
        line->next_round = mono_after_ms(round.now, DOUBT_MS);
    }
    line->counts.given_up = recheck_counts(line->recheck)->given_up;
    return e;
}

// --- how a partition begins, and what its commits tell -------------------------------------------

static int64_t chunk_first(int64_t offset)
{
    return offset >> CHUNK_BITS << CHUNK_BITS;
}

// Opens the partition's tally where its counts begin; *from is where what may be taken back begins,
// and becomes where to read on.
static enum err open_tally(
        struct judge_line *line, int32_t partition, int64_t committed, int64_t low, int64_t *from)
{
    // The log may no longer have the chunk's beginning: the fold notes a gap or compares.
    int64_t counted_from = chunk_first(committed) > low ? chunk_first(committed) : low;
    *from = *from > low ? *from : low;
    *from = *from < counted_from ? *from : counted_from;
    return judge_line_open(line, view_of(line->options.config->topics.outbound), partition,
            counted_from, committed);
}

enum err judge_line_resume(struct judge_line *line, const struct judge_start *start,
        int64_t *ret_from, bool *ret_is_odd)
{
    *ret_from = start->committed;
    *ret_is_odd = false;
    enum err e = ERR_NONE;
    if (line->recheck != NULL) {
        e = recheck_open(line->recheck, start->partition, start->text, start->committed, ret_from,
                ret_is_odd);
        line->counts.given_up = recheck_counts(line->recheck)->given_up;
    }
    return e != ERR_NONE
                   ? e
                   : open_tally(line, start->partition, start->committed, start->low, ret_from);
}

enum err judge_line_rewind(
        struct judge_line *line, int32_t partition, int64_t settled, int64_t *ret_from)
{
    *ret_from = settled;
    enum err e = ERR_NONE;
    if (line->recheck != NULL) {
        e = recheck_rewind(line->recheck, partition, settled, ret_from);
        line->counts.given_up = recheck_counts(line->recheck)->given_up;
    }
    return e != ERR_NONE ? e : open_tally(line, partition, settled, 0, ret_from);
}

const char *judge_line_text(struct judge_line *line, int32_t partition, uint64_t serial,
        int64_t settled, uint64_t *ret_version)
{
    *ret_version = 0;
    if (line->recheck == NULL) {
        return "";
    }
    recheck_settle(line->recheck, partition, serial, settled);
    return recheck_text(line->recheck, partition, settled, ret_version);
}

bool judge_line_has_news(const struct judge_line *line)
{
    return line->recheck != NULL && recheck_has_news(line->recheck);
}
