// Codes with the dot product instructions of ARMv8.2.

#include "kernels.h"

#if defined(__aarch64__)

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define LEVEL neondot
#define DOT_INSTRUCTIONS
#include "codes_neon_template.h"

#pragma clang attribute pop

#endif
