//===- BenchCalibrate.cpp - uwt bench calibrate ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations' times come from products whose weights lie in a cache, on one thread; bandwidth from
// plain reads; overlap, and operations of streams, from products with cold weights, on one thread
// as well; how far ahead codes are asked for from such products on all threads. All are least
// times: whatever else the machine does only adds to them.
//
//===----------------------------------------------------------------------===//

#include "../Command.h"
#include "../text/Json.h"
#include "../text/Paths.h"
#include "../text/Table.h"
#include "../text/Text.h"
#include "BenchProduct.h"
#include "uwt/Bench/BenchReport.h"
#include "uwt/Bench/Samples.h"
#include "uwt/Container/File.h"
#include "uwt/CostModel/Fit.h"
#include "uwt/Support/JsonTree.h"
#include "uwt/Support/StopWatch.h"
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <span>
#include <unistd.h>

using namespace uwt;
using namespace uwt::tool;
using Clock = std::chrono::steady_clock;

namespace {

constexpr uint64_t coldRows = 8192, coldColumns = 4096;
constexpr double leastSeconds = 0.02;
/// The least of many passes: other programs read memory, too.
constexpr unsigned readPasses = 40;
/// How often all products with a weight are measured, one after another.
constexpr unsigned turns = 4;
constexpr auto loopWork = std::chrono::microseconds(20);

/// Products that are compiled together: one format and kernel, several values of m.
struct Experiment {
  Format format;
  KernelConfig config;
  std::vector<uint64_t> mValues;
  bool exact = false;
};

/// An experiment's program, and for each m what goes in and what was observed so far.
struct Compiled {
  std::unique_ptr<ToolProgram> program;
  std::vector<std::vector<uint16_t>> x;
  std::vector<Observation> observations;
  uint64_t copies = 1;

  /// Runs it for each m, and keeps the least time.
  Status observe();
};

class BenchCalibrateCommand final : public Command {
public:
  std::string_view name() const override { return "bench calibrate"; }
  std::string_view summary() const override {
    return "measure this machine's constants for the cost model";
  }
  std::string_view description() const override {
    return "Measures read bandwidth, what the kernels' operations take, and what a parallel loop "
           "costs, and writes them to a file that --calibration of other commands takes "
           "(docs/cost-model.md). Takes about a minute; nothing else should run.";
  }
  std::vector<command_line::Example> examples() const override {
    return {{"uwt bench calibrate", "Measure, and write ~/.config/uwt/calibration.json"},
            {"uwt bench calibrate -o machine.json -T 4", "Bandwidth with up to 4 threads"}};
  }
  std::vector<command_line::Option> options() override {
    return {{"-o,--output", "FILE", "file to write (default: ~/.config/uwt/calibration.json)",
             &output, command_line::ValueHint::Path},
            {"--target", "TARGET", "target whose kernels are measured (default: native)", &target},
            {"-f,--force", "", "overwrite the file that -o names", &force},
            command_line::threadsOption(&threads)};
  }
  Status run(Session &session) override;

private:
  Status measureBandwidth(Session &session);
  Status measureOperations(Session &session);
  Status measureCold(Session &session);
  Status measureOverlap(Session &session, const ProductWeights &weights, ThreadPool &pool);
  Status measureStream(Session &session, const ProductWeights &weights, ThreadPool &pool);
  Status measurePrefetch(Session &session, const ProductWeights &weights, ThreadPool &pool);
  Status measureReadStreams(Session &session, const ProductWeights &weights, ThreadPool &pool);
  void measureLoops();
  /// Measures all experiments with a weight, on so many threads, in turns.
  Status measure(Session &session, const ProductWeights &weights,
                 std::span<const Experiment> experiments, unsigned threadCount, ThreadPool &pool,
                 std::vector<Observation> &observations) const;
  Expected<Compiled> prepare(Session &session, const ProductWeights &weights,
                             const Experiment &experiment, double escapes,
                             unsigned threadCount) const;

  std::string output, target = "native";
  bool force = false;
  unsigned threads = 0;
  const Target *measured = nullptr;
  const CompilerModule *compiler = nullptr;
  Calibration result;
  std::vector<Observation> cached, cold;
};

} // namespace

/// So much that little of it is still in the last cache when it is read again.
static uint64_t probeBytes() {
  constexpr uint64_t least = uint64_t(384) << 20;
  long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return std::max(least, 4 * static_cast<uint64_t>(std::max(cache, 0L)));
}

