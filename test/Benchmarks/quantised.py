#!/usr/bin/env python3
"""Products from the codes of quantised weights, beside words, PyTorch, ONNX Runtime and OpenVINO, in one run.

Each matrix is drawn as a checkpoint that UWT reads: symmetric INT4 with a scale for 128 columns
(compressed-tensors), MXFP4, NVFP4, FP8 with a scale for 128 x 128 (DeepSeek), INT8 with a scale a
row, NF4 (bitsandbytes), Q4_K and Q6_K (llama.cpp).
`codes` is `uwt run --bench` from it, `words` the same with `--raw`: bits are compared. `integers`, of
codes that are integers, is the same with `--arithmetic integer<8>`: other bits. Peers are those of
`uwt bench matmul --peers`, of each library that an interpreter is named for.

Usage: .venv/bin/python3 test/Benchmarks/quantised.py [--torch PYTHON] [--onnxruntime PYTHON] [--openvino PYTHON]
                                                      [--threads N] [-o docs/benchmarks/quantised.json]
"""

import argparse
import json
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHAPES = [(14336, 4096), (4096, 14336)]
ROWS = [1, 4, 16, 64]
INTEGERS = ("ct-int4-g128", "ct-int8")
NAME = "model.layers.0.mlp.up_proj"


def median_ms(call):
    """Of forty calls, after five."""
    times = []
    for _ in range(45):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return round(statistics.median(times[5:]) * 1e3, 3)


def of_peers(library, threads):
    """What `uwt bench matmul --peers` has of a library, in this interpreter."""
    sys.path.insert(0, str(ROOT / "tools" / "uwt" / "bench"))
    import python_peers

    rows = []
    for n, k in SHAPES:
        request = {"shape": [n, k], "copies": 1, "m": ROWS, "threads": threads, "group": 128}
        peers = [python_peers.linear_of_torch(request)] if library == "torch" else []
        peers += python_peers.peers_of_codes(request, [library])
        if not peers:
            sys.exit(f"{sys.executable} has no {library}")
        for peer in peers:
            rows += [[peer.name, n, k, m, median_ms(lambda: peer.multiply(m))] for m in ROWS]
    return rows


def write_safetensors(path, tensors):
    """Tensors as (dtype, array)."""
    header, offset = {}, 0
    for name, (dtype, array) in tensors.items():
        end = offset + array.nbytes
        header[f"{NAME}.{name}"] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, array in tensors.values():
            file.write(array.tobytes())


