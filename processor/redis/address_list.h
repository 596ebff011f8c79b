// Addresses as text: lists with commas, hosts and ports.
#pragma once

#include <stdbool.h>

#include "common/strbuf.h"

// Takes the first address off the list, without the blanks around it. False at the end.
bool address_list_take(struct view *list, struct view *ret_address);
// Sets host:port, or [host]:port for a bare IPv6 address. False for what is neither a host nor a
// port: what a server says ends up in a log and in a resolver.
bool address_join(struct strbuf *ret_address, struct view host, struct view port);
// host or [host] of host:port.
struct view address_host(struct view address);