Status BenchCalibrateCommand::measureBandwidth(Session &session) {
  session.detail("measuring bandwidth");
  ThreadPool all(threads);
  MemoryProbe probe(probeBytes(), all);
  result.bandwidth.clear();
  for (unsigned count = 1; count <= all.size(); ++count) {
    ThreadPool pool(count);
    UWT_ASSIGN_OR_RETURN(ReadPattern pattern, probe.fastestPattern(pool));
    session.detail(plural(count, "thread") + " read fastest in " +
                   plural(pattern.streams, "stream") + ", asking " +
                   std::to_string(pattern.aheadBytes) + " bytes ahead");
    UWT_ASSIGN_OR_RETURN(bench::Samples reads, bench::takeSamples(readPasses, [&] {
                           probe.run(pool, pattern);
                           return checkInterrupted();
                         }));
    double rate = static_cast<double>(probe.bytes()) / reads.least() * 1e-9;
    // More threads never read less: what looks so is something else on the machine.
    if (!result.bandwidth.empty())
      rate = std::max(rate, result.bandwidth.back());
    result.bandwidth.push_back(rate);
  }
  return ok();
}

/// What a loop takes beyond its work: the excess that a quarter of the loops stay below.
void BenchCalibrateCommand::measureLoops() {
  ThreadPool pool(threads);
  auto body = [](void *, uint64_t begin, uint64_t end, unsigned) {
    auto until = Clock::now() + loopWork * static_cast<int64_t>(end - begin);
    while (Clock::now() < until) {
    }
  };
  bench::Samples excess;
  for (unsigned i = 0; i < 2000; ++i) {
    StopWatch watch;
    pool.parallelRanges(pool.size(), body, nullptr);
    excess.seconds.push_back(watch.lap() - std::chrono::duration<double>(loopWork).count());
  }
  result.forkJoin = std::max(excess.quantile(0.25) * 1e6, 0.0);
}

Expected<Compiled> BenchCalibrateCommand::prepare(Session &session, const ProductWeights &weights,
                                                  const Experiment &experiment, double escapes,
                                                  unsigned threadCount) const {
  session.detail("compiling " + experiment.format.str() + " by " + experiment.config.str());
  ToolCompileOptions options;
  options.target = target;
  options.weights = {weights.path()};
  options.format = experiment.format.str();
  options.strategyText = strategyText(experiment.config);
  options.exact = experiment.exact;
  std::string ir =
      productIr(weights.rows(), weights.columns(), weights.copies(), experiment.mValues);
  Compiled compiled;
  UWT_ASSIGN_OR_RETURN(compiled.program, compiler->compile(ir, "product.mlir", options, 0, {}));
  compiled.copies = weights.copies();
  Observation observation;
  observation.config = experiment.config;
  UWT_ASSIGN_OR_RETURN(observation.format, compiler->formatCost(experiment.format.str()));
  observation.format.size.escapesPerWeight = isRaw(experiment.format) ? 0 : escapes;
  observation.microseconds = std::numeric_limits<double>::infinity();
  ThreadPool one(1);
  for (uint64_t m : experiment.mValues) {
    compiled.x.push_back(bench::drawX(m, weights.columns(), m, one));
    observation.problem = {
        m, weights.rows(), weights.columns(), 1, threadCount, !experiment.exact, true};
    compiled.observations.push_back(observation);
  }
  return compiled;
}

Status Compiled::observe() {
  for (size_t i = 0; i < observations.size(); ++i) {
    Observation &observation = observations[i];
    const ProductProblem &problem = observation.problem;
    ToolTensor input{"BF16", {problem.m, problem.k}, bytesOf(x[i])};
    bench::Samples times;
    auto run = [&](unsigned repeats) {
      return program->run(functionOf(problem.m), std::span(&input, 1), problem.threads, repeats,
                          times.seconds);
    };
    UWT_RETURN_IF_ERROR(run(5));
    UWT_RETURN_IF_ERROR(checkInterrupted());
    UWT_RETURN_IF_ERROR(
        run(static_cast<unsigned>(std::clamp(leastSeconds / times.least(), 10.0, 2000.0))));
    double microseconds = times.least() / static_cast<double>(copies) * 1e6;
    observation.microseconds = std::min(observation.microseconds, microseconds);
  }
  return ok();
}

static Expected<std::unique_ptr<ProductWeights>> makeWeights(const std::string &kind,
                                                             const bench::GridShape &shape,
                                                             unsigned copies, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(std::unique_ptr<bench::MatrixSource> source,
                       bench::openMatrices(kind, /*seed=*/1));
  return ProductWeights::make(*source, shape, copies, pool);
}

