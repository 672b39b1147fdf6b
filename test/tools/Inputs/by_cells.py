"""Copies a safetensors file of matrices, with their columns group by group.

    by_cells.py CHECKPOINT GROUPS FROM TO

CHECKPOINT has the tensor GROUPS, the group of each column. Tensors with other columns than that are copied as they are, and GROUPS is
left out.
"""

import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Integration"))

import safetensors_file as st  # noqa: E402


def read(path):
    """Name to dtype, shape and bytes."""
    data = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    return {
        name: (entry["dtype"], entry["shape"], data[8 + length :][slice(*entry["data_offsets"])])
        for name, entry in header.items()
    }


def main():
    checkpoint, name, source, target = sys.argv[1:]
    data = read(checkpoint)[name][2]
    groups = struct.unpack(f"<{len(data) // 4}i", data)
    order = sorted(range(len(groups)), key=groups.__getitem__)
    assert order != sorted(order)
    made = read(source)
    made.pop(name, None)
    for name, (dtype, shape, data) in made.items():
        if len(shape) != 2 or shape[1] != len(order):
            continue
        size = st.SIZES[dtype]
        elements = [data[at : at + size] for at in range(0, len(data), size)]
        rows = [elements[at : at + shape[1]] for at in range(0, len(elements), shape[1])]
        made[name] = dtype, shape, b"".join(row[column] for row in rows for column in order)
    st.write(target, made)


if __name__ == "__main__":
    main()
