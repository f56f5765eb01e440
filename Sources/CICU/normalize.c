#include "CICU.h"

#include <stdlib.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

// Most words fit; longer ones are decomposed on the heap.
enum { inline_units = 256 };

int64_t qicu_decompose(const char *text, size_t byte_count, char *output, size_t capacity) {
    if (byte_count > INT32_MAX / 32 || capacity > INT32_MAX) {
        return -1;
    }
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFKDInstance(&error);
    if (U_FAILURE(error)) {
        return -1;
    }

    UChar inline_source[inline_units], inline_result[inline_units];
    UChar *source = inline_source, *result = inline_result;
    // A byte of UTF-8 is at most one unit; a unit decomposes to 18 at most.
    int32_t source_capacity = inline_units, result_capacity = inline_units;
    int64_t written = -1;
    if (byte_count > inline_units) {
        source_capacity = (int32_t)byte_count;
        source = malloc((size_t)source_capacity * sizeof *source);
    }
    int32_t source_count = 0;
    if (source) {
        u_strFromUTF8(source, source_capacity, &source_count, text, (int32_t)byte_count, &error);
    }
    if (source && U_SUCCESS(error)) {
        int32_t count = unorm2_normalize(form, source, source_count, result, result_capacity, &error);
        if (error == U_BUFFER_OVERFLOW_ERROR) {
            error = U_ZERO_ERROR;
            result_capacity = count;
            result = malloc((size_t)count * sizeof *result);
            if (result) {
                count = unorm2_normalize(form, source, source_count, result, result_capacity, &error);
            }
        }
        if (result && U_SUCCESS(error)) {
            int32_t byte_length = 0;
            u_strToUTF8(output, (int32_t)capacity, &byte_length, result, count, &error);
            if (U_SUCCESS(error) || error == U_BUFFER_OVERFLOW_ERROR) {
                written = byte_length;
            }
        }
    }
    if (source != inline_source) {
        free(source);
    }
    if (result != inline_result) {
        free(result);
    }
    return written;
}
