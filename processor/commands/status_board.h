// What is held, what waits for a second person and which incidents are open, folded from the records of the
// quarantine-state, control-state and alerts topics; and of one incident, from commands and verdicts as well,
// who was reached and what was held. Pure. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/strbuf.h"
#include "common/zone.h"
#include "model/raw.h"

struct status_board;

// `incident`: 32 hex digits of the one that is looked at; a view of none = all are listed.
MUST_CHECK enum err status_board_create(struct status_board **ret_board, struct view incident);
void status_board_destroy(struct status_board *board);

// Records in the order of their partitions. What cannot be read is counted and passed over.
MUST_CHECK enum err status_see_state(struct status_board *board, const struct raw_message *raw);
// Before the alerts, which know what has become of a command since.
MUST_CHECK enum err status_see_control_state(
        struct status_board *board, const struct raw_message *raw);
MUST_CHECK enum err status_see_alert(struct status_board *board, const struct raw_message *raw);
// Of one incident only, in this order, behind all alerts.
MUST_CHECK enum err status_see_command(struct status_board *board, const struct raw_message *raw);
MUST_CHECK enum err status_see_verdict(struct status_board *board, const struct raw_message *raw);

uint64_t status_unreadable(const struct status_board *board);
// Whether any alert has told of the incident that is looked at.
bool status_knows_incident(const struct status_board *board);

// When it is looked at: what has run out by then is shown as that, and not as held.
struct status_look {
    int64_t now_ms;
    const struct zone *zone; // of the times in the text; NULL = UTC
};
void status_add_json(
        struct strbuf *sb, const struct status_board *board, const struct status_look *look);
void status_add_text(
        struct strbuf *sb, const struct status_board *board, const struct status_look *look);
// Only what waits for a second person.
void status_add_pending(
        struct strbuf *sb, const struct status_board *board, const struct status_look *look);
// Who commanded what waits under that control_id; a view of none where nothing does, or nobody says. Good until
// the board reads on.
struct view status_pending_operator(const struct status_board *board, struct view control_id);
