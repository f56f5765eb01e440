// Kernels of the sparse index: adding postings to the scores of a window of rows, finding the rows that may be
// answered, and the exact score of one row.
//
// A window is QVK_SPARSE_WINDOW consecutive rows with one 16-bit sum each. A posting adds
// `(code * multiplier >> 8) + 1`, never less than its contribution to the score in the unit of the query, and never 0:
// a sum of 0 tells that the row shares no index with the query.

#ifndef QUIVER_VECTOR_KERNELS_SPARSE_H
#define QUIVER_VECTOR_KERNELS_SPARSE_H

#include "CVectorKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Rows of a window. Their sums fit the first level of the processor's cache.
#define QVK_SPARSE_WINDOW 8192
/// Bytes of a window's bitmap.
#define QVK_SPARSE_BITMAP_BYTES (QVK_SPARSE_WINDOW / 8)
/// Kernels may read so many bytes behind a list's last code, also when a bitmap is damaged and has too many bits.
#define QVK_SPARSE_PADDING (QVK_SPARSE_WINDOW + 64)
/// Sums a window needs room for: places are 16 bits, and a damaged one must not leave the room.
#define QVK_SPARSE_SUMS 65536

/// How the values of stored rows look.
typedef enum qvk_sparse_datatype { QVK_SPARSE_F32 = 0, QVK_SPARSE_F16 = 1, QVK_SPARSE_U8 = 2 } qvk_sparse_datatype;

/// A query as a hash table from index to weight, `1 << bits` entries. `slot = index * factor >> (32 - bits)`.
/// An empty entry holds a key that belongs elsewhere, and a NaN as weight.
typedef struct qvk_sparse_table {
    const uint32_t *keys;
    const float *weights;
    uint32_t factor;
    uint32_t bits;
    uint32_t is_perfect;  ///< no two keys of the query share a slot: a look at one entry decides
} qvk_sparse_table;

/// The values of one row; for u8, `value = minimum + step * code`.
typedef struct qvk_sparse_row {
    const uint32_t *indices;
    const void *values;
    size_t count;
    float minimum;
    float step;
} qvk_sparse_row;

typedef struct qvk_sparse_kernels {
    /// Adds `n` postings. `rows` are places in the window; a damaged one stays below 65,536.
    void (*add)(uint16_t *sums, const uint16_t *rows, const uint8_t *codes, size_t n, uint32_t multiplier);
    /// Adds a whole window: bit i of `bits` tells whether row i has a posting; `codes` follow in the order of the rows.
    void (*add_bitmap)(uint16_t *sums, const uint8_t *bits, const uint8_t *codes, uint32_t multiplier);
    /// How many of the window's sums are at least `threshold`.
    size_t (*count)(const uint16_t *sums, uint32_t threshold);
    /// Writes the rows of the window whose sum is at least `threshold` and below `end` (65,536: no end), ascending.
    size_t (*collect)(const uint16_t *sums, uint32_t threshold, uint32_t end, uint16_t *out);
    /// The exact score of a row, and how many of its indices are in the query. The same values give the same score,
    /// wherever they lie.
    float (*score)(
        const qvk_sparse_table *table, const qvk_sparse_row *row, qvk_sparse_datatype datatype, uint32_t *matches);
} qvk_sparse_kernels;

/// The kernels of the level in use (`qvk_active`).
const qvk_sparse_kernels *qvk_sparse_active(void);
/// The kernels of a level, or null when this processor does not have it.
const qvk_sparse_kernels *qvk_sparse_kernels_of(qvk_level level);

/// The values of a row as the kernels see them.
void qvk_sparse_decode(const qvk_sparse_row *row, qvk_sparse_datatype datatype, float *out);

#ifdef __cplusplus
}
#endif

#endif
