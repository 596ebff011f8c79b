#include "commands/status_read.h"

#include <stdio.h>

#include "kafka/whole.h"

enum { FINDINGS_MAX_BYTES = 64 * 1024 };

static enum err see_state(void *self, const struct raw_message *raw)
{
    return status_see_state(self, raw);
}

static enum err see_control_state(void *self, const struct raw_message *raw)
{
    return status_see_control_state(self, raw);
}

static enum err see_alert(void *self, const struct raw_message *raw)
{
    return status_see_alert(self, raw);
}

static enum err see_command(void *self, const struct raw_message *raw)
{
    return status_see_command(self, raw);
}

static enum err see_verdict(void *self, const struct raw_message *raw)
{
    return status_see_verdict(self, raw);
}

enum err status_read(struct status_board *board, const struct config *config, const char *who,
        int64_t timeout_ms, enum status_depth depth)
{
    const struct {
        const char *topic;
        enum status_depth from;
        enum err (*take)(void *self, const struct raw_message *raw);
    } readings[] = {
            {config->topics.state, STATUS_ALL, see_state},
            {config->topics.control_state, STATUS_COMMANDS, see_control_state},
            {config->topics.alerts, STATUS_COMMANDS, see_alert},
            {config->topics.commands, STATUS_INCIDENT, see_command},
            {config->topics.verdicts, STATUS_INCIDENT, see_verdict},
    };
    bool left_behind = false;
    enum err e = ERR_NONE;
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX_BYTES);
    for (size_t i = 0; i < sizeof readings / sizeof *readings && e == ERR_NONE; i++) {
        if (depth < readings[i].from) {
            continue;
        }
        const struct kafka_whole whole = {
                .config = config,
                .topic = readings[i].topic,
                .who = who,
                .deadline_ms = timeout_ms,
                .take = readings[i].take,
                .self = board,
                .left_behind = &left_behind,
        };
        e = kafka_read_whole(&whole, &findings);
        if (e != ERR_NONE) {
            fprintf(stderr, "wrongnumber %s: %s: %s\n", who, whole.topic, err_text(e));
        }
        // An installation that has no such topic yet: alerts tell what waits, and nothing stands.
        if (e == ERR_UNAVAILABLE && whole.topic == config->topics.control_state) {
            e = ERR_NONE;
        }
    }
    fprintf(stderr, "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    strbuf_fini(&findings);
    return e;
}
