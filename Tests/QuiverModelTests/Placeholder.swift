import Testing
@testable import QuiverModel
