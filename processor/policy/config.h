// The configuration of a process, as read from YAML and checked. Read once; shared read-only
// between threads.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/log.h"
#include "common/strbuf.h"
#include "model/event.h"
#include "policy/policy.h"

enum { PROPERTY_MAX = 64, ROLE_JUDGE = 1, ROLE_DETECT = 2 };

enum redis_layout { LAYOUT_PACKED, LAYOUT_HASH };
enum redis_topology { TOPOLOGY_STANDALONE, TOPOLOGY_SENTINEL, TOPOLOGY_CLUSTER };
enum verdict_output { VERDICTS_NONE, VERDICTS_FLAGGED, VERDICTS_ALL };
// Their words in the configuration; NULL behind the last.
extern const char *const verdict_output_words[];
enum complaint_input { COMPLAINTS_OFF, COMPLAINTS_ON };
enum start_at { START_EARLIEST, START_LATEST };
enum delivery { DELIVERY_IDEMPOTENT, DELIVERY_TRANSACTIONAL };

struct property {
    char *name;
    char *value;
    uint32_t line; // where the file sets it
    uint32_t column;
};

struct config {
    unsigned roles; // of ROLE_*

    struct {
        char *bootstrap; // host:port, comma-separated
        char *group;     // consumer group; the detect half's is <group>.detect
        int64_t stall_timeout_ms;
        char *instance_id;   // static member of its groups; NULL = a new member at every start
        enum start_at start; // where a group without commits begins
        struct property properties[PROPERTY_MAX]; // straight to librdkafka
        uint32_t property_count;
    } kafka;

    struct {
        char *outbound;
        char *control;       // read unless `control.enabled` is off
        char *complaints;    // read where `complaints` is on
        char *relationships; // read by `sync`
        char *tallies;
        char *detector_state;
        char *alerts;
        char *commands;
        char *state;
        char *control_state; // where `control.enabled` is on
        char *dead_letter;
        char *verdicts;
        uint32_t outbound_partitions; // for `topics --create`
        uint32_t tally_partitions;
        uint32_t output_partitions;
        uint32_t replication;
        int64_t keep_evidence_ms; // of records in topics that --create makes
        int64_t keep_verdicts_ms;
        int64_t keep_dead_letter_ms;
    } topics;

    struct {
        enum redis_topology topology;
        // unix:/path, or host:port; IPv6 as [::1]:6379. Of sentinels or cluster nodes: several with
        // commas
        char *address;
        char *master; // as the sentinels name it
        char *user;   // NULL = none
        char *password_file;
        char *sentinel_user; // NULL = none
        char *sentinel_password_file;
        struct {
            bool is_on;
            char *ca_file; // NULL = the system's
            char *cert_file;
            char *key_file;
            char *server_name; // NULL = the host of the address
        } tls;
        uint32_t database;
        char *prefix; // of every key of the packed layout
        enum redis_layout layout;
        int64_t deadline_ms; // for the lookups of a batch
        int64_t connect_timeout_ms;
        uint32_t pipeline_keys; // lookups a pipeline at most
        uint32_t tags;          // hash tags of a full load: 1 standalone
        int64_t valid_for_ms;   // of a full load's epoch
        char *hash_key;         // template with {recipient} or {pseudonym}
        char *hash_epoch_key;
        // see config.c: tenant_id, loan_id, role, status, closed_at, reassigned, reassigned_at,
        // opted_out; NULL = that field's own name
        char *hash_fields[8];
    } redis;

    struct {
        char *key_id;
        char *key_file;         // NULL = the demo key, warned of
        uint8_t key_digest[32]; // SHA-256 of its key as it was read; zero without
        char *previous_key_id;
        char *previous_key_file;
        char *default_region;
    } identity;

    struct {
        char *directory; // NULL = no audit log
        char *key_id;
        char *key_file; // NULL = a chain of SHA-256, warned of
        char *previous_key_id;
        char *previous_key_file;
        int64_t file_bytes; // a new file is begun above it
    } audit;

    char *fields[FIELD_COUNT]; // JSON Pointers

    struct {
        uint32_t messages;   // a batch at most
        int64_t wait_ms;     // and no longer than this while there is traffic
        uint32_t max_leaves; // a chunk
    } batch;

    uint32_t recheck_messages; // that are looked up again: so many at most
    enum verdict_output verdicts;
    enum complaint_input complaints;

    struct {
        bool is_on;     // whether topics.control is read
        char *key_file; // NULL = commands need no signature, warned of
        char *previous_key_file;
        int64_t max_age_ms; // a command that was issued longer ago is refused; log time
    } control;

    struct policy policy;
    char *lists_file;         // entries of policy.lists beside those here; NULL = none
    uint32_t frequency_packs; // bits of frequency_pack_names

    struct {
        uint32_t max_scopes;
        uint32_t max_incidents;
    } detector;

    struct {
        enum log_format format;
        enum log_level level;
    } log;

    struct {
        char *listen;              // address:port, or "off"
        uint32_t partition_series; // of more partitions lag is told as a sum only
    } ops;

    struct {
        int64_t heartbeat_ms;       // of the epoch; one is written five times as often
        int64_t source_silence_ms;  // how old the topic's own heartbeat may be; 0 = any age
        int64_t overlap_ms;         // how far before a load's watermark records are applied
        bool topic_is_whole;        // data are built from the topic when there are none
        int64_t tombstones_kept_ms; // the topic's delete.retention.ms
    } sync;

    enum delivery delivery;
    int64_t commit_interval_ms;   // transactional: how long a transaction is open
    int64_t drain_ms;             // how long a shutdown may take
    int64_t snapshot_interval_ms; // of the detect half
};

// Everything at its default.
MUST_CHECK enum err config_create_default(struct config **ret_config);
// Reads a file. On trouble every finding is appended to `findings`, one a line, as
// `file:line:column: path: what was expected`, and ERR_CONFIG comes back (ERR_NO_INPUT when it
// cannot be opened).
MUST_CHECK enum err config_load(
        struct config **ret_config, const char *path, struct strbuf *findings);
// The same with one more check, for what only another room can tell: `check` appends `path: what is
// wrong`, one a line, path being an option's, and the places are put before its lines. It sees a
// config even when there are other findings.
MUST_CHECK enum err config_load_with(struct config **ret_config, const char *path,
        struct strbuf *findings,
        void (*check)(const struct config *config, struct strbuf *findings));
// The same for who needs only some sections of the file, such as "kafka" (ended by NULL): what is wrong in the
// others of its sections is told as a warning, and the config that comes back is good for those sections alone.
// `ret_warned`: whether there were such findings.
MUST_CHECK enum err config_load_sections(struct config **ret_config, const char *path,
        struct strbuf *findings,
        void (*check)(const struct config *config, struct strbuf *findings),
        const char *const *sections, bool *ret_warned);
void config_destroy(struct config *config);
// Whether they differ in nothing that only a restart can change, such as the key in `pseudonym.key_file`; else appends what does, one a line.
bool config_differs_in_policy_only(
        const struct config *running, const struct config *other, struct strbuf *findings);
// Appends what every option is, three lines each: path; type, default and range; meaning.
void config_describe(struct strbuf *sb);
// Appends the whole configuration in force as YAML, secrets left out.
void config_print(struct strbuf *sb, const struct config *config);
