#include "bench/generate_options.h"

#include <getopt.h>
#include <stdlib.h>

#include "bench/generate_class.h"

enum { CAMPAIGNS_MAX = 100000, DAYS_MAX = 60, EPISODES_MAX = 1000 };
#define CUSTOMERS_MAX GENERATE_MESSAGES_MAX

enum option_code {
    OPTION_SEED = 256,
    OPTION_MESSAGES,
    OPTION_TENANTS,
    OPTION_CAMPAIGNS,
    OPTION_DAYS,
    OPTION_CUSTOMERS,
    OPTION_HEALTHY,
    OPTION_P0,
    OPTION_CLUMPS,
    OPTION_DUPLICATES,
    OPTION_DISORDER,
    OPTION_DRIFT,
    OPTION_LAG_EPISODES,
    OPTION_INCIDENT,
    OPTION_NEGATIVE,
    OPTION_CLASS,
    OPTION_INCIDENTS,
    OPTION_OUT,
};

static const struct option names[] = {
        {"seed", required_argument, NULL, OPTION_SEED},
        {"messages", required_argument, NULL, OPTION_MESSAGES},
        {"tenants", required_argument, NULL, OPTION_TENANTS},
        {"campaigns", required_argument, NULL, OPTION_CAMPAIGNS},
        {"days", required_argument, NULL, OPTION_DAYS},
        {"customers", required_argument, NULL, OPTION_CUSTOMERS},
        {"healthy", required_argument, NULL, OPTION_HEALTHY},
        {"p0", required_argument, NULL, OPTION_P0},
        {"clumps", required_argument, NULL, OPTION_CLUMPS},
        {"duplicates", required_argument, NULL, OPTION_DUPLICATES},
        {"disorder", no_argument, NULL, OPTION_DISORDER},
        {"drift", no_argument, NULL, OPTION_DRIFT},
        {"lag-episodes", required_argument, NULL, OPTION_LAG_EPISODES},
        {"incident", required_argument, NULL, OPTION_INCIDENT},
        {"negative", required_argument, NULL, OPTION_NEGATIVE},
        {"class", required_argument, NULL, OPTION_CLASS},
        {"incidents", required_argument, NULL, OPTION_INCIDENTS},
        {"out", required_argument, NULL, OPTION_OUT},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
};

static enum err read_number(
        const char *name, uint64_t from, uint64_t to, uint64_t *ret_number, struct strbuf *why)
{
    uint64_t number;
    if (!option_read_whole(view_of(optarg), &number) || number < from || number > to) {
        strbuf_printf(why, "--%s '%s': expected %llu to %llu", name, optarg,
                (unsigned long long)from, (unsigned long long)to);
        return ERR_USAGE;
    }
    *ret_number = number;
    return ERR_NONE;
}

static enum err read_small_number(
        const char *name, uint32_t from, uint32_t to, uint32_t *ret_number, struct strbuf *why)
{
    uint64_t number = 0;
    enum err e = read_number(name, from, to, &number, why);
    if (e == ERR_NONE) {
        *ret_number = (uint32_t)number;
    }
    return e;
}

// A share of at most `most_percent`.
static enum err read_share(
        const char *name, uint32_t most_percent, uint32_t *ret_millionths, struct strbuf *why)
{
    uint32_t millionths;
    if (!option_read_share(view_of(optarg), &millionths) ||
            millionths > most_percent * (ONE_MILLION / 100)) {
        strbuf_printf(why, "--%s '%s': expected a share of at most %u%%, such as 0.02 or 2%%", name,
                optarg, most_percent);
        return ERR_USAGE;
    }
    *ret_millionths = millionths;
    return ERR_NONE;
}

static enum err read_healthy(struct generate_options *options, struct strbuf *why)
{
    static const char *const worlds[] = {"steady", "realistic"};
    int world = option_find(worlds, 2, view_of(optarg));
    if (world < 0) {
        strbuf_printf(why, "--healthy '%s': expected steady or realistic", optarg);
        return ERR_USAGE;
    }
    options->is_realistic = world == 1;
    return ERR_NONE;
}

