"""torch.compile(backend="uwt") beside eager PyTorch and Inductor: passes of a language model, in turns in one process.

    PYTHON test/Benchmarks/torch_backend.py FOLDER [--samples N] [--tokens N ...] [--out FILE]

FOLDER is a model of transformers in BF16, or `random`: a Llama of two layers and 15 million weights. PYTHON has torch,
torch-mlir, transformers, UWT and uwt-compiler (docs/python.md). Gives the milliseconds of a pass without cache, the least
of all turns, and the seconds that the first one took. No caches of compiled code are used.
"""

import argparse
import copy
import os
import pathlib
import sys
import tempfile
import time

from torch_models import keep

os.environ["HF_HUB_OFFLINE"] = "1"
# Whether weights are compressed, and the backend.
VARIANTS = {
    "dense, eager": (False, None),
    "dense, Inductor": (False, "inductor"),
    "dense, UWT": (False, "uwt"),
    "compressed, eager": (True, None),
    "compressed, Inductor": (True, "inductor"),
    "compressed, UWT": (True, "uwt"),
}


def load(folder):
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

    if folder != "random":
        return AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    torch.manual_seed(1)
    config = LlamaConfig(
        hidden_size=512, intermediate_size=1536, num_hidden_layers=2, num_attention_heads=8, num_key_value_heads=4,
        vocab_size=8192,
    )  # fmt: skip
    return LlamaForCausalLM(config).to(torch.bfloat16).eval()


def compile_with(model, backend):
    import torch
    import uwt.torch

    if backend is None:
        return model
    return torch.compile(model, backend=uwt.torch.backend if backend == "uwt" else backend, dynamic=False)


def time_pass(model, ids):
    begin = time.perf_counter()
    model(ids, use_cache=False, logits_to_keep=1)
    return time.perf_counter() - begin


def measure(models, counts, samples):
    """For each variant and number of tokens the seconds of the first pass and of the fastest one."""
    import torch

    inputs = {count: torch.arange(count)[None] for count in counts}
    first = {name: {n: time_pass(model, ids) for n, ids in inputs.items()} for name, model in models.items()}
    least = {name: dict.fromkeys(inputs, float("inf")) for name in models}
    for _ in range(samples):
        for n, ids in inputs.items():
            for name, model in models.items():
                least[name][n] = min(least[name][n], time_pass(model, ids))
    return {name: {"first_seconds": first[name], "seconds": least[name]} for name in models}


def table(results, counts):
    titles = [f"{n} tokens, ms (first, s)" for n in counts]
    lines = ["| weights, backend | " + " | ".join(titles) + " |", "| --- |" + " ---: |" * len(titles)]
    for name, result in results.items():
        cells = [f"{1e3 * result['seconds'][n]:.1f} ({result['first_seconds'][n]:.1f})" for n in counts]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="a model folder in BF16, or random")
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--tokens", type=int, nargs="+", default=[1, 16, 128])
    parser.add_argument("--out", help="a JSON file that gains the results, by the model's name")
    arguments = parser.parse_args()
    scratch = tempfile.TemporaryDirectory()
    os.environ["UWT_CACHE"], os.environ["TORCHINDUCTOR_CACHE_DIR"] = "none", scratch.name
    import torch
    import uwt.torch

    # Code of all variants is kept with the one function that they share.
    torch._dynamo.config.recompile_limit = 8 * len(VARIANTS)
    dense = load(arguments.folder)
    compressed = copy.deepcopy(dense)
    uwt.torch.compress_(compressed)
    with scratch, torch.inference_mode():
        models = {
            name: compile_with(compressed if is_compressed else dense, backend)
            for name, (is_compressed, backend) in VARIANTS.items()
        }
        results = measure(models, arguments.tokens, arguments.samples)
    for reason in uwt.torch.backend_reasons():
        print(f"by PyTorch: {reason}")
    print(table(results, arguments.tokens))
    if arguments.out:
        keep(results, pathlib.Path(arguments.folder).name, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
