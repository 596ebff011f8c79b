// The scenario: what was planted. One JSON text, on however many lines.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/score_read.h"

enum { SCENARIO_MAX_BYTES = 256 * 1024 * 1024 };

struct scenario {
    const char *path;
    struct strbuf text;
    struct json_pointers *pointers;
    struct arena *scratch;
    struct strbuf *why;
};

enum {
    FIELD_ID,
    FIELD_KIND,
    FIELD_CAUSE,
    FIELD_CLASS,
    FIELD_SCOPE_KIND,
    FIELD_SCOPE_ID,
    FIELD_SCOPE_TENANT,
    FIELD_FIRST,
    FIELD_LAST,
    FIELD_RATE,
    FIELD_SCOPE_RATE,
    FIELD_HEALTHY_RATE,
    FIELD_LAG,
    FIELD_COUNT
};
static const char *const incident_pointers[FIELD_COUNT] = {"/id", "/kind", "/cause", "/class",
        "/scope/kind", "/scope/id", "/scope/tenant_id", "/first_message_id", "/last_message_id",
        "/rate", "/scope_rate", "/healthy_rate", "/healthy_lag"};

void score_scenario_path(char *ret_path, size_t path_bytes, const char *labels, const char *given)
{
    const char *slash = strrchr(labels, '/');
    int folder_bytes = slash != NULL ? (int)(slash + 1 - labels) : 0;
    if (given != NULL) {
        snprintf(ret_path, path_bytes, "%s", given);
    } else {
        snprintf(ret_path, path_bytes, "%.*sscenario.json", folder_bytes, labels);
    }
}

static enum err fault(struct scenario *scenario, const char *at, const char *what)
{
    unsigned long long line = 1;
    for (const char *p = scenario->text.p; p < at; p++) {
        line += *p == '\n';
    }
    strbuf_printf(scenario->why, "%s:%llu: %s", scenario->path, line, what);
    return ERR_DATA;
}

static enum err read_text(struct scenario *scenario)
{
    FILE *file = fopen(scenario->path, "re");
    size_t n = 1;
    while (file != NULL && n > 0) {
        char *room = strbuf_room(&scenario->text, 65536);
        n = room != NULL ? fread(room, 1, 65536, file) : 0;
        strbuf_grown(&scenario->text, n);
    }
    bool failed = file == NULL || ferror(file) != 0;
    if (failed) {
        strbuf_printf(scenario->why, "%s: %s", scenario->path, strerror(errno));
    }
    if (file != NULL) {
        fclose(file);
    }
    return failed ? ERR_NO_INPUT : scenario->text.failed;
}

// A name that lives on; `otherwise` where the member is absent or no string.
static enum err keep_name(struct score_data *data, struct scenario *scenario,
        const struct json_value *value, struct view otherwise, struct view *ret_name)
{
    *ret_name = otherwise;
    if (value->kind != JSON_STRING) {
        return ERR_NONE;
    }
    struct view text = json_string_take(value, scenario->scratch);
    return view_is_none(text) ? ERR_NO_MEMORY : score_name(data, text, ret_name);
}

static enum err take_scope(struct score_data *data, struct scenario *scenario,
        const struct json_value *values, struct score_incident *incident)
{
    const struct json_value *kind_value = &values[FIELD_SCOPE_KIND];
    unsigned kind = 0;
    while (kind < SCOPE_KIND_COUNT &&
            !(kind_value->kind == JSON_STRING &&
                    json_string_equals(kind_value, view_of(scope_kind_names[kind])))) {
        kind++;
    }
    if (kind == SCOPE_KIND_COUNT) {
        return ERR_DATA;
    }
    struct view id;
    struct view tenant;
    enum err e = keep_name(data, scenario, &values[FIELD_SCOPE_ID], VIEW_NONE, &id);
    if (e == ERR_NONE) {
        e = keep_name(data, scenario, &values[FIELD_SCOPE_TENANT],
                kind == SCOPE_TENANT ? id : VIEW_NONE, &tenant);
    }
    if (e == ERR_NONE && view_is_none(id) && kind != SCOPE_TENANT) {
        return ERR_DATA;
    }
    if (e == ERR_NONE) {
        e = score_scope_of(data, (enum scope_kind)kind, tenant, id, &incident->scope);
    }
    return e == ERR_NONE ? score_scope_of(data, SCOPE_TENANT, tenant, VIEW_NONE, &incident->tenant)
                         : e;
}

