// Shared by the implementations of each level; not visible to Swift.
//
// A kernel of a level is the function qvk_<level>_<name of its table entry>. Files are one topic of one level
// (floats_avx2.c); what levels share is in templates, which the files include behind the level's vocabulary.

#ifndef QUIVER_KERNELS_INTERNAL_H
#define QUIVER_KERNELS_INTERNAL_H

#include "CVectorKernels.h"

#define QVK_INLINE static inline __attribute__((always_inline))

// MARK: Names

#define QVK_FLOAT_KERNELS(X, level)                                                       \
    X(level, dot_f32) X(level, squared_l2_f32) X(level, l1_f32)                           \
    X(level, dot_f16) X(level, squared_l2_f16) X(level, l1_f16)                           \
    X(level, dot_u8) X(level, squared_l2_u8) X(level, l1_u8)                              \
    X(level, score_dot_f32) X(level, score_euclid_f32) X(level, score_manhattan_f32)      \
    X(level, score_dot_f16) X(level, score_euclid_f16) X(level, score_manhattan_f16)      \
    X(level, score_dot_u8) X(level, score_euclid_u8) X(level, score_manhattan_u8)         \
    X(level, score_cosine_u8)                                                             \
    X(level, decode_f16) X(level, encode_f16) X(level, decode_u8)                         \
    X(level, max_abs_f32) X(level, scale_f32)

#define QVK_CODE_KERNELS(X, level) \
    X(level, dot_u8i8) X(level, dot_i8i8) X(level, dot_u4i8) X(level, dot_b1i8) X(level, score_codes)

#define QVK_ENCODING_KERNELS(X, level) X(level, encode_u8)

#define QVK_BIT_KERNELS(X, level) X(level, hamming_b1)

#define QVK_FILTER_KERNELS(X, level) X(level, accepted_rows)

/// Declares the function behind a table entry, with the type the entry has.
#define QVK_DECLARE(level, kernel) __typeof__(*((qvk_table *)0)->kernel) qvk_##level##_##kernel;
#define QVK_ENTRY(level, kernel) .kernel = qvk_##level##_##kernel,

/// `QVK_NAME(avx2, dot_, f16)` is `qvk_avx2_dot_f16`, its arguments expanded.
#define QVK_NAME(level, kernel, row) QVK_PASTE_NAME(level, kernel, row)
#define QVK_PASTE_NAME(level, kernel, row) qvk_##level##_##kernel##row

QVK_FLOAT_KERNELS(QVK_DECLARE, scalar)
QVK_CODE_KERNELS(QVK_DECLARE, scalar)
QVK_ENCODING_KERNELS(QVK_DECLARE, scalar)
QVK_BIT_KERNELS(QVK_DECLARE, scalar)
QVK_FILTER_KERNELS(QVK_DECLARE, scalar)
#if defined(__x86_64__)
QVK_FLOAT_KERNELS(QVK_DECLARE, avx2)
QVK_CODE_KERNELS(QVK_DECLARE, avx2)
QVK_ENCODING_KERNELS(QVK_DECLARE, avx2)
QVK_BIT_KERNELS(QVK_DECLARE, avx2)
QVK_FLOAT_KERNELS(QVK_DECLARE, avx512)
QVK_CODE_KERNELS(QVK_DECLARE, avx512)
QVK_ENCODING_KERNELS(QVK_DECLARE, avx512)
QVK_BIT_KERNELS(QVK_DECLARE, avx512)
QVK_BIT_KERNELS(QVK_DECLARE, avx512vbmi)
QVK_FILTER_KERNELS(QVK_DECLARE, avx512)
#elif defined(__aarch64__)
QVK_FLOAT_KERNELS(QVK_DECLARE, neon)
QVK_CODE_KERNELS(QVK_DECLARE, neon)
QVK_CODE_KERNELS(QVK_DECLARE, neondot)
QVK_ENCODING_KERNELS(QVK_DECLARE, neon)
QVK_BIT_KERNELS(QVK_DECLARE, neon)
#endif

// MARK: Rows

QVK_INLINE uint32_t qvk_row_at(const uint32_t *ids, uint32_t first, size_t i) {
    return ids ? ids[i] : first + (uint32_t)i;
}

QVK_INLINE const char *qvk_row_address(const qvk_scorer *s, uint32_t row) {
    return (const char *)s->base + (size_t)row * s->stride_bytes;
}

/// Scores are finite whatever the values: what overflows is recomputed in double precision and saturated.
float qvk_finish_extreme_code_score(const qvk_scorer *s, uint32_t row, int32_t raw);

/// The largest finite f32 in place of anything larger, the smallest in place of anything smaller and of NaN.
float qvk_saturated(double score);

QVK_INLINE bool qvk_is_finite(float x) { return __builtin_fabsf(x) <= __FLT_MAX__; }

QVK_INLINE float qvk_finish_code_score(const qvk_scorer *s, uint32_t row, int32_t raw) {
    qvk_code_terms terms = s->terms[row];
    float score = s->weight * terms.scale * (float)(raw - s->bias) + s->norm_weight * terms.squared_norm + s->constant;
    return __builtin_expect(qvk_is_finite(score), 1) ? score : qvk_finish_extreme_code_score(s, row, raw);
}

/// Fetches a whole row. Rows of many lines are left to the hardware prefetcher after the first kilobyte.
QVK_INLINE void qvk_prefetch_bytes(const char *at, size_t bytes) {
    size_t limit = bytes < 1024 ? bytes : 1024;
    for (size_t offset = 0; offset < limit; offset += 64) __builtin_prefetch(at + offset, 0, 3);
}

#endif
