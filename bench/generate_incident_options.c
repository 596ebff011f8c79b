// KIND:key=value,… of an incident or a negative.
#include <stddef.h>

#include "bench/generate_options.h"
#include "common/json_out.h"

const char *const incident_kind_names[KIND_COUNT] = {"wrong_list", "closed_loans", "shifted_column",
        "number_walking", "feed_lag", "recycled_numbers", "unregistered_vendor", "leaked_list",
        "broad_rule"};
const char *const incident_shape_names[SHAPE_COUNT] = {
        "step", "burst", "ramp", "stop_and_go", "relapse", "leak"};
const char *const incident_spread_names[SPREAD_COUNT] = {
        "campaign", "template", "sender", "vendor", "tenant", "many_small"};
const char *const negative_kind_names[NEGATIVE_COUNT] = {
        "sorted_list", "double_volume", "mix_change", "two_of_five", "big_campaign", "new_vendor"};

#define RATE_UNSET UINT32_MAX
#define BEFORE_UNSET (UINT64_MAX - 1)

static const uint32_t default_rate_percent[KIND_COUNT] = {
        [KIND_WRONG_LIST] = 100,
        [KIND_CLOSED_LOANS] = 60,
        [KIND_SHIFTED_COLUMN] = 100,
        [KIND_NUMBER_WALKING] = 100,
        [KIND_FEED_LAG] = 20,
        [KIND_RECYCLED_NUMBERS] = 30,
        [KIND_UNREGISTERED_VENDOR] = 60,
        [KIND_LEAKED_LIST] = 100,
        [KIND_BROAD_RULE] = 50,
};

// --- values -----------------------------------------------------------------------------------

bool option_read_whole(struct view text, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint64_t digit = (uint64_t)(text.p[i] - '0');
        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return text.n > 0;
}

bool option_read_share(struct view text, uint32_t *ret_millionths)
{
    uint64_t unit = ONE_MILLION;
    if (text.n > 0 && text.p[text.n - 1] == '%') {
        unit = ONE_MILLION / 100;
        text.n--;
    }
    const char *point = text.n > 0 ? memchr(text.p, '.', text.n) : NULL;
    size_t whole_bytes = point != NULL ? (size_t)(point - text.p) : text.n;
    uint64_t whole;
    if (!option_read_whole(view_bytes(text.p, whole_bytes), &whole) || whole > 100) {
        return false;
    }
    uint64_t millionths = whole * unit;
    if (point != NULL) {
        struct view digits = view_skip(text, whole_bytes + 1);
        uint64_t part;
        if (digits.n > 6 || !option_read_whole(digits, &part)) {
            return false;
        }
        uint64_t scaled = part * unit;
        for (size_t i = 0; i < digits.n; i++) {
            scaled /= 10;
        }
        millionths += scaled;
    }
    *ret_millionths = (uint32_t)millionths;
    return millionths <= ONE_MILLION;
}

int option_find(const char *const *names, size_t count, struct view text)
{
    for (size_t i = 0; i < count; i++) {
        if (view_is(text, names[i])) {
            return (int)i;
        }
    }
    return -1;
}

// --- options ----------------------------------------------------------------------------------

struct reading {
    uint64_t messages;
    uint32_t tenants;
    struct strbuf *why;
    void *options; // those of an incident or a negative
};

// What a key's value is, and where in the options it goes.
enum value_type {
    VALUE_COUNT,
    VALUE_COUNT_OR_NONE,
    VALUE_SHARE,
    VALUE_ID,
    VALUE_TENANT,
    VALUE_AT,
    VALUE_KIND,
    VALUE_SHAPE,
    VALUE_SPREAD,
};
struct key {
    const char *name;
    enum value_type type;
    size_t offset;
};

static enum err refuse(
        const struct reading *r, const char *what, struct view text, const char *expected)
{
    strbuf_printf(r->why, "%s '%.*s': expected %s", what, VIEW_ARGS(text), expected);
    return ERR_USAGE;
}

