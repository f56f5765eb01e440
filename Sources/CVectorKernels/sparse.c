// Kernels of the sparse index. AVX-512 (with VBMI2, which spreads packed codes over the rows of a bitmap) and portable.

#include "CVectorKernelsSparse.h"

#include <math.h>
#include <string.h>

#define QVK_INLINE static inline __attribute__((always_inline))

enum { SCORE_LANES = 16 };

// MARK: Portable

static void add_portable(uint16_t *sums, const uint16_t *rows, const uint8_t *codes, size_t n, uint32_t multiplier) {
    for (size_t i = 0; i < n; i++) sums[rows[i]] += (uint16_t)((codes[i] * multiplier >> 8) + 1);
}

static void add_bitmap_portable(uint16_t *sums, const uint8_t *bits, const uint8_t *codes, uint32_t multiplier) {
    for (size_t base = 0; base < QVK_SPARSE_WINDOW; base += 64) {
        uint64_t word;
        memcpy(&word, bits + base / 8, 8);
        for (; word; word &= word - 1)
            sums[base + (size_t)__builtin_ctzll(word)] += (uint16_t)((*codes++ * multiplier >> 8) + 1);
    }
}

static size_t count_portable(const uint16_t *sums, uint32_t threshold) {
    size_t count = 0;
    for (size_t i = 0; i < QVK_SPARSE_WINDOW; i++) count += sums[i] >= threshold;
    return count;
}

static size_t collect_portable(const uint16_t *sums, uint32_t threshold, uint32_t end, uint16_t *out) {
    size_t count = 0;
    for (size_t i = 0; i < QVK_SPARSE_WINDOW; i++) {
        if (sums[i] >= threshold && sums[i] < end) out[count++] = (uint16_t)i;
    }
    return count;
}

QVK_INLINE float float_from_half(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, magnitude = half & 0x7FFF, bits;
    float value;
    if (magnitude >= 0x7C00) {
        bits = sign | 0x7F800000 | magnitude << 13;
    } else if (magnitude >= 0x400) {
        bits = sign | ((magnitude << 13) + 0x38000000);
    } else {
        value = (float)magnitude * 0x1p-24f;
        memcpy(&bits, &value, 4);
        bits |= sign;
    }
    memcpy(&value, &bits, 4);
    return value;
}

QVK_INLINE float value_at(const qvk_sparse_row *row, qvk_sparse_datatype datatype, size_t i) {
    if (datatype == QVK_SPARSE_F32) {
        float value;
        memcpy(&value, (const char *)row->values + 4 * i, 4);
        return value;
    }
    if (datatype == QVK_SPARSE_F16) {
        uint16_t half;
        memcpy(&half, (const char *)row->values + 2 * i, 2);
        return float_from_half(half);
    }
    return fmaf(row->step, (float)((const uint8_t *)row->values)[i], row->minimum);
}

/// The weight of an index that is in the query; false if it is not.
QVK_INLINE bool find(const qvk_sparse_table *table, uint32_t index, float *weight) {
    uint32_t mask = (1u << table->bits) - 1, slot = index * table->factor >> (32 - table->bits);
    if (table->is_perfect) {
        *weight = table->weights[slot];
        return table->keys[slot] == index;
    }
    for (;; slot = (slot + 1) & mask) {
        *weight = table->weights[slot];
        if (isnan(*weight)) return false;
        if (table->keys[slot] == index) return true;
    }
}

/// Adds up lane by lane as the wide kernels do, so that every level gives the same score.
static float finish_lanes(float *lanes) {
    for (size_t width = SCORE_LANES / 2; width > 0; width /= 2)
        for (size_t i = 0; i < width; i++) lanes[i] += lanes[i + width];
    return lanes[0];
}

QVK_INLINE float score_with(
    const qvk_sparse_table *table, const qvk_sparse_row *row, qvk_sparse_datatype datatype, uint32_t *matches
) {
    float lanes[SCORE_LANES] = {0};
    uint32_t found = 0;
    for (size_t i = 0; i < row->count; i++) {
        uint32_t index;
        memcpy(&index, row->indices + i, 4);
        float weight;
        if (!find(table, index, &weight)) continue;
        found++;
        lanes[i % SCORE_LANES] = fmaf(weight, value_at(row, datatype, i), lanes[i % SCORE_LANES]);
    }
    *matches = found;
    return finish_lanes(lanes);
}

