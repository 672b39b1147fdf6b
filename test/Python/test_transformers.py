"""uwt.transformers: from_pretrained of folders that `uwt compress` made, on tiny models with random weights."""

import copy
import importlib.util
import json
import os
import pickle
import shutil

import pytest
from conftest import require_kernels

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import device_stand_in  # noqa: E402
from quantised_models import GROUP, order_of, quantise  # noqa: E402

import uwt.transformers  # noqa: E402
from uwt.torch import UwtTensor  # noqa: E402
from uwt.torch._quantized import image_of_codes  # noqa: E402
from uwt.transformers._dequantized import DequantizedFile, DequantizedFolder  # noqa: E402

os.environ["HF_HUB_OFFLINE"] = "1"
IDS = torch.arange(6)[None]
SIZES = {
    "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 256,
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def kernels():
    require_kernels()


def make(kind):
    torch.manual_seed(3)
    if kind == "experts":
        config = transformers.Qwen3MoeConfig(
            **SIZES, moe_intermediate_size=128, num_experts=4, num_experts_per_tok=2, head_dim=32
        )
        return transformers.Qwen3MoeForCausalLM(config)
    if kind == "gpt-oss":
        config = transformers.GptOssConfig(
            **SIZES, num_local_experts=4, num_experts_per_tok=2, head_dim=32, sliding_window=8, max_position_embeddings=64
        )
        model = transformers.GptOssForCausalLM(config)
        for name, each in model.named_parameters():
            if name.endswith("bias"):
                torch.nn.init.normal_(each, std=0.1)
        return model
    config = transformers.LlamaConfig(**SIZES, tie_word_embeddings=kind == "tied")
    return transformers.LlamaForCausalLM(config)


@pytest.fixture(name="folders", scope="module", params=["tied", "sharded", "experts", "gpt-oss"])
def original_and_compressed(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    options = {"max_shard_size": "200KB"} if request.param == "sharded" else {}
    make(request.param).to(torch.bfloat16).save_pretrained(folder / "original", **options)
    uwt.compress(folder / "original", folder / "compressed")
    return folder / "original", folder / "compressed"


@pytest.fixture(autouse=True)
def usual_defaults():
    yield
    uwt.transformers.set_defaults()


def load(folder, **options):
    return transformers.AutoModelForCausalLM.from_pretrained(folder, **{"dtype": "auto", **options})


def dense(state):
    return {name: each.dense() if isinstance(each, UwtTensor) else each for name, each in state.items()}


def assert_same_state(model, other):
    state, expected = dense(model.state_dict()), other.state_dict()
    assert state.keys() == expected.keys()
    for name in expected:
        assert torch.equal(state[name], expected[name]), name


def test_gives_the_original_weights(folders):
    original, (model, info) = load(folders[0]), load(folders[1], output_loading_info=True)
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert_same_state(model, original)
    layers = [each for each in model.modules() if isinstance(each, (torch.nn.Linear, torch.nn.Embedding))]
    assert sum(isinstance(each.weight, UwtTensor) for each in layers) >= len(layers) - 2
    is_tied = original.lm_head.weight is original.model.embed_tokens.weight
    assert (model.lm_head.weight is model.model.embed_tokens.weight) == is_tied


def test_experts_run_from_compressed_weights(folders):
    model = load(folders[1])
    experts = [each for each in model.modules() if hasattr(each, "gate_up_proj") and hasattr(each, "is_concatenated")]
    if not experts:
        assert model.config.model_type != "qwen3_moe"
        return
    assert all(isinstance(each.gate_up_proj, UwtTensor) and isinstance(each.down_proj, UwtTensor) for each in experts)
    module, original = experts[0], load(folders[0]).get_submodule(dict(map(reversed, model.named_modules()))[experts[0]])
    x = torch.randn(5, 128, dtype=torch.bfloat16)
    ids, weights = torch.tensor([[0, 3], [1, 3], [2, 0], [3, 1], [0, 1]]), torch.rand(5, 2)
    with torch.no_grad():
        found = module(x, ids, weights)
        assert (found.float() - original(x, ids, weights).float()).abs().max() < 0.02
        # A token's bits depend on no other token.
        assert all(torch.equal(module(x[i : i + 1], ids[i : i + 1], weights[i : i + 1])[0], found[i]) for i in range(5))
    y = x.clone().requires_grad_()
    module(y, ids, weights).float().sum().backward()
    assert y.grad.any()


def test_generates_what_raw_weights_do(folders):
    model = load(folders[1])
    uwt.transformers.set_defaults("raw")
    raw = load(folders[1])
    assert any(isinstance(each, UwtTensor) and each.format == "raw" for each in raw.parameters())
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, raw(IDS).logits)
    arguments = {"max_new_tokens": 8, "do_sample": False}
    assert torch.equal(model.generate(IDS, **arguments), raw.generate(IDS, **arguments))


@pytest.mark.parametrize("defaults", [{"exact": "decode"}, {"format": None}])
def test_gives_the_original_logits(folders, defaults):
    uwt.transformers.set_defaults(**defaults)
    model, original = load(folders[1]), load(folders[0])
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, original(IDS).logits)


