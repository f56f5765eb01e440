// Packed lists of links: 2, 3 or 4 bytes a link, little endian, as segments store them.
//
// The all-ones value of the width means "no link": it ends a list that is not full. Lists do not change
// once they are written, so they are read without atomics. One link at a time: with AVX-512, decoding 16 of
// them with VPERMB took 1.24 times as long, and also gathering their marks 2.1 times (33 ns for a list of 24).

#ifndef QUIVER_VECTOR_KERNELS_LINKS_H
#define QUIVER_VECTOR_KERNELS_LINKS_H

#include <string.h>

#include "CVectorKernels.h"

/// Bytes that must be readable behind the last list of a block of lists: a link is read as a whole word,
/// and room is left for reading lists a vector at a time.
#define QVK_LINKS_SLACK_BYTES 63

/// Bytes a link needs when rows are numbered below `row_count`: the all-ones value stays free.
static inline unsigned qvk_link_width(uint64_t row_count) {
    return row_count <= 0xFFFF ? 2 : row_count <= 0xFFFFFF ? 3 : 4;
}

static inline uint32_t qvk_no_link(unsigned width) { return UINT32_MAX >> (32 - 8 * width); }

/// Link `index` of a list; reads 4 bytes from its beginning. Equal to `qvk_no_link(width)` behind the last one.
static inline uint32_t qvk_packed_link(const uint8_t *list, unsigned width, size_t index) {
    uint32_t word;
    memcpy(&word, list + index * width, sizeof word);
    return word & qvk_no_link(width);
}

static inline void qvk_set_packed_link(uint8_t *list, unsigned width, size_t index, uint32_t link) {
    memcpy(list + index * width, &link, width);
}

static inline __attribute__((always_inline)) size_t qvk_gather_unvisited_of_width(
    const uint8_t *list, unsigned width, size_t capacity, uint32_t row_count, uint8_t *visited, uint8_t epoch,
    uint32_t *out
) {
    size_t count = 0;
    for (size_t i = 0; i < capacity; i++) {
        uint32_t row = qvk_packed_link(list, width, i);
        if (row >= row_count) break;
        out[count] = row;
        count += visited[row] != epoch;
        visited[row] = epoch;
    }
    return count;
}

/// As `qvk_gather_unvisited`, for a packed list of at most `capacity` links; `out` has room for `capacity`.
/// `width` is 2, 3 or 4. "No link" is no row of `row_count`, and a damaged one ends the list just so: nothing is read
/// outside the graph.
static inline size_t qvk_gather_unvisited_packed(
    const uint8_t *list, unsigned width, size_t capacity, uint32_t row_count, uint8_t *visited, uint8_t epoch,
    uint32_t *out
) {
    switch (width) {
    case 2: return qvk_gather_unvisited_of_width(list, 2, capacity, row_count, visited, epoch, out);
    case 3: return qvk_gather_unvisited_of_width(list, 3, capacity, row_count, visited, epoch, out);
    default: return qvk_gather_unvisited_of_width(list, 4, capacity, row_count, visited, epoch, out);
    }
}

/// Links that were not visited and are accepted, marked as visited; the others are left alone, so that
/// they can still be walked through from elsewhere. Stops at `limit`.
static inline size_t qvk_gather_accepted_packed(
    const uint8_t *list, unsigned width, size_t capacity, uint32_t row_count, uint8_t *visited, uint8_t epoch,
    const qvk_row_filter *filter, uint32_t *out, size_t limit
) {
    size_t count = 0;
    for (size_t i = 0; i < capacity && count < limit; i++) {
        uint32_t row = qvk_packed_link(list, width, i);
        if (row >= row_count) break;
        if (visited[row] == epoch || !qvk_accepts(filter, row)) continue;
        visited[row] = epoch;
        out[count++] = row;
    }
    return count;
}

#endif
