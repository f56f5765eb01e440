import CQuiver
import Quiver
import Synchronization

/// What C knows by a handle.
///
/// A handle is a ticket: the table's kind, the place of the object and how often the place was used before. So one
/// that is closed or of another table is told from a good one without touching what it might point to. Never zero.
///
/// | bits | what |
/// |---|---|
/// | 0…1 | kind, 1 or 2 |
/// | 2…31 | place |
/// | 32…63 | uses of the place before |
final class HandleTable<Object: AnyObject & Sendable>: Sendable {
    private struct Place {
        var object: Object?
        var uses: UInt32 = 0
    }

    private struct Contents {
        var places: [Place] = []
        var free: [Int] = []
    }

    private let kind: UInt
    private let name: StaticString
    private let contents = Mutex(Contents())

    init(kind: UInt, name: StaticString) {
        self.kind = kind
        self.name = name
    }

    /// A new handle for an object, which lives at least until the handle is removed.
    func add(_ object: Object) -> OpaquePointer? {
        let ticket = contents.withLock { contents in
            let place: Int
            if let free = contents.free.popLast() {
                place = free
                contents.places[place].object = object
            } else {
                place = contents.places.count
                contents.places.append(Place(object: object))
            }
            return UInt(contents.places[place].uses) << 32 | UInt(place) << 2 | kind
        }
        return unsafe OpaquePointer(bitPattern: ticket)
    }

    func object(_ handle: OpaquePointer?) throws(Refusal) -> Object {
        let ticket = UInt(bitPattern: handle)
        let object: Object? = contents.withLock { contents in
            guard let place = place(of: ticket, in: contents) else { return nil }
            return contents.places[place].object
        }
        guard let object else { throw refusal }
        return object
    }

    /// Closes the handle and hands its object over.
    func remove(_ handle: OpaquePointer?) throws(Refusal) -> Object {
        let ticket = UInt(bitPattern: handle)
        let object: Object? = contents.withLock { contents in
            guard let place = place(of: ticket, in: contents) else { return nil }
            defer {
                contents.places[place].object = nil
                contents.places[place].uses &+= 1
                contents.free.append(place)
            }
            return contents.places[place].object
        }
        guard let object else { throw refusal }
        return object
    }

    private func place(of ticket: UInt, in contents: borrowing Contents) -> Int? {
        let place = Int(ticket >> 2 & (1 << 30 - 1))
        guard ticket & 3 == kind, place < contents.places.count, contents.places[place].uses == UInt32(ticket >> 32)
        else { return nil }
        return place
    }

    private var refusal: Refusal {
        Refusal(QUIVER_ERROR_HANDLE, "the handle of a \(name) is NULL, closed, or none of a \(name)")
    }
}

enum Handles {
    static let databases = HandleTable<Database>(kind: 1, name: "database")
    static let collections = HandleTable<Collection>(kind: 2, name: "collection")
}