def test_places_by_device_map(folders):
    pytest.importorskip("accelerate")
    assert_same_state(load(folders[1], device_map="auto"), load(folders[0]))
    assert_same_state(load(folders[1], device_map={"": "cpu"}), load(folders[0]))


def test_refuses_the_disk(folders, tmp_path):
    pytest.importorskip("accelerate")
    with pytest.raises(ValueError, match="not offloaded to disk"):
        load(folders[1], device_map={"": "disk"}, offload_folder=tmp_path)


def test_what_is_saved_loads_again(folders, tmp_path):
    model = load(folders[1])
    model.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
    again = load(tmp_path)
    assert_same_state(again, load(folders[0]))
    assert any(isinstance(each, UwtTensor) for each in again.parameters())


def test_runs_from_f16(folders):
    dense = load(folders[1], dtype=torch.float16)
    assert not any(isinstance(each, UwtTensor) for each in dense.parameters())
    uwt.transformers.set_defaults("window<4>")
    model = load(folders[1], dtype=torch.float16)
    assert_same_state(model, load(folders[0], dtype=torch.float16))
    formats = {each.format for each in model.parameters() if isinstance(each, UwtTensor)}
    assert formats == {"window<4>"}
    uwt.transformers.set_defaults("raw")
    raw = load(folders[1], dtype=torch.float16)
    # What would not get smaller is PyTorch's in both.
    for name, weight in model.named_parameters():
        if not isinstance(weight, UwtTensor):
            path, _, last = name.rpartition(".")
            setattr(raw.get_submodule(path), last, weight)
    assert any(isinstance(each, UwtTensor) and each.format == "raw" for each in raw.parameters())
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, raw(IDS).logits)


def test_another_dtype_stays_dense(folders):
    model = load(folders[1], dtype=torch.float32)
    assert_same_state(model, load(folders[0], dtype=torch.float32))
    assert not any(isinstance(each, UwtTensor) for each in model.parameters())


def test_takes_adapters(folders):
    peft = pytest.importorskip("peft")
    model = load(folders[1])
    with torch.no_grad():
        before = model(IDS).logits
        tuned = peft.get_peft_model(model, peft.LoraConfig(target_modules=["q_proj", "o_proj"], r=4))
        assert torch.equal(tuned(IDS).logits, before)
    tuned(IDS, labels=IDS).loss.backward()
    assert any(each.grad is not None and each.grad.any() for each in tuned.parameters())