static enum err read_one_of(const struct reading *r, const char *what, struct view name,
        const char *const *names, size_t count, unsigned *ret_at)
{
    int found = option_find(names, count, name);
    if (found >= 0) {
        *ret_at = (unsigned)found;
        return ERR_NONE;
    }
    strbuf_printf(r->why, "%s '%.*s': expected one of", what, VIEW_ARGS(name));
    for (size_t i = 0; i < count; i++) {
        strbuf_printf(r->why, "%s %s", i == 0 ? "" : ",", names[i]);
    }
    return ERR_USAGE;
}

static enum err read_count(const struct reading *r, const struct key *key, struct view value)
{
    uint64_t least = key->type == VALUE_COUNT ? 1 : 0;
    uint64_t count;
    if (!option_read_whole(value, &count) || count < least || count > GENERATE_MESSAGES_MAX) {
        return refuse(r, key->name, value, "how many messages, up to 100000000");
    }
    memcpy((char *)r->options + key->offset, &count, sizeof count);
    return ERR_NONE;
}

static enum err read_share(const struct reading *r, const struct key *key, struct view value)
{
    uint32_t millionths;
    if (!option_read_share(value, &millionths)) {
        return refuse(r, key->name, value, "a share such as 30% or 0.3");
    }
    memcpy((char *)r->options + key->offset, &millionths, sizeof millionths);
    return ERR_NONE;
}

static enum err read_id(const struct reading *r, const struct key *key, struct view value)
{
    if (value.n == 0 || value.n >= GENERATED_ID_MAX_BYTES || !json_is_utf8(value)) {
        return refuse(r, key->name, value, "an id of 1 to 63 bytes of UTF-8");
    }
    char *id = (char *)r->options + key->offset;
    memcpy(id, value.p, value.n);
    id[value.n] = '\0';
    return ERR_NONE;
}

// "2" and "tenant-2" are the same.
static enum err read_tenant(const struct reading *r, const struct key *key, struct view value)
{
    struct view digits = view_starts_with(value, VIEW("tenant-")) ? view_skip(value, 7) : value;
    uint64_t number;
    if (!option_read_whole(digits, &number) || number < 1 || number > r->tenants) {
        strbuf_printf(r->why, "tenant '%.*s': expected 1 to %u", VIEW_ARGS(value), r->tenants);
        return ERR_USAGE;
    }
    uint32_t tenant = (uint32_t)number - 1;
    memcpy((char *)r->options + key->offset, &tenant, sizeof tenant);
    return ERR_NONE;
}

static enum err read_at(const struct reading *r, struct view value)
{
    static const char *const expected = "a message number, 0% to 100%, start or mid";
    struct incident_options *incident = r->options;
    uint32_t share;
    if (view_is(value, "start") || view_is(value, "mid")) {
        incident->before = view_is(value, "mid") ? BEFORE_ANY : 0;
        return ERR_NONE;
    }
    if (value.n > 0 && value.p[value.n - 1] == '%') {
        if (!option_read_share(value, &share)) {
            return refuse(r, "at", value, expected);
        }
        incident->at = r->messages * share / ONE_MILLION;
        incident->at_is_share = true;
        return ERR_NONE;
    }
    uint64_t at;
    if (!option_read_whole(value, &at) || at == AT_NONE) {
        return refuse(r, "at", value, expected);
    }
    incident->at = at;
    incident->at_is_share = false;
    return ERR_NONE;
}

static enum err read_value(const struct reading *r, const struct key *key, struct view value)
{
    struct incident_options *incident = r->options;
    unsigned found = 0;
    enum err e = ERR_NONE;
    switch (key->type) {
    case VALUE_COUNT:
    case VALUE_COUNT_OR_NONE:
        return read_count(r, key, value);
    case VALUE_SHARE:
        return read_share(r, key, value);
    case VALUE_ID:
        return read_id(r, key, value);
    case VALUE_TENANT:
        return read_tenant(r, key, value);
    case VALUE_AT:
        return read_at(r, value);
    case VALUE_KIND:
        e = read_one_of(r, "unknown KIND", value, incident_kind_names, KIND_COUNT, &found);
        incident->kind = (enum incident_kind)found;
        return e;
    case VALUE_SHAPE:
        e = read_one_of(r, key->name, value, incident_shape_names, SHAPE_COUNT, &found);
        incident->shape = (enum incident_shape)found;
        return e;
    case VALUE_SPREAD:
        e = read_one_of(r, key->name, value, incident_spread_names, SPREAD_COUNT, &found);
        incident->spread = (enum incident_spread)found;
        return e;
    }
    return e;
}

