// What aside_half.c (partitions and the loop) and aside_half_tell.c (what it puts on the board) share.
#pragma once

#include "run/aside_half.h"
#include "run/frame_out.h"
#include "run/gathered.h"

struct aside_half {
    struct half base;
    const struct aside_topic *topic;
    struct keyring *ring;
    struct aside_line *line;
    struct frame_out frames;
    struct gathered batch;
    enum err has_ended;       // a partition could not be opened
    struct metric_page *page; // of aside_metrics; NULL = nobody looks
};

extern const struct metric_table aside_metrics;

// As half_role.publish.
void aside_publish(void *self, struct board_place *place);
