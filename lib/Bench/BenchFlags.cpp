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

Option uwt::weightsOption(const OptionTarget &weights, const std::string &defaultText) {
  bool repeats = std::holds_alternative<std::vector<std::string> *>(weights);
  return {"--weights", "KIND|PATH",
          "weights to measure: a kind that is drawn, or a file or folder" +
              std::string(repeats ? "; may be given again" : "") + " (default: " + defaultText +
              ")",
          weights, ValueHint::Path};
}

Option uwt::seedOption(std::string *seed) {
  return {"--seed", "S", "seed of weights and inputs that are drawn (default: " + *seed + ")",
          seed};
}

Option uwt::shapesOption(std::string *shapes, const std::string &defaultText,
                         const std::string &more) {
  return {"--shapes", "NxK,...",
          "weights, as outputs x inputs, or models such as llama-3.1-8b" + more +
              " (default: " + defaultText + ")",
          shapes};
}

Option uwt::mOption(std::string *m, const std::string &defaultText) {
  return {"--m", "M,...", "values of m, or all, or quick (default: " + defaultText + ")", m};
}

Option uwt::samplesOption(std::string *samples, const std::string &defaultText) {
  return {"--samples", "N", "samples of each measurement (default: " + defaultText + ")", samples};
}

Option uwt::copiesOption(unsigned *copies) {
  return {"--copies", "N",
          "copies of a weight, used in turn; 1 keeps it in a cache (default: as many as cover "
          "256 MB, at least 2)",
          copies};
}

Option uwt::noPeersOption(bool *noPeers, const std::string &peers) {
  return {"--no-peers", "", "leave out " + peers, noPeers};
}

Expected<uint64_t> uwt::parseSeed(const std::string &text) { return parseNumber(text, "--seed"); }

Expected<unsigned> uwt::parseSamples(const std::string &text) {
  UWT_ASSIGN_OR_RETURN(uint64_t samples, parseNumber(text, "--samples", 100'000));
  if (samples == 0)
    return usageError("--samples: expected at least 1");
  return static_cast<unsigned>(samples);
}

unsigned uwt::coldCopies(uint64_t bytes) {
  constexpr uint64_t coldBytes = uint64_t(256) << 20;
  uint64_t copies = (coldBytes + bytes - 1) / std::max<uint64_t>(bytes, 1);
  return static_cast<unsigned>(std::clamp<uint64_t>(copies, 2, 4096));
}
