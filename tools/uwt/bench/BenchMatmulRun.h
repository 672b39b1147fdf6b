//===- BenchMatmulRun.h - Measurements of one weight's products -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles the products of a shape from each format, checks them, and times them in turns,
// so that what else happens on the machine happens to all of them.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_BENCH_BENCHMATMULRUN_H
#define UWT_TOOLS_UWT_BENCH_BENCHMATMULRUN_H

#include "../Session.h"
#include "BenchProduct.h"
#include "PythonPeers.h"
#include "uwt/Bench/Samples.h"
#include <map>

namespace uwt::tool {

struct MatmulSettings {
  std::vector<uint64_t> mValues;
  /// Formats to run from; rawFormat is always measured, "auto" is the cost model's pick.
  std::vector<std::string> formats;
  std::string target = "native", calibration;
  /// Kernels of every format; the model's pick is empty.
  std::vector<std::string> strategies = {""};
  /// Of integers that products of compositions are measured by as well; 0 for none.
  uint32_t integerBits = 0;
  /// As openMatrices takes them.
  std::string weights = "row-scaled-t4";
  uint64_t seed = 1;
  unsigned threads = 2;
  unsigned samples = 7;
  /// Copies of a weight; 0: as many as keep it cold.
  unsigned copies = 0;
  /// The Python whose libraries are measured as well; empty for none.
  std::string peerPython;
  /// As PeerRequest has it.
  uint64_t peerGroup = 0;
};

/// By index into `mValues`: what the raw twin makes of x.
using TwinOutputs = std::vector<std::vector<uint8_t>>;

/// Where weights come from, and what products of them are.
struct MatmulSource {
  std::string path;
  /// By whether sums are added by tiles, whose order is another one.
  std::map<bool, TwinOutputs> expected;
};

/// Products from one format with one strategy, maybe by integers of so many bits.
struct MatmulRow {
  std::string format, strategy;
  uint32_t integerBits = 0;
  MatmulSource *source = nullptr;
  std::unique_ptr<ToolProgram> program;
  /// By index into `mValues`: times of a product.
  std::vector<bench::Samples> times;
  uint64_t bytesOfCopy = 0;

  double median(size_t i) const { return times[i].median(); }
};

/// Seconds to bring a stored tensor into a run format, on one thread and on all.
struct LoadRow {
  std::string stored, run;
  bench::Samples oneThread, allThreads;
};

/// What compiling one product takes.
struct CompileRow {
  std::string format;
  bench::Samples times;
  ToolStats stats;
};

/// All that is measured of one shape.
class MatmulBench {
public:
  MatmulBench(const CompilerModule &compiler, const MatmulSettings &settings)
      : compiler(compiler), settings(settings), pool(settings.threads) {}

  /// Reads or draws the weights, and compiles and checks the raw twin, without timing anything.
  Status prepare(const bench::MatrixSource &source, const bench::GridShape &shape);
  /// Compiles products from `format` with `strategy` (empty: the model's pick), and checks that
  /// every bit equals the raw twin's, with the strategy if that has another order of sums. Of a
  /// composition of codes and grids both are of the weights rounded to it. Errors: those of the
  /// compiler; Usage (nothing is drawn of that composition); Invalid (other bits).
  Status add(const std::string &format, const std::string &strategy);
  /// The same by integers of 8 bits that x is rounded to, of a composition: checked against the
  /// rule (docs/numerics.md) for some of the outputs.
  Status addByIntegers(const std::string &format, const std::string &strategy);
  /// Adds a sample to every row and m, to the read probe, and to the peers.
  Status takeSample();
  /// Forgets all rows but the first `count`, all samples, and the peers.
  void keepRows(size_t count);

  Expected<LoadRow> measureLoad(const Format &stored, const Format &run);
  Expected<CompileRow> measureCompile(const std::string &format);

  const ProductWeights &product() const { return *weights; }
  /// The raw twin is the first one.
  const std::vector<MatmulRow> &results() const { return rows; }
  /// None without `peerPython`.
  std::span<const PythonPeer> pythonPeers() const {
    return peers ? std::span(peers->all()) : std::span<const PythonPeer>();
  }
  /// Of reads of as many bytes as all copies of the raw weight have, in the fastest pattern.
  ReadPattern readPattern() const { return pattern; }
  const bench::Samples &readTimes() const { return reads; }
  uint64_t rawBytes() const { return weights->bytes().size(); }
  /// The largest error of the raw twin, in any order of sums, as a share of its bound.
  double error() const { return worstError; }

private:
  ToolCompileOptions optionsFor(const std::string &format, const std::string &strategy,
                                const MatmulSource &source) const;
  Expected<MatmulRow> compileRow(const std::string &format, const std::string &strategy,
                                 MatmulSource &source, uint32_t integerBits = 0);
  Expected<MatmulSource *> sourceOf(const std::string &format);
  /// Those of the row's source, with sums in the order of its strategy; computed where nobody asked
  /// before.
  Expected<const TwinOutputs *> twinOutputs(const MatmulRow &row);
  /// Compares what the raw twin makes of the weights as they are with sums in FP64.
  Status checkSums(const TwinOutputs &outputs);
  Status check(const MatmulRow &row);
  Status checkIntegers(const MatmulRow &row);

  const CompilerModule &compiler;
  const MatmulSettings &settings;
  ThreadPool pool;
  std::unique_ptr<ProductWeights> weights;
  std::unique_ptr<MemoryProbe> probe;
  ReadPattern pattern;
  std::unique_ptr<PythonPeers> peers;
  /// By index into `mValues`: x.
  std::vector<std::vector<uint16_t>> inputs;
  /// Of the weights as they are, and rounded to a composition.
  MatmulSource words;
  std::map<std::string, MatmulSource> rounded;
  std::vector<MatmulRow> rows;
  bench::Samples reads;
  double worstError = 0;
};

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_BENCH_BENCHMATMULRUN_H
