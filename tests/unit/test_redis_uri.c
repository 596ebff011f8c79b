#include "bench/redis_uri.h"

#include <stdlib.h>

#include "unit.h"

static void test_forms(void)
{
    static const struct {
        const char *uri;
        const char *address; // NULL = refused
        uint32_t database;   // 9 = none
        enum redis_topology topology;
        const char *master;
    } rows[] = {
            {"127.0.0.1:6380", "127.0.0.1:6380", 9, TOPOLOGY_STANDALONE, NULL},
            {"unix:/tmp/r.sock", "unix:/tmp/r.sock", 9, TOPOLOGY_STANDALONE, NULL},
            {"unix:///tmp/r.sock", "unix:/tmp/r.sock", 9, TOPOLOGY_STANDALONE, NULL},
            {"redis://127.0.0.1:6380", "127.0.0.1:6380", 9, TOPOLOGY_STANDALONE, NULL},
            {"redis://127.0.0.1:6380/", "127.0.0.1:6380", 9, TOPOLOGY_STANDALONE, NULL},
            {"redis://cache/3", "cache:6379", 3, TOPOLOGY_STANDALONE, NULL},
            {"redis://[::1]:7000/0", "[::1]:7000", 0, TOPOLOGY_STANDALONE, NULL},
            {"redis://[::1]", "[::1]:6379", 9, TOPOLOGY_STANDALONE, NULL},
            {"redis-cluster://a:7000,b:7001", "a:7000,b:7001", 9, TOPOLOGY_CLUSTER, NULL},
            {"redis-cluster://a", "a:6379", 9, TOPOLOGY_CLUSTER, NULL},
            {"redis-sentinel://a,b:5,[::1]/m", "a:26379,b:5,[::1]:26379", 9, TOPOLOGY_SENTINEL,
                    "m"},
            {"redis-sentinel://a:1/m/2", "a:1", 2, TOPOLOGY_SENTINEL, "m"},
            {"redis-sentinel://a:1", NULL, 9, TOPOLOGY_STANDALONE, NULL},
            {"redis-sentinel://a:1//2", NULL, 9, TOPOLOGY_STANDALONE, NULL},
            {"redis-cluster://a,,b", NULL, 9, TOPOLOGY_STANDALONE, NULL},
            {"redis://", NULL, 9, TOPOLOGY_STANDALONE, NULL},
            {"redis:///3", NULL, 9, TOPOLOGY_STANDALONE, NULL},
            {"redis://host/x", NULL, 9, TOPOLOGY_STANDALONE, NULL},
            {"redis://host/99999999999", NULL, 9, TOPOLOGY_STANDALONE, NULL},
            {"redis://user:secret@host", NULL, 9, TOPOLOGY_STANDALONE, NULL},
            {"rediss://host", NULL, 9, TOPOLOGY_STANDALONE, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct redis_uri uri;
        const char *why = "";
        enum err e = redis_uri_read(rows[i].uri, &uri, &why);
        if (rows[i].address == NULL) {
            CU_ASSERT_EQUAL(e, ERR_USAGE);
            CU_ASSERT_NOT_EQUAL(why[0], '\0');
            continue;
        }
        CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
        unit_check_text(rows[i].uri, uri.address, rows[i].address);
        CU_ASSERT_EQUAL(uri.has_database ? uri.database : 9, rows[i].database);
        CU_ASSERT_EQUAL(uri.topology, rows[i].topology);
        unit_check_text(rows[i].uri, uri.master != NULL ? uri.master : "",
                rows[i].master != NULL ? rows[i].master : "");
        free(uri.address);
        free(uri.master);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"forms", test_forms}, {NULL, NULL}};
    return unit_main(argc, argv, "redis_uri", tests);
}
