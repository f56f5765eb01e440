// Template: kernels over integer codes, out of the vocabulary of a level:
//
//   bytes, WIDTH                       a vector of WIDTH codes, one a byte
//   query_bytes, prepare(bytes)        WIDTH signed bytes of the query in the shape that steps want
//   sums, no_sums, add_sums, total     accumulators of 32 bits, and their sum; total_of_four(a, b, c, d, out)
//   load_{u8,i8,u4,b1}(p)              WIDTH codes out of WIDTH, WIDTH / 2 or WIDTH / 8 bytes
//   load_some_{u8,i8,u4,b1}(p, n)      n < WIDTH of them, reading no byte that holds none of them;
//                                      bytes of i8 behind n are zero
//   step(sums, bytes, query_bytes)     adds products of unsigned codes; small_step the same for codes up to 15,
//                                      signed_step for signed ones

#define QVK_PASTE_LOAD(load, part, codes) QVK_PASTE_LOAD_EXPANDED(load, part, codes)
#define QVK_PASTE_LOAD_EXPANDED(load, part, codes) load##part##codes

#define CODES u8
#define CODE_BITS 8
#define CODE_STEP step
#include "pairs_template.h"

#define CODES i8
#define CODE_BITS 8
#define CODE_STEP signed_step
#include "pairs_template.h"

#define CODES u4
#define CODE_BITS 4
#define CODE_STEP small_step
#include "pairs_template.h"

#define CODES b1
#define CODE_BITS 1
#define CODE_STEP small_step
#include "pairs_template.h"

#define HERE(kernel) QVK_NAME(LEVEL, kernel, )

int32_t HERE(dot_u8i8)(const uint8_t *a, const int8_t *b, size_t n) { return HERE(reduce_u8)(a, b, n); }
int32_t HERE(dot_i8i8)(const int8_t *a, const int8_t *b, size_t n) {
    return HERE(reduce_i8)((const uint8_t *)a, b, n);
}
int32_t HERE(dot_u4i8)(const uint8_t *a, const int8_t *b, size_t n) { return HERE(reduce_u4)(a, b, n); }
int32_t HERE(dot_b1i8)(const uint8_t *a, const int8_t *b, size_t n) { return HERE(reduce_b1)(a, b, n); }

QVK_INLINE void HERE(prefetch_codes_)(const qvk_scorer *s, const uint32_t *ids, size_t from, size_t to, size_t n) {
    for (size_t i = from; i < to && i < n; i++) {
        qvk_prefetch_bytes(qvk_row_address(s, ids[i]), s->length);
        __builtin_prefetch(s->terms + ids[i]);
    }
}

/// Four rows at a time, which share the loads of the query and the additions across lanes.
void HERE(score_codes)(const qvk_scorer *s, const uint32_t *ids, uint32_t first, size_t n, float *out) {
    const uint8_t *query = s->query;
    const size_t length = s->length;
    if (ids) HERE(prefetch_codes_)(s, ids, 0, CODES_AHEAD, n);
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        if (ids) HERE(prefetch_codes_)(s, ids, i + CODES_AHEAD, i + CODES_AHEAD + 4, n);
        const uint32_t r0 = qvk_row_at(ids, first, i), r1 = qvk_row_at(ids, first, i + 1);
        const uint32_t r2 = qvk_row_at(ids, first, i + 2), r3 = qvk_row_at(ids, first, i + 3);
        const uint8_t *c0 = (const uint8_t *)qvk_row_address(s, r0), *c1 = (const uint8_t *)qvk_row_address(s, r1);
        const uint8_t *c2 = (const uint8_t *)qvk_row_address(s, r2), *c3 = (const uint8_t *)qvk_row_address(s, r3);
        sums s0 = no_sums(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t at = 0; at < length; at += WIDTH) {
            query_bytes q = prepare(load_i8(query + at));
            s0 = step(s0, load_u8(c0 + at), q);
            s1 = step(s1, load_u8(c1 + at), q);
            s2 = step(s2, load_u8(c2 + at), q);
            s3 = step(s3, load_u8(c3 + at), q);
        }
        int32_t raw[4];
        total_of_four(s0, s1, s2, s3, raw);
        out[i] = qvk_finish_code_score(s, r0, raw[0]);
        out[i + 1] = qvk_finish_code_score(s, r1, raw[1]);
        out[i + 2] = qvk_finish_code_score(s, r2, raw[2]);
        out[i + 3] = qvk_finish_code_score(s, r3, raw[3]);
    }
    for (; i < n; i++) {
        uint32_t row = qvk_row_at(ids, first, i);
        int32_t raw = HERE(reduce_u8)((const uint8_t *)qvk_row_address(s, row), s->query, length);
        out[i] = qvk_finish_code_score(s, row, raw);
    }
}

#undef HERE
