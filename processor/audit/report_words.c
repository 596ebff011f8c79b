#include "audit/report_words.h"

#include <math.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/html_text.h"
#include "common/json_scan.h"

enum { ARENA_BYTES = 1024 * 1024, NESTED_MAX = 6 };

#define DASH "–"

// --- fields of a record --------------------------------------------------------------------------

// Text, a number as it is written, yes or no; none of anything else.
static struct view text_of(const struct json_value *value, struct arena *arena)
{
    switch (value->kind) {
    case JSON_STRING:
        return json_string_take(value, arena);
    case JSON_NUMBER:
        return value->raw;
    case JSON_TRUE:
        return VIEW("yes");
    case JSON_FALSE:
        return VIEW("no");
    case JSON_OBJECT:
    case JSON_ARRAY:
        return value->raw;
    case JSON_ABSENT:
    case JSON_NULL:
        break;
    }
    return VIEW_NONE;
}

bool words_read(struct words_fields *fields, struct view record, const char *const *pointers)
{
    size_t count = 0;
    while (count < WORDS_FIELDS_MAX && pointers[count] != NULL) {
        count++;
    }
    struct json_value values[WORDS_FIELDS_MAX];
    struct json_pointers *compiled = NULL;
    *fields = (struct words_fields){.arena = arena_create(ARENA_BYTES)};
    bool is_read = !view_is_none(record) && fields->arena != NULL &&
                   json_pointers_create(&compiled, pointers, count, NULL) == ERR_NONE &&
                   json_scan(compiled, record, values, NULL) == JSON_FINE;
    for (size_t i = 0; i < count && is_read; i++) {
        fields->texts[i] = text_of(&values[i], fields->arena);
    }
    json_pointers_destroy(compiled);
    if (!is_read) {
        words_done(fields);
    }
    return is_read;
}

void words_done(struct words_fields *fields)
{
    arena_destroy(fields->arena);
    *fields = (struct words_fields){.arena = NULL};
}

// A fraction as percent, with as many places as say something. None is a dash.
static void add_percent(struct strbuf *sb, struct view number)
{
    const struct json_value value = {
            .kind = view_is_none(number) ? JSON_ABSENT : JSON_NUMBER, .raw = number};
    double fraction = json_double_read(&value);
    if (isnan(fraction)) {
        strbuf_add_text(sb, DASH);
    } else {
        strbuf_printf(sb, fraction < 0.1 ? "%.2f %%" : "%.0f %%", fraction * 100);
    }
}

static void add_text(struct strbuf *sb, struct view text)
{
    html_text(sb, view_is_none(text) ? VIEW(DASH) : text);
}

// A whole number with commas; what is none as it is.
static void add_count(struct strbuf *sb, struct view number)
{
    for (size_t i = 0; i < number.n; i++) {
        bool is_digit = number.p[i] >= '0' && number.p[i] <= '9';
        html_text(sb, view_bytes(number.p + i, 1));
        strbuf_add_text(sb, is_digit && i + 1 < number.n && (number.n - i - 1) % 3 == 0 ? "," : "");
    }
    strbuf_add_text(sb, number.n == 0 ? DASH : "");
}

void words_add_time(struct strbuf *sb, struct view time)
{
    enum { DATE = 10, SECONDS = 19, MILLISECONDS = 23 };
    if (time.n <= MILLISECONDS || time.p[DATE] != 'T' || time.p[SECONDS] != '.') {
        add_text(sb, time);
        return;
    }
    struct view zone = view_skip(time, MILLISECONDS);
    strbuf_add_text(sb, "<time>");
    html_text(sb, view_bytes(time.p, DATE));
    strbuf_add_byte(sb, ' ');
    html_text(sb, view_bytes(time.p + DATE + 1, SECONDS - DATE - 1));
    strbuf_add_byte(sb, ' ');
    html_text(sb, view_is(zone, "Z") ? VIEW("UTC") : zone);
    strbuf_add_text(sb, "</time>");
}

// --- any JSON ------------------------------------------------------------------------------------

// A name of a member in words: "distinct recipients".
static void add_name(struct strbuf *sb, struct view name)
{
    for (size_t i = 0; i < name.n; i++) {
        html_text(sb, name.p[i] == '_' ? VIEW(" ") : view_bytes(name.p + i, 1));
    }
}

