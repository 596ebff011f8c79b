// What goes wrong in made-up days, and where: shapes, scopes, kinds, classes.
#include <stdlib.h>

#include "bench/generate_class.h"
#include "bench/generate_shape.h"
#include "bench/generate_write.h"
#include "tests/support/generated.h"
#include "tests/support/unit.h"

enum { SEEN_MAX = 64 };

// --- labels -------------------------------------------------------------------------------------

static void labels_of_each_class_are_what_the_judge_says(void)
{
    for (size_t i = 0; class_name_at(i) != NULL; i++) {
        char text[128];
        const char *name = class_name_at(i);
        bool is_long = strncmp(name, "ramp", 4) == 0;
        // Each long one as a short one of its shape.
        snprintf(text, sizeof text, "%s%s", name, is_long ? ":size=6000,ramp=300" : "");
        struct generate_options options =
                OPTIONS("--seed", "3", "--class", text, "--incidents", "5", "--messages", "1000");
        struct scenario_counts counts = generated_compare(&options);
        CU_ASSERT(counts.verdicts[VERDICT_MISDIRECTED] > 0);
    }
}

// --- shapes -------------------------------------------------------------------------------------

static void shapes_go_on_as_they_are_called(void)
{
    static const struct {
        const char *text;
        uint64_t i;
        uint32_t rate;
    } rows[] = {
            {"wrong_list:rate=30%", 0, 300000},
            {"wrong_list:rate=30%", 99, 300000},
            {"wrong_list:rate=30%,shape=burst,on=10", 9, 300000},
            {"wrong_list:rate=30%,shape=burst,on=10", 10, 0},
            {"wrong_list:rate=5%,shape=ramp,ramp=100", 0, 10000},
            {"wrong_list:rate=5%,shape=ramp,ramp=100", 50, 30000},
            {"wrong_list:rate=5%,shape=ramp,ramp=100", 100, 50000},
            {"wrong_list:rate=5%,shape=ramp,ramp=100", 900, 50000},
            {"wrong_list:shape=stop_and_go", 49, 1000000},
            {"wrong_list:shape=stop_and_go", 50, 0},
            {"wrong_list:shape=stop_and_go", 5049, 0},
            {"wrong_list:shape=stop_and_go", 5050, 1000000},
            {"wrong_list:shape=relapse,on=20,off=30", 19, 1000000},
            {"wrong_list:shape=relapse,on=20,off=30", 20, 0},
            {"wrong_list:shape=relapse,on=20,off=30", 49, 0},
            {"wrong_list:shape=relapse,on=20,off=30", 50, 1000000},
            {"wrong_list:shape=relapse,on=20,off=30", 5000, 1000000},
            {"wrong_list:shape=leak,rate=1.5%", 5000, 15000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct incident_options incident;
        struct strbuf why;
        strbuf_init(&why, GENERATED_LINE_BYTES);
        CU_ASSERT_EQUAL_FATAL(
                incident_options_read(&incident, rows[i].text, 10000, 1, &why), ERR_NONE);
        strbuf_fini(&why);
        uint32_t rate = shape_rate(&incident, incident.rate_millionths, 10000, rows[i].i);
        CU_ASSERT_EQUAL(rate, rows[i].rate);
    }
    // Of 20 % on top of 5 %: 0.05 + 0.95 x = 0.2.
    CU_ASSERT_EQUAL(shape_excess(200000, 50000), 157894);
    CU_ASSERT_EQUAL(shape_excess(50000, 50000), 0);
}

static void a_burst_is_wrong_at_even_distances(void)
{
    struct generate_options options = OPTIONS("--seed", "9", "--messages", "9000", "--p0", "0",
            "--incident", "wrong_list:shape=burst,on=200,rate=12.5%,size=4000,campaign=c");
    struct traffic *traffic = generated_traffic(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    uint64_t in_campaign = 0;
    uint64_t wrong = 0;
    uint64_t last = 0;
    while (traffic_next(traffic, &message, &label, &incident)) {
        if (strcmp(message.campaign->id, "c") != 0) {
            continue;
        }
        if (label.expected == VERDICT_MISDIRECTED) {
            CU_ASSERT(wrong == 0 || in_campaign - last == 8);
            last = in_campaign;
            wrong++;
        }
        in_campaign++;
    }
    const struct incident *planned = traffic_plan(traffic)->incidents;
    CU_ASSERT_EQUAL(in_campaign, 4000);
    CU_ASSERT_EQUAL(wrong, 25);
    CU_ASSERT_EQUAL(last, planned->before + 199);
    CU_ASSERT_EQUAL(planned->tally.misdirected, 25);
    CU_ASSERT_EQUAL(planned->tally.messages, 4000 - planned->before);
    traffic_destroy(traffic);
}

static void what_begins_in_the_middle_is_healthy_before(void)
{
    struct generate_options options = OPTIONS("--seed", "12", "--messages", "9000", "--p0", "1%",
            "--incident", "wrong_list:at=mid,rate=40%,size=2000,campaign=c", "--incident",
            "leaked_list:before=1500,size=2000,campaign=d");
    struct traffic *traffic = generated_traffic(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    uint64_t wrong_before[2] = {0, 0};
    while (traffic_next(traffic, &message, &label, &incident)) {
        bool is_first = strcmp(message.campaign->id, "c") == 0;
        if (incident == NULL && (is_first || strcmp(message.campaign->id, "d") == 0)) {
            wrong_before[!is_first] += message.fault != FAULT_NONE;
            CU_ASSERT_NOT_EQUAL(message.fault, FAULT_INCIDENT);
        }
    }
    const struct incident *incidents = traffic_plan(traffic)->incidents;
    CU_ASSERT(incidents[0].before > 0 && incidents[0].before < 2000);
    CU_ASSERT_EQUAL(incidents[0].tally.messages, 2000 - incidents[0].before);
    CU_ASSERT(wrong_before[0] <= incidents[0].before / 20);
    CU_ASSERT(wrong_before[1] > 0 && wrong_before[1] < 45);
    CU_ASSERT_EQUAL(incidents[1].tally.misdirected, 500);
    CU_ASSERT_EQUAL(incidents[1].tally.messages, 500);
    traffic_destroy(traffic);
}

// --- scopes -------------------------------------------------------------------------------------

// Different ids, as many as there is room for.
struct seen {
    char ids[SEEN_MAX][GENERATED_ID_MAX_BYTES];
    size_t count;
};

static void see(struct seen *seen, const char *id)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (strcmp(seen->ids[i], id) == 0) {
            return;
        }
    }
    if (seen->count < SEEN_MAX) {
        memcpy(seen->ids[seen->count++], id, strlen(id) + 1);
    }
}

// What the wrong messages of the first incident have in common, and what not.
struct common {
    struct seen tenants;
    struct seen vendors;
    struct seen senders;
    struct seen templates;
    struct seen campaigns;
    uint64_t wrong;
    uint64_t right; // in the incident's scope since it began
    reason_set reasons;
};

static struct common *common_of(const struct generate_options *options, struct tally *ret_tally)
{
    struct traffic *traffic = generated_traffic(options);
    struct common *common = calloc(1, sizeof *common);
    CU_ASSERT_PTR_NOT_NULL_FATAL(common);
    struct message message;
    struct label label;
    const struct incident *incident;
    while (traffic_next(traffic, &message, &label, &incident)) {
        bool is_wrong = message.fault == FAULT_INCIDENT;
        common->wrong += is_wrong;
        common->right += incident != NULL && !is_wrong;
        if (!is_wrong) {
            continue;
        }
        char tenant[GENERATED_ID_MAX_BYTES];
        generated_id(tenant, "%u", message.campaign->tenant);
        see(&common->tenants, tenant);
        see(&common->vendors, message.campaign->vendor_id);
        see(&common->senders, message.campaign->sender_id);
        see(&common->templates, message.campaign->template_id);
        see(&common->campaigns, message.campaign->id);
        common->reasons |= label.reasons;
        CU_ASSERT_EQUAL(label.expected, VERDICT_MISDIRECTED);
        CU_ASSERT(message.loan != 0);
    }
    *ret_tally = traffic_plan(traffic)->incidents[0].tally;
    traffic_destroy(traffic);
    return common;
}

static void an_incident_comes_over_its_scope(void)
{
    static const struct {
        const char *name;
        size_t vendors; // how many different ones at least; 1 = exactly
        size_t senders;
        size_t templates;
        size_t campaigns;
    } rows[] = {
            {"template:size=400,rate=50%", 3, 5, 1, 8},
            {"sender:size=200,rate=50%", 1, 1, 4, 5},
            {"vendor:size=400,rate=50%", 1, 2, 4, 9},
            {"feed_lag:rate=40%,size=1000", 4, 8, 5, 40},
            {"many_small:each=5,size=200,share=50%,rate=1,before=300", 1, 1, 1, 40},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct generate_options options = OPTIONS(
                "--seed", "8", "--class", rows[i].name, "--incidents", "1", "--messages", "2000");
        struct tally tally;
        struct common *common = common_of(&options, &tally);
        CU_ASSERT_EQUAL(common->tenants.count, 1);
        CU_ASSERT(rows[i].vendors == 1 ? common->vendors.count == 1
                                       : common->vendors.count >= rows[i].vendors);
        CU_ASSERT(rows[i].senders == 1 ? common->senders.count == 1
                                       : common->senders.count >= rows[i].senders);
        CU_ASSERT(rows[i].templates == 1 ? common->templates.count == 1
                                         : common->templates.count >= rows[i].templates);
        CU_ASSERT(common->campaigns.count >= rows[i].campaigns);
        CU_ASSERT_EQUAL(tally.misdirected, common->wrong);
        free(common);
    }
}

static void lagging_data_is_no_record_of_people_with_loans(void)
{
    struct generate_options options = OPTIONS("--seed", "21", "--messages", "60000", "--incident",
            "feed_lag:size=1500,rate=20%,tenant=2,at=40%", "--campaigns", "100");
    struct tally tally;
    struct common *common = common_of(&options, &tally);
    CU_ASSERT_EQUAL(common->reasons, REASON_BIT(REASON_NO_RECORD));
    CU_ASSERT_EQUAL(tally.messages, 1500);
    CU_ASSERT(tally.first_message >= 24000 && tally.first_message < 24100);
    CU_ASSERT(common->wrong > 240 && common->wrong < 360);
    CU_ASSERT_EQUAL(common->wrong + common->right, 1500);
    CU_ASSERT(common->vendors.count >= 3);
    CU_ASSERT(common->campaigns.count >= 5);
    unit_check_text("tenant", common->tenants.ids[0], "1");
    free(common);
}

static void small_campaigns_are_a_share_of_their_vendor(void)
{
    struct generate_options options = OPTIONS("--seed", "5", "--messages", "20000", "--incident",
            "wrong_list:spread=many_small,each=2,size=600,share=10%,rate=50%,before=1000");
    struct traffic *traffic = generated_traffic(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    uint64_t concerned = 0;
    uint64_t of_vendor = 0;
    const struct incident *planned = traffic_plan(traffic)->incidents;
    while (traffic_next(traffic, &message, &label, &incident)) {
        concerned += incident != NULL;
        if (strcmp(message.campaign->vendor_id, planned->scope_id) == 0) {
            CU_ASSERT(of_vendor >= 1000 || incident == NULL);
            CU_ASSERT(incident == NULL || message.campaign->planned_size == 2);
            of_vendor++;
        }
    }
    CU_ASSERT_EQUAL(planned->campaign_count, 300);
    CU_ASSERT_EQUAL(concerned, 600);
    CU_ASSERT_EQUAL(of_vendor, 7000);
    CU_ASSERT_EQUAL(planned->tally.messages, 600);
    CU_ASSERT(planned->tally.misdirected > 250 && planned->tally.misdirected < 350);
    traffic_destroy(traffic);
}

// --- kinds --------------------------------------------------------------------------------------

static void walkers_walk_and_leaked_lists_come_from_one_region(void)
{
    struct generate_options options = OPTIONS("--seed", "6", "--messages", "5000", "--incident",
            "number_walking:size=500", "--incident", "leaked_list:size=500");
    struct traffic *traffic = generated_traffic(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    struct seen blocks = {.count = 0};
    uint64_t last = 0;
    while (traffic_next(traffic, &message, &label, &incident)) {
        if (incident == NULL) {
            continue;
        }
        uint64_t national = message.to.address.national;
        if (incident->options.kind == KIND_LEAKED_LIST) {
            char block[GENERATED_ID_MAX_BYTES];
            generated_id(block, "%llu", (unsigned long long)(national / 10000));
            see(&blocks, block);
            CU_ASSERT_EQUAL(label.reasons, REASON_BIT(REASON_NO_RECORD));
        } else {
            CU_ASSERT(last == 0 || national == last + 1);
            last = national;
        }
    }
    CU_ASSERT(blocks.count > 12 && blocks.count <= 24);
    traffic_destroy(traffic);
}

static void an_unregistered_vendor_is_not_among_the_registered(void)
{
    struct generate_options options = OPTIONS("--seed", "6", "--messages", "5000", "--incident",
            "unregistered_vendor:size=500", "--incident", "wrong_list:spread=many_small,size=100",
            "--negative", "new_vendor");
    struct traffic *traffic = generated_traffic(&options);
    struct strbuf sb;
    strbuf_init(&sb, GENERATED_LINE_BYTES);
    CU_ASSERT_EQUAL_FATAL(write_vendors(&sb, traffic), ERR_NONE);
    CU_ASSERT_PTR_NULL(strstr(sb.p, "unregistered"));
    CU_ASSERT_PTR_NOT_NULL(strstr(sb.p, "vendor-small-2\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(sb.p, "vendor-negative-1-new_vendor\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(sb.p, "vendor-1-"));
    struct message message;
    struct label label;
    const struct incident *incident;
    while (traffic_next(traffic, &message, &label, &incident)) {
        char line[GENERATED_ID_MAX_BYTES + 1];
        snprintf(line, sizeof line, "%s\n", message.campaign->vendor_id);
        bool is_rogue = incident != NULL && incident->options.kind == KIND_UNREGISTERED_VENDOR;
        CU_ASSERT_EQUAL(strstr(sb.p, line) == NULL, is_rogue);
    }
    strbuf_fini(&sb);
    traffic_destroy(traffic);
}

// --- classes ------------------------------------------------------------------------------------

static void theatres_come_one_after_the_other(void)
{
    struct generate_options options = OPTIONS("--seed", "2", "--class", "two_in_one_vendor:size=50",
            "--incidents", "90", "--messages", "4500");
    struct traffic *traffic = generated_traffic(&options);
    struct message message;
    struct label label;
    const struct incident *incident;
    uint32_t tenant = 0;
    while (traffic_next(traffic, &message, &label, &incident)) {
        CU_ASSERT(message.campaign->tenant >= tenant);
        tenant = message.campaign->tenant;
    }
    uint32_t count = traffic_plan(traffic)->incident_count;
    const struct incident *incidents = traffic_plan(traffic)->incidents;
    CU_ASSERT_EQUAL(tenant, 44);
    CU_ASSERT_EQUAL_FATAL(count, 90);
    CU_ASSERT_EQUAL(options.days, 2);
    for (uint32_t i = 0; i < count; i += 2) {
        unit_check_text("vendor", incidents[i].like.vendor_id, incidents[i + 1].like.vendor_id);
        CU_ASSERT_STRING_NOT_EQUAL(incidents[i].like.sender_id, incidents[i + 1].like.sender_id);
        CU_ASSERT_STRING_NOT_EQUAL(
                incidents[i].like.template_id, incidents[i + 1].like.template_id);
        CU_ASSERT_EQUAL(incidents[i].tally.messages, 50);
        unit_check_text("class", incidents[i].class_name, "two_in_one_vendor");
    }
    traffic_destroy(traffic);
}

static void a_class_takes_all_its_alternatives(void)
{
    struct generate_options options = OPTIONS(
            "--seed", "2", "--class", "step:size=20", "--incidents", "16", "--messages", "640");
    struct traffic *traffic = generated_traffic(&options);
    uint32_t count = traffic_plan(traffic)->incident_count;
    const struct incident *incidents = traffic_plan(traffic)->incidents;
    CU_ASSERT_EQUAL_FATAL(count, 16);
    static const uint32_t percents[8] = {3, 5, 10, 20, 30, 50, 80, 100};
    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(incidents[i].rate_millionths, percents[i % 8] * 10000);
        CU_ASSERT_EQUAL(incidents[i].before > 0, i >= 8);
        CU_ASSERT_EQUAL(incidents[i].stream_size, 20);
    }
    unit_check_text(
            "options", incidents[9].options.text, "wrong_list:rate=5%,at=mid,size=20,size=20");
    traffic_destroy(traffic);
}

static const struct unit_test tests[] = {
        {"labels_of_each_class_are_what_the_judge_says",
                labels_of_each_class_are_what_the_judge_says},
        {"shapes_go_on_as_they_are_called", shapes_go_on_as_they_are_called},
        {"a_burst_is_wrong_at_even_distances", a_burst_is_wrong_at_even_distances},
        {"what_begins_in_the_middle_is_healthy_before",
                what_begins_in_the_middle_is_healthy_before},
        {"an_incident_comes_over_its_scope", an_incident_comes_over_its_scope},
        {"lagging_data_is_no_record_of_people_with_loans",
                lagging_data_is_no_record_of_people_with_loans},
        {"small_campaigns_are_a_share_of_their_vendor",
                small_campaigns_are_a_share_of_their_vendor},
        {"walkers_walk_and_leaked_lists_come_from_one_region",
                walkers_walk_and_leaked_lists_come_from_one_region},
        {"an_unregistered_vendor_is_not_among_the_registered",
                an_unregistered_vendor_is_not_among_the_registered},
        {"theatres_come_one_after_the_other", theatres_come_one_after_the_other},
        {"a_class_takes_all_its_alternatives", a_class_takes_all_its_alternatives},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "generate_scenario", tests);
}
