// Numbers as text, and packed numbers as floats.
#include <charconv>
#include <cmath>
#include <cstring>

#include "number.hpp"
#include "string.hpp"

namespace {

/// Lays out the digits as the Rust crate ryu does, on whose output serde_json's is built: plain from 10^`lowest` up to
/// 10^`highest`, with an exponent otherwise, and always recognisable as no integer.
template <typename Value>
size_t write_number(Value value, uint8_t *destination, int lowest, int highest) {
    uint8_t *out = destination;
    if (!std::isfinite(value)) {
        std::memcpy(out, "null", 4);
        return 4;
    }
    if (std::signbit(value)) {
        *out++ = '-';
        value = -value;
    }
    if (value == 0) {
        std::memcpy(out, "0.0", 3);
        return size_t(out + 3 - destination);
    }
    // d[.ddd]e±xx, the fewest digits that read back.
    char text[40];
    const char *const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
    char digits[24];
    int count = 0;
    const char *at = text;
    for (; at != end && *at != 'e'; ++at) {
        if (*at != '.') digits[count++] = *at;
    }
    int exponent = 0;
    const bool below = at + 1 < end && at[1] == '-';
    for (at += 2; at < end; ++at) exponent = exponent * 10 + (*at - '0');
    // The decimal point stands behind this many digits.
    const int point = (below ? -exponent : exponent) + 1;

    if (point > 0 && point <= highest) {
        const int whole = point < count ? point : count;
        std::memcpy(out, digits, size_t(whole));
        out += whole;
        for (int zero = count; zero < point; ++zero) *out++ = '0';
        *out++ = '.';
        if (point < count) {
            std::memcpy(out, digits + point, size_t(count - point));
            out += count - point;
        } else {
            *out++ = '0';
        }
    } else if (point > lowest && point <= 0) {
        *out++ = '0';
        *out++ = '.';
        for (int zero = point; zero < 0; ++zero) *out++ = '0';
        std::memcpy(out, digits, size_t(count));
        out += count;
    } else {
        *out++ = uint8_t(digits[0]);
        if (count > 1) {
            *out++ = '.';
            std::memcpy(out, digits + 1, size_t(count - 1));
            out += count - 1;
        }
        *out++ = 'e';
        out = reinterpret_cast<uint8_t *>(
            std::to_chars(reinterpret_cast<char *>(out), reinterpret_cast<char *>(out + 6), point - 1).ptr);
    }
    return size_t(out - destination);
}

template <typename Integer>
size_t write_integer(Integer value, uint8_t *destination) {
    char *const first = reinterpret_cast<char *>(destination);
    return size_t(std::to_chars(first, first + QJSON_NUMBER_CAPACITY, value).ptr - first);
}

}  // namespace

extern "C" {

size_t qjson_write_float(float value, uint8_t *destination) { return write_number(value, destination, -6, 13); }

size_t qjson_write_floats(const float *values, size_t count, uint8_t *destination) {
    uint8_t *out = destination;
    for (size_t index = 0; index < count; ++index) {
        if (index != 0) *out++ = ',';
        out += qjson_write_float(values[index], out);
    }
    return size_t(out - destination);
}

size_t qjson_write_double(double value, uint8_t *destination) { return write_number(value, destination, -5, 16); }

size_t qjson_write_int64(int64_t value, uint8_t *destination) { return write_integer(value, destination); }

size_t qjson_write_uint64(uint64_t value, uint8_t *destination) { return write_integer(value, destination); }

qjson_node qjson_element(const qjson_document *document, const qjson_node *array, uint32_t index) {
    const uint64_t place = document->slab[uint32_t(array->value) - 1] + 2 * uint64_t(index);
    const uint32_t start = document->structurals[place];
    const quiver_json::Number number =
        quiver_json::read_number(document->source + start, document->source + document->length);
    qjson_node node{};
    node.start = start;
    node.end = quiver_json::trim_white_space(document->source, document->structurals[place + 1]);
    node.value = number.bits;
    node.span = 1;
    node.kind = uint8_t(number.kind);
    return node;
}

void qjson_floats_from_doubles(const uint64_t *slab, float *destination, size_t count) {
    for (size_t index = 0; index < count; ++index) {
        double value;
        std::memcpy(&value, slab + index, 8);
        destination[index] = float(value);
    }
}

void qjson_floats_from_integers(const uint64_t *slab, float *destination, size_t count) {
    for (size_t index = 0; index < count; ++index) destination[index] = float(int64_t(slab[index]));
}

}  // extern "C"