static float score_portable(
    const qvk_sparse_table *table, const qvk_sparse_row *row, qvk_sparse_datatype datatype, uint32_t *matches
) {
    switch (datatype) {
    case QVK_SPARSE_F32: return score_with(table, row, QVK_SPARSE_F32, matches);
    case QVK_SPARSE_F16: return score_with(table, row, QVK_SPARSE_F16, matches);
    default: return score_with(table, row, QVK_SPARSE_U8, matches);
    }
}

void qvk_sparse_decode(const qvk_sparse_row *row, qvk_sparse_datatype datatype, float *out) {
    for (size_t i = 0; i < row->count; i++) out[i] = value_at(row, datatype, i);
}

static const qvk_sparse_kernels portable = {
    add_portable, add_bitmap_portable, count_portable, collect_portable, score_portable,
};

// MARK: AVX-512

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi2,avx2,fma,f16c,popcnt,bmi,bmi2"))), apply_to = function)

/// `(code * multiplier >> 8) + 1` of 32 codes, without the 1.
QVK_INLINE __m512i contributions(__m256i codes, __m512i multiplier) {
    return _mm512_mulhi_epu16(_mm512_slli_epi16(_mm512_cvtepu8_epi16(codes), 8), multiplier);
}

static void add_avx512(uint16_t *sums, const uint16_t *rows, const uint8_t *codes, size_t n, uint32_t multiplier) {
    __m512i factor = _mm512_set1_epi16((short)multiplier), one = _mm512_set1_epi16(1);
    _Alignas(64) uint16_t added[32];
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i packed = _mm256_loadu_si256((const __m256i *)(codes + i));
        _mm512_store_si512(added, _mm512_add_epi16(contributions(packed, factor), one));
#pragma clang loop unroll(full)
        for (size_t j = 0; j < 32; j++) sums[rows[i + j]] += added[j];
    }
    for (; i < n; i++) sums[rows[i]] += (uint16_t)((codes[i] * multiplier >> 8) + 1);
}

static void add_bitmap_avx512(uint16_t *sums, const uint8_t *bits, const uint8_t *codes, uint32_t multiplier) {
    __m512i factor = _mm512_set1_epi16((short)multiplier), one = _mm512_set1_epi16(1);
    for (size_t base = 0; base < QVK_SPARSE_WINDOW; base += 64) {
        uint64_t word;
        memcpy(&word, bits + base / 8, 8);
        __m512i spread = _mm512_maskz_expand_epi8(word, _mm512_loadu_si512(codes));
        codes += __builtin_popcountll(word);
        __m512i low = _mm512_add_epi16(contributions(_mm512_castsi512_si256(spread), factor), one);
        __m512i high = _mm512_add_epi16(contributions(_mm512_extracti64x4_epi64(spread, 1), factor), one);
        __m512i first = _mm512_load_si512(sums + base), second = _mm512_load_si512(sums + base + 32);
        _mm512_store_si512(sums + base, _mm512_mask_add_epi16(first, (__mmask32)word, first, low));
        _mm512_store_si512(sums + base + 32, _mm512_mask_add_epi16(second, (__mmask32)(word >> 32), second, high));
    }
}

static size_t count_avx512(const uint16_t *sums, uint32_t threshold) {
    if (threshold > UINT16_MAX) return 0;
    __m512i least = _mm512_set1_epi16((short)threshold);
    size_t count = 0;
    for (size_t i = 0; i < QVK_SPARSE_WINDOW; i += 64) {
        uint64_t low = _mm512_cmpge_epu16_mask(_mm512_load_si512(sums + i), least);
        uint64_t high = _mm512_cmpge_epu16_mask(_mm512_load_si512(sums + i + 32), least);
        count += (size_t)__builtin_popcountll(low | high << 32);
    }
    return count;
}

