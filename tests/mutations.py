"""Seeded damage to files: bytes turned, cut, doubled and swapped, and numbers that are none, for the fuzz of the readers."""

import random
import re

NUMBERS = (
    b"nan",
    b"inf",
    b"-inf",
    b"1e308",
    b"-1e9",
    b"200",
    b"",
    b"abc",
    b"99999999999999999999",
    b"0",
    b"-1",
    b"1e-320",
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")


def mutated(whole: bytes, seed: int) -> bytes:
    """Return a file with one to four faults, the same ones for the same seed."""
    chance = random.Random(seed)
    data = whole
    for _ in range(chance.randint(1, 4)):
        kind = chance.choice(("number", "number", "flip", "cut", "double", "swap", "end"))
        at = chance.randrange(max(len(data), 1))
        length = chance.choice((1, 2, 8, 64, 512))
        piece = data[at : at + length]
        if kind == "number" and (places := list(_NUMBER.finditer(data))):
            place = chance.choice(places)
            data = data[: place.start()] + chance.choice(NUMBERS) + data[place.end() :]
        elif kind == "flip":
            data = (
                data[:at] + bytes(byte ^ (1 << chance.randrange(8)) for byte in piece[:4]) + data[at + len(piece[:4]) :]
            )
        elif kind == "cut":
            data = data[:at] + data[at + length :]
        elif kind == "double":
            data = data[:at] + piece + data[at:]
        elif kind == "swap":
            other = chance.randrange(max(len(data), 1))
            data = data[:at] + data[other : other + length] + data[at + length :]
        else:
            data = data[: max(1, at)] if chance.random() < 0.2 else data
    return data
