// AVX2: levels are at most 127, so that two products fit 16 bits signed and nothing saturates.

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,popcnt"))), apply_to = function)

#include "quantized_generic.h"

/// 32 bytes, those from `left` on zero and not read.
QVK_INLINE __m256i load_part(const uint8_t *from, size_t left) {
    if (left >= 32) return _mm256_loadu_si256((const __m256i *)from);
    uint8_t bytes[32] = {0};
    memcpy(bytes, from, left);
    return _mm256_loadu_si256((const __m256i *)bytes);
}

QVK_INLINE int32_t sum_of(__m256i v) {
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
    return _mm_cvtsi128_si32(sum);
}

QVK_INLINE __m256i multiply_add(__m256i sum, __m256i levels, const int8_t *query) {
    __m256i pairs = _mm256_maddubs_epi16(levels, _mm256_loadu_si256((const __m256i *)query));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

QVK_INLINE __m256i difference(__m256i a, const int8_t *query) {
    __m256i b = _mm256_loadu_si256((const __m256i *)query);
    return _mm256_or_si256(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a));
}

QVK_INLINE __m256i part_sum(
    bool l1, const qvk_part *part, const uint8_t *fields, const int8_t *query, const int8_t *weights, __m256i sum
) {
    const unsigned half = 4 / part->bits;  // fields in a nibble
    const size_t width = qvk_round_up_64(part->bytes);
    const __m256i nibble = _mm256_set1_epi8(15);
    for (size_t at = 0; at < part->bytes; at += 32) {
        __m256i bytes = load_part(fields + at, part->bytes - at);
        __m256i low = _mm256_and_si256(bytes, nibble), high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
        for (unsigned k = 0; k < half; k++) {
            __m256i lookup = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)part->lookup[k]));
            __m256i a = _mm256_shuffle_epi8(lookup, low), b = _mm256_shuffle_epi8(lookup, high);
            const size_t p = k * width + at, q = (k + half) * width + at;
            if (l1) {
                sum = multiply_add(sum, difference(a, query + p), weights + p);
                sum = multiply_add(sum, difference(b, query + q), weights + q);
            } else {
                sum = multiply_add(sum, a, query + p);
                sum = multiply_add(sum, b, query + q);
            }
        }
    }
    return sum;
}

QVK_INLINE void score_any(
    bool l1, qvk_bits bits, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    const qvk_parts parts = qvk_parts_of(bits, s->length);
    const size_t bytes = QVK_TERMS_BYTES + qvk_parts_bytes(&parts);
    const size_t query_bytes = l1 ? qvk_spread_query_bytes(bits, s->length) : 0;
    qvk_prefetch_ahead(s, ids, 0, QVK_QUANTIZED_AHEAD, n, bytes);
    for (size_t i = 0; i < n; i++) {
        qvk_prefetch_ahead(s, ids, i + QVK_QUANTIZED_AHEAD, i + QVK_QUANTIZED_AHEAD + 1, n, bytes);
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        const uint8_t *fields = (const uint8_t *)row + QVK_TERMS_BYTES;
        const int8_t *query = s->query;
        __m256i sum = _mm256_setzero_si256();
        for (unsigned p = 0; p < parts.count; p++) {
            sum = part_sum(l1, &parts.part[p], fields, query, query + query_bytes, sum);
            fields += parts.part[p].bytes;
            query += qvk_part_query_bytes(&parts.part[p]);
        }
        out[i] = l1 ? qvk_finish_levels_l1(s, row, sum_of(sum)) : qvk_finish_levels(s, row, sum_of(sum));
    }
}

QVK_INLINE void score_levels(
    qvk_bits bits, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    score_any(false, bits, s, ids, first, n, out);
}

QVK_INLINE void score_levels_l1(
    qvk_bits bits, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    score_any(true, bits, s, ids, first, n, out);
}

QVK_INLINE uint64_t word_at(const uint8_t *from, size_t left) {
    uint64_t word = 0;
    memcpy(&word, from, left < 8 ? left : 8);
    return word;
}

QVK_INLINE void score_signs(
    unsigned planes, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    const size_t bytes = (s->length + 7) / 8, width = qvk_round_up_64(bytes);
    const uint8_t *query = s->query;
    qvk_prefetch_ahead(s, ids, 0, QVK_QUANTIZED_AHEAD, n, QVK_TERMS_BYTES + bytes);
    for (size_t i = 0; i < n; i++) {
        qvk_prefetch_ahead(s, ids, i + QVK_QUANTIZED_AHEAD, i + QVK_QUANTIZED_AHEAD + 1, n, QVK_TERMS_BYTES + bytes);
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        const uint8_t *fields = (const uint8_t *)row + QVK_TERMS_BYTES;
        int64_t sum = 0;
        for (size_t at = 0; at < bytes; at += 8) {
            uint64_t word = word_at(fields + at, bytes - at);
            for (unsigned p = 0; p < planes; p++)
                sum += (int64_t)_mm_popcnt_u64(word ^ word_at(query + p * width + at, 8)) << p;
        }
        out[i] = qvk_finish_signs(s, row, (int32_t)sum);
    }
}

static void score_product(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    const size_t bytes = QVK_TERMS_BYTES + s->length;
    qvk_prefetch_ahead(s, ids, 0, QVK_QUANTIZED_AHEAD, n, bytes);
    for (size_t i = 0; i < n; i++) {
        qvk_prefetch_ahead(s, ids, i + QVK_QUANTIZED_AHEAD, i + QVK_QUANTIZED_AHEAD + 1, n, bytes);
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        out[i] = qvk_finish_product(s, row, qvk_product_sum(s->query, (const uint8_t *)row + QVK_TERMS_BYTES, s->length));
    }
}

#include "quantized_table.h"

const qvk_quantized_table qvk_avx2_quantized_table = QVK_QUANTIZED_TABLE("avx2");

#pragma clang attribute pop

#endif