/// Escape records that the weight has in that format, a weight.
static Expected<double> escapesOf(const ProductWeights &weights, const Format &format,
                                  ThreadPool &pool) {
  TensorDescription description = weights.description();
  description.format = format;
  MemoryPlanes planes;
  UWT_ASSIGN_OR_RETURN(EncodedTensor encoded,
                       encodeTensor(description, weights.bytes(), planes, pool));
  return static_cast<double>(encoded.escapes) /
         static_cast<double>(weights.rows() * weights.columns());
}

/// Coded weights by all strategies, over k-tiles and m.
static std::vector<Experiment> codedExperiments(const Target &target) {
  const Format &coded = runFormats().front();
  std::vector<Experiment> experiments = {{coded, KernelConfig(), {1, 2}}};
  for (unsigned chunk : {128, 512, 1024})
    experiments.push_back({coded, {CpuStrategy::Buffer, 4, 4, chunk}, {4, 24}});
  if (target.hasTiles())
    for (unsigned chunk : {128, 256})
      for (unsigned strips : {1, 2})
        experiments.push_back(
            {coded, {CpuStrategy::Tiles, strips * 16, 64 / strips, chunk}, {1, 16, 64, 256}});
  return experiments;
}

/// The same and raw ones.
static std::vector<Experiment> allExperiments(const Target &target) {
  const KernelConfig direct;
  const Format &raw = rawFormat();
  std::vector<Experiment> experiments = codedExperiments(target);
  experiments.push_back({raw, direct, {1, 2}});
  experiments.push_back({raw, direct, {1}, true});
  experiments.push_back({raw, {CpuStrategy::Buffer, 4, 4, 1024}, {12}, true});
  experiments.push_back({baseFormat(/*codeBits=*/4), direct, {1}});
  for (unsigned chunk : {128, 512, 1024}) {
    experiments.push_back({raw, {CpuStrategy::Buffer, 16, 1, chunk}, {1, 2}});
    experiments.push_back({raw, {CpuStrategy::Buffer, 8, 2, chunk}, {2, 12}});
    experiments.push_back({raw, {CpuStrategy::Buffer, 4, 4, chunk}, {8, 24, 48}});
    if (target.hasTiles())
      experiments.push_back({raw, {CpuStrategy::Tiles, 16, 64, chunk}, {1, 16, 64, 256}});
  }
  return experiments;
}

/// With long rows outputs take little beside products, which short ones do not tell apart.
static std::vector<Experiment> longRowExperiments(const Target & /*target*/) {
  const Format &coded = runFormats().front(), &raw = rawFormat();
  std::vector<Experiment> experiments;
  for (unsigned chunk : {128, 512, 1024})
    experiments.push_back({raw, {CpuStrategy::Buffer, 4, 4, chunk}, {4, 24, 96}});
  experiments.push_back({raw, {CpuStrategy::Buffer, 8, 2, 512}, {2, 48}});
  experiments.push_back({coded, {CpuStrategy::Buffer, 4, 4, 512}, {4, 24}});
  return experiments;
}

/// Rows so short that outputs take most of the time, or few of them, so that x does.
static std::vector<Experiment> edgeExperiments(const Target & /*target*/) {
  return {{rawFormat(), {CpuStrategy::Buffer, 4, 4, 512}, {8, 48}}};
}

Status BenchCalibrateCommand::measure(Session &session, const ProductWeights &weights,
                                      std::span<const Experiment> experiments, unsigned threadCount,
                                      ThreadPool &pool,
                                      std::vector<Observation> &observations) const {
  UWT_ASSIGN_OR_RETURN(double escapes, escapesOf(weights, runFormats().front(), pool));
  std::vector<Compiled> programs;
  for (const Experiment &experiment : experiments) {
    UWT_ASSIGN_OR_RETURN(Compiled compiled,
                         prepare(session, weights, experiment, escapes, threadCount));
    programs.push_back(std::move(compiled));
  }
  // A machine that others use is slow for some seconds, and then for all experiments alike.
  session.detail("measuring them in turns");
  for (unsigned turn = 0; turn < turns; ++turn)
    for (Compiled &compiled : programs)
      UWT_RETURN_IF_ERROR(compiled.observe());
  for (const Compiled &compiled : programs)
    observations.insert(observations.end(), compiled.observations.begin(),
                        compiled.observations.end());
  return ok();
}

