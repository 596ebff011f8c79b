#include "kafka/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/assure.h"
#include "common/log.h"
#include "common/mono_wait.h"
#include "kafka/consumer.h"
#include "kafka/kafka.h"

enum {
    FETCHING = CLIENT_CONSUMER | CLIENT_READER,
    EVERY_CLIENT = CLIENT_CONSUMER | CLIENT_READER | CLIENT_PRODUCER | CLIENT_ADMIN,
};

struct setting {
    const char *name;
    const char *value;
    unsigned roles;
};

static const struct setting defaults[] = {
        {"client.id", "wrongnumber", EVERY_CLIENT}, // short: librdkafka #4689
        {"socket.nagle.disable", "true", EVERY_CLIENT},
        {"socket.keepalive.enable", "true", EVERY_CLIENT},
        {"log.connection.close", "false", EVERY_CLIENT},
        {"reconnect.backoff.max.ms", "2000", EVERY_CLIENT},
        {"topic.metadata.refresh.interval.ms", "60000", EVERY_CLIENT},
        {"check.crcs", "true", FETCHING},
        {"fetch.wait.max.ms", "50", FETCHING},
        {"fetch.error.backoff.ms", "100", FETCHING},
        {"session.timeout.ms", "30000", CLIENT_CONSUMER},
        // Whichever is reached, librdkafka 2.0.2 looks for more only after up to a second: so many
        // that a second is bridged, and no more, since a message that waits takes a kilobyte.
        {"queued.min.messages", "300000", CLIENT_CONSUMER},
        {"queued.max.messages.kbytes", "262144", CLIENT_CONSUMER},
        {"linger.ms", "2", CLIENT_PRODUCER},
        {"compression.type", "lz4", CLIENT_PRODUCER},
        {"message.timeout.ms", "0", CLIENT_PRODUCER},
        {"partitioner", "murmur2_random", CLIENT_PRODUCER}, // as Java's, so that keys meet
        {"queue.buffering.max.messages", "200000", CLIENT_PRODUCER},
        {"queue.buffering.max.kbytes", "131072", CLIENT_PRODUCER},
};

// As far as the library knows them.
static const struct setting newer[] = {
        // Else a client waits up to a second for that at its end, wanted or not, and an assignment
        // begins and ends one for each tally partition. From 2.5 on.
        {"enable.metrics.push", "false", EVERY_CLIENT},
        // How soon it looks for more behind a limit of what is read ahead. From 2.2 on.
        {"fetch.queue.backoff.ms", "20", FETCHING},
};

// What correctness rests on. A property of such a name is refused unless it says the same.
static const struct setting fixed[] = {
        {"enable.auto.commit", "false", FETCHING},
        {"enable.auto.offset.store", "false", FETCHING},
        {"auto.offset.reset", "error", FETCHING},
        {"enable.partition.eof", "true", FETCHING},
        {"isolation.level", "read_committed", FETCHING},
        {"allow.auto.create.topics", "false", FETCHING},
        {"partition.assignment.strategy", "range", CLIENT_CONSUMER},
        {"enable.idempotence", "true", CLIENT_PRODUCER},
        {"acks", "all", CLIENT_PRODUCER},
};

