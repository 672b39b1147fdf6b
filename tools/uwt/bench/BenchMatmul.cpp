//===- BenchMatmul.cpp - uwt bench matmul ---------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Command.h"
#include "../FormatOption.h"
#include "../text/Json.h"
#include "../text/Table.h"
#include "../text/Text.h"
#include "BenchMatmulRun.h"
#include "RoundedModel.h"
#include "uwt/Bench/BenchFlags.h"
#include "uwt/Bench/BenchReport.h"
#include "uwt/Bench/Grid.h"
#include "uwt/Bench/MatrixSource.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/CostModel/CostModel.h"
#include "uwt/Support/Suggest.h"
#include "uwt/Target/Target.h"
#include <iostream>

using namespace uwt;
using namespace uwt::tool;

namespace {

class BenchMatmulCommand final : public Command {
public:
  std::string_view name() const override { return "bench matmul"; }
  std::string_view summary() const override {
    return "measure products from compressed weights beside those from raw ones";
  }
  std::string_view description() const override;
  std::vector<command_line::Example> examples() const override;
  std::vector<command_line::Option> options() override;
  Status run(Session &session) override;

private:
  Status parse();
  Expected<Json> benchShape(Session &session, const CompilerModule &compiler,
                            const bench::GridShape &shape);
  Status measure(Session &session, MatmulBench &bench) const;
  Status measureRegret(Session &session, MatmulBench &bench, const std::string &pickFormat,
                       std::span<const Format> formats, Json &object) const;
  Status measureRegrets(Session &session, MatmulBench &bench, Json &object) const;
  std::string tables(const Session &session, const MatmulBench &bench) const;
  Json json(const MatmulBench &bench) const;

  std::string shapes = "14336x4096,4096x14336", m = "1,4,16,64", seed = "1", samples = "7";
  std::vector<bench::GridShape> grid;
  std::unique_ptr<bench::MatrixSource> source;
  std::vector<std::string> formats;
  unsigned threads = 0;
  std::vector<std::string> strategies;
  std::string python = "python3", arithmetic = "dense";
  bool wait = false, noLoad = false, everyStrategy = false, peers = false;
  MatmulSettings settings;
};

} // namespace

std::string_view BenchMatmulCommand::description() const {
  return "For y = x W^T in bf16 with f32 sums, compiled for this machine: each weight lies in "
         "memory in enough copies, used in turn, that none is in a cache. Weights are drawn "
         "(Student's t with 4 degrees of freedom, rows scaled), with the escapes that they need, "
         "or are the BF16 matrices of a file, the first of each shape.\n\n"
         "Every row is checked first: the product from raw weights (the raw twin: the same "
         "kernels) against sums in FP64, all others bit for bit against it. Then rows are timed in "
         "turns with each other and with a read of the raw weights' bytes, in the pattern of "
         "several (one stream or more, with prefetches or none) that is fastest on this machine. "
         "'auto' is the format and kernel that the cost model picks.\n\n"
         "A composition of codes and grids, as 'uwt inspect' names quantised weights, is measured "
         "from the same weights, rounded to the nearest code by their cell's largest magnitude: a "
         "quantiser for this command alone. Integers and floats of any bits are drawn, with one "
         "zero point or none and a scale of one grid. By integers (--arithmetic), some outputs "
         "are checked bit for bit against the rule of docs/numerics.md.\n\n"
         "Peers (--peers) are what the Python has: PyTorch's BF16 linear, which 'x peer' is a "
         "ratio to, and beside a composition of uint<4>, zero=8 and scales of parts of rows, "
         "products from codes of as many bits with as large cells: PyTorch's _weight_int4pack_mm "
         "(x in bf16), ONNX Runtime's MatMulNBits (packages onnxruntime and onnx; x in f32, at "
         "level 4 rounded to int8) and OpenVINO's MatMul with weights of type u4 (x given in f32, "
         "and multiplied in the precision that it prefers on this processor; once more with x "
         "rounded to int8 where it can). Their codes are drawn and their outputs compared with "
         "sums in FP64: off by at most 2^-7 of the norm, 2^-5 where x is rounded to int8. Who is "
         "not installed is left out.";
}

