#include "ops/health.h"

#include <stdio.h>

#include "common/json_out.h"

void health_watch(struct board *board, struct mono_time now)
{
    for (size_t i = 0; i < board_place_count(board); i++) {
        struct board_place *place = board_place_at(board, i);
        unsigned pulse = atomic_load(&place->pulse);
        // Before its first beat a half opens its clients, which may wait for brokers.
        if (pulse != place->pulse_seen || pulse == 0 || !atomic_load(&place->is_running)) {
            place->pulse_seen = pulse;
            place->pulse_at = now;
        }
        atomic_store(&place->pulse_age_ms, (now.ns - place->pulse_at.ns) / 1000000);
    }
}

enum { NOTE_BYTES = 256 };

// The body: {"status": ..., "reasons": [...], "notes": [...]}.
static void begin_body(struct json_out *out, struct strbuf *body)
{
    json_begin(out, body);
    json_object(out, NULL);
    json_array(out, "reasons");
}

// What is no reason to be restarted or passed over, and should be known all the same.
static void add_notes(struct json_out *out, struct board *board)
{
    int64_t since_ms = atomic_load(&board_process(board)->reload_failed_since_ms);
    json_array(out, "notes");
    if (since_ms != 0) {
        struct strbuf text;
        strbuf_init(&text, NOTE_BYTES);
        strbuf_add_text(&text, "run: a new policy was refused, the old one is in force; since ");
        clock_format(&text, since_ms);
        json_string(out, NULL, strbuf_view(&text));
        strbuf_fini(&text);
    }
    json_array_end(out);
}

static bool end_body(struct json_out *out, struct board *board, const char *good, const char *bad,
        unsigned reasons)
{
    json_array_end(out);
    add_notes(out, board);
    json_text(out, "status", reasons == 0 ? good : bad);
    json_object_end(out);
    strbuf_add_byte(out->sb, '\n');
    return reasons == 0;
}

static void say(struct json_out *out, unsigned *reasons, const char *who, const char *why)
{
    char text[200];
    snprintf(text, sizeof text, "%s: %s", who, why);
    json_text(out, NULL, text);
    (*reasons)++;
}

bool health_is_alive(struct board *board, struct strbuf *body)
{
    struct json_out out;
    unsigned reasons = 0;
    begin_body(&out, body);
    for (size_t i = 0; i < board_place_count(board); i++) {
        const struct board_place *place = board_place_at(board, i);
        long age_ms = atomic_load(&place->pulse_age_ms);
        if (age_ms > HEALTH_PULSE_MAX_MS) {
            char why[80];
            snprintf(why, sizeof why, "does nothing since %ld s", age_ms / 1000);
            say(&out, &reasons, place->name, why);
        }
    }
    return end_body(&out, board, "alive", "hanging", reasons);
}

static void judge_place(const struct board_place *place, struct json_out *out, unsigned *reasons)
{
    if (!atomic_load(&place->is_running)) {
        say(out, reasons, place->name, "is not running");
        return;
    }
    if (!atomic_load(&place->has_joined)) {
        say(out, reasons, place->name, "has no place in its consumer group yet");
    }
    if (!atomic_load(&place->is_delivering)) {
        say(out, reasons, place->name, "its producer has failed and is started anew");
    }
    if (atomic_load(&place->asks_cache) && !atomic_load(&place->has_cache)) {
        say(out, reasons, place->name, "Redis does not answer: verdicts are unknown");
    }
}

bool health_is_ready(struct board *board, struct strbuf *body)
{
    struct json_out out;
    unsigned reasons = 0;
    begin_body(&out, body);
    enum board_phase phase = board_phase(board);
    if (phase == BOARD_STARTING) {
        say(&out, &reasons, "run", "waits for Kafka and its topics");
    } else if (phase == BOARD_DRAINING) {
        say(&out, &reasons, "run", "is ending");
    }
    for (size_t i = 0; i < board_place_count(board) && phase == BOARD_RUNNING; i++) {
        judge_place(board_place_at(board, i), &out, &reasons);
    }
    return end_body(&out, board, "ready", "not_ready", reasons);
}
