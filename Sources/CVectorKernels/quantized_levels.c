// Rotation, and encoding and decoding of rows and queries of levels: what sits above the kernels.

#include "quantized.h"

#include <float.h>
#include <math.h>

const uint8_t qvk_levels_1[2] = {QVK_LEVELS_1};
const uint8_t qvk_levels_1_of_1_5[2] = {QVK_LEVELS_1_OF_1_5};
const uint8_t qvk_levels_2[4] = {QVK_LEVELS_2};
const uint8_t qvk_levels_4[16] = {QVK_LEVELS_4};

#define SIGN_LOOKUPS(a, b)                                           \
    {                                                                \
        {a, b, a, b, a, b, a, b, a, b, a, b, a, b, a, b},            \
        {a, a, b, b, a, a, b, b, a, a, b, b, a, a, b, b},            \
        {a, a, a, a, b, b, b, b, a, a, a, a, b, b, b, b},            \
        {a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b}             \
    }
#define PAIR_LOOKUPS(a, b, c, d)                                     \
    {                                                                \
        {a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d},            \
        {a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d}             \
    }
#define EXPAND(macro, ...) macro(__VA_ARGS__)
const uint8_t qvk_lookup_1[4][16] = EXPAND(SIGN_LOOKUPS, QVK_LEVELS_1);
const uint8_t qvk_lookup_1_of_1_5[4][16] = EXPAND(SIGN_LOOKUPS, QVK_LEVELS_1_OF_1_5);
const uint8_t qvk_lookup_2[2][16] = EXPAND(PAIR_LOOKUPS, QVK_LEVELS_2);
const uint8_t qvk_lookup_4[1][16] = {{QVK_LEVELS_4}};

// MARK: Rotation

enum { ROUNDS = 4 };

static void flip(float *x, size_t n, const uint64_t *signs, size_t at) {
    for (size_t i = 0; i < n; i++) {
        uint32_t value;
        memcpy(&value, x + i, sizeof value);
        value ^= (uint32_t)(signs[(at + i) >> 6] >> ((at + i) & 63) & 1) << 31;
        memcpy(x + i, &value, sizeof value);
    }
}

static size_t block_of(size_t n) {
    size_t block = 1;
    while (block * 2 <= n) block *= 2;
    return block;
}

void qvk_rotate(float *x, size_t n, const uint64_t *signs) {
    const qvk_quantized_table *kernels = qvk_quantized_active();
    const size_t block = block_of(n);
    for (size_t round = 0; round < ROUNDS; round++) {
        flip(x, n, signs, round * n);
        kernels->hadamard(round % 2 ? x + n - block : x, block);
    }
}

void qvk_rotate_back(float *x, size_t n, const uint64_t *signs) {
    const qvk_quantized_table *kernels = qvk_quantized_active();
    const size_t block = block_of(n);
    for (size_t round = ROUNDS; round-- > 0;) {
        kernels->hadamard(round % 2 ? x + n - block : x, block);
        flip(x, n, signs, round * n);
    }
}

// MARK: Rows

size_t qvk_levels_split(size_t n) { return qvk_split_of(n); }

size_t qvk_levels_bytes(qvk_bits bits, size_t n) {
    qvk_parts parts = qvk_parts_of(bits, n);
    return qvk_parts_bytes(&parts);
}

/// Level units in one standard deviation.
static float units_of(qvk_bits bits) {
    switch (bits) {
    case QVK_BITS_1:
        return 127 / 0.7979f;
    case QVK_BITS_4:
        return 127 / 2.7326f;
    default:
        return 123 / 1.510f;
    }
}

static int32_t value_of(uint8_t level) { return 2 * (int32_t)level - 127; }

/// Writes the fields of one part for `scale * y`. Adds up <y, levels> and |levels|^2.
static void encode_part(const qvk_part *part, float scale, const float *y, uint8_t *fields, double *dot, double *squared) {
    const unsigned count = 1u << part->bits;
    float limits[15];
    for (unsigned t = 0; t + 1 < count; t++)
        limits[t] = 0.5f * (float)(value_of(part->levels[t]) + value_of(part->levels[t + 1]));
    for (unsigned k = 0; k < 8 / part->bits; k++) {
        float dot_sum = 0;
        int64_t square_sum = 0;
        for (size_t j = 0; j < part->bytes; j++) {
            size_t i = k * part->bytes + j;
            if (i >= part->count) break;
            float value = y[part->first + i], scaled = scale * value;
            unsigned index = 0;
            for (unsigned t = 0; t + 1 < count; t++) index += scaled > limits[t];
            fields[j] |= (uint8_t)(index << (part->bits * k));
            int32_t level = value_of(part->levels[index]);
            dot_sum += value * (float)level;
            square_sum += level * level;
        }
        *dot += dot_sum;
        *squared += (double)square_sum;
    }
}

void qvk_encode_levels(
    qvk_bits bits, qvk_factor kind, const float *y, size_t n, float offset, uint8_t *row, size_t stride
) {
    const qvk_parts parts = qvk_parts_of(bits, n);
    memset(row, 0, stride);
    double norm = qvk_active()->dot_f32(y, y, n), dot = 0, squared = 0;
    float scale = norm > 0 ? units_of(bits) * (float)sqrt((double)n / norm) : 0;
    if (!isfinite(scale)) scale = 0;
    uint8_t *fields = row + QVK_TERMS_BYTES;
    for (unsigned p = 0; p < parts.count; p++) {
        encode_part(&parts.part[p], scale, y, fields, &dot, &squared);
        fields += parts.part[p].bytes;
    }
    double factor = kind == QVK_FACTOR_NORM ? sqrt(norm / squared) : dot > 0 ? norm / dot : 0;
    qvk_row_terms terms = {scale > 0 && factor <= FLT_MAX ? (float)factor : 0, offset};
    memcpy(row, &terms, sizeof terms);
}

