// What people have said last about single messages or recipients, as the commands topic or the audit log tells of
// it, and what they have had sent by that: reports and `status` go by the same rule as senders
// (schemas/integration.md, "A recipient"). Of one target the greatest sequence counts. What was judged before a
// release ends goes by it: the release ends at its `until_ms`, or with the next word. Keys are what the caller makes
// of tenant and id. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/view.h"

struct last_words;

struct spoken_word;

// Of what concerns a message the later one here counts, but a hold of the message itself before all
// (last_word_together).
enum last_word {
    LAST_WORD_NONE, // or a release that was over
    LAST_WORD_HOLD,
    LAST_WORD_RELEASE,         // by itself: a scope's hold stands beside it
    LAST_WORD_RELEASE_AT_ONCE, // out of scopes that are held as well
};

// ERR_NO_MEMORY. `ceiling_count` targets.
MUST_CHECK enum err last_words_create(struct last_words **ret_words, uint32_t ceiling_count);
void last_words_destroy(struct last_words *words);
// A sequence that is not greater than the last changes nothing. ERR_CEILING: it is not kept, and nobody has said
// anything of that target. ERR_NO_MEMORY.
MUST_CHECK enum err last_words_note(
        struct last_words *words, struct view target, const struct spoken_word *word);
// What has become of what was judged at that time. Of VIEW_NONE nobody has said anything.
enum last_word last_words_of(const struct last_words *words, struct view target, int64_t at_ms);
// What counts for a message: what was said of itself, whose hold stays above, and of all its recipient's, unless it
// is blocked besides.
enum last_word last_word_together(
        enum last_word of_message, enum last_word of_recipient, bool is_blocked);
