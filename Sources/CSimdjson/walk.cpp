// From structural characters to nodes. One function, because the state is a handful of registers.
#include "number.hpp"
#include "parser.hpp"
#include "string.hpp"

namespace quiver_json {

namespace {

/// The positions still to be visited.
struct Cursor {
    const uint32_t *next;
    const uint32_t *end;
};

enum class Packing { done, mixed, failed };

using ShortDecimalReader = bool (*)(const uint8_t *, uint64_t &);

/// Chosen once, by what the processor has.
ShortDecimalReader best_reader() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.1")) return read_short_decimal_sse;
#endif
    return read_short_decimal;
}

const ShortDecimalReader short_decimal = best_reader();

/// Reads the elements of an array that starts with a number into the slab, where it stands as int64 until the first
/// number that is none. `mixed` when an element is not a number (or is one that an int64 array cannot hold): the
/// array then has to be read again as nodes. That happens once an array and never spreads to its neighbours.
Packing read_packed(
    const uint8_t *source, uint32_t length, Cursor &cursor, const uint32_t *structurals, uint64_t *slab,
    size_t &slab_count, qjson_node &node, qjson_result &fault
) {
    const uint8_t *const limit = source + length;
    const uint32_t *next = cursor.next;
    uint64_t *const first = slab + slab_count + 1;
    uint64_t *out = first;
    first[-1] = uint64_t(next - structurals);
    bool integers = true;
    for (;;) {
        if (next == cursor.end) {
            fault = {QJSON_UNEXPECTED_END, length};
            return Packing::failed;
        }
        const uint32_t offset = *next++;
        uint64_t decimal;
        if (!integers && short_decimal(source + offset, decimal)) {
            *out++ = decimal;
        } else {
            const uint8_t lead = source[offset];
            if (!is_digit(lead) && lead != '-') return Packing::mixed;
            const Number number = read_number(source + offset, limit);
            if (number.code != QJSON_OK) {
                fault = {number.code, offset};
                return Packing::failed;
            }
            if (integers) {
                if (number.kind == QJSON_UINT64) return Packing::mixed;
                if (number.kind == QJSON_DOUBLE) {
                    integers = false;
                    for (uint64_t *word = first; word != out; ++word) {
                        const double value = double(int64_t(*word));
                        std::memcpy(word, &value, 8);
                    }
                }
            }
            if (integers || number.kind == QJSON_DOUBLE) {
                *out++ = number.bits;
            } else {
                const double value = number.kind == QJSON_INT64 ? double(int64_t(number.bits)) : double(number.bits);
                std::memcpy(out++, &value, 8);
            }
        }
        if (next == cursor.end) {
            fault = {QJSON_UNEXPECTED_END, length};
            return Packing::failed;
        }
        const uint32_t separator = *next++;
        if (source[separator] == ',') continue;
        if (source[separator] != ']') {
            fault = {QJSON_EXPECTED_COMMA_OR_BRACKET, separator};
            return Packing::failed;
        }
        node.end = separator + 1;
        break;
    }
    node.kind = integers ? QJSON_INTEGERS : QJSON_DOUBLES;
    node.value = uint64_t(first - slab) | uint64_t(out - first) << 32;
    slab_count = size_t(out - slab);
    cursor.next = next;
    return Packing::done;
}

}  // namespace

