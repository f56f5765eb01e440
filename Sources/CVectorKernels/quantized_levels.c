// Rotation, and encoding and decoding of rows and queries of levels: what sits above the kernels.

#include "quantized.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

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

static size_t block_of(size_t n) {
    size_t block = 1;
    while (block * 2 <= n) block *= 2;
    return block;
}

void qvk_rotate(float *x, size_t n, const uint64_t *signs) {
    const qvk_quantized_table *kernels = qvk_quantized_active();
    const size_t block = block_of(n);
    for (size_t round = 0; round < ROUNDS; round++) {
        kernels->flip(x, n, signs, round * n);
        kernels->hadamard(round % 2 ? x + n - block : x, block);
    }
}

void qvk_rotate_back(float *x, size_t n, const uint64_t *signs) {
    const qvk_quantized_table *kernels = qvk_quantized_active();
    const size_t block = block_of(n);
    for (size_t round = ROUNDS; round-- > 0;) {
        kernels->hadamard(round % 2 ? x + n - block : x, block);
        kernels->flip(x, n, signs, round * n);
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

/// Writes the fields of one part for `scale * y`, unless `fields` is null. Adds up <y, levels> and |levels|^2.
static void fit_part(const qvk_part *part, float scale, const float *y, uint8_t *fields, float *dot, float *squared) {
    const unsigned count = 1u << part->bits;
    float values[16], limits[16];
    for (unsigned t = 0; t < count; t++) values[t] = (float)value_of(part->levels[t]);
    for (unsigned t = 0; t + 1 < count; t++) limits[t] = 0.5f * (values[t] + values[t + 1]);
    const qvk_quantized_table *kernels = qvk_quantized_active();
    for (size_t from = 0, shift = 0; from < part->count; from += part->bytes, shift += part->bits) {
        size_t n = part->count - from < part->bytes ? part->count - from : part->bytes;
        kernels->fit_levels(
            count, y + part->first + from, n, scale, limits, values, fields, (unsigned)shift, dot, squared);
    }
}

static void fit_parts(const qvk_parts *parts, float scale, const float *y, uint8_t *fields, float *dot, float *squared) {
    *dot = *squared = 0;
    for (unsigned p = 0; p < parts->count; p++) {
        fit_part(&parts->part[p], scale, y, fields, dot, squared);
        if (fields) fields += parts->part[p].bytes;
    }
}

/// The scale under which the levels point most nearly where y does. What is best for a normal distribution is where the
/// search begins; a row's largest values want more or less.
static float best_scale(const qvk_parts *parts, float scale, const float *y) {
    static const float steps[] = {0.85f, 0.92f, 1, 1.08f, 1.16f};
    float best = scale, best_cosine = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        float dot, squared;
        fit_parts(parts, steps[i] * scale, y, NULL, &dot, &squared);
        float cosine = dot / sqrtf(squared);
        if (cosine > best_cosine) {
            best_cosine = cosine;
            best = steps[i] * scale;
        }
    }
    return best;
}

/// Encodes a row whose squares leave the range of f32: as a multiple, by a power of two, of one whose largest value is
/// about 1. False for zeros and for what is not finite.
static bool encode_far(
    qvk_bits bits, qvk_factor kind, const float *y, size_t n, float offset, uint8_t *row, size_t stride
) {
    const float largest = qvk_active()->max_abs_f32(y, n);
    if (!(largest > 0 && isfinite(largest))) return false;
    float *scaled = malloc(n * sizeof *scaled);
    if (!scaled) return false;
    int exponent;
    frexpf(largest, &exponent);
    for (size_t i = 0; i < n; i++) scaled[i] = ldexpf(y[i], -exponent);
    qvk_encode_levels(bits, kind, scaled, n, offset, row, stride);
    free(scaled);
    qvk_row_terms terms;
    memcpy(&terms, row, sizeof terms);
    terms.factor = ldexpf(terms.factor, exponent);
    if (!isfinite(terms.factor)) terms.factor = 0;
    memcpy(row, &terms, sizeof terms);
    return true;
}

void qvk_encode_levels(
    qvk_bits bits, qvk_factor kind, const float *y, size_t n, float offset, uint8_t *row, size_t stride
) {
    const qvk_parts parts = qvk_parts_of(bits, n);
    memset(row, 0, stride);
    const double norm = qvk_active()->dot_f32(y, y, n);
    if (!(norm > 1e-30 && norm < 1e30) && encode_far(bits, kind, y, n, offset, row, stride)) return;
    float scale = norm > 0 ? units_of(bits) * (float)sqrt((double)n / norm) : 0, dot, squared;
    if (!isfinite(scale)) scale = 0;
    // With one bit the scale does not matter.
    if (scale > 0 && bits != QVK_BITS_1) scale = best_scale(&parts, scale, y);
    fit_parts(&parts, scale, y, row + QVK_TERMS_BYTES, &dot, &squared);
    double factor = kind == QVK_FACTOR_NORM ? sqrt(norm / squared) : dot > 0 ? norm / dot : 0;
    qvk_row_terms terms = {scale > 0 && factor <= FLT_MAX ? (float)factor : 0, offset};
    memcpy(row, &terms, sizeof terms);
}

void qvk_encode_levels_l1(qvk_bits bits, const float *y, size_t n, uint8_t *row, size_t stride) {
    const qvk_parts parts = qvk_parts_of(bits, n);
    memset(row, 0, stride);
    float dot, squared;
    fit_parts(&parts, units_of(bits), y, row + QVK_TERMS_BYTES, &dot, &squared);
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
            sum += qvk_active()->encode_u8(x, count, inverse, (uint8_t *)out + field);
            for (size_t j = 0; j < count; j++) out[field + j] = (int8_t)((uint8_t)out[field + j] ^ 0x80);
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

size_t qvk_lay_out_query_floats(size_t n) { return 2 * (((n + 1) / 2 + 15) / 16 * 16); }

void qvk_lay_out_query(const float *q, size_t n, float *out) {
    const size_t count = (n + 1) / 2, width = (count + 15) / 16 * 16;
    memset(out, 0, 2 * width * sizeof(float));
    memcpy(out, q, count * sizeof(float));
    memcpy(out + width, q + count, (n - count) * sizeof(float));
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

// MARK: Products

void qvk_add_to_centroids(
    const float *points, const uint8_t *codes, size_t rows, size_t width, double *sums, uint32_t *members
) {
    for (size_t row = 0; row < rows; row++) {
        double *sum = sums + codes[row] * width;
        members[codes[row]] += 1;
        for (size_t j = 0; j < width; j++) sum[j] += points[row * width + j];
    }
}

void qvk_product_moments(
    const float *x, size_t n, size_t width, const float *centroids, const uint8_t *codes, double *norm, double *dot
) {
    for (size_t first = 0; first < n; first += width, codes++)
        for (size_t i = first; i < n && i < first + width; i++) {
            *norm += (double)x[i] * x[i];
            *dot += (double)x[i] * centroids[i * 256 + *codes];
        }
}
