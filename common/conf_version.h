// The version of the YAML library that is linked, for --version.
#pragma once

const char *conf_library_version(void);
