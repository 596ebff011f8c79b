// Charts as inline SVG, written by hand: marks, text, scales and their ticks. Colours and fonts are
// the page's: every mark carries a class and nothing else, so that one chart serves light, dark and
// paper.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/strbuf.h"

// A linear scale from values to pixels. Of y axes, `from_px` is the lower edge, so above `to_px`.
struct svg_scale {
    double lo;
    double hi;
    double from_px;
    double to_px;
};

double svg_at(const struct svg_scale *scale, double value);

// Marks that differ by shape, not by colour alone.
enum svg_mark {
    MARK_RING,
    MARK_DOT,
    MARK_TRIANGLE,
    MARK_DIAMOND,
    MARK_SQUARE,
    MARK_CROSS,
    MARK_PLAY,
    MARK_COUNT,
};

// `id` must be the page's only one of that name. `title` and `text` are what a screen reader says;
// they are escaped here.
void svg_open(struct strbuf *out, const char *css, const char *id, int width, int height,
        const char *title, const char *text);
void svg_close(struct strbuf *out);

void svg_line(struct strbuf *out, const char *css, double x1, double y1, double x2, double y2);
void svg_rect(struct strbuf *out, const char *css, double x, double y, double width, double height);
// `hint` may be NULL: what a browser shows when the mark is pointed at.
void svg_mark(struct strbuf *out, enum svg_mark mark, const char *css, double x, double y,
        double radius, const char *hint);
// `css` says where the text is anchored: "start", "middle", "end" among its words.
void svg_text(struct strbuf *out, const char *css, double x, double y, const char *format, ...)
        __attribute__((format(printf, 5, 6)));

// A path, point by point.
void svg_path_begin(struct strbuf *out, const char *css);
void svg_path_point(struct strbuf *out, bool is_first, double x, double y);
void svg_path_end(struct strbuf *out);

// Round numbers for about `count` ticks over lo … hi: the first at or above lo, and the step.
void svg_ticks(double lo, double hi, int count, double *ret_first, double *ret_step);
// The same for times: a step of whole seconds, minutes, hours or days.
void svg_time_ticks(
        int64_t lo_ms, int64_t hi_ms, int count, int64_t *ret_first_ms, int64_t *ret_step_ms);
