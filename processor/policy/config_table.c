// One row an option. They stand in one file, and not with the rooms that use them, because every
// room may include the configuration and it may include none of them.
#include "policy/config_table.h"

#include "policy/config_maps.h"
#include "policy/config_text.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

// Options of these types are written through a uint32_t.
_Static_assert(sizeof(enum mode) == sizeof(uint32_t), "enums are 32 bits wide");
_Static_assert(sizeof(unsigned) == sizeof(uint32_t), "unsigned is 32 bits wide");

static const char *const kind_words[] = {
        "campaign", "template", "sender", "vendor", "tenant", NULL};
static const char *const role_words[] = {"judge", "detect", NULL};
static const char *const start_words[] = {"earliest", "latest", NULL};
static const char *const layout_words[] = {"packed", "hash", NULL};
static const char *const topology_words[] = {"standalone", "sentinel", "cluster", NULL};
static const char *const complaint_words[] = {"off", "on", NULL};
static const char *const verdict_words[] = {"none", "flagged", "all", NULL};
static const char *const unknown_words[] = {"pass", "hold", "wait", NULL};
static const char *const mode_words[] = {"monitor", "enforce", NULL};
static const char *const format_words[] = {"text", "json", "logfmt", NULL};
static const char *const level_words[] = {"error", "warn", "info", "debug", NULL};

// clang-format off: one row an option, as a table.
// NOLINTBEGIN(bugprone-macro-parentheses): members and initialisers, not expressions.
#define AT(member) .offset = offsetof(struct config, member)
#define RANGE(low, high) .min = (low), .max = (high)
#define TOPIC(member, name, about)                                                                 \
    {                                                                                              \
        .path = "topics." #member, .type = CONF_TEXT, AT(topics.member), .fallback = name,         \
        RANGE(1, 249), .check = config_text_topic, .text = about                                   \
    }
#define PARTITIONS(member, count, about)                                                           \
    {                                                                                              \
        .path = "topics." #member, .type = CONF_COUNT, AT(topics.member), .fallback = count,       \
        RANGE(1, 10000), .text = about                                                             \
    }
#define HASH_FIELD(index, name)                                                                    \
    {                                                                                              \
        .path = "redis.hash.fields." name, .type = CONF_TEXT, AT(redis.hash_fields[index]),        \
        .fallback = name, RANGE(1, 256), .text = "the hash field that holds " name                 \
    }
