#include "control/last_words.h"

#include <stdlib.h>

#include "common/hashmap.h"
#include "common/room.h"
#include "control/spoken_word.h"

#define NEVER_MS INT64_MIN

struct target_words {
    struct spoken_word newest;
    // By releases that another word has ended; NEVER_MS = none.
    int64_t released_below_ms;
    int64_t at_once_below_ms;
};

struct last_words {
    struct hashmap *by_target; // an index of `targets`
    struct target_words *targets;
    uint32_t capacity;
};

enum err last_words_create(struct last_words **ret_words, uint32_t ceiling_count)
{
    struct last_words *words = calloc(1, sizeof *words);
    if (words == NULL) {
        return ERR_NO_MEMORY;
    }
    words->by_target = hashmap_create(ceiling_count);
    if (words->by_target == NULL) {
        last_words_destroy(words);
        return ERR_NO_MEMORY;
    }
    *ret_words = words;
    return ERR_NONE;
}

void last_words_destroy(struct last_words *words)
{
    if (words != NULL) {
        hashmap_destroy(words->by_target);
        free(words->targets);
        free(words);
    }
}

static int64_t later_of(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

// The newest word is over then, at the latest.
static void end_newest(struct target_words *target, int64_t end_ms)
{
    const struct spoken_word *word = &target->newest;
    end_ms = end_ms < word->until_ms ? end_ms : word->until_ms;
    if (word->is_release) {
        target->released_below_ms = later_of(target->released_below_ms, end_ms);
    }
    if (word->is_release && word->at_once) {
        target->at_once_below_ms = later_of(target->at_once_below_ms, end_ms);
    }
}

enum err last_words_note(
        struct last_words *words, struct view target, const struct spoken_word *word)
{
    uint32_t at = hashmap_find(words->by_target, target);
    if (at == HASHMAP_ABSENT) {
        at = hashmap_count(words->by_target);
        struct target_words *targets =
                room_for_row(words->targets, at, &words->capacity, 16, sizeof *targets);
        if (targets == NULL) {
            return ERR_NO_MEMORY;
        }
        words->targets = targets;
        enum err e = hashmap_put(words->by_target, target, at);
        if (e != ERR_NONE) {
            return e;
        }
        words->targets[at] = (struct target_words){*word, NEVER_MS, NEVER_MS};
    } else if (word->sequence > words->targets[at].newest.sequence) {
        end_newest(&words->targets[at], word->issued_ms);
        words->targets[at].newest = *word;
    }
    return ERR_NONE;
}

enum last_word last_words_of(const struct last_words *words, struct view target, int64_t at_ms)
{
    uint32_t at = view_is_none(target) ? HASHMAP_ABSENT : hashmap_find(words->by_target, target);
    if (at == HASHMAP_ABSENT) {
        return LAST_WORD_NONE;
    }
    struct target_words said = words->targets[at];
    end_newest(&said, said.newest.until_ms);
    return at_ms < said.at_once_below_ms    ? LAST_WORD_RELEASE_AT_ONCE
           : at_ms < said.released_below_ms ? LAST_WORD_RELEASE
           : said.newest.is_release         ? LAST_WORD_NONE
                                            : LAST_WORD_HOLD;
}

enum last_word last_word_together(
        enum last_word of_message, enum last_word of_recipient, bool is_blocked)
{
    bool is_own = of_message == LAST_WORD_HOLD || is_blocked || of_message > of_recipient;
    return is_own ? of_message : of_recipient;
}
