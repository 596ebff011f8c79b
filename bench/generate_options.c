#include "bench/generate_options.h"

#include <getopt.h>
#include <stdlib.h>

#include "common/json_out.h"

enum { TENANTS_MAX = 1000, CAMPAIGNS_MAX = 100000, ONE_MILLION = 1000000 };

const char *const incident_kind_names[KIND_COUNT] = {"wrong_list", "closed_loans", "shifted_column",
        "number_walking", "feed_lag", "recycled_numbers", "unregistered_vendor", "leaked_list",
        "broad_rule"};

static const uint32_t default_rate_percent[KIND_COUNT] = {
        [KIND_WRONG_LIST] = 100,
        [KIND_CLOSED_LOANS] = 60,
        [KIND_SHIFTED_COLUMN] = 100,
        [KIND_NUMBER_WALKING] = 100,
        [KIND_FEED_LAG] = 25,
        [KIND_RECYCLED_NUMBERS] = 30,
        [KIND_UNREGISTERED_VENDOR] = 60,
        [KIND_LEAKED_LIST] = 100,
        [KIND_BROAD_RULE] = 50,
};

static enum err refuse(struct strbuf *why, const char *what, struct view text, const char *expected)
{
    strbuf_printf(why, "%s '%.*s': expected %s", what, VIEW_ARGS(text), expected);
    return ERR_USAGE;
}

static bool read_whole(struct view text, uint64_t *ret_number)
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

