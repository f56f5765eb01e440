// The parser's buffers. All growth happens between stage 1 and the walk, from the number of structural
// characters, so that the walk itself checks no capacities (but that of the rarely used string buffer).
#ifndef QUIVER_JSON_PARSER_HPP
#define QUIVER_JSON_PARSER_HPP

#include <simdjson.h>

#include <cstdlib>
#include <memory>

#include "CSimdjson.h"

static_assert(QJSON_PADDING >= simdjson::SIMDJSON_PADDING, "the padding promised to callers is too small");
static_assert(sizeof(qjson_node) == 32, "two nodes a cache line");

namespace quiver_json {

/// Memory of trivial elements without a constructor, without a copy and without exceptions.
template <typename Element>
struct Buffer {
    Element *data = nullptr;
    size_t capacity = 0;

    Buffer() = default;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { std::free(data); }

    void release() {
        std::free(data);
        data = nullptr;
        capacity = 0;
    }

    /// Room for `count` elements; what was there is gone if it has to grow.
    bool reserve_discarding(size_t count) {
        if (count <= capacity) return true;
        size_t wanted = count + count / 4;
        release();
        data = static_cast<Element *>(std::malloc(wanted * sizeof(Element)));
        if (data == nullptr) return false;
        capacity = wanted;
        return true;
    }

    /// Room for `count` elements behind the first `used`, which stay.
    bool reserve_keeping(size_t used, size_t count) {
        if (count <= capacity - used) return true;
        size_t wanted = (used + count) * 2;
        void *grown = std::realloc(data, wanted * sizeof(Element));
        if (grown == nullptr) return false;
        data = static_cast<Element *>(grown);
        capacity = wanted;
        return true;
    }
};

}  // namespace quiver_json

struct qjson_parser {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    size_t stage_capacity = 0;
    quiver_json::Buffer<uint8_t> copy;
    quiver_json::Buffer<qjson_node> nodes;
    quiver_json::Buffer<uint64_t> slab;
    quiver_json::Buffer<uint8_t> strings;
    size_t strings_length = 0;
    /// The most memory a parse has touched since the last release: capacities are often far above what was used.
    size_t touched_bytes = 0;
    qjson_document document{};
};

namespace quiver_json {

/// The walk over the structural characters that stage 1 found in `source`.
qjson_result walk(qjson_parser &parser, const uint8_t *source, uint32_t length, size_t maximum_depth);

/// Where the fault is that stage 1 reported without a position.
size_t find_invalid_utf8(const uint8_t *source, size_t length);
size_t find_control_character(const uint8_t *source, size_t length);

}  // namespace quiver_json

#endif
