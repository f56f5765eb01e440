import Testing
@testable import QuiverWire
