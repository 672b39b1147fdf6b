//===- BenchMatmulRun.cpp - Measurements of one weight's products ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BenchMatmulRun.h"
#include "RoundedModel.h"
#include "uwt/Format/BF16.h"
#include "uwt/Format/Floats.h"
#include "uwt/Import/ImportedWeights.h"
#include "uwt/Import/IntegerProduct.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Support/StopWatch.h"
#include <algorithm>
#include <cstring>
#include <optional>

using namespace uwt;
using namespace uwt::tool;

/// Output features whose FP64 sums the raw twin is compared with.
static constexpr uint64_t checkedFeatures = 96;

ToolCompileOptions MatmulBench::optionsFor(const std::string &format, const std::string &strategy,
                                           const MatmulSource &source) const {
  ToolCompileOptions options;
  options.target = settings.target;
  options.weights = {source.path};
  if (format != "auto")
    options.format = format;
  options.strategyText = strategy;
  options.calibration = settings.calibration;
  options.threads = pool.size();
  return options;
}

Expected<MatmulRow> MatmulBench::compileRow(const std::string &format, const std::string &strategy,
                                            MatmulSource &source, uint32_t integerBits) {
  MatmulRow row{format, strategy, integerBits, &source, nullptr, {}, 0};
  std::string ir =
      productIr(weights->rows(), weights->columns(), weights->copies(), settings.mValues);
  ToolCompileOptions options = optionsFor(format, strategy, source);
  options.integerBits = integerBits;
  auto program = compiler.compile(ir, "matmul.mlir", options, pool.size(), {});
  if (!program)
    return program.takeError().in(format + (strategy.empty() ? "" : ", " + strategy));
  row.program = *std::move(program);
  row.times.resize(settings.mValues.size());
  row.bytesOfCopy = row.program->stats().weightBytes / weights->copies();
  return row;
}

static Expected<std::vector<ToolResult>>
runProduct(const MatmulRow &row, uint64_t m, uint64_t columns, const std::vector<uint16_t> &x,
           unsigned threads, unsigned repeats, std::vector<double> &seconds) {
  ToolTensor input{"BF16", {m, columns}, bytesOf(x)};
  return row.program->run(functionOf(m), std::span(&input, 1), threads, repeats, seconds);
}

Status MatmulBench::prepare(const bench::MatrixSource &source, const bench::GridShape &shape) {
  uint64_t columns = shape.columns;
  unsigned copies =
      settings.copies ? settings.copies : ProductWeights::coldCopies(shape.rows, columns);
  // Python draws its weights while we draw ours.
  if (!settings.peerPython.empty()) {
    UWT_ASSIGN_OR_RETURN(peers, PythonPeers::start(settings.peerPython,
                                                   {shape.rows, columns, copies, settings.threads,
                                                    settings.mValues, settings.peerGroup}));
  }
  UWT_ASSIGN_OR_RETURN(weights, ProductWeights::make(source, shape, copies, pool));
  probe = std::make_unique<MemoryProbe>(rawBytes() * copies, pool);
  inputs.clear();
  words = {weights->path(), {}};
  rounded.clear();
  rows.clear();
  reads = {};
  for (uint64_t m : settings.mValues)
    inputs.push_back(bench::drawX(m, columns, settings.seed + m, pool));

  worstError = 0;
  UWT_RETURN_IF_ERROR(add(rawFormat().str(), settings.strategies.front()));
  if (peers)
    UWT_RETURN_IF_ERROR(peers->waitReady());
  // Nothing else runs now.
  UWT_ASSIGN_OR_RETURN(pattern, probe->fastestPattern(pool));
  return ok();
}

Expected<MatmulSource *> MatmulBench::sourceOf(const std::string &format) {
  if (!isComposition(format))
    return &words;
  auto [found, isNew] = rounded.try_emplace(format);
  if (isNew) {
    UWT_ASSIGN_OR_RETURN(found->second.path, writeRoundedModel(format, *weights));
  }
  return &found->second;
}

/// Whether a strategy, or the model's pick, adds up by tiles (docs/numerics.md).
static bool addsByTiles(const std::string &strategy, const Target &target) {
  if (strategy.empty())
    return target.hasTiles();
  return strategy.starts_with(cpuStrategyName(CpuStrategy::Tiles));
}

