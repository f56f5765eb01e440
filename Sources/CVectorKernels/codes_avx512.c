// Codes with AVX-512 and VNNI: 64 products an instruction, masked loads instead of tails.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma"))), apply_to = function)

/// Rows fetched ahead of the group being scored, which are four.
enum { CODES_AHEAD = 8 };

int32_t qvk_avx512_dot_u8i8(const uint8_t *a, const int8_t *b, size_t n) {
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;
    size_t i = 0;
    for (; i + 128 <= n; i += 128) {
        s0 = _mm512_dpbusd_epi32(s0, _mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
        s1 = _mm512_dpbusd_epi32(s1, _mm512_loadu_si512(a + i + 64), _mm512_loadu_si512(b + i + 64));
    }
    for (; i < n; i += 64) {
        size_t left = n - i;
        __mmask64 mask = left >= 64 ? ~0ull : (1ull << left) - 1;
        s0 = _mm512_dpbusd_epi32(s0, _mm512_maskz_loadu_epi8(mask, a + i), _mm512_maskz_loadu_epi8(mask, b + i));
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1));
}

/// Adds up the lanes of four accumulators at once: lane k of the answer is the sum of accumulator k.
QVK_INLINE __m128i sum_four(__m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

void qvk_avx512_score_codes(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    const char *query = s->query;
    const size_t length = s->length;
    if (ids)
        for (size_t i = 0; i < CODES_AHEAD && i < n; i++) {
            qvk_prefetch_bytes(qvk_row_address(s, ids[i]), length);
            __builtin_prefetch(s->terms + ids[i]);
        }
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        if (ids)
            for (size_t k = i + CODES_AHEAD; k < i + CODES_AHEAD + 4 && k < n; k++) {
                qvk_prefetch_bytes(qvk_row_address(s, ids[k]), length);
                __builtin_prefetch(s->terms + ids[k]);
            }
        uint32_t r0 = qvk_row_at(ids, first, i), r1 = qvk_row_at(ids, first, i + 1);
        uint32_t r2 = qvk_row_at(ids, first, i + 2), r3 = qvk_row_at(ids, first, i + 3);
        const char *c0 = qvk_row_address(s, r0), *c1 = qvk_row_address(s, r1);
        const char *c2 = qvk_row_address(s, r2), *c3 = qvk_row_address(s, r3);
        __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t at = 0; at < length; at += 64) {
            __m512i q = _mm512_loadu_si512(query + at);
            s0 = _mm512_dpbusd_epi32(s0, _mm512_loadu_si512(c0 + at), q);
            s1 = _mm512_dpbusd_epi32(s1, _mm512_loadu_si512(c1 + at), q);
            s2 = _mm512_dpbusd_epi32(s2, _mm512_loadu_si512(c2 + at), q);
            s3 = _mm512_dpbusd_epi32(s3, _mm512_loadu_si512(c3 + at), q);
        }
        int32_t raw[4];
        _mm_storeu_si128((__m128i *)raw, sum_four(s0, s1, s2, s3));
        out[i] = qvk_finish_code_score(s, r0, raw[0]);
        out[i + 1] = qvk_finish_code_score(s, r1, raw[1]);
        out[i + 2] = qvk_finish_code_score(s, r2, raw[2]);
        out[i + 3] = qvk_finish_code_score(s, r3, raw[3]);
    }
    for (; i < n; i++) {
        uint32_t row = qvk_row_at(ids, first, i);
        const char *code = qvk_row_address(s, row);
        __m512i s0 = _mm512_setzero_si512(), s1 = s0;
        size_t at = 0;
        for (; at + 128 <= length; at += 128) {
            s0 = _mm512_dpbusd_epi32(s0, _mm512_loadu_si512(code + at), _mm512_loadu_si512(query + at));
            s1 = _mm512_dpbusd_epi32(s1, _mm512_loadu_si512(code + at + 64), _mm512_loadu_si512(query + at + 64));
        }
        if (at < length) s0 = _mm512_dpbusd_epi32(s0, _mm512_loadu_si512(code + at), _mm512_loadu_si512(query + at));
        out[i] = qvk_finish_code_score(s, row, _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1)));
    }
}

int32_t qvk_avx512_encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
    const __m512 factor = _mm512_set1_ps(inverse);
    __m512i sums = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 16) {
        size_t left = n - i;
        __mmask16 mask = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
        __m512i code = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), factor));
        sums = _mm512_add_epi32(sums, code);
        _mm512_mask_cvtepi32_storeu_epi8(out + i, mask, _mm512_add_epi32(code, _mm512_set1_epi32(128)));
    }
    return _mm512_reduce_add_epi32(sums);
}

#pragma clang attribute pop

#endif
