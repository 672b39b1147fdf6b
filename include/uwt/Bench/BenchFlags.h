//===- BenchFlags.h - Options of measurements -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rows of `uwt bench` and of `uwt-bench` that say the same thing: each has one name, one
// meaning and one parser.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_BENCH_BENCHFLAGS_H
#define UWT_BENCH_BENCHFLAGS_H

#include "uwt/CommandLine/CommandTable.h"
#include "uwt/Support/Error.h"
#include <cstdint>

namespace uwt::bench {

/// --weights: kinds of drawn weights (syntheticWeights), or files and folders.
command_line::Option weightsOption(const command_line::OptionTarget &weights,
                                   const std::string &defaultText);
/// --seed of all that is drawn; parseSeed reads it.
command_line::Option seedOption(std::string *seed);
/// --shapes of weights, as parseShapes reads them; `more` are other words that a command takes.
command_line::Option shapesOption(std::string *shapes, const std::string &defaultText,
                                  const std::string &more = "");
/// --m: the values of m of products, as parseM reads them.
command_line::Option mOption(std::string *m, const std::string &defaultText);
/// --samples of each measurement; parseSamples reads it.
command_line::Option samplesOption(std::string *samples, const std::string &defaultText);
/// --copies of a weight that are used in turn; 0 is what coldCopies says.
command_line::Option copiesOption(unsigned *copies);
/// --no-peers: `peers` are what is left out.
command_line::Option noPeersOption(bool *noPeers, const std::string &peers);

/// Errors: Usage.
Expected<uint64_t> parseSeed(const std::string &text);
/// From 1 on. Errors: Usage.
Expected<unsigned> parseSamples(const std::string &text);

/// Copies of a weight of `bytes` bytes that are more than caches hold: they cover 256 MB, and are
/// at least two, so that none is read twice in a row.
unsigned coldCopies(uint64_t bytes);

} // namespace uwt::bench

#endif // UWT_BENCH_BENCHFLAGS_H
