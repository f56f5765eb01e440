import Glibc

import QuiverModel

/// The functions that fall from 1 at their target, with one constant for how fast.
enum FormulaDecay {
    /// The constant from scale and midpoint.
    ///
    /// - Throws: `.badInput` where the function would not fall from 1 to the midpoint.
    static func lambda(_ decay: ScoreDecay) throws(QuiverError) -> Double {
        let midpoint = Double(decay.midpoint)
        let scale = Double(decay.scale)
        switch decay.shape {
        case .linear:
            guard (0...1).contains(midpoint) else {
                throw .badInput(
                    "Validation failed: Linear decay midpoint should be in the range [0.0, 1.0], got "
                        + "\(FormulaText.of(midpoint)).")
            }
        case .exponential, .gaussian:
            guard midpoint > 0, midpoint < 1 else {
                throw .badInput(
                    "Validation failed: Decay midpoint should be in the range (0.0, 1.0), got \(FormulaText.of(midpoint)).")
            }
        }
        guard scale > 0 else {
            throw .badInput(
                "Validation failed: Decay scale should be non-zero positive, got \(FormulaText.of(scale)).")
        }
        return switch decay.shape {
        case .linear: (1 - midpoint) / scale
        case .exponential: log(midpoint) / scale
        case .gaussian: log(midpoint) / (scale * scale)
        }
    }

    static func value(_ shape: ScoreDecay.Shape, _ x: Double, target: Double, lambda: Double) -> Double {
        let distance = abs(x - target)
        return switch shape {
        case .linear: max(0, 1 - lambda * distance)
        case .exponential: exp(lambda * distance)
        case .gaussian: exp(lambda * distance * distance)
        }
    }
}
