//===- HelpTopics.cpp - What help explains beside commands ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HelpText.h"
#include "Text.h"
#include "uwt/Codec/Codec.h"
#include "uwt/Target/Target.h"
#include <algorithm>

using namespace uwt;

std::span<const ExitCode> uwt::exitCodes() {
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
  for (const std::string &line : wrapText(text, helpColumns - indent))
    result += (line.empty() ? "" : std::string(indent, ' ') + line) + "\n";
  return result;
}

static std::string formatsText() {
  std::string text = wrapped(
      "A format says how the bits of a tensor are stored. Two words pick one for each tensor:\n\n"
      "  best-size   the smallest: exponent and two mantissa bits in prefix codes, rows sorted "
      "into\n"
      "              classes where that pays (default)\n"
      "  fast        quick to decode on a CPU, nearly as small: prefix codes over pairs of "
      "exponents\n\n"
      "Or a format is written out: the codec, then what differs from the defaults, separated by "
      "commas. Quote it in a shell: '<' and '>' redirect.\n\n"
      "  layout=fragment<16x16> | row_major    order of elements; row_major reads single rows\n"
      "  storage=n_major | k_major             how the last two dimensions lie\n"
      "  packing=planes | inplace              fields in planes of their own, or in half words\n"
      "  coded=exponent+J                      mantissa bits that are coded with the exponent\n"
      "  context=none | row_class<2|4|8|16>    a code table for each class of rows\n"
      "  escapes=patch | none | rows<64>       what happens to symbols outside the model\n\n"
      "The first value of each is the default; J is 0 by default. Codecs of this build:\n",
      0);
  for (const Codec *codec : allCodecs()) {
    text += "\n  " + std::string(codec->keyword()) + "\n" + wrapped(codec->summary(), 4);
    for (const std::string &example : codec->examples())
      text += "      --format '" + example + "'\n";
  }
  return text + "\n" +
         wrapped("'inplace<12>' and 'inplace<11>' are short for 'window<4>,packing=inplace' and "
                 "'window<3>,packing=inplace'.",
                 0);
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
  for (const Target &target : allTargets()) {
    std::string name(target.name);
    name.resize(width, ' ');
    text += "\n  " + name + "  " + std::string(target.summary);
  }
  return text + "\n\n'native' is " + std::string(nativeTarget().name) + " on this machine.\n";
}

std::span<const HelpTopic> uwt::helpTopics() {
  static const HelpTopic topics[] = {
      {"formats", "how formats are written, and the codecs of this build", formatsText},
      {"targets", "machines that code is compiled for", targetsText},
      {"names", "how outputs are called where -o is not given", namesText},
      {"exit-codes", "what the exit codes mean", exitCodesText},
  };
  return topics;
}
