import CMeasure

/// Prints what small parts of Quiver cost, one line of JSON each:
///
///     {"name": "heap/offer k=10", "ns": 2.31, "instructions": null, "allocations": 0.0}
///
/// `Benchmarks/micro` runs it, adds instructions where only callgrind can count them, and compares with thresholds.
@main
struct MicroBenchmarks {
    private static let usage = """
        usage: MicroBenchmarks [--list] [--only TEXT] [--rounds N] [--callgrind-calls N]

          --list               print the names
          --only TEXT          those whose name has the text
          --rounds N           rounds of 4 ms, of which the fastest is told (20)
          --callgrind-calls N  count instead of timing: run under valgrind --tool=callgrind --instr-atstart=no; each
                               benchmark has its own file of counts, and prints how many operations these are of
        """

    private struct Options {
        var lists = false
        var only = ""
        var rounds = 20
        var callgrindCalls: Int?
    }

    static func main() throws {
        guard let options = read(Array(CommandLine.arguments.dropFirst())) else {
            print(usage)
            return
        }
        let groups =
            KernelBenchmarks.groups + SearchBenchmarks.groups + RequestBenchmarks.groups + EngineBenchmarks.groups
        let countsInstructions = qms_open_instructions()
        for group in groups where options.only.isEmpty || overlaps(group.name, options.only) {
            for benchmark in try group.make() where options.only.isEmpty || benchmark.name.contains(options.only) {
                if options.lists {
                    print(benchmark.name)
                } else if let calls = options.callgrindCalls {
                    let operations = try Measuring.countUnderCallgrind(benchmark, calls: calls)
                    print("{\"name\":\"\(benchmark.name)\",\"operations\":\(operations)}")
                } else {
                    let cost = try Measuring.measure(
                        benchmark, rounds: options.rounds, countsInstructions: countsInstructions)
                    print(
                        "{\"name\":\"\(benchmark.name)\",\"ns\":\(cost.nanoseconds),\"instructions\":"
                            + "\(cost.instructions.map { "\($0)" } ?? "null"),\"allocations\":"
                            + "\(cost.allocations.map { "\($0)" } ?? "null")}")
                }
            }
        }
    }

    /// A text may name a group, a part of its name, or begin with it.
    private static func overlaps(_ group: String, _ text: String) -> Bool {
        group.contains(text) || text.hasPrefix(group) || !text.contains("/")
    }

    private static func read(_ arguments: [String]) -> Options? {
        var options = Options()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--list": options.lists = true
            case "--only":
                guard let text = rest.popFirst() else { return nil }
                options.only = text
            case "--rounds":
                guard let count = rest.popFirst().flatMap({ Int($0) }), count > 0 else { return nil }
                options.rounds = count
            case "--callgrind-calls":
                guard let count = rest.popFirst().flatMap({ Int($0) }), count > 0 else { return nil }
                options.callgrindCalls = count
            default: return nil
            }
        }
        return options
    }
}
