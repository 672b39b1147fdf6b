"""Models of transformers from their folders: config.json and *.safetensors.

A model is built from its configuration, and its parameters are what transformers makes of
the checkpoint's tensors when it loads them: the tensors under other names, or stacked and
split where the model holds them in another form. Weights are not read: shapes suffice. Of a
quantised checkpoint the model is that of floats, with the weights that uwt makes of it.
"""

import os
from copy import deepcopy

import torch
import transformers
from checkpoint import read_checkpoint
from command_line import ExportError, one_line
from quantized import with_weights
from safetensors import safe_open
from torch.nn.utils import parametrize
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import (
    WeightConverter,
    WeightRenaming,
    dot_natural_key,
    rename_source_key,
)
from transformers.initialization import no_init_weights

DTYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}


def load_model(folder, cast=None):
    """The model of a folder, and the checkpoint's tensors that it is made of, by name.

    Tensors have memory, but no values, unless they have a single element. With `cast`
    those of F32 and F16 are bfloat16, as `uwt compress --cast bf16 --cast-vectors` makes them.
    """
    if not os.path.isfile(os.path.join(folder, "config.json")):
        raise ExportError(f"{folder}: expected a model folder with a config.json")
    stored = read_checkpoint(folder)
    try:
        config = transformers.AutoConfig.from_pretrained(folder)
    except Exception as error:  # whatever transformers raises
        raise ExportError(f"{folder}/config.json: transformers cannot read it: {one_line(error)}") from error
    if getattr(config, "quantization_config", None) is not None:
        stored = with_weights(folder, stored, name_of_dtype(config, cast))
        del config.quantization_config
    tensors = {name: tensor_without_values(name, tensor, cast) for name, tensor in stored.items()}
    model = build_model(folder, config, model_dtype(config, tensors, cast))
    return model, bind_parameters(folder, model, tensors)


def name_of_dtype(config, cast):
    """The element type of a quantised model's activations, as files have it."""
    dtype = torch.bfloat16 if cast else config.dtype
    names = [name for name, other in DTYPES.items() if other == dtype]
    return names[0] if names else "F16"


def tensor_without_values(name, stored, cast):
    """A tensor of a checkpoint's shape and element type, without its values."""
    if stored.dtype not in DTYPES:
        raise ExportError(f"{stored.file}: '{name}' is {stored.dtype}, which models here do not compute with")
    dtype = DTYPES[stored.dtype]
    if cast and dtype in (torch.float32, torch.float16):
        dtype = torch.bfloat16
    if all(size == 1 for size in stored.shape):
        with safe_open(stored.file, "pt") as file:
            return file.get_tensor(name).to(dtype)
    # Memory that is never touched takes no room.
    return torch.empty(stored.shape, dtype=dtype)


def model_dtype(config, tensors, cast):
    """The element type of the model's activations, as from_pretrained(dtype="auto") picks it."""
    if cast:
        return torch.bfloat16
    if isinstance(config.dtype, torch.dtype):
        return config.dtype
    return next((tensor.dtype for tensor in tensors.values() if tensor.is_floating_point()), torch.float32)


def build_model(folder, config, dtype):
    """The model that the configuration names, with parameters that have no values."""
    name = (config.architectures or [""])[0]
    kind = getattr(transformers, name, None)
    if kind is None:
        raise ExportError(f"{folder}/config.json: transformers {transformers.__version__} has no '{name}'")
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with no_init_weights():
            model = kind(config)
    except Exception as error:  # whatever the model's code raises
        raise ExportError(f"{folder}/config.json: transformers cannot build {name}: {one_line(error)}") from error
    finally:
        torch.set_default_dtype(default)
    # Plain products and a softmax, which every model has and every lowering knows.
    model.set_attn_implementation("eager")
    if hasattr(model, "set_experts_implementation"):
        # Weights of experts are gathered by index.
        model.set_experts_implementation("batched_mm")
    return model.eval()


