#include "bench/generate_class.h"

#include <stdlib.h>

#include "bench/generate_plan.h"
#include "common/assure.h"

enum {
    PART_MAX = 2,
    TEXT_MAX_BYTES = 1024,
    WINDOWS_A_DAY = 39, // of twenty minutes
    HEALTHY_EACH = 4000,
    BACKGROUND_CAMPAIGNS = 40,
    CLASS_VENDORS = 4,
    CLASS_SENDERS = 2,
    CLASS_TEMPLATES = 5,
};
#define WINDOW_US (DAY_US / WINDOWS_A_DAY)

// The incidents of a class, as --incident has them. Of {a|b|c} each incident takes another, the
// first braces changing fastest. Of two parts the last takes the command line's options.
static const struct class_row {
    const char *name;
    const char *parts[PART_MAX];
    bool options_go_to_all;
} classes[] = {
        {"step",
                {"wrong_list:rate={3|5|10|20|30|50|80|100}%,at={start|mid},"
                 "size={20|50|200|1000|10000}"},
                false},
        {"burst", {"wrong_list:shape=burst,on=200,rate={100|50|12.5}%,size=20000"}, false},
        {"leak", {"wrong_list:shape=leak,before=5000,size=25000"}, false},
        {"ramp20k", {"wrong_list:shape=ramp,ramp=20000,rate=5%,before=5000,size=35000"}, false},
        {"ramp200k", {"wrong_list:shape=ramp,ramp=200000,rate=5%,before=5000,size=255000"}, false},
        {"ramp2M", {"wrong_list:shape=ramp,ramp=2000000,rate=5%,before=5000,size=2550000"}, false},
        {"many_small",
                {"wrong_list:spread=many_small,before=2000,{each=30,rate=40%|each=5,rate=40%|"
                 "each=2,rate=50%},{share=100%,size=2000|share=50%,size=2000|share=10%,size=2000|"
                 "share=2%,size=4000}"},
                false},
        {"template", {"wrong_list:spread=template,size=100000000,rate={10|30|100}%"}, false},
        {"sender", {"wrong_list:spread=sender,size=100000000,rate={10|30|100}%"}, false},
        {"vendor", {"wrong_list:spread=vendor,size=100000000,rate={10|30|100}%"}, false},
        {"tenant_column_shift", {"shifted_column:spread=tenant,size=100000000,rate={100|50|20}%"},
                false},
        {"stop_and_go",
                {"wrong_list:shape=stop_and_go,on=50,off=5000,rate={100|30|10}%,before=1000,"
                 "size=21000"},
                false},
        {"relapse",
                {"wrong_list:shape=relapse,on=200,off=5000,rate={100|30|10}%,before=1000,"
                 "size=7000"},
                false},
        {"feed_lag", {"feed_lag:size=2000,rate={3|5|10|20|40}%"}, false},
        {"during_feed_lag",
                {"feed_lag:at=20%,size=100000000,rate={5|20}%",
                        "wrong_list:rate={10|30|100}%,size=1000"},
                false},
        {"two_in_one_vendor",
                {"wrong_list:rate={10|30|100}%,size=1000",
                        "closed_loans:rate={100|30|10}%,size=1000"},
                true},
        {"cause",
                {"{wrong_list|closed_loans|shifted_column|number_walking|feed_lag|recycled_numbers|"
                 "unregistered_vendor|leaked_list|broad_rule}:size=1000"},
                false},
};
enum { CLASS_COUNT = sizeof classes / sizeof classes[0] };

static const struct class_row *find_row(struct view name)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        if (view_is(name, classes[i].name)) {
            return &classes[i];
        }
    }
    return NULL;
}

const char *class_find(struct view name)
{
    const struct class_row *row = find_row(name);
    return row != NULL ? row->name : NULL;
}

const char *class_name_at(size_t i)
{
    return i < CLASS_COUNT ? classes[i].name : NULL;
}

static const struct class_row *row_of(const struct generate_options *options)
{
    const struct class_row *row = find_row(view_of(options->class_name));
    ASSURE(row != NULL); // read_class has found it
    return row;
}

// --- the text of an incident ------------------------------------------------------------------

