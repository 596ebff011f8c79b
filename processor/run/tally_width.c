#include "run/tally_width.h"

#include <stdio.h>

#include "common/json_value.h"
#include "common/log.h"
#include "kafka/committed.h"

enum { ASK_MS = 10 * 1000, GROUP_BYTES = 512, TEXT_BYTES = 4096 };

static const struct view prefix = {"tallies=", 8};

void tally_width_write(struct tally_width *width, uint32_t tally_partitions)
{
    snprintf(width->text, sizeof width->text, "%s%u", prefix.p, tally_partitions);
}

uint32_t tally_width_read(struct view text)
{
    int64_t number = 0;
    bool is_ours = view_starts_with(text, prefix) &&
                   json_integer_read(view_skip(text, prefix.n), &number) == JSON_INTEGER;
    return is_ours && number > 0 && number <= INT32_MAX ? (uint32_t)number : 0;
}

static const char *text_of(void *self, int32_t partition, int64_t settled, uint64_t *ret_version)
{
    (void)partition;
    (void)settled;
    const struct tally_width *width = self;
    *ret_version = 1; // a partition that is begun is committed at once
    return width->text;
}

struct commit_texts tally_width_texts(struct tally_width *width)
{
    return (struct commit_texts){.text = text_of, .self = width};
}

enum err tally_width_check(const struct config *config, uint32_t tally_partitions)
{
    char group[GROUP_BYTES];
    snprintf(group, sizeof group, "%s.detect", config->kafka.group);
    const struct committed_search search = {
            .config = config,
            .group = group,
            .topic = config->topics.tallies,
            .timeout_ms = ASK_MS,
    };
    struct strbuf text;
    strbuf_init(&text, TEXT_BYTES);
    enum err e = kafka_committed_text(&search, &text);
    uint32_t before = tally_width_read(strbuf_view(&text));
    strbuf_fini(&text);
    if (e != ERR_NONE) {
        log_warn("run", "it could not be learnt how many partitions %s had before: %s",
                config->topics.tallies, err_text(e));
        return ERR_NONE;
    }
    if (before != 0 && before != tally_partitions) {
        log_error("run",
                "%s has %u partitions, and had %u when its tenants were counted: they would be "
                "counted anew in others. Its number of partitions cannot be changed; name new "
                "topics under topics.tallies and topics.detector_state",
                config->topics.tallies, tally_partitions, before);
        return ERR_CONFIG;
    }
    return ERR_NONE;
}
