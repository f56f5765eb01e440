// AVX-512: fields are looked up by byte shuffles and multiplied by VNNI; products by 128-byte permutes (VBMI).

#include "kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vbmi,avx512bitalg,avx512vpopcntdq,avx2,fma"))), apply_to = function)

#include "quantized_generic.h"

QVK_INLINE __mmask64 mask_of(size_t left) { return left >= 64 ? ~0ull : (1ull << left) - 1; }

/// Adds up the lanes of four accumulators at once: lane k of the answer is the sum of accumulator k.
QVK_INLINE __m128i sum_four(__m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

QVK_INLINE __m512i difference(__m512i a, __m512i b) {
    return _mm512_or_si512(_mm512_subs_epu8(a, b), _mm512_subs_epu8(b, a));
}

/// One part of `rows` rows (1 or 4) at once, so that they share the query's loads.
QVK_INLINE void part_sums(
    bool l1, unsigned rows, const qvk_part *part, const uint8_t *const *fields, const int8_t *query,
    const int8_t *weights, __m512i *sums
) {
    const unsigned half = 4 / part->bits;  // fields in a nibble
    const size_t width = qvk_round_up_64(part->bytes);
    const __m512i nibble = _mm512_set1_epi8(15);
    __m512i lookup[4];
    for (unsigned k = 0; k < half; k++)
        lookup[k] = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)part->lookup[k]));
    for (size_t at = 0; at < part->bytes; at += 64) {
        const __mmask64 mask = mask_of(part->bytes - at);
        __m512i low[4], high[4];
        for (unsigned r = 0; r < rows; r++) {
            __m512i bytes = _mm512_maskz_loadu_epi8(mask, fields[r] + at);
            low[r] = _mm512_and_si512(bytes, nibble);
            high[r] = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble);
        }
        for (unsigned k = 0; k < half; k++) {
            __m512i q0 = _mm512_loadu_si512(query + k * width + at);
            __m512i q1 = _mm512_loadu_si512(query + (k + half) * width + at);
            if (l1) {
                __m512i w0 = _mm512_loadu_si512(weights + k * width + at);
                __m512i w1 = _mm512_loadu_si512(weights + (k + half) * width + at);
                for (unsigned r = 0; r < rows; r++) {
                    sums[r] = _mm512_dpbusd_epi32(sums[r], difference(_mm512_shuffle_epi8(lookup[k], low[r]), q0), w0);
                    sums[r] = _mm512_dpbusd_epi32(sums[r], difference(_mm512_shuffle_epi8(lookup[k], high[r]), q1), w1);
                }
            } else {
                for (unsigned r = 0; r < rows; r++) {
                    sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_shuffle_epi8(lookup[k], low[r]), q0);
                    sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_shuffle_epi8(lookup[k], high[r]), q1);
                }
            }
        }
    }
}

QVK_INLINE void row_sums(
    bool l1, unsigned rows, const qvk_parts *parts, size_t query_bytes, const char *const *row, const int8_t *query,
    __m512i *sums
) {
    const uint8_t *fields[4];
    for (unsigned r = 0; r < rows; r++) {
        fields[r] = (const uint8_t *)row[r] + QVK_TERMS_BYTES;
        sums[r] = _mm512_setzero_si512();
    }
    for (unsigned p = 0; p < parts->count; p++) {
        part_sums(l1, rows, &parts->part[p], fields, query, query + query_bytes, sums);
        for (unsigned r = 0; r < rows; r++) fields[r] += parts->part[p].bytes;
        query += qvk_part_query_bytes(&parts->part[p]);
    }
}

