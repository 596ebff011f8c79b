// ASSURE: an assert for our own bugs that stays on in every build. Never on input, network, memory
// or time.
#pragma once

_Noreturn void assure_fail(const char *text, const char *file, int line);

#define ASSURE(condition) ((condition) ? (void)0 : assure_fail(#condition, __FILE__, __LINE__))
