// What those see who look at a tally partition.
#include "decide/decide_show.h"
#include "detect_line_inside.h"

void detect_line_show(const struct detect_line *line, const struct decide_viewer *viewer)
{
    decide_show(line->decide, viewer);
}
