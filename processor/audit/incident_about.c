#include "audit/incident_about.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/hashmap.h"
#include "common/json_scan.h"

#define NEVER_MS INT64_MAX
#define NO_TARGET UINT32_MAX
enum { KEY_MAX_BYTES = 16 * 1024 };

// Of an alert (scope) and of a command (target) alike, and what only one of them has.
enum field {
    SCOPE_KIND,
    SCOPE_ID,
    SCOPE_TENANT,
    SCOPE_CHANNEL,
    TARGET_KIND,
    TARGET_ID,
    TARGET_TENANT,
    TARGET_CHANNEL,
    CHANGE_POINT,
    ISSUED,
    EXPIRES,
    MESSAGE,
    FIELD_COUNT,
};
static const char *const pointers[FIELD_COUNT] = {"/scope/kind", "/scope/id", "/scope/tenant_id",
        "/scope/channel", "/target/kind", "/target/id", "/target/tenant_id", "/target/channel",
        "/evidence/change_point/occurred_at", "/issued_at", "/expires_at", "/message"};

// Of what a message is of.
enum part { PART_CAMPAIGN, PART_TEMPLATE, PART_SENDER, PART_VENDOR, PART_CHANNEL, PART_COUNT };

struct incident {
    int64_t since_ms;
    int64_t until_ms;
};

// A scope of an incident; those of the same name are a chain.
struct target {
    uint32_t incident;
    uint32_t next;
};

struct incident_about {
    bool (*is_wanted)(void *self, struct view incident_id);
    void *self;
    struct json_pointers *fields;
    struct hashmap *by_id;    // incidents
    struct hashmap *by_scope; // the first of a chain: an index of `chains`
    struct incident *incidents;
    struct target *targets;
    uint32_t target_count;
    uint32_t *chains;
    struct strbuf key;
};

enum err incident_about_create(struct incident_about **ret_about,
        bool (*is_wanted)(void *self, struct view incident_id), void *self)
{
    struct incident_about *about = calloc(1, sizeof *about);
    if (about == NULL) {
        return ERR_NO_MEMORY;
    }
    about->is_wanted = is_wanted;
    about->self = self;
    about->by_id = hashmap_create(ABOUT_INCIDENTS_MAX);
    about->by_scope = hashmap_create(ABOUT_TARGETS_MAX);
    about->incidents = calloc(ABOUT_INCIDENTS_MAX, sizeof *about->incidents);
    about->targets = calloc(ABOUT_TARGETS_MAX, sizeof *about->targets);
    about->chains = calloc(ABOUT_TARGETS_MAX, sizeof *about->chains);
    strbuf_init(&about->key, KEY_MAX_BYTES);
    bool is_whole = about->by_id != NULL && about->by_scope != NULL && about->incidents != NULL &&
                    about->targets != NULL && about->chains != NULL;
    enum err e = is_whole ? json_pointers_create(&about->fields, pointers, FIELD_COUNT, NULL)
                          : ERR_NO_MEMORY;
    if (e != ERR_NONE) {
        incident_about_destroy(about);
        return e;
    }
    *ret_about = about;
    return ERR_NONE;
}

void incident_about_destroy(struct incident_about *about)
{
    if (about == NULL) {
        return;
    }
    if (about->fields != NULL) {
        json_pointers_destroy(about->fields);
    }
    hashmap_destroy(about->by_id);
    hashmap_destroy(about->by_scope);
    free(about->incidents);
    free(about->targets);
    free(about->chains);
    strbuf_fini(&about->key);
    free(about);
}

// All of it was written by one encoder: what is the same has the same bytes, escapes and all.
static struct view scope_key(struct incident_about *about, const char *kind, struct view tenant,
        struct view id, const struct json_value *channel)
{
    strbuf_reset(&about->key);
    strbuf_add_text(&about->key, kind);
    strbuf_add_byte(&about->key, '\n');
    strbuf_add_view(&about->key, tenant);
    strbuf_add_byte(&about->key, '\n');
    strbuf_add_view(&about->key, id);
    if (channel != NULL && channel->kind == JSON_STRING) {
        strbuf_add_byte(&about->key, '\n');
        strbuf_add_view(&about->key, channel->raw);
    }
    return about->key.failed == ERR_NONE ? strbuf_view(&about->key) : VIEW_NONE;
}

