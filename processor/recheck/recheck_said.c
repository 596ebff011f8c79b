#include "recheck/recheck_inside.h"

#include <stdlib.h>

#include "common/assure.h"

enum {
    PARTITION_MAX = 4096,
    SAID_RUNS_MAX = SAID_TEXT_BYTES / 2, // no text has more
};

static enum err make_partition(struct recheck *recheck, int32_t partition)
{
    if (partition < 0 || partition >= PARTITION_MAX) {
        return ERR_CEILING;
    }
    if (partition >= recheck->partition_end) {
        int32_t end = partition + 1;
        struct recheck_partition **grown =
                realloc(recheck->partitions, (size_t)end * sizeof *recheck->partitions);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        for (int32_t i = recheck->partition_end; i < end; i++) {
            grown[i] = NULL;
        }
        recheck->partitions = grown;
        recheck->partition_end = end;
    }
    if (recheck->partitions[partition] == NULL) {
        recheck->partitions[partition] = calloc(1, sizeof *recheck->partitions[partition]);
    }
    return recheck->partitions[partition] != NULL ? ERR_NONE : ERR_NO_MEMORY;
}

static void note_meeting(struct recheck *recheck, struct recheck_partition *partition)
{
    bool is_read_again =
            partition->said_oldest >= 0 && partition->met + 1 < partition->reread_until;
    bool is_meeting = is_read_again || said_first(&partition->said) >= 0;
    recheck->meeting_count += is_meeting;
    recheck->meeting_count -= partition->is_meeting;
    partition->is_meeting = is_meeting;
}

// Bounds how far back is read, and says from where.
static int64_t resume_from(
        struct recheck *recheck, struct recheck_partition *partition, int64_t committed)
{
    int64_t bound = committed - RECHECK_BACK_OFFSETS;
    if (partition->said_oldest >= 0 && partition->said_oldest < bound) {
        int64_t listed = said_count_below(&partition->said, bound);
        recheck->counts.given_up += listed > 0 ? (uint64_t)listed : 1;
        (void)said_meet(&partition->said, bound - 1);
        partition->said_oldest = bound;
    }
    partition->reread_until = committed;
    partition->met = -1;
    partition->is_dirty = true;
    note_meeting(recheck, partition);
    bool goes_back = partition->said_oldest >= 0 && partition->said_oldest < committed;
    return goes_back ? partition->said_oldest : committed;
}

enum err recheck_open(struct recheck *recheck, int32_t partition, struct view text,
        int64_t committed, int64_t *ret_from, bool *ret_is_odd)
{
    enum err e = make_partition(recheck, partition);
    if (e != ERR_NONE) {
        return e;
    }
    recheck_close(recheck, partition);
    struct recheck_partition *opened = recheck->partitions[partition];
    opened->is_open = true;
    opened->said_oldest = -1;
    strbuf_init(&opened->text, SAID_TEXT_BYTES);
    e = text.n > 0 ? said_read(&opened->said, text, &opened->said_oldest) : ERR_NONE;
    *ret_is_odd = e == ERR_DATA;
    if (e == ERR_NO_MEMORY) {
        return e;
    }
    *ret_from = resume_from(recheck, opened, committed);
    return ERR_NONE;
}

// --- what was said -------------------------------------------------------------------------------

static int64_t oldest_open(const struct recheck_partition *partition)
{
    const struct recheck_item *item = partition->items.first;
    while (item != NULL && item->state == ITEM_CLEARED) {
        item = item->newer;
    }
    if (item != NULL) {
        return item->message.offset;
    }
    int64_t next = partition->met + 1;
    if (partition->is_meeting && partition->said_oldest >= 0 && next < partition->reread_until) {
        return next > partition->said_oldest ? next : partition->said_oldest;
    }
    return said_first(&partition->said);
}

// Adds messages from `item` on, then what is still to be met.
static enum err list_said(
        struct said *said, const struct recheck_item *item, const struct said *to_be_met)
{
    enum err e = ERR_NONE;
    for (; item != NULL && e == ERR_NONE; item = item->newer) {
        e = said_add(said, item->message.offset, item->message.said);
    }
    for (uint32_t i = to_be_met->passed; i < to_be_met->count && e == ERR_NONE; i++) {
        e = said_add_run(said, &to_be_met->runs[i]);
    }
    return e;
}

// The oldest message of which a text has room to tell.
static const struct recheck_item *oldest_told(
        const struct recheck_partition *partition, int64_t bound)
{
    const struct recheck_item *item = partition->items.last;
    const struct recheck_item *oldest = NULL;
    for (unsigned runs = 0; item != NULL && item->message.offset >= bound; item = item->older) {
        runs += oldest == NULL || oldest->message.offset != item->message.offset + 1 ||
                oldest->message.said != item->message.said;
        if (runs > SAID_RUNS_MAX) {
            break;
        }
        oldest = item;
    }
    return oldest;
}

enum err recheck_rewind(
        struct recheck *recheck, int32_t partition, int64_t committed, int64_t *ret_from)
{
    struct recheck_partition *found = recheck_find(recheck, partition);
    ASSURE(found != NULL);
    struct said all = {0};
    int64_t oldest = oldest_open(found);
    enum err e = list_said(&all, found->items.first, &found->said);
    if (e != ERR_NONE) {
        said_fini(&all);
        return e;
    }
    recheck_forget_all(recheck, found);
    said_fini(&found->said);
    found->said = all;
    found->said_oldest = oldest;
    *ret_from = resume_from(recheck, found, committed);
    return ERR_NONE;
}

enum said_kind recheck_meet(struct recheck *recheck, int32_t partition, int64_t offset)
{
    struct recheck_partition *found = recheck_find(recheck, partition);
    ASSURE(found != NULL);
    if (!found->is_meeting) {
        return SAID_NOTHING;
    }
    found->met = offset;
    found->is_dirty = true;
    enum said_kind said = said_meet(&found->said, offset);
    note_meeting(recheck, found);
    return said;
}

bool recheck_is_meeting(const struct recheck *recheck)
{
    return recheck->meeting_count > 0;
}

static const char no_text[] = "";

const char *recheck_text(
        struct recheck *recheck, int32_t partition, int64_t settled, uint64_t *ret_version)
{
    struct recheck_partition *found = recheck_find(recheck, partition);
    ASSURE(found != NULL);
    recheck->news_count -= found->has_news;
    found->has_news = false;
    if (found->is_dirty) {
        said_clear(&recheck->scratch);
        // Out of memory: what has found room is told; the rest is told next time.
        enum err e = list_said(&recheck->scratch,
                oldest_told(found, settled - RECHECK_BACK_OFFSETS), &found->said);
        found->is_dirty = e != ERR_NONE;
        said_write(&recheck->scratch_text, &recheck->scratch, oldest_open(found));
        if (!view_equal(strbuf_view(&recheck->scratch_text), strbuf_view(&found->text))) {
            struct strbuf text = found->text;
            found->text = recheck->scratch_text;
            recheck->scratch_text = text;
            found->version++;
        }
    }
    *ret_version = found->version;
    return found->text.failed == ERR_NONE && found->text.p != NULL ? found->text.p : no_text;
}

bool recheck_has_news(const struct recheck *recheck)
{
    return recheck->news_count > 0;
}
