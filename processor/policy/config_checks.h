// What must hold between options, and between options and the machine: findings that no single row
// of the table can make.
#pragma once

#include "common/conf_bind.h"
#include "policy/config.h"

struct config_checker {
    const struct config *config;
    const struct conf_place *places; // one an option of config_table
    struct conf_report *report;
};

void config_check_all(const struct config_checker *c);
// Reports findings of the form `path: text`, one a line, at the places of their options.
void config_report_lines(const struct config_checker *c, struct view lines);
