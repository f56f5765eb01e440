// The C face of libsimdjson: one pass over a JSON document that leaves a flat table of nodes.
//
// simdjson's first stage finds every structural character with SIMD; the walk over those positions is
// ours, because it has to remember what On-Demand forgets: the source range of every value, so that a
// sub-object can be spliced into another document without being written again.
//
// Nodes stand in document order, a container before its content. `span` counts the nodes of a subtree,
// so the next sibling of `n` is `n + n->span` and the first child of a container is `n + 1`. An object's
// member is one node: the value, which also carries its key.
//
// An array that holds nothing but numbers, and at least one, is packed: one node, and the numbers stand
// together in the slab as int64 (QJSON_INTEGERS) or, once a single one is not an int64, as doubles
// (QJSON_DOUBLES). The exception that keeps ids exact: integers above INT64_MAX among integers leave the
// array unpacked (QJSON_ARRAY), like every array of mixed kinds.
#ifndef QUIVER_CSIMDJSON_H
#define QUIVER_CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that have to be readable behind a document given to `qjson_parse_in_place`; their value is free.
#define QJSON_PADDING 64

/// The longest document in bytes; offsets into the source and the string buffer are 32 bits.
#define QJSON_MAXIMUM_LENGTH 0x40000000

/// As deep as serde_json goes with its recursion limit of 128.
#define QJSON_DEFAULT_DEPTH 127

typedef enum qjson_kind {
    QJSON_NULL = 0,
    QJSON_FALSE = 1,
    QJSON_TRUE = 2,
    QJSON_INT64 = 3,     ///< `value` is the int64's bits.
    QJSON_UINT64 = 4,    ///< Above INT64_MAX only; `value` is the number.
    QJSON_DOUBLE = 5,    ///< `value` is the double's bits.
    QJSON_STRING = 6,    ///< `value`: offset in the low half, length in the high half; see `flags`.
    QJSON_OBJECT = 7,    ///< `value`: number of members in the high half.
    QJSON_ARRAY = 8,     ///< `value`: number of elements in the high half.
    QJSON_INTEGERS = 9,  ///< `value`: slab offset of the first int64 low, number of elements high.
    QJSON_DOUBLES = 10,  ///< `value`: slab offset of the first double low, number of elements high.
} qjson_kind;

enum {
    /// The string had escapes: its bytes stand in `strings`, not in `source`.
    QJSON_STRING_IS_UNESCAPED = 1,
    /// The same for the member's key.
    QJSON_KEY_IS_UNESCAPED = 2,
    /// The node is an object's member: the key fields hold something.
    QJSON_HAS_KEY = 4,
};

typedef struct qjson_node {
    uint32_t start;       ///< First byte of the value's text in the source.
    uint32_t end;         ///< One past its last byte.
    uint32_t key_offset;  ///< The key's content, without quotes.
    uint32_t key_length;
    uint64_t value;
    uint32_t span;        ///< Nodes in this subtree, itself included.
    uint8_t kind;
    uint8_t flags;
    uint16_t reserved;
} qjson_node;

/// What a parse leaves behind; valid until the parser's next parse, shrink or free.
typedef struct qjson_document {
    const uint8_t *source;
    const qjson_node *nodes;  ///< The root is the first.
    /// Unescaped strings. Eight bytes before each: start and end (u32, u32) of its text in the source,
    /// quotes included.
    const uint8_t *strings;
    /// The numbers of packed arrays. The word before an array's first number is the index in
    /// `structurals` of that number's place in the source; the following numbers are two further each.
    const uint64_t *slab;
    const uint32_t *structurals;
    uint32_t length;  ///< Bytes in the source.
    uint32_t node_count;
} qjson_document;

typedef enum qjson_code {
    QJSON_OK = 0,
    QJSON_OUT_OF_MEMORY,
    QJSON_TOO_LONG,
    QJSON_EMPTY,
    QJSON_RECURSION_LIMIT,
    QJSON_EXPECTED_VALUE,
    QJSON_EXPECTED_KEY,
    QJSON_EXPECTED_COLON,
    QJSON_EXPECTED_COMMA_OR_BRACKET,
    QJSON_EXPECTED_COMMA_OR_BRACE,
    QJSON_TRAILING_COMMA,
    QJSON_TRAILING_CHARACTERS,
    QJSON_UNEXPECTED_END,
    QJSON_UNTERMINATED_STRING,
    QJSON_CONTROL_CHARACTER,
    QJSON_INVALID_ESCAPE,
    QJSON_LONE_SURROGATE,
    QJSON_INVALID_NUMBER,
    QJSON_NUMBER_OUT_OF_RANGE,
    QJSON_INVALID_UTF8,
} qjson_code;