# What a method makes of a folder with the model, by its name in config.json.
def quantise_fp8(source, target):
    pytest.importorskip("accelerate")
    from safetensors.torch import load_file, save_file

    shutil.copytree(source, target)
    tensors = {}
    for name, tensor in load_file(source / "model.safetensors").items():
        if "layers" not in name or tensor.dim() != 2:
            tensors[name] = tensor
            continue
        rows, columns = tensor.shape
        scale = tensor.float().abs().max().div(448).expand(rows // 64, columns // 64)
        tensors[name] = (tensor.float() / scale[0, 0]).to(torch.float8_e4m3fn)
        tensors[name + "_scale_inv"] = scale.contiguous()
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((target / "config.json").read_text(encoding="utf-8"))
    method = {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [64, 64]}
    (target / "config.json").write_text(json.dumps(config | {"quantization_config": method}), encoding="utf-8")


def quantise_bitsandbytes(source, target):
    pytest.importorskip("bitsandbytes")
    pytest.importorskip("accelerate")
    config = transformers.BitsAndBytesConfig(load_in_4bit=True)
    load(source, quantization_config=config, device_map="cpu").save_pretrained(target)


def quantise_compressed_tensors(source, target):
    pytest.importorskip("compressed_tensors")
    from compressed_tensors.compressors import ModelCompressor
    from compressed_tensors.quantization import (
        QuantizationArgs,
        QuantizationConfig,
        QuantizationScheme,
        apply_quantization_config,
    )

    weights = QuantizationArgs(num_bits=4, group_size=64, strategy="group")
    group = QuantizationScheme(targets=["Linear"], weights=weights)
    model = load(source)
    apply_quantization_config(
        model,
        QuantizationConfig(
            config_groups={"all": group}, ignore=["lm_head"], quantization_status="frozen", format="pack-quantized"
        ),
    )
    for module in model.modules():
        if hasattr(module, "weight_scale"):
            groups = module.weight.data.unflatten(1, (-1, 64))
            module.weight_scale.data.copy_(groups.abs().amax(-1) / 7)
    compressor = ModelCompressor.from_pretrained_model(model)
    compressor.compress_model(model)
    model.save_pretrained(target)
    compressor.update_config(str(target))


QUANTISED = {
    "fp8": quantise_fp8,
    "bitsandbytes": quantise_bitsandbytes,
    "compressed-tensors": quantise_compressed_tensors,
}


@pytest.mark.parametrize("method", QUANTISED)
def test_loads_what_was_quantised_before_by_its_own_method(method, tmp_path):
    make("one").to(torch.bfloat16).save_pretrained(tmp_path / "dense")
    QUANTISED[method](tmp_path / "dense", tmp_path / "original")
    uwt.compress(tmp_path / "original", tmp_path / "compressed")
    assert not list((tmp_path / "compressed").glob("*model.safetensors"))
    model, info = load(tmp_path / "compressed", output_loading_info=True)
    original = load(tmp_path / "original")
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert_same_state(model, original)
    assert getattr(model.config, "quantization_config", None) == getattr(original.config, "quantization_config", None)
    modules = [[type(each) for each in which.modules()] for which in (model, original)]
    assert modules[0] == modules[1]
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, original(IDS).logits)
    # Some methods refuse it themselves.
    with pytest.raises(ValueError, match="disk"):
        load(tmp_path / "compressed", device_map={"": "disk"}, offload_folder=tmp_path)


@pytest.fixture(name="values")
def values_of_codes():
    uwt.transformers.set_defaults(quantized="values")
    yield
    uwt.transformers.set_defaults()


CODES = {
    "gptq": "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}",
    "awq": "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}",
    "fp8": "f8E4M3FN, scale={1x128, f32}",
    "mxfp4": "f4E2M1FN, scale={1x32, f8E8M0FNU}",
    "nvfp4": "f4E2M1FN, scale={1x16, f16E6M10U}",
    "nf4": "table<4>, scale={1x64, f32}",
    "nf4-nested": "table<4>, scale={1x64, f32}",
}


def load_quantised(kind, method, folder):
    """A model that is quantised and compressed. Beside it lies the same with the values of its codes, `floats`."""
    make(kind).to(torch.bfloat16).save_pretrained(folder / "dense")
    quantise(method, folder / "dense", folder / "original", folder / "floats")
    for name in ("original", "floats"):
        uwt.compress(folder / name, folder / f"{name}-uwt")
    model, info = load(folder / "original-uwt", output_loading_info=True)
    assert not any(info[each] for each in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    return model


@pytest.mark.parametrize("method", CODES)
def test_values_of_codes_are_plain_weights(method, values, tmp_path):
    model = load_quantised("one", method, tmp_path)
    weight = model.model.layers[0].mlp.up_proj.weight
    assert isinstance(weight, UwtTensor) and weight.format == CODES[method]
    assert_same_state(model, load(tmp_path / "floats"))
    # What cannot be made of codes is made of values.
    again = pickle.loads(pickle.dumps(weight))
    assert again.format in ("inplace<12>", "raw") and torch.equal(again.dense(), weight.dense())
    assert copy.deepcopy(weight).format == CODES[method]
    # As it saves itself, the model is a plain one.
    model.save_pretrained(tmp_path / "saved")
    assert_same_state(load(tmp_path / "saved"), load(tmp_path / "floats"))
    # Of matrices that compress to no less PyTorch's own products have other bits.
    uwt.transformers.set_defaults(format="raw")
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, load(tmp_path / "floats-uwt")(IDS).logits)


