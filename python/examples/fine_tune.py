"""A fine-tune in the bits of what it changed:  python fine_tune.py BASE.safetensors TUNED.safetensors"""

import pathlib
import sys
import tempfile

import uwt

base, tuned = map(pathlib.Path, sys.argv[1:])
with tempfile.TemporaryDirectory() as folder:
    alone, against, again = (pathlib.Path(folder, f"{name}.safetensors") for name in ("alone.uwt", "against.uwt", "again"))
    sizes = [uwt.compress(tuned, alone).output_bytes, uwt.compress(tuned, against, base=base).output_bytes]
    print("bytes alone and against the base:", sizes)
    uwt.decompress(against, again, base=base)
    print("the same bytes:", again.read_bytes() == tuned.read_bytes())
