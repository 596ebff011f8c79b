// Waits that end at a mono_time: whoever sets the time of day neither shortens nor lengthens them.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "common/clock.h"

// A condition whose pthread_cond_timedwait takes what mono_until gives. False when memory is out.
bool mono_condition_init(pthread_cond_t *condition);
// For such a condition, and for pthread_clockjoin_np with CLOCK_MONOTONIC.
static inline struct timespec mono_until(struct mono_time deadline)
{
    return (struct timespec){
            .tv_sec = deadline.ns / 1000000000, .tv_nsec = deadline.ns % 1000000000};
}
