// drill: a wrong batch that goes to nobody, through the running system: its record, its messages, and
// how soon its hold stands on the commands topic.
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "commands/commands.h"
#include "commands/control_send.h"
#include "commands/drill_arguments.h"
#include "commands/drill_event.h"
#include "commands/stop.h"
#include "common/clock.h"
#include "common/json_pointers.h"
#include "common/json_scan.h"
#include "common/log.h"
#include "kafka/kafka.h"
#include "kafka/producer.h"
#include "kafka/reader.h"
#include "model/drill.h"

enum {
    EXIT_MISSED = 1,
    EXIT_REFUSED = 65,
    EXIT_NO_ANSWER = 69,
    SIZE_DEFAULT = 60,
    RATE_DEFAULT = 20,
    WAIT_DEFAULT_MS = 60000,
    BEGIN_MS = 30000,
    BROKER_MS = 15000,
    CLOSE_MS = 5000,
    POLL_MS = 5,
    ID_BYTES = 32,
    TEXT_MAX_BYTES = 64 * 1024,
};

enum { SEEN_ID, SEEN_TYPE, SEEN_TARGET_ID, SEEN_TARGET, SEEN_ACTION, SEEN_RESULT, SEEN_COUNT };

// One drill under way.
struct going {
    const struct drill_arguments *args;
    const struct config *config;
    struct kafka_producer *producer;
    struct kafka_reader *reader;
    struct json_pointers *pointers;
    struct json_pointers *whole; // drill_result, as it came
    struct strbuf event;
    struct strbuf why;
    struct strbuf result;   // drill.completed's drill_result, as it came
    struct mono_time began; // the first message was handed over
    int64_t sent;
    int64_t failed;
    int64_t hold_seen_ms; // since then; -1 = not yet
    bool is_detected;
};

// --- what is seen -----------------------------------------------------------------------------

static bool is_ours(const struct going *going, const struct json_value *id)
{
    return id->kind == JSON_STRING &&
           json_string_equals(id, view_of(going->args->words.control_id));
}

static void look_at(struct going *going, struct view record)
{
    struct json_value seen[SEEN_COUNT];
    struct json_value result;
    if (json_scan(going->pointers, record, seen, NULL) != JSON_FINE) {
        return;
    }
    if (going->hold_seen_ms < 0 && is_ours(going, &seen[SEEN_TARGET_ID]) &&
            seen[SEEN_TARGET].kind == JSON_STRING &&
            json_string_equals(&seen[SEEN_TARGET], VIEW("campaign")) &&
            seen[SEEN_ACTION].kind == JSON_STRING &&
            json_string_equals(&seen[SEEN_ACTION], VIEW("hold"))) {
        going->hold_seen_ms = (clock_mono().ns - going->began.ns) / 1000000;
    }
    if (is_ours(going, &seen[SEEN_ID]) && seen[SEEN_TYPE].kind == JSON_STRING &&
            json_string_equals(&seen[SEEN_TYPE], VIEW("drill.completed")) &&
            seen[SEEN_RESULT].kind == JSON_STRING && going->result.n == 0 &&
            json_scan(going->whole, record, &result, NULL) == JSON_FINE) {
        going->is_detected = json_string_equals(&seen[SEEN_RESULT], VIEW("detected"));
        strbuf_add_view(&going->result, result.raw);
    }
}

static enum err poll_once(struct going *going)
{
    kafka_producer_poll(going->producer, 0);
    struct kafka_event event = {0};
    enum kafka_event_kind kind = kafka_reader_poll(going->reader, POLL_MS, &event);
    if (kind == KAFKA_MESSAGE) {
        if (!view_is_none(event.message->raw.value)) {
            look_at(going, event.message->raw.value);
        }
        kafka_reader_release(going->reader, event.message);
    } else if (kind == KAFKA_TROUBLE) {
        fprintf(stderr, "warning: reading alerts and commands: %s\n", event.trouble_text);
        return event.fatal ? event.trouble : ERR_NONE;
    }
    return ERR_NONE;
}

// A missed drill has no hold to be seen.
static bool is_over(const struct going *going)
{
    return going->result.n > 0 && (!going->is_detected || going->hold_seen_ms >= 0);
}

// --- what is sent -----------------------------------------------------------------------------

static void on_delivered(void *self, void *ticket, enum err err)
{
    (void)ticket;
    ((struct going *)self)->failed += err != ERR_NONE;
}

static enum err send_one(struct going *going)
{
    struct view id = view_of(going->args->words.control_id);
    const struct header headers[] = {{VIEW("wn.drill"), id}};
    strbuf_reset(&going->event);
    enum err e = drill_event_write(going->config, going->args->words.control_id,
            (uint32_t)going->sent, clock_wall().ms, &going->event, &going->why);
    if (e != ERR_NONE) {
        return e;
    }
    char key[2 * ID_BYTES];
    snprintf(key, sizeof key, "%s-%lld", going->args->words.control_id, (long long)going->sent + 1);
    const struct record record = {.topic = OUT_OUTBOUND,
            .partition = PARTITION_ANY,
            .key = view_of(key),
            .value = strbuf_view(&going->event),
            .headers = headers,
            .header_count = 1,
            .ticket = going};
    e = kafka_producer_send(going->producer, &record);
    going->sent += e == ERR_NONE;
    return e;
}

