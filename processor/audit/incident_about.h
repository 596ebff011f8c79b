// Which commands about single messages belong to an incident. They name none, for most of them come before anybody
// knows that there is one. By definition a command about a message belongs to an incident when
//
//   the message is of one of the incident's scopes: of the one that its alerts name, or of the target of one of its
//   own commands (the tenant is the same, and so is the campaign, template, sender or vendor; and the channel, where
//   the scope has one), and
//   it was issued from the incident's change point on (the first wrong message that the evidence counts; the first
//   alert, where that is earlier or alone), and not after the incident was closed.
//
// A command that does not say what its message is of may belong to every incident of its tenant at that time. So may one
// about a recipient, who is of no scope: from when it was issued until it ends, for that long it says what becomes of his.
//
// Read twice: incident_about_note of the whole log, then incident_about_has of each such command. One thread.
#pragma once

#include "audit/audit_line.h"

enum { ABOUT_INCIDENTS_MAX = 10000, ABOUT_TARGETS_MAX = 100000 };

enum about_answer { ABOUT_NO, ABOUT_MAYBE, ABOUT_YES };

struct incident_about;

// `is_wanted` says which incidents are asked about. ERR_NO_MEMORY.
MUST_CHECK enum err incident_about_create(struct incident_about **ret_about,
        bool (*is_wanted)(void *self, struct view incident_id), void *self);
void incident_about_destroy(struct incident_about *about);
// Takes what alerts and commands of wanted incidents tell of their scopes and times. ERR_CEILING, ERR_NO_MEMORY.
MUST_CHECK enum err incident_about_note(
        struct incident_about *about, const struct audit_line *line);
// Of a command about a message whose record is there: whether it belongs to a wanted incident.
enum about_answer incident_about_has(struct incident_about *about, const struct audit_line *line);
