// What baseline.c and baseline_archive.c (saving and restoring it) share.
#pragma once

#include "detect/baseline.h"
#include "detect/learners.h"

struct baseline {
    struct baseline_options options;
    struct learners learners;
};
