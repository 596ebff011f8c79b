// Inside of judge_line.h: shared by judge_line.c (the way of a message), judge_line_parts.c (that of a
// batch), judge_line_command.c (what is
// commanded about a message) and judge_line_recheck.c (what is looked up again).
#pragma once

#include "judge/standing.h"
#include "judge_line.h"
#include "recheck/recheck.h"

// Of the parts of a batch: one is judged while the next is looked up.
enum { PARTS_ALIVE = 2 };

struct judge_line {
    struct judge_line_options options;
    const struct policy *policy;
    struct decoder *decoder;
    struct tally *tally;
    struct recheck *recheck; // NULL in replay, where relationships are final
    struct phone_cache *phones;
    struct arena *arenas[PARTS_ALIVE]; // the first has room for a batch that is one part
    struct judge_counts counts;
    struct strbuf reason_text;
    struct strbuf id_text;
    const struct standing_orders *orders; // NULL = nobody has ordered anything
    struct strbuf pseudonym;              // of the message in hand
    int64_t now_ms;                       // judged_at of the message in hand
    void *ticket;                         // of the slice in hand
    int64_t log_time_ms;                  // JUDGE_CLOCK_MESSAGE
    uint32_t since_frame;
    int64_t next_totals_ms;      // log time
    struct mono_time round_at;   // what is due then is looked up by the batch in hand; 0 = nothing
    struct mono_time next_round; // not before
};

// A batch, or a part of one, on its way: one row a message in each array, all from the arena.
struct batch {
    const struct judge_item *items;
    size_t count;
    struct judge_slice *slices;
    struct event *events;
    const struct event **decoded; // NULL where decoding failed
    struct decode_failure *failures;
    struct enriched *enriched;
    int64_t now_ms;
    enum cache_state cache;
    struct arena *arena;
    struct enriching enriching;
};

// Takes the batch's items through all stages, part by part; *ret_batch, which has the slices, gets the
// state of the cache behind the last one.
MUST_CHECK enum err judge_line_parts(struct judge_line *line, const struct judge_item *items,
        size_t item_count, struct batch *ret_batch);
// Judges what is decoded and enriched.
MUST_CHECK enum err judge_line_judge(struct judge_line *line, struct batch *batch);

// Counts the messages as attempts where the policy limits them; their facts get the answers.
MUST_CHECK enum err judge_line_count_batch(struct judge_line *line, struct batch *batch);
// The same of messages that are looked up again, which have been counted: they get the answers of then.
MUST_CHECK enum err judge_line_count_again(struct judge_line *line,
        struct recheck_item *const *items, struct lookup *lookups, size_t count);
// What the policy says of a message.
struct policy_settings judge_line_settings(const struct judge_line *line, const struct event *ev);
// Completes the judgement of a message. `pseudonym`: its recipient's, under the current key.
struct standing judge_line_stand(struct judge_line *line, const struct event *ev,
        struct recipient recipient, const struct pseudonym *pseudonym, struct judgement *judgement);
// Whose message it is, as records call him: under the current key, good until the next call. It is none,
// and line->pseudonym.failed says so, when there is no memory.
struct view judge_line_name_recipient(struct judge_line *line, const struct pseudonym *pseudonym);
// As it stands. `recipient`: so called, as of the next two.
MUST_CHECK enum err judge_line_hold(struct judge_line *line, const struct event *ev,
        struct view recipient, reason_set reasons, int64_t at_ms, const struct standing *standing,
        void *ticket);
// In the place of the message's hold, of itself over at standing->until_ms; no release follows.
MUST_CHECK enum err judge_line_hold_until(struct judge_line *line, const struct event *ev,
        struct view recipient, reason_set reasons, int64_t at_ms, const struct standing *standing,
        void *ticket);
// Of a message that was held in that mode. `reason` is a short text.
MUST_CHECK enum err judge_line_release(struct judge_line *line, const struct event *ev,
        enum mode mode, struct view recipient, struct view reason, int64_t at_ms, void *ticket);

// Where a record has turned up since a message was judged, the judgement becomes what it was. Returns
// as what the message is to be remembered (a held unknown one aside), or SAID_NOTHING; `*ret_at_once`:
// its record is there.
enum said_kind judge_line_recall(struct judge_line *line, const struct raw_message *raw,
        struct judgement *judgement, bool *ret_at_once);
struct remembered {
    enum said_kind said;
    bool at_once;
    bool is_held; // its hold is out
    // The person's order by which it is, which was sent in monitor mode too; NULL = none.
    const struct standing_order *order;
};
// Remembers a message of the batch, which is to be looked up again.
MUST_CHECK enum err judge_line_remember(
        struct judge_line *line, const struct batch *batch, size_t i, const struct remembered *as);
// Behind a batch and its frames: looks up again what is due.
MUST_CHECK enum err judge_line_recheck(
        struct judge_line *line, const struct batch *batch, size_t slice_count);