@pytest.mark.parametrize(
    "method, format",
    [
        ("gptq", "uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}"),
        ("nvfp4", "f4E2M1FN, scale={1x16, f16E6M10U}"),
        ("nf4", "table<4>, scale={1x64, f32}"),
    ],
)
@pytest.mark.parametrize("kind", ["one", "experts"])
def test_gpus_hold_codes_as_they_are(kind, method, format, values, tmp_path, monkeypatch):
    with device_stand_in.installed(monkeypatch):
        model = load_quantised(kind, method, tmp_path)
        layer = model.model.layers[0]
        weight = layer.mlp.up_proj.weight if kind == "one" else layer.mlp.experts.gate_up_proj
        assert isinstance(weight, UwtTensor) and weight.on_device is not None and weight.format == format
        assert_same_state(model, load(tmp_path / "floats"))
        # What is neither copied nor moved by its bytes is made of values.
        assert copy.deepcopy(weight).format == format
        assert pickle.loads(pickle.dumps(weight)).format in ("inplace<12>", "raw")


def test_gpus_hold_columns_in_the_order_of_their_cells(values, tmp_path, monkeypatch):
    with device_stand_in.installed(monkeypatch):
        model = load_quantised("one", "gptq-order", tmp_path)
        dense = load(tmp_path / "floats")
        assert_same_state(model, dense)
        weight = model.model.layers[0].mlp.up_proj.weight
        assert isinstance(weight, UwtTensor) and weight.on_device is not None and "order" not in weight.format
        order = weight.order
        assert sorted(order.tolist()) == list(range(weight.shape[1])) and order.tolist() != sorted(order.tolist())
        x, values = torch.randn(3, weight.shape[1]).bfloat16(), weight.dense()
        with torch.no_grad():
            expected = (x[:, order].float() @ values[:, order].float().T).bfloat16()
            assert torch.equal(torch.nn.functional.linear(x, weight), expected)
            ids = torch.tensor([[5, 0], [1, 5]])
            assert torch.equal(torch.nn.functional.embedding(ids, weight), values[ids])
            # Copies have it, and what is made of values needs none.
            for copied in (copy.deepcopy(weight), weight.detach(), weight.clone()):
                assert torch.equal(copied.order, order) and torch.equal(torch.nn.functional.linear(x, copied), expected)
            again = pickle.loads(pickle.dumps(weight))
            assert again.order is None and torch.equal(again.dense(), values)
            compiled = torch.compile(lambda x, weight: torch.nn.functional.linear(x, weight), fullgraph=True, backend="aot_eager")
            assert torch.equal(compiled(x, weight), expected)
        # A gradient is of the columns of x.
        x.requires_grad_()
        torch.nn.functional.linear(x, weight).sum().backward()
        assert torch.equal(x.grad, torch.ones(3, weight.shape[0]).bfloat16() @ values)


def test_values_that_are_moved_are_known_for_their_codes(values, tmp_path):
    load_quantised("one", "gptq", tmp_path)
    folder = DequantizedFolder(str(tmp_path / "original-uwt"), torch.bfloat16)
    name = "model.layers.0.mlp.up_proj.weight"
    file = DequantizedFile(str(tmp_path / "original-uwt" / "model.uwt.safetensors"), "pt", "cpu", folder)
    moved = file.get_slice(name)[...].to(dtype=torch.bfloat16, copy=True)
    assert type(moved) is torch.Tensor and image_of_codes(moved)[0] is not None
    stayed = file.get_slice(name)[...].to(dtype=torch.bfloat16)
    assert type(stayed) is torch.Tensor and image_of_codes(stayed)[0] is not None
    # Somewhere in larger memory.
    inside = torch.empty(moved.numel() + 1, dtype=torch.bfloat16)[1:].view(moved.shape).copy_(folder.weights[name])
    assert image_of_codes(inside)[0] is not None
    changed = torch.empty(moved.shape, dtype=torch.bfloat16).copy_(folder.weights[name])
    changed[-1, -1] += 1
    assert image_of_codes(changed) == (None, None)
    rounded = file.get_slice(name)[...].to(dtype=torch.float16).bfloat16()
    assert image_of_codes(rounded) == (None, None)


