"""Programs that do not know UWT must fail on what it writes, and never go on with random weights.

Each is the real one, on a tiny model with random weights. They are not among the packages of the
other tests: `tools/test.sh loaders` installs test/requirements-loaders.txt and runs this.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

for package in ("torch", "transformers", "diffusers", "peft", "sentence_transformers"):
    pytest.importorskip(package, reason="tools/test.sh loaders installs it")

import torch  # noqa: E402

SEED = 7
# What loads a model of each kind from FOLDER; BASE is the model that an adapter belongs to.
LOADERS = {
    "llama": "from transformers import AutoModelForCausalLM as A; m = A.from_pretrained(FOLDER)",
    "sharded": "from transformers import AutoModelForCausalLM as A; m = A.from_pretrained(FOLDER)",
    "unet": "from diffusers import UNet2DModel as U; m = U.from_pretrained(FOLDER)",
    "lora": "from transformers import AutoModelForCausalLM as A; from peft import PeftModel as P; "
    "m = P.from_pretrained(A.from_pretrained(BASE), FOLDER)",
    "sentence": "from sentence_transformers import SentenceTransformer as S; m = S(FOLDER)",
}


def run(code, folder, base=""):
    """A Python of its own: what counts is its exit code."""
    code = f"FOLDER = {str(folder)!r}; BASE = {str(base)!r}\n{code}\n"
    environment = dict(os.environ, HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )


def make_llama(folder, **options):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, vocab_size=256,
    )  # fmt: skip
    model = LlamaForCausalLM(config).to(torch.bfloat16)
    model.save_pretrained(folder, **options)
    return model


def make_sharded(folder):
    return make_llama(folder, max_shard_size="100KB")


def make_unet(folder):
    from diffusers import UNet2DModel

    model = UNet2DModel(
        sample_size=8, in_channels=3, out_channels=3, layers_per_block=1, norm_num_groups=8,
        block_out_channels=(32, 32), down_block_types=("DownBlock2D",) * 2,
        up_block_types=("UpBlock2D",) * 2,
    )  # fmt: skip
    model.save_pretrained(folder)
    return model


def make_lora(folder):
    from peft import LoraConfig, get_peft_model

    base = make_llama(folder.parent / "base")
    config = LoraConfig(r=64, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    model = get_peft_model(base, config)
    model.save_pretrained(folder)
    return model


def make_sentence(folder):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    bert = folder.parent / "bert"
    words = Tokenizer(WordLevel({"[PAD]": 0, "[UNK]": 1, "hello": 2}, unk_token="[UNK]"))
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(bert)
    BertModel(
        BertConfig(hidden_size=64, intermediate_size=128, num_hidden_layers=2,
                   num_attention_heads=4, vocab_size=64)
    ).save_pretrained(bert)  # fmt: skip
    modules = [Transformer(str(bert)), Pooling(64), Dense(64, 64)]
    model = SentenceTransformer(modules=modules)
    model.save(str(folder))
    return model


MAKERS = {
    "llama": make_llama,
    "sharded": make_sharded,
    "unet": make_unet,
    "lora": make_lora,
    "sentence": make_sentence,
}


@pytest.fixture(scope="module")
def models(uwt, tmp_path_factory):
    """Of each kind: the folder, its compressed twin, and what is expected in memory."""
    made = {}
    for kind, make in MAKERS.items():
        torch.manual_seed(SEED)
        folder = tmp_path_factory.mktemp(kind) / "model"
        state = make(folder).state_dict()
        packed = folder.with_name("packed")
        uwt("compress", folder, "-o", packed, "-q")
        made[kind] = (folder, packed, state)
    return made


@pytest.mark.parametrize("kind", LOADERS)
def test_a_compressed_folder_fails_to_load(models, kind):
    folder, packed, _ = models[kind]
    assert list(packed.rglob("*.uwt.safetensors"))
    assert not [p for p in packed.rglob("*.safetensors") if not p.name.endswith(".uwt.safetensors")]
    result = run(LOADERS[kind], packed, folder.parent / "base")
    assert result.returncode != 0, result.stderr
    if kind in ("llama", "sharded", "sentence"):
        assert "'uwt decompress' gives the original files back" in result.stderr


@pytest.mark.parametrize("kind", LOADERS)
def test_the_decompressed_folder_loads_the_same_weights(uwt, models, tmp_path, kind):
    folder, packed, state = models[kind]
    back = tmp_path / "back"
    uwt("decompress", packed, "-o", back, "-q")
    result = run(
        f"{LOADERS[kind]}\nimport torch; torch.save(m.state_dict(), FOLDER + '/state.pt')",
        back,
        folder.parent / "base",
    )
    assert result.returncode == 0, result.stderr
    loaded = torch.load(back / "state.pt")
    assert loaded.keys() == state.keys()
    for name, tensor in state.items():
        assert torch.equal(loaded[name].to(tensor.dtype), tensor), name


@pytest.mark.parametrize("kind", ["llama", "sharded", "unet"])
def test_asking_for_the_name_as_a_variant_fails_too(models, kind):
    """model.uwt.safetensors is what variant="uwt" asks for."""
    code = LOADERS[kind].replace("(FOLDER)", "(FOLDER, variant='uwt')")
    assert run(code, models[kind][1]).returncode != 0


def test_a_file_with_the_old_name_fails_too(models, tmp_path):
    """Someone may rename the file to what the loader looks for."""
    renamed = tmp_path / "renamed"
    shutil.copytree(models["llama"][1], renamed)
    (renamed / "model.uwt.safetensors").rename(renamed / "model.safetensors")
    assert run(LOADERS["llama"], renamed).returncode != 0


def test_without_our_config_the_names_alone_make_it_fail(uwt, models, tmp_path):
    packed = tmp_path / "packed"
    uwt("compress", models["llama"][0], "-o", packed, "-q", "--keep-config")
    assert "quantization_config" not in json.loads((packed / "config.json").read_text())
    result = run(LOADERS["llama"], packed)
    assert result.returncode != 0
    assert "no file named model.safetensors" in result.stderr


def test_a_quantised_folder_compresses_and_comes_back(uwt, models, tmp_path):
    folder, packed, back = tmp_path / "fp8", tmp_path / "packed", tmp_path / "back"
    shutil.copytree(models["llama"][0], folder)
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "fp8", "activation_scheme": "dynamic"}
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    uwt("compress", folder, "-o", packed, "-q")
    ours = json.loads((packed / "config.json").read_text())["quantization_config"]
    assert ours == {"quant_method": "uwt", "version": 1, "original": config["quantization_config"]}
    # Not taken for an FP8 model.
    result = run(LOADERS["llama"], packed)
    assert result.returncode != 0 and "uwt decompress" in result.stderr
    uwt("decompress", packed, "-o", back, "-q")
    assert (back / "config.json").read_bytes() == (folder / "config.json").read_bytes()


def test_libraries_that_take_a_file_refuse_it(models):
    folder, packed, _ = models["llama"]
    file = packed / "model.uwt.safetensors"
    build = (
        "import torch, accelerate, safetensors.torch\n"
        "from transformers import AutoConfig, AutoModelForCausalLM as A\n"
        f"m = A.from_config(AutoConfig.from_pretrained({str(folder)!r}))\n"
    )
    accelerate = run(build + "accelerate.load_checkpoint_in_model(m, FOLDER)", file)
    assert accelerate.returncode != 0 and "valid metadata" in accelerate.stderr
    strict = run(build + "safetensors.torch.load_model(m, FOLDER)", file)
    assert strict.returncode != 0 and "Missing key" in strict.stderr
    # The file itself is sound safetensors: the tensors that stay as they are can be read.
    plain = run("import safetensors.torch as s; print(sorted(s.load_file(FOLDER))[:1])", file)
    assert plain.returncode == 0, plain.stderr
