import Testing
@testable import Quiver