void qvk_encode_levels_l1(qvk_bits bits, const float *y, size_t n, uint8_t *row, size_t stride) {
    const qvk_parts parts = qvk_parts_of(bits, n);
    memset(row, 0, stride);
    double dot = 0, squared = 0;
    uint8_t *fields = row + QVK_TERMS_BYTES;
    for (unsigned p = 0; p < parts.count; p++) {
        encode_part(&parts.part[p], units_of(bits), y, fields, &dot, &squared);
        fields += parts.part[p].bytes;
    }
    qvk_row_terms terms = {1, 0};
    memcpy(row, &terms, sizeof terms);
}

void qvk_decode_levels(qvk_bits bits, const uint8_t *row, size_t n, float *y) {
    const qvk_parts parts = qvk_parts_of(bits, n);
    qvk_row_terms terms;
    memcpy(&terms, row, sizeof terms);
    const uint8_t *fields = row + QVK_TERMS_BYTES;
    for (unsigned p = 0; p < parts.count; p++) {
        const qvk_part *part = &parts.part[p];
        const unsigned mask = (1u << part->bits) - 1;
        for (size_t i = 0; i < part->count; i++) {
            unsigned index = fields[i % part->bytes] >> (part->bits * (i / part->bytes)) & mask;
            y[part->first + i] = terms.factor * (float)value_of(part->levels[index]);
        }
        fields += part->bytes;
    }
}

// MARK: Queries

size_t qvk_spread_query_bytes(qvk_bits bits, size_t n) {
    qvk_parts parts = qvk_parts_of(bits, n);
    size_t bytes = 0;
    for (unsigned p = 0; p < parts.count; p++) bytes += qvk_part_query_bytes(&parts.part[p]);
    return bytes;
}

/// The largest magnitude becomes 127. 0 for a query of nothing but zeros.
static float inverse_of(const float *x, size_t n) {
    float top = qvk_active()->max_abs_f32(x, n);
    return top < FLT_MIN * 127 ? 0 : 127 / top;
}

float qvk_spread_query(qvk_bits bits, const float *q, size_t n, int8_t *out, int32_t *bias) {
    const qvk_parts parts = qvk_parts_of(bits, n);
    const float inverse = inverse_of(q, n);
    int32_t sum = 0;
    memset(out, 0, qvk_spread_query_bytes(bits, n));
    for (unsigned p = 0; p < parts.count; p++) {
        const qvk_part *part = &parts.part[p];
        const size_t width = qvk_round_up_64(part->bytes);
        for (size_t from = 0, field = 0; from < part->count; from += part->bytes, field += width) {
            const float *x = q + part->first + from;
            size_t count = part->count - from < part->bytes ? part->count - from : part->bytes;
            for (size_t j = 0; j < count; j++) {
                int32_t code = (int32_t)lrintf(x[j] * inverse);
                out[field + j] = (int8_t)code;
                sum += code;
            }
        }
        out += qvk_part_query_bytes(part);
    }
    *bias = 127 * sum;
    return inverse > 0 ? 1 / inverse : 0;
}

float qvk_spread_query_l1(
    qvk_bits bits, const float *q, const float *spread, size_t n, int8_t *out, float *clipped
) {
    const qvk_parts parts = qvk_parts_of(bits, n);
    const float units = units_of(bits), inverse = inverse_of(spread, n);
    const size_t bytes = qvk_spread_query_bytes(bits, n);
    double lost = 0;
    memset(out, 0, 2 * bytes);
    for (unsigned p = 0; p < parts.count; p++) {
        const qvk_part *part = &parts.part[p];
        const size_t width = qvk_round_up_64(part->bytes);
        for (size_t i = 0; i < part->count; i++) {
            size_t at = i / part->bytes * width + i % part->bytes;
            float level = 0.5f * (127 + units * q[part->first + i]);
            float kept = level < 0 ? 0 : level > 127 ? 127 : level;
            lost += (double)fabsf(level - kept) * spread[part->first + i];
            out[at] = (int8_t)lrintf(kept);
            out[bytes + at] = (int8_t)lrintf(spread[part->first + i] * inverse);
        }
        out += qvk_part_query_bytes(part);
    }
    *clipped = (float)(lost * 2 / units);
    return inverse > 0 ? 2 / (units * inverse) : 0;
}

size_t qvk_query_planes_bytes(unsigned planes, size_t n) { return planes * qvk_round_up_64((n + 7) / 8); }

float qvk_query_planes(unsigned planes, const float *q, size_t n, uint8_t *out) {
    const size_t bytes = (n + 7) / 8, width = qvk_round_up_64(bytes);
    const int32_t top = (1 << planes) - 1;
    // The odd numbers -top...top; with one plane, the signs.
    const float inverse = inverse_of(q, n) / 127 * (float)top;
    double dot = 0, norm = 0;
    memset(out, 0, qvk_query_planes_bytes(planes, n));
    for (size_t i = 0; i < n; i++) {
        int32_t value = 2 * (int32_t)floorf(q[i] * inverse / 2) + 1;
        value = value < -top ? -top : value > top ? top : value;
        dot += (double)q[i] * value;
        norm += (double)q[i] * q[i];
        unsigned set = (unsigned)(value + top) / 2;
        for (unsigned p = 0; p < planes; p++) out[p * width + i % bytes] |= (uint8_t)((set >> p & 1) << (i / bytes));
    }
    return dot > 0 ? (float)(norm / dot) : 0;
}
