#include "bench/live_ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/score_read.h"
#include "common/json_scan.h"
#include "common/line_reader.h"
#include "decode/decode.h"

enum {
    LINE_MAX_BYTES = 16 * 1024 * 1024,
    SCRATCH_BYTES = 32 * 1024 * 1024,
    PATH_MAX_BYTES = 4096,
    EVENTS_MAX = 1 << 30,
};
enum { COMMAND_ACTION, COMMAND_KIND, COMMAND_ID, COMMAND_TENANT, COMMAND_FIELDS };

// --- what is to come --------------------------------------------------------------------------

static enum err keep_scopes(struct live_incident *incident, const struct event *ev)
{
    const struct view ids[SCOPE_KIND_COUNT] = {
            [SCOPE_CAMPAIGN] = ev->campaign_id,
            [SCOPE_TEMPLATE] = ev->template_id,
            [SCOPE_SENDER] = ev->sender_id,
            [SCOPE_VENDOR] = ev->vendor_id,
            [SCOPE_TENANT] = event_scope_tenant(ev),
    };
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (!view_is_none(ids[kind])) {
            incident->scopes[kind] = view_dup(ids[kind]);
            if (incident->scopes[kind] == NULL) {
                return ERR_NO_MEMORY;
            }
        }
    }
    return ERR_NONE;
}

static bool is_misdirected(const struct live_ledger *ledger, uint32_t label)
{
    return label != SCORE_NONE && ledger->data.labels[label].expected == VERDICT_MISDIRECTED;
}

// Takes the next event: what it is about, and whether it begins an incident.
static enum err take_event(
        struct live_ledger *ledger, const struct decoder *decoder, struct view text)
{
    if (ledger->events == ledger->events_room) {
        uint64_t room = ledger->events_room + ledger->events_room / 2 + 1024;
        uint32_t *grown = realloc(ledger->labels, room * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        ledger->labels = grown;
        ledger->events_room = room;
    }
    const struct raw_message raw = {.topic = VIEW("day"), .timestamp_ms = -1, .value = text};
    struct event ev;
    struct decode_failure failure;
    arena_reset(ledger->scratch);
    uint32_t label = SCORE_NONE;
    if (decode_event(decoder, &raw, ledger->scratch, &ev, &failure) == DECODE_EVENT) {
        label = hashmap_find(ledger->data.label_ids, ev.message_id);
    }
    ledger->labels[ledger->events++] = label;
    ledger->event_bytes += text.n;
    ledger->unlabelled += label == SCORE_NONE;
    uint32_t incident =
            is_misdirected(ledger, label) ? ledger->data.labels[label].incident : SCORE_NONE;
    if (incident == SCORE_NONE || ledger->incidents[incident].first != SCORE_NONE) {
        return ERR_NONE;
    }
    ledger->incidents[incident].first = label;
    return keep_scopes(&ledger->incidents[incident], &ev);
}

static enum err read_events(struct live_ledger *ledger, const char *path,
        const struct decoder *decoder, uint64_t most, struct strbuf *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        strbuf_printf(why, "%s: %s", path, strerrordesc_np(errno));
        return ERR_NO_INPUT;
    }
    struct line_reader *lines = NULL;
    enum err e = line_reader_create(&lines, fd, LINE_MAX_BYTES);
    struct line line;
    bool has_line = e == ERR_NONE;
    most = most < EVENTS_MAX ? most : EVENTS_MAX;
    while (e == ERR_NONE && has_line && ledger->events < most) {
        e = line_reader_next(lines, &line, &has_line);
        if (e == ERR_NONE && has_line && json_skip_space(line.text).n > 0) {
            e = take_event(ledger, decoder, line.text);
        }
    }
    line_reader_destroy(lines);
    close(fd);
    if (e == ERR_NONE && ledger->events == ledger->unlabelled) {
        strbuf_printf(why, "%s: no event here has a label", path);
        return ERR_DATA;
    }
    return e;
}

static enum err make_rows(struct live_ledger *ledger)
{
    static const char *const pointers[COMMAND_FIELDS] = {
            "/action", "/target/kind", "/target/id", "/target/tenant_id"};
    const struct score_data *data = &ledger->data;
    ledger->incidents = calloc(data->incident_count + 1, sizeof *ledger->incidents);
    ledger->due_ns = calloc(data->label_count + 1, sizeof *ledger->due_ns);
    ledger->held_ns = calloc(data->label_count + 1, sizeof *ledger->held_ns);
    if (ledger->incidents == NULL || ledger->due_ns == NULL || ledger->held_ns == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < data->incident_count; i++) {
        ledger->incidents[i].first = SCORE_NONE;
    }
    return json_pointers_create(&ledger->command, pointers, COMMAND_FIELDS, NULL);
}

static enum err read_truth(struct live_ledger *ledger, const char *day, struct strbuf *why)
{
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s/scenario.json", day);
    enum err e = score_read_scenario(&ledger->data, path, why);
    if (e != ERR_NONE) {
        return e;
    }
    snprintf(path, sizeof path, "%s/labels.ndjson", day);
    const struct score_source labels = {.path = path};
    return score_read_labels(&ledger->data, &labels, why);
}

