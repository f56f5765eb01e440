// AVX-512 with VNNI: 64 products of codes an instruction, masked loads instead of tails.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma"))), apply_to = function)

/// Rows fetched ahead of the group being scored: codes go four at a time, floats one.
enum { CODES_AHEAD = 8, FLOATS_AHEAD = 3 };

enum operation { DOT, SQUARED_L2, L1 };

QVK_INLINE __m512 accumulate(enum operation op, __m512 sum, __m512 a, __m512 b) {
    if (op == DOT) return _mm512_fmadd_ps(a, b, sum);
    __m512 d = _mm512_sub_ps(a, b);
    if (op == SQUARED_L2) return _mm512_fmadd_ps(d, d, sum);
    return _mm512_add_ps(sum, _mm512_abs_ps(d));
}

QVK_INLINE float reduce_f32(enum operation op, const float *a, const float *b, size_t n) {
    __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        s0 = accumulate(op, s0, _mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
        s1 = accumulate(op, s1, _mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16));
        s2 = accumulate(op, s2, _mm512_loadu_ps(a + i + 32), _mm512_loadu_ps(b + i + 32));
        s3 = accumulate(op, s3, _mm512_loadu_ps(a + i + 48), _mm512_loadu_ps(b + i + 48));
    }
    for (; i + 16 <= n; i += 16) s0 = accumulate(op, s0, _mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
    if (i < n) {
        __mmask16 mask = (__mmask16)((1u << (n - i)) - 1);
        s1 = accumulate(op, s1, _mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i));
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3)));
}

static float dot_f32(const float *a, const float *b, size_t n) { return reduce_f32(DOT, a, b, n); }
static float squared_l2_f32(const float *a, const float *b, size_t n) { return reduce_f32(SQUARED_L2, a, b, n); }
static float l1_f32(const float *a, const float *b, size_t n) { return reduce_f32(L1, a, b, n); }

static int32_t dot_u8i8(const uint8_t *a, const int8_t *b, size_t n) {
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

QVK_INLINE void score_f32(
    enum operation op, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    size_t bytes = s->length * sizeof(float);
    if (ids)
        for (size_t i = 0; i < FLOATS_AHEAD && i < n; i++) qvk_prefetch_bytes(qvk_row_address(s, ids[i]), bytes);
    for (size_t i = 0; i < n; i++) {
        if (ids && i + FLOATS_AHEAD < n) qvk_prefetch_bytes(qvk_row_address(s, ids[i + FLOATS_AHEAD]), bytes);
        float value = reduce_f32(op, s->query, (const float *)qvk_row_address(s, qvk_row_at(ids, first, i)), s->length);
        out[i] = op == DOT ? value : -value;
    }
}

static void score_dot_f32(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    score_f32(DOT, s, ids, first, n, out);
}
static void score_euclid_f32(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    score_f32(SQUARED_L2, s, ids, first, n, out);
}
static void score_manhattan_f32(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    score_f32(L1, s, ids, first, n, out);
}

/// Adds up the lanes of four accumulators at once: lane k of the answer is the sum of accumulator k.
QVK_INLINE __m128i sum_four(__m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

static void score_codes(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
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

static float max_abs_f32(const float *x, size_t n) {
    __m512 top = _mm512_setzero_ps();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) top = _mm512_max_ps(top, _mm512_abs_ps(_mm512_loadu_ps(x + i)));
    if (i < n) {
        __mmask16 mask = (__mmask16)((1u << (n - i)) - 1);
        top = _mm512_max_ps(top, _mm512_abs_ps(_mm512_maskz_loadu_ps(mask, x + i)));
    }
    return _mm512_reduce_max_ps(top);
}

static int32_t encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
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

static void scale_f32(const float *x, size_t n, float factor, float *out) {
    for (size_t i = 0; i < n; i++) out[i] = x[i] * factor;
}

static uint64_t accepted_rows(const qvk_row_filter *filter, uint32_t first, size_t n) {
    // Slots are 32 bits wide, so a longer bitmap accepts no more of them; the last slot is never used.
    uint32_t bits = filter->accepted_bit_count < UINT32_MAX ? (uint32_t)filter->accepted_bit_count : UINT32_MAX;
    const __m512i limit = _mm512_set1_epi32((int)bits), one = _mm512_set1_epi32(1), low = _mm512_set1_epi32(31);
    uint64_t word = 0;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 valid = n - i >= 16 ? 0xFFFF : (__mmask16)((1u << (n - i)) - 1);
        __m512i slots = _mm512_maskz_loadu_epi32(valid, filter->slot_of + first + i);
        valid = _mm512_mask_cmplt_epu32_mask(valid, slots, limit);
        __m512i words = _mm512_mask_i32gather_epi32(
            _mm512_setzero_si512(), valid, _mm512_srli_epi32(slots, 5), filter->accepted_slots, 4);
        __m512i bit = _mm512_sllv_epi32(one, _mm512_and_si512(slots, low));
        word |= (uint64_t)_mm512_mask_test_epi32_mask(valid, words, bit) << i;
    }
    return word;
}

#pragma clang attribute pop

const qvk_table qvk_avx512_table = {
    .name = "avx512",
    .dot_f32 = dot_f32,
    .squared_l2_f32 = squared_l2_f32,
    .l1_f32 = l1_f32,
    .dot_u8i8 = dot_u8i8,
    .score_dot_f32 = score_dot_f32,
    .score_euclid_f32 = score_euclid_f32,
    .score_manhattan_f32 = score_manhattan_f32,
    .score_codes = score_codes,
    .max_abs_f32 = max_abs_f32,
    .encode_u8 = encode_u8,
    .scale_f32 = scale_f32,
    .accepted_rows = accepted_rows,
};

#endif