// A fraction or a percentage, with at most six digits behind the point.
static bool read_share(struct view text, uint32_t *ret_millionths)
{
    uint64_t unit = ONE_MILLION;
    if (text.n > 0 && text.p[text.n - 1] == '%') {
        unit = ONE_MILLION / 100;
        text.n--;
    }
    const char *point = text.n > 0 ? memchr(text.p, '.', text.n) : NULL;
    size_t whole_bytes = point != NULL ? (size_t)(point - text.p) : text.n;
    uint64_t whole;
    if (!read_whole(view_bytes(text.p, whole_bytes), &whole) || whole > 100) {
        return false;
    }
    uint64_t millionths = whole * unit;
    if (point != NULL) {
        struct view digits = view_skip(text, whole_bytes + 1);
        uint64_t part;
        if (digits.n > 6 || !read_whole(digits, &part)) {
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

// --- one incident -----------------------------------------------------------------------------

struct incident_reading {
    struct incident_options *incident;
    const struct generate_options *options;
    struct strbuf *why;
};

static enum err read_at(const struct incident_reading *r, struct view value)
{
    uint32_t share;
    if (value.n > 0 && value.p[value.n - 1] == '%') {
        if (!read_share(value, &share)) {
            return refuse(r->why, "at", value, "a message number or 0% to 100%");
        }
        r->incident->at = r->options->messages * share / ONE_MILLION;
        r->incident->at_is_share = true;
        return ERR_NONE;
    }
    if (!read_whole(value, &r->incident->at)) {
        return refuse(r->why, "at", value, "a message number or 0% to 100%");
    }
    return ERR_NONE;
}

static enum err read_size(const struct incident_reading *r, struct view value)
{
    uint64_t size;
    if (!read_whole(value, &size) || size == 0 || size > GENERATE_MESSAGES_MAX) {
        return refuse(r->why, "size", value, "how many messages, 1 to 100000000");
    }
    r->incident->size = size;
    return ERR_NONE;
}

static enum err read_rate(const struct incident_reading *r, struct view value)
{
    if (!read_share(value, &r->incident->rate_millionths)) {
        return refuse(r->why, "rate", value, "a share such as 30% or 0.3");
    }
    return ERR_NONE;
}

// "2" and "tenant-2" are the same.
static enum err read_tenant(const struct incident_reading *r, struct view value)
{
    struct view digits = view_starts_with(value, VIEW("tenant-")) ? view_skip(value, 7) : value;
    uint64_t number;
    if (!read_whole(digits, &number) || number < 1 || number > r->options->tenants) {
        strbuf_printf(
                r->why, "tenant '%.*s': expected 1 to %u", VIEW_ARGS(value), r->options->tenants);
        return ERR_USAGE;
    }
    r->incident->tenant = (uint32_t)number - 1;
    return ERR_NONE;
}

static enum err read_name(
        const struct incident_reading *r, const char *key, struct view value, char *ret_id)
{
    if (value.n == 0 || value.n >= GENERATED_ID_MAX_BYTES || !json_is_utf8(value)) {
        return refuse(r->why, key, value, "an id of 1 to 63 bytes of UTF-8");
    }
    memcpy(ret_id, value.p, value.n);
    ret_id[value.n] = '\0';
    return ERR_NONE;
}

static enum err read_pair(const struct incident_reading *r, struct view pair)
{
    const char *sign = pair.n > 0 ? memchr(pair.p, '=', pair.n) : NULL;
    if (sign == NULL) {
        return refuse(r->why, "option", pair, "key=value");
    }
    struct view key = view_bytes(pair.p, (size_t)(sign - pair.p));
    struct view value = view_skip(pair, key.n + 1);
    if (view_is(key, "at")) {
        return read_at(r, value);
    }
    if (view_is(key, "size")) {
        return read_size(r, value);
    }
    if (view_is(key, "rate")) {
        return read_rate(r, value);
    }
    if (view_is(key, "tenant")) {
        return read_tenant(r, value);
    }
    if (view_is(key, "campaign")) {
        return read_name(r, "campaign", value, r->incident->campaign);
    }
    if (view_is(key, "vendor")) {
        return read_name(r, "vendor", value, r->incident->vendor);
    }
    return refuse(r->why, "unknown option", key, "at, size, rate, tenant, campaign or vendor");
}

static enum err read_kind(const struct incident_reading *r, struct view name)
{
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        if (view_is(name, incident_kind_names[kind])) {
            r->incident->kind = (enum incident_kind)kind;
            r->incident->rate_millionths = default_rate_percent[kind] * (ONE_MILLION / 100);
            return ERR_NONE;
        }
    }
    strbuf_printf(r->why, "unknown KIND '%.*s': expected one of", VIEW_ARGS(name));
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        strbuf_printf(r->why, "%s %s", kind == 0 ? "" : ",", incident_kind_names[kind]);
    }
    return ERR_USAGE;
}

// A size for who gives none: a tenth of the messages, between 1 and 2,000.
static uint64_t default_size(uint64_t messages)
{
    uint64_t tenth = messages / 10;
    return tenth < 1 ? 1 : tenth > 2000 ? 2000 : tenth;
}

static enum err read_incident(const struct generate_options *options,
        struct incident_options *incident, struct strbuf *why)
{
    const struct incident_reading r = {incident, options, why};
    struct view rest = view_of(incident->text);
    const char *colon = strchr(incident->text, ':');
    struct view kind = colon != NULL ? view_bytes(rest.p, (size_t)(colon - rest.p)) : rest;
    enum err e = read_kind(&r, kind);
    rest = colon != NULL ? view_skip(rest, kind.n + 1) : VIEW("");
    while (e == ERR_NONE && rest.n > 0) {
        const char *comma = memchr(rest.p, ',', rest.n);
        struct view pair = comma != NULL ? view_bytes(rest.p, (size_t)(comma - rest.p)) : rest;
        e = read_pair(&r, pair);
        rest = comma != NULL ? view_skip(rest, pair.n + 1) : VIEW("");
    }
    return e;
}

// --- the whole command line -------------------------------------------------------------------

static enum err read_number(
        const char *name, uint64_t from, uint64_t to, uint64_t *ret_number, struct strbuf *why)
{
    uint64_t number;
    if (!read_whole(view_of(optarg), &number) || number < from || number > to) {
        strbuf_printf(why, "--%s '%s': expected %llu to %llu", name, optarg,
                (unsigned long long)from, (unsigned long long)to);
        return ERR_USAGE;
    }
    *ret_number = number;
    return ERR_NONE;
}

static enum err read_option(
        struct generate_options *options, int option, const char *given, struct strbuf *why)
{
    uint64_t number = 0;
    enum err e = ERR_NONE;
    switch (option) {
    case 's':
        return read_number("seed", 0, UINT64_MAX, &options->seed, why);
    case 'm':
        return read_number("messages", 1, GENERATE_MESSAGES_MAX, &options->messages, why);
    case 't':
        e = read_number("tenants", 1, TENANTS_MAX, &number, why);
        options->tenants = (uint32_t)number;
        return e;
    case 'c':
        e = read_number("campaigns", 1, CAMPAIGNS_MAX, &number, why);
        options->campaigns = (uint32_t)number;
        return e;
    case 'i':
        if (options->incident_count == INCIDENT_MAX) {
            strbuf_printf(why, "more than %d incidents", (int)INCIDENT_MAX);
            return ERR_USAGE;
        }
        options->incidents[options->incident_count++].text = optarg;
        return ERR_NONE;
    case 'o':
        options->out = optarg;
        return ERR_NONE;
    case 'h':
        options->help = true;
        return ERR_NONE;
    case ':':
        strbuf_printf(why, "%s lacks its value", given);
        return ERR_USAGE;
    default:
        strbuf_printf(why, "%s is no option", given);
        return ERR_USAGE;
    }
}

// Incidents are read last, because their options depend on the number of messages and tenants.
static enum err read_incidents(struct generate_options *options, struct strbuf *why)
{
    uint64_t free_count = options->messages;
    for (uint32_t i = 0; i < options->incident_count; i++) {
        struct incident_options *incident = &options->incidents[i];
        incident->size = default_size(options->messages);
        incident->at = UINT64_MAX;
        incident->tenant = TENANT_NONE;
        enum err e = read_incident(options, incident, why);
        if (e != ERR_NONE) {
            return e;
        }
        if (incident->size > free_count) {
            strbuf_printf(why, "the incidents have more messages than --messages %llu",
                    (unsigned long long)options->messages);
            return ERR_USAGE;
        }
        free_count -= incident->size;
    }
    for (uint32_t i = 0; i < options->incident_count; i++) {
        struct incident_options *incident = &options->incidents[i];
        if (incident->at == UINT64_MAX) {
            incident->at = free_count / 2;
        }
        if (incident->at_is_share && incident->at > free_count) {
            incident->at = free_count; // as late as it fits
        }
        if (incident->at > free_count) {
            strbuf_printf(why,
                    "%s: at is message %llu, but there are only %llu messages beside the incidents",
                    incident->text, (unsigned long long)incident->at,
                    (unsigned long long)free_count);
            return ERR_USAGE;
        }
    }
    return ERR_NONE;
}

enum err generate_options_read(
        struct generate_options *ret_options, int argc, char **argv, struct strbuf *why)
{
    static const struct option names[] = {
            {"seed", required_argument, NULL, 's'},
            {"messages", required_argument, NULL, 'm'},
            {"tenants", required_argument, NULL, 't'},
            {"campaigns", required_argument, NULL, 'c'},
            {"incident", required_argument, NULL, 'i'},
            {"out", required_argument, NULL, 'o'},
            {"help", no_argument, NULL, 'h'},
            {NULL, 0, NULL, 0},
    };
    struct generate_options options = {.tenants = 4, .campaigns = 60, .seed = UINT64_MAX};
    bool has_seed = false;
    optind = 0; // so that a second reading in one process starts anew
    int option;
    while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
        enum err e = read_option(&options, option, argv[optind - 1], why);
        if (e != ERR_NONE) {
            return e;
        }
        has_seed = has_seed || option == 's';
    }
    if (options.help) {
        *ret_options = options;
        return ERR_NONE;
    }
    if (optind < argc) {
        return refuse(why, "argument", view_of(argv[optind]), "options only");
    }
    if (!has_seed || options.messages == 0 || options.out == NULL) {
        strbuf_add_text(why, "--seed, --messages and --out are required");
        return ERR_USAGE;
    }
    enum err e = read_incidents(&options, why);
    if (e == ERR_NONE) {
        *ret_options = options;
    }
    return e;
}

uint64_t generate_healthy_count(const struct generate_options *options)
{
    uint64_t count = options->messages;
    for (uint32_t i = 0; i < options->incident_count; i++) {
        count -= options->incidents[i].size;
    }
    return count;
}
