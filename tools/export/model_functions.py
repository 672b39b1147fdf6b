"""What a model of transformers becomes: functions of tensors, traced.

A model that generates is `prefill`, from a prompt to logits and a cache, and `decode`, from
a token, its position and a cache to logits and the next cache. Caches have a fixed length
and are arguments and results. Models with an encoder also have `encode`; all others are
`main`, or a function for each kind of input.
"""

import inspect
from dataclasses import dataclass

import torch
from command_line import ExportError
from torch.export import Dim
from torch.nn.functional import pad
from torch_lowering import trace
from transformers.cache_utils import Cache, CacheLayerMixin, EncoderDecoderCache


@dataclass
class Sizes:
    """What to export.

    A batch or a length of None is any number. Caches hold `cache_length` tokens; without
    one (None) there are none. `mask` says whether functions of tokens take an attention mask.
    """

    batch: int | None
    length: int | None
    cache_length: int | None
    all_logits: bool
    mask: bool


@dataclass
class Input:
    """An example of an argument, and its dynamic sizes: dimensions of torch.export by place."""

    value: torch.Tensor
    dynamic: dict


class Examples:
    """Makes arguments of the sizes that were asked for."""

    def __init__(self, sizes, model):
        self.sizes = sizes
        positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        longest = sizes.cache_length if generates(model) else None
        self.batch = Dim("batch")
        self.length = Dim("length", max=longest or positions)
        self.source = Dim("source", max=positions)

    def make(self, shape, dtype, dynamic=None):
        """An argument of shape [batch, *shape]; `dynamic` has further dynamic sizes by dimension."""
        batch = self.sizes.batch
        dynamic = dynamic or {}
        if batch is None:
            batch, dynamic = 2, {0: self.batch} | dynamic
        return Input(torch.zeros(batch, *shape, dtype=dtype), dynamic)

    def tokens(self, dim=None):
        """Tokens [batch, length], of any dimension `dim` where the length is dynamic."""
        if self.sizes.length is None:
            return self.make([min(7, self.sizes.cache_length or 7)], torch.int64, {1: dim or self.length})
        return self.make([self.sizes.length], torch.int64)

    def like(self, value):
        """An argument of the shape that a result has: its sizes are numbers or symbolic."""
        dynamic = {2: self.source} if not isinstance(value.shape[2], int) else {}
        shape = [size if isinstance(size, int) else 7 for size in value.shape[1:]]
        return self.make(shape, value.dtype, dynamic)


class Tracer:
    """Traces functions of a model; `constants` are its tensors by their names outside."""

    def __init__(self, model, constants, sizes):
        self.model, self.constants, self.sizes = model, constants, sizes
        self.examples = Examples(sizes, model)

    def __call__(self, name, module, inputs):
        """The function `name`: `module` of inputs by the names of its parameters."""
        dynamic = [entry.dynamic for entry in inputs.values()]
        try:
            return trace(
                name,
                module,
                tuple(entry.value for entry in inputs.values()),
                dynamic_shapes=by_parameter(module.forward, dynamic) if any(dynamic) else None,
                constants=self.constants,
                input_names=list(inputs),
            )
        except ExportError as error:
            if any(dynamic):
                raise ExportError(f"{error}; fixed sizes (--batch N --length N) may do") from error
            raise


def generates(model):
    """Whether tokens follow from tokens, so that there are caches."""
    return model.config.is_encoder_decoder or model.can_generate()


def by_parameter(function, values):
    """Values of positional arguments, with a tuple of those that `*rest` takes."""
    parameters = inspect.signature(function).parameters.values()
    own = sum(parameter.kind == parameter.POSITIONAL_OR_KEYWORD for parameter in parameters)
    rest = any(parameter.kind == parameter.VAR_POSITIONAL for parameter in parameters)
    return (*values[:own], tuple(values[own:])) if rest else tuple(values)


def trace_model(model, constants, sizes):
    """The functions of a model, by name."""
    tracer = Tracer(model, constants, sizes)
    inputs = inspect.signature(model.forward).parameters
    if model.config.is_encoder_decoder:
        return trace_encoder_decoder(tracer)
    if model.can_generate():
        return trace_decoder(tracer)
    if "pixel_values" in inputs and "input_ids" in inputs and hasattr(model, "get_text_features"):
        return trace_features(tracer)
    return {"main": tracer("main", Main(model, list(main_inputs(tracer))), main_inputs(tracer))}