def draw_bf16(random, *shape):
    """Words of numbers around 0.01."""
    import numpy as np

    return ((random.random(shape) * 0.01 + 0.005).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def draw_gguf(folder, n, k):
    """A file for each type of ggml: type, bytes of a block of 256, where it has its f16."""
    import numpy as np

    random = np.random.default_rng(2)
    for kind, number, size, halves in (("Q4_K", 12, 144, (0, 2)), ("Q6_K", 14, 210, (208,))):
        blocks = random.integers(0, 256, (n * k // 256, size), dtype=np.uint8)
        for at in halves:
            scales = (random.random(len(blocks)) * 1e-4 + 1e-4).astype(np.float16)
            blocks[:, at : at + 2] = scales.view(np.uint8).reshape(-1, 2)
        name = f"{NAME}.weight".encode()
        header = struct.pack("<4sIQQ", b"GGUF", 3, 1, 0) + struct.pack("<Q", len(name)) + name
        header += struct.pack("<IQQIQ", 2, k, n, number, 0)
        path = folder / f"{kind}.gguf"
        path.write_bytes(header + bytes(-len(header) % 32) + blocks.tobytes())
        yield path


def draw_checkpoints(folder, n, k):
    """A folder for each kind, with the configuration of a checkpoint of the packer's."""
    import numpy as np

    random = np.random.default_rng(1)
    state = json.dumps({"shape": [n, k], "blocksize": 64, "quant_type": "nf4", "dtype": "bfloat16"})
    packed = random.integers(0, 2**32, (n, k // 8), dtype=np.uint32)
    bytes_ = random.integers(0, 256, (n, k), dtype=np.uint8)
    numbers = np.where(bytes_ % 128 == 127, 0, bytes_).astype(np.uint8)
    kinds = {
        "ct-int4-g128": {
            "weight_packed": ("I32", packed),
            "weight_scale": ("BF16", draw_bf16(random, n, k // 128)),
            "weight_shape": ("I64", np.array([n, k], dtype=np.int64)),
        },
        "ct-mxfp4": {
            "weight_packed": ("U8", packed.view(np.uint8)),
            "weight_scale": ("U8", random.integers(115, 122, (n, k // 32), dtype=np.uint8)),
        },
        "ct-nvfp4": {
            "weight_packed": ("U8", packed.view(np.uint8)),
            "weight_scale": ("F8_E4M3", random.integers(40, 80, (n, k // 16), dtype=np.uint8)),
            "weight_global_scale": ("F32", np.array([90], dtype=np.float32)),
        },
        "bnb-nf4": {
            "weight": ("U8", packed.view(np.uint8).reshape(-1, 1)),
            "weight.absmax": ("F32", random.random(n * k // 64, dtype=np.float32) * 0.01),
            "weight.quant_map": ("F32", np.sort(random.random(16, dtype=np.float32) * 2 - 1)),
            "weight.quant_state.bitsandbytes__nf4": ("U8", np.frombuffer(state.encode(), dtype=np.uint8)),
        },
        "ct-fp8-block": {
            "weight": ("F8_E4M3", numbers),
            "weight_scale": ("BF16", draw_bf16(random, -(-n // 128), k // 128)),
        },
        "ct-int8": {"weight": ("I8", bytes_), "weight_scale": ("BF16", draw_bf16(random, n, 1))},
    }
    for kind, tensors in kinds.items():
        own = folder / kind
        own.mkdir()
        config = (ROOT / "test" / "Import" / "golden" / kind / "config.json").read_text()
        if kind == "ct-fp8-block":
            block = json.loads(config)
            for group in block["quantization_config"]["config_groups"].values():
                group["weights"]["block_structure"] = [128, 128]
            config = json.dumps(block)
        (own / "config.json").write_text(config)
        write_safetensors(own / "model.safetensors", tensors)
        yield own
    yield from draw_gguf(folder, n, k)


def program(n, k, m):
    """A product with the weight, in MLIR."""
    return f"""func.func @main(%x: tensor<{m}x{k}xbf16>) -> tensor<{m}x{n}xbf16> {{
  %w = arith.constant dense_resource<{NAME}.weight> : tensor<{n}x{k}xbf16>
  %zero = arith.constant 0.0 : bf16
  %e = tensor.empty() : tensor<{m}x{n}xbf16>
  %i = linalg.fill ins(%zero : bf16) outs(%e : tensor<{m}x{n}xbf16>) -> tensor<{m}x{n}xbf16>
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
    affine_map<(m, n, k) -> (m, n)>] ins(%x, %w : tensor<{m}x{k}xbf16>, tensor<{n}x{k}xbf16>)
    outs(%i : tensor<{m}x{n}xbf16>) -> tensor<{m}x{n}xbf16>
  return %y : tensor<{m}x{n}xbf16>
}}
"""


def of_uwt(uwt, threads):
    """UWT's products, from codes and from words; their bits have to be the same."""
    rows = []
    for n, k in SHAPES:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for checkpoint in draw_checkpoints(folder, n, k):
                for m in ROWS:
                    (folder / "p.mlir").write_text(program(n, k, m))
                    ways = [("words", ["--raw"]), ("codes", [])]
                    if checkpoint.name in INTEGERS:
                        ways.append(("integers", ["--arithmetic", "integer<8>"]))
                    for how, options in ways:
                        command = [uwt, "run", folder / "p.mlir", "--weights", checkpoint, "--random-inputs"]
                        command += ["--bench", "40", "-T", str(threads), "-o", folder / f"{how}.safetensors"]
                        done = subprocess.run(
                            [*map(str, command), "-f", *options], check=True, capture_output=True, text=True
                        )
                        ms = float(done.stdout.split("median ")[1].split(" ms")[0])
                        rows.append([f"uwt {how} {checkpoint.name}", n, k, m, ms])
                    if (folder / "words.safetensors").read_bytes() != (folder / "codes.safetensors").read_bytes():
                        sys.exit(f"{checkpoint.name}, m {m}: codes and words give other bits")
    return rows


def main():
    """Runs what is there, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uwt", default=ROOT / "build" / "bin" / "uwt")
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter with torch")
    parser.add_argument("--onnxruntime", metavar="PYTHON", help="an interpreter with onnxruntime and onnx")
    parser.add_argument("--openvino", metavar="PYTHON", help="an interpreter with openvino")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", choices=["torch", "onnxruntime", "openvino"], help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", metavar="JSON")
    arguments = parser.parse_args()
    if arguments.peer:
        return print(json.dumps(of_peers(arguments.peer, arguments.threads)))
    rows = of_uwt(arguments.uwt, arguments.threads)
    for peer in ("torch", "onnxruntime", "openvino"):
        if python := getattr(arguments, peer):
            command = [python, __file__, "--peer", peer, "--threads", str(arguments.threads)]
            rows += json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print("ms a product" + "".join(f" {n}x{k} m={m}" for n, k in SHAPES for m in ROWS))
    for label in dict.fromkeys(row[0] for row in rows):
        times = {tuple(row[1:4]): row[4] for row in rows if row[0] == label}
        print(label, *(times[n, k, m] for n, k in SHAPES for m in ROWS))
    if arguments.output:
        from benchmark_report import processor

        report = {"processor": processor(), "threads": arguments.threads, "rows": rows}
        pathlib.Path(arguments.output).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
