"""Flips one bit: flip_bit.py FILE OFFSET (negative: from the end) [BIT]."""

import sys

path, offset = sys.argv[1], int(sys.argv[2])
bit = int(sys.argv[3]) if len(sys.argv) > 3 else 0
with open(path, "rb") as file:
    data = bytearray(file.read())
data[offset] ^= 1 << bit
with open(path, "wb") as file:
    file.write(data)
