// A filter laid out flat for evaluation: nodes, paths, texts and numbers in a few arrays of plain data that refer to
// each other by place. Evaluating it touches no reference count and allocates nothing.

/// One clause or one predicate on the values at one path.
struct FilterNode {
    enum Kind: UInt8 {
        // Groups: `first` and `count` name links.
        case all, any, none, atLeast
        case always, never
        /// `first`: place of a bitmap of slots. False inside of nested elements.
        case slots
        /// Path, and one link to the filter of an element.
        case nested
        // Values at a path.
        case matchString, matchInteger, matchBool
        case anyString, anyInteger, exceptString, exceptInteger
        case range, datetimeRange, valuesCount
        case prefixString, containsString, containsAnyString
        /// `first`: place of its numbers.
        case geoBox, geoRadius, geoPolygon
        /// `first`: place of the question that an analyzer answers: of each text, or of all texts of the point together.
        case tokens, tokensTogether
        /// `is_empty` and `is_null` as predicates of a field condition, `low` being the wanted answer.
        case fieldIsEmpty, fieldIsNull
        /// `is_empty` and `is_null` as conditions of their own.
        case isEmpty, isNull
    }

    var kind: Kind
    /// For `range`: the bound itself is outside.
    var lowIsOpen = false
    var highIsOpen = false
    var firstStep: Int32 = 0
    var stepCount: Int32 = 0
    /// Of links, of texts, of integers, of numbers, or the bitmap or question, by kind.
    var first: Int32 = 0
    var count: Int32 = 0
    /// By kind: the bits of an Int64, a Double or a UInt64. `atLeast` keeps its count in `low`.
    var low: UInt64 = 0
    var high: UInt64 = 0

    init(_ kind: Kind) { self.kind = kind }
}

/// Where a text lies in the pool.
struct TextPlace {
    var offset: UInt32
    var count: UInt32
}

/// The set of slots behind `FilterNode.Kind.slots`. The program keeps the words alive.
@safe
struct BitmapPlace {
    var words: UnsafeMutablePointer<UInt64>
    var bitCount: Int
}

/// The arrays of a program, frozen at one address. Owns its memory.
@safe
final class FilterProgram {
    let nodes: UnsafeMutableBufferPointer<FilterNode>
    let links: UnsafeMutableBufferPointer<Int32>
    let steps: UnsafeMutableBufferPointer<PathStep>
    let pool: UnsafeMutableBufferPointer<UInt8>
    let texts: UnsafeMutableBufferPointer<TextPlace>
    let integers: UnsafeMutableBufferPointer<Int64>
    let numbers: UnsafeMutableBufferPointer<Double>
    let questions: UnsafeMutableBufferPointer<TextQuestion>
    let bitmapPlaces: UnsafeMutableBufferPointer<BitmapPlace>
    private let questionCount: Int
    /// Keeps the words of `bitmapPlaces` alive.
    let bitmaps: [SlotBitmap]
    let view: ProgramView

    init(_ builder: FilterProgramBuilder) {
        unsafe nodes = frozen(builder.nodes)
        unsafe links = frozen(builder.links)
        unsafe steps = frozen(builder.paths.steps)
        unsafe pool = frozen(builder.paths.bytes)
        unsafe texts = frozen(builder.texts)
        unsafe integers = frozen(builder.integers)
        unsafe numbers = frozen(builder.numbers)
        unsafe questions = frozen(builder.questions)
        questionCount = builder.questions.count
        bitmaps = builder.bitmaps
        unsafe bitmapPlaces = frozen(builder.bitmaps.map { unsafe BitmapPlace(words: $0.words, bitCount: $0.bitCount) })
        unsafe view = ProgramView(
            nodes: nodes.baseAddress.unsafelyUnwrapped, links: links.baseAddress.unsafelyUnwrapped,
            steps: steps.baseAddress.unsafelyUnwrapped, pool: pool.baseAddress.unsafelyUnwrapped,
            texts: texts.baseAddress.unsafelyUnwrapped, integers: integers.baseAddress.unsafelyUnwrapped,
            numbers: numbers.baseAddress.unsafelyUnwrapped, questions: questions.baseAddress.unsafelyUnwrapped,
            bitmaps: bitmapPlaces.baseAddress.unsafelyUnwrapped)
    }

