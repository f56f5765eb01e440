// Codes with AVX2.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

/// Rows fetched ahead of the one being scored.
enum { AHEAD = 3 };

QVK_INLINE int32_t sum_lanes_i32(__m256i v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, _MM_SHUFFLE(1, 0, 3, 2)));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(s);
}

/// maddubs would saturate: both sides are widened to 16 bits, where products of pairs add up exactly in 32.
QVK_INLINE __m256i accumulate_16(__m256i sum, const uint8_t *a, const int8_t *b) {
    __m256i wide_a = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)a));
    __m256i wide_b = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)b));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(wide_a, wide_b));
}

QVK_INLINE int32_t dot_codes(const uint8_t *a, const int8_t *b, size_t n) {
    __m256i s0 = _mm256_setzero_si256(), s1 = s0;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        s0 = accumulate_16(s0, a + i, b + i);
        s1 = accumulate_16(s1, a + i + 16, b + i + 16);
    }
    if (i + 16 <= n) {
        s0 = accumulate_16(s0, a + i, b + i);
        i += 16;
    }
    int32_t sum = sum_lanes_i32(_mm256_add_epi32(s0, s1));
    for (; i < n; i++) sum += (int32_t)a[i] * b[i];
    return sum;
}

int32_t qvk_avx2_dot_u8i8(const uint8_t *a, const int8_t *b, size_t n) { return dot_codes(a, b, n); }

void qvk_avx2_score_codes(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    if (ids)
        for (size_t i = 0; i < AHEAD && i < n; i++) qvk_prefetch_bytes(qvk_row_address(s, ids[i]), s->length);
    for (size_t i = 0; i < n; i++) {
        if (ids && i + AHEAD < n) {
            qvk_prefetch_bytes(qvk_row_address(s, ids[i + AHEAD]), s->length);
            __builtin_prefetch(s->terms + ids[i + AHEAD]);
        }
        uint32_t row = qvk_row_at(ids, first, i);
        int32_t raw = dot_codes((const uint8_t *)qvk_row_address(s, row), s->query, s->length);
        out[i] = qvk_finish_code_score(s, row, raw);
    }
}

int32_t qvk_avx2_encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
    const __m256 factor = _mm256_set1_ps(inverse);
    __m256i sums = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        __m256i code = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i), factor));
        sums = _mm256_add_epi32(sums, code);
        __m256i shifted = _mm256_add_epi32(code, _mm256_set1_epi32(128));
        __m128i half = _mm_packus_epi32(_mm256_castsi256_si128(shifted), _mm256_extracti128_si256(shifted, 1));
        _mm_storel_epi64((__m128i *)(out + i), _mm_packus_epi16(half, half));
    }
    int32_t sum = sum_lanes_i32(sums);
    for (; i < n; i++) {
        int32_t code = _mm_cvtss_si32(_mm_set_ss(x[i] * inverse));
        sum += code;
        out[i] = (uint8_t)(code + 128);
    }
    return sum;
}

#pragma clang attribute pop

#endif