# Models that generate.


class PromptLayer(CacheLayerMixin):
    """A layer of an empty cache, which keeps what a prompt adds."""

    is_sliding = False

    def lazy_initialization(self, key_states, value_states):
        """Nothing is allocated."""

    def update(self, key_states, value_states, *args, **kwargs):
        """The prompt attends to itself alone."""
        self.keys, self.values = key_states, value_states
        return key_states, value_states

    def get_mask_sizes(self, query_length):
        """Length and offset of the keys."""
        return query_length, 0

    def get_seq_length(self):
        """Tokens before the prompt."""
        return 0

    def get_max_length(self):
        """There is no limit."""
        return -1


class StepLayer(PromptLayer):
    """A layer of a cache of fixed length, to which one token is added.

    keys and values: [batch, heads, length, features]; position: the token's, from 0, a scalar.
    Attention masks hide what lies behind it.
    """

    def __init__(self, keys, values, position):
        super().__init__()
        self.keys, self.values, self.position = keys, values, position

    def update(self, key_states, value_states, *args, **kwargs):
        """Cache with the token at its place."""
        here = torch.arange(self.keys.shape[-2]).unsqueeze(-1) == self.position
        self.keys = torch.where(here, key_states, self.keys)
        self.values = torch.where(here, value_states, self.values)
        return self.keys, self.values

    def get_mask_sizes(self, query_length):
        """Length and offset of the keys."""
        return self.keys.shape[-2], 0

    def get_seq_length(self):
        """Tokens before this one."""
        return self.position


class SourceLayer(PromptLayer):
    """A layer of a cache of what an encoder has given, which does not change."""

    def __init__(self, keys, values):
        super().__init__()
        self.keys, self.values = keys, values

    def get_mask_sizes(self, query_length):
        """Length and offset of the keys."""
        return self.keys.shape[-2], 0

    def get_seq_length(self):
        """Tokens of the source."""
        return self.keys.shape[-2]


def prompt_cache():
    """An empty cache, which gets a layer for each of the model's."""
    return Cache(layer_class_to_replicate=PromptLayer)


def named_layers(cache, name, length=None):
    """Keys and values of a cache by name, with zeros up to `length` tokens."""
    tensors = {}
    for index, layer in enumerate(cache.layers):
        for part, value in (("keys", layer.keys), ("values", layer.values)):
            more = length - value.shape[-2] if length else 0
            tensors[f"{name}.{index}.{part}"] = pad(value, (0, 0, 0, more)) if length else value
    return tensors


def pairs(tensors):
    """(keys, values) of each layer."""
    return zip(tensors[::2], tensors[1::2])


def masked_positions(attention_mask, start, count):
    """The mask, and positions of `count` tokens from place `start` on, as the model takes them.

    Rows are padded on the left, and positions do not count padding.
    """
    if attention_mask is None:
        return {}
    padding = (attention_mask == 0).sum(-1, keepdim=True)
    positions = torch.arange(count) + start - padding
    return {"attention_mask": attention_mask, "position_ids": positions.clamp(min=0)}


class Prefill(torch.nn.Module):
    """From a prompt to logits and a cache."""

    def __init__(self, model, sizes):
        super().__init__()
        self.model, self.sizes = model, sizes
        keeps = "logits_to_keep" in inspect.signature(model.forward).parameters
        self.options = {"logits_to_keep": 1} if keeps and not sizes.all_logits else {}

    def forward(self, input_ids, attention_mask=None):
        """input_ids, attention_mask: [batch, length]."""
        cache = prompt_cache()
        masked = masked_positions(attention_mask, 0, input_ids.shape[1])
        results = self.model(
            input_ids=input_ids, past_key_values=cache, use_cache=True, **masked, **self.options
        )
        logits = results.logits if self.sizes.all_logits else results.logits[:, -1:]
        if not self.sizes.cache_length:
            return {"logits": logits}
        return {"logits": logits} | named_layers(cache, "cache", self.sizes.cache_length)


