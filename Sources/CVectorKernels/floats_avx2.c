// Floats with AVX2, FMA and F16C, for x86-64 machines without AVX-512.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define LEVEL avx2
typedef __m256 lanes;
enum { LANES = 8, ROWS_AHEAD = 3 };

/// Sliding by 8 - n gives a mask of the first n lanes.
static const int32_t lane_masks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

QVK_INLINE __m256i first_lanes(size_t n) { return _mm256_loadu_si256((const void *)(lane_masks + 8 - n)); }
QVK_INLINE lanes from_u8(__m128i x) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(x)); }
QVK_INLINE __m128i to_f16(lanes x) { return _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
QVK_INLINE __m128i load_bytes(const void *p, size_t n) {
    uint64_t block[2] = {0, 0};
    memcpy(block, p, n);
    return _mm_loadu_si128((const void *)block);
}

QVK_INLINE lanes load_f32(const float *p) { return _mm256_loadu_ps(p); }
QVK_INLINE lanes load_f16(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)); }
QVK_INLINE lanes load_u8(const uint8_t *p) { return from_u8(_mm_loadl_epi64((const void *)p)); }
QVK_INLINE lanes load_some_f32(const float *p, size_t n) { return _mm256_maskload_ps(p, first_lanes(n)); }
QVK_INLINE lanes load_some_f16(const uint16_t *p, size_t n) { return _mm256_cvtph_ps(load_bytes(p, 2 * n)); }
QVK_INLINE lanes load_some_u8(const uint8_t *p, size_t n) { return from_u8(load_bytes(p, n)); }

QVK_INLINE void store_f32(float *p, lanes x) { _mm256_storeu_ps(p, x); }
QVK_INLINE void store_f16(uint16_t *p, lanes x) { _mm_storeu_si128((void *)p, to_f16(x)); }
QVK_INLINE void store_some_f32(float *p, lanes x, size_t n) { _mm256_maskstore_ps(p, first_lanes(n), x); }
QVK_INLINE void store_some_f16(uint16_t *p, lanes x, size_t n) {
    uint16_t block[8];
    _mm_storeu_si128((void *)block, to_f16(x));
    memcpy(p, block, 2 * n);
}

QVK_INLINE lanes zero(void) { return _mm256_setzero_ps(); }
QVK_INLINE lanes broadcast(float x) { return _mm256_set1_ps(x); }
QVK_INLINE lanes add(lanes a, lanes b) { return _mm256_add_ps(a, b); }
QVK_INLINE lanes subtract(lanes a, lanes b) { return _mm256_sub_ps(a, b); }
QVK_INLINE lanes multiply(lanes a, lanes b) { return _mm256_mul_ps(a, b); }
QVK_INLINE lanes multiply_add(lanes a, lanes b, lanes c) { return _mm256_fmadd_ps(a, b, c); }
QVK_INLINE lanes absolute(lanes a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
QVK_INLINE lanes maximum(lanes a, lanes b) { return _mm256_max_ps(a, b); }
QVK_INLINE float sum_lanes(lanes a) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
QVK_INLINE float largest_lane(lanes a) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

#include "lanes_template.h"

#pragma clang attribute pop

#endif
