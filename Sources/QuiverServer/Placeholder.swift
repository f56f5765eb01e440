enum QuiverServerPlaceholder {}
import Hummingbird
