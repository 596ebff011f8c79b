#include "commands/control_send.h"

#include <stdio.h>

#include "commands/stop.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/json_scan.h"
#include "kafka/producer.h"
#include "kafka/reader.h"

enum {
    SEND_MS = 15000,
    CLOSE_MS = 5000,
    POLL_MS = 100,
    // How long another tally partition may take to say that it knows what is meant.
    GRACE_MS = 2000,
    ARENA_BYTES = 1024 * 1024,
};

enum field { FIELD_TYPE, FIELD_ID, FIELD_STATE, FIELD_CONTROL_COUNT };

// --- writing ----------------------------------------------------------------------------------

static void on_delivered(void *self, void *ticket, enum err err)
{
    (void)ticket;
    *(enum err *)self = err;
}

static enum err produce(struct kafka_producer *producer, const struct control_sending *sending,
        const enum err *delivered)
{
    const struct record record = {
            .topic = OUT_CONTROL,
            .partition = PARTITION_ANY,
            .key = sending->key,
            .value = sending->record,
            .ticket = producer,
    };
    enum err e = kafka_producer_send(producer, &record);
    if (e == ERR_NONE) {
        e = kafka_producer_flush(producer, SEND_MS);
    }
    return e != ERR_NONE ? e : *delivered;
}

static enum err write_record(const struct control_sending *sending, struct strbuf *findings)
{
    enum err delivered = ERR_DEADLINE;
    const struct kafka_producer_options options = {
            .config = sending->config,
            .client_id = "wrongnumber-operator",
            .on_delivered = on_delivered,
            .self = &delivered,
    };
    struct kafka_producer *producer;
    enum err e = kafka_producer_create(&producer, &options, findings);
    if (e != ERR_NONE) {
        return e;
    }
    e = produce(producer, sending, &delivered);
    if (e != ERR_NONE) {
        const char *trouble = kafka_producer_take_trouble(producer);
        strbuf_add_text(findings, trouble != NULL ? trouble : "");
    }
    (void)kafka_producer_close(producer, CLOSE_MS); // the process ends anyway
    return e;
}

// --- waiting ----------------------------------------------------------------------------------

struct waiting {
    const struct control_sending *sending;
    struct kafka_reader *reader;
    struct json_pointers *fields;
    struct json_pointers *control;
    struct arena *arena;
    struct mono_time until;
    enum control_answer answer;
};

static enum err open_waiting(struct waiting *waiting, struct strbuf *findings)
{
    static const char *const fields[FIELD_CONTROL_COUNT] = {
            "/type", "/control/control_id", "/control/state"};
    static const char *const control[] = {"/control"};
    const char *topic = waiting->sending->config->topics.alerts;
    int32_t partitions = 0;
    waiting->arena = arena_create(ARENA_BYTES);
    enum err e = waiting->arena != NULL ? ERR_NONE : ERR_NO_MEMORY;
    e = e != ERR_NONE ? e
                      : json_pointers_create(&waiting->fields, fields, FIELD_CONTROL_COUNT, NULL);
    e = e != ERR_NONE ? e : json_pointers_create(&waiting->control, control, 1, NULL);
    e = e != ERR_NONE ? e
                      : kafka_reader_create(&waiting->reader, waiting->sending->config, findings);
    e = e != ERR_NONE ? e : kafka_reader_partitions(waiting->reader, topic, SEND_MS, &partitions);
    // Its end is asked for now: what comes while the reader is still on its way is not missed.
    for (int32_t i = 0; i < partitions && e == ERR_NONE; i++) {
        int64_t low = 0;
        int64_t high = 0;
        e = kafka_reader_ends(waiting->reader, topic, i, SEND_MS, &low, &high);
        if (e == ERR_NONE) {
            e = kafka_reader_add(waiting->reader, topic, i, high);
        }
    }
    return e;
}

