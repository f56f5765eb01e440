// Template: what every kernel over floats of a level needs, out of the level's vocabulary (`lanes_<level>.h`):
//
//   lanes, LANES                              a vector of LANES floats
//   load_{f32,f16,u8}(p)                      LANES stored values
//   load_some_{f32,f16,u8}(p, n)              n < LANES of them, zeros behind; nothing else is read
//   store_{f32,f16}(p, x), store_some_{f32,f16}(p, x, n)
//   zero, add, subtract, multiply_add, absolute, maximum, broadcast, sum_lanes, largest_lane
// Then this file includes the templates of the kernels.

#include <math.h>

#define QVK_PASTE_LOAD(load, part, row) QVK_PASTE_LOAD_EXPANDED(load, part, row)
#define QVK_PASTE_LOAD_EXPANDED(load, part, row) load##part##row

typedef enum operation { DOT, SQUARED_L2, L1 } operation;

QVK_INLINE lanes accumulate(operation op, lanes sum, lanes a, lanes b) {
    if (op == DOT) return multiply_add(a, b, sum);
    lanes d = subtract(a, b);
    if (op == SQUARED_L2) return multiply_add(d, d, sum);
    return add(sum, absolute(d));
}

enum { QVK_SHORT = 16 };

QVK_INLINE float element_f32(const float *p) { return *p; }
QVK_INLINE float element_f16(const uint16_t *p) { return sum_lanes(load_some_f16(p, 1)); }
QVK_INLINE float element_u8(const uint8_t *p) { return (float)*p; }

#define ROW f32
#define ELEMENT float
#include "floats_template.h"

#define ROW f16
#define ELEMENT uint16_t
#include "floats_template.h"

#define ROW u8
#define ELEMENT uint8_t
#include "floats_template.h"

#include "cosine_template.h"
#include "conversions_template.h"
