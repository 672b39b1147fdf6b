"""Model folders of transformers: exported, compressed, compiled and run, beside PyTorch."""

import json
import os

import pytest
import tiny_models
import torch
from program import Program
from safetensors.torch import save_file

CACHE = 24


def prepare(run_exporter, uwt, library, folder, model, *options):
    """Saves a model, compresses and exports its folder, and compiles the module."""
    source, module = folder / "model", folder / "model.mlir"
    model.save_pretrained(source)
    uwt("compress", source, "-q")
    code, _, errors = run_exporter("from_torch", "--hf", source, "-o", module, *options)
    assert code == 0, errors
    assert "tm_tensor" not in module.read_text()
    model.set_attn_implementation("eager")
    return Program(library, module, folder / "model-uwt")


def error_of(result, expected):
    """The relative error in the L2 norm."""
    assert result.shape == expected.shape and result.dtype == expected.dtype
    return ((result.double() - expected.double()).norm() / expected.double().norm()).item()


def decode_all(program, tokens, prompt):
    """Logits behind the prompt and behind each later token, by the cache."""
    logits, *cache = program("prefill", tokens[:, :prompt])
    results = [logits]
    for place in range(prompt, tokens.shape[1]):
        logits, *cache = program("decode", tokens[:, place : place + 1], torch.tensor(place), *cache)
        results.append(logits)
    return torch.cat(results, 1)


def greedy(program, tokens, count):
    """The likeliest next tokens, by a loop over the compiled step."""
    logits, *cache = program("prefill", tokens)
    chosen = []
    for place in range(tokens.shape[1], tokens.shape[1] + count):
        chosen.append(logits[:, -1].argmax(-1, keepdim=True))
        logits, *cache = program("decode", chosen[-1], torch.tensor(place), *cache)
    return torch.cat(chosen, 1)


@pytest.mark.parametrize("name", tiny_models.DECODERS)
def test_decoder(run_exporter, uwt, library, tmp_path, name):
    """Prompts of any length, steps by the cache, and greedy tokens are PyTorch's."""
    model = tiny_models.make_model(name, layers=2)
    program = prepare(run_exporter, uwt, library, tmp_path, model, "--cache-length", CACHE)
    torch.manual_seed(1)
    tokens = torch.randint(3, tiny_models.VOCABULARY, (1, 16))
    with torch.no_grad():
        expected = model(tokens).logits
    # Sliding windows of 8 tokens are behind before the end.
    steps = decode_all(program, tokens, 5)
    assert error_of(steps, expected[:, 4:]) < 0.015
    for length in (1, 16):
        (logits, *_) = program("prefill", tokens[:, :length])
        assert error_of(logits, expected[:, length - 1 : length]) < 0.015
    assert error_of(steps[:, -1:], logits) < 0.01
    generated = model.generate(tokens[:, :5], max_new_tokens=8, do_sample=False, eos_token_id=None)
    assert torch.equal(greedy(program, tokens[:, :5], 8), generated[:, 5:])


@pytest.mark.parametrize(("dtype", "within"), [(torch.float32, 1e-5), (torch.float16, 2e-3)])
def test_element_types(run_exporter, uwt, library, tmp_path, dtype, within):
    """F32 and F16 models."""
    model = tiny_models.make_model("llama", dtype=dtype)
    program = prepare(run_exporter, uwt, library, tmp_path, model, "--cache-length", CACHE)
    tokens = torch.randint(3, tiny_models.VOCABULARY, (1, 9))
    with torch.no_grad():
        expected = model(tokens).logits
    assert error_of(decode_all(program, tokens, 4), expected[:, 3:]) < within


def test_batch_with_padding(run_exporter, uwt, library, tmp_path):
    """A batch of any size whose prompts are padded on the left, with positions that do not count it."""
    model = tiny_models.make_model("gpt2")
    options = ("--cache-length", CACHE, "--batch", "?", "--mask")
    program = prepare(run_exporter, uwt, library, tmp_path, model, *options)
    tokens = torch.randint(3, tiny_models.VOCABULARY, (3, 6))
    mask = torch.ones(3, CACHE, dtype=torch.int64)
    mask[0, :2] = mask[2, :4] = 0
    tokens[mask[:, :6] == 0] = 0
    logits, *cache = program("prefill", tokens, mask[:, :6])
    chosen = []
    for place in range(6, 10):
        chosen.append(logits[:, -1].argmax(-1, keepdim=True))
        logits, *cache = program("decode", chosen[-1], torch.tensor(place), mask, *cache)
    options = {"max_new_tokens": 4, "do_sample": False, "eos_token_id": None}
    generated = model.generate(tokens, attention_mask=mask[:, :6], **options)
    assert torch.equal(torch.cat(chosen, 1), generated[:, 6:])