static enum err read_pair(const struct reading *r, const struct key *keys, struct view pair)
{
    const char *sign = pair.n > 0 ? memchr(pair.p, '=', pair.n) : NULL;
    if (sign == NULL) {
        return refuse(r, "option", pair, "key=value");
    }
    struct view name = view_bytes(pair.p, (size_t)(sign - pair.p));
    const struct key *key = keys;
    while (key->name != NULL && !view_is(name, key->name)) {
        key++;
    }
    if (key->name != NULL) {
        return read_value(r, key, view_skip(pair, name.n + 1));
    }
    strbuf_printf(r->why, "unknown option '%.*s': expected one of", VIEW_ARGS(name));
    for (key = keys; key->name != NULL; key++) {
        strbuf_printf(r->why, "%s %s", key == keys ? "" : ",", key->name);
    }
    return ERR_USAGE;
}

// Reads what stands behind the colon, if there is one.
static enum err read_pairs(const struct reading *r, const struct key *keys, struct view rest)
{
    enum err e = ERR_NONE;
    while (e == ERR_NONE && rest.n > 0) {
        const char *comma = memchr(rest.p, ',', rest.n);
        struct view pair = comma != NULL ? view_bytes(rest.p, (size_t)(comma - rest.p)) : rest;
        e = read_pair(r, keys, pair);
        rest = comma != NULL ? view_skip(rest, pair.n + 1) : VIEW("");
    }
    return e;
}

static struct view split_kind(const char *text, struct view *ret_rest)
{
    struct view all = view_of(text);
    const char *colon = strchr(text, ':');
    if (colon == NULL) {
        *ret_rest = VIEW("");
        return all;
    }
    struct view kind = view_bytes(all.p, (size_t)(colon - all.p));
    *ret_rest = view_skip(all, kind.n + 1);
    return kind;
}

// --- incidents --------------------------------------------------------------------------------

// A size for who gives none: a tenth of the messages, between 1 and 2,000.
static uint64_t default_size(uint64_t messages)
{
    uint64_t tenth = messages / 10;
    return tenth < 1 ? 1 : tenth > 2000 ? 2000 : tenth;
}

// Fills in what depends on the kind, shape and spread.
static void settle(struct incident_options *incident, uint64_t messages)
{
    bool is_burst = incident->shape == SHAPE_BURST;
    if (incident->spread == SPREAD_COUNT) {
        incident->spread = incident->kind == KIND_FEED_LAG ? SPREAD_TENANT : SPREAD_CAMPAIGN;
    }
    if (spread_is_over_healthy_campaigns(incident->spread) && incident->size > messages) {
        incident->size = messages; // it ends with the day
    }
    if (incident->before == BEFORE_UNSET) {
        incident->before = is_burst && incident->spread == SPREAD_CAMPAIGN ? BEFORE_ANY : 0;
    }
    incident->has_rate = incident->rate_millionths != RATE_UNSET;
    if (!incident->has_rate) {
        incident->rate_millionths = default_rate_percent[incident->kind] * (ONE_MILLION / 100);
    }
    if (incident->on == 0) {
        incident->on = incident->shape == SHAPE_STOP_AND_GO ? 50 : 200;
    }
}

// What does not go together in its options, or NULL.
static const char *find_contradiction(const struct incident_options *incident)
{
    if (spread_is_over_healthy_campaigns(incident->spread)) {
        return incident->kind == KIND_UNREGISTERED_VENDOR
                       ? "an unregistered vendor has campaigns of its own"
               : incident->before != 0 ? "what comes over healthy campaigns begins at=N or at=P%"
                                       : NULL;
    }
    if (incident->spread == SPREAD_MANY_SMALL) {
        return incident->share_millionths == 0            ? "share must be above 0"
               : incident->before > GENERATE_MESSAGES_MAX ? "many_small has before=N only"
               : incident_options_own_messages(incident) > GENERATE_MESSAGES_MAX
                       ? "size / share is above 100000000"
                       : NULL;
    }
    bool is_never = incident->before != BEFORE_ANY && incident->before >= incident->size;
    return is_never ? "before must be below size" : NULL;
}