static enum err read_p0(struct generate_options *options, struct strbuf *why)
{
    if (view_is(view_of(optarg), "mixed")) {
        options->p0_millionths = P0_MIXED;
        return ERR_NONE;
    }
    return read_share("p0", 10, &options->p0_millionths, why);
}

// NAME or NAME:OPTIONS; which classes there are is not this file's business.
static enum err read_class(struct generate_options *options, struct strbuf *why)
{
    const char *colon = strchr(optarg, ':');
    size_t n = colon != NULL ? (size_t)(colon - optarg) : strlen(optarg);
    options->class_name = class_find(view_bytes(optarg, n));
    options->class_options = colon != NULL ? colon + 1 : "";
    if (options->class_name != NULL) {
        return ERR_NONE;
    }
    strbuf_printf(why, "--class '%s': expected one of", optarg);
    for (size_t i = 0; class_name_at(i) != NULL; i++) {
        strbuf_printf(why, "%s %s", i == 0 ? "" : ",", class_name_at(i));
    }
    return ERR_USAGE;
}

static enum err remember(uint32_t *count, uint32_t most, const char *what, struct strbuf *why)
{
    if (*count == most) {
        strbuf_printf(why, "more than %u %s", most, what);
        return ERR_USAGE;
    }
    (*count)++;
    return ERR_NONE;
}

