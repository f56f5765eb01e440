import Testing
@testable import QuiverJSON
