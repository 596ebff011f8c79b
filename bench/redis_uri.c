#include "bench/redis_uri.h"

#include <stdlib.h>
#include <string.h>

#include "common/strbuf.h"

enum { DATABASE_MAX = 65535, ADDRESS_BYTES = 4096 };

static bool read_database(struct view digits, uint32_t *ret_database)
{
    uint32_t database = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || database > DATABASE_MAX) {
            return false;
        }
        database = database * 10 + (uint32_t)(digits.p[i] - '0');
    }
    if (digits.n > 0) {
        *ret_database = database;
    }
    return database <= DATABASE_MAX;
}

// redis://host[:port][/database], after its scheme.
static enum err read_tcp(
        struct view rest, struct strbuf *address, uint32_t *ret_database, const char **ret_why)
{
    if (memchr(rest.p, '@', rest.n) != NULL) {
        *ret_why = "a user and password belong into the configuration (redis.user, "
                   "redis.password_file)";
        return ERR_USAGE;
    }
    const char *slash = memchr(rest.p, '/', rest.n);
    struct view host = {rest.p, slash != NULL ? (size_t)(slash - rest.p) : rest.n};
    struct view database = view_skip(rest, slash != NULL ? host.n + 1 : host.n);
    if (host.n == 0 || !read_database(database, ret_database)) {
        *ret_why = "expected redis://host:port/database";
        return ERR_USAGE;
    }
    strbuf_add_view(address, host);
    bool is_ipv6 = host.p[0] == '[';
    const char *port = memrchr(host.p, ':', host.n);
    bool has_port = port != NULL && (!is_ipv6 || port > (const char *)memrchr(host.p, ']', host.n));
    if (!has_port) {
        strbuf_add_text(address, ":6379");
    }
    return address->failed;
}

enum err redis_uri_read(
        const char *uri, char **ret_address, uint32_t *ret_database, const char **ret_why)
{
    struct strbuf address;
    strbuf_init(&address, ADDRESS_BYTES);
    struct view text = view_of(uri);
    enum err e = ERR_NONE;
    if (view_starts_with(text, VIEW("rediss://"))) {
        *ret_why = "TLS is not there yet";
        e = ERR_USAGE;
    } else if (view_starts_with(text, VIEW("redis://"))) {
        e = read_tcp(view_skip(text, strlen("redis://")), &address, ret_database, ret_why);
    } else if (view_starts_with(text, VIEW("unix://"))) {
        strbuf_add_text(&address, "unix:");
        strbuf_add_view(&address, view_skip(text, strlen("unix://")));
    } else {
        strbuf_add_view(&address, text);
    }
    if (e == ERR_NONE) {
        e = address.failed;
    }
    if (e != ERR_NONE) {
        strbuf_fini(&address);
        return e;
    }
    *ret_address = address.p;
    return ERR_NONE;
}
