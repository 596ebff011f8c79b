#include "redis/address_list.h"

enum { HOST_MAX_BYTES = 255, PORT_MAX = 65535 };

bool address_list_take(struct view *list, struct view *ret_address)
{
    while (list->n > 0 && (list->p[0] == ' ' || list->p[0] == ',')) {
        *list = view_skip(*list, 1);
    }
    if (list->n == 0) {
        return false;
    }
    const char *comma = memchr(list->p, ',', list->n);
    struct view address = {list->p, comma != NULL ? (size_t)(comma - list->p) : list->n};
    *list = view_skip(*list, address.n);
    while (address.p[address.n - 1] == ' ') {
        address.n--;
    }
    *ret_address = address;
    return true;
}

struct view address_host(struct view address)
{
    const char *colon = memrchr(address.p, ':', address.n);
    return colon != NULL ? (struct view){address.p, (size_t)(colon - address.p)} : address;
}

static bool is_port(struct view text)
{
    unsigned number = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9') {
            return false;
        }
        number = number * 10 + (unsigned)(text.p[i] - '0');
        if (number > PORT_MAX) {
            return false;
        }
    }
    return number >= 1;
}

// Bytes that a host's name or number has.
static bool is_host(struct view host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && memchr(".:-_[]%", c, 7) == NULL) {
            return false;
        }
    }
    return host.n <= HOST_MAX_BYTES;
}

bool address_join(struct strbuf *ret_address, struct view host, struct view port)
{
    if (host.n == 0 || !is_host(host) || !is_port(port)) {
        return false;
    }
    bool is_bare_ipv6 = host.p[0] != '[' && memchr(host.p, ':', host.n) != NULL;
    strbuf_reset(ret_address);
    strbuf_add_text(ret_address, is_bare_ipv6 ? "[" : "");
    strbuf_add_view(ret_address, host);
    strbuf_add_text(ret_address, is_bare_ipv6 ? "]:" : ":");
    strbuf_add_view(ret_address, port);
    return ret_address->failed == ERR_NONE;
}
