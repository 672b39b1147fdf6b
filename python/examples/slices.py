"""What each of four ranks reads of a compressed matrix:  python slices.py model.uwt.safetensors NAME"""

import sys

import numpy as np

import uwt
from uwt.safetensors import safe_open

path, name = sys.argv[1:]
parts = [uwt.slice(path, name, rank=(rank, 4)) for rank in range(4)]
print("rows of each rank:", [part.shape for part in parts])
with safe_open(path, "np") as file:
    rows = file.get_slice(name)[0:2]  # decodes the one panel of 64 rows that holds them
    whole = file.get_tensor(name)
print("two rows:", rows.shape, "equal to those of the whole:", np.array_equal(rows, whole[0:2]))
print("the ranks have all of it:", np.array_equal(np.concatenate(parts), whole))
