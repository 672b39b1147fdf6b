"""A folder of `uwt compress` in vLLM, with nothing else to say:  python serve.py FOLDER"""

import sys

from vllm import LLM, SamplingParams

if __name__ == "__main__":
    engine = LLM(model=sys.argv[1], max_model_len=512)
    for output in engine.generate(["The capital of France is"], SamplingParams(temperature=0, max_tokens=16)):
        print(output.prompt + output.outputs[0].text)
