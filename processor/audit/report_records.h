// The records of an incident on its page: what was held and released, what people commanded, what was told,
// as tables. Each row names its record in the log.
#pragma once

#include "audit/incident_report.h"

void report_add_scope_commands(struct strbuf *sb, const struct incident_report *report);
void report_add_message_commands(struct strbuf *sb, const struct incident_report *report);
void report_add_controls(struct strbuf *sb, const struct incident_report *report);
void report_add_alerts(struct strbuf *sb, const struct incident_report *report);
