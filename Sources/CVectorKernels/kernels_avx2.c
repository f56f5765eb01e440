// AVX2 + FMA, for x86-64 machines without AVX-512.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

/// Rows fetched ahead of the one being scored.
enum { AHEAD = 3 };

QVK_INLINE float sum_lanes(__m256 v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    s = _mm_add_ss(s, _mm_movehdup_ps(s));
    return _mm_cvtss_f32(s);
}

QVK_INLINE int32_t sum_lanes_i32(__m256i v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, _MM_SHUFFLE(1, 0, 3, 2)));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, _MM_SHUFFLE(2, 3, 0, 1)));
    return _mm_cvtsi128_si32(s);
}

enum operation { DOT, SQUARED_L2, L1 };

QVK_INLINE __m256 accumulate(enum operation op, __m256 sum, __m256 a, __m256 b) {
    if (op == DOT) return _mm256_fmadd_ps(a, b, sum);
    __m256 d = _mm256_sub_ps(a, b);
    if (op == SQUARED_L2) return _mm256_fmadd_ps(d, d, sum);
    return _mm256_add_ps(sum, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), d));
}

QVK_INLINE float reduce_f32(enum operation op, const float *a, const float *b, size_t n) {
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        s0 = accumulate(op, s0, _mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
        s1 = accumulate(op, s1, _mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8));
        s2 = accumulate(op, s2, _mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16));
        s3 = accumulate(op, s3, _mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24));
    }
    for (; i + 8 <= n; i += 8) s0 = accumulate(op, s0, _mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i));
    float sum = sum_lanes(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
    for (; i < n; i++) {
        float d = a[i] - b[i];
        sum += op == DOT ? a[i] * b[i] : op == SQUARED_L2 ? d * d : fabsf(d);
    }
    return sum;
}

static float dot_f32(const float *a, const float *b, size_t n) { return reduce_f32(DOT, a, b, n); }
static float squared_l2_f32(const float *a, const float *b, size_t n) { return reduce_f32(SQUARED_L2, a, b, n); }
static float l1_f32(const float *a, const float *b, size_t n) { return reduce_f32(L1, a, b, n); }

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

static int32_t dot_u8i8(const uint8_t *a, const int8_t *b, size_t n) { return dot_codes(a, b, n); }

QVK_INLINE void score_f32(
    enum operation op, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    size_t bytes = s->length * sizeof(float);
    if (ids)
        for (size_t i = 0; i < AHEAD && i < n; i++) qvk_prefetch_bytes(qvk_row_address(s, ids[i]), bytes);
    for (size_t i = 0; i < n; i++) {
        if (ids && i + AHEAD < n) qvk_prefetch_bytes(qvk_row_address(s, ids[i + AHEAD]), bytes);
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

static void score_codes(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
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

static float max_abs_f32(const float *x, size_t n) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 top = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 8 <= n; i += 8) top = _mm256_max_ps(top, _mm256_andnot_ps(sign, _mm256_loadu_ps(x + i)));
    float lanes[8], most = 0;
    _mm256_storeu_ps(lanes, top);
    for (int lane = 0; lane < 8; lane++) most = lanes[lane] > most ? lanes[lane] : most;
    for (; i < n; i++) most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
    return most;
}

static int32_t encode_u8(const float *x, size_t n, float inverse, uint8_t *out) {
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

static void scale_f32(const float *x, size_t n, float factor, float *out) {
    for (size_t i = 0; i < n; i++) out[i] = x[i] * factor;
}

#pragma clang attribute pop

const qvk_table qvk_avx2_table = {
    .name = "avx2",
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
    .accepted_rows = qvk_scalar_accepted_rows,
};

#endif
