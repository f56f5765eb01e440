import QuiverWire
import Testing

@Suite struct UnsupportedTests {
    @Test(arguments: [
        Refusal("count", #"{"filter":{"must":{"key":"a","match":{"substring":"a"}}}}"#, "substring match"),
        Refusal("createCollection", #"{"sharding_method":"custom"}"#, "custom sharding"),
    ])
    func whatIsNotThereYetIsNamed(_ refusal: Refusal) throws {
        #expect(
            try fault(refusal.body, decoder(refusal.decoder))
                == WireError(status: 501, message: "\(refusal.text) is not supported yet"))
    }
}