static size_t collect_avx512(const uint16_t *sums, uint32_t threshold, uint32_t end, uint16_t *out) {
    if (threshold > UINT16_MAX || end == 0) return 0;
    __m512i least = _mm512_set1_epi16((short)threshold);
    __m512i most = _mm512_set1_epi16((short)(end > UINT16_MAX ? UINT16_MAX : end - 1));
    size_t count = 0;
    for (size_t i = 0; i < QVK_SPARSE_WINDOW; i += 64) {
        __m512i first = _mm512_load_si512(sums + i), second = _mm512_load_si512(sums + i + 32);
        uint64_t low = _mm512_mask_cmple_epu16_mask(_mm512_cmpge_epu16_mask(first, least), first, most);
        uint64_t high = _mm512_mask_cmple_epu16_mask(_mm512_cmpge_epu16_mask(second, least), second, most);
        for (uint64_t word = low | high << 32; word; word &= word - 1)
            out[count++] = (uint16_t)(i + (size_t)__builtin_ctzll(word));
    }
    return count;
}

QVK_INLINE __m512 values_at(const qvk_sparse_row *row, qvk_sparse_datatype datatype, size_t i, __mmask16 mask) {
    if (datatype == QVK_SPARSE_F32) return _mm512_maskz_loadu_ps(mask, (const float *)row->values + i);
    if (datatype == QVK_SPARSE_F16)
        return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)row->values + i));
    __m512i codes = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, (const uint8_t *)row->values + i));
    return _mm512_fmadd_ps(_mm512_set1_ps(row->step), _mm512_cvtepi32_ps(codes), _mm512_set1_ps(row->minimum));
}

QVK_INLINE float score_perfect(
    const qvk_sparse_table *table, const qvk_sparse_row *row, qvk_sparse_datatype datatype, uint32_t *matches
) {
    __m512i factor = _mm512_set1_epi32((int)table->factor);
    __m128i shift = _mm_cvtsi32_si128((int)(32 - table->bits));
    __m512 sum = _mm512_setzero_ps();
    uint32_t found = 0;
    for (size_t i = 0; i < row->count; i += SCORE_LANES) {
        size_t left = row->count - i;
        __mmask16 mask = left >= SCORE_LANES ? 0xFFFF : (__mmask16)((1u << left) - 1);
        __m512i indices = _mm512_maskz_loadu_epi32(mask, row->indices + i);
        __m512i slots = _mm512_srl_epi32(_mm512_mullo_epi32(indices, factor), shift);
        __m512i keys = _mm512_i32gather_epi32(slots, table->keys, 4);
        __mmask16 hit = _mm512_mask_cmpeq_epi32_mask(mask, keys, indices);
        if (!hit) continue;
        found += (uint32_t)__builtin_popcount(hit);
        __m512 weights = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), hit, slots, table->weights, 4);
        sum = _mm512_mask3_fmadd_ps(weights, values_at(row, datatype, i, hit), sum, hit);
    }
    *matches = found;
    _Alignas(64) float lanes[SCORE_LANES];
    _mm512_store_ps(lanes, sum);
    return finish_lanes(lanes);
}

static float score_avx512(
    const qvk_sparse_table *table, const qvk_sparse_row *row, qvk_sparse_datatype datatype, uint32_t *matches
) {
    if (!table->is_perfect) return score_portable(table, row, datatype, matches);
    switch (datatype) {
    case QVK_SPARSE_F32: return score_perfect(table, row, QVK_SPARSE_F32, matches);
    case QVK_SPARSE_F16: return score_perfect(table, row, QVK_SPARSE_F16, matches);
    default: return score_perfect(table, row, QVK_SPARSE_U8, matches);
    }
}

#pragma clang attribute pop

static const qvk_sparse_kernels avx512 = {
    add_avx512, add_bitmap_avx512, count_avx512, collect_avx512, score_avx512,
};

#endif

// MARK: Choosing

const qvk_sparse_kernels *qvk_sparse_kernels_of(qvk_level level) {
    if (!qvk_table_of(level)) return NULL;
#if defined(__x86_64__)
    if (level == QVK_AVX512)
        return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("f16c") ? &avx512 : NULL;
#endif
    return &portable;
}

const qvk_sparse_kernels *qvk_sparse_active(void) {
    const qvk_sparse_kernels *best = NULL;
    if (qvk_active() == qvk_table_of(QVK_AVX512)) best = qvk_sparse_kernels_of(QVK_AVX512);
    return best ? best : &portable;
}
