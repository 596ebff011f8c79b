#include "run/control_half.h"

#include "common/log.h"
#include "control_line.h"
#include "kafka/admin.h"
#include "run/aside_half.h"

enum { LOOK_AGAIN_MS = 5000, NAP_MS = 100, ATTEMPT_MS = 1000, FINDINGS_MAX_BYTES = 64 * 1024 };

static const char *name(const struct config *config)
{
    return config->topics.control;
}

// Waits a while, or until a stop, and says meanwhile that it lives.
static void rest(const struct half_options *options)
{
    for (int i = 0; i < LOOK_AGAIN_MS / NAP_MS && !*options->stop; i++) {
        clock_nap(NAP_MS);
        if (options->pulse != NULL) {
            atomic_fetch_add(options->pulse, 1);
        }
    }
}

// Until the topics are there, that of commands and that of what they leave in force, which the detect
// half writes once there is a command; what is missing is said once.
static enum err await_topics(const struct half_options *options, struct kafka_admin *admin)
{
    const char *const topics[] = {
            options->config->topics.control, options->config->topics.control_state};
    bool is_told = false;
    while (!*options->stop) {
        uint32_t partitions[2] = {0, 0};
        enum err e = kafka_admin_partitions(admin, topics, 2, ATTEMPT_MS, partitions);
        if (e == ERR_NONE && partitions[0] > 0 && partitions[1] > 0) {
            return ERR_NONE;
        }
        if (e == ERR_NONE && !is_told) {
            log_warn("control",
                    "%s does not exist, or our Kafka user may not describe it: no commands of "
                    "operators until it is there (wrongnumber topics --create)",
                    topics[partitions[0] > 0]);
            is_told = true;
        }
        rest(options);
    }
    return ERR_DEADLINE;
}

static enum err find_topic(const struct half_options *options)
{
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX_BYTES);
    struct kafka_admin *admin;
    enum err e = kafka_admin_create(&admin, options->config, &findings);
    strbuf_fini(&findings); // the other halves have the same to say
    if (e == ERR_NONE) {
        e = await_topics(options, admin);
        kafka_admin_destroy(admin);
    }
    return e;
}

enum err control_half_run(const struct half_options *options)
{
    const struct aside_topic topic = {
            .role = aside_half_role("control", "commands of operators"),
            .client_id = "wrongnumber-control",
            .group_suffix = ".control",
            .name = name,
            .create_line = control_line_create,
    };
    if (options->config->control.key_file == NULL) {
        log_warn("control",
                "control.key_file is not set: whoever may write %s is obeyed, signed "
                "or not",
                options->config->topics.control);
    }
    enum err left_behind = ERR_NONE; // a client did not let go: the process should end by _exit
    while (!*options->stop) {
        enum err e = find_topic(options);
        if (*options->stop) {
            break;
        }
        if (e == ERR_NONE) {
            e = aside_half_run(&topic, options);
            left_behind = e == ERR_DEADLINE ? e : left_behind;
        }
        if (e == ERR_NO_MEMORY || (*options->stop && left_behind == ERR_NONE)) {
            return e;
        }
        if (!*options->stop) {
            log_error(
                    "control", "commands of operators are not read: %s; trying again", err_text(e));
            rest(options);
        }
    }
    return left_behind;
}