static void close_waiting(struct waiting *waiting)
{
    (void)kafka_reader_destroy(waiting->reader, CLOSE_MS); // the process ends anyway
    json_pointers_destroy(waiting->fields);
    json_pointers_destroy(waiting->control);
    arena_destroy(waiting->arena);
}

static enum control_answer answer_of(struct view state)
{
    return view_is(state, "applied")   ? ANSWER_APPLIED
           : view_is(state, "pending") ? ANSWER_PENDING
           : view_is(state, "unknown") ? ANSWER_UNKNOWN
                                       : ANSWER_REFUSED;
}

bool control_answer_hear(
        enum control_answer *answer, struct view state, bool is_of_tenant, bool *ret_is_last)
{
    enum control_answer heard = answer_of(state);
    bool says_more = heard > *answer;
    *answer = says_more ? heard : *answer;
    *ret_is_last = is_of_tenant || *answer >= ANSWER_PENDING;
    return says_more;
}

// Takes what is the outcome of our record. Where each partition may answer, a no is only the last word
// when no yes follows, and that one does not know what is meant when none follows that does.
static void hear(struct waiting *waiting, struct view alert, struct strbuf *outcome)
{
    struct json_value values[FIELD_CONTROL_COUNT];
    struct json_value control;
    arena_reset(waiting->arena);
    if (json_scan(waiting->fields, alert, values, NULL) != JSON_FINE ||
            values[FIELD_ID].kind != JSON_STRING ||
            !json_string_equals(&values[FIELD_TYPE], VIEW("control.outcome")) ||
            !json_string_equals(&values[FIELD_ID], waiting->sending->control_id) ||
            json_scan(waiting->control, alert, &control, NULL) != JSON_FINE) {
        return;
    }
    struct view state =
            values[FIELD_STATE].kind == JSON_STRING ? values[FIELD_STATE].raw : VIEW_NONE;
    bool is_last;
    if (!control_answer_hear(&waiting->answer, state, waiting->sending->is_of_tenant, &is_last)) {
        return;
    }
    strbuf_reset(outcome);
    strbuf_add_view(outcome, control.raw);
    if (!is_last) {
        struct mono_time grace = mono_after_ms(clock_mono(), GRACE_MS);
        waiting->until = grace.ns < waiting->until.ns ? grace : waiting->until;
    } else {
        waiting->until = clock_mono();
    }
}

static enum err await_outcome(struct waiting *waiting, struct strbuf *outcome)
{
    waiting->until = mono_after_ms(clock_mono(), waiting->sending->wait_ms);
    while (!stop_is_requested() && mono_left_ms(clock_mono(), waiting->until) > 0) {
        struct kafka_event event = {0};
        enum kafka_event_kind kind = kafka_reader_poll(waiting->reader, POLL_MS, &event);
        if (kind == KAFKA_MESSAGE) {
            if (!view_is_none(event.message->raw.value)) {
                hear(waiting, event.message->raw.value, outcome);
            }
            kafka_reader_release(waiting->reader, event.message);
        } else if (kind == KAFKA_TROUBLE) {
            fprintf(stderr, "warning: reading alerts: %s\n", event.trouble_text);
            if (event.fatal) {
                return event.trouble;
            }
        }
    }
    return outcome->failed;
}

enum err control_send(const struct control_sending *sending, struct strbuf *outcome,
        enum control_answer *ret_answer)
{
    struct waiting waiting = {.sending = sending};
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    enum err e = sending->wait_ms > 0 ? open_waiting(&waiting, &findings) : ERR_NONE;
    if (e == ERR_NONE) {
        e = write_record(sending, &findings);
    }
    if (e == ERR_NONE && sending->wait_ms > 0) {
        e = await_outcome(&waiting, outcome);
    }
    if (findings.n > 0) {
        fprintf(stderr, "%.*s\n", VIEW_ARGS(strbuf_view(&findings)));
    }
    close_waiting(&waiting);
    strbuf_fini(&findings);
    *ret_answer = waiting.answer;
    return e;
}
