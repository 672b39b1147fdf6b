"""Runs vLLM on folders, one after another, and prints what each generates as a line of JSON.

    PYTHON vllm_engine.py JOBS

JOBS is a list of [FOLDER, OPTIONS] in JSON. OPTIONS are arguments of vllm.LLM, and `adapter`, a folder of LoRA weights, `reload`: a folder whose weights are loaded
before anything is generated, `load_only`: nothing is, and `gpu`: weights are held as a GPU's are, whose place the CPU takes
(device_stand_in). Gives the tokens and log-probabilities of each prompt. Engines of one
rank are in this process, others have theirs. The tests of uwt.vllm use it.
"""

import gc
import json
import os
import sys

os.environ.update(HF_HUB_OFFLINE="1", VLLM_CPU_KVCACHE_SPACE="1", VLLM_NO_USAGE_STATS="1")
PROMPTS = [[1, 5, 9, 40, 7], [2, 3] * 12, [11]]


def generate(folder, options):
    from vllm import LLM, SamplingParams
    from vllm.lora.request import LoRARequest

    adapter, reload = options.pop("adapter", None), options.pop("reload", None)
    load_only, _ = options.pop("load_only", False), options.pop("gpu", None)
    usual = {"dtype": "bfloat16", "max_model_len": 128, "max_num_seqs": 4, "enforce_eager": True, "skip_tokenizer_init": True}
    if adapter:
        usual |= {"enable_lora": True, "max_lora_rank": 8}
    engine = LLM(model=folder, **usual | options)
    if load_only:
        return
    if reload:
        engine.collective_rpc("reload_weights", kwargs={"weights_path": reload})
    parameters = SamplingParams(temperature=0, max_tokens=8, logprobs=1, detokenize=False)
    request = LoRARequest("adapter", 1, adapter) if adapter else None
    for output in engine.generate([{"prompt_token_ids": each} for each in PROMPTS], parameters, lora_request=request):
        generated = output.outputs[0]
        chances = [step[token].logprob for token, step in zip(generated.token_ids, generated.logprobs)]
        yield list(generated.token_ids), chances


def main():
    jobs = json.loads(sys.argv[1])
    ranks = ("tensor_parallel_size", "pipeline_parallel_size")
    if all(options.get(each, 1) == 1 for _, options in jobs for each in ranks):
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    else:
        # Ranks need no NUMA node each.
        os.environ |= {"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1"}
    from vllm.distributed import cleanup_dist_env_and_memory

    if any(options.get("gpu") for _, options in jobs):
        import device_stand_in

        device_stand_in.install_for_vllm()
    for folder, options in jobs:
        print("generated " + json.dumps(list(generate(folder, options))), flush=True)
        gc.collect()
        cleanup_dist_env_and_memory()


if __name__ == "__main__":
    main()