Status BenchCalibrateCommand::measureOperations(Session &session) {
  // Weights that fit the second-level cache from any format; Gaussian ones have next to no escapes.
  struct CachedWeight {
    const char *kind;
    uint64_t rows, columns;
    std::vector<Experiment> (*experiments)(const Target &target);
  };
  constexpr CachedWeight cachedWeights[] = {{"gaussian", 256, 1024, allExperiments},
                                            {"gaussian", 64, 4096, longRowExperiments},
                                            {"gaussian", 2048, 64, edgeExperiments},
                                            {"gaussian", 16, 8192, edgeExperiments},
                                            {"row-scaled-t4", 256, 1024, codedExperiments}};
  ThreadPool pool;
  for (const CachedWeight &each : cachedWeights) {
    UWT_ASSIGN_OR_RETURN(auto weights,
                         makeWeights(each.kind, {"", each.rows, each.columns}, 1, pool));
    UWT_RETURN_IF_ERROR(measure(session, *weights, each.experiments(*measured), 1, pool, cached));
  }
  result = fitOperations(result, cached);
  return ok();
}

Status BenchCalibrateCommand::measureCold(Session &session) {
  ThreadPool pool(threads);
  UWT_ASSIGN_OR_RETURN(auto weights,
                       makeWeights("row-scaled-t4", {"", coldRows, coldColumns},
                                   ProductWeights::coldCopies(coldRows, coldColumns), pool));
  UWT_RETURN_IF_ERROR(measureOverlap(session, *weights, pool));
  UWT_RETURN_IF_ERROR(measureStream(session, *weights, pool));
  UWT_RETURN_IF_ERROR(measurePrefetch(session, *weights, pool));
  return measureReadStreams(session, *weights, pool);
}

Status BenchCalibrateCommand::measureOverlap(Session &session, const ProductWeights &weights,
                                             ThreadPool &pool) {
  const Format &coded = runFormats().front();
  std::vector<Experiment> experiments;
  for (const Format &format : {rawFormat(), coded}) {
    if (measured->hasTiles()) {
      experiments.push_back({format, {CpuStrategy::Tiles, 16, 64, 256}, {1, 16, 64}});
      continue;
    }
    experiments.push_back({format, KernelConfig(), {1, 2}});
    experiments.push_back({format, {CpuStrategy::Buffer, 4, 4, 512}, {16}});
  }
  // Raw weights are not multiplied so, where m is small.
  if (!measured->hasTiles())
    experiments.push_back({coded, {CpuStrategy::Buffer, 4, 4, 128}, {1, 2, 4}});
  UWT_RETURN_IF_ERROR(measure(session, weights, experiments, 1, pool, cold));
  result.overlap = fitOverlap(result, cold);
  return ok();
}

/// A short stream in a cache would take half as long: branches are predicted as they were before.
Status BenchCalibrateCommand::measureStream(Session &session, const ProductWeights &weights,
                                            ThreadPool &pool) {
  KernelConfig config = {CpuStrategy::Buffer, 4, 4, streamUnitColumns};
  if (measured->hasTiles())
    config = {CpuStrategy::Tiles, 16, 64, streamUnitColumns};
  const Experiment experiment = {fastFormat(ElementType::BF16), config, {1}};
  UWT_RETURN_IF_ERROR(measure(session, weights, std::span(&experiment, 1), 1, pool, cold));
  result.streamOperation = fitStreamOperation(result, cold.back());
  return ok();
}

/// The distance of the fastest product.
Status BenchCalibrateCommand::measurePrefetch(Session &session, const ProductWeights &weights,
                                              ThreadPool &pool) {
  std::vector<Experiment> experiments;
  for (unsigned bytes : {1024, 2048, 4096, 8192, 16384, 32768}) {
    KernelConfig config;
    config.prefetchBytes = bytes;
    experiments.push_back({runFormats().front(), config, {1}});
  }
  std::vector<Observation> observations;
  UWT_RETURN_IF_ERROR(measure(session, weights, experiments, pool.size(), pool, observations));
  for (const Observation &each : observations)
    session.detail("asking " + std::to_string(each.config.prefetchBytes) +
                   " bytes ahead: " + formatNumber(each.microseconds, 1) + " us");
  result.prefetchBytes =
      std::ranges::min_element(observations, {}, &Observation::microseconds)->config.prefetchBytes;
  return ok();
}