qjson_result walk(qjson_parser &parser, const uint8_t *source, uint32_t length, size_t maximum_depth) {
    const uint32_t *const structurals = parser.stage->structural_indexes.get();
    Cursor cursor{structurals, structurals + parser.stage->n_structural_indexes};
    const uint8_t *const limit = source + length;
    qjson_node *const nodes = parser.nodes.data;
    uint64_t *const slab = parser.slab.data;
    size_t node_count = 0;
    size_t slab_count = 0;
    size_t depth = 0;
    // The open container. While it is open its `span` is the distance back to the container around it, 0 at the root.
    qjson_node *container = nullptr;
    qjson_node *node = nullptr;
    StringReader strings{parser, source, length, find_backslash(source, 0, length)};
    StringPlace key{0, 0, 0, 0};
    uint32_t offset = *cursor.next++;

value:
    node = nodes + node_count++;
    node->start = offset;
    node->key_offset = key.offset;
    node->key_length = key.length;
    node->value = 0;
    node->span = 1;
    node->flags = key.flags;
    node->reserved = 0;
    switch (source[offset]) {
    case '{':
        if (depth == maximum_depth) return {QJSON_RECURSION_LIMIT, offset};
        ++depth;
        node->kind = QJSON_OBJECT;
        node->span = container == nullptr ? 0 : uint32_t(node - container);
        container = node;
        if (cursor.next == cursor.end) return {QJSON_UNEXPECTED_END, length};
        offset = *cursor.next++;
        if (source[offset] == '}') goto close;
        goto member;
    case '[': {
        if (depth == maximum_depth) return {QJSON_RECURSION_LIMIT, offset};
        if (cursor.next == cursor.end) return {QJSON_UNEXPECTED_END, length};
        const uint8_t lead = source[*cursor.next];
        if (is_digit(lead) || lead == '-') {
            qjson_result fault{QJSON_OK, 0};
            switch (read_packed(source, length, cursor, structurals, slab, slab_count, *node, fault)) {
            case Packing::done: goto after_value;
            case Packing::failed: return fault;
            case Packing::mixed: break;
            }
        }
        ++depth;
        node->kind = QJSON_ARRAY;
        node->span = container == nullptr ? 0 : uint32_t(node - container);
        container = node;
        offset = *cursor.next++;
        if (source[offset] == ']') goto close;
        key = {0, 0, 0, 0};
        goto value;
    }
    case '"': {
        StringPlace place;
        const qjson_result result = strings.read(offset, *cursor.next, place);
        if (result.code != QJSON_OK) return result;
        node->kind = QJSON_STRING;
        node->end = place.end;
        node->value = place.offset | uint64_t(place.length) << 32;
        if (place.flags != 0) node->flags |= QJSON_STRING_IS_UNESCAPED;
        goto after_value;
    }
    case 't':
        if (std::memcmp(source + offset, "true", 4) != 0 || !ends_scalar(source + offset + 4, limit)) break;
        node->kind = QJSON_TRUE;
        node->end = offset + 4;
        goto after_value;
    case 'f':
        if (std::memcmp(source + offset, "false", 5) != 0 || !ends_scalar(source + offset + 5, limit)) break;
        node->kind = QJSON_FALSE;
        node->end = offset + 5;
        goto after_value;
    case 'n':
        if (std::memcmp(source + offset, "null", 4) != 0 || !ends_scalar(source + offset + 4, limit)) break;
        node->kind = QJSON_NULL;
        node->end = offset + 4;
        goto after_value;
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9': {
        const Number number = read_number(source + offset, limit);
        if (number.code != QJSON_OK) return {number.code, offset};
        node->kind = uint8_t(number.kind);
        node->value = number.bits;
        // The end of the text is where white space before the next structural character begins.
        node->end = trim_white_space(source, *cursor.next);
        goto after_value;
    }
    default: break;
    }
    return {QJSON_EXPECTED_VALUE, offset};

member: {
    if (source[offset] != '"') return {QJSON_EXPECTED_KEY, offset};
    const qjson_result result = strings.read(offset, *cursor.next, key);
    if (result.code != QJSON_OK) return result;
    key.flags = uint8_t(QJSON_HAS_KEY | (key.flags != 0 ? QJSON_KEY_IS_UNESCAPED : 0));
    if (cursor.next == cursor.end) return {QJSON_UNEXPECTED_END, length};
    offset = *cursor.next++;
    if (source[offset] != ':') return {QJSON_EXPECTED_COLON, offset};
    if (cursor.next == cursor.end) return {QJSON_UNEXPECTED_END, length};
    offset = *cursor.next++;
    goto value;
}

after_value:
    if (container == nullptr) goto root;
    container->value += uint64_t(1) << 32;
    if (cursor.next == cursor.end) return {QJSON_UNEXPECTED_END, length};
    offset = *cursor.next++;
    if (container->kind == QJSON_OBJECT) {
        if (source[offset] == '}') goto close;
        if (source[offset] != ',') return {QJSON_EXPECTED_COMMA_OR_BRACE, offset};
        if (cursor.next == cursor.end) return {QJSON_UNEXPECTED_END, length};
        offset = *cursor.next++;
        if (source[offset] == '}') return {QJSON_TRAILING_COMMA, offset};
        goto member;
    }
    if (source[offset] == ']') goto close;
    if (source[offset] != ',') return {QJSON_EXPECTED_COMMA_OR_BRACKET, offset};
    if (cursor.next == cursor.end) return {QJSON_UNEXPECTED_END, length};
    offset = *cursor.next++;
    if (source[offset] == ']') return {QJSON_TRAILING_COMMA, offset};
    key = {0, 0, 0, 0};
    goto value;

close: {
    const uint32_t outward = container->span;
    container->span = uint32_t(nodes + node_count - container);
    container->end = offset + 1;
    --depth;
    container = outward == 0 ? nullptr : container - outward;
    goto after_value;
}

root:
    if (cursor.next != cursor.end) return {QJSON_TRAILING_CHARACTERS, *cursor.next};
    parser.document = {
        source, nodes, parser.strings.data, slab, structurals, length, uint32_t(node_count),
    };
    const size_t touched = length + 4 * parser.stage->n_structural_indexes + 32 * node_count + 8 * slab_count
        + parser.strings_length;
    if (touched > parser.touched_bytes) parser.touched_bytes = touched;
    return {QJSON_OK, 0};
}

}  // namespace quiver_json