// Names that have a place of their own in the configuration, other names of fixed ones, and what
// nobody may set.
static const struct {
    const char *name;
    const char *why;
} refused[] = {
        {"bootstrap.servers", "set kafka.bootstrap instead"},
        {"metadata.broker.list", "set kafka.bootstrap instead"},
        {"group.id", "set kafka.group instead"},
        {"group.instance.id", "set kafka.instance_id instead"},
        {"request.required.acks", "would lose records: acks is always all"},
        {"transactional.id", "set delivery and kafka.instance_id instead"},
        {"auto.commit.enable", "would lose messages: offsets are committed by wrongnumber"},
        {"enable.gapless.guarantee", "gaps are told, not fatal"},
        {"test.mock.num.brokers", "use wrongnumber-bench sandbox"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const char *kafka_library_version(void)
{
    return rd_kafka_version_str();
}

enum err kafka_err(rd_kafka_resp_err_t error)
{
    // A switch over librdkafka's 150 codes would have to name each (-Wswitch-enum); these are the
    // ones that matter.
    static const struct {
        rd_kafka_resp_err_t code;
        enum err err;
    } known[] = {
            {RD_KAFKA_RESP_ERR_NO_ERROR, ERR_NONE},
            {RD_KAFKA_RESP_ERR__TIMED_OUT, ERR_DEADLINE},
            {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, ERR_DEADLINE},
            {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ERR_DEADLINE},
            {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ERR_DEADLINE},
            {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERR_DATA},
            {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ERR_DATA},
            {RD_KAFKA_RESP_ERR_INVALID_RECORD, ERR_DATA},
            {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERR_REFUSED},
            {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERR_REFUSED},
            {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ERR_REFUSED},
            {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ERR_REFUSED},
            {RD_KAFKA_RESP_ERR__AUTHENTICATION, ERR_REFUSED},
            {RD_KAFKA_RESP_ERR__INVALID_ARG, ERR_CONFIG},
            {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, ERR_PROTOCOL},
            {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, ERR_PROTOCOL},
            {RD_KAFKA_RESP_ERR__QUEUE_FULL, ERR_CEILING},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (known[i].code == error) {
            return known[i].err;
        }
    }
    return ERR_UNAVAILABLE;
}

int kafka_timeout(int64_t ms)
{
    return ms < 0 ? 0 : ms > 1000000000 ? 1000000000 : (int)ms;
}

// --- log and trouble ---------------------------------------------------------------------------

// What librdkafka says about every connection attempt reaches us through the error callback as
// well, and settings of the other kind of client are no mistake here: producers and consumers are
// given the same properties.
static bool is_noise(const char *facility, const char *text)
{
    return strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0 ||
           strcmp(facility, "AUTOCREATE") == 0 ||
           strstr(text, "property and will be ignored by") != NULL;
}

// Any thread of librdkafka's. Sites outlive every client (common/log.h): all of a type share them.
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    static struct log_site log_sites[2][LOG_DEBUG + 1];
    // librdkafka goes on by itself after everything it logs: nothing of it is an error of ours.
    enum log_level mapped = level <= 4 ? LOG_WARN : level <= 6 ? LOG_INFO : LOG_DEBUG;
    if (mapped != LOG_DEBUG && is_noise(facility, text)) {
        mapped = LOG_DEBUG;
    }
    struct log_site *site = &log_sites[rd_kafka_type(rk) == RD_KAFKA_CONSUMER][mapped];
    log_write(site, mapped, "kafka", "%s: %s", facility, text);
}

void kafka_client_trouble(struct kafka_client *client, rd_kafka_resp_err_t error, const char *text)
{
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
        char reason[TROUBLE_BYTES - 16];
        error = rd_kafka_fatal_error(client->rk, reason, sizeof reason);
        if (client->fatal) {
            return;
        }
        client->fatal = true;
        snprintf(client->trouble_text, sizeof client->trouble_text, "fatal: %s", reason);
    } else if (client->in_trouble) {
        return;
    } else {
        snprintf(client->trouble_text, sizeof client->trouble_text, "%s", text);
    }
    client->in_trouble = true;
    client->has_news = true;
    client->trouble = kafka_err(error);
}

void kafka_client_recovered(struct kafka_client *client)
{
    client->in_trouble = client->fatal;
}

bool kafka_client_take_news(struct kafka_client *client, struct kafka_event *ret_event)
{
    if (!client->has_news) {
        return false;
    }
    client->has_news = false;
    *ret_event = (struct kafka_event){
            .kind = KAFKA_TROUBLE,
            .trouble = client->trouble,
            .fatal = client->fatal,
            .trouble_text = client->trouble_text,
    };
    return true;
}

// Whether a connection was up, so that requests may have been under way. librdkafka ends what it says
// of a connection with the state that it was in; what says nothing of it counts as well.
static bool was_up(const char *text)
{
    return strstr(text, " in state ") == NULL || strstr(text, " in state UP") != NULL;
}

// The owner's thread, inside a poll.
static void on_error(rd_kafka_t *rk, int error, const char *text, void *opaque)
{
    (void)rk;
    struct kafka_client *client = opaque;
    bool is_of_connection =
            error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT;
    client->broken_connections += is_of_connection && was_up(text);
    kafka_client_trouble(client, (rd_kafka_resp_err_t)error, text);
}

// The owner's thread, inside a poll. Quotas are no trouble (kafka_consumer_is_throttled).
static void on_throttle(
        rd_kafka_t *rk, const char *broker, int32_t broker_id, int throttle_ms, void *opaque)
{
    (void)rk;
    (void)broker;
    (void)broker_id;
    struct kafka_client *client = opaque;
    client->throttled_at = mono_after_ms(clock_mono(), throttle_ms);
}

// The owner's thread, inside a poll. The text stays the library's.
static int on_statistics(rd_kafka_t *rk, char *json, size_t json_bytes, void *opaque)
{
    (void)rk;
    struct kafka_client *client = opaque;
    struct view text = view_bytes(json, json_bytes);
    if (kafka_statistics_read(text, client->is_consumer, &client->statistics) == ERR_NONE) {
        client->statistics_at = clock_mono();
    } else {
        client->statistics_refused++;
    }
    return 0;
}

// --- settings ----------------------------------------------------------------------------------

void kafka_client_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[TROUBLE_BYTES];
    ASSURE(rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK);
}

static void set_all(
        rd_kafka_conf_t *conf, const struct setting *settings, size_t count, unsigned role)
{
    for (size_t i = 0; i < count; i++) {
        if ((settings[i].roles & role) != 0) {
            kafka_client_set(conf, settings[i].name, settings[i].value);
        }
    }
}

