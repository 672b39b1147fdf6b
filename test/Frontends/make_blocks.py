#!/usr/bin/env python3
"""Remakes the model blocks of test/Integration/frontends/models (test/Integration/model_blocks.py).

    .venv-frontends/bin/python test/Frontends/make_blocks.py [NAME...]

Each is a tiny model of transformers of one layer, exported as tools/export/from_torch.py
does, with drawn weights, and PyTorch's results for drawn inputs. With the versions of
tools/export/requirements-torch.txt the files come out the same.
"""

import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "export"), str(ROOT / "test" / "Integration")]

import model_blocks
import tiny_models
import torch
import transformers
from huggingface import load_model
from model_functions import Sizes, trace_model
from safetensors.torch import load_file, save_file
from torch.nn.functional import pad
from torch_lowering import lower

# What is exported of each model.
FIXED = Sizes(batch=1, length=5, cache_length=None, all_logits=True, mask=False)
STEPS = Sizes(batch=1, length=None, cache_length=12, all_logits=False, mask=False)
TEXTS = Sizes(batch=2, length=6, cache_length=None, all_logits=True, mask=True)
BLOCKS = {
    "llama": STEPS,
    "mistral": FIXED,
    "qwen2": FIXED,
    "qwen3": FIXED,
    "phi": FIXED,
    "gemma": FIXED,
    "gpt2": FIXED,
    "mixtral": FIXED,
    "bert": TEXTS,
    "vit": FIXED,
    "clip": FIXED,
    "whisper": STEPS,
}


def make_block(name, sizes, folder):
    """Writes both files of a block."""
    tiny_models.make_model(name).save_pretrained(folder)
    path = folder / "model.safetensors"
    stored = {key: ("BF16", list(tensor.shape)) for key, tensor in load_file(path).items()}
    model_blocks.write_weights(path, stored)
    lowered = lower(trace_model(*load_model(folder), sizes))
    kind = getattr(transformers, tiny_models.class_name(name))
    model = kind.from_pretrained(folder, dtype="auto", attn_implementation="eager").eval()
    torch.manual_seed(0)
    with torch.no_grad():
        calls = CALLS.get(name, call_logits)(model, sizes)
    tensors = {
        f"{function}.{label}{index}": value.contiguous().clone()
        for function, (arguments, results) in calls.items()
        for label, values in (("arg", arguments), ("out", results))
        for index, value in enumerate(values)
    }
    (model_blocks.FOLDER / f"{name}.mlir").write_text(lowered.text)
    save_file(tensors, model_blocks.FOLDER / f"{name}.io.safetensors")
    print(f"{name}: {len(lowered.text)} bytes of IR, {len(lowered.weights)} weights")


# Arguments and results of each function, by the model's own interface.


def draw_tokens(*shape):
    """Tokens that stand for nothing else."""
    return torch.randint(4, tiny_models.VOCABULARY, shape)


def layers(cache, length=None):
    """Keys and values of a cache, with zeros up to `length` tokens."""
    tensors = [tensor for layer in cache.layers for tensor in (layer.keys, layer.values)]
    return [pad(tensor, (0, 0, 0, length - tensor.shape[2])) if length else tensor for tensor in tensors]


def call_logits(model, sizes):
    """All logits of a fixed prompt."""
    tokens = draw_tokens(sizes.batch, sizes.length)
    return {"main": ([tokens], [model(tokens).logits])}


def call_steps(model, sizes):
    """A prompt and a step."""
    tokens, length = draw_tokens(1, 6), sizes.cache_length
    prompt, step = model(tokens[:, :5], use_cache=True), model(tokens, use_cache=True)
    before, after = layers(prompt.past_key_values, length), layers(step.past_key_values, length)
    return {
        "prefill": ([tokens[:, :5]], [prompt.logits[:, -1:], *before]),
        "decode": ([tokens[:, 5:], torch.tensor(5), *before], [step.logits[:, -1:], *after]),
    }


def call_texts(model, sizes):
    """States and pooled states of texts of unequal lengths."""
    tokens = draw_tokens(sizes.batch, sizes.length)
    mask = torch.ones_like(tokens)
    mask[1, -2:] = 0
    results = model(tokens, attention_mask=mask)
    return {"main": ([tokens, mask], [results.last_hidden_state, results.pooler_output])}


def call_image(model, sizes):
    """Logits of an image."""
    pixels = torch.randn(1, 3, 32, 32).bfloat16()
    return {"main": ([pixels], [model(pixels).logits])}


def call_features(model, sizes):
    """Features of a text and an image."""
    tokens, pixels = draw_tokens(1, sizes.length), torch.randn(1, 3, 32, 32).bfloat16()
    return {
        "text": ([tokens], [model.get_text_features(tokens).pooler_output]),
        "image": ([pixels], [model.get_image_features(pixels).pooler_output]),
    }


def call_speech(model, sizes):
    """The encoder, a prompt and a step."""
    sound, tokens = torch.randn(1, 16, 64).bfloat16(), draw_tokens(1, 6)
    states = model.get_encoder()(sound).last_hidden_state

    def run(tokens):
        results = model(encoder_outputs=(states,), decoder_input_ids=tokens, use_cache=True)
        cache = results.past_key_values
        own = layers(cache.self_attention_cache, sizes.cache_length)
        return results.logits[:, -1:], own, layers(cache.cross_attention_cache)

    logits, before, source = run(tokens[:, :5])
    next_logits, after, _ = run(tokens)
    return {
        "encode": ([sound], [states]),
        "prefill": ([tokens[:, :5], states], [logits, *before, *source]),
        "decode": ([tokens[:, 5:], torch.tensor(5), *before, *source], [next_logits, *after]),
    }


CALLS = {
    "llama": call_steps,
    "bert": call_texts,
    "vit": call_image,
    "clip": call_features,
    "whisper": call_speech,
}


def main():
    """The script."""
    transformers.utils.logging.disable_progress_bar()
    for name in sys.argv[1:] or BLOCKS:
        with tempfile.TemporaryDirectory() as folder:
            make_block(name, BLOCKS[name], pathlib.Path(folder))


if __name__ == "__main__":
    main()