Expected<const TwinOutputs *> MatmulBench::twinOutputs(const MatmulRow &row) {
  UWT_ASSIGN_OR_RETURN(const Target *target, findTarget(settings.target));
  auto [found, isNew] = row.source->expected.try_emplace(addsByTiles(row.strategy, *target));
  if (!isNew)
    return &found->second;
  // Raw weights are their own twin, which is compared with sums.
  std::optional<MatmulRow> compiled;
  if (row.format != rawFormat().str()) {
    UWT_ASSIGN_OR_RETURN(compiled, compileRow(rawFormat().str(), row.strategy, *row.source));
  }
  const MatmulRow &raw = compiled ? *compiled : row;
  for (size_t i = 0; i < settings.mValues.size(); ++i) {
    std::vector<double> none;
    UWT_ASSIGN_OR_RETURN(auto outputs, runProduct(raw, settings.mValues[i], weights->columns(),
                                                  inputs[i], pool.size(), 0, none));
    found->second.push_back(std::move(outputs.front().bytes));
  }
  if (row.source == &words)
    UWT_RETURN_IF_ERROR(checkSums(found->second));
  return &found->second;
}

Status MatmulBench::checkSums(const TwinOutputs &outputs) {
  for (size_t i = 0; i < settings.mValues.size(); ++i) {
    uint64_t m = settings.mValues[i];
    double share = errorShare(*weights, m, bytesOf(inputs[i]), outputs[i],
                              checkedFeatures / std::max<uint64_t>(m / 4, 1) + 1);
    if (!(share <= 1))
      return invalidError("m " + std::to_string(m) +
                          ": the product from raw weights is further from FP64 sums than "
                          "docs/numerics.md allows");
    worstError = std::max(worstError, share);
  }
  return ok();
}

Status MatmulBench::check(const MatmulRow &row) {
  UWT_ASSIGN_OR_RETURN(const TwinOutputs *expected, twinOutputs(row));
  for (size_t i = 0; i < settings.mValues.size(); ++i) {
    UWT_RETURN_IF_ERROR(checkInterrupted());
    std::vector<double> none;
    UWT_ASSIGN_OR_RETURN(auto outputs, runProduct(row, settings.mValues[i], weights->columns(),
                                                  inputs[i], pool.size(), 0, none));
    for (const ToolResult &output : outputs)
      if (output.bytes != (*expected)[i])
        return invalidError(row.format + ", m " + std::to_string(settings.mValues[i]) +
                            ": other bits than from raw weights; this is a defect of uwt, please "
                            "report it");
  }
  return ok();
}

/// Rows of the weight that are checked, of so many.
static uint64_t checkedStep(uint64_t rows) { return std::max<uint64_t>(rows / checkedFeatures, 1); }

Status MatmulBench::checkIntegers(const MatmulRow &row) {
  UWT_ASSIGN_OR_RETURN(OpenedWeights opened, OpenedWeights::open(row.source->path));
  UWT_ASSIGN_OR_RETURN(QuantizedWeight weight, opened.imported.all().begin()->second.read(pool));
  for (size_t i = 0; i < settings.mValues.size(); ++i) {
    uint64_t m = settings.mValues[i], columns = weights->columns();
    std::vector<double> none;
    UWT_ASSIGN_OR_RETURN(auto outputs,
                         runProduct(row, m, columns, inputs[i], pool.size(), 0, none));
    for (uint64_t rowOfX = 0; rowOfX < m; ++rowOfX) {
      UWT_RETURN_IF_ERROR(checkInterrupted());
      std::vector<float> x(columns);
      std::transform(inputs[i].begin() + rowOfX * columns,
                     inputs[i].begin() + (rowOfX + 1) * columns, x.begin(), fromBF16);
      IntegerRow integers = IntegerRow::of(x, row.integerBits);
      for (uint64_t n = 0; n < weight.rows; n += checkedStep(weight.rows)) {
        float sum = 0;
        UWT_RETURN_IF_ERROR(integerProduct(weight, integers, n, {&sum, 1}));
        uint16_t expected = roundToBF16(sum), found = 0;
        for (const ToolResult &output : outputs) {
          std::memcpy(&found, &output.bytes[(rowOfX * weight.rows + n) * 2], sizeof(found));
          if (found != expected)
            return invalidError(row.format + " by integers, m " + std::to_string(m) +
                                ": other bits than those of the rule; this is a defect of uwt, "
                                "please report it");
        }
      }
    }
  }
  return ok();
}

