// Inside of recheck/recheck.h: shared by recheck.c (messages and when they are due) and
// recheck_said.c (how a partition begins, and what its commits tell).
#pragma once

#include "recheck/recheck.h"

// A message waits in one of these, each in the order in which its messages are due.
enum due_list { DUE_NOW, DUE_FIRST, DUE_SECOND, DUE_THIRD, DUE_UNANSWERED, DUE_LISTS };

enum item_state { ITEM_WAITING, ITEM_TAKEN, ITEM_TOLD, ITEM_CLEARED };

struct queue {
    struct recheck_item *first;
    struct recheck_item *last;
};

struct recheck_item {
    struct recheck_message message;
    struct recheck_item *older; // in its partition
    struct recheck_item *newer;
    struct recheck_item *before; // in its queue
    struct recheck_item *behind;
    struct queue *queue; // NULL while it is taken
    enum item_state state;
    enum due_list due_list;
    struct mono_time judged_at;
    struct mono_time due;
    uint64_t serial; // of what was told
    size_t text_bytes;
    char *text; // what the views of `message` point to
};

struct recheck_partition {
    bool is_open;
    struct queue items;   // all of them, by `older` and `newer`
    struct queue told;    // in the order of their serials
    struct queue cleared; // in no order
    uint32_t waiting_count;
    struct said said;     // what was said before, of messages that are still to be met
    int64_t said_oldest;  // -1 = none
    int64_t reread_until; // what is committed at the beginning
    int64_t met;          // the last offset that recheck_meet was asked of
    bool is_meeting;      // something was said, or is read again, behind that
    int64_t cleared_from; // offsets below are no longer in `cleared`
    bool is_dirty;        // the text has to be written anew
    bool has_news;
    uint64_t version;
    struct strbuf text;
};

struct recheck {
    uint32_t ceiling_count;
    uint32_t count;
    struct recheck_partition **partitions;
    int32_t partition_end;
    struct queue due[DUE_LISTS];
    uint32_t news_count;    // partitions that have some
    uint32_t meeting_count; // partitions
    struct said scratch;
    struct strbuf scratch_text;
    struct recheck_counts counts;
};

// NULL when it is not open.
struct recheck_partition *recheck_find(const struct recheck *recheck, int32_t partition);
void recheck_forget_all(struct recheck *recheck, struct recheck_partition *partition);
