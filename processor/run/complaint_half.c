#include "run/complaint_half.h"

#include "complaint_line.h"
#include "run/aside_half.h"

static const char *name(const struct config *config)
{
    return config->topics.complaints;
}

static enum err create_line(struct aside_line **ret_line, const struct aside_line_options *options,
        struct strbuf *findings)
{
    (void)findings;
    return complaint_line_create(ret_line, options);
}

enum err complaint_half_run(const struct half_options *options)
{
    const struct aside_topic topic = {
            .role = aside_half_role("complaints", "complaints"),
            .client_id = "wrongnumber-complaints",
            .group_suffix = ".complaints",
            .name = name,
            .create_line = create_line,
    };
    return aside_half_run(&topic, options);
}