std::vector<command_line::Example> BenchMatmulCommand::examples() const {
  return {
      {"uwt bench matmul", "Two shapes of an 8B model, m from 1 to 64"},
      {"uwt bench matmul --shapes 4096x4096 --m 1,8 --format 'huffman<12,2>' -T 1",
       "One shape and format on one thread"},
      {"uwt bench matmul --format auto --format 'inplace<12>' --json",
       "The model's pick beside a fixed format, for a script"},
      {"uwt bench matmul --peers --m 1,4,16,64,256,1024", "Beside PyTorch, in turns in one run"},
      {"uwt bench matmul --peers --format 'uint<4>, zero=8, scale={1x128, f16}' --no-load",
       "From codes, beside those of PyTorch, ONNX Runtime and OpenVINO"},
      {"uwt bench matmul --format 'uint<4>, zero=8, scale={1x128, bf16}' --no-load",
       "From codes of 4 bits"},
      {"uwt bench matmul --format 'uint<4>, zero=8, scale={1x128, bf16}' --arithmetic 'integer<8>'",
       "The same, and with x rounded to 8 bits"}};
}

/// The best one to run from, and the one that files are compressed to where speed counts.
static std::vector<std::string> defaultFormats() {
  return {runFormats().front().str(), fastFormat(ElementType::BF16).str()};
}

std::vector<command_line::Option> BenchMatmulCommand::options() {
  return {
      bench::weightsOption(&settings.weights, settings.weights),
      bench::shapesOption(&shapes, shapes),
      bench::mOption(&m, m),
      {"--format", "FORMAT",
       "format to run from, or 'auto'; may be given again (default: " + defaultFormats()[0] + ", " +
           defaultFormats()[1] + ")",
       &formats, command_line::ValueHint::Format},
      {"--strategy", "TEXT",
       "kernel, such as 'buffer,tile_n=4,tile_m=4,tile_k=512', or 'auto' for the model's pick; may "
       "be given again (default: auto)",
       &strategies},
      {"--arithmetic", "MODE",
       "integer<8>: measure products of compositions by integers of 8 bits (or 2 to 7) that x is "
       "rounded to as well, beside dense ones (default: dense)",
       &arithmetic},
      {"--calibration", "FILE", "constants of this machine for the cost model",
       &settings.calibration, command_line::ValueHint::Path},
      {"--target", "TARGET", "target to compile for (default: native)", &settings.target},
      bench::samplesOption(&samples, samples),
      bench::copiesOption(&settings.copies),
      bench::seedOption(&seed),
      {"--no-load", "", "leave out loading and compile times", &noLoad},
      {"--every-strategy", "",
       "measure every candidate of the cost model beside its pick, and how much slower the pick "
       "is; "
       "of compositions every strategy",
       &everyStrategy},
      {"--peers", "",
       "measure PyTorch's BF16 linear beside them, and beside codes of 4 bits those of PyTorch, "
       "ONNX Runtime and OpenVINO, on as many threads",
       &peers},
      {"--python", "FILE",
       "Python that has PyTorch, maybe onnxruntime and onnx, and openvino, for --peers (default: " +
           python + ")",
       &python, command_line::ValueHint::Path},
      {"--wait", "",
       "before each sample say 'ready' on standard error and wait for a line on standard input, "
       "until that ends: for scripts that measure something else in between",
       &wait},
      command_line::threadsOption(&threads),
  };
}