class Decode(torch.nn.Module):
    """From a token and a cache to logits and the next cache."""

    def __init__(self, model, mask):
        super().__init__()
        self.model, self.mask = model, mask

    def forward(self, input_ids, position, *rest):
        """input_ids: [batch, 1]; rest: a mask [batch, cache length] if there is one, then the cache."""
        attention_mask, tensors = (rest[0], rest[1:]) if self.mask else (None, rest)
        cache = Cache(layers=[StepLayer(keys, values, position) for keys, values in pairs(tensors)])
        masked = masked_positions(attention_mask, position, 1)
        logits = self.model(input_ids=input_ids, past_key_values=cache, use_cache=True, **masked).logits
        return {"logits": logits} | named_layers(cache, "cache")


def trace_decoder(tracer):
    """`prefill` and `decode`, or `main` from tokens to all logits where there is no cache."""
    sizes, examples, model = tracer.sizes, tracer.examples, tracer.model
    check_layers(model)
    inputs = {"input_ids": examples.tokens()}
    if sizes.mask:
        inputs["attention_mask"] = examples.tokens()
    if not sizes.cache_length:
        return {"main": tracer("main", Prefill(model, sizes), inputs)}
    prefill = tracer("prefill", Prefill(model, sizes), inputs)
    inputs = {"input_ids": examples.make([1], torch.int64), "position": Input(torch.tensor(0), {})}
    if sizes.mask:
        inputs["attention_mask"] = examples.make([sizes.cache_length], torch.int64)
    inputs |= cache_inputs(examples, prefill)
    return {"prefill": prefill, "decode": tracer("decode", Decode(model, sizes.mask), inputs)}


def cache_inputs(examples, prefill):
    """Arguments that take the results of `prefill` but its logits."""
    return {name: examples.like(value) for name, value in prefill.outputs().items() if name != "logits"}


def check_layers(model):
    """A cache of keys and values is all that the model's layers may keep."""
    config = model.config.get_text_config(decoder=True)
    kinds = {"full_attention", "sliding_attention", "chunked_attention"}
    others = sorted(set(getattr(config, "layer_types", None) or []) - kinds)
    if others:
        raise ExportError(
            f"layers of the kind '{others[0]}' keep a state that is not keys and values; "
            "export the model from a MODEL.py that passes the state as tensors"
        )


# Models with an encoder and a decoder.


class Encode(torch.nn.Module):
    """From the source to the encoder's states [batch, source length, features]."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, source):
        """source: tokens, or features of speech."""
        return {"encoder_states": self.model.get_encoder()(source).last_hidden_state}


class PrefillFromStates(torch.nn.Module):
    """From a prompt of the decoder and the encoder's states to logits and both caches."""

    def __init__(self, model, sizes):
        super().__init__()
        self.model, self.sizes = model, sizes

    def forward(self, decoder_input_ids, encoder_states):
        """decoder_input_ids: [batch, length]."""
        cache = EncoderDecoderCache(prompt_cache(), prompt_cache())
        logits = self.model(
            decoder_input_ids=decoder_input_ids,
            encoder_outputs=(encoder_states,),
            past_key_values=cache,
            use_cache=True,
        ).logits
        results = {"logits": logits if self.sizes.all_logits else logits[:, -1:]}
        if self.sizes.cache_length:
            results |= named_layers(cache.self_attention_cache, "cache", self.sizes.cache_length)
            results |= named_layers(cache.cross_attention_cache, "source")
        return results


class DecodeFromSource(torch.nn.Module):
    """From a token and both caches to logits and the next cache."""

    def __init__(self, model, features):
        super().__init__()
        self.model, self.features = model, features

    def forward(self, decoder_input_ids, position, *rest):
        """decoder_input_ids: [batch, 1]; rest: the cache, then that of the source."""
        half = len(rest) // 2
        own = Cache(layers=[StepLayer(keys, values, position) for keys, values in pairs(rest[:half])])
        source = Cache(layers=[SourceLayer(keys, values) for keys, values in pairs(rest[half:])])
        # Only the shape is looked at: keys and values of the source are in the cache.
        states = torch.zeros(rest[-1].shape[0], rest[-1].shape[2], self.features, dtype=rest[-1].dtype)
        logits = self.model(
            decoder_input_ids=decoder_input_ids,
            encoder_outputs=(states,),
            past_key_values=EncoderDecoderCache(own, source),
            use_cache=True,
        ).logits
        return {"logits": logits} | named_layers(own, "cache")


