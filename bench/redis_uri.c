#include "bench/redis_uri.h"

#include <stdlib.h>
#include <string.h>

#include "common/strbuf.h"

enum { DATABASE_MAX = 65535, ADDRESS_BYTES = 4096 };

static bool read_database(struct view digits, struct redis_uri *ret_uri)
{
    uint32_t database = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || database > DATABASE_MAX) {
            return false;
        }
        database = database * 10 + (uint32_t)(digits.p[i] - '0');
    }
    ret_uri->has_database = digits.n > 0;
    ret_uri->database = database;
    return database <= DATABASE_MAX;
}

// Takes what is before the separator, and the separator.
static struct view take_until(struct view *rest, char separator)
{
    const char *at = memchr(rest->p, separator, rest->n);
    struct view part = {rest->p, at != NULL ? (size_t)(at - rest->p) : rest->n};
    *rest = view_skip(*rest, at != NULL ? part.n + 1 : part.n);
    return part;
}

static bool add_host(struct strbuf *address, struct view host, const char *default_port)
{
    if (host.n == 0) {
        return false;
    }
    bool is_ipv6 = host.p[0] == '[';
    const char *port = memrchr(host.p, ':', host.n);
    bool has_port = port != NULL && (!is_ipv6 || port > (const char *)memrchr(host.p, ']', host.n));
    strbuf_add_text(address, address->n > 0 ? "," : "");
    strbuf_add_view(address, host);
    strbuf_add_text(address, has_port ? "" : default_port);
    return true;
}

// hosts[/master][/database], after the scheme.
static enum err read_tcp(
        struct view rest, struct strbuf *address, struct redis_uri *ret_uri, const char **ret_why)
{
    bool is_sentinel = ret_uri->topology == TOPOLOGY_SENTINEL;
    if (memchr(rest.p, '@', rest.n) != NULL) {
        *ret_why = "a user and password belong into the configuration (redis.user, "
                   "redis.password_file)";
        return ERR_USAGE;
    }
    struct view hosts = take_until(&rest, '/');
    bool is_good = hosts.n > 0;
    do {
        struct view host =
                ret_uri->topology == TOPOLOGY_STANDALONE ? hosts : take_until(&hosts, ',');
        is_good = is_good && add_host(address, host, is_sentinel ? ":26379" : ":6379");
    } while (is_good && ret_uri->topology != TOPOLOGY_STANDALONE && hosts.n > 0);
    if (is_sentinel) {
        struct view master = take_until(&rest, '/');
        is_good = is_good && master.n > 0;
        ret_uri->master = is_good ? strndup(master.p, master.n) : NULL;
    }
    if (!is_good || !read_database(rest, ret_uri)) {
        *ret_why = "expected redis://host:port/database, redis-cluster://host:port,host:port or "
                   "redis-sentinel://host:port,host:port/master/database";
        return ERR_USAGE;
    }
    return address->failed;
}

enum err redis_uri_read(const char *uri, struct redis_uri *ret_uri, const char **ret_why)
{
    static const struct {
        const char *scheme;
        enum redis_topology topology;
    } schemes[] = {
            {"redis://", TOPOLOGY_STANDALONE},
            {"redis-cluster://", TOPOLOGY_CLUSTER},
            {"redis-sentinel://", TOPOLOGY_SENTINEL},
    };
    *ret_uri = (struct redis_uri){.topology = TOPOLOGY_STANDALONE};
    struct strbuf address;
    strbuf_init(&address, ADDRESS_BYTES);
    struct view text = view_of(uri);
    enum err e = ERR_NONE;
    bool is_read = false;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && !is_read; i++) {
        if (view_starts_with(text, view_of(schemes[i].scheme))) {
            ret_uri->topology = schemes[i].topology;
            e = read_tcp(view_skip(text, strlen(schemes[i].scheme)), &address, ret_uri, ret_why);
            is_read = true;
        }
    }
    if (!is_read && view_starts_with(text, VIEW("rediss://"))) {
        *ret_why = "TLS is set up in the configuration (redis.tls)";
        e = ERR_USAGE;
    } else if (!is_read && view_starts_with(text, VIEW("unix://"))) {
        strbuf_add_text(&address, "unix:");
        strbuf_add_view(&address, view_skip(text, strlen("unix://")));
    } else if (!is_read) {
        strbuf_add_view(&address, text);
    }
    e = e == ERR_NONE ? address.failed : e;
    if (e != ERR_NONE) {
        strbuf_fini(&address);
        free(ret_uri->master);
        ret_uri->master = NULL;
        return e;
    }
    ret_uri->address = address.p;
    return ERR_NONE;
}
