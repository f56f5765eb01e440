import Testing
@testable import QuiverPayload
