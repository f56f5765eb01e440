// CRC-32C (Castagnoli), as RFC 3720 has it: polynomial 0x1EDC6F41 reflected, begun with and ended by all ones.
#ifndef QUIVER_CHECKSUM_H
#define QUIVER_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// The checksum of `count` bytes behind those that `before` is the checksum of; 0 for none.
uint32_t qcs_crc32c(uint32_t before, const void *bytes, size_t count);

/// The same without the processor's instruction, for tests.
uint32_t qcs_crc32c_portable(uint32_t before, const void *bytes, size_t count);

#endif