// Each at its time; what comes back meanwhile is looked at, so that a hold is seen when it is there.
static enum err send_all(struct going *going)
{
    enum err e = ERR_NONE;
    going->began = clock_mono();
    while (e == ERR_NONE && going->sent < going->args->size && !stop_is_requested()) {
        struct mono_time due = mono_after_ms(going->began, going->sent * 1000 / going->args->rate);
        e = mono_left_ms(clock_mono(), due) <= 0 ? send_one(going) : poll_once(going);
    }
    // Also those that come behind the hold.
    return e != ERR_NONE ? e : kafka_producer_flush(going->producer, BROKER_MS);
}

static enum err await_result(struct going *going)
{
    struct mono_time until = mono_after_ms(clock_mono(), going->args->wait_ms);
    enum err e = ERR_NONE;
    while (e == ERR_NONE && !is_over(going) && !stop_is_requested() &&
            mono_left_ms(clock_mono(), until) > 0) {
        e = poll_once(going);
    }
    return e;
}

// --- the way of one drill ---------------------------------------------------------------------

static enum err read_from_end(struct going *going, const char *topic)
{
    int32_t partitions = 0;
    enum err e = kafka_reader_partitions(going->reader, topic, BROKER_MS, &partitions);
    for (int32_t i = 0; i < partitions && e == ERR_NONE; i++) {
        int64_t low;
        int64_t high = 0;
        e = kafka_reader_ends(going->reader, topic, i, BROKER_MS, &low, &high);
        if (e == ERR_NONE) {
            e = kafka_reader_add(going->reader, topic, i, high);
        }
    }
    return e;
}

static enum err going_open(struct going *going)
{
    static const char *const pointers[SEEN_COUNT] = {[SEEN_ID] = "/drill_result/control_id",
            [SEEN_TYPE] = "/type",
            [SEEN_TARGET_ID] = "/target/id",
            [SEEN_TARGET] = "/target/kind",
            [SEEN_ACTION] = "/action",
            [SEEN_RESULT] = "/drill_result/result"};
    static const char *const whole[] = {"/drill_result"};
    const struct kafka_producer_options options = {.config = going->config,
            .client_id = "wrongnumber-drill",
            .on_delivered = on_delivered,
            .self = going};
    enum err e = json_pointers_create(&going->pointers, pointers, SEEN_COUNT, NULL);
    e = e != ERR_NONE ? e : json_pointers_create(&going->whole, whole, 1, NULL);
    e = e != ERR_NONE ? e : kafka_producer_create(&going->producer, &options, &going->why);
    e = e != ERR_NONE ? e : kafka_reader_create(&going->reader, going->config, &going->why);
    e = e != ERR_NONE ? e : read_from_end(going, going->config->topics.commands);
    return e != ERR_NONE ? e : read_from_end(going, going->config->topics.alerts);
}

// Begins it: a processor has to say that it knows of it before anything is sent.
static enum err begin(struct going *going, int *ret_status)
{
    struct control_keys *keys = NULL;
    struct strbuf texts[3]; // the record, its key, its outcome
    for (unsigned i = 0; i < 3; i++) {
        strbuf_init(&texts[i], TEXT_MAX_BYTES);
    }
    enum err e = control_keys_load(&keys, going->config->control.key_file,
            going->config->control.previous_key_file, &going->why);
    if (e == ERR_NONE) {
        const struct control_record_options options = {.keys = keys, .now_ms = clock_wall().ms};
        e = control_record_write(&going->args->words, &options, &texts[0], &texts[1], &going->why);
    }
    enum control_answer answer = ANSWER_NONE;
    if (e == ERR_NONE) {
        const struct control_sending sending = {.config = going->config,
                .record = strbuf_view(&texts[0]),
                .key = strbuf_view(&texts[1]),
                .control_id = view_of(going->args->words.control_id),
                .is_of_tenant = true,
                .wait_ms = going->args->answer_ms};
        e = control_send(&sending, &texts[2], &answer);
    }
    if (e == ERR_NONE && answer != ANSWER_APPLIED) {
        fprintf(stderr, "no message was sent: %s %.*s\n",
                answer == ANSWER_NONE ? "no processor has answered" : "the drill was refused:",
                VIEW_ARGS(strbuf_view(&texts[2])));
        *ret_status = answer == ANSWER_NONE ? EXIT_NO_ANSWER : EXIT_REFUSED;
    }
    for (unsigned i = 0; i < 3; i++) {
        strbuf_fini(&texts[i]);
    }
    control_keys_destroy(keys);
    return e;
}

// Whoever runs the drill knows by then: the processor says `missed` only after five minutes.
static bool is_missed(const struct going *going)
{
    return going->result.n > 0 ? !going->is_detected : going->hold_seen_ms < 0;
}

