//===- HelpTopics.cpp - What help explains beside commands ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../text/Text.h"
#include "HelpText.h"
#include "uwt/Codec/Codec.h"
#include "uwt/Support/Suggest.h"
#include "uwt/Target/GpuTarget.h"
#include "uwt/Target/Target.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::tool;

std::span<const ExitCode> uwt::tool::exitCodes() {
  static constexpr ExitCode codes[] = {
      {0, "done"},
      {1, "a check found differences (uwt verify)"},
      {2, "usage: an unknown option, an invalid format, an output that exists"},
      {3, "the input is invalid or damaged"},
      {4, "reading or writing failed: no such file, no permission, a full disk"},
      {5, "a device, an instruction set or a version that is not supported here"},
      {130, "interrupted; nothing half written is left"},
  };
  return codes;
}

static std::string exitCodesText() {
  std::string text = "Every command ends with one of these exit codes:\n\n";
  for (const ExitCode &exit : exitCodes()) {
    std::string code = std::to_string(exit.code);
    text +=
        "  " + std::string(3 - code.size(), ' ') + code + "  " + std::string(exit.meaning) + "\n";
  }
  return text;
}

static std::string wrapped(std::string_view text, size_t indent) {
  std::string result;
  for (const std::string &line : command_line::wrapText(text, command_line::helpColumns - indent))
    result += (line.empty() ? "" : std::string(indent, ' ') + line) + "\n";
  return result;
}

static std::string formatsText() {
  std::string text = wrapped(
      "A format says how the bits of a tensor are stored. Three words pick one for each tensor:\n\n"
      "  best-size   small and quick: exponent and the mantissa bits that say something in\n"
      "              prefix codes, rows sorted into classes where that pays (default); numeral\n"
      "              systems of weights that once had 4 bits or so\n"
      "  smallest    for downloads: the same with numeral systems in place of prefix codes,\n"
      "              smaller, and several times as long to decode\n"
      "  fast        quick to decode on a CPU, nearly as small: prefix codes over pairs of "
      "exponents\n\n"
      "Or a format is written out: the codec, then what differs from the defaults, separated by "
      "commas. Quote it in a shell: '<' and '>' redirect.\n\n"
      "  layout=fragment<16x16> | row_major    order of weights; row_major reads single rows\n"
      "  storage=n_major | k_major             which of the last two dimensions is inputs\n"
      "  fold=none | columns<N> | flat<N>      N dimensions as inputs, or rows of N weights\n"
      "  packing=planes | inplace              parts of a weight apart, or in one number\n"
      "  coded=exponent+J | sign+exponent+J    mantissa bits coded together with the exponent\n"
      "  context=none | row_class<2|4|8|16>    a code table for each class of rows\n"
      "          scale<1|2|4|8|16>             weights relative to scales of rows and columns\n"
      "  escapes=patch | none | rows<64>       how weights with rare exponents are stored\n"
      "  index=whole | short                   8 bytes less a panel, for newer readers\n"
      "  tables=rounded | exact                frequencies as they are, of codec rans\n"
      "  unit=strip | panel                    with scales: stream units of whole panels\n"
      "  low=16 | 1 ... 15                     of F32: stored bits below the upper half\n"
      "      rows | palette | coded            as each row needs; by value; coded\n\n"
      "The first value of each is the default; J is 0 by default. Codecs of this build:\n",
      0);
  for (const Codec *codec : allCodecs()) {
    text += "\n  " + std::string(codec->keyword()) + "\n" + wrapped(codec->summary(), 4);
    for (const std::string &example : codec->examples())
      text += "      --format '" + example + "'\n";
  }
  std::string names, meanings;
  for (const ShortName &shortName : shortNames()) {
    const char *joint = names.empty() ? "" : " and ";
    names += joint + inQuotes(shortName.name.str());
    meanings += joint + inQuotes(shortName.codec.str() + ",packing=inplace");
  }
  return text + "\n" + wrapped(names + " are short for " + meanings + ".", 0);
}

static std::string namesText() {
  return wrapped(
      "Where -o is not given, the output's name follows from the input's:\n\n"
      "  command      input                    output\n"
      "  compress     model.safetensors        model.uwt.safetensors\n"
      "  compress     folder                   folder-uwt\n"
      "  decompress   model.uwt.safetensors    model.safetensors\n"
      "  decompress   folder-uwt               folder\n\n"
      "decompress asks for -o where the input's name has no '.uwt.' or '-uwt' to take away. What "
      "is made of a snapshot in a hub's cache, models--ORG--NAME/snapshots/REVISION, is NAME-uwt "
      "in the current folder. In a compressed folder, model.safetensors is called "
      "model.uwt.safetensors. "
      "Inputs are kept. An output that exists is an error without -f; a folder that an "
      "interrupted run has begun is continued.\n",
      0);
}

