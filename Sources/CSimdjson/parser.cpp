#include "parser.hpp"

#include <cstring>
#include <new>

using quiver_json::walk;

namespace {

/// Stage 1 asks for four bytes a byte of source, so its buffer grows in steps of a quarter.
bool reserve_stage(qjson_parser &parser, size_t length) {
    if (parser.stage != nullptr && length <= parser.stage_capacity) return true;
    const size_t wanted = length + length / 4 + 64;
    parser.stage_capacity = 0;
    // The depth concerns simdjson's own second stage, which is not used.
    const simdjson::error_code error = parser.stage == nullptr
        ? simdjson::get_active_implementation()->create_dom_parser_implementation(wanted, 1, parser.stage)
        : parser.stage->set_capacity(wanted);
    if (error != simdjson::SUCCESS) {
        parser.stage.reset();
        return false;
    }
    parser.stage_capacity = wanted;
    return true;
}

qjson_result fault_of_stage(simdjson::error_code error, const uint8_t *bytes, size_t length) {
    switch (error) {
    case simdjson::EMPTY: return {QJSON_EMPTY, length};
    case simdjson::UNCLOSED_STRING: return {QJSON_UNTERMINATED_STRING, length};
    case simdjson::UNESCAPED_CHARS: return {QJSON_CONTROL_CHARACTER, quiver_json::find_control_character(bytes, length)};
    case simdjson::UTF8_ERROR: return {QJSON_INVALID_UTF8, quiver_json::find_invalid_utf8(bytes, length)};
    case simdjson::MEMALLOC: return {QJSON_OUT_OF_MEMORY, 0};
    case simdjson::CAPACITY: return {QJSON_TOO_LONG, 0};
    default: return {QJSON_EXPECTED_VALUE, 0};
    }
}

const uint8_t *copy_with_padding(qjson_parser &parser, const uint8_t *bytes, size_t length) {
    if (!parser.copy.reserve_discarding(length + QJSON_PADDING)) return nullptr;
    std::memcpy(parser.copy.data, bytes, length);
    std::memset(parser.copy.data + length, 0, QJSON_PADDING);
    return parser.copy.data;
}

qjson_result parse(
    qjson_parser &parser, const uint8_t *bytes, size_t length, size_t maximum_depth, bool in_place
) {
    parser.document = {};
    parser.strings_length = 0;
    if (length == 0) return {QJSON_EMPTY, 0};
    if (length > QJSON_MAXIMUM_LENGTH) return {QJSON_TOO_LONG, 0};
    const uint8_t *source = in_place ? bytes : copy_with_padding(parser, bytes, length);
    if (source == nullptr || !reserve_stage(parser, length)) return {QJSON_OUT_OF_MEMORY, 0};
    const simdjson::error_code error = parser.stage->stage1(source, length, simdjson::stage1_mode::regular);
    if (error != simdjson::SUCCESS) return fault_of_stage(error, source, length);
    const size_t count = parser.stage->n_structural_indexes;
    if (count == 0) return {QJSON_EMPTY, length};
    if (in_place) {
        // A number or literal at the very end would be read on into padding of unknown content. Only a lone scalar
        // or a faulty document ends so.
        const uint8_t last = source[parser.stage->structural_indexes[count - 1]];
        if (last != ']' && last != '}') {
            source = copy_with_padding(parser, bytes, length);
            if (source == nullptr) return {QJSON_OUT_OF_MEMORY, 0};
        }
    }
    // A value other than the root has a comma, a colon or an opening bracket of its own before it, and the bracket one
    // of its own behind it unless the container is still open: so at most half of the structural characters start a
    // value, plus one for the root and each open container. A packed array of k numbers takes 2k of them and k + 1 words.
    const size_t open_containers = maximum_depth < count ? maximum_depth : count;
    if (!parser.nodes.reserve_discarding(count / 2 + open_containers + 2)
        || !parser.slab.reserve_discarding(count + 2)) {
        return {QJSON_OUT_OF_MEMORY, 0};
    }
    return walk(parser, source, uint32_t(length), maximum_depth);
}

}  // namespace

extern "C" {

qjson_parser *qjson_parser_create(void) { return new (std::nothrow) qjson_parser; }

void qjson_parser_free(qjson_parser *parser) { delete parser; }

const qjson_document *qjson_parser_document(const qjson_parser *parser) { return &parser->document; }

size_t qjson_parser_memory_bytes(const qjson_parser *parser) { return parser->touched_bytes; }

void qjson_parser_shrink(qjson_parser *parser, size_t keep_bytes) {
    if (parser->touched_bytes <= keep_bytes) return;
    parser->document = {};
    parser->stage.reset();
    parser->stage_capacity = 0;
    parser->copy.release();
    parser->nodes.release();
    parser->slab.release();
    parser->strings.release();
    parser->strings_length = 0;
    parser->touched_bytes = 0;
}

qjson_result qjson_parse(qjson_parser *parser, const uint8_t *bytes, size_t length, size_t maximum_depth) {
    return parse(*parser, bytes, length, maximum_depth, false);
}

qjson_result qjson_parse_in_place(qjson_parser *parser, const uint8_t *bytes, size_t length, size_t maximum_depth) {
    return parse(*parser, bytes, length, maximum_depth, true);
}

size_t qjson_minify(const uint8_t *bytes, size_t length, uint8_t *destination) {
    size_t minified = 0;
    const simdjson::error_code error = simdjson::minify(
        reinterpret_cast<const char *>(bytes), length, reinterpret_cast<char *>(destination), minified);
    return error == simdjson::SUCCESS ? minified : SIZE_MAX;
}

bool qjson_validate_utf8(const uint8_t *bytes, size_t length) {
    return simdjson::validate_utf8(reinterpret_cast<const char *>(bytes), length);
}

size_t qjson_find_escapable(const uint8_t *bytes, size_t length) {
    constexpr uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
    size_t at = 0;
    for (; at + 8 <= length; at += 8) {
        uint64_t word;
        std::memcpy(&word, bytes + at, 8);
        // A byte below n has its top bit set in (x - n) & ~x; equal to n after x ^ n means below 1. Borrows can only
        // come from a hit below, so whether there is one is always right.
        const uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
        const uint64_t hit = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash);
        if ((hit & high) != 0) break;
    }
    for (; at < length; ++at) {
        if (bytes[at] < 0x20 || bytes[at] == '"' || bytes[at] == '\\') break;
    }
    return at;
}

}  // extern "C"
