/// Something in a storage directory that is not as it was written.
package struct StorageFinding: Sendable, Equatable, CustomStringConvertible {
    package enum Severity: String, Sendable {
        /// Can be made anew from what is sound: the storage repairs it when it is opened.
        case derived
        /// Cannot: the collection does not open, or the storage where it is of the catalogue; or names were lost.
        case primary
    }

    package var severity: Severity
    /// The path of the file.
    package var file: String
    /// Where in the file: a database and key, a page, a chunk.
    package var place: String
    package var text: String

    package init(_ severity: Severity, file: String, place: String, _ text: String) {
        self.severity = severity
        self.file = file
        self.place = place
        self.text = text
    }

    package var description: String { place.isEmpty ? "\(file): \(text)" : "\(file): \(place): \(text)" }
}

/// What a verification calls with the bytes that it has read of all that it is going to read; false ends it.
package typealias VerificationProgress = (_ bytesDone: Int, _ bytesTotal: Int) -> Bool

/// A verification was ended by its caller.
package struct VerificationCancelled: Error {}
