#include "bench/redis_uri.h"

#include <stdlib.h>

#include "unit.h"

static void test_forms(void)
{
    static const struct {
        const char *uri;
        const char *address; // NULL = refused
        uint32_t database;   // 9 = left alone
    } rows[] = {
            {"127.0.0.1:6380", "127.0.0.1:6380", 9},
            {"unix:/tmp/r.sock", "unix:/tmp/r.sock", 9},
            {"unix:///tmp/r.sock", "unix:/tmp/r.sock", 9},
            {"redis://127.0.0.1:6380", "127.0.0.1:6380", 9},
            {"redis://127.0.0.1:6380/", "127.0.0.1:6380", 9},
            {"redis://cache/3", "cache:6379", 3},
            {"redis://[::1]:7000/0", "[::1]:7000", 0},
            {"redis://[::1]", "[::1]:6379", 9},
            {"redis://", NULL, 9},
            {"redis:///3", NULL, 9},
            {"redis://host/x", NULL, 9},
            {"redis://host/99999999999", NULL, 9},
            {"redis://user:secret@host", NULL, 9},
            {"rediss://host", NULL, 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *address = NULL;
        uint32_t database = 9;
        const char *why = "";
        enum err e = redis_uri_read(rows[i].uri, &address, &database, &why);
        if (rows[i].address == NULL) {
            CU_ASSERT_EQUAL(e, ERR_USAGE);
            CU_ASSERT_NOT_EQUAL(why[0], '\0');
        } else {
            CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
            unit_check_text(rows[i].uri, address, rows[i].address);
            CU_ASSERT_EQUAL(database, rows[i].database);
        }
        free(address);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"forms", test_forms}, {NULL, NULL}};
    return unit_main(argc, argv, "redis_uri", tests);
}
