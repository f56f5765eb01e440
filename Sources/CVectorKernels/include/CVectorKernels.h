// Distance kernels, chosen once by CPU features, behind one plain face.
//
// Rows that are scored:
//   floats  f32, f16 (IEEE 754 binary16) or u8 (0...255) values against an f32 query; any length, any
//           stride, any alignment the element type allows; nothing behind the last value is read;
//   codes   one unsigned byte a value, `value ~ scale * (code - 128)`, each row padded to a multiple of
//           64 bytes. The query side is signed and zero in the padding, so what a row holds there does
//           not matter: VNNI multiplies unsigned by signed, and keeping the *rows* unsigned makes the
//           correction (128 * sum of the query's codes) a constant of the query.
//
// All scores of batches are similarities, larger is nearer, and are finite whatever the values are: what leaves
// the range of f32 is saturated, and not-a-number counts as farthest.

#ifndef QUIVER_VECTOR_KERNELS_H
#define QUIVER_VECTOR_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a row of codes needs besides its codes. Written to segment files: 8 bytes, little endian.
typedef struct qvk_code_terms {
    float scale;         ///< value of one code step
    float squared_norm;  ///< of the original row, not of its codes
} qvk_code_terms;

typedef enum qvk_row_format { QVK_ROWS_F32 = 0, QVK_ROWS_F16 = 1, QVK_ROWS_U8 = 2 } qvk_row_format;

struct qvk_scorer;

/// Scores `n` rows: `ids[0..<n]`, or `first..<first + n` when `ids` is null.
typedef void (*qvk_score_function)(
    const struct qvk_scorer *scorer, const uint32_t *ids, uint32_t first, size_t n, float *out);

/// One query against one block of rows. A plain value; it owns nothing.
/// Codes score `weight * scale[row] * dot(query, codes[row]) + norm_weight * squared_norm[row] + constant`.
typedef struct qvk_scorer {
    qvk_score_function score;
    const void *query;            ///< f32 for floats of any format; for codes i8 padded with zeros to `length`
    const void *base;             ///< first row
    size_t stride_bytes;          ///< from row to row
    size_t length;                ///< values scored per row; for codes the padded count, a multiple of 64
    const qvk_code_terms *terms;  ///< per row; null for floats
    int32_t bias;                 ///< 128 * sum of the query's codes
    float weight;                 ///< of codes, see above; for `score_cosine_u8` 1 / |query|, 0 for a query of zeros
    float norm_weight;
    float constant;
    qvk_row_format format;        ///< of the rows, when they are floats; `score` is for the same format
} qvk_scorer;

/// Later levels are preferred. `avx512` is what Cascade Lake has (F, BW, VL, DQ, VNNI); `avx512vbmi` adds VBMI
/// and VPOPCNTDQ (Ice Lake, Zen 4); `neon` is plain AArch64, `neondot` adds the dot product instructions.
typedef enum qvk_level {
    QVK_SCALAR = 0,
    QVK_AVX2 = 1,
    QVK_AVX512 = 2,
    QVK_AVX512_VBMI = 3,
    QVK_NEON = 4,
    QVK_NEON_DOT = 5,
} qvk_level;
enum { QVK_LEVEL_COUNT = 6 };

struct qvk_row_filter;