static enum err check_incident(const struct reading *r, const struct incident_options *incident)
{
    const char *why = find_contradiction(incident);
    if (why != NULL) {
        strbuf_printf(r->why, "%s: %s", incident->text, why);
    }
    return why != NULL ? ERR_USAGE : ERR_NONE;
}

enum err incident_options_read(struct incident_options *ret_incident, const char *text,
        uint64_t messages, uint32_t tenants, struct strbuf *why)
{
#define KEY(name, type, member)                                                                    \
    {                                                                                              \
        name, type, offsetof(struct incident_options, member)                                      \
    }
    static const struct key keys[] = {
            KEY("at", VALUE_AT, at),
            KEY("size", VALUE_COUNT, size),
            KEY("rate", VALUE_SHARE, rate_millionths),
            KEY("tenant", VALUE_TENANT, tenant),
            KEY("campaign", VALUE_ID, campaign),
            KEY("vendor", VALUE_ID, vendor),
            KEY("before", VALUE_COUNT_OR_NONE, before),
            KEY("shape", VALUE_SHAPE, shape),
            KEY("on", VALUE_COUNT, on),
            KEY("off", VALUE_COUNT, off),
            KEY("ramp", VALUE_COUNT, ramp),
            KEY("spread", VALUE_SPREAD, spread),
            KEY("share", VALUE_SHARE, share_millionths),
            KEY("each", VALUE_COUNT, each),
            KEY("kind", VALUE_KIND, kind),
            {NULL, VALUE_COUNT, 0},
    };
    struct incident_options incident = {
            .text = text,
            .size = default_size(messages),
            .at = AT_NONE,
            .rate_millionths = RATE_UNSET,
            .before = BEFORE_UNSET,
            .tenant = TENANT_NONE,
            .spread = SPREAD_COUNT,
            .off = 5000,
            .ramp = 20000,
            .share_millionths = ONE_MILLION,
            .each = 30,
    };
    const struct reading r = {messages, tenants, why, &incident};
    struct view rest;
    struct view kind = split_kind(text, &rest);
    enum err e = read_value(&r, &(const struct key){"", VALUE_KIND, 0}, kind);
    if (e == ERR_NONE) {
        e = read_pairs(&r, keys, rest);
    }
    if (e == ERR_NONE) {
        settle(&incident, messages);
        e = check_incident(&r, &incident);
    }
    if (e == ERR_NONE) {
        *ret_incident = incident;
    }
    return e;
}

uint64_t incident_options_own_messages(const struct incident_options *incident)
{
    if (spread_is_over_healthy_campaigns(incident->spread)) {
        return 0;
    }
    if (incident->spread != SPREAD_MANY_SMALL) {
        return incident->size;
    }
    uint64_t share = incident->share_millionths;
    return incident->before + (incident->size * ONE_MILLION + share - 1) / share;
}

// --- negatives --------------------------------------------------------------------------------

enum err negative_options_read(struct negative_options *ret_negative, const char *text,
        uint64_t messages, uint32_t tenants, struct strbuf *why)
{
    static const struct key keys[] = {
            {"size", VALUE_COUNT, offsetof(struct negative_options, size)},
            {"tenant", VALUE_TENANT, offsetof(struct negative_options, tenant)},
            {NULL, VALUE_COUNT, 0},
    };
    struct negative_options negative = {.text = text, .tenant = TENANT_NONE};
    const struct reading r = {messages, tenants, why, &negative};
    struct view rest;
    struct view kind = split_kind(text, &rest);
    unsigned found = 0;
    enum err e = read_one_of(
            &r, "unknown KIND of negative", kind, negative_kind_names, NEGATIVE_COUNT, &found);
    if (e == ERR_NONE) {
        e = read_pairs(&r, keys, rest);
    }
    if (e != ERR_NONE) {
        return e;
    }
    negative.kind = (enum negative_kind)found;
    if (negative.kind == NEGATIVE_TWO_OF_FIVE) {
        negative.size = 5;
    } else if (negative.size == 0) {
        uint64_t quarter = messages / 4 > 0 ? messages / 4 : 1;
        negative.size = negative.kind == NEGATIVE_BIG_CAMPAIGN ? quarter : default_size(messages);
    }
    *ret_negative = negative;
    return ERR_NONE;
}