static void explain_result(const struct going *going)
{
    if (going->failed > 0) {
        fprintf(stderr, "warning: %lld messages of it were not written\n",
                (long long)going->failed);
    }
    if (is_missed(going)) {
        fprintf(stderr,
                "missed: %lld messages were sent, and no hold stood on topics.commands in time; "
                "see "
                "the\n"
                "processor's status page and log\n",
                (long long)going->sent);
    } else if (!is_over(going)) {
        fprintf(stderr,
                "%lld messages were sent; hold on topics.commands: %s; drill.completed on "
                "topics.alerts: %s\n",
                (long long)going->sent, going->hold_seen_ms >= 0 ? "seen" : "none in time",
                going->result.n > 0 ? "seen" : "none in time");
    }
}

static enum err print_result(const struct going *going, int *ret_status)
{
    explain_result(going);
    *ret_status = is_missed(going) ? EXIT_MISSED : is_over(going) ? 0 : EXIT_NO_ANSWER;
    char seen[32] = "null";
    if (going->hold_seen_ms >= 0) {
        snprintf(seen, sizeof seen, "%lld", (long long)going->hold_seen_ms);
    }
    struct view result = going->result.n > 0 ? strbuf_view(&going->result) : VIEW("null");
    int n = printf("{\"drill_result\":%.*s,\"sent\":%lld,\"hold_seen_ms\":%s}\n", VIEW_ARGS(result),
            (long long)going->sent, seen);
    return n > 0 && fflush(stdout) == 0 ? ERR_NONE : ERR_IO;
}

static enum err drill_it(struct going *going, int *ret_status)
{
    // That messages can be built is seen before anybody is told of a drill.
    enum err e = drill_event_write(going->config, going->args->words.control_id, 0, clock_wall().ms,
            &going->event, &going->why);
    if (e == ERR_NONE && policy_watched(&going->config->policy, VIEW("collection")) == NULL) {
        strbuf_add_text(
                &going->why, "policy.watched has no purpose `collection`, which a drill has");
        e = ERR_DATA;
    }
    e = e != ERR_NONE ? e : going_open(going);
    e = e != ERR_NONE ? e : begin(going, ret_status);
    if (e != ERR_NONE || *ret_status != 0) {
        return e;
    }
    e = send_all(going);
    e = e != ERR_NONE ? e : await_result(going);
    return e != ERR_NONE ? e : print_result(going, ret_status);
}

static int run_drill(const struct drill_arguments *args)
{
    struct config *config = NULL;
    enum err e = options_load_config(&args->options, &config);
    if (e != ERR_NONE) {
        return err_exit_status(e);
    }
    log_setup(config->log.format, config->log.level == LOG_DEBUG ? LOG_DEBUG : LOG_WARN);
    stop_on_signals();
    struct going going = {.args = args, .config = config, .hold_seen_ms = -1};
    struct strbuf *const texts[] = {&going.event, &going.why, &going.result};
    for (unsigned i = 0; i < 3; i++) {
        strbuf_init(texts[i], TEXT_MAX_BYTES);
    }
    int status = 0;
    e = drill_it(&going, &status);
    if (e != ERR_NONE) {
        fprintf(stderr, "wrongnumber drill: %s%s%.*s\n", err_text(e), going.why.n > 0 ? ": " : "",
                VIEW_ARGS(strbuf_view(&going.why)));
    }
    if (going.producer != NULL) {
        (void)kafka_producer_close(going.producer, CLOSE_MS); // the process ends anyway
    }
    (void)kafka_reader_destroy(going.reader, CLOSE_MS);
    json_pointers_destroy(going.pointers);
    json_pointers_destroy(going.whole);
    for (unsigned i = 0; i < 3; i++) {
        strbuf_fini(texts[i]);
    }
    config_destroy(config);
    return e != ERR_NONE ? err_exit_status(e) : status;
}

int command_drill(int argc, char **argv)
{
    uint64_t random;
    char id[ID_BYTES] = "drill-";
    struct drill_arguments args = {.words = {.action = CONTROL_DRILL,
                                           .control_id = id,
                                           .scope_kind = "campaign",
                                           .scope_id = id,
                                           .tenant = DRILL_TENANT},
            .size = SIZE_DEFAULT,
            .rate = RATE_DEFAULT,
            .wait_ms = WAIT_DEFAULT_MS,
            .answer_ms = BEGIN_MS};
    const char *wrong = drill_arguments_parse(&args, argc, argv);
    if (wrong != NULL) {
        fprintf(stderr, "%s%s%sTry `wrongnumber drill --help`.\n",
                wrong[0] != '\0' ? "wrongnumber drill: " : "", wrong, wrong[0] != '\0' ? "\n" : "");
        return err_exit_status(ERR_USAGE);
    }
    if (args.options.helps) {
        drill_print_usage(stdout);
        return 0;
    }
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return err_exit_status(ERR_UNAVAILABLE);
    }
    snprintf(id, sizeof id, "drill-%016llx", (unsigned long long)random);
    return run_drill(&args);
}