#define EVENT_FIELD(id, name, required)                                                            \
    {.path = "fields." #name,                                                                      \
            .type = CONF_TEXT,                                                                     \
            AT(fields[id]),                                                                        \
            .fallback = "/" #name,                                                                 \
            RANGE(1, 256),                                                                         \
            .check = config_text_pointer,                                                          \
            .text = "JSON Pointer (RFC 6901) to " #name " in a message event"},

#define STREAM_RATE_STREAM_WALKING "10%"
#define STREAM_RATE_STREAM_REPEATED "5%"
#define STREAM_RATE_STREAM_CLOSED_RECENTLY "5%"
#define STREAM_RATE_STREAM_REASSIGNED "1%"
#define STREAM_RATE_STREAM_INVALID "2%"
#define STREAM_RATE_STREAM_OTHER_TENANT "0.5%"
#define STREAM_RATE(id, name)                                                                      \
    {.path = "detector.streams." #name "_rate",                                                    \
            .type = CONF_PERCENT,                                                                  \
            AT(policy.stream_rate_millionths[id]),                                                 \
            .fallback = STREAM_RATE_##id,                                                          \
            RANGE(100, 200000),                                                                    \
            .text = "share of " #name " messages that healthy traffic stays under"},

static const struct conf_option options[] = {
        {.path = "roles",
                .type = CONF_WORDS,
                AT(roles),
                .fallback = "[judge, detect]",
                .min = 1,
                .words = role_words,
                .text = "the halves that this process runs"},

        {.path = "kafka.bootstrap",
                .type = CONF_TEXT,
                AT(kafka.bootstrap),
                .fallback = "127.0.0.1:9092",
                RANGE(1, 4096),
                .check = config_text_bootstrap,
                .text = "brokers, host:port, comma-separated"},
        {.path = "kafka.group",
                .type = CONF_TEXT,
                AT(kafka.group),
                .fallback = "wrongnumber",
                RANGE(1, 200),
                .check = config_text_word,
                .text = "consumer group of the judge half; the detect half's is GROUP.detect"},
        {.path = "kafka.start",
                .type = CONF_WORD,
                AT(kafka.start),
                .fallback = "earliest",
                .words = start_words,
                .text = "where a group without commits begins"},
        {.path = "kafka.properties",
                .type = CONF_MAP,
                .fallback = "{}",
                .map = &config_properties_map,
                .text = "librdkafka properties by their own names, SASL and TLS among them"},

        TOPIC(outbound, "collections.outbound.v1", "in: outbound message events"),
        TOPIC(control, "collections.control.v1", "in: operator commands"),
        TOPIC(complaints, "collections.complaints.v1", "in: complaints, see `complaints`"),
        TOPIC(tallies, "collections.tallies.v1", "internal: tally frames"),
        TOPIC(detector_state, "collections.detector-state.v1", "internal: detector snapshots"),
        TOPIC(alerts, "collections.alerts.v1", "out: incidents and cache alerts"),
        TOPIC(commands, "collections.quarantine-commands.v1", "out: hold and release commands"),
        TOPIC(state, "collections.quarantine-state.v1", "out: what is held now"),
        TOPIC(dead_letter, "collections.dead-letter.v1", "out: messages that cannot be read"),
        TOPIC(verdicts, "collections.verdicts.v1", "out: verdicts, see `verdicts`"),
        PARTITIONS(outbound_partitions, "16", "partitions of topics.outbound, for topics --create"),
        PARTITIONS(tally_partitions, "4", "partitions of topics.tallies; fixed once created"),
        PARTITIONS(output_partitions, "4", "partitions of every topic out, for topics --create"),
        {.path = "topics.replication",
                .type = CONF_COUNT,
                AT(topics.replication),
                .fallback = "1",
                RANGE(1, 32),
                .text = "replicas of every topic, for topics --create"},

        {.path = "redis.topology",
                .type = CONF_WORD,
                AT(redis.topology),
                .fallback = "standalone",
                .words = topology_words,
                .text = "standalone: one server; sentinel: the master they name; cluster"},
        {.path = "redis.address",
                .type = CONF_TEXT,
                AT(redis.address),
                .fallback = "127.0.0.1:6379",
                RANGE(1, 2048),
                .check = config_text_address,
                .text = "host:port, [IPv6]:port or unix:/path; of sentinels or cluster nodes: "
                        "several with commas"},
        {.path = "redis.master",
                .type = CONF_TEXT,
                AT(redis.master),
                RANGE(1, 256),
                .check = config_text_word,
                .text = "sentinel: the name that the master is watched under"},
        {.path = "redis.user",
                .type = CONF_TEXT,
                AT(redis.user),
                RANGE(1, 256),
                .text = "ACL user"},
        {.path = "redis.password_file",
                .type = CONF_FILE,
                AT(redis.password_file),
                .text = "file with the password; without one there is no AUTH"},
        {.path = "redis.sentinel_user",
                .type = CONF_TEXT,
                AT(redis.sentinel_user),
                RANGE(1, 256),
                .text = "ACL user of the sentinels"},
        {.path = "redis.sentinel_password_file",
                .type = CONF_FILE,
                AT(redis.sentinel_password_file),
                .text = "file with the password of the sentinels"},
        {.path = "redis.database",
                .type = CONF_COUNT,
                AT(redis.database),
                .fallback = "0",
                RANGE(0, 65535),
                .text = "database number"},
        {.path = "redis.prefix",
                .type = CONF_TEXT,
                AT(redis.prefix),
                .fallback = "wn",
                RANGE(1, 64),
                .check = config_text_prefix,
                .text = "front of every key of the packed layout"},
        {.path = "redis.layout",
                .type = CONF_WORD,
                AT(redis.layout),
                .fallback = "packed",
                .words = layout_words,
                .text = "packed: filled by wrongnumber load; hash: a cache that exists"},
        {.path = "redis.deadline",
                .type = CONF_DURATION,
                AT(redis.deadline_ms),
                .fallback = "200ms",
                RANGE(1, 30000),
                .text = "for all lookups of a batch; what has no answer by then is unknown"},
        {.path = "redis.connect_timeout",
                .type = CONF_DURATION,
                AT(redis.connect_timeout_ms),
                .fallback = "1s",
                RANGE(1, 60000),
                .text = "for connecting and AUTH"},
        {.path = "redis.pipeline_keys",
                .type = CONF_COUNT,
                AT(redis.pipeline_keys),
                .fallback = "1024",
                RANGE(1, 65536),
                .text = "lookups in one pipeline at most"},
        {.path = "redis.tags",
                .type = CONF_COUNT,
                AT(redis.tags),
                .fallback = "1",
                RANGE(1, 64),
                .text = "hash tags of a full load: 1 or 64; a cluster always gets 64"},
        {.path = "redis.valid_for",
                .type = CONF_DURATION,
                AT(redis.valid_for_ms),
                .fallback = "26h",
                RANGE(60000, 31 * DAY),
                .text = "how long after its source's time a full load is believed"},
        {.path = "redis.assume_complete",
                .type = CONF_BOOL,
                AT(policy.assume_complete),
                .fallback = "false",
                .text = "hash layout: believe a miss without an epoch; said in every alert"},
        {.path = "redis.hash.key",
                .type = CONF_TEXT,
                AT(redis.hash_key),
                .fallback = "borrower:{recipient}",
                RANGE(1, 512),
                .check = config_text_hash_key,
                .text = "key of a recipient's hash, with {recipient} or {pseudonym} in it"},
        {.path = "redis.hash.epoch_key",
                .type = CONF_TEXT,
                AT(redis.hash_epoch_key),
                RANGE(1, 512),
                .text = "key of the epoch record that the cache's owner keeps"},
        HASH_FIELD(0, "tenant_id"),
        HASH_FIELD(1, "loan_id"),
        HASH_FIELD(2, "role"),
        HASH_FIELD(3, "status"),
        HASH_FIELD(4, "closed_at"),
        HASH_FIELD(5, "reassigned"),
        HASH_FIELD(6, "reassigned_at"),
        HASH_FIELD(7, "opted_out"),

        {.path = "pseudonym.key_id",
                .type = CONF_TEXT,
                AT(identity.key_id),
                .fallback = "k1",
                RANGE(1, 32),
                .check = config_text_word,
                .text = "name of the current key"},
        {.path = "pseudonym.key_file",
                .type = CONF_FILE,
                AT(identity.key_file),
                .text = "the current key: 64 hex digits or 32 to 64 raw bytes; none: demo key"},
        {.path = "pseudonym.previous_key_id",
                .type = CONF_TEXT,
                AT(identity.previous_key_id),
                RANGE(1, 32),
                .check = config_text_word,
                .text = "name of the key before, while it is rotated"},
        {.path = "pseudonym.previous_key_file",
                .type = CONF_FILE,
                AT(identity.previous_key_file),
                .text = "the key before"},
        {.path = "phone.default_region",
                .type = CONF_TEXT,
                AT(identity.default_region),
                .fallback = "CN",
                RANGE(1, 2),
                .check = config_text_region,
                .text = "region of numbers that are written without a country code"},

        EVENT_FIELD_TABLE(EVENT_FIELD)

                {.path = "batch.messages",
                        .type = CONF_COUNT,
                        AT(batch.messages),
                        .fallback = "1000",
                        RANGE(1, 100000),
                        .text = "messages in a batch at most"},
        {.path = "batch.wait",
                .type = CONF_DURATION,
                AT(batch.wait_ms),
                .fallback = "20ms",
                RANGE(1, 10000),
                .text = "how long a batch is filled while there is traffic"},
        {.path = "batch.max_leaves",
                .type = CONF_COUNT,
                AT(batch.max_leaves),
                .fallback = "4096",
                RANGE(1, 65536),
                .text = "leaves of a tally chunk; more go to the overflow leaf"},
        {.path = "verdicts",
                .type = CONF_WORD,
                AT(verdicts),
                .fallback = "flagged",
                .words = verdict_words,
                .text = "which verdicts go to topics.verdicts"},
        {.path = "complaints",
                .type = CONF_WORD,
                AT(complaints),
                .fallback = "off",
                .words = complaint_words,
                .text = "whether topics.complaints is read; if so it has to be there"},

        {.path = "policy.purposes",
                .type = CONF_MAP,
                .fallback = CONFIG_DEFAULT_PURPOSES,
                .map = &config_purposes_map,
                .text = "watched purposes, each with the reasons that make a message misdirected"},
        {.path = "policy.closed_grace",
                .type = CONF_DURATION,
                AT(policy.closed_grace_ms),
                .fallback = "3d",
                RANGE(0, 365 * DAY),
                .text = "how long after a loan's end a message about it is still clear"},
        {.path = "policy.unknown",
                .type = CONF_WORD,
                AT(policy.unknown),
                .fallback = "pass",
                .words = unknown_words,
                .text = "messages whose verdict is unknown; so far only pass"},
        {.path = "policy.mode",
                .type = CONF_WORD,
                AT(policy.mode),
                .fallback = "enforce",
                .words = mode_words,
                .text = "enforce: send commands; monitor: only say what would be"},
        {.path = "policy.message_hold",
                .type = CONF_DURATION,
                AT(policy.message_hold_ms),
                .fallback = "24h",
                RANGE(60000, 90 * DAY),
                .text = "how long a message's hold lasts"},
        {.path = "policy.scope_hold",
                .type = CONF_DURATION,
                AT(policy.scope_hold_ms),
                .fallback = "24h",
                RANGE(60000, 90 * DAY),
                .text = "how long the hold of a campaign, sender, … lasts"},

        {.path = "policy.update_interval",
                .type = CONF_DURATION,
                AT(policy.update_interval_ms),
                .fallback = "10m",
                RANGE(1000, DAY),
                .text = "an open incident tells of its growth no more often than this"},

        {.path = "policy.vendors",
                .type = CONF_LIST,
                .fallback = "[]",
                .map = &config_vendors_map,
                .text = "registered vendors, as vendor or tenant/vendor; where there are any, "
                        "another one is an alert"},

        {.path = "detector.prior_rate",
                .type = CONF_PERCENT,
                AT(policy.prior_rate_millionths),
                .fallback = "0.5%",
                RANGE(100, 40000),
                .text = "rate of wrong numbers that a scope without history is taken to have"},
        {.path = "detector.clump_guard",
                .type = CONF_BOOL,
                AT(policy.clump_guard),
                .fallback = "true",
                .text = "allow for wrong numbers that come in clumps"},
        {.path = "detector.budget",
                .type = CONF_WORD,
                AT(policy.budget),
                .fallback = "2e8",
                .words = policy_budget_names,
                .text = "one false quarantine of a campaign in so many healthy messages at most; "
                        "wider kinds have four times as much"},
        {.path = "detector.floor_rate",
                .type = CONF_PERCENT,
                AT(policy.floor_rate_millionths),
                .fallback = "0.05%",
                RANGE(200, 30000),
                .text = "no learnt baseline is below it"},
        {.path = "detector.ceiling_rate",
                .type = CONF_PERCENT,
                AT(policy.ceiling_rate_millionths),
                .fallback = "3%",
                RANGE(500, 36000),
                .text = "no learnt baseline is above it"},
        {.path = "detector.learning",
                .type = CONF_BOOL,
                AT(policy.learning),
                .fallback = "true",
                .text = "learn each scope's healthy rate; false: prior_rate for good"},
        {.path = "detector.start_credit",
                .type = CONF_BOOL,
                AT(policy.start_credit),
                .fallback = "true",
                .text = "a campaign with a planned_size of 1000 or more is held a message earlier"},
        STREAM_TABLE(STREAM_RATE){.path = "detector.complaint_rate",
                .type = CONF_PERCENT,
                AT(policy.complaint_rate_millionths),
                .fallback = "0.05%",
                RANGE(1, 100000),
                .text = "complaints a message that healthy traffic stays under"},
        {.path = "detector.split_by_channel",
                .type = CONF_WORDS,
                AT(policy.split_by_channel),
                .fallback = "[]",
                .words = kind_words,
                .text = "kinds of scopes that are one for each channel instead of one for all"},
        {.path = "detector.max_scopes",
                .type = CONF_COUNT,
                AT(detector.max_scopes),
                .fallback = "1000000",
                RANGE(1000, 10000000),
                .text = "scopes that are watched; new ones above it are counted, and told in the "
                        "log"},
        {.path = "detector.max_incidents",
                .type = CONF_COUNT,
                AT(detector.max_incidents),
                .fallback = "10000",
                RANGE(10, 1000000),
                .text = "incidents that are kept"},

        {.path = "log.format",
                .type = CONF_WORD,
                AT(log.format),
                .fallback = "text",
                .words = format_words,
                .text = "form of the log lines on stderr"},
        {.path = "log.level",
                .type = CONF_WORD,
                AT(log.level),
                .fallback = "info",
                .words = level_words,
                .text = "the least that is logged"},
        {.path = "drain",
                .type = CONF_DURATION,
                AT(drain_ms),
                .fallback = "25s",
                RANGE(1000, 600000),
                .text = "how long a shutdown may take"},
        {.path = "snapshot_interval",
                .type = CONF_DURATION,
                AT(snapshot_interval_ms),
                .fallback = "5s",
                RANGE(100, 3600000),
                .text = "between snapshots of a tally partition; large ones come less often"},
};
// NOLINTEND(bugprone-macro-parentheses)
// clang-format on

const struct conf_table config_table = {options, sizeof options / sizeof options[0]};