def trace_encoder_decoder(tracer):
    """`encode`, `prefill` and `decode`; without a cache `encode` and `decode` of all tokens."""
    sizes, examples, model = tracer.sizes, tracer.examples, tracer.model
    ((name, source),) = main_inputs(tracer, examples.source).items()
    encode = tracer("encode", Encode(model), {name: source})
    (states,) = encode.outputs().values()
    shape = [size if isinstance(size, int) else 7 for size in states.shape[1:]]
    dynamic = {} if isinstance(states.shape[1], int) else {1: examples.source}
    inputs = {
        "decoder_input_ids": examples.tokens(),
        "encoder_states": examples.make(shape, states.dtype, dynamic),
    }
    if not sizes.cache_length:
        return {"encode": encode, "decode": tracer("decode", PrefillFromStates(model, sizes), inputs)}
    prefill = tracer("prefill", PrefillFromStates(model, sizes), inputs)
    inputs = {"decoder_input_ids": examples.make([1], torch.int64), "position": Input(torch.tensor(0), {})}
    inputs |= cache_inputs(examples, prefill)
    decode = tracer("decode", DecodeFromSource(model, shape[-1]), inputs)
    return {"encode": encode, "prefill": prefill, "decode": decode}


# All others.


class Main(torch.nn.Module):
    """The model of its inputs by name: logits where it has them, else every tensor it gives."""

    def __init__(self, model, names):
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs):
        """Inputs in the order of the names."""
        results = self.model(**dict(zip(self.names, inputs)))
        if "logits" in results:
            return {"logits": results["logits"]}
        return {name: value for name, value in results.items() if isinstance(value, torch.Tensor)}


class Features(torch.nn.Module):
    """Features of texts or images, in the space that both share."""

    def __init__(self, model, method):
        super().__init__()
        self.model, self.method = model, method

    def forward(self, *inputs):
        """Tokens and perhaps a mask, or pixels."""
        results = getattr(self.model, self.method)(*inputs)
        return {"features": results if isinstance(results, torch.Tensor) else results.pooler_output}


def trace_features(tracer):
    """`text` and `image` of a model that maps both to the same space."""
    images = {"pixel_values": pixels(tracer)}
    return {
        "text": tracer("text", Features(tracer.model, "get_text_features"), texts(tracer)),
        "image": tracer("image", Features(tracer.model, "get_image_features"), images),
    }


def main_inputs(tracer, dim=None):
    """The model's main input, and a mask where one was asked for, by name."""
    name, config, examples = tracer.model.main_input_name, tracer.model.config, tracer.examples
    dtype = tracer.model.dtype
    if name == "input_ids":
        return texts(tracer, dim)
    if name == "pixel_values":
        return {name: pixels(tracer)}
    if name == "input_features" and hasattr(config, "max_source_positions"):
        # Two frames for each position, as the convolutions of Whisper have it.
        return {name: examples.make([config.num_mel_bins, 2 * config.max_source_positions], dtype)}
    if name == "input_values" and hasattr(config, "max_length") and hasattr(config, "num_mel_bins"):
        return {name: examples.make([config.max_length, config.num_mel_bins], dtype)}
    if name == "input_values" and tracer.sizes.length:
        return {name: examples.make([tracer.sizes.length], dtype)}
    raise ExportError(
        f"{type(tracer.model).__name__} takes '{name}', whose shape is not known here; "
        "say --length N for samples of sound, or export the model from a MODEL.py"
    )


def texts(tracer, dim=None):
    """Tokens, and a mask where one was asked for."""
    inputs = {"input_ids": tracer.examples.tokens(dim)}
    return inputs | ({"attention_mask": tracer.examples.tokens(dim)} if tracer.sizes.mask else {})


def pixels(tracer):
    """Pixels [batch, channels, height, width] of the configuration's size."""
    config = getattr(tracer.model.config, "vision_config", tracer.model.config)
    size = config.image_size
    height, width = (size, size) if isinstance(size, int) else size
    return tracer.examples.make([getattr(config, "num_channels", 3), height, width], tracer.model.dtype)
