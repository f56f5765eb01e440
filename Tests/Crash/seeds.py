"""The seeds of this run, which its header prints, and the figures that it ends with."""

import os
import random


def seed(name):
    return int(os.environ.get(name, random.randrange(2**32)))


CRASH, FAULT, CUT = map(seed, ["QUIVER_CRASH_SEED", "QUIVER_FAULT_SEED", "QUIVER_CUT_SEED"])

figures = []


def note(text):
    figures.append(text)
    print(text, flush=True)