/// One implementation of everything that is worth choosing by CPU.
typedef struct qvk_table {
    const char *name;

    // Floats, a pair at a time: sum a b, sum (a - b)^2, sum |a - b|, added up in f32.
    float (*dot_f32)(const float *a, const float *b, size_t n);
    float (*squared_l2_f32)(const float *a, const float *b, size_t n);
    float (*l1_f32)(const float *a, const float *b, size_t n);
    float (*dot_f16)(const float *query, const uint16_t *row, size_t n);
    float (*squared_l2_f16)(const float *query, const uint16_t *row, size_t n);
    float (*l1_f16)(const float *query, const uint16_t *row, size_t n);
    float (*dot_u8)(const float *query, const uint8_t *row, size_t n);
    float (*squared_l2_u8)(const float *query, const uint8_t *row, size_t n);
    float (*l1_u8)(const float *query, const uint8_t *row, size_t n);

    // Floats, a batch at a time: a . b, -sum (a - b)^2, -sum |a - b|.
    qvk_score_function score_dot_f32;
    qvk_score_function score_euclid_f32;
    qvk_score_function score_manhattan_f32;
    qvk_score_function score_dot_f16;
    qvk_score_function score_euclid_f16;
    qvk_score_function score_manhattan_f16;
    qvk_score_function score_dot_u8;
    qvk_score_function score_euclid_u8;
    qvk_score_function score_manhattan_u8;
    /// `weight * dot / |row|`; 0 for a row of zeros. A query brought to length 1 by `qvk_normalise`, with weight 1,
    /// cannot overflow; 0 is what a product that does counts as.
    qvk_score_function score_cosine_u8;

    // Conversions. f16 is rounded to nearest, ties to even; magnitudes from 65,520 on become infinite.
    void (*decode_f16)(const uint16_t *x, size_t n, float *out);
    void (*encode_f16)(const float *x, size_t n, uint16_t *out);
    void (*decode_u8)(const uint8_t *x, size_t n, float *out);
    float (*max_abs_f32)(const float *x, size_t n);
    void (*scale_f32)(const float *x, size_t n, float factor, float *out);

    // Integer codes, n values each. Sums are exact for n up to 65,536.
    int32_t (*dot_u8i8)(const uint8_t *a, const int8_t *b, size_t n);
    int32_t (*dot_i8i8)(const int8_t *a, const int8_t *b, size_t n);
    /// Values 0...15, two a byte, the low four bits first: (n + 1) / 2 bytes.
    int32_t (*dot_u4i8)(const uint8_t *a, const int8_t *b, size_t n);
    /// Sum of the b whose bit is set in a; bits from the lowest on: (n + 7) / 8 bytes.
    int32_t (*dot_b1i8)(const uint8_t *a, const int8_t *b, size_t n);
    /// Bits that differ in n bytes.
    uint32_t (*hamming_b1)(const uint8_t *a, const uint8_t *b, size_t n);
    qvk_score_function score_codes;
    /// Writes round(x * inverse) + 128, clipped to 127 steps either way. Returns the sum of the signed codes.
    int32_t (*encode_u8)(const float *x, size_t n, float inverse, uint8_t *out);

    /// Bit i tells whether the slot of row `first + i` is accepted, i < n <= 64. Needs `slot_of` and
    /// `accepted_slots`; does not look at dead rows.
    uint64_t (*accepted_rows)(const struct qvk_row_filter *filter, uint32_t first, size_t n);
} qvk_table;

/// The table in use: the best the CPU has, or the one named by QUIVER_KERNELS=scalar|avx2|avx512|
/// avx512vbmi|neon|neondot (a level the CPU lacks falls back to the best it has). Chosen when the program is loaded.
const qvk_table *qvk_active(void);

/// The table of one level, or null when this CPU (or architecture) does not have it.
const qvk_table *qvk_table_of(qvk_level level);

// MARK: Codes

/// Encodes one row by its largest magnitude. `out` has `stride` bytes, those behind `n` become 128 (zero).
/// Values must be finite. The norm of a row longer than 2^64 is stored as infinite; scores stay finite.
void qvk_encode_row(const float *x, size_t n, uint8_t *out, size_t stride, qvk_code_terms *terms);

/// The same with magnitudes clipped to `limit`: a code step is `min(max |x|, limit) / 127`. The norm is that
/// of the row as it came.
void qvk_encode_row_clipped(
    const float *x, size_t n, float limit, uint8_t *out, size_t stride, qvk_code_terms *terms);

/// Encodes a query: signed codes, zero padded to `stride`. Returns the scale; gives the codes' sum and the
/// query's squared norm.
float qvk_encode_query(
    const float *x, size_t n, int8_t *out, size_t stride, int32_t *sum, float *squared_norm);

/// Makes a row of codes the query of `scorer` (its `buffer` of `length` bytes holds the signed codes);
/// an f32 row itself is the query; f16 and u8 rows are decoded into `buffer`, which then has room for `length`
/// floats and their alignment. Euclid over codes is recognised by its norm weight.
void qvk_aim_at_row(qvk_scorer *scorer, uint32_t row, void *buffer);

// MARK: Floats

/// Brings x to length 1 (in place when out == x) and returns the length it had. Zero vectors, and those
/// whose squared length is within 1e-6 of 1, are copied unchanged, so normalising twice changes nothing.
float qvk_normalise(const float *x, size_t n, float *out);

// MARK: Scoring

static inline void qvk_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/// Asks for whole rows that will be scored soon. Into the second level: a core waits for many more lines there than
/// in its first, whose few buffers would hold up the loads of the rows being scored.
static inline void qvk_fetch_rows(const qvk_scorer *scorer, const uint32_t *ids, size_t n) {
    size_t bytes = scorer->stride_bytes;
    for (size_t i = 0; i < n; i++) {
        const char *at = (const char *)scorer->base + (size_t)ids[i] * bytes;
        for (size_t line = 0; line < bytes; line += 64) __builtin_prefetch(at + line, 0, 2);
        if (scorer->terms) __builtin_prefetch(scorer->terms + ids[i], 0, 2);
    }
}