def test_codes_that_are_no_integers_say_so(values, tmp_path, caplog):
    uwt.transformers.set_defaults(quantized="values", arithmetic="integer<8>")
    model = load_quantised("one", "nf4", tmp_path)
    assert model.model.layers[0].mlp.up_proj.weight.arithmetic == "dense"
    (message,) = [record.message for record in caplog.records if "not by integers" in record.message]
    assert message.endswith("codes of table<4> are no integers; expected uint<1> to uint<8> or int<1> to int<8>")


def test_codes_are_multiplied_by_integers_on_request(values, tmp_path):
    with torch.no_grad():
        dense = load_quantised("one", "gptq", tmp_path)(IDS).logits
        uwt.transformers.set_defaults(quantized="values", arithmetic="integer<8>")
        model = load(tmp_path / "original-uwt")
        logits = model(IDS).logits
        assert torch.equal(copy.deepcopy(model)(IDS).logits, logits)
    layer = model.model.layers[0].mlp
    assert layer.up_proj.weight.arithmetic == "integer<8>" and model.lm_head.weight.arithmetic == "dense"
    assert_same_state(model, load(tmp_path / "floats"))
    assert not torch.equal(logits, dense)
    assert (logits - dense).float().norm() < 0.03 * dense.float().norm()
    # A row by itself has the bits that it has among others.
    x = torch.randn(5, layer.up_proj.in_features, dtype=torch.bfloat16)
    with torch.no_grad():
        assert torch.equal(layer.up_proj(x)[3], layer.up_proj(x[3]))
    with pytest.raises(ValueError, match="arithmetic is one of dense, integer<8>, got 'integer<4>'"):
        uwt.transformers.set_defaults(arithmetic="integer<4>")


def test_columns_in_an_order_of_their_own_are_multiplied_cell_by_cell(values, tmp_path):
    model = load_quantised("one", "gptq-order", tmp_path)
    assert_same_state(model, load(tmp_path / "floats"))
    for weight in (model.model.layers[0].mlp.up_proj.weight, model.model.layers[0].mlp.down_proj.weight):
        assert isinstance(weight, UwtTensor) and weight.format == CODES["gptq"] + ", order=k"
        assert torch.equal(torch.nn.functional.embedding(torch.tensor([5, 0]), weight), weight.dense()[[5, 0]])
        order = order_of(weight.shape[1])
        # In a cell they are as the weight has them.
        order = order.unflatten(0, (-1, GROUP)).sort(1).values.flatten()
        x = torch.randn(3, weight.shape[1], dtype=torch.bfloat16)
        by_cells = UwtTensor.encode(weight.dense()[:, order].contiguous(), "raw")
        assert torch.equal(torch.nn.functional.linear(x, weight), torch.nn.functional.linear(x[:, order], by_cells))


@pytest.mark.parametrize("method", CODES)
def test_experts_run_from_their_codes(method, values, tmp_path):
    check_experts_of_codes(load_quantised("experts", method, tmp_path), CODES[method], tmp_path)


def test_transposed_experts_with_biases_run_from_their_codes(values, tmp_path):
    model = load_quantised("gpt-oss", "gpt-oss", tmp_path)
    assert model.model.layers[0].mlp.experts.gate_up_proj.is_transposed
    check_experts_of_codes(model, CODES["mxfp4"], tmp_path)