def test_all_logits_without_a_cache(run_exporter, uwt, library, tmp_path):
    """One function, of fixed sizes."""
    model = tiny_models.make_model("qwen2")
    options = ("--no-cache", "--batch", 2, "--length", 6)
    program = prepare(run_exporter, uwt, library, tmp_path, model, *options)
    tokens = torch.randint(3, tiny_models.VOCABULARY, (2, 6))
    with torch.no_grad():
        expected = model(tokens).logits
    (logits,) = program("main", tokens)
    assert error_of(logits, expected) < 0.015


def test_weights_rounded_by_compress(run_exporter, uwt, library, tmp_path):
    """--cast bf16 goes with a folder that was compressed so."""
    model = tiny_models.make_model("llama", dtype=torch.float32)
    source, module = tmp_path / "model", tmp_path / "model.mlir"
    model.save_pretrained(source)
    uwt("compress", source, "--cast", "bf16", "--cast-vectors", "-q")
    code, _, errors = run_exporter(
        "from_torch", "--hf", source, "-o", module, "--cast", "bf16", "--no-cache", "--length", 5
    )
    assert code == 0, errors
    program = Program(library, module, tmp_path / "model-uwt")
    tokens = torch.randint(3, tiny_models.VOCABULARY, (1, 5))
    with torch.no_grad():
        expected = model.to(torch.bfloat16)(tokens).logits
    (logits,) = program("main", tokens)
    assert error_of(logits, expected) < 0.015


def test_text_encoder(run_exporter, uwt, library, tmp_path):
    """BERT, with a mask and any number of texts of any length."""
    model = tiny_models.make_model("bert", layers=2)
    program = prepare(run_exporter, uwt, library, tmp_path, model, "--mask", "--batch", "?")
    for batch, length in ((1, 3), (3, 8)):
        tokens = torch.randint(3, tiny_models.VOCABULARY, (batch, length))
        mask = torch.ones(batch, length, dtype=torch.int64)
        mask[:, -1] = 0
        with torch.no_grad():
            expected = model(tokens, attention_mask=mask)
        states, pooled = program("main", tokens, mask)
        assert error_of(states[:, :-1], expected.last_hidden_state[:, :-1]) < 0.015
        assert error_of(pooled, expected.pooler_output) < 0.015


def test_image_classifier(run_exporter, uwt, library, tmp_path):
    """ViT."""
    model = tiny_models.make_model("vit", layers=2)
    program = prepare(run_exporter, uwt, library, tmp_path, model)
    pixels = torch.randn(1, 3, 32, 32).bfloat16()
    with torch.no_grad():
        expected = model(pixels).logits
    (logits,) = program("main", pixels)
    assert error_of(logits, expected) < 0.015


def test_texts_and_images(run_exporter, uwt, library, tmp_path):
    """CLIP, with any number of texts and images."""
    model = tiny_models.make_model("clip")
    program = prepare(run_exporter, uwt, library, tmp_path, model, "--batch", "?")
    for batch in (1, 3):
        pixels = torch.randn(batch, 3, 32, 32).bfloat16()
        tokens = torch.randint(3, tiny_models.VOCABULARY, (batch, 9))
        with torch.no_grad():
            image = model.get_image_features(pixels).pooler_output
            text = model.get_text_features(tokens).pooler_output
        assert error_of(program("image", pixels)[0], image) < 0.015
        assert error_of(program("text", tokens)[0], text) < 0.015


def test_speech(run_exporter, uwt, library, tmp_path):
    """Whisper: the encoder, a prompt, and steps by both caches."""
    model = tiny_models.make_model("whisper", layers=2)
    program = prepare(run_exporter, uwt, library, tmp_path, model, "--cache-length", CACHE)
    features = torch.randn(1, 16, 64).bfloat16()
    tokens = torch.randint(4, tiny_models.VOCABULARY, (1, 10))
    with torch.no_grad():
        expected = model(input_features=features, decoder_input_ids=tokens).logits
    (states,) = program("encode", features)
    logits, *cache = program("prefill", tokens[:, :4], states)
    own, source = cache[:4], cache[4:]
    results = [logits]
    for place in range(4, 10):
        logits, *own = program("decode", tokens[:, place : place + 1], torch.tensor(place), *own, *source)
        results.append(logits)
    assert error_of(torch.cat(results, 1), expected[:, 3:]) < 0.015


def words(codes):
    """Codes of 4 bits along the first dimension, eight a word, the first one lowest."""
    eights = codes.reshape(-1, 8, codes.shape[1]).to(torch.int64) << (4 * torch.arange(8))[:, None]
    return eights.sum(1).to(torch.int32)


