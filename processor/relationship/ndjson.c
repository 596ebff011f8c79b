#include "relationship/ndjson.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/json_scan.h"
#include "model/event.h"

enum line_field {
    LINE_RECIPIENT,
    LINE_KIND,
    LINE_DELETED,
    LINE_PARTIES,
    LINE_REASSIGNED,
    LINE_REASSIGNED_AT,
    LINE_OPTED_OUT,
    LINE_FIELD_COUNT,
};
static const char *const line_pointers[LINE_FIELD_COUNT] = {"/recipient", "/kind", "/deleted",
        "/parties", "/reassigned", "/reassigned_at", "/opted_out"};

enum party_field {
    PARTY_TENANT_ID,
    PARTY_LOAN_ID,
    PARTY_BORROWER_ID,
    PARTY_ROLE,
    PARTY_STATUS,
    PARTY_CLOSED_AT,
    PARTY_FIELD_COUNT,
};
static const char *const party_pointers[PARTY_FIELD_COUNT] = {
        "/tenant_id", "/loan_id", "/borrower_id", "/role", "/status", "/closed_at"};

struct ndjson {
    const char *default_region;
    struct json_pointers *line;
    struct json_pointers *party;
};

enum err ndjson_create(struct ndjson **ret_ndjson, const char *default_region)
{
    struct ndjson *ndjson = calloc(1, sizeof *ndjson);
    if (ndjson == NULL) {
        return ERR_NO_MEMORY;
    }
    ndjson->default_region = default_region;
    enum err e = json_pointers_create(&ndjson->line, line_pointers, LINE_FIELD_COUNT, NULL);
    if (e == ERR_NONE) {
        e = json_pointers_create(&ndjson->party, party_pointers, PARTY_FIELD_COUNT, NULL);
    }
    if (e != ERR_NONE) {
        ndjson_destroy(ndjson);
        return e;
    }
    *ret_ndjson = ndjson;
    return ERR_NONE;
}

void ndjson_destroy(struct ndjson *ndjson)
{
    if (ndjson != NULL) {
        json_pointers_destroy(ndjson->line);
        json_pointers_destroy(ndjson->party);
        free(ndjson);
    }
}

// --- values -----------------------------------------------------------------------------------

// A line on its way: where copies go and where the reason of a refusal is written.
struct reading {
    const struct ndjson *ndjson;
    struct arena *arena;
    struct strbuf *why;
};

// Says why and makes the line refused. `field` is a pointer such as "/role"; its slash is left out.
static enum err refuse(const struct reading *r, const char *field, const char *text)
{
    strbuf_add_text(r->why, field + 1);
    strbuf_add_byte(r->why, ' ');
    strbuf_add_text(r->why, text);
    return ERR_DATA;
}

static bool is_absent(const struct json_value *value)
{
    return value->kind == JSON_ABSENT || value->kind == JSON_NULL;
}

static enum err check_duplicates(const struct reading *r, const struct json_value *values,
        const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].duplicate) {
            return refuse(r, names[i], "is given twice");
        }
    }
    return ERR_NONE;
}

static enum err read_string(const struct reading *r, const char *field,
        const struct json_value *value, size_t max_bytes, struct view *ret_text)
{
    if (value->kind != JSON_STRING) {
        return refuse(r, field, "is no string");
    }
    if (value->has_nul_escape || value->has_lone_surrogate) {
        return refuse(r, field, "has \\u0000 or half a surrogate pair in it");
    }
    struct view text = json_string_take(value, r->arena);
    if (view_is_none(text)) {
        return ERR_CEILING;
    }
    if (text.n > max_bytes) {
        return refuse(r, field, "is too long");
    }
    *ret_text = text;
    return ERR_NONE;
}

// A string, or a whole number, which is taken by value. Absent leaves *ret_id, and so does
// an empty string, as in events: a message cannot name the tenant "".
static enum err read_id(const struct reading *r, const char *field, const struct json_value *value,
        struct view *ret_id)
{
    bool is_empty = value->kind == JSON_STRING && value->raw.n == 0;
    if (is_absent(value) || is_empty) {
        return ERR_NONE;
    }
    if (value->kind != JSON_NUMBER) {
        return read_string(r, field, value, ID_MAX_BYTES, ret_id);
    }
    int64_t number;
    if (json_integer_read(value->raw, &number) != JSON_INTEGER) {
        return refuse(r, field, "is a number, but no whole one within 2^53 - 1");
    }
    struct strbuf digits;
    strbuf_init(&digits, 32);
    strbuf_add_i64(&digits, number);
    enum err e = digits.failed;
    if (e == ERR_NONE) {
        struct view copy = arena_copy(r->arena, strbuf_view(&digits));
        e = view_is_none(copy) ? ERR_CEILING : ERR_NONE;
        *ret_id = copy;
    }
    strbuf_fini(&digits);
    return e;
}

