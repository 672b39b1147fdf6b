"""Replaces NAME: "normal SEED ROWS COLUMNS" in a module's resources by a matrix of normal
distributed bf16 numbers, and "noise ..." by one of random bits.

    make_constants.py IN.mlir OUT.mlir
"""

import random
import re
import struct
import sys


def bits(kind, rng):
    if kind == "noise":
        return rng.getrandbits(16).to_bytes(2, "little")
    return struct.pack("<f", rng.gauss(0, 0.02))[2:]


def replace(match):
    kind, seed, rows, columns = match.group(1).split()
    rng = random.Random(int(seed))
    data = b"".join(bits(kind, rng) for _ in range(int(rows) * int(columns)))
    return '"0x04000000' + data.hex() + '"'


def main(source, target):
    with open(source) as file:
        text = file.read()
    with open(target, "w") as file:
        file.write(re.sub(r'"((?:normal|noise) [0-9 ]+)"', replace, text))


if __name__ == "__main__":
    main(*sys.argv[1:])
