// HTTP for a few readers: GET and HEAD, one request a connection. At most HTTP_CONNECTIONS_MAX connections
// at a time, each with at most HTTP_REQUEST_MAX_BYTES for what it asks; one that is silent for 5 s or lives
// for longer than 15 s is closed, so that slow clients keep nobody else away for longer than that.
#pragma once

#include "common/clock.h"
#include "common/strbuf.h"
#include "ops/answer.h"

enum { HTTP_CONNECTIONS_MAX = 64, HTTP_REQUEST_MAX_BYTES = 16 * 1024 };

struct http;

// `listen` as of config_text_listen, not "off". Answers come from a thread of its own, on which alone the
// answerer is used. ERR_CONFIG with a finding when nobody can listen there.
MUST_CHECK enum err http_start(struct http **ret_http, const char *listen,
        struct answerer *answerer, struct strbuf *findings);
// Closes connections that have lived for too long. Another thread, once a second.
void http_watch(struct http *http, struct mono_time now);
void http_stop(struct http *http);