// What can be read before all the others are known; incidents and negatives are only remembered.
static enum err read_option(
        struct generate_options *options, int option, const char *given, struct strbuf *why)
{
    enum err e = ERR_NONE;
    switch (option) {
    case OPTION_SEED:
        return read_number("seed", 0, UINT64_MAX, &options->seed, why);
    case OPTION_MESSAGES:
        return read_number("messages", 1, GENERATE_MESSAGES_MAX, &options->messages, why);
    case OPTION_TENANTS:
        return read_small_number("tenants", 1, TENANTS_MAX, &options->tenants, why);
    case OPTION_CAMPAIGNS:
        return read_small_number("campaigns", 1, CAMPAIGNS_MAX, &options->campaigns, why);
    case OPTION_DAYS:
        return read_small_number("days", 1, DAYS_MAX, &options->days, why);
    case OPTION_CUSTOMERS:
        return read_number("customers", 1, CUSTOMERS_MAX, &options->customers, why);
    case OPTION_HEALTHY:
        return read_healthy(options, why);
    case OPTION_P0:
        return read_p0(options, why);
    case OPTION_CLUMPS:
        return read_share("clumps", 90, &options->clumps_millionths, why);
    case OPTION_DUPLICATES:
        return read_share("duplicates", 50, &options->duplicates_millionths, why);
    case OPTION_DISORDER:
        options->has_disorder = true;
        return ERR_NONE;
    case OPTION_DRIFT:
        options->has_drift = true;
        return ERR_NONE;
    case OPTION_LAG_EPISODES:
        return read_small_number("lag-episodes", 0, EPISODES_MAX, &options->lag_episodes, why);
    case OPTION_INCIDENT:
        e = remember(&options->incident_count, INCIDENT_MAX, "incidents", why);
        if (e == ERR_NONE) {
            options->incidents[options->incident_count - 1].text = optarg;
        }
        return e;
    case OPTION_NEGATIVE:
        e = remember(&options->negative_count, NEGATIVE_MAX, "negatives", why);
        if (e == ERR_NONE) {
            options->negatives[options->negative_count - 1].text = optarg;
        }
        return e;
    case OPTION_CLASS:
        return read_class(options, why);
    case OPTION_INCIDENTS:
        return read_small_number(
                "incidents", 1, CLASS_INCIDENT_MAX, &options->class_incidents, why);
    case OPTION_OUT:
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

// --- incidents and negatives, which depend on the number of messages and tenants --------------

static enum err take_messages(const struct generate_options *options, uint64_t *free_count,
        uint64_t n, struct strbuf *why)
{
    if (n > *free_count) {
        strbuf_printf(why, "the incidents have more messages than --messages %llu",
                (unsigned long long)options->messages);
        return ERR_USAGE;
    }
    *free_count -= n;
    return ERR_NONE;
}

static enum err place_incident(
        struct incident_options *incident, uint64_t free_count, struct strbuf *why)
{
    if (incident->at == AT_NONE) {
        incident->at = free_count / 2;
    }
    if (incident->at_is_share && incident->at > free_count) {
        incident->at = free_count; // as late as it fits
    }
    if (incident->at > free_count) {
        strbuf_printf(why,
                "%s: at is message %llu, but there are only %llu messages beside the incidents",
                incident->text, (unsigned long long)incident->at, (unsigned long long)free_count);
        return ERR_USAGE;
    }
    return ERR_NONE;
}

static enum err read_incidents(struct generate_options *options, struct strbuf *why)
{
    uint64_t free_count = options->messages;
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < options->negative_count && e == ERR_NONE; i++) {
        struct negative_options *negative = &options->negatives[i];
        e = negative_options_read(
                negative, negative->text, options->messages, options->tenants, why);
        if (e == ERR_NONE) {
            e = take_messages(options, &free_count, negative->size, why);
        }
    }
    for (uint32_t i = 0; i < options->incident_count && e == ERR_NONE; i++) {
        struct incident_options *incident = &options->incidents[i];
        e = incident_options_read(
                incident, incident->text, options->messages, options->tenants, why);
        if (e == ERR_NONE) {
            e = take_messages(options, &free_count, incident_options_own_messages(incident), why);
        }
    }
    for (uint32_t i = 0; i < options->incident_count && e == ERR_NONE; i++) {
        e = place_incident(&options->incidents[i], free_count, why);
    }
    return e;
}

// --- the whole command line -------------------------------------------------------------------

static enum err settle_class(struct generate_options *options, struct strbuf *why)
{
    if (options->incident_count > 0 || options->negative_count > 0 || options->is_realistic) {
        strbuf_add_text(why, "--class goes without --incident, --negative and --healthy realistic");
        return ERR_USAGE;
    }
    if (options->class_incidents == 0) {
        options->class_incidents = 50;
    }
    if (options->p0_millionths == P0_NONE) {
        options->p0_millionths = 5000;
    }
    return class_check(options, why);
}

static void settle_world(struct generate_options *options)
{
    if (options->tenants == 0) {
        options->tenants = options->is_realistic ? 20 : 4;
    }
    if (options->campaigns == 0 && !options->is_realistic) {
        options->campaigns = 60;
    }
    if (options->p0_millionths == P0_NONE && options->is_realistic) {
        options->p0_millionths = P0_MIXED;
    }
}

static enum err settle(struct generate_options *options, bool has_seed, struct strbuf *why)
{
    bool needs_messages = options->class_name == NULL && options->messages == 0;
    if (!has_seed || needs_messages || options->out == NULL) {
        strbuf_add_text(why, "--seed, --messages and --out are required");
        return ERR_USAGE;
    }
    if (options->class_name != NULL) {
        return settle_class(options, why);
    }
    if (options->class_incidents != 0) {
        strbuf_add_text(why, "--incidents goes with --class");
        return ERR_USAGE;
    }
    settle_world(options);
    return read_incidents(options, why);
}

enum err generate_options_read(
        struct generate_options *ret_options, int argc, char **argv, struct strbuf *why)
{
    struct generate_options options = {.days = 1, .p0_millionths = P0_NONE};
    bool has_seed = false;
    optind = 0; // so that a second reading in one process starts anew
    int option;
    while ((option = getopt_long(argc, argv, ":h", names, NULL)) != -1) {
        enum err e = read_option(&options, option, argv[optind - 1], why);
        if (e != ERR_NONE) {
            return e;
        }
        has_seed = has_seed || option == OPTION_SEED;
    }
    if (optind < argc && !options.help) {
        strbuf_printf(why, "argument '%s': expected options only", argv[optind]);
        return ERR_USAGE;
    }
    enum err e = options.help ? ERR_NONE : settle(&options, has_seed, why);
    if (e == ERR_NONE) {
        *ret_options = options;
    }
    return e;
}

uint64_t generate_healthy_count(const struct generate_options *options)
{
    uint64_t count = options->messages;
    for (uint32_t i = 0; i < options->incident_count; i++) {
        count -= incident_options_own_messages(&options->incidents[i]);
    }
    for (uint32_t i = 0; i < options->negative_count; i++) {
        count -= options->negatives[i].size;
    }
    return count;
}
