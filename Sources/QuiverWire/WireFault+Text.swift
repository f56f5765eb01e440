import QuiverJSON

extension WireFault {
    /// The error as it leaves, with its place spelt out.
    func error(in root: JSONNode, of body: UnsafeRawBufferPointer) -> WireError {
        switch kind {
        case .format:
            let position = unsafe WireFault.position(of: place, in: body)
            let path = path(in: root)
            let shown = path.isEmpty ? "" : " (\(path))"
            let spot = "line \(position.line) column \(position.column)\(shown)"
            return WireError(status: 400, message: "Format error in JSON body: \(message) at \(spot)")
        case .validation:
            return WireFault.violations([self], in: root)
        case .badRequest:
            return WireError(status: 400, message: "Bad request: \(message)")
        case .wrongInput:
            return WireError(status: 400, message: "Wrong input: \(message)")
        case .notFound:
            return WireError(status: 404, message: "Not found: \(message)")
        case .inference:
            return WireError(status: 400, message: message)
        case .service:
            return WireError(status: 500, message: "Service internal error: \(message)")
        case .unsupported:
            return WireError(status: 501, message: "\(message) is not supported yet")
        }
    }

    /// All broken rules of a body, in its order.
    static func violations(_ faults: [WireFault], in root: JSONNode) -> WireError {
        let texts = faults.map { "\($0.path(in: root)): \($0.message)" }
        return WireError(status: 422, message: "Validation error in JSON body: [\(texts.joined(separator: "; "))]")
    }

    /// The error of a body that was refused with `first`, once it was read again with `list` to note its faults in;
    /// `last` ended that.
    static func error(
        _ list: FaultList, last: WireFault?, first: WireFault, in root: JSONNode, of body: UnsafeRawBufferPointer
    ) -> WireError {
        if let last {
            guard last.kind == .validation else { return unsafe last.error(in: root, of: body) }
            list.add(last)
        }
        if !list.broken.isEmpty { return violations(list.broken, in: root) }
        return unsafe (list.later ?? first).error(in: root, of: body)
    }

    /// `points[3].vector`, with the names that Qdrant's flattened structs add.
    func path(in root: JSONNode) -> String {
        var parts = ""
        func add(_ name: String) {
            if !parts.isEmpty { parts += "." }
            parts += name
        }
        var node = root
        while true {
            // Qdrant's own names are for its validation messages; serde's messages speak of the body.
            if kind == .validation {
                for flattening in flattenings where flattening.object == node.byteOffset { add(flattening.name) }
            }
            guard node.byteOffset != place, let child = WireFault.child(of: node, around: place) else { break }
            if let position = child.position {
                parts += "[\(position)]"
            } else {
                let label = kind == .validation ? anonymous[child.node.byteOffset] : nil
                // A position follows its list without a point.
                if let label, label.isEmpty || label.hasPrefix("[") {
                    parts += label
                } else {
                    add(label ?? child.node.key)
                }
            }
            node = child.node
        }
        if kind == .validation, let suffix { add(suffix) }
        return parts
    }

    /// The child whose text holds the byte; its position when `node` is an array.
    private static func child(of node: JSONNode, around place: Int) -> (node: JSONNode, position: Int?)? {
        if node.isArray {
            for (position, item) in node.elements.enumerated() where item.holds(place) { return (item, position) }
        }
        for member in node.members where member.holds(place) { return (member, nil) }
        return nil
    }

    /// Line and column, counted from 1, the column in bytes.
    private static func position(of place: Int, in body: UnsafeRawBufferPointer) -> (line: Int, column: Int) {
        var line = 1
        var column = place + 1
        for index in 0..<min(place, body.count) where unsafe body[index] == UInt8(ascii: "\n") {
            line += 1
            column = place - index
        }
        return (line, column)
    }
}

extension JSONNode {
    fileprivate func holds(_ place: Int) -> Bool {
        unsafe place >= byteOffset && place < byteOffset + rawBytes.count
    }
}
