// What `check` says of policy.rules: which wins, what their budgets promise, and which can do nothing.
#pragma once

#include "policy/policy.h"

// Appends the budget of all, the rules in the order in which they win, and their budgets.
void check_print_rules(struct strbuf *sb, const struct policy *policy);
// Tells on standard error, a line each, what is allowed and nobody should do without knowing.
void check_warn_rules(const struct policy *policy);