static void set_newer(rd_kafka_conf_t *conf, unsigned role)
{
    for (size_t i = 0; i < COUNT_OF(newer); i++) {
        char text[TROUBLE_BYTES];
        ASSURE((newer[i].roles & role) == 0 ||
                rd_kafka_conf_set(conf, newer[i].name, newer[i].value, text, sizeof text) !=
                        RD_KAFKA_CONF_INVALID);
    }
}

// Why this property may not be set, or NULL. Refused in every role, so that all clients agree.
static const char *why_refused(const struct property *property)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (strcmp(refused[i].name, property->name) == 0) {
            return refused[i].why;
        }
    }
    for (size_t i = 0; i < COUNT_OF(fixed); i++) {
        if (strcmp(fixed[i].name, property->name) == 0 &&
                strcmp(fixed[i].value, property->value) != 0) {
            return "cannot be changed: no message would be sure to be read and answered once";
        }
    }
    return NULL;
}

static enum err set_properties(
        rd_kafka_conf_t *conf, const struct config *config, struct strbuf *findings)
{
    enum err err = ERR_NONE;
    for (uint32_t i = 0; i < config->kafka.property_count; i++) {
        const struct property *property = &config->kafka.properties[i];
        char text[TROUBLE_BYTES];
        const char *trouble = why_refused(property);
        if (trouble == NULL && rd_kafka_conf_set(conf, property->name, property->value, text,
                                       sizeof text) != RD_KAFKA_CONF_OK) {
            trouble = text;
        }
        if (trouble != NULL) {
            strbuf_printf(findings, "kafka.properties.%s: %s\n", property->name, trouble);
            err = ERR_CONFIG;
        }
    }
    return err;
}

// Only who polls may ask for them: whatever nobody takes would pile up.
static void ask_for_statistics(
        struct kafka_client *client, rd_kafka_conf_t *conf, enum client_role role)
{
    char text[16];
    snprintf(text, sizeof text, "%d", KAFKA_STATISTICS_MS);
    kafka_client_set(conf, "statistics.interval.ms", text);
    client->is_consumer = role == CLIENT_CONSUMER;
    rd_kafka_conf_set_stats_cb(conf, on_statistics);
}

enum err kafka_client_conf(struct kafka_client *client, enum client_role role,
        const struct config *config, struct strbuf *findings, rd_kafka_conf_t **ret_conf)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set_all(conf, defaults, COUNT_OF(defaults), role);
    set_newer(conf, role);
    if ((role & (CLIENT_CONSUMER | CLIENT_PRODUCER)) != 0 && config->ops.listen != NULL &&
            strcmp(config->ops.listen, "off") != 0) {
        ask_for_statistics(client, conf, role);
    }
    enum err err = set_properties(conf, config, findings);
    if (config->kafka.bootstrap == NULL || config->kafka.bootstrap[0] == '\0') {
        strbuf_add_text(findings, "kafka.bootstrap: expected host:port\n");
        err = ERR_CONFIG;
    }
    if (err != ERR_NONE) {
        rd_kafka_conf_destroy(conf);
        return err;
    }
    set_all(conf, fixed, COUNT_OF(fixed), role);
    kafka_client_set(conf, "bootstrap.servers", config->kafka.bootstrap);
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_throttle_cb(conf, on_throttle);
    *ret_conf = conf;
    return ERR_NONE;
}

enum err kafka_check_properties(const struct config *config, struct strbuf *findings)
{
    struct kafka_client client = {0};
    rd_kafka_conf_t *conf = NULL;
    // Every role reads the same properties, so one role finds all of them.
    enum err err = kafka_client_conf(&client, CLIENT_PRODUCER, config, findings, &conf);
    if (err == ERR_NONE) {
        rd_kafka_conf_destroy(conf);
    }
    return err;
}

// --- life --------------------------------------------------------------------------------------

enum err kafka_client_start(struct kafka_client *client, enum client_role role,
        rd_kafka_conf_t *conf, struct strbuf *findings)
{
    bool is_consumer = (role & FETCHING) != 0;
    char text[TROUBLE_BYTES];
    client->rk = rd_kafka_new(
            is_consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (client->rk == NULL) {
        rd_kafka_conf_destroy(conf);
        strbuf_printf(findings, "kafka.properties: %s\n", text);
        return ERR_CONFIG;
    }
    return ERR_NONE;
}

static void *destroy_client(void *rk)
{
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return NULL;
}

enum err kafka_client_stop(struct kafka_client *client, int64_t timeout_ms)
{
    if (client->rk == NULL) {
        return ERR_NONE;
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, destroy_client, client->rk) != 0) {
        return ERR_DEADLINE;
    }
    const struct timespec until =
            mono_until(mono_after_ms(clock_mono(), timeout_ms < 0 ? 0 : timeout_ms));
    if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) != 0) {
        pthread_detach(thread);
        return ERR_DEADLINE;
    }
    client->rk = NULL;
    return ERR_NONE;
}
