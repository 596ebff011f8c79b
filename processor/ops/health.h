// Whether the process lives and whether it is ready, by its board alone.
//
// It lives while every half's pulse goes on. Brokers and Redis have no part in that: whoever restarts us
// because they are away makes nothing better. It is ready while every half has had a place in its group,
// every producer is well, and Redis has answered the last lookup, whatever it said.
#pragma once

#include "common/strbuf.h"
#include "ops/board.h"

// A pulse that stands still for so long is none. Reading what was held and the snapshot of a partition
// may take two minutes.
enum { HEALTH_PULSE_MAX_MS = 150 * 1000 };

// Looks how old the pulses are. One thread, about once a second.
void health_watch(struct board *board, struct mono_time now);

// True: alive. Writes a JSON body that says why not.
bool health_is_alive(struct board *board, struct strbuf *body);
bool health_is_ready(struct board *board, struct strbuf *body);