enum err live_ledger_begin(struct live_ledger *ledger, const char *day, char *const *fields,
        uint64_t most, struct strbuf *why)
{
    *ledger = (struct live_ledger){.scratch = arena_create(SCRATCH_BYTES)};
    struct decoder *decoder = NULL;
    const char *pointers[FIELD_COUNT];
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        pointers[i] = fields[i];
    }
    enum err e = ledger->scratch == NULL ? ERR_NO_MEMORY : score_data_init(&ledger->data);
    e = e != ERR_NONE ? e : read_truth(ledger, day, why);
    e = e != ERR_NONE ? e : make_rows(ledger);
    e = e != ERR_NONE ? e : decoder_create(&decoder, pointers, NULL);
    if (e == ERR_NONE) {
        char path[PATH_MAX_BYTES];
        snprintf(path, sizeof path, "%s/events.ndjson", day);
        e = read_events(ledger, path, decoder, most, why);
    }
    decoder_destroy(decoder);
    return e;
}

void live_ledger_fini(struct live_ledger *ledger)
{
    for (uint32_t i = 0; ledger->incidents != NULL && i < ledger->data.incident_count; i++) {
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            free(ledger->incidents[i].scopes[kind]);
        }
    }
    json_pointers_destroy(ledger->command);
    arena_destroy(ledger->scratch);
    free(ledger->incidents);
    free(ledger->labels);
    free(ledger->due_ns);
    free(ledger->held_ns);
    score_data_fini(&ledger->data);
    *ledger = (struct live_ledger){0};
}

// --- what is seen -----------------------------------------------------------------------------

struct view live_ledger_key(const struct live_ledger *ledger, uint64_t i)
{
    uint32_t label = ledger->labels[i];
    return label != SCORE_NONE ? hashmap_key(ledger->data.label_ids, label) : VIEW_NONE;
}

void live_ledger_sent(struct live_ledger *ledger, uint64_t i, int64_t due_ns)
{
    uint32_t label = ledger->labels[i];
    if (label != SCORE_NONE && ledger->due_ns[label] == 0) {
        ledger->due_ns[label] = due_ns;
    }
}

static void see_message(struct live_ledger *ledger, struct view id, int64_t now_ns)
{
    uint32_t label = hashmap_find(ledger->data.label_ids, id);
    ledger->holds++;
    if (label == HASHMAP_ABSENT) {
        ledger->foreign++;
    } else if (ledger->held_ns[label] != 0) {
        ledger->repeated++;
    } else {
        ledger->held_ns[label] = now_ns;
        ledger->unexpected += !is_misdirected(ledger, label);
    }
}

static void see_scope(struct live_ledger *ledger, enum scope_kind kind, struct view id,
        struct view tenant_id, int64_t now_ns)
{
    ledger->scope_holds++;
    for (uint32_t i = 0; i < ledger->data.incident_count; i++) {
        struct live_incident *incident = &ledger->incidents[i];
        const char *own = incident->scopes[kind];
        if (incident->seen_ns == 0 && own != NULL && view_is(id, own) &&
                (kind == SCOPE_TENANT || view_is(tenant_id, incident->scopes[SCOPE_TENANT]))) {
            incident->seen_ns = now_ns;
            incident->seen_kind = kind;
        }
    }
}

void live_ledger_command(struct live_ledger *ledger, struct view record, int64_t now_ns)
{
    struct json_value seen[COMMAND_FIELDS];
    if (json_scan(ledger->command, record, seen, NULL) != JSON_FINE ||
            seen[COMMAND_ACTION].kind != JSON_STRING ||
            !json_string_equals(&seen[COMMAND_ACTION], VIEW("hold")) ||
            seen[COMMAND_KIND].kind != JSON_STRING || seen[COMMAND_ID].kind != JSON_STRING) {
        return;
    }
    arena_reset(ledger->scratch);
    struct view id = json_string_take(&seen[COMMAND_ID], ledger->scratch);
    struct view tenant_id = seen[COMMAND_TENANT].kind == JSON_STRING
                                    ? json_string_take(&seen[COMMAND_TENANT], ledger->scratch)
                                    : VIEW_NONE;
    if (json_string_equals(&seen[COMMAND_KIND], VIEW("message"))) {
        see_message(ledger, id, now_ns);
        return;
    }
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (json_string_equals(&seen[COMMAND_KIND], view_of(scope_kind_names[kind]))) {
            see_scope(ledger, (enum scope_kind)kind, id, tenant_id, now_ns);
        }
    }
}

// --- what has come of it ----------------------------------------------------------------------

void live_ledger_holds(const struct live_ledger *ledger, int64_t from_ns, struct live_holds *ret)
{
    *ret = (struct live_holds){0};
    for (uint32_t i = 0; i < ledger->data.label_count; i++) {
        int64_t due_ns = ledger->due_ns[i];
        if (due_ns == 0 || !is_misdirected(ledger, i)) {
            continue;
        }
        ret->expected++;
        ret->matched += ledger->held_ns[i] != 0;
        if (ledger->held_ns[i] != 0 && due_ns >= from_ns) {
            latency_add(&ret->latency, ledger->held_ns[i] - due_ns);
        }
    }
}

struct live_stop live_ledger_stop(const struct live_ledger *ledger, uint32_t incident)
{
    struct live_stop stop = {.latency_ns = -1};
    int64_t seen_ns = ledger->incidents[incident].seen_ns;
    for (uint32_t i = 0; i < ledger->data.label_count; i++) {
        int64_t due_ns = ledger->due_ns[i];
        if (due_ns == 0 || ledger->data.labels[i].incident != incident ||
                !is_misdirected(ledger, i)) {
            continue;
        }
        stop.misdirected++;
        stop.escaped += seen_ns == 0 || due_ns < seen_ns;
        stop.first_ns = stop.first_ns == 0 || due_ns < stop.first_ns ? due_ns : stop.first_ns;
    }
    if (seen_ns != 0 && stop.first_ns != 0) {
        stop.latency_ns = seen_ns > stop.first_ns ? seen_ns - stop.first_ns : 0;
    }
    return stop;
}
