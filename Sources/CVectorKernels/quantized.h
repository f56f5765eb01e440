// Shared by the implementations of the quantized kernels; not visible to Swift.

#ifndef QUIVER_QUANTIZED_INTERNAL_H
#define QUIVER_QUANTIZED_INTERNAL_H

#include "CVectorKernelsQuantized.h"
#include "kernels.h"

#include <string.h>

extern const qvk_quantized_table qvk_scalar_quantized_table;
#if defined(__x86_64__)
extern const qvk_quantized_table qvk_avx2_quantized_table;
extern const qvk_quantized_table qvk_avx512_quantized_table;
#endif

enum { QVK_TERMS_BYTES = sizeof(qvk_row_terms) };

/// Levels 0...127 stand for -127...127 in steps of 2. They are the Lloyd-Max points of a normal distribution, scaled:
/// `units` steps of 1 are one standard deviation.
#define QVK_LEVELS_1 0, 127
#define QVK_LEVELS_1_OF_1_5 31, 96
#define QVK_LEVELS_2 2, 45, 82, 125
#define QVK_LEVELS_4 0, 15, 26, 34, 42, 48, 55, 61, 66, 72, 79, 85, 93, 101, 112, 127

/// Values of one width within a row.
typedef struct qvk_part {
    unsigned bits;
    size_t first, count;    ///< values
    size_t bytes;           ///< of its fields
    const uint8_t *levels;  ///< ascending, 2^bits
    const uint8_t (*lookup)[16];  ///< by nibble: the levels of the 4 / bits fields that a nibble holds
} qvk_part;

typedef struct qvk_parts {
    unsigned count;
    qvk_part part[2];
} qvk_parts;

extern const uint8_t qvk_lookup_1[4][16], qvk_lookup_1_of_1_5[4][16], qvk_lookup_2[2][16], qvk_lookup_4[1][16];
extern const uint8_t qvk_levels_1[2], qvk_levels_1_of_1_5[2], qvk_levels_2[4], qvk_levels_4[16];

QVK_INLINE qvk_part qvk_part_of(unsigned bits, size_t first, size_t count, const uint8_t *levels, const uint8_t (*lookup)[16]) {
    size_t each = 8 / bits;
    return (qvk_part){bits, first, count, (count + each - 1) / each, levels, lookup};
}

QVK_INLINE size_t qvk_split_of(size_t n) { return ((n + 1) / 2 + 3) / 4 * 4 < n ? ((n + 1) / 2 + 3) / 4 * 4 : n; }

/// The parts of a row. A constant `bits` makes the parts' widths constants.
QVK_INLINE qvk_parts qvk_parts_of(qvk_bits bits, size_t n) {
    switch (bits) {
    case QVK_BITS_1:
        return (qvk_parts){1, {qvk_part_of(1, 0, n, qvk_levels_1, qvk_lookup_1)}};
    case QVK_BITS_1_5: {
        size_t split = qvk_split_of(n);
        return (qvk_parts){
            2,
            {qvk_part_of(2, 0, split, qvk_levels_2, qvk_lookup_2),
             qvk_part_of(1, split, n - split, qvk_levels_1_of_1_5, qvk_lookup_1_of_1_5)}};
    }
    case QVK_BITS_2:
        return (qvk_parts){1, {qvk_part_of(2, 0, n, qvk_levels_2, qvk_lookup_2)}};
    case QVK_BITS_4:
    default:
        return (qvk_parts){1, {qvk_part_of(4, 0, n, qvk_levels_4, qvk_lookup_4)}};
    }
}

QVK_INLINE size_t qvk_round_up_64(size_t n) { return (n + 63) / 64 * 64; }

/// Bytes of a part's query: one signed byte a value, each field padded.
QVK_INLINE size_t qvk_part_query_bytes(const qvk_part *part) { return 8 / part->bits * qvk_round_up_64(part->bytes); }

QVK_INLINE size_t qvk_parts_bytes(const qvk_parts *parts) {
    return parts->part[0].bytes + (parts->count > 1 ? parts->part[1].bytes : 0);
}

QVK_INLINE float qvk_finish_row(const qvk_scorer *s, const char *row, float value) {
    qvk_row_terms terms;
    memcpy(&terms, row, sizeof terms);
    return value * terms.factor + terms.offset + s->constant;
}

QVK_INLINE float qvk_finish_levels(const qvk_scorer *s, const char *row, int32_t raw) {
    return qvk_finish_row(s, row, s->weight * (float)(2 * raw - s->bias));
}

QVK_INLINE float qvk_finish_levels_l1(const qvk_scorer *s, const char *row, int32_t raw) {
    return qvk_finish_row(s, row, s->weight * (float)raw);
}

QVK_INLINE float qvk_finish_signs(const qvk_scorer *s, const char *row, int32_t raw) {
    return qvk_finish_row(s, row, s->weight * (float)(s->bias - 2 * raw));
}

QVK_INLINE float qvk_finish_product(const qvk_scorer *s, const char *row, uint32_t sum) {
    return qvk_finish_row(s, row, s->weight * (float)sum + s->norm_weight);
}

/// The sum over a product row, table by table.
QVK_INLINE uint32_t qvk_product_sum(const qvk_product_query *query, const uint8_t *code, size_t parts) {
    uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    if (query->high) {
        const uint8_t *low = query->low, *high = query->high;
        for (; i < parts; i++, low += 256, high += 256) {
            s0 += low[code[i]];
            s1 += high[code[i]];
        }
        return s0 + (s1 << 8);
    }
    const uint8_t *table = query->low;
    for (; i + 4 <= parts; i += 4, table += 1024) {
        s0 += table[code[i]];
        s1 += table[256 + code[i + 1]];
        s2 += table[512 + code[i + 2]];
        s3 += table[768 + code[i + 3]];
    }
    for (; i < parts; i++, table += 256) s0 += table[code[i]];
    return s0 + s1 + s2 + s3;
}

enum { QVK_QUANTIZED_AHEAD = 8 };

QVK_INLINE void qvk_prefetch_ahead(const qvk_scorer *s, const uint32_t *ids, size_t from, size_t to, size_t n, size_t bytes) {
    if (!ids) return;
    for (size_t i = from; i < to && i < n; i++) qvk_prefetch_bytes(qvk_row_address(s, ids[i]), bytes);
}

#endif