static void add_value(struct strbuf *sb, const struct json_value *value, unsigned depth);

static void add_object(struct strbuf *sb, struct view rest, unsigned depth)
{
    struct json_value name;
    struct json_value value;
    strbuf_add_text(sb, "<table>");
    while (json_object_take(&rest, &name, &value)) {
        strbuf_add_text(sb, "<tr><th>");
        add_name(sb, name.raw);
        strbuf_add_text(sb, "</th><td>");
        add_value(sb, &value, depth + 1);
        strbuf_add_text(sb, "</td></tr>\n");
    }
    strbuf_add_text(sb, "</table>");
}

static void add_array(struct strbuf *sb, struct view rest, unsigned depth)
{
    struct json_value value;
    bool is_first = true;
    while (json_array_take(&rest, &value)) {
        bool is_scalar = value.kind != JSON_OBJECT && value.kind != JSON_ARRAY;
        strbuf_add_text(sb, !is_first && is_scalar ? ", " : "");
        add_value(sb, &value, depth + 1);
        is_first = false;
    }
    strbuf_add_text(sb, is_first ? DASH : "");
}

static void add_value(struct strbuf *sb, const struct json_value *value, unsigned depth)
{
    bool is_deep = depth > NESTED_MAX;
    if (value->kind == JSON_OBJECT && !is_deep) {
        add_object(sb, value->raw, depth);
    } else if (value->kind == JSON_ARRAY && !is_deep) {
        add_array(sb, value->raw, depth);
    } else {
        struct arena *arena = arena_create(ARENA_BYTES);
        add_text(sb, arena != NULL ? text_of(value, arena) : value->raw);
        arena_destroy(arena);
    }
}

void words_add_json(struct strbuf *sb, struct view json)
{
    // What is scanned as an array of one has its kind.
    struct strbuf list;
    strbuf_init(&list, json.n + 3);
    strbuf_printf(&list, "[");
    strbuf_add_view(&list, json);
    strbuf_add_text(&list, "]");
    struct view rest = strbuf_view(&list);
    struct json_value value;
    if (!view_is_none(json) && list.failed == ERR_NONE && json_array_take(&rest, &value)) {
        add_value(sb, &value, 0);
    } else {
        add_text(sb, json);
    }
    strbuf_fini(&list);
}

// --- what an incident has ------------------------------------------------------------------------

void words_add_scope(struct strbuf *sb, struct view scope)
{
    static const char *const pointers[] = {"/kind", "/id", "/tenant_id", "/channel", NULL};
    struct words_fields of;
    if (!words_read(&of, scope, pointers)) {
        strbuf_add_text(sb, DASH);
        return;
    }
    bool is_tenant = view_is(of.texts[0], "tenant");
    add_text(sb, is_tenant ? VIEW("lender") : of.texts[0]);
    strbuf_add_text(sb, " <code>");
    add_text(sb, of.texts[1]);
    strbuf_add_text(sb, "</code>");
    if (!is_tenant && !view_is_none(of.texts[2])) {
        strbuf_add_text(sb, " of lender <code>");
        add_text(sb, of.texts[2]);
        strbuf_add_text(sb, "</code>");
    }
    if (!view_is_none(of.texts[3])) {
        strbuf_add_text(sb, " by ");
        add_text(sb, of.texts[3]);
    }
    words_done(&of);
}

struct meaning {
    const char *word;
    const char *text;
};

static const struct meaning causes[] = {
        {"wrong_list", "the list that was sent to is not of people who owe this lender"},
        {"closed_loans", "the list has loans that have ended"},
        {"shifted_column", "numbers and loans of the list do not belong together"},
        {"number_walking", "numbers were made up or counted on, not taken from customers"},
        {"feed_lag", "the relationship data were late, not the list wrong"},
        {"recycled_numbers", "the numbers have gone over to other people"},
        {"unregistered_vendor", "a vendor sent that this lender does not know"},
        {"leaked_list", "a list of other people's customers was used"},
        {"broad_rule", "a rule took too many people"},
        {"cache_or_feed", "the relationship data were not to be trusted"},
        {"unknown", "nothing speaks for one cause more than for others"},
        {NULL, ""},
};