    deinit {
        unsafe nodes.deallocate()
        unsafe links.deallocate()
        unsafe steps.deallocate()
        unsafe pool.deallocate()
        unsafe texts.deallocate()
        unsafe integers.deallocate()
        unsafe numbers.deallocate()
        unsafe questions.baseAddress.unsafelyUnwrapped.deinitialize(count: questionCount)
        unsafe questions.deallocate()
        unsafe bitmapPlaces.deallocate()
    }
}

/// Room for at least one element, so that there is always an address.
private func frozen<Element>(_ array: [Element]) -> UnsafeMutableBufferPointer<Element> {
    let memory = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, array.count))
    _ = unsafe memory.initialize(from: array)
    return unsafe memory
}

/// The addresses of a program's arrays, passed by value through the evaluation; valid as long as the program.
@safe
struct ProgramView {
    let nodes: UnsafeMutablePointer<FilterNode>
    let links: UnsafeMutablePointer<Int32>
    let steps: UnsafeMutablePointer<PathStep>
    let pool: UnsafeMutablePointer<UInt8>
    let texts: UnsafeMutablePointer<TextPlace>
    let integers: UnsafeMutablePointer<Int64>
    let numbers: UnsafeMutablePointer<Double>
    let questions: UnsafeMutablePointer<TextQuestion>
    let bitmaps: UnsafeMutablePointer<BitmapPlace>
}

/// Collects nodes while a filter is compiled.
struct FilterProgramBuilder {
    var nodes: [FilterNode] = []
    var links: [Int32] = []
    var paths = PathPool()
    var texts: [TextPlace] = []
    var integers: [Int64] = []
    var numbers: [Double] = []
    var questions: [TextQuestion] = []
    var bitmaps: [SlotBitmap] = []

    mutating func add(_ node: FilterNode) -> Int32 {
        nodes.append(node)
        return Int32(nodes.count - 1)
    }

    mutating func addGroup(_ kind: FilterNode.Kind, _ children: [Int32], low: UInt64 = 0) -> Int32 {
        var node = FilterNode(kind)
        node.first = Int32(links.count)
        node.count = Int32(children.count)
        node.low = low
        links += children
        return add(node)
    }

    /// Sorted by bytes, so that long lists can be searched.
    mutating func addTexts(_ values: [String], to node: inout FilterNode) {
        let sorted = Set(values.map { Array($0.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
        node.first = Int32(texts.count)
        node.count = Int32(sorted.count)
        for value in sorted {
            texts.append(TextPlace(offset: UInt32(paths.bytes.count), count: UInt32(value.count)))
            paths.bytes += value
        }
    }

    mutating func addIntegers(_ values: [Int64], to node: inout FilterNode) {
        let sorted = Set(values).sorted()
        node.first = Int32(integers.count)
        node.count = Int32(sorted.count)
        integers += sorted
    }

    mutating func addShape(_ shape: GeoShape) -> FilterNode {
        let kind: FilterNode.Kind = switch shape.kind {
        case .box: .geoBox
        case .radius: .geoRadius
        case .polygon: .geoPolygon
        }
        var node = FilterNode(kind)
        node.first = Int32(numbers.count)
        node.count = Int32(shape.numbers.count)
        numbers += shape.numbers
        return node
    }

    /// - Parameter isTogether: asked of all texts of a point at once.
    mutating func addQuestion(_ question: TextQuestion, isTogether: Bool) -> FilterNode {
        var node = FilterNode(isTogether ? .tokensTogether : .tokens)
        node.first = Int32(questions.count)
        questions.append(question)
        return node
    }
}
