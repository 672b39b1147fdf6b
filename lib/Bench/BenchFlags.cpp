//===- BenchFlags.cpp - Options of measurements ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Bench/BenchFlags.h"
#include "uwt/CommandLine/Words.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::bench;

command_line::Option uwt::bench::weightsOption(const command_line::OptionTarget &weights,
                                               const std::string &defaultText) {
  bool repeats = std::holds_alternative<std::vector<std::string> *>(weights);
  return {"--weights", "KIND|PATH",
          "weights to measure: a kind that is drawn, or a file or folder" +
              std::string(repeats ? "; may be given again" : "") + " (default: " + defaultText +
              ")",
          weights, command_line::ValueHint::Path};
}

command_line::Option uwt::bench::seedOption(std::string *seed) {
  return {"--seed", "S", "seed of weights and inputs that are drawn (default: " + *seed + ")",
          seed};
}

command_line::Option uwt::bench::shapesOption(std::string *shapes, const std::string &defaultText,
                                              const std::string &more) {
  return {"--shapes", "NxK,...",
          "weights, as outputs x inputs, or models such as llama-3.1-8b" + more +
              " (default: " + defaultText + ")",
          shapes};
}

command_line::Option uwt::bench::mOption(std::string *m, const std::string &defaultText) {
  return {"--m", "M,...", "values of m, or all, or quick (default: " + defaultText + ")", m};
}

command_line::Option uwt::bench::samplesOption(std::string *samples,
                                               const std::string &defaultText) {
  return {"--samples", "N", "samples of each measurement (default: " + defaultText + ")", samples};
}

command_line::Option uwt::bench::copiesOption(unsigned *copies) {
  return {"--copies", "N",
          "copies of a weight, used in turn; 1 keeps it in a cache (default: as many as cover "
          "256 MB, at least 2)",
          copies};
}

command_line::Option uwt::bench::noPeersOption(bool *noPeers, const std::string &peers) {
  return {"--no-peers", "", "leave out " + peers, noPeers};
}

Expected<uint64_t> uwt::bench::parseSeed(const std::string &text) {
  return command_line::parseNumber(text, "--seed");
}

Expected<unsigned> uwt::bench::parseSamples(const std::string &text) {
  UWT_ASSIGN_OR_RETURN(uint64_t samples, command_line::parseNumber(text, "--samples", 100'000));
  if (samples == 0)
    return usageError("--samples: expected at least 1");
  return static_cast<unsigned>(samples);
}

unsigned uwt::bench::coldCopies(uint64_t bytes) {
  constexpr uint64_t coldBytes = uint64_t(256) << 20;
  uint64_t copies = (coldBytes + bytes - 1) / std::max<uint64_t>(bytes, 1);
  return static_cast<unsigned>(std::clamp<uint64_t>(copies, 2, 4096));
}
