#include "bench/generate_shape.h"

uint32_t shape_rate(const struct incident_options *options, uint32_t rate_millionths,
        uint32_t p0_millionths, uint64_t i)
{
    bool is_on = true;
    switch (options->shape) {
    case SHAPE_STEP:
    case SHAPE_LEAK:
    case SHAPE_COUNT:
        break;
    case SHAPE_BURST:
        is_on = i < options->on;
        break;
    case SHAPE_RAMP:
        if (i < options->ramp && rate_millionths > p0_millionths) {
            uint64_t climb = rate_millionths - p0_millionths;
            return p0_millionths + (uint32_t)(climb * i / options->ramp);
        }
        break;
    case SHAPE_STOP_AND_GO:
        is_on = i % (options->on + options->off) < options->on;
        break;
    case SHAPE_RELAPSE:
        is_on = i < options->on || i >= options->on + options->off;
        break;
    }
    return is_on ? rate_millionths : 0;
}

bool shape_is_even(const struct incident_options *options)
{
    return options->shape == SHAPE_BURST;
}

uint32_t shape_excess(uint32_t rate_millionths, uint32_t p0_millionths)
{
    if (rate_millionths <= p0_millionths) {
        return 0;
    }
    uint64_t climb = rate_millionths - p0_millionths;
    return (uint32_t)(climb * ONE_MILLION / (ONE_MILLION - p0_millionths));
}
