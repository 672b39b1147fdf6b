"""uwt.transformers: from_pretrained of folders that `uwt compress` made, on tiny models with random weights."""

import os

import pytest
from conftest import require_kernels

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import uwt.transformers  # noqa: E402
from uwt.torch import UwtTensor  # noqa: E402

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
            **SIZES, moe_intermediate_size=64, num_experts=4, num_experts_per_tok=2, head_dim=32
        )
        return transformers.Qwen3MoeForCausalLM(config)
    config = transformers.LlamaConfig(**SIZES, tie_word_embeddings=kind == "tied")
    return transformers.LlamaForCausalLM(config)


@pytest.fixture(name="folders", scope="module", params=["tied", "sharded", "experts"])
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


def test_refuses_what_was_quantised_before(tmp_path):
    config = uwt.transformers.UwtConfig(original={"quant_method": "gptq"})
    with pytest.raises(ValueError, match="quantised, and were compressed as they are.*gptq"):
        uwt.transformers.UwtQuantizer(config).validate_environment()


def test_without_it_nothing_loads_with_random_weights(folders):
    import subprocess
    import sys

    code = f"from transformers import AutoModelForCausalLM as A; A.from_pretrained({str(folders[1])!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode != 0 and "uwt decompress" in run.stderr
