// TLS to Redis where this build has it: who is believed, and who is not. Elsewhere: that it says so.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_crowd.h"
#include "common/assure.h"
#include "redis_nodes.h"
#include "unit.h"

enum { NO_SERVER_STATUS = 77, PATH_BYTES = 128, LATE_MS = 1000 };

// Files: ca.crt, another.crt (of another CA), server.crt and .key (for 127.0.0.1 and cache.example),
// client.crt and .key.
struct fixture {
    struct redis_nodes *nodes;
    struct crowd crowd;
    char ca[PATH_BYTES];
    char cert[PATH_BYTES];
    char key[PATH_BYTES];
};

static void run_in(const char *folder, const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd %s && { %s; } >/dev/null 2>&1", folder, command);
    ASSURE(system(line) == 0);
}

static void make_certificates(const char *folder)
{
    run_in(folder, "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key "
                   "-out ca.crt && openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
                   "-subj /CN=another -keyout another.key -out another.crt");
    run_in(folder, "echo subjectAltName=IP:127.0.0.1,DNS:cache.example >san && "
                   "for who in server client; do openssl req -newkey rsa:2048 -nodes "
                   "-subj /CN=$who -keyout $who.key -out $who.csr && openssl x509 -req -days 2 "
                   "-in $who.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile san "
                   "-out $who.crt; done");
}

static char *path_in(const struct fixture *f, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", redis_nodes_folder(f->nodes), name);
    char *copy = strdup(path);
    ASSURE(copy != NULL);
    return copy;
}

static void prepare(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->nodes = redis_nodes_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(f->nodes);
    const char *folder = redis_nodes_folder(f->nodes);
    make_certificates(folder);
    snprintf(f->ca, sizeof f->ca, "%s/ca.crt", folder);
    snprintf(f->cert, sizeof f->cert, "%s/server.crt", folder);
    snprintf(f->key, sizeof f->key, "%s/server.key", folder);
    const struct redis_tls_options tls = {
            .is_on = true, .ca_file = f->ca, .cert_file = f->cert, .key_file = f->key};
    redis_nodes_use_tls(f->nodes, &tls);
}

static void start_server(struct fixture *f, const char *wants_client_certificates)
{
    const char *const arguments[] = {"--port", "0", "--tls-port", "{port}", "--tls-ca-cert-file",
            f->ca, "--tls-cert-file", f->cert, "--tls-key-file", f->key, "--tls-auth-clients",
            wants_client_certificates, NULL};
    redis_nodes_start(f->nodes, false, arguments);
}

static void prepare_crowd(struct fixture *f, enum redis_topology topology, const char *address)
{
    crowd_prepare(&f->crowd, topology, address, NULL, redis_nodes_folder(f->nodes));
    f->crowd.config.redis.tls.is_on = true;
    f->crowd.config.redis.tls.ca_file = path_in(f, "ca.crt");
}

static void set_up(struct fixture *f)
{
    prepare(f);
    start_server(f, "no");
    prepare_crowd(f, TOPOLOGY_STANDALONE, redis_nodes_address(f->nodes, 0));
    CU_ASSERT_EQUAL_FATAL(crowd_load(&f->crowd, 0, CROWD_BORROWERS, false), ERR_NONE);
    crowd_open(&f->crowd);
}

static void tear_down(struct fixture *f)
{
    crowd_tear_down(&f->crowd);
    redis_nodes_destroy(f->nodes);
}

// Whether a store with the configuration as it is now says why it gets no answer.
static bool is_refused(struct fixture *f, const char *why)
{
    crowd_close(&f->crowd);
    crowd_open(&f->crowd);
    bool is_refused = crowd_look_up_one(&f->crowd, 7) == LOOKUP_UNREACHABLE &&
                      strstr(redis_store_why(&f->crowd.store), why) != NULL;
    if (!is_refused) {
        printf("\n  why: %s\n", redis_store_why(&f->crowd.store));
    }
    return is_refused;
}

static void test_found_and_missed(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, CROWD_BORROWERS, 10, true), ERR_NONE);
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, CROWD_BORROWERS), LOOKUP_FOUND);
    redis_nodes_kill(f.nodes, 0);
    CU_ASSERT_EQUAL(crowd_look_up_one(&f.crowd, 7), LOOKUP_UNREACHABLE);
    redis_nodes_restart(f.nodes, 0);
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, 0, CROWD_BORROWERS, false), ERR_NONE);
    CU_ASSERT_TRUE(crowd_becomes_well(&f.crowd));
    tear_down(&f);
}

