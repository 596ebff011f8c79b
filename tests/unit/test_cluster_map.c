// Slots, redirections and CLUSTER SLOTS, as a server says them, or a liar.
#include "redis/address_list.h"
#include "redis/cluster_map.h"
#include "unit.h"

static redisReply *read_reply(const char *text)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    CU_ASSERT_EQUAL_FATAL(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
    CU_ASSERT_EQUAL_FATAL(redisReaderGetReply(reader, &reply), REDIS_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reply);
    redisReaderFree(reader);
    return reply;
}

static void test_slots(void)
{
    // By CLUSTER KEYSLOT of a redis-server 7.0.
    CU_ASSERT_EQUAL(cluster_slot(VIEW("123456789")), 12739);
    CU_ASSERT_EQUAL(cluster_slot(VIEW("")), 0);
    CU_ASSERT_EQUAL(cluster_slot(VIEW("wn:{00}:epoch")), cluster_slot_of_tag(0));
    CU_ASSERT_EQUAL(cluster_slot(VIEW("wn:{3f}:7:2a")), cluster_slot_of_tag(63));
    CU_ASSERT_EQUAL(cluster_slot(VIEW("{}a")), cluster_slot(VIEW("{}a")));
    CU_ASSERT_NOT_EQUAL(cluster_slot(VIEW("{}a")), cluster_slot(VIEW("a")));
    CU_ASSERT_EQUAL(cluster_slot(VIEW("x{a}{b}")), cluster_slot(VIEW("a")));
    CU_ASSERT_EQUAL(cluster_slot(VIEW("x{a")), cluster_slot(VIEW("x{a")));
    // No two tags share one, so that each can be moved by itself.
    for (unsigned a = 0; a < 64; a++) {
        for (unsigned b = a + 1; b < 64; b++) {
            CU_ASSERT_NOT_EQUAL(cluster_slot_of_tag(a), cluster_slot_of_tag(b));
        }
    }
}

static void test_redirections(void)
{
    static const struct {
        const char *text;
        enum redirect expected;
        const char *address;
    } rows[] = {
            {"-MOVED 3999 127.0.0.1:6381\r\n", REDIRECT_MOVED, "127.0.0.1:6381"},
            {"-ASK 3999 127.0.0.1:6381\r\n", REDIRECT_ASK, "127.0.0.1:6381"},
            {"-MOVED 3999 ::1:6381\r\n", REDIRECT_MOVED, "[::1]:6381"},
            {"-MOVED 3999 node-2.example:6381\r\n", REDIRECT_MOVED, "node-2.example:6381"},
            {"-MOVED 3999 :6381\r\n", REDIRECT_MOVED, "asked:6381"},
            {"-MOVED 3999 ?:6381\r\n", REDIRECT_MOVED, "asked:6381"},
            {"-TRYAGAIN Multiple keys request during rehashing of slot\r\n", REDIRECT_AGAIN, ""},
            {"-CLUSTERDOWN The cluster is down\r\n", REDIRECT_NONE, ""},
            {"-MOVED\r\n", REDIRECT_NONE, ""},
            {"-MOVED 3999\r\n", REDIRECT_NONE, ""},
            {"-MOVED 3999 h\r\n", REDIRECT_NONE, ""},
            {"-MOVED 3999 h:0\r\n", REDIRECT_NONE, ""},
            {"-MOVED 3999 h:65536\r\n", REDIRECT_NONE, ""},
            {"-MOVED 3999 h:99999999999999999999\r\n", REDIRECT_NONE, ""},
            {"-MOVED 3999 h;rm:1\r\n", REDIRECT_NONE, ""},
            {"+MOVED 3999 127.0.0.1:6381\r\n", REDIRECT_NONE, ""},
            {"$-1\r\n", REDIRECT_NONE, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct strbuf address;
        strbuf_init(&address, 512);
        redisReply *reply = read_reply(rows[i].text);
        CU_ASSERT_EQUAL(
                cluster_read_redirect(reply, VIEW("asked:7000"), &address), rows[i].expected);
        unit_check_text(rows[i].text, address.n > 0 ? address.p : "", rows[i].address);
        freeReplyObject(reply);
        strbuf_fini(&address);
    }
}

static void test_owners(void)
{
    static const struct {
        const char *text;
        unsigned slot;
        enum err expected;
        const char *address;
    } rows[] = {
            {"*2\r\n*3\r\n:0\r\n:9\r\n*3\r\n$1\r\na\r\n:1\r\n$1\r\nx\r\n"
             "*3\r\n:10\r\n:16383\r\n*3\r\n$-1\r\n:2\r\n$1\r\ny\r\n",
                    9, ERR_NONE, "a:1"},
            {"*2\r\n*3\r\n:0\r\n:9\r\n*3\r\n$1\r\na\r\n:1\r\n$1\r\nx\r\n"
             "*3\r\n:10\r\n:16383\r\n*3\r\n$-1\r\n:2\r\n$1\r\ny\r\n",
                    10, ERR_NONE, "asked:2"},
            {"*1\r\n*3\r\n:0\r\n:9\r\n*2\r\n$3\r\n::1\r\n:1\r\n", 3, ERR_NONE, "[::1]:1"},
            {"*1\r\n*3\r\n:0\r\n:9\r\n*2\r\n$1\r\na\r\n:1\r\n", 10, ERR_UNAVAILABLE, ""},
            {"*0\r\n", 3, ERR_UNAVAILABLE, ""},
            {"*1\r\n*3\r\n:0\r\n:9\r\n*2\r\n$1\r\na\r\n:0\r\n", 3, ERR_DATA, ""},
            {"*1\r\n*3\r\n:0\r\n:9\r\n*2\r\n:1\r\n:1\r\n", 3, ERR_DATA, ""},
            {"*1\r\n*3\r\n:0\r\n:9\r\n*1\r\n$1\r\na\r\n", 3, ERR_DATA, ""},
            {"*1\r\n*2\r\n:0\r\n:9\r\n", 3, ERR_DATA, ""},
            {"*1\r\n$1\r\na\r\n", 3, ERR_DATA, ""},
            {"+OK\r\n", 3, ERR_DATA, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct strbuf address;
        strbuf_init(&address, 512);
        redisReply *reply = read_reply(rows[i].text);
        CU_ASSERT_EQUAL(cluster_read_owner(reply, rows[i].slot, VIEW("asked:7000"), &address),
                rows[i].expected);
        unit_check_text(rows[i].text, address.n > 0 ? address.p : "", rows[i].address);
        freeReplyObject(reply);
        strbuf_fini(&address);
    }
}

static void test_lists(void)
{
    struct view list = VIEW(" a:1, ,b:2 ,,[::1]:3");
    struct view address;
    CU_ASSERT_TRUE(address_list_take(&list, &address) && view_is(address, "a:1"));
    CU_ASSERT_TRUE(address_list_take(&list, &address) && view_is(address, "b:2"));
    CU_ASSERT_TRUE(address_list_take(&list, &address) && view_is(address, "[::1]:3"));
    CU_ASSERT_FALSE(address_list_take(&list, &address));
    CU_ASSERT_TRUE(view_is(address_host(VIEW("[::1]:3")), "[::1]"));
    CU_ASSERT_TRUE(view_is(address_host(VIEW("a:1")), "a"));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"slots", test_slots},
            {"redirections", test_redirections},
            {"owners", test_owners},
            {"lists", test_lists},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "cluster_map", tests);
}
