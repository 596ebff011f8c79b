// The version of hiredis that this was built with, for --version; the library does not tell its
// own.
#pragma once

const char *redis_library_version(void);