static std::string targetsText() {
  std::string text = "Machines that 'uwt compile' and 'uwt run' make code for, best first:\n";
  size_t width = 0;
  for (const Target &target : allTargets())
    width = std::max(width, target.name.size());
  for (const GpuTarget &target : allGpuTargets())
    width = std::max(width, target.name.size());
  for (const Target &target : allTargets()) {
    std::string name(target.name);
    name.resize(width, ' ');
    text += "\n  " + name + "  " + std::string(target.summary);
  }
  text += "\n\n'native' is " + std::string(nativeTarget().name) +
          " on this machine. Of GPUs, oldest first:\n";
  for (const GpuTarget &target : allGpuTargets()) {
    std::string name(target.name);
    name.resize(width, ' ');
    text += "\n  " + name + "  " + std::string(target.summary);
  }
  return text + "\n\n" +
         wrapped("'uwt run --target sm_90a' runs on this machine's GPU, '--target emulate:sm_90a' "
                 "on an emulator that needs none. 'uwt doctor' says what is here.",
                 0);
}

namespace {
/// How weights of one kind of file become safetensors: a script that gets IN and OUT.
struct Conversion {
  std::string_view kind, packages;
  /// Ends with `tensors`, from names to arrays.
  std::string_view script;
  /// The library that save_file comes from.
  std::string_view library;
};
} // namespace

static constexpr Conversion conversions[] = {
    {"PyTorch (.pt, .pth, .bin)", "torch numpy safetensors",
     "import torch\n"
     "state = torch.load(source, map_location='cpu', weights_only=True)\n"
     "state = state.get('state_dict', state)\n"
     "tensors = {n: t.clone() for n, t in state.items() if torch.is_tensor(t)}\n",
     "torch"},
    {"GGUF (quantised weights become F32)", "gguf safetensors",
     "from gguf import GGUFReader, dequantize\n"
     "tensors = {t.name: dequantize(t.data, t.tensor_type) for t in GGUFReader(source).tensors}\n",
     "numpy"},
    {"ONNX", "onnx safetensors",
     "import onnx\n"
     "weights = onnx.load(source).graph.initializer\n"
     "tensors = {t.name: onnx.numpy_helper.to_array(t) for t in weights}\n",
     "numpy"},
    {"HDF5 and Keras (of a .keras file, which is a zip archive, model.weights.h5)",
     "h5py safetensors",
     "import h5py\n"
     "tensors = {}\n"
     "def keep(name, item):\n"
     "    if isinstance(item, h5py.Dataset) and item.dtype.kind in 'fiu':\n"
     "        tensors[name] = item[()]\n"
     "h5py.File(source).visititems(keep)\n",
     "numpy"},
    {"NumPy (.npy, .npz)", "numpy safetensors",
     "import numpy\n"
     "data = numpy.load(source)\n"
     "tensors = dict(data) if hasattr(data, 'files') else {'array': data}\n",
     "numpy"},
    {"TensorFlow (IN is the checkpoint less .index; of a SavedModel, variables/variables)",
     "tensorflow safetensors",
     "import tensorflow\n"
     "reader = tensorflow.train.load_checkpoint(source)\n"
     "arrays = {n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map()}\n"
     "tensors = {n: a for n, a in arrays.items() if getattr(a, 'dtype', None)}\n",
     "numpy"},
};

static std::string convertText() {
  std::string text = wrapped(
      "uwt reads safetensors. Many models on hubs have them beside other files: look there first. "
      "A folder of transformers with pytorch_model.bin is saved as safetensors by\n\n"
      "  $ python3 -c \"from transformers import AutoModel; \\\n"
      "      AutoModel.from_pretrained('IN', dtype='auto').save_pretrained('OUT')\"\n\n"
      "Weights of other files are converted by these commands, from file IN to OUT.safetensors:\n",
      0);
  for (const Conversion &each : conversions) {
    text += "\n" + std::string(each.kind) + "\n  $ pip install " + std::string(each.packages) +
            "\n  $ python3 - IN OUT.safetensors <<'END'\nimport sys\nfrom safetensors." +
            std::string(each.library) + " import save_file\nsource, target = sys.argv[1:]\n" +
            std::string(each.script) + "save_file(tensors, target)\nEND\n";
  }
  return text;
}

std::span<const HelpTopic> uwt::tool::helpTopics() {
  static const HelpTopic topics[] = {
      {"formats", "how formats are written, and the codecs of this build", formatsText},
      {"targets", "machines that code is compiled for", targetsText},
      {"convert", "how other files become safetensors", convertText},
      {"names", "how outputs are called where -o is not given", namesText},
      {"exit-codes", "what the exit codes mean", exitCodesText},
  };
  return topics;
}
