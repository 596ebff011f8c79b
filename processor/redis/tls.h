// TLS on a socket that is connected, by hiredis_ssl (hiredis 1.0 or later) over OpenSSL. The server
// must show a certificate of the CA that is for the name or the address that was dialled.
#pragma once

#include <sys/types.h>

#include "common/err.h"
#include "common/strbuf.h"

struct redis_tls_options {
    bool is_on;
    const char *ca_file;     // NULL = the system's
    const char *cert_file;   // of ours; NULL = none
    const char *key_file;    // of cert_file
    const char *server_name; // that the certificate must be for; NULL = the host that was dialled
};

struct redis_tls;

// NULL when this build can do TLS, else why it cannot.
const char *redis_tls_missing(void);

// Begins; the handshake goes on with the first bytes. The fd stays the caller's. ERR_CONFIG (files,
// or no TLS in this build), ERR_NO_MEMORY, ERR_UNAVAILABLE; `ret_why` then gets the reason in words.
MUST_CHECK enum err redis_tls_begin(struct redis_tls **ret_tls, int fd,
        const struct redis_tls_options *options, struct view address, struct strbuf *ret_why);
void redis_tls_end(struct redis_tls *tls);

// Takes what there is to send over; redis_tls_flush sends as much of it as may be sent now.
MUST_CHECK enum err redis_tls_send(struct redis_tls *tls, const char *bytes, size_t n);
// ERR_UNAVAILABLE: broken. *ret_done: all is sent.
MUST_CHECK enum err redis_tls_flush(struct redis_tls *tls, bool *ret_done, struct strbuf *ret_why);
// Bytes, 0 = none now, -1 = broken or at its end.
ssize_t redis_tls_receive(struct redis_tls *tls, char *buffer, size_t n, struct strbuf *ret_why);
// Whether what is unsent waits for the peer and not for room.
bool redis_tls_waits_for_peer(const struct redis_tls *tls);
// Whether bytes are here already, for which poll() would wait in vain.
bool redis_tls_has_pending(const struct redis_tls *tls);
