// Kernels of lossy row forms: levels (1 to 4 bits a value) and products (one byte for several values).
//
// Both are scored through `qvk_scorer`, like floats and codes, so whatever walks or scans does not know them.
//
// Every row begins with its terms, and its codes follow:
//
// | offset | bytes | what |
// |---|---|---|
// | 0 | 4 | f32 factor, which the sum over the codes is multiplied by |
// | 4 | 4 | f32 offset, which is added |
// | 8 | | levels: `qvk_levels_bytes`; products: one centroid number a part |
//
// Levels of b bits: with P = ceil(n / (8 / b)) bytes, value `j + k * P` stands in bits `b * k` up of byte j, as an
// index into the ascending levels. Rows of 1.5 bits hold their first `qvk_levels_split` values with 2 bits, and
// behind those bytes the others with 1 bit.

#ifndef QUIVER_VECTOR_KERNELS_QUANTIZED_H
#define QUIVER_VECTOR_KERNELS_QUANTIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CVectorKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Bits a value.
typedef enum qvk_bits { QVK_BITS_1 = 0, QVK_BITS_1_5 = 1, QVK_BITS_2 = 2, QVK_BITS_4 = 3 } qvk_bits;
enum { QVK_BITS_KINDS = 4 };

typedef struct qvk_row_terms {
    float factor;
    float offset;
} qvk_row_terms;

/// One implementation of what is worth choosing by processor. The score functions read a `qvk_scorer` thus:
///
/// - `score_levels[bits]`: `query` is what `qvk_spread_query` made; `length` the number of values. A score is
///   `weight * (2 * dot(levels, query) - bias) * factor + offset + constant`; levels are 0...127.
/// - `score_levels_l1[bits]`: `query` is what `qvk_spread_query_l1` made. A score is
///   `weight * sum(weights * |level - query|) * factor + offset + constant`.
/// - `score_signs_1`, `score_signs_4`: rows of 1 bit; `query` is what `qvk_query_planes` made with 1 or 4 planes.
///   A score is `weight * (bias - 2 * sum over planes p of 2^p * popcount(row ^ plane)) * factor + offset + constant`.
/// - `score_product`: `query` is a `qvk_product_query`; `length` the number of parts. A score is
///   `(weight * sum + norm_weight) * factor + offset + constant`, the sum being over the table's entries.
typedef struct qvk_quantized_table {
    const char *name;
    qvk_score_function score_levels[QVK_BITS_KINDS];
    qvk_score_function score_levels_l1[QVK_BITS_KINDS];
    qvk_score_function score_signs_1;
    qvk_score_function score_signs_4;
    qvk_score_function score_product;
    /// In-place Walsh-Hadamard transform with orthonormal scaling; n is a power of two.
    void (*hadamard)(float *x, size_t n);
    /// For each of `rows` points (`width` floats every `stride` floats) the number of the nearest of 256 centroids.
    /// `centroids` is transposed: value j of all centroids, then value j + 1. `bias` has one number per centroid,
    /// half its squared length, +infinity for one that is not there.
    void (*assign)(
        const float *points, size_t stride, size_t rows, size_t width, const float *centroids, const float *bias,
        uint8_t *out, size_t out_stride);
} qvk_quantized_table;

/// The table in use; follows the choice of `qvk_active`, and is a level below it where the processor lacks more.
const qvk_quantized_table *qvk_quantized_active(void);

/// The table of one level, or null when this processor does not have it. AVX-512 wants VBMI, BITALG and VPOPCNTDQ too.
const qvk_quantized_table *qvk_quantized_table_of(qvk_level level);

// MARK: Rotation

/// Rotates `x` in place: four rounds, each flipping signs and mixing a block of the largest power of two within n, by
/// turns from the front and from the back. `signs` has 4 * n bits (bit i of round r is bit r * n + i).
void qvk_rotate(float *x, size_t n, const uint64_t *signs);
void qvk_rotate_back(float *x, size_t n, const uint64_t *signs);

// MARK: Levels

/// How many of `n` values have two bits in a row of 1.5 bits.
size_t qvk_levels_split(size_t n);
/// Bytes of the fields, without the terms.
size_t qvk_levels_bytes(qvk_bits bits, size_t n);

/// What the factor of a row is for.
typedef enum qvk_factor {
    /// |y|^2 / <y, levels>: dot products with the row are right in the mean (Gao & Long 2024, RaBitQ).
    QVK_FACTOR_UNBIASED = 0,
    /// |y| / |levels|: the decoded row is as long as y.
    QVK_FACTOR_NORM = 1,
} qvk_factor;

/// Encodes `y`, whose values should be alike (rotated, and without the mean). Writes the whole row of `stride` bytes.
void qvk_encode_levels(
    qvk_bits bits, qvk_factor kind, const float *y, size_t n, float offset, uint8_t *row, size_t stride);
/// The levels of a row times its factor.
void qvk_decode_levels(qvk_bits bits, const uint8_t *row, size_t n, float *y);
/// Encodes values that are in units of their own spread around 0. Factor 1, offset 0.
void qvk_encode_levels_l1(qvk_bits bits, const float *y, size_t n, uint8_t *row, size_t stride);

/// Bytes that the two spread forms of a query need; a multiple of 64.
size_t qvk_spread_query_bytes(qvk_bits bits, size_t n);
/// Signed codes of a query in the order that the kernels read, each field padded with zeros to 64 bytes. Returns the
/// scale of a code, and 127 times the sum of the codes.
float qvk_spread_query(qvk_bits bits, const float *q, size_t n, int8_t *out, int32_t *bias);
/// The query of `score_levels_l1`, in twice `qvk_spread_query_bytes`: levels (`q` as in `qvk_encode_levels_l1`) clipped
/// to 0...127, then the weights of the values, which are `spread` scaled to 0...127. Returns the scale of the sum, and
/// what clipping took from it.
float qvk_spread_query_l1(
    qvk_bits bits, const float *q, const float *spread, size_t n, int8_t *out, float *clipped);
/// Bit planes (1 or 4) of a query for rows of one bit, each padded with zeros to 64 bytes: a value is the sum of
/// `2^p`, counted negative where plane p has no bit. Returns what one unit stands for.
float qvk_query_planes(unsigned planes, const float *q, size_t n, uint8_t *out);
size_t qvk_query_planes_bytes(unsigned planes, size_t n);

// MARK: Products

/// The tables of one query: 256 entries a part, of 8 or 16 bits.
typedef struct qvk_product_query {
    const uint8_t *low;   ///< low bytes, 256 a part
    const uint8_t *high;  ///< high bytes, or null
} qvk_product_query;

/// Makes the tables of a query, entries of 16 bits when `high` is given. Part p covers `width` values from p * width on
/// (the last one what is left) and `centroids` holds 256 numbers for each value, as in `assign`. Entries are dot
/// products, or negative sums of absolute differences when `l1`. `buffer` has room for 256 floats a part. Returns the
/// scale of a sum over entries; gives what is to be added to it.
float qvk_product_tables(
    const float *q, size_t n, size_t width, const float *centroids, bool l1, float *buffer, uint8_t *low, uint8_t *high,
    float *constant);

#ifdef __cplusplus
}
#endif

#endif