// Appends the alternative that the nth takes of those between braces; returns n for the next ones.
static uint64_t add_alternative(struct strbuf *sb, struct view alternatives, uint64_t n)
{
    uint64_t count = 1;
    for (size_t i = 0; i < alternatives.n; i++) {
        count += alternatives.p[i] == '|';
    }
    uint64_t skip = n % count;
    for (size_t i = 0; i < alternatives.n; i++) {
        if (alternatives.p[i] == '|') {
            if (skip-- == 0) {
                break;
            }
        } else if (skip == 0) {
            strbuf_add_byte(sb, (uint8_t)alternatives.p[i]);
        }
    }
    return n / count;
}

static void add_text(
        struct strbuf *sb, const struct generate_options *options, uint32_t part, uint64_t n)
{
    const struct class_row *row = row_of(options);
    struct view rest = view_of(row->parts[part]);
    while (rest.n > 0) {
        const char *close = rest.p[0] == '{' ? memchr(rest.p, '}', rest.n) : NULL;
        if (close == NULL) {
            strbuf_add_byte(sb, (uint8_t)rest.p[0]);
            rest = view_skip(rest, 1);
            continue;
        }
        size_t length = (size_t)(close - rest.p);
        n = add_alternative(sb, view_bytes(rest.p + 1, length - 1), n);
        rest = view_skip(rest, length + 1);
    }
    bool is_last = part + 1 == PART_MAX || row->parts[part + 1] == NULL;
    if (options->class_options[0] != '\0' && (is_last || row->options_go_to_all)) {
        strbuf_add_byte(sb, ',');
        strbuf_add_text(sb, options->class_options);
    }
}

static uint32_t part_count(const struct generate_options *options)
{
    return row_of(options)->parts[1] != NULL ? 2 : 1;
}

// Two that go wrong together count as two; a lag that one takes place in does not count.
static uint32_t theatre_count(const struct generate_options *options)
{
    return row_of(options)->options_go_to_all ? (options->class_incidents + 1) / 2
                                              : options->class_incidents;
}

enum err class_check(struct generate_options *options, struct strbuf *why)
{
    uint32_t theatres = theatre_count(options);
    uint64_t healthy = options->messages != 0 ? options->messages / theatres : HEALTHY_EACH;
    uint64_t own = 0;
    for (uint32_t i = 0; i < theatres; i++) {
        for (uint32_t part = 0; part < part_count(options); part++) {
            struct incident_options incident;
            struct strbuf text;
            strbuf_init(&text, TEXT_MAX_BYTES);
            add_text(&text, options, part, i);
            enum err e = text.failed == ERR_NONE
                                 ? incident_options_read(&incident, text.p, healthy, 0, why)
                                 : text.failed;
            strbuf_fini(&text);
            if (e != ERR_NONE) {
                return e;
            }
            own += incident_options_own_messages(&incident);
        }
    }
    if (healthy < BACKGROUND_CAMPAIGNS) {
        strbuf_printf(why, "--messages: a class needs at least %d healthy messages an incident",
                (int)BACKGROUND_CAMPAIGNS);
        return ERR_USAGE;
    }
    options->class_healthy = healthy;
    options->messages = healthy * theatres + own;
    options->tenants = theatres;
    options->campaigns = theatres * BACKGROUND_CAMPAIGNS;
    options->days = (theatres + WINDOWS_A_DAY - 1) / WINDOWS_A_DAY;
    return ERR_NONE;
}

// --- one incident with its tenant -------------------------------------------------------------

struct theatre {
    uint32_t tenant;
    uint64_t start_us;
    uint64_t healthy;
    uint32_t first_campaign;
};

// A vendor, a template and a sender each have at least five campaigns, cut across each other, so
// that what goes wrong with one of them is its own and nobody else's.
static void name_campaign(struct campaign *campaign, uint32_t tenant, uint32_t n)
{
    unsigned vendor = 1 + n % CLASS_VENDORS;
    unsigned row = n / CLASS_VENDORS;
    unsigned sender = 1 + row % CLASS_SENDERS;
    unsigned template_number = 1 + row / CLASS_SENDERS % CLASS_TEMPLATES;
    unsigned number = tenant + 1;
    *campaign = (struct campaign){.tenant = tenant, .purpose = PURPOSE_COLLECTION};
    generated_id(campaign->id, "campaign-%u-%03u", number, n + 1);
    generated_id(campaign->vendor_id, "vendor-%u-%u", number, vendor);
    generated_id(campaign->sender_id, "sender-%u-%u-%u", number, vendor, sender);
    generated_id(campaign->template_id, "template-%u-%u", number, template_number);
}

