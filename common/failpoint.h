// A place where the fault suite may let the process die: the moments between two steps of which
// neither undoes the other. In the product each is a call to an empty function; the program
// `wrongnumber-failpoints` of the tests links another one (tests/support/failpoints). Named
// `room.what_has_just_happened`; only where the process comes by once a batch or less often, never
// once a message. Any thread.
#pragma once

void failpoint(const char *name);
