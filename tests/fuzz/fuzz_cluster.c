// What servers say about where others are: CLUSTER SLOTS and redirections (RESP, as hiredis parses
// it), and addresses as text. What must hold: an address that is let through is one that a log and a
// resolver can take, and the same answer gives the same one.
//
// First byte: the slot. Then a line: a list of addresses, the first of which is the server that was
// asked. Then the reply.
#include "redis/cluster_map.h"

#include "common/assure.h"
#include "input.h"
#include "redis/address_list.h"

enum { ADDRESS_BYTES = 512, ELEMENTS_MAX = 256, SLOT_STEP = CLUSTER_SLOT_COUNT / 256 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif
// The connection's own reader bounds arrays too (connection.c).
static void *create_array(const redisReadTask *task, element_count count)
{
    const redisReplyObjectFunctions *plain = task->privdata;
    return (size_t)count <= ELEMENTS_MAX ? plain->createArray(task, count) : NULL;
}

static void check_address(struct view address)
{
    struct view host = address_host(address);
    ASSURE(host.n > 0 && host.n < address.n && address.p[host.n] == ':');
    for (size_t i = 0; i < address.n; i++) {
        ASSURE(address.p[i] > ' ' && address.p[i] < 0x7f);
    }
    unsigned port = 0;
    for (size_t i = host.n + 1; i < address.n; i++) {
        ASSURE(address.p[i] >= '0' && address.p[i] <= '9');
        port = port * 10 + (unsigned)(address.p[i] - '0');
        ASSURE(port <= 65535);
    }
    ASSURE(port >= 1);
}

static void check_reply(const redisReply *reply, unsigned slot, struct view asked)
{
    struct strbuf owner;
    struct strbuf again;
    strbuf_init(&owner, ADDRESS_BYTES);
    strbuf_init(&again, ADDRESS_BYTES);
    enum err e = cluster_read_owner(reply, slot, asked, &owner);
    ASSURE(cluster_read_owner(reply, slot, asked, &again) == e);
    ASSURE(e == ERR_NONE || e == ERR_DATA || e == ERR_UNAVAILABLE);
    if (e == ERR_NONE) {
        check_address(strbuf_view(&owner));
        ASSURE(view_equal(strbuf_view(&owner), strbuf_view(&again)));
    }
    strbuf_reset(&owner);
    enum redirect redirect = cluster_read_redirect(reply, asked, &owner);
    if (redirect == REDIRECT_MOVED || redirect == REDIRECT_ASK) {
        check_address(strbuf_view(&owner));
    } else {
        ASSURE(redirect == REDIRECT_NONE || redirect == REDIRECT_AGAIN);
    }
    ASSURE(redirect == REDIRECT_NONE || reply->type == REDIS_REPLY_ERROR);
    strbuf_fini(&owner);
    strbuf_fini(&again);
}

// The first address of the list, "host" without one.
static struct view check_list(struct view list)
{
    struct view first = VIEW_NONE;
    struct view address;
    struct view rest = list;
    while (address_list_take(&rest, &address)) {
        ASSURE(address.n > 0 && address.p[0] != ' ' && address.p[address.n - 1] != ' ');
        ASSURE(memchr(address.p, ',', address.n) == NULL);
        ASSURE(address.p >= list.p && address.p + address.n <= list.p + list.n);
        first = view_is_none(first) ? address : first;
    }
    ASSURE(rest.n == 0 && cluster_slot(list) < CLUSTER_SLOT_COUNT);
    return view_is_none(first) ? VIEW("host") : first;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = view_bytes(size > 0 ? (const char *)data : "", size);
    unsigned slot = fuzz_take_byte(&rest) * (unsigned)SLOT_STEP;
    struct view list = fuzz_copy(fuzz_take_line(&rest));
    struct view asked = check_list(list);
    redisReader *reader = redisReaderCreate();
    ASSURE(reader != NULL);
    redisReplyObjectFunctions functions = *reader->fn;
    functions.createArray = create_array;
    reader->privdata = reader->fn;
    reader->fn = &functions;
    void *reply = NULL;
    if (redisReaderFeed(reader, rest.p, rest.n) == REDIS_OK &&
            redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL) {
        check_reply(reply, slot, asked);
        freeReplyObject(reply);
    }
    redisReaderFree(reader);
    fuzz_free(list);
    return 0;
}
