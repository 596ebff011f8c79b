#include "bench/generate_class.h"

#include <stdlib.h>

#include "common/assure.h"

enum {
    PART_MAX = 2,
    TEXT_MAX_BYTES = 1024,
    HEALTHY_EACH = 4000,
};

// The incidents of a class, as --incident has them, or negatives. Of {a|b|c} each takes another, the
// first braces changing fastest. Of two parts the last takes the command line's options.
static const struct class_row {
    const char *name;
    const char *parts[PART_MAX];
    bool options_go_to_all; // both are of the class, and count as two
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
        {"negative",
                {"{sorted_list:size=2000|double_volume:size=3000|mix_change:size=4000|"
                 "two_of_five:size=5|big_campaign:size=20000|new_vendor:size=3000}"},
                false},
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

uint32_t class_part_count(const struct generate_options *options)
{
    return row_of(options)->parts[1] != NULL ? 2 : 1;
}

static bool is_of_negatives(const struct generate_options *options)
{
    return view_is(view_of(options->class_name), "negative");
}

enum err class_read_part(struct class_part *ret_part, const struct generate_options *options,
        uint32_t part, uint32_t theatre, struct strbuf *why)
{
    struct strbuf text;
    strbuf_init(&text, TEXT_MAX_BYTES);
    add_text(&text, options, part, theatre);
    char *owned = text.failed == ERR_NONE ? view_dup(strbuf_view(&text)) : NULL;
    strbuf_fini(&text);
    if (owned == NULL) {
        return ERR_NO_MEMORY;
    }
    struct class_part read = {.is_negative = is_of_negatives(options)};
    // Its tenant is its own: none can be chosen.
    enum err e =
            read.is_negative
                    ? negative_options_read(&read.negative, owned, options->class_healthy, 0, why)
                    : incident_options_read(&read.incident, owned, options->class_healthy, 0, why);
    if (e != ERR_NONE) {
        free(owned);
        return e;
    }
    *ret_part = read;
    ret_part->text = owned;
    return ERR_NONE;
}

// --- the size of it all -----------------------------------------------------------------------

// Reads all parts, as the planner is going to, and adds up their messages.
static enum err count_own(
        const struct generate_options *options, uint64_t *ret_own, struct strbuf *why)
{
    uint64_t own = 0;
    for (uint32_t i = 0; i < options->tenants; i++) {
        for (uint32_t j = 0; j < class_part_count(options); j++) {
            struct class_part part;
            enum err e = class_read_part(&part, options, j, i, why);
            if (e != ERR_NONE) {
                return e;
            }
            own += part.is_negative ? part.negative.size
                                    : incident_options_own_messages(&part.incident);
            free(part.text);
        }
    }
    *ret_own = own;
    return ERR_NONE;
}

enum err class_check(struct generate_options *options, struct strbuf *why)
{
    // Two that go wrong together count as two; a lag that one takes place in does not count.
    uint32_t each = row_of(options)->options_go_to_all ? 2 : 1;
    uint32_t theatres = (options->class_incidents + each - 1) / each;
    options->tenants = theatres;
    options->campaigns = theatres * THEATRE_CAMPAIGNS;
    options->days = (theatres + THEATRES_A_DAY - 1) / THEATRES_A_DAY;
    options->class_healthy = options->messages != 0 ? options->messages / theatres : HEALTHY_EACH;
    if (options->class_healthy < THEATRE_CAMPAIGNS) {
        strbuf_printf(why, "--messages: a class needs at least %d healthy messages an incident",
                (int)THEATRE_CAMPAIGNS);
        return ERR_USAGE;
    }
    uint64_t own = 0;
    enum err e = count_own(options, &own, why);
    options->messages = options->class_healthy * theatres + own;
    return e;
}
