#include "kafka/topics.h"

#include "common/assure.h"

// Of the tally log: the detect half is rebuilt from it (design §5).
#define TALLY_RETENTION_MS (INT64_C(7) * 24 * 60 * 60 * 1000)

int topic_plans(const struct config *config, struct topic_plan ret_plans[TOPIC_PLAN_MAX])
{
    uint32_t tally_partitions = config->topics.tally_partitions;
    uint32_t output_partitions = config->topics.output_partitions;
    const struct topic_plan plans[TOPIC_PLAN_MAX] = {
            {.name = config->topics.outbound,
                    .role = "outbound",
                    .partitions = config->topics.outbound_partitions,
                    .is_input = true},
            {.name = config->topics.control,
                    .role = "control",
                    .partitions = 1,
                    .is_input = true,
                    .retention_ms = config->topics.keep_evidence_ms},
            {.name = config->topics.complaints,
                    .role = "complaints",
                    .partitions = output_partitions,
                    .is_input = true},
            {.name = config->topics.relationships,
                    .role = "relationships",
                    .partitions = output_partitions,
                    .is_input = true,
                    .compacted = true},
            {.name = config->topics.tallies,
                    .role = "tallies",
                    .partitions = tally_partitions,
                    .retention_ms = TALLY_RETENTION_MS},
            {.name = config->topics.detector_state,
                    .role = "detector-state",
                    .partitions = tally_partitions,
                    .compacted = true},
            {.name = config->topics.alerts,
                    .role = "alerts",
                    .partitions = output_partitions,
                    .retention_ms = config->topics.keep_evidence_ms},
            {.name = config->topics.commands,
                    .role = "commands",
                    .partitions = output_partitions,
                    .retention_ms = config->topics.keep_evidence_ms},
            {.name = config->topics.state,
                    .role = "quarantine-state",
                    .partitions = output_partitions,
                    .compacted = true},
            {.name = config->topics.control_state,
                    .role = "control-state",
                    .partitions = output_partitions,
                    .compacted = true},
            {.name = config->topics.dead_letter,
                    .role = "dead-letter",
                    .partitions = output_partitions,
                    .retention_ms = config->topics.keep_dead_letter_ms},
            {.name = config->topics.verdicts,
                    .role = "verdicts",
                    .partitions = output_partitions,
                    .retention_ms = config->topics.keep_verdicts_ms},
    };
    int count = 0;
    for (int i = 0; i < TOPIC_PLAN_MAX; i++) {
        bool is_complaints = plans[i].name == config->topics.complaints;
        bool is_control = plans[i].name == config->topics.control ||
                          plans[i].name == config->topics.control_state;
        if ((!is_complaints || config->complaints == COMPLAINTS_ON) &&
                (!is_control || config->control.is_on)) {
            ret_plans[count] = plans[i];
            ret_plans[count++].replication = config->topics.replication;
        }
    }
    return count;
}

const char *topic_out_name(const struct config *config, enum out_topic topic)
{
    switch (topic) {
    case OUT_VERDICTS:
        return config->topics.verdicts;
    case OUT_DEAD_LETTER:
        return config->topics.dead_letter;
    case OUT_COMMANDS:
        return config->topics.commands;
    case OUT_STATE:
        return config->topics.state;
    case OUT_ALERTS:
        return config->topics.alerts;
    case OUT_TALLIES:
        return config->topics.tallies;
    case OUT_DETECTOR_STATE:
        return config->topics.detector_state;
    case OUT_CONTROL_STATE:
        return config->topics.control_state;
    case OUT_CONTROL:
        return config->topics.control;
    case OUT_OUTBOUND:
        return config->topics.outbound;
    case OUT_TOPIC_COUNT:
        break;
    }
    bool topic_is_an_output = false;
    ASSURE(topic_is_an_output);
    return NULL;
}
