"""A language model in vLLM on CPUs: its own BF16 beside weights that stay compressed, in turns, one process each.

    PYTHON test/Benchmarks/vllm_models.py FOLDER [--samples N] [--out FILE]

FOLDER is a model of transformers in BF16, compressed to FOLDER-uwt where that is missing. PYTHON has vLLM and UWT
(docs/python.md). Gives tokens a second of so many sequences at a time, and memory of the process beside that of the loaded
packages, with a gigabyte for keys and values; the peak is of loading.
"""

import argparse
import os
import sys
import time

from torch_models import keep, measure, memory, table

os.environ.update(HF_HUB_OFFLINE="1", VLLM_CPU_KVCACHE_SPACE="1", VLLM_NO_USAGE_STATS="1")
# One process an engine: what it has in memory is what the system says.
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
# What each process runs: options of uwt.vllm, None for the plain folder.
VARIANTS = {
    "BF16 by vLLM": None,
    "UWT, raw": {"format": "raw"},
    "UWT, inplace<12>": {"format": "inplace<12>"},
    "UWT, exact=decode": {"exact": "decode"},
}
SEQUENCES, PROMPT, TOKENS, PREFILL = (1, 4, 16), 16, 16, 512


def generate(engine, sequences, prompt, tokens):
    """Seconds of a call."""
    from vllm import SamplingParams

    parameters = SamplingParams(temperature=0, max_tokens=tokens, ignore_eos=True, detokenize=False)
    # Other prompts each time: vLLM keeps what it has computed of earlier ones.
    generate.calls += 1
    prompts = [
        {"prompt_token_ids": [(generate.calls * 131 + i * 17 + j) % 1000 + 5 for j in range(prompt)]}
        for i in range(sequences)
    ]
    begin = time.perf_counter()
    engine.generate(prompts, parameters, use_tqdm=False)
    return time.perf_counter() - begin


generate.calls = 0


def work(folder, options, pipe):
    """Loads a model, then measures what it is asked for."""
    from vllm import LLM

    extra = {}
    if options is not None:
        folder, extra = f"{folder}-uwt", {"additional_config": {"uwt": options}}
    before, begin = memory("VmRSS"), time.perf_counter()
    engine = LLM(
        model=folder, dtype="bfloat16", max_model_len=1024, max_num_seqs=max(SEQUENCES), enforce_eager=True,
        skip_tokenizer_init=True, enable_prefix_caching=False, **extra,
    )  # fmt: skip
    pipe.send({"load_seconds": time.perf_counter() - begin, "before": before, "peak": memory("VmHWM")})
    while (task := pipe.recv()) is not None:
        if task == "prefill":
            pipe.send(generate(engine, 1, PREFILL, 1))
        else:
            # Of the steps after the first one.
            pipe.send(generate(engine, task, PROMPT, TOKENS + 1) - generate(engine, task, PROMPT, 1))
    pipe.send({"end": memory("VmRSS")})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="a model folder in BF16")
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--out", help="a JSON file that gains the results, by the model's name")
    arguments = parser.parse_args()
    folder = arguments.folder.rstrip("/")
    tokens = {**{m: m * TOKENS for m in SEQUENCES}, "prefill": PREFILL}
    results = measure(folder, arguments.samples, VARIANTS, tokens, work)
    print(table(results, tokens))
    if arguments.out:
        keep(results, os.path.basename(folder), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