// One of `words`, by index. Absent leaves *ret_index.
static enum err read_word(const struct reading *r, const char *field,
        const struct json_value *value, const char *const *words, unsigned count,
        unsigned *ret_index)
{
    if (is_absent(value)) {
        return ERR_NONE;
    }
    if (value->kind != JSON_STRING) {
        return refuse(r, field, "is no string");
    }
    for (unsigned i = 0; i < count; i++) {
        if (json_string_equals(value, view_of(words[i]))) {
            *ret_index = i;
            return ERR_NONE;
        }
    }
    strbuf_add_text(r->why, field + 1);
    strbuf_add_text(r->why, " is none of");
    for (unsigned i = 0; i < count; i++) {
        strbuf_printf(r->why, "%s %s", i == 0 ? "" : ",", words[i]);
    }
    return ERR_DATA;
}

// Absent leaves *ret_ms.
static enum err read_time(
        const struct reading *r, const char *field, const struct json_value *value, int64_t *ret_ms)
{
    if (is_absent(value)) {
        return ERR_NONE;
    }
    int64_t ms = 0;
    enum clock_parse parse = CLOCK_OK;
    if (value->kind == JSON_NUMBER) {
        bool is_whole = json_integer_read(value->raw, &ms) == JSON_INTEGER;
        parse = !is_whole               ? CLOCK_BAD_SYNTAX
                : clock_is_accepted(ms) ? CLOCK_OK
                                        : CLOCK_OUT_OF_RANGE;
    } else {
        struct view text;
        enum err e = read_string(r, field, value, ID_MAX_BYTES, &text);
        if (e != ERR_NONE) {
            return e;
        }
        parse = clock_parse_rfc3339(text, &ms);
    }
    if (parse != CLOCK_OK) {
        return refuse(r, field,
                parse == CLOCK_OUT_OF_RANGE
                        ? "is a time outside 2000-2100"
                        : "is no RFC 3339 time, no date and no epoch milliseconds");
    }
    *ret_ms = ms;
    return ERR_NONE;
}

// --- arrays -----------------------------------------------------------------------------------

static enum err read_opted_out(
        const struct reading *r, const struct json_value *value, struct relationship *rel)
{
    const char *field = line_pointers[LINE_OPTED_OUT];
    if (is_absent(value)) {
        return ERR_NONE;
    }
    if (value->kind != JSON_ARRAY) {
        return refuse(r, field, "is no array");
    }
    if (json_array_count(value->raw) > OPTED_OUT_MAX) {
        return refuse(r, field, "has more than 16 channels");
    }
    struct view rest = value->raw;
    struct json_value channel;
    while (json_array_take(&rest, &channel)) {
        struct view text;
        enum err e = read_string(r, field, &channel, NDJSON_CHANNEL_MAX_BYTES, &text);
        if (e != ERR_NONE) {
            return e;
        }
        if (text.n == 0) {
            return refuse(r, field, "has an empty channel in it");
        }
        bool is_there = false;
        for (uint16_t i = 0; i < rel->opted_out_count; i++) {
            is_there = is_there || view_equal(rel->opted_out[i], text);
        }
        if (!is_there) {
            rel->opted_out[rel->opted_out_count++] = text;
        }
    }
    return ERR_NONE;
}

static enum err read_party(
        const struct reading *r, const struct json_value *element, struct party *party)
{
    if (element->kind != JSON_OBJECT) {
        return refuse(r, line_pointers[LINE_PARTIES], "has an element that is no object");
    }
    struct json_value values[PARTY_FIELD_COUNT];
    if (json_scan(r->ndjson->party, element->raw, values, NULL) != JSON_FINE) {
        return ERR_INTERNAL;
    }
    enum err e = check_duplicates(r, values, party_pointers, PARTY_FIELD_COUNT);
    struct view *const ids[] = {&party->tenant_id, &party->loan_id, &(struct view){0}};
    for (size_t i = PARTY_TENANT_ID; e == ERR_NONE && i <= PARTY_BORROWER_ID; i++) {
        e = read_id(r, party_pointers[i], &values[i], ids[i]);
    }
    unsigned role = ROLE_BORROWER;
    unsigned status = STATUS_ACTIVE;
    if (e == ERR_NONE) {
        e = read_word(
                r, party_pointers[PARTY_ROLE], &values[PARTY_ROLE], role_names, ROLE_COUNT, &role);
    }
    if (e == ERR_NONE) {
        e = read_word(r, party_pointers[PARTY_STATUS], &values[PARTY_STATUS], status_names,
                STATUS_COUNT, &status);
    }
    party->role = (enum party_role)role;
    party->status = (enum loan_status)status;
    if (e == ERR_NONE) {
        e = read_time(
                r, party_pointers[PARTY_CLOSED_AT], &values[PARTY_CLOSED_AT], &party->closed_at_ms);
    }
    return e;
}