static enum err add_incident(
        struct score_data *data, struct scenario *scenario, struct view element)
{
    struct json_value values[FIELD_COUNT];
    if (json_scan(scenario->pointers, element, values, NULL) != JSON_FINE) {
        return fault(scenario, element.p, "an incident is no JSON object");
    }
    struct score_incident incident = {
            .rate = json_double_read(
                    &values[values[FIELD_SCOPE_RATE].kind == JSON_NUMBER ? FIELD_SCOPE_RATE
                                                                         : FIELD_RATE]),
            .healthy_rate = json_double_read(&values[FIELD_HEALTHY_RATE]),
    };
    enum err e = keep_name(data, scenario, &values[FIELD_ID], VIEW_NONE, &incident.id);
    if (e == ERR_NONE) {
        e = keep_name(data, scenario, &values[FIELD_KIND], VIEW("unknown"), &incident.kind);
    }
    if (e == ERR_NONE) {
        e = keep_name(data, scenario, &values[FIELD_CAUSE], incident.kind, &incident.cause);
    }
    if (e == ERR_NONE) {
        e = keep_name(data, scenario, &values[FIELD_CLASS], incident.kind, &incident.class);
    }
    if (e == ERR_NONE) {
        e = keep_name(data, scenario, &values[FIELD_FIRST], VIEW_NONE, &incident.first_id);
    }
    if (e == ERR_NONE) {
        e = keep_name(data, scenario, &values[FIELD_LAST], VIEW_NONE, &incident.last_id);
    }
    if (e == ERR_NONE && view_is_none(incident.id)) {
        return fault(scenario, element.p, "an incident has no id");
    }
    if (e == ERR_NONE && hashmap_find(data->incident_ids, incident.id) != HASHMAP_ABSENT) {
        return fault(scenario, element.p, "two incidents have the same id");
    }
    if (e == ERR_NONE) {
        e = take_scope(data, scenario, values, &incident);
        if (e == ERR_DATA) {
            return fault(scenario, element.p, "an incident has no scope {kind, id, tenant_id}");
        }
    }
    incident.is_lag = values[FIELD_LAG].kind == JSON_TRUE ||
                      (values[FIELD_LAG].kind == JSON_ABSENT && view_is(incident.kind, "feed_lag"));
    struct score_incident *incidents = e != ERR_NONE
                                               ? NULL
                                               : score_grown(data->incidents, data->incident_count,
                                                         &data->incident_room, sizeof *incidents);
    if (incidents == NULL) {
        return e != ERR_NONE ? e : ERR_NO_MEMORY;
    }
    data->incidents = incidents;
    incidents[data->incident_count] = incident;
    return hashmap_put(data->incident_ids, incident.id, data->incident_count++);
}

static enum err add_negative(
        struct score_data *data, struct scenario *scenario, struct view element)
{
    struct json_value values[FIELD_COUNT];
    if (json_scan(scenario->pointers, element, values, NULL) != JSON_FINE) {
        return fault(scenario, element.p, "a negative is no JSON object");
    }
    struct score_incident like = {0};
    struct score_negative negative;
    enum err e = keep_name(data, scenario, &values[FIELD_KIND], VIEW("unknown"), &negative.kind);
    if (e == ERR_NONE) {
        e = take_scope(data, scenario, values, &like);
    }
    if (e == ERR_DATA) {
        return fault(scenario, element.p, "a negative has no scope {kind, id, tenant_id}");
    }
    struct score_negative *negatives = e != ERR_NONE
                                               ? NULL
                                               : score_grown(data->negatives, data->negative_count,
                                                         &data->negative_room, sizeof *negatives);
    if (negatives == NULL) {
        return e != ERR_NONE ? e : ERR_NO_MEMORY;
    }
    negative.scope = like.scope;
    data->negatives = negatives;
    negatives[data->negative_count++] = negative;
    return ERR_NONE;
}

static enum err add_each(struct score_data *data, struct scenario *scenario,
        const struct json_value *array,
        enum err (*add)(struct score_data *, struct scenario *, struct view))
{
    struct view rest = array->raw;
    struct json_value element;
    enum err e = ERR_NONE;
    while (e == ERR_NONE && json_array_take(&rest, &element)) {
        arena_reset(scenario->scratch);
        e = element.kind == JSON_OBJECT ? add(data, scenario, element.raw)
                                        : fault(scenario, element.raw.p, "it is no JSON object");
    }
    return e;
}

static enum err read_members(struct score_data *data, struct scenario *scenario)
{
    enum { INCIDENTS, NEGATIVES, CLASS, MEMBERS };
    static const char *const pointers[MEMBERS] = {"/incidents", "/negatives", "/class"};
    struct json_pointers *outer;
    enum err e = json_pointers_create(&outer, pointers, MEMBERS, NULL);
    if (e != ERR_NONE) {
        return e;
    }
    struct json_value values[MEMBERS] = {{0}};
    size_t offset = 0;
    struct view text = json_skip_bom(strbuf_view(&scenario->text));
    enum json_fault json = json_scan(outer, text, values, &offset);
    json_pointers_destroy(outer);
    if (json != JSON_FINE) {
        return fault(scenario, text.p + offset, "no JSON");
    }
    if (values[INCIDENTS].kind != JSON_ARRAY || values[INCIDENTS].duplicate) {
        return fault(scenario, text.p, "there is no array of incidents");
    }
    e = keep_name(data, scenario, &values[CLASS], VIEW_NONE, &data->class);
    if (e == ERR_NONE) {
        e = add_each(data, scenario, &values[INCIDENTS], add_incident);
    }
    if (e == ERR_NONE && values[NEGATIVES].kind == JSON_ARRAY) {
        e = add_each(data, scenario, &values[NEGATIVES], add_negative);
    }
    return e;
}

enum err score_read_scenario(struct score_data *data, const char *path, struct strbuf *why)
{
    struct scenario scenario = {.path = path, .why = why};
    strbuf_init(&scenario.text, SCENARIO_MAX_BYTES);
    scenario.scratch = arena_create(1 << 20);
    enum err e = scenario.scratch != NULL ? ERR_NONE : ERR_NO_MEMORY;
    if (e == ERR_NONE) {
        e = json_pointers_create(&scenario.pointers, incident_pointers, FIELD_COUNT, NULL);
    }
    if (e == ERR_NONE) {
        e = read_text(&scenario);
    }
    if (e == ERR_NONE) {
        e = read_members(data, &scenario);
    }
    json_pointers_destroy(scenario.pointers);
    arena_destroy(scenario.scratch);
    strbuf_fini(&scenario.text);
    return e;
}
