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

struct spoken_word {
    int64_t sequence;
    int64_t issued_ms;
    int64_t until_ms; // of a release; INT64_MAX = it is for good
    bool is_release;  // else a hold
    bool at_once;     // of a release: also out of scopes that are held
};

// Of what concerns a message the later one here counts, but a hold of the message itself before all.
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
// What has become of what was judged at that time.
enum last_word last_words_of(const struct last_words *words, struct view target, int64_t at_ms);