static enum err read_parties(
        const struct reading *r, const struct json_value *value, struct relationship *rel)
{
    const char *field = line_pointers[LINE_PARTIES];
    if (is_absent(value)) {
        return ERR_NONE;
    }
    if (value->kind != JSON_ARRAY) {
        return refuse(r, field, "is no array");
    }
    size_t count = json_array_count(value->raw);
    if (count > PARTY_MAX) {
        return refuse(r, field, "has more than 1000 elements");
    }
    struct party *parties = arena_take(r->arena, (count + 1) * sizeof *parties);
    if (parties == NULL) {
        return ERR_CEILING;
    }
    struct view rest = value->raw;
    struct json_value element;
    for (size_t i = 0; json_array_take(&rest, &element); i++) {
        parties[i] = (struct party){.closed_at_ms = TIME_NONE};
        enum err e = read_party(r, &element, &parties[i]);
        if (e != ERR_NONE) {
            return e;
        }
    }
    rel->parties = parties;
    rel->party_count = (uint16_t)count;
    return ERR_NONE;
}

// --- the line ---------------------------------------------------------------------------------

static enum err read_recipient(
        const struct reading *r, const struct json_value *values, struct recipient *ret_recipient)
{
    const char *field = line_pointers[LINE_RECIPIENT];
    struct view text = VIEW_NONE;
    unsigned kind = RECIPIENT_PHONE;
    enum err e = read_id(r, field, &values[LINE_RECIPIENT], &text);
    if (e == ERR_NONE) {
        e = read_word(r, line_pointers[LINE_KIND], &values[LINE_KIND], recipient_kind_names,
                RECIPIENT_INVALID, &kind);
    }
    if (e != ERR_NONE) {
        return e;
    }
    if (text.n == 0) {
        return refuse(r, field, "is missing");
    }
    *ret_recipient = recipient_normalise(
            text, (enum recipient_kind)kind, r->ndjson->default_region, r->arena);
    if (recipient_is_unread(ret_recipient)) {
        return ERR_NO_MEMORY;
    }
    if (ret_recipient->kind == RECIPIENT_INVALID) {
        return refuse(r, field, "is no possible phone number");
    }
    return ERR_NONE;
}

static enum err read_deleted(
        const struct reading *r, const struct json_value *value, bool *ret_deleted)
{
    if (!is_absent(value) && value->kind != JSON_TRUE && value->kind != JSON_FALSE) {
        return refuse(r, line_pointers[LINE_DELETED], "is neither true nor false");
    }
    *ret_deleted = value->kind == JSON_TRUE;
    return ERR_NONE;
}

static enum err read_line(
        const struct reading *r, const struct json_value *values, struct relationship *rel)
{
    unsigned reassigned = REASSIGNED_NO_DATA;
    enum err e = check_duplicates(r, values, line_pointers, LINE_FIELD_COUNT);
    if (e == ERR_NONE) {
        e = read_recipient(r, values, &rel->recipient);
    }
    if (e == ERR_NONE) {
        e = read_deleted(r, &values[LINE_DELETED], &rel->deleted);
    }
    if (e == ERR_NONE) {
        e = read_word(r, line_pointers[LINE_REASSIGNED], &values[LINE_REASSIGNED], reassigned_names,
                REASSIGNED_YES + 1, &reassigned);
    }
    rel->reassigned = (enum reassigned)reassigned;
    if (e == ERR_NONE) {
        e = read_time(r, line_pointers[LINE_REASSIGNED_AT], &values[LINE_REASSIGNED_AT],
                &rel->reassigned_at_ms);
    }
    if (e == ERR_NONE) {
        e = read_opted_out(r, &values[LINE_OPTED_OUT], rel);
    }
    if (e == ERR_NONE) {
        e = read_parties(r, &values[LINE_PARTIES], rel);
    }
    return e;
}

static const char *fault_text(enum json_fault fault)
{
    switch (fault) {
    case JSON_TOO_DEEP:
        return "nested deeper than 64";
    case JSON_BAD_UTF8:
        return "not UTF-8";
    case JSON_FINE:
    case JSON_NOT_JSON:
        break;
    }
    return "not JSON";
}

enum err ndjson_parse(const struct ndjson *ndjson, struct view line, struct arena *arena,
        struct relationship *ret_rel, struct strbuf *why)
{
    const struct reading r = {.ndjson = ndjson, .arena = arena, .why = why};
    struct json_value values[LINE_FIELD_COUNT];
    size_t offset;
    enum json_fault fault = json_scan(ndjson->line, line, values, &offset);
    if (fault != JSON_FINE) {
        strbuf_printf(why, "%s", fault_text(fault));
        if (fault == JSON_NOT_JSON) {
            strbuf_printf(why, " from byte %zu on", offset + 1);
        }
        return ERR_DATA;
    }
    if (json_skip_space(line).p[0] != '{') {
        strbuf_add_text(why, "no JSON object");
        return ERR_DATA;
    }
    struct relationship rel = {
            .reassigned = REASSIGNED_NO_DATA,
            .reassigned_at_ms = TIME_NONE,
    };
    enum err e = read_line(&r, values, &rel);
    if (e == ERR_NONE) {
        *ret_rel = rel;
    }
    return e;
}