/// Columns of a cell in the first of the formats that peers multiply from: codes of 4 bits around
/// 8, with scales for parts of rows. 0 where there is none.
static uint64_t groupOf(const std::vector<std::string> &formats) {
  for (const std::string &text : formats) {
    Expected<Format> format = Format::parse(text);
    if (format && format->element.str() == "uint<4>" && format->zero == 8 && !format->zeroGrid &&
        format->scale && format->scale->cellRows == 1 && !format->scale->outer)
      return format->scale->cellColumns;
  }
  return 0;
}

Status BenchMatmulCommand::parse() {
  UWT_ASSIGN_OR_RETURN(settings.seed, bench::parseSeed(seed));
  UWT_ASSIGN_OR_RETURN(source, bench::openMatrices(settings.weights, settings.seed));
  UWT_ASSIGN_OR_RETURN(grid, bench::parseShapes(shapes));
  // Files have shapes of their own.
  if (!bench::isSyntheticWeights(settings.weights))
    grid = source->shapes();
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> sizes, bench::parseM(m));
  settings.mValues.assign(sizes.begin(), sizes.end());
  settings.formats = formats.empty() ? defaultFormats() : formats;
  for (const std::string &format : settings.formats)
    if (format != "auto" && !isComposition(format)) {
      UWT_ASSIGN_OR_RETURN(FormatChoice choice, parseFormatChoice(format));
      if (!std::holds_alternative<Format>(choice))
        return usageError("--format: " + inQuotes(format) +
                          " is a policy; products run from a format, or 'auto'");
    }
  UWT_ASSIGN_OR_RETURN(settings.samples, bench::parseSamples(samples));
  settings.threads = ThreadPool(threads).size();
  if (!strategies.empty())
    settings.strategies = strategies;
  std::ranges::replace(settings.strategies, "auto", "");
  if (peers) {
    settings.peerPython = python;
    settings.peerGroup = groupOf(settings.formats);
  }
  UWT_ASSIGN_OR_RETURN(settings.integerBits, parseArithmetic(arithmetic));
  if (settings.integerBits != 0 && std::ranges::none_of(settings.formats, isComposition))
    return usageError("--arithmetic " + arithmetic +
                      " multiplies codes of quantised weights; give a "
                      "composition, as --format 'uint<4>, zero=8, scale={1x128, bf16}'");
  return ok();
}

/// The compiler's remarks, which are the same for each copy of the weight but for their location.
static std::vector<std::string> picksOf(const MatmulRow &row) {
  std::vector<std::string> picks;
  for (const std::string &remark : row.program->stats().remarks) {
    size_t begin = remark.find("product with");
    std::string pick = begin == std::string::npos ? remark : remark.substr(begin);
    if (std::ranges::find(picks, pick) == picks.end())
      picks.push_back(std::move(pick));
  }
  return picks;
}

/// Raw comes first, whether it is asked for or not.
static std::vector<std::string> withRaw(const std::vector<std::string> &formats) {
  std::vector<std::string> all = {rawFormat().str()};
  std::ranges::copy_if(formats, std::back_inserter(all),
                       [&](const std::string &format) { return format != all.front(); });
  return all;
}