// --- what incidents are about ------------------------------------------------------------------

static enum err find_incident(
        struct incident_about *about, const struct audit_line *line, uint32_t *ret_incident)
{
    uint32_t at = hashmap_find(about->by_id, line->incident_id);
    if (at == HASHMAP_ABSENT) {
        at = hashmap_count(about->by_id);
        enum err e = hashmap_put(about->by_id, line->incident_id, at);
        if (e != ERR_NONE) {
            return e;
        }
        about->incidents[at] = (struct incident){.since_ms = line->at_ms, .until_ms = NEVER_MS};
    }
    *ret_incident = at;
    return ERR_NONE;
}

static enum err add_target(
        struct incident_about *about, uint32_t incident, const struct json_value *scope)
{
    static const char *const kinds[] = {"campaign", "template", "sender", "vendor", "tenant"};
    const char *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        kind = json_string_equals(&scope[0], view_of(kinds[i])) ? kinds[i] : kind;
    }
    if (kind == NULL || scope[1].kind != JSON_STRING || scope[2].kind != JSON_STRING) {
        return ERR_NONE;
    }
    struct view key = scope_key(about, kind, scope[2].raw, scope[1].raw, &scope[3]);
    if (view_is_none(key)) {
        return about->key.failed;
    }
    uint32_t chain = hashmap_find(about->by_scope, key);
    for (uint32_t at = chain != HASHMAP_ABSENT ? about->chains[chain] : NO_TARGET; at != NO_TARGET;
            at = about->targets[at].next) {
        if (about->targets[at].incident == incident) {
            return ERR_NONE;
        }
    }
    if (about->target_count == ABOUT_TARGETS_MAX) {
        return ERR_CEILING;
    }
    if (chain == HASHMAP_ABSENT) {
        chain = hashmap_count(about->by_scope);
        enum err e = hashmap_put(about->by_scope, key, chain);
        if (e != ERR_NONE) {
            return e;
        }
        about->chains[chain] = NO_TARGET;
    }
    about->targets[about->target_count] = (struct target){incident, about->chains[chain]};
    about->chains[chain] = about->target_count++;
    return ERR_NONE;
}

enum err incident_about_note(struct incident_about *about, const struct audit_line *line)
{
    struct json_value values[FIELD_COUNT];
    uint32_t at;
    int64_t ms;
    if ((line->kind != AUDIT_ALERT && line->kind != AUDIT_COMMAND) || view_is_none(line->record) ||
            view_is_none(line->incident_id) || !about->is_wanted(about->self, line->incident_id) ||
            json_scan(about->fields, line->record, values, NULL) != JSON_FINE) {
        return ERR_NONE;
    }
    enum err e = find_incident(about, line, &at);
    if (e != ERR_NONE) {
        return e;
    }
    struct incident *incident = &about->incidents[at];
    if (values[CHANGE_POINT].kind == JSON_STRING &&
            clock_parse_rfc3339(values[CHANGE_POINT].raw, &ms) == CLOCK_OK &&
            ms < incident->since_ms) {
        incident->since_ms = ms;
    }
    if (view_is(line->type, "incident.closed")) {
        incident->until_ms = line->at_ms;
    }
    const bool is_alert = line->kind == AUDIT_ALERT;
    return add_target(about, at, &values[is_alert ? SCOPE_KIND : TARGET_KIND]);
}

// --- what messages are of ----------------------------------------------------------------------

// What a command is about, first and last; the same time twice for what is of one moment.
struct span {
    int64_t from_ms;
    int64_t to_ms;
};

static bool is_within(const struct incident *incident, struct span span)
{
    return span.to_ms >= incident->since_ms && span.from_ms <= incident->until_ms;
}

