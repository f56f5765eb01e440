// Row filters over ranges.

#include "kernels.h"

uint64_t qvk_scalar_accepted_rows(const qvk_row_filter *filter, uint32_t first, size_t n) {
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) {
        size_t slot = filter->slot_of[first + i];
        if (slot < filter->accepted_bit_count) word |= (filter->accepted_slots[slot >> 6] >> (slot & 63) & 1) << i;
    }
    return word;
}

/// Accepted slots of 64 rows from a multiple of 64, when rows are slots.
static uint64_t word_of_slots(const qvk_row_filter *filter, uint32_t first) {
    if (first >= filter->accepted_bit_count) return 0;
    uint64_t word = filter->accepted_slots[first >> 6];
    size_t valid = filter->accepted_bit_count - first;
    return valid >= 64 ? word : word & ((1ull << valid) - 1);
}

size_t qvk_collect_accepted(const qvk_row_filter *filter, uint32_t first, size_t n, uint32_t *out) {
    const qvk_table *kernels = qvk_active();
    size_t count = 0;
    uint64_t at = first, end = at + n;
    while (at < end) {
        uint64_t base = at & ~63ull, stop = base + 64 < end ? base + 64 : end;
        uint64_t word = ~0ull;
        if (filter->accepted_slots)
            word = filter->slot_of
                       ? kernels->accepted_rows(filter, (uint32_t)at, stop - at) << (at - base)
                       : word_of_slots(filter, (uint32_t)base);
        word &= ~0ull << (at - base);
        if (stop - base < 64) word &= (1ull << (stop - base)) - 1;
        if (filter->dead_chunks) {
            const uint64_t *chunk = filter->dead_chunks[base >> 16];
            if (chunk) word &= ~chunk[(base & 0xFFFF) >> 6];
        }
        for (; word; word &= word - 1) out[count++] = (uint32_t)base + (uint32_t)__builtin_ctzll(word);
        at = stop;
    }
    return count;
}
