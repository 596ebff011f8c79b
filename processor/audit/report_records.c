#include "audit/report_records.h"

#include "audit/report_words.h"
#include "common/clock.h"
#include "common/html_text.h"

enum { RECORDS_SHOWN = 2000, TIME_BYTES = 64 };

// A column: its head, and what of the record stands in it.
struct column {
    const char *head;
    void (*add)(struct strbuf *sb, struct view record);
};

static void add_field(struct strbuf *sb, struct view record, const char *pointer)
{
    const char *const pointers[] = {pointer, NULL};
    struct words_fields of;
    bool is_read = words_read(&of, record, pointers);
    html_text(sb, is_read && !view_is_none(of.texts[0]) ? of.texts[0] : VIEW("–"));
    if (is_read) {
        words_done(&of);
    }
}

static void add_part(struct strbuf *sb, struct view record, const char *pointer,
        void (*add)(struct strbuf *sb, struct view part))
{
    const char *const pointers[] = {pointer, NULL};
    struct words_fields of;
    bool is_read = words_read(&of, record, pointers);
    add(sb, is_read ? of.texts[0] : VIEW_NONE);
    if (is_read) {
        words_done(&of);
    }
}

// --- columns ------------------------------------------------------------------------------------

static void add_action(struct strbuf *sb, struct view record)
{
    static const char *const pointers[] = {"/action", "/canary/limit", "/mode", NULL};
    struct words_fields of;
    if (!words_read(&of, record, pointers)) {
        return;
    }
    html_text(sb, of.texts[0]);
    if (!view_is_none(of.texts[1])) {
        strbuf_add_text(sb, ", but for ");
        html_text(sb, of.texts[1]);
        strbuf_add_text(sb, " messages as a trial");
    }
    if (view_is(of.texts[2], "monitor")) {
        strbuf_add_text(sb, " (monitor: not in force)");
    }
    words_done(&of);
}

static void add_target(struct strbuf *sb, struct view record)
{
    add_part(sb, record, "/target", words_add_scope);
}

static void add_message_id(struct strbuf *sb, struct view record)
{
    add_field(sb, record, "/target/id");
}

static void add_operator(struct strbuf *sb, struct view record)
{
    static const char *const pointers[] = {"/operator", NULL};
    struct words_fields of;
    bool is_read = words_read(&of, record, pointers);
    html_text(sb, is_read && !view_is_none(of.texts[0]) ? of.texts[0] : VIEW("by itself"));
    if (is_read) {
        words_done(&of);
    }
}

static void add_reason(struct strbuf *sb, struct view record)
{
    add_field(sb, record, "/reason");
}

static void add_until(struct strbuf *sb, struct view record)
{
    add_part(sb, record, "/expires_at", words_add_time);
}

static void add_state(struct strbuf *sb, struct view record)
{
    static const char *const pointers[] = {"/control/action", "/control/state", NULL};
    struct words_fields of;
    if (words_read(&of, record, pointers)) {
        html_text(sb, of.texts[0]);
        strbuf_add_text(sb, ": ");
        html_text(sb, of.texts[1]);
        words_done(&of);
    }
}

static void add_control_operator(struct strbuf *sb, struct view record)
{
    add_field(sb, record, "/control/operator");
}

static void add_second_person(struct strbuf *sb, struct view record)
{
    add_field(sb, record, "/control/confirmed_by");
}

static void add_why(struct strbuf *sb, struct view record)
{
    add_field(sb, record, "/control/why");
}

static void add_control_id(struct strbuf *sb, struct view record)
{
    add_field(sb, record, "/control/control_id");
}

static void add_scope(struct strbuf *sb, struct view record)
{
    add_part(sb, record, "/scope", words_add_scope);
}

static void add_tier(struct strbuf *sb, struct view record)
{
    add_field(sb, record, "/tier");
}

static void add_counts(struct strbuf *sb, struct view record)
{
    static const char *const pointers[] = {"/evidence/misdirected", "/evidence/judged", NULL};
    struct words_fields of;
    if (words_read(&of, record, pointers)) {
        html_text(sb, of.texts[0]);
        strbuf_add_text(sb, " of ");
        html_text(sb, of.texts[1]);
        words_done(&of);
    }
}

