// The quantized kernels in plain C: for processors without anything better, and the oracle of the others.

#include "quantized_generic.h"

QVK_INLINE int32_t part_dot(const qvk_part *part, const uint8_t *fields, const int8_t *query) {
    const size_t width = qvk_round_up_64(part->bytes);
    const unsigned mask = (1u << part->bits) - 1;
    int32_t sum = 0;
    for (unsigned k = 0; k < 8 / part->bits; k++)
        for (size_t j = 0; j < part->bytes; j++)
            sum += (int32_t)part->levels[fields[j] >> (part->bits * k) & mask] * query[k * width + j];
    return sum;
}

QVK_INLINE int32_t part_l1(const qvk_part *part, const uint8_t *fields, const uint8_t *query, const int8_t *weights) {
    const size_t width = qvk_round_up_64(part->bytes);
    const unsigned mask = (1u << part->bits) - 1;
    int32_t sum = 0;
    for (unsigned k = 0; k < 8 / part->bits; k++)
        for (size_t j = 0; j < part->bytes; j++) {
            int32_t difference = (int32_t)part->levels[fields[j] >> (part->bits * k) & mask] - query[k * width + j];
            sum += (difference < 0 ? -difference : difference) * weights[k * width + j];
        }
    return sum;
}

QVK_INLINE void score_levels(
    qvk_bits bits, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    const qvk_parts parts = qvk_parts_of(bits, s->length);
    for (size_t i = 0; i < n; i++) {
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        const uint8_t *fields = (const uint8_t *)row + QVK_TERMS_BYTES;
        const int8_t *query = s->query;
        int32_t sum = 0;
        for (unsigned p = 0; p < parts.count; p++) {
            sum += part_dot(&parts.part[p], fields, query);
            fields += parts.part[p].bytes;
            query += qvk_part_query_bytes(&parts.part[p]);
        }
        out[i] = qvk_finish_levels(s, row, sum);
    }
}

QVK_INLINE void score_levels_l1(
    qvk_bits bits, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    const qvk_parts parts = qvk_parts_of(bits, s->length);
    const size_t query_bytes = qvk_spread_query_bytes(bits, s->length);
    for (size_t i = 0; i < n; i++) {
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        const uint8_t *fields = (const uint8_t *)row + QVK_TERMS_BYTES;
        const uint8_t *query = s->query;
        int32_t sum = 0;
        for (unsigned p = 0; p < parts.count; p++) {
            sum += part_l1(&parts.part[p], fields, query, (const int8_t *)query + query_bytes);
            fields += parts.part[p].bytes;
            query += qvk_part_query_bytes(&parts.part[p]);
        }
        out[i] = qvk_finish_levels_l1(s, row, sum);
    }
}

QVK_INLINE void score_signs(
    unsigned planes, const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out
) {
    const size_t bytes = (s->length + 7) / 8, width = qvk_round_up_64(bytes);
    for (size_t i = 0; i < n; i++) {
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        const uint8_t *fields = (const uint8_t *)row + QVK_TERMS_BYTES, *query = s->query;
        int32_t sum = 0;
        for (unsigned p = 0; p < planes; p++)
            for (size_t j = 0; j < bytes; j++) sum += __builtin_popcount(fields[j] ^ query[p * width + j]) << p;
        out[i] = qvk_finish_signs(s, row, sum);
    }
}

static void score_product(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    for (size_t i = 0; i < n; i++) {
        const char *row = qvk_row_address(s, qvk_row_at(ids, first, i));
        out[i] = qvk_finish_product(s, row, qvk_product_sum(s->query, (const uint8_t *)row + QVK_TERMS_BYTES, s->length));
    }
}

#include "quantized_table.h"

const qvk_quantized_table qvk_scalar_quantized_table = QVK_QUANTIZED_TABLE("scalar");
