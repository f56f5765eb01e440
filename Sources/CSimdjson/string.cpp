#include "string.hpp"

namespace quiver_json {

namespace {

/// The value of four hexadecimal digits, or above 0xFFFF.
uint32_t read_hexadecimal(const uint8_t *at) {
    uint32_t value = 0;
    for (int index = 0; index < 4; ++index) {
        const uint8_t byte = at[index];
        const uint8_t letter = byte | 0x20;
        if (is_digit(byte)) {
            value = value << 4 | uint32_t(byte - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            value = value << 4 | uint32_t(letter - 'a' + 10);
        } else {
            return UINT32_MAX;
        }
    }
    return value;
}

uint8_t *write_utf8(uint8_t *out, uint32_t scalar) {
    if (scalar < 0x80) {
        *out++ = uint8_t(scalar);
    } else if (scalar < 0x800) {
        *out++ = uint8_t(0xC0 | scalar >> 6);
        *out++ = uint8_t(0x80 | (scalar & 0x3F));
    } else if (scalar < 0x10000) {
        *out++ = uint8_t(0xE0 | scalar >> 12);
        *out++ = uint8_t(0x80 | (scalar >> 6 & 0x3F));
        *out++ = uint8_t(0x80 | (scalar & 0x3F));
    } else {
        *out++ = uint8_t(0xF0 | scalar >> 18);
        *out++ = uint8_t(0x80 | (scalar >> 12 & 0x3F));
        *out++ = uint8_t(0x80 | (scalar >> 6 & 0x3F));
        *out++ = uint8_t(0x80 | (scalar & 0x3F));
    }
    return out;
}

/// What a one-letter escape stands for, or 0.
uint8_t escaped_byte(uint8_t letter) {
    switch (letter) {
    case '"': return '"';
    case '\\': return '\\';
    case '/': return '/';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
    }
}

}  // namespace

qjson_result StringReader::unescape(uint32_t open, uint32_t close, StringPlace &place) {
    // No escape is shorter than what it stands for.
    if (!parser.strings.reserve_keeping(parser.strings_length, 8 + size_t(close - open))) {
        return {QJSON_OUT_OF_MEMORY, open};
    }
    uint8_t *const header = parser.strings.data + parser.strings_length;
    const uint32_t end = close + 1;
    std::memcpy(header, &open, 4);
    std::memcpy(header + 4, &end, 4);
    uint8_t *const first = header + 8;
    uint8_t *out = first;
    uint32_t at = open + 1;
    while (backslash < close) {
        std::memcpy(out, source + at, backslash - at);
        out += backslash - at;
        at = backslash;
        // The closing quote is not escaped, so a byte follows the backslash; a \u needs four more before the quote.
        const uint8_t letter = source[at + 1];
        if (letter == 'u') {
            if (close - at < 6) return {QJSON_INVALID_ESCAPE, at};
            uint32_t scalar = read_hexadecimal(source + at + 2);
            if (scalar > 0xFFFF) return {QJSON_INVALID_ESCAPE, at};
            if (scalar >= 0xDC00 && scalar <= 0xDFFF) return {QJSON_LONE_SURROGATE, at};
            at += 6;
            if (scalar >= 0xD800 && scalar <= 0xDBFF) {
                if (close - at < 6 || source[at] != '\\' || source[at + 1] != 'u') return {QJSON_LONE_SURROGATE, at - 6};
                const uint32_t low = read_hexadecimal(source + at + 2);
                if (low > 0xFFFF) return {QJSON_INVALID_ESCAPE, at};
                if (low < 0xDC00 || low > 0xDFFF) return {QJSON_LONE_SURROGATE, at - 6};
                scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
                at += 6;
            }
            out = write_utf8(out, scalar);
        } else {
            const uint8_t byte = escaped_byte(letter);
            if (byte == 0) return {QJSON_INVALID_ESCAPE, at};
            *out++ = byte;
            at += 2;
        }
        backslash = find_backslash(source, at, length);
    }
    std::memcpy(out, source + at, close - at);
    out += close - at;
    place.offset = uint32_t(first - parser.strings.data);
    place.length = uint32_t(out - first);
    place.flags = 1;
    parser.strings_length = size_t(out - parser.strings.data);
    return {QJSON_OK, 0};
}

}  // namespace quiver_json