static bool has_scope(struct incident_about *about, const char *kind, struct view tenant,
        struct view id, const struct json_value *channel, struct span span)
{
    struct view key = scope_key(about, kind, tenant, id, channel);
    uint32_t chain = !view_is_none(key) ? hashmap_find(about->by_scope, key) : HASHMAP_ABSENT;
    for (uint32_t at = chain != HASHMAP_ABSENT ? about->chains[chain] : NO_TARGET; at != NO_TARGET;
            at = about->targets[at].next) {
        if (is_within(&about->incidents[about->targets[at].incident], span)) {
            return true;
        }
    }
    return false;
}

// Of what does not say what it is of: whether an incident of its tenant is of that time.
static bool has_tenant(struct incident_about *about, struct view tenant, struct span span)
{
    for (uint32_t i = 0; i < hashmap_count(about->by_scope); i++) {
        struct view key = hashmap_key(about->by_scope, i);
        const char *begin = memchr(key.p, '\n', key.n);
        struct view rest = view_skip(key, (size_t)(begin + 1 - key.p));
        if (!view_starts_with(rest, tenant) || rest.p[tenant.n] != '\n') {
            continue;
        }
        for (uint32_t at = about->chains[i]; at != NO_TARGET; at = about->targets[at].next) {
            if (is_within(&about->incidents[about->targets[at].incident], span)) {
                return true;
            }
        }
    }
    return false;
}

static void read_message(struct view object, struct json_value *ret_parts)
{
    static const char *const names[PART_COUNT] = {
            "campaign_id", "template_id", "sender_id", "vendor_id", "channel"};
    struct json_value key;
    struct json_value value;
    memset(ret_parts, 0, PART_COUNT * sizeof *ret_parts);
    while (json_object_take(&object, &key, &value)) {
        for (size_t i = 0; i < PART_COUNT; i++) {
            if (view_is(key.raw, names[i])) {
                ret_parts[i] = value;
            }
        }
    }
}

static bool has_part(struct incident_about *about, const char *kind, struct view tenant,
        const struct json_value *id, const struct json_value *channel, struct span span)
{
    return id->kind == JSON_STRING &&
           (has_scope(about, kind, tenant, id->raw, NULL, span) ||
                   has_scope(about, kind, tenant, id->raw, channel, span));
}

enum about_answer incident_about_has(struct incident_about *about, const struct audit_line *line)
{
    struct json_value values[FIELD_COUNT];
    struct json_value parts[PART_COUNT];
    struct span span = {line->at_ms, line->at_ms};
    if (view_is_none(line->record) || hashmap_count(about->by_scope) == 0 ||
            json_scan(about->fields, line->record, values, NULL) != JSON_FINE ||
            values[TARGET_TENANT].kind != JSON_STRING) {
        return ABOUT_NO;
    }
    if (values[ISSUED].kind == JSON_STRING) {
        (void)clock_parse_rfc3339(values[ISSUED].raw, &span.from_ms);
    }
    span.to_ms = span.from_ms;
    if (json_string_equals(&values[TARGET_KIND], VIEW("recipient")) &&
            values[EXPIRES].kind == JSON_STRING &&
            clock_parse_rfc3339(values[EXPIRES].raw, &span.to_ms) == CLOCK_OK) {
        span.to_ms--; // it is over then
    }
    const struct json_value *tenant = &values[TARGET_TENANT];
    if (values[MESSAGE].kind != JSON_OBJECT) {
        return has_tenant(about, tenant->raw, span) ? ABOUT_MAYBE : ABOUT_NO;
    }
    read_message(values[MESSAGE].raw, parts);
    const struct {
        const char *kind;
        const struct json_value *id;
    } scopes[] = {{"campaign", &parts[PART_CAMPAIGN]}, {"template", &parts[PART_TEMPLATE]},
            {"sender", &parts[PART_SENDER]}, {"vendor", &parts[PART_VENDOR]}, {"tenant", tenant}};
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        if (has_part(
                    about, scopes[i].kind, tenant->raw, scopes[i].id, &parts[PART_CHANNEL], span)) {
            return ABOUT_YES;
        }
    }
    return ABOUT_NO;
}
