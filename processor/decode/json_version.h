// The version of cJSON that is linked, for --version.
#pragma once

const char *json_library_version(void);