/// The number of streams that words and codes together are read fastest in. The usual one where no
/// other is faster by more than what two runs differ by.
Status BenchCalibrateCommand::measureReadStreams(Session &session, const ProductWeights &weights,
                                                 ThreadPool &pool) {
  constexpr double leastGain = 0.03;
  constexpr unsigned numbers[] = {1, 2, 4, 8};
  KernelConfig config;
  if (measured->hasTiles())
    config = {CpuStrategy::Tiles, 16, 64, 256};
  else
    config.prefetchBytes = result.prefetchBytes;
  std::vector<Experiment> experiments;
  for (unsigned number : numbers) {
    config.readStreams = number;
    experiments.push_back({rawFormat(), config, {1}});
    experiments.push_back({runFormats().front(), config, {1}});
  }
  std::vector<Observation> observations;
  UWT_RETURN_IF_ERROR(measure(session, weights, experiments, pool.size(), pool, observations));
  double times[std::size(numbers)], usual = 0;
  result.readStreams = usualReadStreams(measured->hasTiles());
  for (size_t i = 0; i < std::size(numbers); ++i) {
    double words = observations[2 * i].microseconds, codes = observations[2 * i + 1].microseconds;
    session.detail("reading " + plural(numbers[i], "stream") + ": " + formatNumber(words, 1) +
                   " us from words, " + formatNumber(codes, 1) + " us from codes");
    times[i] = words + codes;
    if (numbers[i] == result.readStreams)
      usual = times[i];
  }
  const double *least = std::ranges::min_element(times);
  if (*least < usual * (1 - leastGain))
    result.readStreams = numbers[least - times];
  return ok();
}

/// Predicted beside measured times, for a user who wants to know whether to believe the model.
static std::string comparison(const Session &session, const Calibration &calibration,
                              const std::vector<Observation> &observations) {
  Table table({{"format", Table::Align::Left},
               {"kernel", Table::Align::Left},
               {"weight", Table::Align::Left},
               {"m"},
               {"measured us"},
               {"predicted us"},
               {"error"}});
  for (const Observation &o : observations) {
    double predicted = predict(calibration, o.problem, o.format, o.config).total;
    table.add({o.format.format.str(), o.config.str() + (o.problem.pairDots ? "" : ", exact"),
               std::to_string(o.problem.n) + " x " + std::to_string(o.problem.k),
               std::to_string(o.problem.m), formatNumber(o.microseconds, 1),
               formatNumber(predicted, 1), formatPercent(predicted / o.microseconds - 1)});
  }
  return table.str(session);
}

Status BenchCalibrateCommand::run(Session &session) {
  UWT_ASSIGN_OR_RETURN(measured, findTarget(target));
  UWT_RETURN_IF_ERROR(checkRunsHere(*measured));
  UWT_ASSIGN_OR_RETURN(compiler, loadCompiler());
  std::string path = output.empty() ? Calibration::defaultPath() : output;
  if (path.empty())
    return usageError("there is no home directory to write to: use -o FILE");
  // Only the file of the default name is surely an older calibration.
  UWT_RETURN_IF_ERROR(checkOutput({}, path, force || output.empty()));
  target = measured->name;
  result = Calibration::of(*measured);
  result.machine = std::string(simdLevelName(hostSimdLevel())) + ", " +
                   plural(ThreadPool(0).size(), "processor");
  if (long bytes = sysconf(_SC_LEVEL1_DCACHE_SIZE); bytes > 0)
    result.nearBytes = static_cast<uint64_t>(bytes) * 3 / 4;
  UWT_RETURN_IF_ERROR(measureBandwidth(session));
  measureLoops();
  UWT_RETURN_IF_ERROR(measureOperations(session));
  UWT_RETURN_IF_ERROR(measureCold(session));

  std::string text = result.json();
  std::error_code ignored;
  if (auto folder = std::filesystem::path(path).parent_path(); !folder.empty())
    std::filesystem::create_directories(folder, ignored);
  UWT_RETURN_IF_ERROR(writeWholeFile(
      path, std::span(reinterpret_cast<const uint8_t *>(text.data()), text.size()), true));
  if (session.wantsJson()) {
    Json object = bench::benchResult("bench.calibrate/1", UWT_VERSION);
    object["file"] = path;
    object["calibration"] = parseJsonTreeOrNone<Json>(text);
    printJson(session, object);
    return ok();
  }
  // Weights in a cache need no memory.
  Calibration inCache = result;
  inCache.bandwidth = {1e9};
  session.print("weights in a cache, one thread\n" + comparison(session, inCache, cached) +
                "\ncold weights\n" + comparison(session, result, cold) + "\n" + text +
                "written to " + path + "\n");
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeBenchCalibrateCommand() {
  return std::make_unique<BenchCalibrateCommand>();
}
