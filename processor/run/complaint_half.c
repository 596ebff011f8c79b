#include "run/complaint_half.h"

#include "complaint_line.h"
#include "run/aside_half.h"

static const char *name(const struct config *config)
{
    return config->topics.complaints;
}

enum err complaint_half_run(const struct half_options *options)
{
    const struct aside_topic topic = {
            .role = aside_half_role("complaints", "complaints"),
            .client_id = "wrongnumber-complaints",
            .group_suffix = ".complaints",
            .name = name,
            .create_line = complaint_line_create,
    };
    return aside_half_run(&topic, options);
}
