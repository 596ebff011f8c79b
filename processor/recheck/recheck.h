// What may have to be taken back: messages that were called misdirected for want of a record, or held
// because nothing was known of them. Each is looked up again 1, 5 and 30 s after it was judged; a
// record that turns up late releases its hold and corrects the tally (design §3, §5). A question that
// got no answer to be believed does not count: it is asked every 30 s until there is one or the
// message's hold has run out.
//
//             recheck_add              take_due         recheck_clear            all is acknowledged
//   (nothing) -----------> waiting -------------> taken -------------> told ------------------------.
//                             ^                     |                                               |
//                             '---- recheck_again --'--> no more questions: forgotten               |
//                                                                                                   v
//                forgotten <----- its chunk is behind what is committed ------ cleared <------------'
//
// Invariants (cited by tests):
//   R1  What was said of a message is in its partition's text from recheck_add until nobody can judge it again, so that
//       whoever does says the same: a message that is cleared is, until its chunk is behind what is committed.
//   R2  The text's `recheck` is the oldest offset that is waiting, taken or told: a partition resumes there, or at most
//       RECHECK_BACK_OFFSETS below what is committed.
//   R3  Messages of a partition are added in offset order.
//   R4  At the ceiling a message is given up, and counted; it stays held until its hold runs out.
//
// A message is kept with its recipient as the store has to be asked: as a number, at most for those
// 30 s or while there is no answer. It is overwritten when the message is cleared or forgotten, and
// leaves the process nowhere. One thread.
#pragma once

#include "common/clock.h"
#include "identity/keyring.h"
#include "identity/recipient.h"
#include "model/action.h"
#include "model/event.h"
#include "model/frame.h"
#include "recheck/said.h"

enum { RECHECK_BACK_OFFSETS = 65536 };

struct recheck;

// Views are copied by recheck_add, and borrowed from the queue in what recheck_take_due gives.
struct recheck_message {
    struct event ev; // what judging and commanding take of it; the rest is none
    struct recipient recipient;
    int32_t partition;
    int64_t offset;
    struct pseudonym pseudonym; // of the recipient
    enum said_kind said;
    int64_t hold_ends_at_ms; // wall clock
    bool is_held;            // a hold was commanded ...
    enum mode mode;          // ... in this mode
};

struct recheck_item;

struct recheck_counts {
    uint64_t added;
    uint64_t cleared;
    uint64_t given_up;
};

// `ceiling_count` messages over all partitions; 0 = none are kept.
MUST_CHECK enum err recheck_create(struct recheck **ret_recheck, uint32_t ceiling_count);
void recheck_destroy(struct recheck *recheck);

// A partition begins with what its commit says; a text that is none of ours is as none, and
// *ret_is_odd says so. Messages further back than RECHECK_BACK_OFFSETS below `committed` are given
// up. *ret_from is where to read on: at most `committed`.
MUST_CHECK enum err recheck_open(struct recheck *recheck, int32_t partition, struct view text,
        int64_t committed, int64_t *ret_from, bool *ret_is_odd);
// The partition will be read again: everything in it becomes what was said of it.
MUST_CHECK enum err recheck_rewind(
        struct recheck *recheck, int32_t partition, int64_t committed, int64_t *ret_from);
void recheck_close(struct recheck *recheck, int32_t partition);

// Whether any partition has something to be met; while none has, recheck_meet may be left out.
bool recheck_is_meeting(const struct recheck *recheck);
// What was said of a message that is being judged (again). Offsets rise.
enum said_kind recheck_meet(struct recheck *recheck, int32_t partition, int64_t offset);
// Adds a message, which recheck_meet has met. `at_once`: the first question is due now.
MUST_CHECK enum err recheck_add(struct recheck *recheck, const struct recheck_message *message,
        struct mono_time now, bool at_once);

bool recheck_has_due(const struct recheck *recheck, struct mono_time now);
// Whether the partition has messages that wait.
bool recheck_has_waiting(const struct recheck *recheck, int32_t partition);
// Takes messages that are due. Each is to be given to recheck_again or recheck_clear before anything
// else is called but recheck_message_of.
size_t recheck_take_due(struct recheck *recheck, struct mono_time now, struct recheck_item **items,
        size_t capacity);
const struct recheck_message *recheck_message_of(const struct recheck_item *item);
// It is not clear; `is_known` = the answer was to be believed.
void recheck_again(struct recheck *recheck, struct recheck_item *item, bool is_known,
        struct mono_time now, struct wall_time wall);
// It is clear: what follows is on its way, and goes with everything of the partition's `serial`.
void recheck_clear(struct recheck *recheck, struct recheck_item *item, uint64_t serial);
// Everything of the partition up to `serial` is acknowledged, everything below `settled` is
// committed by the next commit.
void recheck_settle(struct recheck *recheck, int32_t partition, uint64_t serial, int64_t settled);

// The text of a commit of the partition; good until the next call for it. *ret_version changes with
// the text.
const char *recheck_text(
        struct recheck *recheck, int32_t partition, int64_t settled, uint64_t *ret_version);
// Messages added of which no text has told yet.
bool recheck_has_news(const struct recheck *recheck);

uint32_t recheck_open_count(const struct recheck *recheck);
const struct recheck_counts *recheck_counts(const struct recheck *recheck);
