#include "policy/config_text.h"

#include <arpa/inet.h>

#include "common/conf_scalar.h"
#include "identity/phone.h"

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

// Whether it is not empty and holds word bytes and those of `others` only.
static bool is_made_of(struct view text, const char *others)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\0' || (!is_word_byte(text.p[i]) && strchr(others, text.p[i]) == NULL)) {
            return false;
        }
    }
    return text.n > 0;
}

static bool is_port(struct view text)
{
    int64_t port = 0;
    return conf_scalar_read(CONF_COUNT, text, &port) == CONF_READ_OK && port >= 1 && port <= 65535;
}

// host:port, [v6]:port, and without a port where that may be left out.
static bool is_host(struct view text, bool needs_port)
{
    struct view host = text;
    struct view port = VIEW_NONE;
    if (view_starts_with(text, VIEW("["))) {
        const char *end = memchr(text.p, ']', text.n);
        if (end == NULL) {
            return false;
        }
        host = (struct view){text.p + 1, (size_t)(end - text.p) - 1};
        struct view rest = view_skip(text, host.n + 2);
        if (rest.n > 0 && rest.p[0] != ':') {
            return false;
        }
        port = rest.n > 0 ? view_skip(rest, 1) : VIEW_NONE;
    } else {
        const char *colon = memchr(text.p, ':', text.n);
        if (colon != NULL) {
            host.n = (size_t)(colon - text.p);
            port = view_skip(text, host.n + 1);
        }
    }
    bool host_is_good = is_made_of(host, host.p != text.p ? ":%" : "");
    return host_is_good && (view_is_none(port) ? !needs_port : is_port(port));
}

const char *config_text_bootstrap(struct view text)
{
    static const char expected[] = "host:port, more of them with commas and no spaces between";
    for (;;) {
        const char *comma = memchr(text.p, ',', text.n);
        struct view broker = {text.p, comma != NULL ? (size_t)(comma - text.p) : text.n};
        if (!is_host(broker, false)) {
            return expected;
        }
        if (comma == NULL) {
            return NULL;
        }
        text = view_skip(text, broker.n + 1);
    }
}

const char *config_text_topic(struct view text)
{
    bool is_good = is_made_of(text, "") && !view_is(text, ".") && !view_is(text, "..");
    return is_good ? NULL : "a topic's name: letters, digits, dot, hyphen and underscore";
}

const char *config_text_word(struct view text)
{
    return is_made_of(text, "") ? NULL : "letters, digits, dot, hyphen and underscore";
}

static bool is_address(struct view text)
{
    return view_starts_with(text, VIEW("unix:"))
                   ? text.n > 6 && text.n <= 5 + 107 && text.p[5] == '/'
                   : is_host(text, true);
}

const char *config_text_address(struct view text)
{
    if (view_starts_with(text, VIEW("rediss://")) || view_starts_with(text, VIEW("tls://"))) {
        return "host:port or unix:/path (TLS is redis.tls.enabled)";
    }
    const char *comma = memchr(text.p, ',', text.n);
    while (comma != NULL && is_address((struct view){text.p, (size_t)(comma - text.p)})) {
        text = view_skip(text, (size_t)(comma - text.p) + 1);
        comma = memchr(text.p, ',', text.n);
    }
    return is_address(text) ? NULL : "host:port, [IPv6]:port or unix:/path";
}

// Whether it is an IPv4 address, or an IPv6 one, in digits: a name might be of anybody's machine.
static bool is_numeric_host(struct view host, int family)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    if (host.n >= sizeof text) {
        return false;
    }
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    return inet_pton(family, text, address) == 1;
}

const char *config_text_listen(struct view text)
{
    static const char expected[] = "a numeric address and a port, such as 127.0.0.1:9464, or off";
    bool is_v6 = view_starts_with(text, VIEW("["));
    const char *end = is_v6 ? memchr(text.p, ']', text.n) : memchr(text.p, ':', text.n);
    if (view_is(text, "off")) {
        return NULL;
    }
    if (end == NULL) {
        return expected;
    }
    struct view host = {text.p + is_v6, (size_t)(end - text.p) - is_v6};
    struct view rest = view_skip(text, (size_t)(end - text.p) + is_v6);
    bool is_good = is_numeric_host(host, is_v6 ? AF_INET6 : AF_INET) && rest.n > 1 &&
                   rest.p[0] == ':' && is_port(view_skip(rest, 1));
    return is_good ? NULL : expected;
}

const char *config_text_prefix(struct view text)
{
    // Braces would move the hash tag, and with it the slot of every key.
    return is_made_of(text, ":/") ? NULL
                                  : "letters, digits, dot, hyphen, underscore, colon and slash";
}

const char *config_text_region(struct view text)
{
    bool is_good = text.n == 2 && text.p[0] >= 'A' && text.p[0] <= 'Z' && text.p[1] >= 'A' &&
                   text.p[1] <= 'Z';
    if (!is_good) {
        return "a region of two capital letters, such as CN";
    }
    const char region[] = {text.p[0], text.p[1], '\0'};
    return phone_region_is_known(region) ? NULL : "a region that has phone numbers, such as CN";
}

const char *config_text_pointer(struct view text)
{
    bool is_good = text.n > 0 && text.p[0] == '/';
    for (size_t i = 0; i < text.n && is_good; i++) {
        bool is_escape = text.p[i] == '~';
        is_good = !is_escape || (i + 1 < text.n && (text.p[i + 1] == '0' || text.p[i + 1] == '1'));
    }
    return is_good ? NULL : "a JSON Pointer such as /message/id (~1 stands for /, ~0 for ~)";
}

const char *config_text_hash_key(struct view text)
{
    bool is_good = memmem(text.p, text.n, "{recipient}", strlen("{recipient}")) != NULL ||
                   memmem(text.p, text.n, "{pseudonym}", strlen("{pseudonym}")) != NULL;
    return is_good ? NULL : "a key with {recipient} or {pseudonym} in it";
}
