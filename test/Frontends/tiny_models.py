"""Tiny models of transformers with random weights: one layer or two of each architecture."""

import torch
import transformers

VOCABULARY = 320
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
GROUPED = SIZES | {"num_key_value_heads": 2}
VISION = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "image_size": 32,
    "patch_size": 8,
}

# Name: model class, configuration class, and its arguments but for the number of layers.
DECODERS = {
    "llama": ("LlamaForCausalLM", "LlamaConfig", GROUPED | {"tie_word_embeddings": True}),
    "mistral": ("MistralForCausalLM", "MistralConfig", GROUPED | {"sliding_window": 8}),
    "qwen2": ("Qwen2ForCausalLM", "Qwen2Config", GROUPED),
    "qwen3": ("Qwen3ForCausalLM", "Qwen3Config", GROUPED | {"head_dim": 32}),
    "phi": ("PhiForCausalLM", "PhiConfig", SIZES | {"num_key_value_heads": 4}),
    "phi3": ("Phi3ForCausalLM", "Phi3Config", GROUPED),
    "gemma": ("GemmaForCausalLM", "GemmaConfig", GROUPED | {"head_dim": 16}),
    "gemma2": ("Gemma2ForCausalLM", "Gemma2Config", GROUPED | {"head_dim": 16, "sliding_window": 8}),
    "gemma3": ("Gemma3ForCausalLM", "Gemma3TextConfig", GROUPED | {"head_dim": 16, "sliding_window": 8}),
    "gpt2": ("GPT2LMHeadModel", "GPT2Config", SIZES | {"n_embd": 64, "n_head": 4, "n_positions": 128}),
    "mixtral": ("MixtralForCausalLM", "MixtralConfig", GROUPED | {"num_local_experts": 4}),
    "qwen3_moe": (
        "Qwen3MoeForCausalLM",
        "Qwen3MoeConfig",
        GROUPED | {"head_dim": 16, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64},
    ),
}
OTHERS = {
    "bert": ("BertModel", "BertConfig", SIZES),
    "vit": ("ViTForImageClassification", "ViTConfig", VISION | {"num_labels": 10}),
    "clip": (
        "CLIPModel",
        "CLIPConfig",
        {
            "text_config": SIZES | {"projection_dim": 32, "num_hidden_layers": 1},
            "vision_config": VISION | {"projection_dim": 32, "num_hidden_layers": 1},
            "projection_dim": 32,
        },
    ),
    "whisper": (
        "WhisperForConditionalGeneration",
        "WhisperConfig",
        {
            "vocab_size": VOCABULARY,
            "d_model": 64,
            "num_mel_bins": 16,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 128,
            "decoder_ffn_dim": 128,
            "max_source_positions": 32,
            "max_target_positions": 64,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "decoder_start_token_id": 3,
        },
    ),
}


def class_name(name):
    """The model's class in transformers."""
    return (DECODERS | OTHERS)[name][0]


def make_model(name, layers=1, dtype=torch.bfloat16, seed=0):
    """A model of `layers` layers with weights large enough for its tokens to differ."""
    kind, configuration, arguments = (DECODERS | OTHERS)[name]
    keys = {"whisper": ["encoder_layers", "decoder_layers"], "clip": []}.get(name, ["num_hidden_layers"])
    config = getattr(transformers, configuration)(**arguments, **dict.fromkeys(keys, layers))
    torch.manual_seed(seed)
    model = getattr(transformers, kind)(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5)
    return model.to(dtype)