Status MatmulBench::addByIntegers(const std::string &format, const std::string &strategy) {
  UWT_ASSIGN_OR_RETURN(MatmulSource * source, sourceOf(format));
  UWT_ASSIGN_OR_RETURN(MatmulRow row, compileRow(format, strategy, *source, settings.integerBits));
  UWT_RETURN_IF_ERROR(checkIntegers(row));
  rows.push_back(std::move(row));
  return ok();
}

Status MatmulBench::add(const std::string &format, const std::string &strategy) {
  UWT_ASSIGN_OR_RETURN(MatmulSource * source, sourceOf(format));
  UWT_ASSIGN_OR_RETURN(MatmulRow row, compileRow(format, strategy, *source));
  UWT_RETURN_IF_ERROR(check(row));
  rows.push_back(std::move(row));
  return ok();
}

void MatmulBench::keepRows(size_t count) {
  peers = nullptr;
  rows.resize(count);
  for (MatmulRow &row : rows)
    std::ranges::fill(row.times, bench::Samples());
}

Status MatmulBench::takeSample() {
  double copies = weights->copies();
  for (size_t i = 0; i < settings.mValues.size(); ++i) {
    reads.seconds.push_back(probe->run(pool, pattern));
    for (MatmulRow &row : rows) {
      UWT_RETURN_IF_ERROR(checkInterrupted());
      std::vector<double> seconds;
      UWT_RETURN_IF_ERROR(runProduct(row, settings.mValues[i], weights->columns(), inputs[i],
                                     pool.size(), 1, seconds));
      row.times[i].seconds.push_back(seconds.front() / copies);
    }
    if (peers)
      UWT_RETURN_IF_ERROR(peers->takeSample(i));
  }
  return ok();
}

Expected<LoadRow> MatmulBench::measureLoad(const Format &stored, const Format &run) {
  LoadRow row{stored.str(), run.str(), {}, {}};
  TensorDescription description = weights->description();
  description.format = stored;
  LoadOptions options;
  options.runFormat = run;
  MemoryPlanes planes;
  UWT_ASSIGN_OR_RETURN(EncodedTensor encoded,
                       encodeTensor(description, weights->bytes(), planes, pool));
  ThreadPool one(1);
  for (unsigned i = 0; i < 2 * settings.samples; ++i) {
    UWT_RETURN_IF_ERROR(checkInterrupted());
    bool isOne = i % 2 == 0;
    StopWatch watch;
    UWT_RETURN_IF_ERROR(LoadedWeight::fromPlanes(
        description, viewsOf(planes), encoded.indexChecksum, isOne ? one : pool, options));
    (isOne ? row.oneThread : row.allThreads).seconds.push_back(watch.lap());
  }
  return row;
}

Expected<CompileRow> MatmulBench::measureCompile(const std::string &format) {
  CompileRow row{format, {}, {}};
  uint64_t m = settings.mValues.front();
  std::string ir = productIr(weights->rows(), weights->columns(), 1, std::span(&m, 1));
  UWT_ASSIGN_OR_RETURN(const MatmulSource *source, sourceOf(format));
  constexpr unsigned most = 5;
  for (unsigned i = 0; i < std::min(settings.samples, most); ++i) {
    ToolStats stats;
    UWT_RETURN_IF_ERROR(compiler.emit(ir, "matmul.mlir",
                                      optionsFor(format, settings.strategies.front(), *source),
                                      EmitKind::Nothing, stats));
    double sum = 0;
    for (const auto &[stage, seconds] : stats.stages)
      sum += seconds;
    row.times.seconds.push_back(sum);
    if (i == 0 || sum <= row.times.median())
      row.stats = std::move(stats);
  }
  return row;
}
