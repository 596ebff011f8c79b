// How often somebody is contacted, on the way of a batch: who is asked, and for which messages. Nothing
// happens where the policy has no limits.
#include "judge_line_inside.h"

static enum err ask(struct judge_line *line, const struct attempt_of *of, size_t count,
        int64_t now_ms, struct arena *arena)
{
    const struct attempt_asker asker = {
            .counter = line->options.attempts,
            .key = keyring_current(line->options.ring),
            .policy = line->policy,
            .counts = &line->counts.attempts,
            .now_ms = now_ms,
    };
    struct mono_time deadline =
            mono_after_ms(clock_mono(), line->options.config->redis.deadline_ms);
    return enrich_attempts(&asker, of, count, deadline, arena);
}

static struct attempt_of *take_attempts(struct arena *arena, size_t count)
{
    return arena_take(arena, (count + 1) * sizeof(struct attempt_of));
}

static bool is_limited(const struct judge_line *line)
{
    return line->policy->frequency.count > 0 && line->options.attempts.ops != NULL;
}

enum err judge_line_count_batch(struct judge_line *line, struct batch *batch)
{
    if (!is_limited(line)) {
        return ERR_NONE;
    }
    struct attempt_of *of = take_attempts(batch->arena, batch->count);
    if (of == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct enriched *enriched = &batch->enriched[i];
        of[i] = (struct attempt_of){
                .ev = batch->decoded[i],
                .recipient = &enriched->recipient,
                .pseudonym = &enriched->pseudonym,
                .facts = &enriched->facts,
        };
    }
    bool is_wall = line->options.clock == JUDGE_CLOCK_WALL;
    return ask(line, of, batch->count, is_wall ? batch->now_ms : line->log_time_ms, batch->arena);
}

enum err judge_line_count_again(struct judge_line *line, struct recheck_item *const *items,
        struct lookup *lookups, size_t count)
{
    if (!is_limited(line)) {
        return ERR_NONE;
    }
    struct arena *arena = line->arenas[0];
    struct attempt_of *of = take_attempts(arena, count);
    struct pseudonym *pseudonyms = arena_take(arena, (count + 1) * sizeof *pseudonyms);
    if (of == NULL || pseudonyms == NULL) {
        return ERR_NO_MEMORY;
    }
    const struct keyring_key *key = keyring_current(line->options.ring);
    for (size_t i = 0; i < count; i++) {
        pseudonyms[i] = keyring_pseudonym(key, lookups[i].recipient);
        of[i] = (struct attempt_of){
                .ev = &recheck_message_of(items[i])->ev,
                .recipient = &lookups[i].recipient,
                .pseudonym = &pseudonyms[i],
                .facts = &lookups[i].facts,
        };
    }
    return ask(line, of, count, line->now_ms, arena);
}