static const struct meaning reasons_meant[] = {
        {"no_record", "nobody with this number is known to any lender"},
        {"other_tenant", "known to other lenders only"},
        {"wrong_debt", "known to this lender, with another loan"},
        {"third_party", "only a contact person, who owes nothing"},
        {"closed_loan", "the loan has ended or was sold"},
        {"reassigned_number", "the number belongs to somebody else now"},
        {"opted_out", "does not want to be written to in this way"},
        {"invalid_number", "no number that anybody can have"},
        {"cache_unreachable", "could not be looked up"},
        {"cache_untrusted", "the data were not to be trusted"},
        {"cache_stale", "the data were too old"},
        {NULL, ""},
};

static const char *meaning_of(const struct meaning *meanings, struct view word)
{
    const struct meaning *at = meanings;
    while (at->word != NULL && !view_is(word, at->word)) {
        at++;
    }
    return at->text;
}

void words_add_cause(struct strbuf *sb, struct view cause)
{
    static const char *const pointers[] = {"/likely", "/ranked", NULL};
    static const char *const parts[] = {"/cause", "/share", NULL};
    struct words_fields of;
    if (!words_read(&of, cause, pointers)) {
        strbuf_add_text(sb, DASH);
        return;
    }
    add_name(sb, of.texts[0]);
    strbuf_printf(sb, ": %s", meaning_of(causes, of.texts[0]));
    struct view rest = view_is_none(of.texts[1]) ? VIEW("[]") : of.texts[1];
    struct json_value ranked;
    const char *before = ". By the numbers ";
    while (json_array_take(&rest, &ranked)) {
        struct words_fields part;
        if (words_read(&part, ranked.raw, parts)) {
            strbuf_add_text(sb, before);
            add_name(sb, part.texts[0]);
            strbuf_add_byte(sb, ' ');
            add_percent(sb, part.texts[1]);
            words_done(&part);
            before = ", ";
        }
    }
    words_done(&of);
}

void words_add_reasons(struct strbuf *sb, struct view reasons)
{
    struct view rest = view_is_none(reasons) ? VIEW("{}") : reasons;
    struct json_value name;
    struct json_value value;
    bool any = false;
    while (json_object_take(&rest, &name, &value)) {
        if (value.kind != JSON_NUMBER || view_is(value.raw, "0")) {
            continue;
        }
        strbuf_add_text(sb,
                any ? "" : "<table><tr><th>Messages</th><th>Reason</th><th>Meaning</th></tr>\n");
        any = true;
        strbuf_add_text(sb, "<tr><td>");
        html_text(sb, value.raw);
        strbuf_add_text(sb, "</td><td>");
        add_name(sb, name.raw);
        strbuf_printf(sb, "</td><td>%s</td></tr>\n", meaning_of(reasons_meant, name.raw));
    }
    strbuf_add_text(sb, any ? "</table>\n" : "<p>None is told.</p>\n");
}

void words_add_evidence(struct strbuf *sb, struct view evidence)
{
    static const char *const pointers[] = {"/judged", "/misdirected", "/estimated_rate",
            "/interval/0", "/interval/1", "/baseline", "/false_alarm_budget",
            "/change_point/occurred_at", "/change_point/message_id", NULL};
    struct words_fields of;
    if (!words_read(&of, evidence, pointers)) {
        strbuf_add_text(sb, "<p>None is told.</p>\n");
        return;
    }
    strbuf_add_text(sb, "<p>Of ");
    add_count(sb, of.texts[0]);
    strbuf_add_text(sb, " messages that were judged since ");
    words_add_time(sb, of.texts[7]);
    strbuf_add_text(sb, ", ");
    add_count(sb, of.texts[1]);
    strbuf_add_text(sb, " were misdirected: ");
    add_percent(sb, of.texts[2]);
    if (!view_is_none(of.texts[3])) {
        strbuf_add_text(sb, ", with 95 % certainty between ");
        add_percent(sb, of.texts[3]);
        strbuf_add_text(sb, " and ");
        add_percent(sb, of.texts[4]);
    }
    strbuf_add_text(sb, ". Usual for its like is ");
    add_percent(sb, of.texts[5]);
    strbuf_add_text(sb, ". The rule by which it was told errs at most once in ");
    add_count(sb, of.texts[6]);
    strbuf_add_text(sb, " healthy messages. The first of them is <code>");
    add_text(sb, of.texts[8]);
    strbuf_add_text(sb, "</code>.</p>\n");
    words_done(&of);
}