static void add_all(struct strbuf *sb, struct view record)
{
    strbuf_add_text(sb, "<details><summary>all</summary>");
    words_add_json(sb, record);
    strbuf_add_text(sb, "</details>");
}

// --- tables -------------------------------------------------------------------------------------

static void add_row(struct strbuf *sb, const struct report_entry *entry,
        const struct column *columns, bool says_type)
{
    struct strbuf at;
    strbuf_init(&at, TIME_BYTES);
    clock_format(&at, entry->at_ms);
    strbuf_add_text(sb, "<tr><td>");
    words_add_time(sb, strbuf_view(&at));
    strbuf_add_text(sb, "</td>");
    strbuf_fini(&at);
    if (says_type) {
        strbuf_add_text(sb, "<td>");
        html_text(sb, entry->type);
        strbuf_add_text(sb, "</td>");
    }
    for (const struct column *column = columns; column->head != NULL; column++) {
        strbuf_add_text(sb, "<td>");
        if (!view_is_none(entry->record)) {
            column->add(sb, entry->record);
        } else if (column == columns) {
            strbuf_add_text(sb, "its content was taken out of the log");
        }
        strbuf_add_text(sb, "</td>");
    }
    strbuf_printf(sb, "<td>%llu%s</td></tr>\n", (unsigned long long)entry->seq,
            entry->outcome == AUDIT_OUTCOME_ABORTED ? " (aborted: nobody had it)" : "");
}

static void add_table(struct strbuf *sb, const struct incident_report *report, enum audit_kind kind,
        const struct column *columns, bool says_type)
{
    uint32_t shown = 0;
    for (uint32_t i = 0; i < report->entry_count && shown <= RECORDS_SHOWN; i++) {
        if (report->entries[i].kind != kind) {
            continue;
        }
        if (shown == 0) {
            strbuf_printf(sb, "<div class=\"wide\"><table><tr><th>When</th>%s",
                    says_type ? "<th>What</th>" : "");
            for (const struct column *column = columns; column->head != NULL; column++) {
                strbuf_printf(sb, "<th>%s</th>", column->head);
            }
            strbuf_add_text(sb, "<th>Record</th></tr>\n");
        }
        if (++shown <= RECORDS_SHOWN) {
            add_row(sb, &report->entries[i], columns, says_type);
        }
    }
    strbuf_add_text(sb, shown > 0 ? "</table></div>\n" : "<p>None.</p>\n");
    strbuf_add_text(sb, shown > RECORDS_SHOWN ? "<p>… and more in the JSON report</p>\n" : "");
}

void report_add_scope_commands(struct strbuf *sb, const struct incident_report *report)
{
    static const struct column columns[] = {{"What", add_action}, {"Of what", add_target},
            {"By whom", add_operator}, {"Why", add_reason}, {"Until", add_until}, {NULL, NULL}};
    add_table(sb, report, AUDIT_COMMAND, columns, false);
}

void report_add_message_commands(struct strbuf *sb, const struct incident_report *report)
{
    static const struct column columns[] = {{"What", add_action}, {"Message", add_message_id},
            {"By whom", add_operator}, {"Why", add_reason}, {"Until", add_until}, {NULL, NULL}};
    add_table(sb, report, AUDIT_MESSAGE_COMMAND, columns, false);
}

void report_add_controls(struct strbuf *sb, const struct incident_report *report)
{
    static const struct column columns[] = {{"What came of it", add_state},
            {"By whom", add_control_operator}, {"Second person", add_second_person},
            {"Why", add_why}, {"Command", add_control_id}, {NULL, NULL}};
    add_table(sb, report, AUDIT_CONTROL, columns, false);
}

void report_add_alerts(struct strbuf *sb, const struct incident_report *report)
{
    static const struct column columns[] = {{"Tier", add_tier}, {"Of what", add_scope},
            {"Misdirected", add_counts}, {"All that it says", add_all}, {NULL, NULL}};
    add_table(sb, report, AUDIT_ALERT, columns, true);
}
