// Numbers as text, and packed numbers as floats.
#include <charconv>
#include <cmath>
#include <cstring>

#include "float_digits.hpp"
#include "number.hpp"
#include "string.hpp"

namespace {

/// The significant digits of a positive number and where its decimal point is: behind the first `point` digits. Digits are
/// copied in blocks of a fixed size, because a copy of unknown size is a call.
struct Digits {
    static constexpr size_t block = 20;

    char text[64];
    const char *first;
    int count;
    int point;
};

/// The eight digits of a number below 10^8, the leading one in the lowest byte: halves, quarters and eighths of the
/// number, divided side by side within a word.
uint64_t eight_digits_of(uint32_t value) {
    const uint64_t halves = value / 10000 | uint64_t(value % 10000) << 32;
    const uint64_t upper = (halves * 10486) >> 20 & 0x0000007F0000007F;
    const uint64_t quarters = upper | (halves - 100 * upper) << 16;
    const uint64_t tens = (quarters * 103) >> 10 & 0x000F000F000F000F;
    return tens | (quarters - 10 * tens) << 8;
}

void read_digits(float value, Digits &digits) {
    const quiver_json::Decimal decimal = quiver_json::shortest_decimal(value);
    // Nine digits at most.
    const uint32_t leading = decimal.digits / 100000000;
    const uint64_t word = eight_digits_of(decimal.digits % 100000000);
    uint64_t text = word | 0x3030303030303030;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    text = __builtin_bswap64(text);
#endif
    digits.text[0] = char('0' + leading);
    std::memcpy(digits.text + 1, &text, 8);
    const int skipped = leading != 0 ? 0 : 1 + __builtin_ctzll(word) / 8;
    const int trailing = word == 0 ? 8 : __builtin_clzll(word) / 8;
    digits.first = digits.text + skipped;
    digits.count = 9 - skipped - trailing;
    digits.point = 9 - skipped + decimal.exponent;
}

void read_digits(double value, Digits &digits) {
    // d[.ddd]e±xx, the fewest digits that read back.
    char text[40];
    const char *const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
    digits.first = digits.text;
    digits.count = 0;
    const char *at = text;
    for (; at != end && *at != 'e'; ++at) {
        if (*at != '.') digits.text[digits.count++] = *at;
    }
    int exponent = 0;
    const bool below = at + 1 < end && at[1] == '-';
    for (at += 2; at < end; ++at) exponent = exponent * 10 + (*at - '0');
    digits.point = (below ? -exponent : exponent) + 1;
}

/// Lays out the digits as the Rust crate ryu does, on whose output serde_json's is built: plain from 10^`lowest` up to
/// 10^`highest`, with an exponent otherwise, and always recognisable as no integer.
template <typename Value>
size_t write_number(Value value, uint8_t *destination, int lowest, int highest) {
    // Sign, point at the 16th place at most, and a block behind it.
    static_assert(QJSON_NUMBER_CAPACITY >= 1 + 16 + 1 + Digits::block, "a number may not fit");
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
    Digits digits;
    read_digits(value, digits);
    const int count = digits.count;
    const int point = digits.point;
    if (point > 0 && point <= highest) {
        std::memcpy(out, digits.first, Digits::block);
        if (point < count) {
            out += point;
            *out++ = '.';
            std::memcpy(out, digits.first + point, Digits::block);
            out += count - point;
        } else {
            out += count;
            for (int zero = count; zero < point; ++zero) *out++ = '0';
            *out++ = '.';
            *out++ = '0';
        }
    } else if (point > lowest && point <= 0) {
        std::memcpy(out, "0.000000", 8);
        out += 2 - point;
        std::memcpy(out, digits.first, Digits::block);
        out += count;
    } else {
        *out++ = uint8_t(*digits.first);
        if (count > 1) {
            *out++ = '.';
            std::memcpy(out, digits.first + 1, Digits::block);
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
    return size_t(std::to_chars(first, first + 20, value).ptr - first);
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
