// Shared by the implementations of each level; not visible to Swift.

#ifndef QUIVER_KERNELS_INTERNAL_H
#define QUIVER_KERNELS_INTERNAL_H

#include "CVectorKernels.h"

extern const qvk_table qvk_scalar_table;
#if defined(__x86_64__)
extern const qvk_table qvk_avx2_table;
extern const qvk_table qvk_avx512_table;
#endif

/// Also serves levels that have nothing better.
uint64_t qvk_scalar_accepted_rows(const qvk_row_filter *filter, uint32_t first, size_t n);

#define QVK_INLINE static inline __attribute__((always_inline))

QVK_INLINE uint32_t qvk_row_at(const uint32_t *ids, uint32_t first, size_t i) {
    return ids ? ids[i] : first + (uint32_t)i;
}

QVK_INLINE const char *qvk_row_address(const qvk_scorer *s, uint32_t row) {
    return (const char *)s->base + (size_t)row * s->stride_bytes;
}

QVK_INLINE float qvk_finish_code_score(const qvk_scorer *s, uint32_t row, int32_t raw) {
    qvk_code_terms terms = s->terms[row];
    return s->weight * terms.scale * (float)(raw - s->bias) + s->norm_weight * terms.squared_norm + s->constant;
}

/// Fetches a whole row. Rows of many lines are left to the hardware prefetcher after the first kilobyte.
QVK_INLINE void qvk_prefetch_bytes(const char *at, size_t bytes) {
    size_t limit = bytes < 1024 ? bytes : 1024;
    for (size_t offset = 0; offset < limit; offset += 64) __builtin_prefetch(at + offset, 0, 3);
}

#endif
