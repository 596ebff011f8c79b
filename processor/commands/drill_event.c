#include "commands/drill_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/json_out.h"
#include "decode/decode.h"
#include "model/drill.h"

enum { WANTED = 7, TOKEN_MAX_BYTES = 256, TEXT_MAX_BYTES = 512, ARENA_BYTES = 256 * 1024 };

// A field of the event: where it stands, and what it says.
struct place {
    const char *pointer;
    struct view value;
};

static int by_pointer(const void *left, const void *right)
{
    return strcmp(((const struct place *)left)->pointer, ((const struct place *)right)->pointer);
}

// The first token of a JSON Pointer behind its slash, as it stands.
static size_t token_length(const char *pointer)
{
    return strcspn(pointer + 1, "/");
}

static void token_read(const char *pointer, size_t n, struct strbuf *token)
{
    strbuf_reset(token);
    for (size_t i = 1; i <= n; i++) {
        bool is_escaped = pointer[i] == '~' && i < n;
        char c = !is_escaped ? pointer[i] : pointer[i + 1] == '1' ? '/' : '~';
        strbuf_add_byte(token, (uint8_t)c);
        i += is_escaped;
    }
}

// The places are sorted, so that those with the same first token stand together.
static void write_places(
        struct json_out *out, struct place *places, uint32_t count, struct strbuf *token)
{
    for (uint32_t i = 0, end; i < count; i = end) {
        const char *pointer = places[i].pointer;
        size_t n = token_length(pointer);
        char key[TOKEN_MAX_BYTES + 1];
        token_read(pointer, n, token);
        snprintf(key, sizeof key, "%.*s", VIEW_ARGS(strbuf_view(token)));
        if (pointer[1 + n] == '\0') {
            json_string(out, key, places[i].value);
            end = i + 1;
            continue;
        }
        for (end = i; end < count && strncmp(places[end].pointer, pointer, n + 2) == 0; end++) {
            ;
        }
        for (uint32_t at = i; at < end; at++) {
            places[at].pointer += 1 + n;
        }
        json_object(out, key);
        write_places(out, &places[i], end - i, token);
        json_object_end(out);
    }
}

// Whether the processor reads it as it is meant.
static enum err check(const struct config *config, const char *control_id, struct view message_id,
        struct view event, struct strbuf *why)
{
    struct decoder *decoder = NULL;
    struct arena *arena = arena_create(ARENA_BYTES);
    const char *fields[FIELD_COUNT];
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        fields[i] = config->fields[i];
    }
    enum err e = arena != NULL ? decoder_create(&decoder, fields, NULL) : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        const struct raw_message raw = {
                .topic = VIEW("outbound"), .timestamp_ms = -1, .value = event};
        struct event ev = {.planned_size = -1};
        struct decode_failure failure;
        bool is_read = decode_event(decoder, &raw, arena, &ev, &failure) == DECODE_EVENT &&
                       view_equal(ev.message_id, message_id) && tenant_is_drill(ev.tenant_id) &&
                       view_equal(ev.campaign_id, view_of(control_id));
        e = is_read ? ERR_NONE : ERR_DATA;
    }
    if (e == ERR_DATA) {
        strbuf_add_text(why,
                "`fields` of the configuration do not let a drill's message be built: message_id, "
                "recipient, occurred_at, tenant_id and campaign_id have to be mapped, each to a "
                "place "
                "of its own");
    }
    decoder_destroy(decoder);
    arena_destroy(arena);
    return e;
}

enum err drill_event_write(const struct config *config, const char *control_id, uint32_t n,
        int64_t now_ms, struct strbuf *event, struct strbuf *why)
{
    char message_id[TEXT_MAX_BYTES];
    char recipient[32];
    // Neighbours differ in more than their last digits; 379 and 1,000 have no common factor.
    snprintf(message_id, sizeof message_id, "%s-%u", control_id, n + 1);
    snprintf(recipient, sizeof recipient, "+44207946%04u", n * 379 % DRILL_NUMBERS);
    struct strbuf at;
    struct strbuf token;
    strbuf_init(&at, 64);
    strbuf_init(&token, TOKEN_MAX_BYTES);
    clock_format(&at, now_ms);
    const struct place wanted[WANTED] = {
            {config->fields[FIELD_MESSAGE_ID], view_of(message_id)},
            {config->fields[FIELD_RECIPIENT], view_of(recipient)},
            {config->fields[FIELD_OCCURRED_AT], strbuf_view(&at)},
            {config->fields[FIELD_CHANNEL], VIEW("sms")},
            {config->fields[FIELD_PURPOSE], VIEW("collection")},
            {config->fields[FIELD_TENANT_ID], VIEW(DRILL_TENANT)},
            {config->fields[FIELD_CAMPAIGN_ID], view_of(control_id)},
    };
    struct place places[WANTED];
    uint32_t count = 0;
    for (unsigned i = 0; i < WANTED; i++) {
        if (wanted[i].pointer != NULL && wanted[i].pointer[0] == '/') {
            places[count++] = wanted[i];
        }
    }
    qsort(places, count, sizeof *places, by_pointer);
    struct json_out out;
    json_begin(&out, event);
    json_object(&out, NULL);
    write_places(&out, places, count, &token);
    json_object_end(&out);
    enum err e = at.failed != ERR_NONE      ? at.failed
                 : token.failed != ERR_NONE ? token.failed
                                            : event->failed;
    if (e == ERR_NONE) {
        e = check(config, control_id, view_of(message_id), strbuf_view(event), why);
    }
    strbuf_fini(&at);
    strbuf_fini(&token);
    return e;
}
