#include <stddef.h>
size_t cublasLtGetVersion(void) { return FAKE_VERSION * 10000 + 304; }