static void plan_background(struct plan *plan, const struct theatre *theatre)
{
    struct random *rng = &plan->world.rng;
    uint64_t weights[BACKGROUND_CAMPAIGNS];
    uint64_t sizes[BACKGROUND_CAMPAIGNS];
    for (uint32_t i = 0; i < BACKGROUND_CAMPAIGNS; i++) {
        weights[i] = 75 + random_below(rng, 51);
    }
    plan_share_out(weights, BACKGROUND_CAMPAIGNS, theatre->healthy, sizes);
    for (uint32_t i = 0; i < BACKGROUND_CAMPAIGNS; i++) {
        struct campaign campaign;
        name_campaign(&campaign, theatre->tenant, i);
        campaign.planned_size = sizes[i];
        campaign.tells_size = random_below(rng, 2) == 0;
        campaign.names_borrowers = random_below(rng, 2) == 0;
        campaign.p0_millionths = plan->tenants[theatre->tenant].p0_millionths;
        uint64_t late_us = random_below(rng, WINDOW_US / 20);
        struct stream stream = {
                .campaign = plan_add_campaign(plan, &campaign),
                .incident = INDEX_NONE,
                .negative = INDEX_NONE,
                .size = sizes[i],
                .start_us = theatre->start_us + late_us,
                .span_us = WINDOW_US - WINDOW_US / 20,
        };
        stream.cursor = random_next(rng) >> 32;
        plan_add_stream(plan, &stream);
    }
}

// From `at` on to the end of the window.
static void place(struct plan *plan, const struct theatre *theatre, uint32_t at_incident)
{
    if (plan->failed != ERR_NONE) {
        return;
    }
    struct incident *incident = &plan->incidents[at_incident];
    if (incident->options.at == AT_NONE) {
        incident->options.at = theatre->healthy * 3 / 10;
    }
    incident->counts_at_tenant = true;
    if (incident->campaign_count == 0) {
        return;
    }
    uint64_t at = incident->options.at < theatre->healthy ? incident->options.at : theatre->healthy;
    struct stream *stream = &plan->streams[plan->stream_count - 1];
    stream->start_us = theatre->start_us + WINDOW_US * 9 / 10 * at / theatre->healthy;
    stream->span_us = theatre->start_us + WINDOW_US - stream->start_us;
}

static void plan_part(
        struct plan *plan, const struct theatre *theatre, uint32_t part, uint32_t like)
{
    struct strbuf text;
    struct strbuf why;
    strbuf_init(&text, TEXT_MAX_BYTES);
    strbuf_init(&why, TEXT_MAX_BYTES);
    add_text(&text, plan->options, part, theatre->tenant);
    char *owned = text.failed == ERR_NONE ? strndup(text.p, text.n) : NULL;
    struct incident_options options;
    enum err e = owned != NULL ? incident_options_read(&options, owned, theatre->healthy, 0, &why)
                               : ERR_NO_MEMORY;
    struct incident incident;
    if (e == ERR_NONE && plan->failed == ERR_NONE) {
        e = incident_init(&incident, &options, plan->incident_count + 1, &plan->campaigns[like],
                &plan->world);
    }
    if (e == ERR_NONE && plan->failed == ERR_NONE) {
        incident.owned_text = owned;
        incident.class_name = plan->options->class_name;
        place(plan, theatre, plan_add_incident(plan, &incident));
    } else {
        plan->failed = plan->failed != ERR_NONE ? plan->failed : e;
        free(owned);
    }
    strbuf_fini(&text);
    strbuf_fini(&why);
}

void plan_class(struct plan *plan)
{
    const struct generate_options *options = plan->options;
    for (uint32_t i = 0; i < plan->tenant_count; i++) {
        const struct theatre theatre = {
                .tenant = i,
                .start_us = i * WINDOW_US,
                .healthy = options->class_healthy,
                .first_campaign = plan->campaign_count,
        };
        plan->tenants[i].p0_millionths = plan_draw_p0(plan);
        plan_background(plan, &theatre);
        // Of two, the second has the first's vendor, but another template and sender.
        uint32_t like = (uint32_t)random_below(&plan->world.rng, BACKGROUND_CAMPAIGNS);
        for (uint32_t part = 0; part < part_count(options); part++) {
            uint32_t other = (like + part * 3 * CLASS_VENDORS) % BACKGROUND_CAMPAIGNS;
            plan_part(plan, &theatre, part, theatre.first_campaign + other);
        }
    }
}
