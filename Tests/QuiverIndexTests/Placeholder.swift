import Testing
@testable import QuiverIndex
