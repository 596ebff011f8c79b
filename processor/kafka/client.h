// Inside of the room: what our consumers, producers, readers and admins share. Settings come in
// three layers: our defaults, the properties of the configuration (-X name=value too), and what our
// promises rest on, which no property can change. librdkafka's log goes to ours; its errors become
// one "trouble" text for the owner.
#pragma once

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/strbuf.h"
#include "kafka/statistics.h"
#include "policy/config.h"

enum client_role {
    CLIENT_CONSUMER = 1, // in a group
    CLIENT_READER = 2,   // without one
    CLIENT_PRODUCER = 4,
    CLIENT_ADMIN = 8,
};

enum { TROUBLE_BYTES = 512 };

struct kafka_event;

struct kafka_client {
    rd_kafka_t *rk;
    void *owner; // whatever the callbacks of the role need

    // Trouble is told once, then again only after kafka_client_recovered. Owner's thread.
    bool in_trouble;
    bool has_news;               // trouble that was not told yet
    bool fatal;                  // the instance cannot go on
    uint64_t broken_connections; // that were up; only with log.connection.close=true
    enum err trouble;
    char trouble_text[TROUBLE_BYTES];
    struct mono_time throttled_at; // the end of the last delay by a quota; owner's thread

    // Of consumers and producers while somebody looks (ops.listen). Owner's thread.
    bool is_consumer;
    struct kafka_statistics statistics;
    struct mono_time statistics_at; // 0 = there were none yet
    uint64_t statistics_refused;    // that could not be read
};

// The three layers. Appends findings and returns ERR_CONFIG when a property is not acceptable. The
// callbacks' opaque is `client`, which must stay where it is.
MUST_CHECK enum err kafka_client_conf(struct kafka_client *client, enum client_role role,
        const struct config *config, struct strbuf *findings, rd_kafka_conf_t **ret_conf);
// Sets one more; only for names and values that are ours.
void kafka_client_set(rd_kafka_conf_t *conf, const char *name, const char *value);
// Starts the client and takes over `conf`, also on failure.
MUST_CHECK enum err kafka_client_start(struct kafka_client *client, enum client_role role,
        rd_kafka_conf_t *conf, struct strbuf *findings);
// Ends it within the time, or leaves it behind in a thread of its own and returns ERR_DEADLINE:
// then `client` must stay allocated and the process should end by _exit. (destroy can block for
// ever at 2.0.2: librdkafka #4724.)
enum err kafka_client_stop(struct kafka_client *client, int64_t timeout_ms);

// Notes trouble that did not come through the error callback.
void kafka_client_trouble(struct kafka_client *client, rd_kafka_resp_err_t error, const char *text);
void kafka_client_recovered(struct kafka_client *client);
// Trouble that was not told yet, as a KAFKA_TROUBLE. False when there is none.
bool kafka_client_take_news(struct kafka_client *client, struct kafka_event *ret_event);

// librdkafka's error as one of ours.
enum err kafka_err(rd_kafka_resp_err_t error);
// For librdkafka's int timeouts.
int kafka_timeout(int64_t ms);