def gptq_tensors(weight, size=32):
    """A weight rounded to 4 bits as GPTQ stores it (gptq_v2), and what that means."""
    cells = weight.float().reshape(weight.shape[0], -1, size)
    low, high = cells.amin(2, keepdim=True), cells.amax(2, keepdim=True)
    scales = ((high - low) / 15).half()
    zeros = (-low / scales.float()).round().clamp(0, 15)
    codes = ((cells / scales.float()).round() + zeros).clamp(0, 15)
    meaning = ((codes - zeros) * scales.float()).reshape(weight.shape).to(weight.dtype)
    grid = {"qzeros": words(zeros[:, :, 0]).T.contiguous(), "scales": scales[:, :, 0].T.contiguous()}
    return {"qweight": words(codes.reshape(weight.shape).T), **grid}, meaning


def quantize(model):
    """Rounds the matrices of a model's layers; returns the tensors of a GPTQ checkpoint."""
    tensors = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.endswith("_proj.weight"):
                tensors[name] = parameter.detach().clone()
                continue
            stored, parameter[:] = gptq_tensors(parameter)
            tensors |= {name.removesuffix("weight") + key: value for key, value in stored.items()}
    return tensors


def test_quantized_checkpoint(run_exporter, uwt, library, tmp_path, monkeypatch):
    """From a GPTQ folder, packed or compressed, the logits are those of the weights that it stands for, bit for bit."""
    monkeypatch.setenv("PATH", str(uwt.binary.parent), prepend=os.pathsep)
    model = tiny_models.make_model("llama", layers=2)
    tensors = quantize(model)
    program = prepare(run_exporter, uwt, library, tmp_path, model, "--cache-length", CACHE)
    folder, module = tmp_path / "gptq", tmp_path / "gptq.mlir"
    model.config.quantization_config = {"quant_method": "gptq", "bits": 4, "group_size": 32, "checkpoint_format": "gptq_v2"}
    model.config.save_pretrained(folder)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    code, _, errors = run_exporter("from_torch", "--hf", folder, "-o", module, "--cache-length", CACHE)
    assert code == 0, errors
    uwt("compress", folder, "-q")
    tokens = torch.randint(3, tiny_models.VOCABULARY, (1, 9))
    expected = decode_all(program, tokens, 4)
    for weights in (folder, tmp_path / "gptq-uwt"):
        assert torch.equal(decode_all(Program(library, module, weights), tokens, 4), expected)


def test_folders_that_cannot_be_exported(run_exporter, uwt, tmp_path, monkeypatch):
    """One line says what is wrong with a folder."""
    model, folder = tiny_models.make_model("llama"), tmp_path / "model"
    module = tmp_path / "model.mlir"

    def fails(expected, *options):
        code, _, errors = run_exporter("from_torch", "--hf", folder, "-o", module, *options)
        assert code == 1
        assert errors == f"from_torch.py: error: {expected}\n"
        assert not module.exists()

    fails(f"{folder}: expected a model folder with a config.json")
    model.config.save_pretrained(folder)
    fails(f"{folder}: has no .safetensors files; save the model with save_pretrained()")
    model.save_pretrained(folder)
    uwt("compress", folder, "--keep-config", "-q")
    original, folder = folder, tmp_path / "model-uwt"
    fails(f"{folder}: is compressed; give the original, which 'uwt decompress' gives back")
    folder = original
    state = {name: tensor for name, tensor in model.state_dict().items() if "norm" not in name}
    model.save_pretrained(folder, state_dict=state)
    fails(
        f"{folder}: has no tensor for 'model.layers.0.input_layernorm.weight' of LlamaForCausalLM "
        "(3 of 12 parameters have none)"
    )
    state = dict(model.state_dict())
    state["model.norm.weight"] = torch.zeros(32)
    model.save_pretrained(folder, state_dict=state)
    fails(
        f"{folder}: 'model.norm.weight' gives 'model.norm.weight' the shape [32], expected [64] by config.json"
    )
    config = json.loads((folder / "config.json").read_text())
    monkeypatch.setenv("PATH", str(uwt.binary.parent), prepend=os.pathsep)
    config["quantization_config"] = {"quant_method": "quip"}
    (folder / "config.json").write_text(json.dumps(config))
    fails(f"{folder}: is quantised in a way that uwt does not read; export the model that it was made from")
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 0}
    (folder / "config.json").write_text(json.dumps(config))
    fails(
        f"{folder}/config.json: transformers cannot build LlamaForCausalLM: "
        "0.0 cannot be raised to a negative power"
    )
