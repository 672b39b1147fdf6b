"""What a checkpoint holds, by its headers alone, and how names of a module map to its names."""

import json
import os
import re
from dataclasses import dataclass

from command_line import ExportError
from safetensors import SafetensorError, safe_open


@dataclass(frozen=True)
class Stored:
    """A tensor of a safetensors file; `dtype` as the file has it, such as BF16."""

    file: str
    dtype: str
    shape: tuple[int, ...]


#: What loaders call the weights of a model, and its index with ".index.json" behind that.
MAIN = ("model.safetensors", "adapter_model.safetensors", "diffusion_pytorch_model.safetensors")
_INDEX = ".safetensors.index.json"
_SHARD = re.compile(r"(?:model|adapter_model|diffusion_pytorch_model)-(\d+)-of-(\d+)\.safetensors")


def _complete_shards(names):
    """Files of sets of shards that have all their numbers."""
    sets = {}
    for name in names:
        if match := _SHARD.fullmatch(name):
            sets.setdefault((name.split("-")[0], match[2]), {})[int(match[1])] = name
    complete = (each for (_, count), each in sets.items() if len(each) == int(count) and min(each) <= 1)
    return sorted(name for each in complete for name in each.values())


def model_files(folder):
    """The weight files of a folder that are its model, and the file that its index states for each name.

    A folder's own files by rules model-1 and model-2 of docs/container.md, as uwt::Checkpoint reads it.
    """
    names = sorted(os.listdir(folder))
    indexes = [name for name in names if name.endswith(_INDEX)]
    indexes = [name for name in indexes if name.removesuffix(".index.json") in MAIN] or indexes
    indexed = {}
    for index in indexes:
        with open(os.path.join(folder, index), encoding="utf-8-sig") as file:
            indexed.update(json.load(file)["weight_map"])
    weights = [name for name in names if name.endswith(".safetensors")]
    if indexes:
        files = sorted(set(indexed.values()) & set(weights))
    else:
        files = [name for name in weights if name in MAIN] or _complete_shards(weights) or weights
    return files, indexed


def read_checkpoint(path):
    """The tensors of a safetensors file, or of the model of a folder, by name."""
    folder, files, indexed = os.path.dirname(path), [os.path.basename(path)], {}
    if os.path.isdir(path):
        folder, (files, indexed) = path, model_files(path)
        if not files:
            raise ExportError(f"{path}: has no .safetensors files; save the model with save_pretrained()")
    tensors = {}
    for base in files:
        file = os.path.join(folder, base)
        for name, tensor in read_file(file).items():
            if indexed.get(name, base) != base:
                continue
            if name in tensors:
                raise ExportError(f"{file}: '{name}' is in {tensors[name].file} too; keep one of the files")
            tensors[name] = tensor
    if any(name.endswith(".uwt.code") for name in tensors):
        raise ExportError(f"{path}: is compressed; give the original, which 'uwt decompress' gives back")
    return tensors


def read_file(path):
    """The tensors of a safetensors file by name."""
    try:
        with safe_open(path, "np") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return {
                name: Stored(path, part.get_dtype(), tuple(part.get_shape())) for name, part in slices.items()
            }
    except SafetensorError as error:
        raise ExportError(f"{path}: is not a safetensors file: {error}") from error


def rename(key, strip, prefix):
    """`key` without `strip` at its start, where it has that, and with `prefix` before it."""
    return prefix + key.removeprefix(strip)


def map_names(groups, stored, path, strip=None, prefix=None):
    """Names in a checkpoint for the keys of a state_dict.

    `groups` maps tuples of keys that name the same tensor to its shape; `stored` are the
    tensors of `path`. Names are equal to keys, or have one prefix in place of another: that
    of `strip` and `prefix`, or the only one that makes every tensor one of the checkpoint.
    """
    if strip is not None or prefix is not None:
        pairs = [(strip or "", prefix or "")]
    elif apply_prefixes(groups, stored, "", "") is not None:
        pairs = [("", "")]
    else:
        pairs = prefixes(next(iter(groups)), stored)
    mappings = [apply_prefixes(groups, stored, *pair) for pair in pairs]
    mappings = [names for names in mappings if names]
    if any(names != mappings[0] for names in mappings):
        raise ExportError(f"{path}: names fit with more than one prefix; say --strip and --prefix")
    if mappings or not groups:
        return mappings[0] if mappings else {}
    keys, shape = first_without_tensor(groups, stored, pairs[0] if len(pairs) == 1 else ("", ""))
    raise ExportError(
        f"{path}: has no tensor for '{keys[0]}' {list(shape)}; say with --strip and --prefix how names differ"
    )


def apply_prefixes(groups, stored, strip, prefix):
    """Names of all keys, or None where a tensor is not in `stored`."""
    names = {}
    for keys, shape in groups.items():
        name = find_tensor(keys, shape, stored, strip, prefix)
        if name is None:
            return None
        names.update(dict.fromkeys(keys, name))
    return names


def find_tensor(keys, shape, stored, strip, prefix):
    """The name in `stored` of one of the keys, or None."""
    renamed = (rename(key, strip, prefix) for key in keys)
    return next((name for name in renamed if name in stored and stored[name].shape == shape), None)


def first_without_tensor(groups, stored, pair):
    """Keys and shape of the first tensor that the checkpoint does not have."""
    for keys, shape in groups.items():
        if find_tensor(keys, shape, stored, *pair) is None:
            return keys, shape
    return next(iter(groups.items()))


def prefixes(keys, stored):
    """Pairs (strip, prefix) that turn one of `keys` into a name of the checkpoint."""
    pairs = set()
    for key in keys:
        parts = key.split(".")
        for start in range(len(parts)):
            rest = ".".join(parts[start:])
            for name in stored:
                if name == rest or name.endswith("." + rest):
                    pairs.add((key.removesuffix(rest), name.removesuffix(rest)))
    return sorted(pairs)
