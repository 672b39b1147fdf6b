"""Makes small files of kinds that are not safetensors, gives each to every command that reads
models, and prints the error once. Ends with 1 where two commands do not say the same, or where
one ends with another exit code than 3.

    foreign_files.py FOLDER
"""

import gzip
import io
import pathlib
import pickle
import subprocess
import sys
import tarfile
import zipfile

import numpy


def zip_of(*names):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, b"\x80\x02.")
    return data.getvalue()


def tar_of(name):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return data.getvalue()


def numpy_of(save, *arrays):
    data = io.BytesIO()
    save(data, *arrays)
    return data.getvalue()


# What torch.save wrote first before version 1.6.
OLD_TORCH = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)

FILES = {
    "array.npy": numpy_of(numpy.save, numpy.zeros(3)),
    "arrays.npz": numpy_of(numpy.savez, numpy.zeros(3)),
    "config.json": b'{"model_type": "llama"}\n',
    "git-lfs.safetensors": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    "graph.tflite": b"\x1c\0\0\0TFL3" + bytes(60),
    "keras.h5": b"\x89HDF\r\n\x1a\n" + bytes(60),
    "keras.keras": zip_of("metadata.json", "config.json", "model.weights.h5"),
    "kernels.uwtpack": b"UWTPACK\0" + bytes(60),
    "login.safetensors": b"\n<!doctype html>\n<html><body>Log in</body></html>\n",
    "model.gguf": b"GGUF\x03\0\0\0" + bytes(60),
    "model.mlirbc": b"ML\xefR" + bytes(60),
    "model.onnx": b"\x08\x08\x12\x07pytorch\x1a\x052.9.0" + bytes(60),
    "model.pt": zip_of("model/data.pkl", "model/data/0"),
    "model.safetensors.gz": gzip.compress(bytes(2**20), mtime=0),
    "model.safetensors.index.json": b'{"metadata": {}, "weight_map": {"a": "b"}}\n',
    "model.tar": tar_of("model.safetensors"),
    "model.zip": zip_of("model.safetensors"),
    "objects.pkl": pickle.dumps({"a": 1}),
    "old.bin": OLD_TORCH + bytes(60),
    "saved_model.pb": b"\x08\x01\x12\x90\x7f" + bytes(60),
    "weights.index": bytes(40) + bytes.fromhex("57fb808b247547db"),
    "weights.zst": b"\x28\xb5\x2f\xfd" + bytes(60),
}

COMMANDS = [
    ["inspect", "IN"],
    ["compress", "IN"],
    ["compress", "IN", "-o", "never.uwt.safetensors"],
    ["compress", "IN", "--dry-run"],
    ["decompress", "IN"],
    ["verify", "IN"],
    ["verify", "model.safetensors", "--against", "IN"],
    ["slice", "IN", "--tensor", "a", "-o", "never.safetensors"],
    ["emit-ir", "IN", "--layers", "a"],
]

# Commands that take a file, though it is no safetensors.
TAKEN_BY = {
    "kernels.uwtpack": ("inspect",),
    "model.gguf": ("inspect", "slice", "emit-ir"),
    "model.onnx": ("inspect", "slice", "emit-ir"),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    failed = False
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
        messages = {}
        for command in COMMANDS:
            if command[0] in TAKEN_BY.get(name, ()):
                continue
            words = ["uwt"] + [name if word == "IN" else word for word in command]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
            messages.setdefault((done.returncode, done.stderr), []).append(" ".join(command))
        print(next(iter(messages))[1], end="")
        if len(messages) > 1 or next(iter(messages))[0] != 3:
            failed = True
            print(f"not the same, or not exit code 3: {messages}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
