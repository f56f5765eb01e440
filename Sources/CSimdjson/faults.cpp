// What goes with an error: its text, and its place where stage 1 does not say it. Nothing here is in a hurry.
#include "parser.hpp"

namespace quiver_json {

size_t find_control_character(const uint8_t *source, size_t length) {
    bool in_string = false;
    for (size_t at = 0; at < length; ++at) {
        if (!in_string) {
            in_string = source[at] == '"';
        } else if (source[at] < 0x20) {
            return at;
        } else if (source[at] == '\\') {
            // A control character behind a backslash is not escaped by it.
            if (at + 1 < length && source[at + 1] >= 0x20) ++at;
        } else if (source[at] == '"') {
            in_string = false;
        }
    }
    return length;
}

size_t find_invalid_utf8(const uint8_t *source, size_t length) {
    size_t at = 0;
    while (at < length) {
        const uint8_t lead = source[at];
        size_t following = 0;
        // The second byte's range keeps out overlong forms, surrogates and what lies above U+10FFFF.
        uint8_t lowest = 0x80, highest = 0xBF;
        if (lead >= 0x80) {
            if (lead >= 0xC2 && lead <= 0xDF) {
                following = 1;
            } else if (lead >= 0xE0 && lead <= 0xEF) {
                following = 2;
                if (lead == 0xE0) lowest = 0xA0;
                if (lead == 0xED) highest = 0x9F;
            } else if (lead >= 0xF0 && lead <= 0xF4) {
                following = 3;
                if (lead == 0xF0) lowest = 0x90;
                if (lead == 0xF4) highest = 0x8F;
            } else {
                return at;
            }
        }
        for (size_t index = 1; index <= following; ++index) {
            if (at + index >= length) return at;
            const uint8_t byte = source[at + index];
            if (byte < lowest || byte > highest) return at;
            lowest = 0x80;
            highest = 0xBF;
        }
        at += following + 1;
    }
    return length;
}

}  // namespace quiver_json

const char *qjson_message(qjson_code code) {
    switch (code) {
    case QJSON_OK: return "no error";
    case QJSON_OUT_OF_MEMORY: return "out of memory";
    case QJSON_TOO_LONG: return "document is too long";
    case QJSON_EMPTY: return "EOF while parsing a value";
    case QJSON_RECURSION_LIMIT: return "recursion limit exceeded";
    case QJSON_EXPECTED_VALUE: return "expected value";
    case QJSON_EXPECTED_KEY: return "key must be a string";
    case QJSON_EXPECTED_COLON: return "expected `:`";
    case QJSON_EXPECTED_COMMA_OR_BRACKET: return "expected `,` or `]`";
    case QJSON_EXPECTED_COMMA_OR_BRACE: return "expected `,` or `}`";
    case QJSON_TRAILING_COMMA: return "trailing comma";
    case QJSON_TRAILING_CHARACTERS: return "trailing characters";
    case QJSON_UNEXPECTED_END: return "EOF while parsing";
    case QJSON_UNTERMINATED_STRING: return "EOF while parsing a string";
    case QJSON_CONTROL_CHARACTER: return "control character (\\u0000-\\u001F) found while parsing a string";
    case QJSON_INVALID_ESCAPE: return "invalid escape";
    case QJSON_LONE_SURROGATE: return "lone surrogate in hex escape";
    case QJSON_INVALID_NUMBER: return "invalid number";
    case QJSON_NUMBER_OUT_OF_RANGE: return "number out of range";
    case QJSON_INVALID_UTF8: return "invalid UTF-8";
    }
    return "unknown error";
}
