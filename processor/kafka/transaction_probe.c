#include "kafka/transaction_probe.h"

#include <stdlib.h>

#include "common/clock.h"
#include "kafka/producer_inside.h"
#include "kafka/transaction_inside.h"

enum {
    NAME_MAX_BYTES = 512,
    INIT_STEP_MS = 1000,
    LOOK_STEP_MS = 5000,
    LOOK_MS = 30 * 1000, // for markers that are still being written
    CLOSE_MS = 5000,
    ATTEMPTS = 5, // transactions may fail for reasons of the moment
};

struct probe {
    const struct config *config;
    const atomic_bool *stop;
    struct strbuf *findings;
    struct strbuf name; // of the group, and of the transactions
    struct kafka_producer *producer;
    struct kafka_transaction *txn;
    struct kafka_client reader;
    rd_kafka_topic_partition_list_t *list; // outbound, partition 0
};

// --- asking ------------------------------------------------------------------------------------

static enum err await_init(struct probe *probe)
{
    while (kafka_transaction_next(probe->txn) == TXN_CALL_AGAIN && !*probe->stop) {
        kafka_transaction_init(probe->txn, INIT_STEP_MS);
    }
    return *probe->stop || kafka_transaction_next(probe->txn) == TXN_GO_ON ? ERR_NONE
                                                                           : ERR_PROTOCOL;
}

static enum err end_with(struct probe *probe, int64_t offset, bool commits)
{
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata_new(probe->name.p);
    probe->list->elems[0].offset = offset;
    transaction_send_list(probe->txn, probe->list, group, KAFKA_TRANSACTION_CALL_MS);
    rd_kafka_consumer_group_metadata_destroy(group);
    if (kafka_transaction_next(probe->txn) == TXN_GO_ON && commits) {
        kafka_transaction_commit(probe->txn, KAFKA_TRANSACTION_CALL_MS);
    } else if (kafka_transaction_next(probe->txn) == TXN_GO_ON) {
        kafka_transaction_abort(probe->txn, KAFKA_TRANSACTION_CALL_MS);
    }
    return kafka_transaction_next(probe->txn) == TXN_GO_ON ? ERR_NONE : ERR_PROTOCOL;
}

static enum err look(struct probe *probe, int64_t *ret_offset)
{
    struct mono_time until = mono_after_ms(clock_mono(), LOOK_MS);
    rd_kafka_resp_err_t error;
    do {
        error = rd_kafka_committed(probe->reader.rk, probe->list, LOOK_STEP_MS);
        error = error != RD_KAFKA_RESP_ERR_NO_ERROR ? error : probe->list->elems[0].err;
    } while (error != RD_KAFKA_RESP_ERR_NO_ERROR && !*probe->stop &&
             mono_left_ms(clock_mono(), until) > 0);
    *ret_offset = probe->list->elems[0].offset;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        strbuf_printf(probe->findings, "offsets of group %s: %s\n", probe->name.p,
                rd_kafka_err2str(error));
    }
    return kafka_err(error);
}

// --- what is asked -----------------------------------------------------------------------------

static enum err expect(struct probe *probe, int64_t offset, const char *what)
{
    int64_t found = 0;
    enum err e = look(probe, &found);
    if (e == ERR_NONE && found != offset && !*probe->stop) {
        strbuf_printf(probe->findings,
                "delivery: transactions do not hold with the brokers at %s: after one that was %s, "
                "group %s has offset %lld in place of %lld. Use delivery idempotent with them\n",
                probe->config->kafka.bootstrap, what, probe->name.p, (long long)found,
                (long long)offset);
        e = ERR_CONFIG;
    }
    return e;
}

static enum err try_once(struct probe *probe)
{
    // Another one than any probe before has left there.
    int64_t offset = clock_wall().ms;
    enum err e = await_init(probe);
    if (e == ERR_NONE && !*probe->stop) {
        e = end_with(probe, offset, true);
        e = e != ERR_NONE ? e : expect(probe, offset, "committed");
        e = e != ERR_NONE ? e : end_with(probe, offset + 1, false);
        e = e != ERR_NONE ? e : expect(probe, offset, "aborted");
    }
    return e;
}

static enum err try_some_times(struct probe *probe)
{
    enum err e = try_once(probe);
    for (int i = 1; i < ATTEMPTS && e == ERR_PROTOCOL && !*probe->stop &&
                    kafka_transaction_next(probe->txn) != TXN_GIVE_UP;
            i++) {
        e = kafka_producer_rebuild(probe->producer);
        kafka_transaction_renew(probe->txn);
        e = e != ERR_NONE ? e : try_once(probe);
    }
    if (e == ERR_PROTOCOL) {
        strbuf_printf(probe->findings, "delivery: a transaction as %s could not be made: %s\n",
                probe->name.p, kafka_transaction_why(probe->txn));
        e = ERR_CONFIG;
    }
    return e;
}

// --- life --------------------------------------------------------------------------------------

static enum err open_reader(struct probe *probe)
{
    rd_kafka_conf_t *conf = NULL;
    enum err e = kafka_client_conf(
            &probe->reader, CLIENT_CONSUMER, probe->config, probe->findings, &conf);
    if (e == ERR_NONE) {
        kafka_client_set(conf, "group.id", probe->name.p);
        e = kafka_client_start(&probe->reader, CLIENT_CONSUMER, conf, probe->findings);
    }
    return e;
}

static enum err open_probe(struct probe *probe)
{
    strbuf_printf(&probe->name, "%s.probe.%s", probe->config->kafka.group,
            probe->config->kafka.instance_id);
    const struct kafka_producer_options options = {
            .config = probe->config,
            .client_id = "wrongnumber-probe",
            .transactional_id = probe->name.p,
    };
    enum err e = probe->name.failed;
    e = e != ERR_NONE ? e : kafka_producer_create(&probe->producer, &options, probe->findings);
    e = e != ERR_NONE ? e : kafka_transaction_create(&probe->txn, probe->producer);
    return e != ERR_NONE ? e : open_reader(probe);
}

static enum err close_probe(struct probe *probe)
{
    enum err e = kafka_producer_close(probe->producer, CLOSE_MS);
    enum err stopped = kafka_client_stop(&probe->reader, CLOSE_MS);
    kafka_transaction_destroy(probe->txn);
    rd_kafka_topic_partition_list_destroy(probe->list);
    if (e == ERR_NONE && stopped == ERR_NONE) {
        strbuf_fini(&probe->name);
        free(probe); // else the library's threads may still use them
    }
    return e != ERR_NONE ? e : stopped;
}

enum err kafka_transaction_probe(
        const struct config *config, const atomic_bool *stop, struct strbuf *findings)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        return ERR_NO_MEMORY;
    }
    probe->config = config;
    probe->stop = stop;
    probe->findings = findings;
    strbuf_init(&probe->name, NAME_MAX_BYTES);
    probe->list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(probe->list, config->topics.outbound, 0);
    enum err e = open_probe(probe);
    e = e != ERR_NONE ? e : try_some_times(probe);
    enum err closed = close_probe(probe);
    return e != ERR_NONE ? e : closed;
}