typedef struct qjson_result {
    qjson_code code;
    size_t position;  ///< Byte offset of the fault in the source; the length when the text ends too early.
} qjson_result;

typedef struct qjson_parser qjson_parser;

/// NULL when there is no memory. A parser serves one thread at a time.
qjson_parser *qjson_parser_create(void);
void qjson_parser_free(qjson_parser *parser);

/// The document of the last successful parse; the address is the parser's for life.
const qjson_document *qjson_parser_document(const qjson_parser *parser);

/// Bytes held by the parser's buffers.
size_t qjson_parser_memory_bytes(const qjson_parser *parser);

/// Gives the buffers back if they hold more than `keep_bytes`; the last document is gone then.
void qjson_parser_shrink(qjson_parser *parser, size_t keep_bytes);

/// Parses and validates the whole document from a copy of it.
qjson_result qjson_parse(qjson_parser *parser, const uint8_t *bytes, size_t length, size_t maximum_depth);

/// The same without the copy: QJSON_PADDING bytes behind the document are readable, and the source stays
/// where it is as long as the document is used.
qjson_result qjson_parse_in_place(qjson_parser *parser, const uint8_t *bytes, size_t length, size_t maximum_depth);

/// A static English text for a code.
const char *qjson_message(qjson_code code);

/// Removes white space outside strings. `destination` has room for `length` bytes + QJSON_PADDING. Returns
/// the new length, or SIZE_MAX when a string is not closed. Nothing else is validated.
size_t qjson_minify(const uint8_t *bytes, size_t length, uint8_t *destination);

bool qjson_validate_utf8(const uint8_t *bytes, size_t length);

/// Offset of the first byte that JSON strings cannot hold as it is (quote, backslash, below 0x20), or `length`.
size_t qjson_find_escapable(const uint8_t *bytes, size_t length);

/// A packed array's element as a node of its own, read again from the source: kind, value and range are those that the
/// number would have in an unpacked array.
qjson_node qjson_element(const qjson_document *document, const qjson_node *array, uint32_t index);

/// Bytes that the number writers below may fill, more than a number's length.
#define QJSON_NUMBER_CAPACITY 48

/// The longest float, such as -1.1754944e-38, with a comma and something to spare.
#define QJSON_FLOAT_STRIDE 17

/// Shortest decimal text that reads back as the same number, in the form that serde_json gives it (`0.1`, `1.0`, `1e20`);
/// `null` when it is not finite. Returns the number of bytes written.
size_t qjson_write_float(float value, uint8_t *destination);
size_t qjson_write_double(double value, uint8_t *destination);
size_t qjson_write_int64(int64_t value, uint8_t *destination);
size_t qjson_write_uint64(uint64_t value, uint8_t *destination);

/// Numbers with commas between them; `destination` has room for `count` * QJSON_FLOAT_STRIDE + QJSON_NUMBER_CAPACITY
/// bytes.
size_t qjson_write_floats(const float *values, size_t count, uint8_t *destination);

void qjson_floats_from_doubles(const uint64_t *slab, float *destination, size_t count);
void qjson_floats_from_integers(const uint64_t *slab, float *destination, size_t count);

static inline bool qjson_equal(const uint8_t *left, const uint8_t *right, size_t length) {
    return __builtin_memcmp(left, right, length) == 0;
}

static inline const uint8_t *qjson_string_bytes(const qjson_document *document, const qjson_node *node) {
    return ((node->flags & QJSON_STRING_IS_UNESCAPED) ? document->strings : document->source) + (uint32_t)node->value;
}

static inline const uint8_t *qjson_key_bytes(const qjson_document *document, const qjson_node *node) {
    return ((node->flags & QJSON_KEY_IS_UNESCAPED) ? document->strings : document->source) + node->key_offset;
}

/// The last member of that name, or NULL; also NULL when `object` is no object.
static inline const qjson_node *qjson_member(
    const qjson_document *document, const qjson_node *object, const uint8_t *name, size_t length
) {
    const qjson_node *found = NULL;
    if (object->kind != QJSON_OBJECT) return NULL;
    const qjson_node *const end = object + object->span;
    for (const qjson_node *member = object + 1; member < end; member += member->span) {
        if (member->key_length == length && qjson_equal(qjson_key_bytes(document, member), name, length)) found = member;
    }
    return found;
}

#ifdef __cplusplus
}
#endif

#endif
