import Testing
@testable import QuiverLMDB