/// Scores rows for which `qvk_fetch_rows` has asked.
static inline void qvk_score_fetched_ids(const qvk_scorer *scorer, const uint32_t *ids, size_t n, float *out) {
    scorer->score(scorer, ids, 0, n, out);
}

/// Scores rows of which nothing is in the caches: about 32 KiB of them are fetched ahead of those being scored.
static inline void qvk_score_ids(const qvk_scorer *scorer, const uint32_t *ids, size_t n, float *out) {
    size_t block = scorer->stride_bytes <= 1024 ? 32 : scorer->stride_bytes <= 4096 ? 8 : 4;
    size_t fetched = n < block ? n : block;
    qvk_fetch_rows(scorer, ids, fetched);
    for (size_t done = 0; done < n;) {
        size_t now = fetched - done, left = n - fetched, next = left < block ? left : block;
        qvk_fetch_rows(scorer, ids + fetched, next);
        scorer->score(scorer, ids + done, 0, now, out + done);
        done = fetched;
        fetched += next;
    }
}

static inline void qvk_score_range(const qvk_scorer *scorer, uint32_t first, size_t n, float *out) {
    scorer->score(scorer, NULL, first, n, out);
}

// MARK: Graph walk

/// Marks the first row absent in a list of links that is not full.
#define QVK_NO_LINK UINT32_MAX

/// The links (a list of at most `capacity`) that were not visited in this epoch, marked as visited.
/// Lists may be rewritten while they are read (a graph under construction): every id ever seen is below `row_count`.
static inline size_t qvk_gather_unvisited(
    const uint32_t *links, size_t capacity, uint32_t row_count, uint8_t *visited, uint8_t epoch, uint32_t *out
) {
    size_t count = 0;
    for (size_t i = 0; i < capacity; i++) {
        uint32_t row = __atomic_load_n(links + i, __ATOMIC_RELAXED);
        if (row >= row_count) break;
        out[count] = row;
        count += visited[row] != epoch;
        visited[row] = epoch;
    }
    return count;
}

/// Which rows a search may answer. Null pointers mean "no restriction".
typedef struct qvk_row_filter {
    const uint32_t *slot_of;             ///< local row -> slot; null: they are equal
    const uint64_t *accepted_slots;      ///< bitmap over slots
    size_t accepted_bit_count;           ///< slots at and beyond it are not accepted
    const uint64_t *const *dead_chunks;  ///< chunk c: 65,536 bits over rows c << 16..., null: none dead
} qvk_row_filter;

static inline bool qvk_is_dead(const qvk_row_filter *filter, uint32_t row) {
    if (!filter->dead_chunks) return false;
    const uint64_t *chunk = filter->dead_chunks[row >> 16];
    return chunk && (chunk[(row & 0xFFFF) >> 6] >> (row & 63) & 1);
}

static inline bool qvk_accepts(const qvk_row_filter *filter, uint32_t row) {
    if (filter->accepted_slots) {
        size_t slot = filter->slot_of ? filter->slot_of[row] : row;
        if (slot >= filter->accepted_bit_count || !(filter->accepted_slots[slot >> 6] >> (slot & 63) & 1)) return false;
    }
    return !qvk_is_dead(filter, row);
}

/// Writes the accepted rows of `first..<first + n`, ascending; returns how many. Rows are tested a word at a time.
size_t qvk_collect_accepted(const qvk_row_filter *filter, uint32_t first, size_t n, uint32_t *out);

/// Keeps the accepted ids, in order, in place; returns how many.
static inline size_t qvk_keep_accepted(const qvk_row_filter *filter, uint32_t *ids, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t row = ids[i];
        ids[kept] = row;
        kept += qvk_accepts(filter, row);
    }
    return kept;
}

/// Splits ids in place into the accepted (at the front) and the others (moved to `rejected`).
static inline size_t qvk_split_accepted(
    const qvk_row_filter *filter, uint32_t *ids, size_t n, uint32_t *rejected
) {
    size_t kept = 0, refused = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t row = ids[i];
        bool accepted = qvk_accepts(filter, row);
        ids[kept] = row;
        rejected[refused] = row;
        kept += accepted;
        refused += !accepted;
    }
    return kept;
}

// MARK: Words shared between builder threads

static inline uint32_t qvk_load_relaxed(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static inline void qvk_store_relaxed(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELAXED); }

/// Spin lock of one byte; waits politely when its holder has lost its core.
void qvk_lock(uint8_t *lock);
static inline void qvk_unlock(uint8_t *lock) { __atomic_store_n(lock, 0, __ATOMIC_RELEASE); }

#ifdef __cplusplus
}
#endif

#include "CVectorKernelsLinks.h"
#include "CVectorKernelsQuantized.h"
#include "CVectorKernelsSparse.h"

#endif