def test_tensors_of_a_weight_may_be_in_several_files(values, tmp_path):
    from safetensors.torch import load_file, save_file

    make("experts").to(torch.bfloat16).save_pretrained(tmp_path / "dense")
    quantise("gptq", tmp_path / "dense", tmp_path / "original", tmp_path / "floats")
    tensors = load_file(tmp_path / "original" / "model.safetensors")
    (tmp_path / "original" / "model.safetensors").unlink()
    files = {name: f"model-{index % 3}.safetensors" for index, name in enumerate(sorted(tensors))}
    for file in set(files.values()):
        save_file({name: tensors[name] for name in tensors if files[name] == file}, tmp_path / "original" / file, {"format": "pt"})
    index = {"metadata": {}, "weight_map": files}
    (tmp_path / "original" / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    for name in ("original", "floats"):
        uwt.compress(tmp_path / name, tmp_path / f"{name}-uwt")
    check_experts_of_codes(load(tmp_path / "original-uwt"), CODES["gptq"], tmp_path)


def check_experts_of_codes(model, format, tmp_path):
    for layer in model.model.layers:
        for weight in (layer.mlp.experts.gate_up_proj, layer.mlp.experts.down_proj):
            assert isinstance(weight, UwtTensor) and weight.format == format
            again = pickle.loads(pickle.dumps(weight))
            assert again.shape == weight.shape and torch.equal(again.dense(), weight.dense())
    assert_same_state(model, load(tmp_path / "floats"))
    model.save_pretrained(tmp_path / "saved")
    assert_same_state(load(tmp_path / "saved"), load(tmp_path / "floats"))
    # PyTorch's own products of experts have other bits.
    uwt.transformers.set_defaults(format="raw")
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, load(tmp_path / "floats-uwt")(IDS).logits)


@pytest.mark.parametrize("method", ["gptq", "awq"])
def test_a_method_that_lacks_a_package_says_what_does_without(method, tmp_path):
    if importlib.util.find_spec("gptqmodel") is not None:
        pytest.skip("gptqmodel is there")
    make("one").to(torch.bfloat16).save_pretrained(tmp_path / "dense")
    quantise(method, tmp_path / "dense", tmp_path / "original", tmp_path / "floats")
    uwt.compress(tmp_path / "original", tmp_path / "compressed")
    with pytest.raises(ImportError, match=r"requires .*set_defaults\(quantized='values'\), which needs none of it"):
        load(tmp_path / "compressed")


def test_values_of_codes_need_a_recipe(values, tmp_path):
    make("one").to(torch.bfloat16).save_pretrained(tmp_path / "dense")
    quantise("gptq", tmp_path / "dense", tmp_path / "original", tmp_path / "floats")
    config = tmp_path / "original" / "config.json"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('"quant_method": "gptq"', '"quant_method": "aqlm"'), encoding="utf-8")
    uwt.compress(tmp_path / "original", tmp_path / "unknown")
    with pytest.raises(uwt.UnsupportedError, match="quantised by 'aqlm' before it was compressed, and has no weights that UWT"):
        load(tmp_path / "unknown")
    config.write_text(text.replace('"checkpoint_format": "gptq"', '"checkpoint_format": "v9"'), encoding="utf-8")
    uwt.compress(tmp_path / "original", tmp_path / "refused")
    with pytest.raises(uwt.UnsupportedError, match="weight 'model.layers.0.*recipe gptq: checkpoint_format 'v9'"):
        load(tmp_path / "refused")
    with pytest.raises(ValueError, match="quantized is one of method, values, got 'codes'"):
        uwt.transformers.set_defaults(quantized="codes")


@pytest.mark.parametrize(
    ("original", "message"),
    [
        ({"quant_method": "elsewhere"}, "Unknown quantization type, got elsewhere"),
        ("int8", "was 'int8' before it was compressed, which is no method"),
    ],
)
def test_refuses_methods_that_transformers_has_not(original, message):
    with pytest.raises(ValueError, match=message):
        uwt.transformers.UwtQuantizer(uwt.transformers.UwtConfig(original=original), pre_quantized=True)


def test_refuses_other_versions():
    with pytest.raises(ValueError, match="reads version 1 of compressed folders, got 2"):
        uwt.transformers.UwtQuantizer(uwt.transformers.UwtConfig(version=2))


def test_without_it_nothing_loads_with_random_weights(folders):
    import subprocess
    import sys

    code = f"from transformers import AutoModelForCausalLM as A; A.from_pretrained({str(folders[1])!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode != 0 and "uwt decompress" in run.stderr
