import QuiverJSON

// Members of an object in one line each; one whose value is nil is left out.
extension JSONWriter {
    mutating func object(_ members: (inout JSONWriter) -> Void) {
        beginObject()
        members(&self)
        endObject()
    }

    mutating func object(_ key: StaticString, _ members: (inout JSONWriter) -> Void) {
        self.key(key)
        object(members)
    }

    mutating func member(_ key: StaticString, _ value: Int?) {
        guard let value else { return }
        self.key(key)
        self.value(value)
    }

    mutating func member(_ key: StaticString, _ value: Bool?) {
        guard let value else { return }
        self.key(key)
        self.value(value)
    }

    mutating func member(_ key: StaticString, _ value: Float?) {
        guard let value else { return }
        self.key(key)
        self.value(value)
    }

    mutating func member(_ key: StaticString, _ value: Double?) {
        guard let value else { return }
        self.key(key)
        self.value(value)
    }

    mutating func member(_ key: StaticString, _ value: String?) {
        guard let value else { return }
        self.key(key)
        self.value(value)
    }

    /// A value of an enumeration, by its name on the wire.
    mutating func member<Value: RawRepresentable<String>>(_ key: StaticString, _ value: Value?) {
        member(key, value?.rawValue)
    }

    mutating func member(_ key: StaticString, _ values: [String]?) {
        guard let values else { return }
        self.key(key)
        beginArray()
        for value in values { self.value(value) }
        endArray()
    }

    /// The member is there in any case, null where there is no value.
    mutating func nullable(_ key: StaticString, _ value: Int?) {
        self.key(key)
        if let value { self.value(value) } else { null() }
    }

    /// An object by names, in the order of their text.
    mutating func map<Value>(_ named: [String: Value], _ write: (Value, inout JSONWriter) -> Void) {
        object { writer in
            for (name, value) in named.sorted(by: { $0.key < $1.key }) {
                writer.key(named: name)
                write(value, &writer)
            }
        }
    }

    mutating func value(floats: ArraySlice<Float>) {
        unsafe floats.withUnsafeBufferPointer { unsafe value(floats: $0) }
    }

    mutating func value(indices: some Sequence<UInt32>) {
        beginArray()
        for index in indices { value(UInt64(index)) }
        endArray()
    }
}
