"""A model there and back:  python compress.py model.safetensors"""

import pathlib
import sys
import tempfile

import uwt

source = pathlib.Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    small, again = pathlib.Path(folder, "model.uwt.safetensors"), pathlib.Path(folder, "model.safetensors")
    report = uwt.compress(source, small, progress=True)
    print(f"{report.output_bytes / report.input_bytes:.1%} of {report.input_bytes / 1e6:.1f} MB")
    for tensor in uwt.inspect(small).tensors[:5]:
        print(f"{tensor.name}: {tensor.dtype} {tensor.shape}, {tensor.bits_per_element:.2f} bits, {tensor.format}")
    print("damage:", uwt.verify(small) or "none")
    uwt.decompress(small, again)
    print("the same bytes:", again.read_bytes() == source.read_bytes())
