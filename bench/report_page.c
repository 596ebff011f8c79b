#include "bench/report_write.h"

static void write_contents(struct strbuf *out, const struct report *report)
{
    strbuf_add_text(out, "<nav aria-label=\"Contents\"><p class=\"note\">");
    strbuf_add_text(out, "<a href=\"#timeline\">Incidents over time</a>");
    for (uint32_t i = 0; i < report->incident_count && i < 12; i++) {
        strbuf_printf(out, " · <a href=\"#i%u\">Incident %u</a>", i + 1, i + 1);
    }
    if (report->planted_count > 0) {
        strbuf_add_text(out, " · <a href=\"#escapes\">Escapes against theory</a>");
    }
    strbuf_add_text(out, " · <a href=\"#rest\">What was not an incident</a></p></nav>\n");
}

void report_page(const struct report *report, struct strbuf *out)
{
    strbuf_add_text(out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
            "'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<title>wrongnumber report: ");
    html_counted(out, report->incident_count, "incident", "incidents");
    strbuf_add_text(out, " in ");
    html_counted(out, report->messages, "message", "messages");
    strbuf_add_text(out, "</title>\n");
    write_style(out);
    strbuf_add_text(
            out, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the incidents</a>\n");
    write_head(out, report);
    strbuf_add_text(out, "<main id=\"main\">\n");
    write_contents(out, report);
    write_timeline(out, report);
    for (uint32_t i = 0; i < report->incident_count && i < REPORT_DRAWN_MAX; i++) {
        write_incident(out, report, i);
    }
    if (report->incident_count > REPORT_DRAWN_MAX) {
        strbuf_printf(out,
                "<p class=\"note\">The first %d incidents have a chapter of their own; "
                "the table above has all of them.</p>\n",
                REPORT_DRAWN_MAX);
    }
    write_truth(out, report);
    write_rest(out, report);
    strbuf_add_text(out, "</main>\n<footer><p>Written by <code>wrongnumber-bench report</code> "
                         "version " WN_VERSION ". Times are UTC. Numbers are from the run's own "
                         "files; recipients appear nowhere on this page.</p></footer>\n");
    write_script(out);
    strbuf_add_text(out, "</body>\n</html>\n");
}