static void test_who_is_believed(void)
{
    struct fixture f;
    set_up(&f);
    f.crowd.config.redis.tls.server_name = strdup("cache.example");
    crowd_close(&f.crowd);
    crowd_open(&f.crowd);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    // A good certificate of the right CA, but somebody else's.
    f.crowd.config.redis.tls.server_name[0] = 'k';
    CU_ASSERT_TRUE(is_refused(&f, "certificate is refused"));
    free(f.crowd.config.redis.tls.server_name);
    f.crowd.config.redis.tls.server_name = NULL;
    // Of another CA.
    free(f.crowd.config.redis.tls.ca_file);
    f.crowd.config.redis.tls.ca_file = path_in(&f, "another.crt");
    CU_ASSERT_TRUE(is_refused(&f, "certificate is refused"));
    free(f.crowd.config.redis.tls.ca_file);
    f.crowd.config.redis.tls.ca_file = path_in(&f, "nobody.crt");
    CU_ASSERT_TRUE(is_refused(&f, "redis.tls.ca_file cannot be used"));
    tear_down(&f);
}

static void test_client_certificates(void)
{
    struct fixture f;
    prepare(&f);
    start_server(&f, "yes");
    prepare_crowd(&f, TOPOLOGY_STANDALONE, redis_nodes_address(f.nodes, 0));
    crowd_open(&f.crowd);
    CU_ASSERT_TRUE(is_refused(&f, "TLS"));
    f.crowd.config.redis.tls.cert_file = path_in(&f, "client.crt");
    f.crowd.config.redis.tls.key_file = path_in(&f, "client.key");
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, 0, CROWD_BORROWERS, false), ERR_NONE);
    crowd_close(&f.crowd);
    crowd_open(&f.crowd);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    tear_down(&f);
}

static void test_cluster(void)
{
    struct fixture f;
    prepare(&f);
    const char *const arguments[] = {"--port", "0", "--tls-port", "{port}", "--tls-ca-cert-file",
            f.ca, "--tls-cert-file", f.cert, "--tls-key-file", f.key, "--tls-auth-clients", "no",
            "--tls-cluster", "yes", "--tls-replication", "yes", NULL};
    redis_nodes_form_cluster(f.nodes, 3, false, arguments);
    prepare_crowd(&f, TOPOLOGY_CLUSTER, redis_nodes_address(f.nodes, 1));
    CU_ASSERT_EQUAL(crowd_load(&f.crowd, 0, CROWD_BORROWERS, false), ERR_NONE);
    crowd_open(&f.crowd);
    CU_ASSERT_TRUE(crowd_is_well(&f.crowd));
    tear_down(&f);
}

// A server that says nothing, and one that knows no TLS: refused in time, and without burning it.
static void test_no_handshake(void)
{
    struct fixture f;
    set_up(&f);
    f.crowd.config.redis.connect_timeout_ms = 500;
    redis_nodes_pause(f.nodes, 0, true);
    struct mono_time begin = clock_mono();
    int64_t cpu_ns = clock_cpu_ns();
    CU_ASSERT_TRUE(is_refused(&f, "in time"));
    CU_ASSERT_TRUE(clock_mono().ns - begin.ns < (int64_t)LATE_MS * 1000000);
    CU_ASSERT_TRUE(clock_cpu_ns() - cpu_ns < 200 * 1000000);
    redis_nodes_pause(f.nodes, 0, false);
    const struct redis_tls_options plain = {.is_on = false};
    redis_nodes_use_tls(f.nodes, &plain);
    size_t node = redis_nodes_start(f.nodes, false, NULL);
    snprintf(f.crowd.address, sizeof f.crowd.address, "%s", redis_nodes_address(f.nodes, node));
    CU_ASSERT_TRUE(is_refused(&f, "in time")); // it waits for the end of a line
    tear_down(&f);
}

static void test_missing(void)
{
    struct crowd crowd;
    crowd_prepare(&crowd, TOPOLOGY_STANDALONE, "127.0.0.1:1", NULL, "/nonexistent");
    crowd.config.redis.tls.is_on = true;
    crowd_open(&crowd);
    CU_ASSERT_EQUAL(crowd_look_up_one(&crowd, 7), LOOKUP_UNREACHABLE);
    crowd_tear_down(&crowd);
    CU_ASSERT_PTR_NOT_NULL(strstr(redis_tls_missing(), "hiredis 1.0 or later"));
}

static const struct unit_test tests[] = {
        {"found_and_missed", test_found_and_missed},
        {"who_is_believed", test_who_is_believed},
        {"client_certificates", test_client_certificates},
        {"cluster", test_cluster},
        {"no_handshake", test_no_handshake},
        {NULL, NULL},
};

static const struct unit_test tests_without[] = {{"missing", test_missing}, {NULL, NULL}};

int main(int argc, char **argv)
{
    struct redis_nodes *nodes = redis_nodes_create();
    if (redis_tls_missing() != NULL || nodes == NULL) {
        if (nodes != NULL) {
            redis_nodes_destroy(nodes);
        }
        return redis_tls_missing() != NULL ? unit_main(argc, argv, "redis_tls", tests_without)
                                           : NO_SERVER_STATUS;
    }
    redis_nodes_destroy(nodes);
    signal(SIGPIPE, SIG_IGN); // as the programs do
    return unit_main(argc, argv, "redis_tls", tests);
}
