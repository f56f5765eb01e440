// JSON strings: found by the structural character behind them, unescaped only when they have to be.
#ifndef QUIVER_JSON_STRING_HPP
#define QUIVER_JSON_STRING_HPP

#include <cstdint>
#include <cstring>

#include "number.hpp"
#include "parser.hpp"

namespace quiver_json {

inline uint32_t find_backslash(const uint8_t *source, uint32_t from, uint32_t length) {
    const void *found = std::memchr(source + from, '\\', length - from);
    return found == nullptr ? length : uint32_t(static_cast<const uint8_t *>(found) - source);
}

/// The position behind the last byte before `end` that is not white space.
inline uint32_t trim_white_space(const uint8_t *source, uint32_t end) {
    while (end > 0 && is_white_space(source[end - 1])) --end;
    return end;
}

/// Where a string's content is: in the source, or with `flags` not 0 in the string buffer.
struct StringPlace {
    uint32_t offset;
    uint32_t length;
    uint8_t flags;
    uint32_t end;  ///< One past the closing quote in the source.
};

struct StringReader {
    qjson_parser &parser;
    const uint8_t *source;
    uint32_t length;
    /// The first backslash not before the strings still to come; all of them together cost one scan of the source.
    uint32_t backslash;

    /// `open` is the opening quote, `next` the following structural character or the end. Stage 1 has seen that the
    /// string is closed, valid UTF-8 and without control characters, and only white space may follow it up to `next`.
    inline qjson_result read(uint32_t open, uint32_t next, StringPlace &place) {
        const uint32_t end = trim_white_space(source, next);
        if (end < open + 2 || source[end - 1] != '"') return {QJSON_UNTERMINATED_STRING, length};
        const uint32_t close = end - 1;
        place.end = end;
        if (backslash < open) backslash = find_backslash(source, open, length);
        if (backslash >= close) {
            place.offset = open + 1;
            place.length = close - open - 1;
            place.flags = 0;
            return {QJSON_OK, 0};
        }
        return unescape(open, close, place);
    }

    qjson_result unescape(uint32_t open, uint32_t close, StringPlace &place);
};

}  // namespace quiver_json

#endif
