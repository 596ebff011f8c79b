#include "run/half.h"

#include <stdlib.h>

#include "common/failpoint.h"
#include "common/log.h"
#include "run/half_watch.h"

enum { GROUP_MAX_BYTES = 512, FINDINGS_MAX_BYTES = 64 * 1024 };

static void on_assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct half *half = self;
    half->role->assign(half->self, assignment, start);
}

static void forget(struct half *half)
{
    if (half->role->forget != NULL) {
        half->role->forget(half->self);
    }
}

static void on_revoke(void *self, bool lost)
{
    struct half *half = self;
    forget(half); // the next owner reads it again
    if (!lost) {
        if (half->role->finish != NULL) {
            half->role->finish(half->self);
        }
        outlet_settle(&half->outlet, half->consumer);
    } else {
        outlet_lose(&half->outlet);
    }
    for (int32_t i = 0; i < offsets_partition_end(half->outlet.offsets); i++) {
        if (offsets_is_begun(half->outlet.offsets, i)) {
            half->role->close_partition(half->self, i);
        }
    }
    log_info(half->role->name, "%s revoked%s", half->role->partitions, lost ? " (lost)" : "");
    failpoint("half.was_revoked");
}

static enum err begin_all_anew(struct half *half)
{
    forget(half);
    enum err e = ERR_NONE;
    for (int32_t i = 0; i < offsets_partition_end(half->outlet.offsets) && e == ERR_NONE; i++) {
        if (offsets_is_begun(half->outlet.offsets, i)) {
            e = half->role->begin_anew(half->self, i);
        }
    }
    return e;
}

enum err half_open_consumer(struct half *half, const char *topic, const char *group_suffix,
        enum start_at start, struct strbuf *findings)
{
    struct strbuf group;
    strbuf_init(&group, GROUP_MAX_BYTES);
    strbuf_printf(&group, "%s%s", half->config->kafka.group, group_suffix);
    half->group = group.p;
    half->topic = topic;
    half->start = start;
    if (group.failed != ERR_NONE) {
        return group.failed;
    }
    half->outlet.sink.may_wait = half_may_wait;
    half->outlet.sink.waiter = half;
    return half_join(half, findings);
}

enum err half_join(struct half *half, struct strbuf *findings)
{
    static const struct kafka_consumer_owner owner = {on_assign, on_revoke};
    const struct kafka_consumer_options options = {
            .config = half->config,
            .topic = half->topic,
            .group = half->group,
            .start = half->start,
            .owner = &owner,
            .self = half,
    };
    return kafka_consumer_create(&half->consumer, &options, findings);
}

const struct policy *half_policy(struct half *half)
{
    return half->policies != NULL ? policy_feed_take(half->policies, &half->policy)
                                  : &half->config->policy;
}

enum err half_settle(struct half *half, enum err e)
{
    outlet_serve(&half->outlet, half->consumer);
    bool needs_recovery = outlet_needs_recovery(&half->outlet);
    bool retries = err_fate(e) == FATE_RETRY || (e == ERR_NONE && needs_recovery);
    if (half->has_given_up) {
        return ERR_STALLED;
    }
    if (half->is_stuck && err_fate(e) != FATE_STOP && !*half->stop) {
        forget(half);
        return half_start_over(half);
    }
    if (half->outlet.is_transactional && !*half->stop && (retries || e == ERR_NONE)) {
        return transactions_go_on(&half->outlet.transactions, half->consumer, retries);
    }
    // With brokers away, what is wanted to begin anew may be away as well.
    while (retries && !*half->stop) {
        half_beat(half);
        e = outlet_rebuild(&half->outlet);
        e = e != ERR_NONE ? e : begin_all_anew(half);
        retries = err_fate(e) == FATE_RETRY;
    }
    return e;
}

enum err half_tell_trouble(const struct half *half, const struct kafka_event *event)
{
    if (event->fatal) {
        log_error(half->role->name, "consumer: %s%s", event->trouble_text,
                half->config->kafka.instance_id != NULL
                        ? "; is there another process with this kafka.instance_id?"
                        : "");
        return ERR_REFUSED;
    }
    if (event->trouble == ERR_REFUSED) {
        log_error(half->role->name,
                "consumer of group %s: %s: our Kafka user lacks a right, or is not let in; trying "
                "on",
                half->group, event->trouble_text);
    } else {
        log_warn(half->role->name, "consumer: %s", event->trouble_text);
    }
    return ERR_NONE;
}

enum err half_settle_batch(
        struct half *half, enum err e, enum kafka_event_kind kind, const struct kafka_event *event)
{
    if (kind == KAFKA_TROUBLE) {
        enum err trouble = half_tell_trouble(half, event);
        if (trouble != ERR_NONE) {
            return trouble;
        }
    } else if (kind == KAFKA_OFFSET_LOST && e == ERR_NONE) {
        e = half->role->offset_lost(half->self, event);
    }
    return half_settle(half, e);
}

static enum err half_open(struct half *half, const struct half_options *options)
{
    struct strbuf findings;
    strbuf_init(&findings, FINDINGS_MAX_BYTES);
    enum err e = half->role->open(half->self, options, &findings);
    if (findings.n > 0) {
        log_error(half->role->name, "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    }
    strbuf_fini(&findings);
    return e;
}

static enum err half_close(struct half *half)
{
    enum err e = outlet_close(&half->outlet, half->consumer); // on_revoke settles and commits
    e = e == ERR_NONE && half->left_behind ? ERR_DEADLINE : e;
    free(half->group);
    struct policy_feed *policies = half->policies;
    struct policy_slot policy = half->policy;
    enum err destroyed = half->role->destroy(half->self); // and with it the half
    if (policies != NULL) {
        policy_feed_return(policies, &policy);
    }
    return e != ERR_NONE ? e : destroyed;
}

enum err half_run(struct half *half, const struct half_role *role, void *self,
        const struct half_options *options)
{
    half->role = role;
    half->self = self;
    half->config = options->config;
    half->stop = options->stop;
    half->pulse = options->pulse;
    half->policies = options->policies;
    half->board = options->board;
    enum err e = half_open(half, options);
    half_watch_init(half);
    half_meter_init(half, options->place);
    while (e == ERR_NONE && !*options->stop) {
        e = role->step(self);
        e = e != ERR_NONE ? e : half_watch(half);
    }
    if (half->outlet.config != NULL) {
        outlet_drain(&half->outlet);
        half_publish(half);
    }
    enum err closed = half_close(half);
    return e != ERR_NONE && !*options->stop ? e : closed;
}