QVK_INLINE void score_any(
    bool l1, qvk_bits bits, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    const qvk_parts parts = qvk_parts_of(bits, s->length);
    const size_t bytes = QVK_TERMS_BYTES + qvk_parts_bytes(&parts);
    const size_t query_bytes = l1 ? qvk_spread_query_bytes(bits, s->length) : 0;
    qvk_prefetch_ahead(s, ids, 0, QVK_QUANTIZED_AHEAD, n, bytes);
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        qvk_prefetch_ahead(s, ids, i + QVK_QUANTIZED_AHEAD, i + QVK_QUANTIZED_AHEAD + 4, n, bytes);
        const char *row[4];
        for (size_t r = 0; r < 4; r++) row[r] = qvk_row_address(s, qvk_row_at(ids, first, i + r));
        __m512i sums[4];
        row_sums(l1, 4, &parts, query_bytes, row, s->query, sums);
        int32_t raw[4];
        _mm_storeu_si128((__m128i *)raw, sum_four(sums[0], sums[1], sums[2], sums[3]));
        for (size_t r = 0; r < 4; r++)
            out[i + r] = l1 ? qvk_finish_levels_l1(s, row[r], raw[r]) : qvk_finish_levels(s, row[r], raw[r]);
    }
    for (; i < n; i++) {
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        __m512i sum;
        row_sums(l1, 1, &parts, query_bytes, &row, s->query, &sum);
        int32_t raw = _mm512_reduce_add_epi32(sum);
        out[i] = l1 ? qvk_finish_levels_l1(s, row, raw) : qvk_finish_levels(s, row, raw);
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

QVK_INLINE void score_signs(
    unsigned planes, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    const size_t bytes = (s->length + 7) / 8, width = qvk_round_up_64(bytes);
    const uint8_t *query = s->query;
    qvk_prefetch_ahead(s, ids, 0, QVK_QUANTIZED_AHEAD, n, QVK_TERMS_BYTES + bytes);
    for (size_t i = 0; i < n; i++) {
        qvk_prefetch_ahead(s, ids, i + QVK_QUANTIZED_AHEAD, i + QVK_QUANTIZED_AHEAD + 1, n, QVK_TERMS_BYTES + bytes);
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        __m512i sum = _mm512_setzero_si512();
        for (size_t at = 0; at < bytes; at += 64) {
            __m512i fields = _mm512_maskz_loadu_epi8(mask_of(bytes - at), row + QVK_TERMS_BYTES + at);
            for (unsigned p = 0; p < planes; p++) {
                __m512i apart = _mm512_xor_si512(fields, _mm512_loadu_si512(query + p * width + at));
                if (planes == 1)
                    sum = _mm512_add_epi64(sum, _mm512_popcnt_epi64(apart));
                else  // Bytes of at most 8, times 2^p.
                    sum = _mm512_dpbusd_epi32(sum, _mm512_popcnt_epi8(apart), _mm512_set1_epi8((char)(1 << p)));
            }
        }
        int32_t raw = planes == 1 ? (int32_t)_mm512_reduce_add_epi64(sum) : _mm512_reduce_add_epi32(sum);
        out[i] = qvk_finish_signs(s, row, raw);
    }
}

// MARK: Products

enum { TILE = 64, SCALAR_ROWS = 6 };

/// Columns of 16 rows of 64 bytes. Interleaving the halves of 16 vectors four times transposes the 16 x 16 bytes of
/// each 128-bit lane.
QVK_INLINE void transpose_16(const uint8_t *const *code, size_t rows, __mmask64 mask, uint8_t *tile) {
    __m512i a[16], b[16];
    for (size_t r = 0; r < 16; r++) a[r] = r < rows ? _mm512_maskz_loadu_epi8(mask, code[r]) : _mm512_setzero_si512();
    for (unsigned pass = 0; pass < 4; pass++) {
        for (unsigned r = 0; r < 8; r++) {
            b[2 * r] = _mm512_unpacklo_epi8(a[r], a[r + 8]);
            b[2 * r + 1] = _mm512_unpackhi_epi8(a[r], a[r + 8]);
        }
        memcpy(a, b, sizeof a);
    }
    for (unsigned c = 0; c < 16; c++) {
        _mm_store_si128((__m128i *)(tile + (c + 0) * TILE), _mm512_castsi512_si128(a[c]));
        _mm_store_si128((__m128i *)(tile + (c + 16) * TILE), _mm512_extracti32x4_epi32(a[c], 1));
        _mm_store_si128((__m128i *)(tile + (c + 32) * TILE), _mm512_extracti32x4_epi32(a[c], 2));
        _mm_store_si128((__m128i *)(tile + (c + 48) * TILE), _mm512_extracti32x4_epi32(a[c], 3));
    }
}

/// 64 lookups in a table of 256 bytes.
QVK_INLINE __m512i look_up(const uint8_t *table, __m512i index, __mmask64 upper) {
    __m512i low = _mm512_permutex2var_epi8(_mm512_loadu_si512(table), index, _mm512_loadu_si512(table + 64));
    __m512i high = _mm512_permutex2var_epi8(_mm512_loadu_si512(table + 128), index, _mm512_loadu_si512(table + 192));
    return _mm512_mask_blend_epi8(upper, low, high);
}

/// Adds `columns` columns of a tile to the sums of its 64 rows.
QVK_INLINE void add_columns(const uint8_t *tile, size_t columns, const uint8_t *table, unsigned shift, uint32_t *sums) {
    const __m512i even = _mm512_set1_epi16(255);
    __m512i s0 = _mm512_setzero_si512(), s1 = s0;  // 64 * 255 fits 16 bits
    for (size_t c = 0; c < columns; c++, table += 256) {
        __m512i index = _mm512_load_si512(tile + c * TILE);
        __m512i value = look_up(table, index, _mm512_movepi8_mask(index));
        s0 = _mm512_add_epi16(s0, _mm512_and_si512(value, even));
        s1 = _mm512_add_epi16(s1, _mm512_srli_epi16(value, 8));
    }
    // Rows 2i are in s0, rows 2i + 1 in s1.
    uint16_t part[2][32];
    _mm512_storeu_si512(part[0], s0);
    _mm512_storeu_si512(part[1], s1);
    for (size_t r = 0; r < TILE; r++) sums[r] += (uint32_t)part[r & 1][r >> 1] << shift;
}

/// At most 64 rows.
static void score_tile(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    const qvk_product_query *query = s->query;
    const size_t parts = s->length;
    const uint8_t *code[TILE];
    uint32_t sums[TILE] = {0};
    _Alignas(64) uint8_t tile[TILE * TILE];
    for (size_t r = 0; r < n; r++)
        code[r] = (const uint8_t *)qvk_row_address(s, qvk_row_at(ids, first, r)) + QVK_TERMS_BYTES;
    for (size_t from = 0; from < parts; from += TILE) {
        const size_t columns = parts - from < TILE ? parts - from : TILE;
        for (size_t group = 0; group < n; group += 16) {
            transpose_16(code + group, n - group < 16 ? n - group : 16, mask_of(columns), tile + group);
            for (size_t r = group; r < n && r < group + 16; r++) code[r] += columns;
        }
        add_columns(tile, columns, query->low + from * 256, 0, sums);
        if (query->high) add_columns(tile, columns, query->high + from * 256, 8, sums);
    }
    for (size_t r = 0; r < n; r++)
        out[r] = qvk_finish_product(s, qvk_row_address(s, qvk_row_at(ids, first, r)), sums[r]);
}

static void score_product(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    const size_t bytes = QVK_TERMS_BYTES + s->length;
    qvk_prefetch_ahead(s, ids, 0, TILE, n, bytes);
    size_t i = 0;
    while (n - i >= SCALAR_ROWS) {
        size_t count = n - i < TILE ? n - i : TILE;
        qvk_prefetch_ahead(s, ids, i + count, i + count + TILE, n, bytes);
        score_tile(s, ids ? ids + i : NULL, first + (uint32_t)i, count, out + i);
        i += count;
    }
    for (; i < n; i++) {
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        out[i] = qvk_finish_product(s, row, qvk_product_sum(s->query, (const uint8_t *)row + QVK_TERMS_BYTES, s->length));
    }
}

#include "quantized_table.h"

const qvk_quantized_table qvk_avx512_quantized_table = QVK_QUANTIZED_TABLE("avx512");

#pragma clang attribute pop

#endif
