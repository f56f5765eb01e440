// Floats with AVX-512: masked loads and stores instead of tails.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)

#define LEVEL avx512
typedef __m512 lanes;
enum { LANES = 16, ROWS_AHEAD = 3 };

QVK_INLINE __mmask16 first_lanes(size_t n) { return (__mmask16)((1u << n) - 1); }
QVK_INLINE lanes from_u8(__m128i x) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(x)); }
QVK_INLINE __m256i to_f16(lanes x) { return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

QVK_INLINE lanes load_f32(const float *p) { return _mm512_loadu_ps(p); }
QVK_INLINE lanes load_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p)); }
QVK_INLINE lanes load_u8(const uint8_t *p) { return from_u8(_mm_loadu_si128((const void *)p)); }
QVK_INLINE lanes load_some_f32(const float *p, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
QVK_INLINE lanes load_some_f16(const uint16_t *p, size_t n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), p));
}
QVK_INLINE lanes load_some_u8(const uint8_t *p, size_t n) { return from_u8(_mm_maskz_loadu_epi8(first_lanes(n), p)); }

QVK_INLINE void store_f32(float *p, lanes x) { _mm512_storeu_ps(p, x); }
QVK_INLINE void store_f16(uint16_t *p, lanes x) { _mm256_storeu_si256((void *)p, to_f16(x)); }
QVK_INLINE void store_some_f32(float *p, lanes x, size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), x); }
QVK_INLINE void store_some_f16(uint16_t *p, lanes x, size_t n) {
    _mm256_mask_storeu_epi16(p, first_lanes(n), to_f16(x));
}

QVK_INLINE lanes zero(void) { return _mm512_setzero_ps(); }
QVK_INLINE lanes broadcast(float x) { return _mm512_set1_ps(x); }
QVK_INLINE lanes add(lanes a, lanes b) { return _mm512_add_ps(a, b); }
QVK_INLINE lanes subtract(lanes a, lanes b) { return _mm512_sub_ps(a, b); }
QVK_INLINE lanes multiply(lanes a, lanes b) { return _mm512_mul_ps(a, b); }
QVK_INLINE lanes multiply_add(lanes a, lanes b, lanes c) { return _mm512_fmadd_ps(a, b, c); }
QVK_INLINE lanes absolute(lanes a) { return _mm512_abs_ps(a); }
QVK_INLINE lanes maximum(lanes a, lanes b) { return _mm512_max_ps(a, b); }
QVK_INLINE float sum_lanes(lanes a) { return _mm512_reduce_add_ps(a); }
QVK_INLINE float largest_lane(lanes a) { return _mm512_reduce_max_ps(a); }

#include "lanes_template.h"

#pragma clang attribute pop

#endif