Status BenchMatmulCommand::measure(Session &session, MatmulBench &bench) const {
  for (const std::string &format : withRaw(settings.formats))
    for (const std::string &strategy : settings.strategies) {
      // The raw twin is there.
      if (format == rawFormat().str() && strategy == settings.strategies.front())
        continue;
      session.detail("compiling and checking " + format);
      UWT_RETURN_IF_ERROR(bench.add(format, strategy));
      if (settings.integerBits != 0 && isComposition(format))
        UWT_RETURN_IF_ERROR(bench.addByIntegers(format, strategy));
      if (format == "auto")
        for (const std::string &pick : picksOf(bench.results().back()))
          session.detail(pick);
    }
  std::string line;
  for (unsigned i = 0; wait || i < settings.samples; ++i) {
    if (wait) {
      std::cerr << "ready\n" << std::flush;
      if (!std::getline(std::cin, line))
        break;
    }
    UWT_RETURN_IF_ERROR(bench.takeSample());
  }
  return ok();
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

static double readSpeed(const MatmulBench &bench) {
  return gigabytesPerSecond(bench.rawBytes() * bench.product().copies(),
                            bench.readTimes().median());
}

std::string BenchMatmulCommand::tables(const Session &session, const MatmulBench &bench) const {
  const ProductWeights &product = bench.product();
  std::string text =
      session.bold(std::to_string(product.rows()) + " x " + std::to_string(product.columns())) +
      ", copies of the weight: " + std::to_string(product.copies()) + ", " +
      plural(settings.threads, "thread") + "; best read " + formatNumber(readSpeed(bench), 1) +
      " GB/s; error at most " + formatPercent(bench.error()) + " of its bound; medians\n\n";
  std::span<const PythonPeer> inPython = bench.pythonPeers();
  std::vector<Table::Column> columns = {{"format", Table::Align::Left}, {"bits/weight"}};
  for (uint64_t m : settings.mValues) {
    columns.push_back({"m=" + std::to_string(m) + " us"});
    columns.push_back({"GB/s raw"});
    columns.push_back({"x raw"});
    if (!inPython.empty())
      columns.push_back({"x peer"});
  }
  Table table(columns);
  const MatmulRow &raw = bench.results().front();
  double weights = static_cast<double>(product.rows() * product.columns());
  auto add = [&](const std::string &name, double bytes, std::span<const bench::Samples> times) {
    std::vector<std::string> cells = {name, formatNumber(bytes * 8 / weights, 2)};
    for (size_t i = 0; i < settings.mValues.size(); ++i) {
      double seconds = times[i].median();
      cells.push_back(formatNumber(seconds * 1e6, 0));
      cells.push_back(formatNumber(gigabytesPerSecond(bench.rawBytes(), seconds), 1));
      cells.push_back(formatNumber(seconds > 0 ? raw.median(i) / seconds : 0, 2));
      if (!inPython.empty())
        cells.push_back(
            formatNumber(seconds > 0 ? inPython.front().times[i].median() / seconds : 0, 2));
    }
    table.add(std::move(cells));
  };
  for (const MatmulRow &row : bench.results()) {
    std::string name = row.format +
                       (row.integerBits != 0 ? ", " + arithmeticText(row.integerBits) : "") +
                       (row.strategy.empty() ? "" : " by " + row.strategy);
    add(name, static_cast<double>(row.bytesOfCopy), row.times);
  }
  for (const PythonPeer &peer : inPython)
    add(peer.name, peer.bits * weights / 8, peer.times);
  return text + table.str(session);
}

Json BenchMatmulCommand::json(const MatmulBench &bench) const {
  const ProductWeights &product = bench.product();
  Json object = {
      {"shape", {product.rows(), product.columns()}},
      {"copies", product.copies()},
      {"raw_bytes", bench.rawBytes()},
      {"read_gigabytes_per_second", readSpeed(bench)},
      {"read_pattern",
       {{"streams", bench.readPattern().streams}, {"ahead_bytes", bench.readPattern().aheadBytes}}},
      {"read_seconds", bench.readTimes().seconds},
      {"error_share_of_bound", bench.error()}};
  const MatmulRow &raw = bench.results().front();
  for (const MatmulRow &row : bench.results()) {
    Json one = {{"format", row.format}, {"bytes", row.bytesOfCopy}, {"verified", true}};
    if (!row.strategy.empty())
      one["strategy"] = row.strategy;
    if (row.integerBits != 0)
      one["arithmetic"] = arithmeticText(row.integerBits);
    if (row.format == "auto")
      one["picks"] = picksOf(row);
    for (size_t i = 0; i < settings.mValues.size(); ++i) {
      Json times = {
          {"m", settings.mValues[i]},
          {"raw_gigabytes_per_second", gigabytesPerSecond(bench.rawBytes(), row.median(i))},
          {"times_raw", row.median(i) > 0 ? raw.median(i) / row.median(i) : 0}};
      times.update(bench::samplesJson(row.times[i]));
      one["times"].push_back(std::move(times));
    }
    object["rows"].push_back(std::move(one));
  }
  for (const PythonPeer &peer : bench.pythonPeers()) {
    Json one = {{"name", peer.name}, {"bits", peer.bits}};
    for (size_t i = 0; i < settings.mValues.size(); ++i) {
      Json times = {{"m", settings.mValues[i]}};
      times.update(bench::samplesJson(peer.times[i]));
      one["times"].push_back(std::move(times));
    }
    object["peers"].push_back(std::move(one));
  }
  return object;
}

/// Loading from a format at rest, and compiling one product.
static Status measureLoading(Session &session, MatmulBench &bench, const MatmulSettings &settings,
                             Json &object) {
  std::string text;
  for (const Format &run : runFormats()) {
    UWT_ASSIGN_OR_RETURN(LoadRow row, bench.measureLoad(fastFormat(ElementType::BF16), run));
    double one = gigabytesPerSecond(bench.rawBytes(), row.oneThread.median());
    double all = gigabytesPerSecond(bench.rawBytes(), row.allThreads.median());
    text += "load " + row.stored + " as " + row.run + ": " + formatNumber(one, 2) +
            " GB/s of raw weights on one thread, " + formatNumber(all, 2) + " on " +
            std::to_string(settings.threads) + "\n";
    object["load"].push_back({{"stored", row.stored},
                              {"run", row.run},
                              {"one_thread_gigabytes_per_second", one},
                              {"gigabytes_per_second", all},
                              {"one_thread_seconds", row.oneThread.seconds},
                              {"seconds", row.allThreads.seconds}});
  }
  for (const MatmulRow &each : bench.results()) {
    if (each.integerBits != 0 || each.strategy != settings.strategies.front())
      continue;
    UWT_ASSIGN_OR_RETURN(CompileRow row, bench.measureCompile(each.format));
    text += "compile one product from " + row.format + ": " +
            formatNumber(row.times.median() * 1e3, 0) + " ms (";
    Json one = {{"format", row.format}, {"code_bytes", row.stats.codeBytes}};
    one.update(bench::samplesJson(row.times));
    bool isFirst = true;
    for (const auto &[stage, seconds] : row.stats.stages) {
      text += (isFirst ? "" : ", ") + stage + " " + formatNumber(seconds * 1e3, 0);
      one["stages"][stage] = seconds;
      isFirst = false;
    }
    text += ")\n";
    object["compile"].push_back(std::move(one));
  }
  if (!session.wantsJson())
    session.print("\n" + text);
  return ok();
}

/// What an m's candidates came to, as times of the pick's speed in the same samples.
namespace {
struct BestCandidate {
  double speed = 1;
  std::string format, strategy;
};
} // namespace

/// Candidates are measured one after another, each in turns with the pick: of `pick` ("auto", or a
/// composition, which has the model's strategy) all strategies with each of `formats`.
Status BenchMatmulCommand::measureRegret(Session &session, MatmulBench &bench,
                                         const std::string &pickFormat,
                                         std::span<const Format> formats, Json &object) const {
  UWT_ASSIGN_OR_RETURN(const Target *target, findTarget(settings.target));
  ProductProblem problem;
  problem.n = bench.product().rows();
  problem.k = bench.product().columns();
  problem.tileDots = target->hasTiles();
  bench.keepRows(1);
  UWT_RETURN_IF_ERROR(bench.add(pickFormat, ""));
  std::vector<BestCandidate> best(settings.mValues.size());
  Json candidates = Json::array(), regrets = Json::array();
  for (const Format &run : formats) {
    std::string text = run.str();
    FormatCost format;
    format.format = run;
    format.unitColumns = kernelUnitColumns(run, ElementType::BF16);
    for (const KernelConfig &config : configsFor(problem, format, {})) {
      session.detail("measuring " + text + " by " + config.str());
      bench.keepRows(2);
      UWT_RETURN_IF_ERROR(bench.add(text, strategyText(config)));
      for (unsigned i = 0; i < settings.samples; ++i)
        UWT_RETURN_IF_ERROR(bench.takeSample());
      const MatmulRow &pick = bench.results()[1], &row = bench.results()[2];
      for (size_t i = 0; i < best.size(); ++i) {
        double speed = pick.median(i) / row.median(i);
        candidates.push_back({{"format", text},
                              {"strategy", strategyText(config)},
                              {"m", settings.mValues[i]},
                              {"median_seconds", row.median(i)},
                              {"times_pick", speed}});
        if (speed > best[i].speed)
          best[i] = {speed, text, config.str()};
      }
    }
  }
  Table table({{"m"}, {"regret"}, {"best", Table::Align::Left}});
  for (size_t i = 0; i < best.size(); ++i) {
    table.add({std::to_string(settings.mValues[i]), formatPercent(best[i].speed - 1),
               best[i].format.empty() ? "the pick" : best[i].format + " by " + best[i].strategy});
    regrets.push_back({{"m", settings.mValues[i]}, {"regret", best[i].speed - 1}});
  }
  object["candidates"] = std::move(candidates);
  object["regret"] = std::move(regrets);
  object["picks"] = picksOf(bench.results()[1]);
  if (!session.wantsJson())
    session.print("\n" + pickFormat + "\n" + table.str(session));
  return ok();
}

Status BenchMatmulCommand::measureRegrets(Session &session, MatmulBench &bench,
                                          Json &object) const {
  UWT_RETURN_IF_ERROR(measureRegret(session, bench, "auto", runFormats(), object));
  for (const std::string &text : settings.formats) {
    if (!isComposition(text))
      continue;
    UWT_ASSIGN_OR_RETURN(Format format, Format::parse(text));
    Json one = {{"format", text}};
    UWT_RETURN_IF_ERROR(measureRegret(session, bench, text, {&format, 1}, one));
    object["compositions"].push_back(std::move(one));
  }
  return ok();
}

Expected<Json> BenchMatmulCommand::benchShape(Session &session, const CompilerModule &compiler,
                                              const bench::GridShape &shape) {
  session.detail("weights of " + std::to_string(shape.rows) + " x " +
                 std::to_string(shape.columns));
  MatmulBench bench(compiler, settings);
  UWT_RETURN_IF_ERROR(bench.prepare(*source, shape));
  UWT_RETURN_IF_ERROR(measure(session, bench));
  if (!session.wantsJson())
    session.print(tables(session, bench));
  Json object = json(bench);
  if (!noLoad)
    UWT_RETURN_IF_ERROR(measureLoading(session, bench, settings, object));
  if (everyStrategy)
    UWT_RETURN_IF_ERROR(measureRegrets(session, bench, object));
  return object;
}

Status BenchMatmulCommand::run(Session &session) {
  UWT_RETURN_IF_ERROR(parse());
  UWT_ASSIGN_OR_RETURN(const CompilerModule *compiler, loadCompiler());
  UWT_ASSIGN_OR_RETURN(const Target *target, findTarget(settings.target));
  Json object = bench::benchResult("bench.matmul/3", UWT_VERSION);
  object["target"] = target->name;
  object["threads"] = settings.threads;
  object["weights"] = settings.weights;
  object["seed"] = settings.seed;
  object["shapes"] = Json::array();
  for (const bench::GridShape &shape : grid) {
    UWT_ASSIGN_OR_RETURN(Json one, benchShape(session, *compiler, shape));
    object["shapes"].push_back(std::move(one));
    if (!session.wantsJson())
      session.print("\n");
  }
  if (session.wantsJson())
    printJson(session, object);
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeBenchMatmulCommand() {
  return std::make_unique<BenchMatmulCommand>();
}