def bind_parameters(folder, model, tensors):
    """Makes the model's parameters those of a checkpoint; returns the tensors that it uses."""
    state = model.state_dict()
    origins = find_origins(model, state, tensors)
    parameters = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    missing = [name for name in parameters if name not in origins]
    if missing:
        raise ExportError(
            f"{folder}: has no tensor for '{missing[0]}' of {type(model).__name__} "
            f"({len(missing)} of {len(parameters)} parameters have none)"
        )
    used = {}
    for name, origin in origins.items():
        if origin.shape != state[name].shape:
            raise ExportError(
                f"{folder}: '{origin.sources[0]}' gives '{name}' the shape {list(origin.shape)}, "
                f"expected {list(state[name].shape)} by config.json"
            )
        sources = {source: tensors[source] for source in origin.sources}
        used.update(sources)
        origin.install(model, name, list(sources.values()), state[name].dtype)
    return used


class Origin:
    """What a parameter is made of: tensors of a checkpoint, and transformers' transform of them."""

    def __init__(self, model, transform, first, name, patterns, sources, shape):
        self.model, self.transform, self.first, self.name = model, transform, first, name
        self.patterns, self.sources, self.shape = patterns, sources, shape

    def results(self, values):
        """All parameters that the transform gives, by name."""
        return convert(self.model, self.transform, self.first, self.patterns, self.sources, values)

    def install(self, model, name, values, dtype):
        """Makes the model's parameter this one, with the element type that the model has for it."""
        module, _, attribute = name.rpartition(".")
        module = model.get_submodule(module)
        if isinstance(self.transform, WeightRenaming) and (
            values[0].dtype == dtype or not values[0].is_floating_point()
        ):
            replace(module, attribute, values[0])
        else:
            replace(module, attribute, torch.empty(self.shape, dtype=dtype))
            parametrize.register_parametrization(module, attribute, Derived(self, values, dtype), unsafe=True)


class Derived(torch.nn.Module):
    """A parameter as a computation from tensors of a checkpoint, for torch.nn.utils.parametrize."""

    def __init__(self, origin, values, dtype):
        super().__init__()
        # In a tuple, so that the module that holds the model is not a part of it.
        self.origin, self.values, self.dtype = (origin,), tuple(values), dtype

    def right_inverse(self, _):
        """The tensors that take the parameter's place."""
        return self.values

    def forward(self, *values):
        """The parameter."""
        (origin,) = self.origin
        return origin.results(values)[origin.name].to(self.dtype)


def replace(module, attribute, value):
    """Makes `value` the module's parameter or buffer of that name."""
    if attribute in dict(module.named_parameters(recurse=False)):
        value = torch.nn.Parameter(value, requires_grad=False)
    setattr(module, attribute, value)


def find_origins(model, state, tensors):
    """The origin of each parameter that the checkpoint has, by the parameter's name."""
    transforms = get_model_conversion_mapping(model)
    renamings = [entry for entry in transforms if isinstance(entry, WeightRenaming)]
    converters = [entry for entry in transforms if isinstance(entry, WeightConverter)]
    by_pattern = {pattern: entry for entry in converters for pattern in entry.source_patterns}
    loads = {}
    for source in sorted(tensors, key=dot_natural_key):
        first, pattern = rename_source_key(source, renamings, converters, model.base_model_prefix, state)
        if first not in state and source in state:
            first, pattern = source, None
        if first in state:
            transform = by_pattern[pattern] if pattern else WeightRenaming(source, first)
            _, patterns, sources = loads.setdefault(first, (transform, [], []))
            patterns.append(pattern or source)
            sources.append(source)
    origins = {}
    for first, (transform, patterns, sources) in loads.items():
        shapes = [torch.empty_like(tensors[source], device="meta") for source in sources]
        for name, value in convert(model, transform, first, patterns, sources, shapes).items():
            origins[name] = Origin(model, transform, first, name, patterns, sources, value.shape)
    for target, source in model.all_tied_weights_keys.items():
        for one, other in ((target, source), (source, target)):
            if one not in origins and other in origins:
                origins[one] = origins[other]
    return origins


def convert(model, transform, first, patterns, sources, values):
    """What a transform makes of a checkpoint's tensors: parameters by name, `first` among them."""
    transform = deepcopy(transform)
    for pattern, source, value in zip(patterns, sources, values):
        transform.add_tensor(first, source, pattern, value)
    results = transform.convert(first, model=model, config=model.config)
    return {name: value[0] if isinstance(value, list) else value for name, value in results.items()}
