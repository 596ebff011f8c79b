#include "bench/svg.h"

#include <math.h>
#include <stdio.h>

#include "bench/html.h"

double svg_at(const struct svg_scale *scale, double value)
{
    double span = scale->hi - scale->lo;
    double share = span > 0 ? (value - scale->lo) / span : 0;
    return scale->from_px + share * (scale->to_px - scale->from_px);
}

void svg_open(struct strbuf *out, const char *css, const char *id, int width, int height,
        const char *title, const char *text)
{
    strbuf_printf(out,
            "<svg class=\"%s\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
            "aria-labelledby=\"%s-t %s-d\" xmlns=\"http://www.w3.org/2000/svg\">\n<title "
            "id=\"%s-t\">",
            css, width, height, width, height, id, id, id);
    html_text(out, view_of(title));
    strbuf_printf(out, "</title><desc id=\"%s-d\">", id);
    html_text(out, view_of(text));
    strbuf_add_text(out, "</desc>\n");
}

void svg_close(struct strbuf *out)
{
    strbuf_add_text(out, "</svg>\n");
}

void svg_line(struct strbuf *out, const char *css, double x1, double y1, double x2, double y2)
{
    strbuf_printf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
            css, x1, y1, x2, y2);
}

void svg_rect(struct strbuf *out, const char *css, double x, double y, double width, double height)
{
    strbuf_printf(out,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", css, x,
            y, width > 0 ? width : 0, height > 0 ? height : 0);
}

// Shapes in units of the radius, around 0,0.
static const char *const mark_shapes[MARK_COUNT] = {
        [MARK_TRIANGLE] = "M0-1.15L1.05.75H-1.05Z",
        [MARK_DIAMOND] = "M0-1.25L1.1 0L0 1.25L-1.1 0Z",
        [MARK_SQUARE] = "M-.9-.9H.9V.9H-.9Z",
        [MARK_CROSS] = "M-.8-.8L.8.8M-.8.8L.8-.8",
        [MARK_PLAY] = "M-.7-1L1 0L-.7 1Z",
};

void svg_mark(struct strbuf *out, enum svg_mark mark, const char *css, double x, double y,
        double radius, const char *hint)
{
    bool is_round = mark == MARK_RING || mark == MARK_DOT;
    if (is_round) {
        strbuf_printf(out, "<circle class=\"mark %s%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", css,
                mark == MARK_RING ? " open" : "", x, y, mark == MARK_RING ? radius : radius * 0.8);
    } else {
        strbuf_printf(out,
                "<path class=\"mark %s%s\" transform=\"translate(%.1f %.1f) scale(%.1f)\" "
                "d=\"%s\">",
                css, mark == MARK_CROSS ? " open" : "", x, y, radius, mark_shapes[mark]);
    }
    if (hint != NULL) {
        strbuf_add_text(out, "<title>");
        html_text(out, view_of(hint));
        strbuf_add_text(out, "</title>");
    }
    strbuf_add_text(out, is_round ? "</circle>\n" : "</path>\n");
}

void svg_text(struct strbuf *out, const char *css, double x, double y, const char *format, ...)
{
    char words[512];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    strbuf_printf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", css, x, y);
    html_text(out, view_of(n >= 0 ? words : ""));
    strbuf_add_text(out, "</text>\n");
}

void svg_path_begin(struct strbuf *out, const char *css)
{
    strbuf_printf(out, "<path class=\"%s\" d=\"", css);
}

void svg_path_point(struct strbuf *out, bool is_first, double x, double y)
{
    strbuf_printf(out, "%c%.1f %.1f", is_first ? 'M' : 'L', x, y);
}

void svg_path_end(struct strbuf *out)
{
    strbuf_add_text(out, "\"/>\n");
}

void svg_ticks(double lo, double hi, int count, double *ret_first, double *ret_step)
{
    double rough = (hi - lo) / count;
    double step = 1;
    if (rough > 0) {
        double power = pow(10, floor(log10(rough)));
        double digit = rough / power;
        step = power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    }
    *ret_step = step;
    *ret_first = ceil(lo / step - 1e-9) * step;
}

void svg_time_ticks(
        int64_t lo_ms, int64_t hi_ms, int count, int64_t *ret_first_ms, int64_t *ret_step_ms)
{
    static const int64_t steps_s[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
            10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000};
    const size_t last = sizeof steps_s / sizeof steps_s[0] - 1;
    size_t i = 0;
    while (i < last && (hi_ms - lo_ms) / (steps_s[i] * 1000) > count) {
        i++;
    }
    int64_t step_ms = steps_s[i] * 1000;
    while ((hi_ms - lo_ms) / step_ms >= 4 * (int64_t)count) {
        step_ms *= 2; // years: the axis stays readable, whatever the times say
    }
    *ret_step_ms = step_ms;
    *ret_first_ms = (lo_ms + step_ms - 1) / step_ms * step_ms;
}
