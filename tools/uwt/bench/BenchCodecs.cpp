//===- BenchCodecs.cpp - uwt bench codecs ---------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Command.h"
#include "../text/Json.h"
#include "../text/Table.h"
#include "../text/Text.h"
#include "BenchRun.h"
#include "uwt/Bench/BenchFlags.h"
#include "uwt/Bench/BenchReport.h"
#include "uwt/Bench/Grid.h"
#include "uwt/Support/Suggest.h"

using namespace uwt;
using namespace uwt::tool;

namespace {

/// What is measured of one workload.
struct CodecBenchResult {
  std::string name;
  uint64_t tensors = 0, elements = 0, bytes = 0;
  /// Type and shape of the first tensor.
  TensorDescription first;
  EntropyBounds bounds;
  std::vector<CodecBenchRow> rows;
};

class BenchCodecsCommand final : public Command {
public:
  std::string_view name() const override { return "bench codecs"; }
  std::string_view summary() const override {
    return "measure sizes and speeds of codecs in memory, on one core";
  }
  std::string_view description() const override;
  std::vector<command_line::Example> examples() const override;
  std::vector<command_line::Option> options() override;
  Status run(Session &session) override;

private:
  Expected<std::vector<std::pair<std::string, FormatChoice>>> choices() const;
  Status measureKind(Session &session, const std::string &kind,
                     std::vector<CodecBenchResult> &results);
  Expected<CodecBenchResult> measure(const Session &session,
                                     const bench::BenchWorkload &source) const;
  Status measurePeers(const Session &session, const bench::BenchWorkload &weights,
                      CodecBenchResult &result) const;
  std::string tables(const Session &session, const CodecBenchResult &result) const;
  Json json(const std::vector<CodecBenchResult> &results) const;

  std::string shapes = "4096x4096", seed = "1", path = "best";
  std::vector<std::string> weights, formats;
  bool all = false, slow = false, noPeers = false;
  double minimumSeconds = 1;
  unsigned threads = 1;
  BenchSettings settings;
};

} // namespace

std::string_view BenchCodecsCommand::description() const {
  return "Sizes count planes, tables, indexes and padding; speeds are those of the plain bytes "
         "with checksums in, the median of repeated runs. A row is printed after its round trip "
         "has been verified bit for bit. 'choose' is the time in which best-size, fast and "
         "smallest pick their format; it is part of their encoding.\n\n"
         "Synthetic weights (gaussian, row-scaled, student-t4, row-scaled-t4, narrow) are seeded. "
         "--weights with a path takes all matrices of that file or folder, compressed or not.";
}

std::vector<command_line::Example> BenchCodecsCommand::examples() const {
  return {{"uwt bench codecs", "The formats that matter, and zstd -3"},
          {"uwt bench codecs --weights student-t4 --weights row-scaled --slow",
           "Two kinds of weights, zstd -19 as well"},
          {"uwt bench codecs --weights model.safetensors --format best-size",
           "One format on your own weights"},
          {"uwt bench codecs --shapes 64x64 --path scalar --json",
           "A small matrix without SIMD, for a script"}};
}

std::vector<command_line::Option> BenchCodecsCommand::options() {
  return {
      bench::weightsOption(&weights, "gaussian"),
      bench::shapesOption(&shapes, shapes),
      bench::seedOption(&seed),
      {"--format", "FORMAT", "what to measure; may be given again (default: six of them)", &formats,
       command_line::ValueHint::Format},
      {"--all", "", "measure every example format of every codec", &all},
      {"--path",
       "PATH",
       "code path to run (default: best)",
       &path,
       command_line::ValueHint::None,
       {"best", "reference", "scalar", "neon", "avx2", "avx512"}},
      {"--min-seconds", "S", "time to repeat each measurement for (default: 1)", &minimumSeconds},
      bench::noPeersOption(&noPeers, "memcpy and zstd"),
      {"--slow", "", "measure zstd -19 as well", &slow},
      command_line::threadsOption(&threads, "1; 0: one a processor"),
  };
}

static Expected<CodePath> parsePath(const std::string &text) {
  if (text == "best")
    return bestCodePath();
  if (text == "reference")
    return CodePath::Reference;
  std::optional<SimdLevel> level = parseSimdLevel(text);
  if (!level)
    return usageError("--path: " + inQuotes(text) + " is no code path");
  if (!runsHere(*level))
    return unsupportedError("--path: this machine does not run " + text + ", the best is " +
                            std::string(simdLevelName(hostSimdLevel())) + "; see 'uwt doctor'");
  return codePathOf(*level);
}

Expected<std::vector<std::pair<std::string, FormatChoice>>> BenchCodecsCommand::choices() const {
  std::vector<std::string> names = formats;
  if (names.empty() && !all) {
    names = {"best-size", "fast", "smallest", fastFormat(ElementType::BF16).str(),
             baseFormat(/*codeBits=*/4).str()};
    for (const Format &format : runFormats())
      names.push_back(format.str());
  }
  if (all)
    for (const Codec *codec : allCodecs())
      for (const std::string &example : codec->examples())
        names.push_back(example);
  std::vector<std::pair<std::string, FormatChoice>> result;
  for (const std::string &name : names) {
    UWT_ASSIGN_OR_RETURN(FormatChoice choice, parseFormatChoice(name));
    result.emplace_back(name, std::move(choice));
  }
  return result;
}

/// Whether a failure only says that a format does not fit these tensors, so that
/// `--all` goes on without it.
static bool isSkippable(const Error &error, bool all) {
  return all && error.getKind() == ErrorKind::Usage;
}

Status BenchCodecsCommand::measurePeers(const Session &session, const bench::BenchWorkload &weights,
                                        CodecBenchResult &result) const {
  if (noPeers)
    return ok();
  UWT_ASSIGN_OR_RETURN(CodecBenchRow copy, benchCopy(weights, settings));
  result.rows.push_back(std::move(copy));
  if (zstdVersion().empty()) {
    session.note("this build has no zstd to compare with; install libzstd-dev and build again");
    return ok();
  }
  for (int level : {3, 19}) {
    if (level == 19 && !slow)
      continue;
    session.detail("measuring zstd -" + std::to_string(level));
    UWT_ASSIGN_OR_RETURN(CodecBenchRow row, benchZstd(weights, level, settings));
    result.rows.push_back(std::move(row));
  }
  return ok();
}

Expected<CodecBenchResult> BenchCodecsCommand::measure(const Session &session,
                                                       const bench::BenchWorkload &source) const {
  ThreadPool every, pool(threads);
  CodecBenchResult result;
  result.name = source.name;
  result.tensors = source.tensors.size();
  result.elements = source.elements();
  result.bytes = source.bytes();
  result.first = source.tensors.front().description;
  result.bounds = source.bounds(every);
  UWT_ASSIGN_OR_RETURN(auto list, choices());
  for (const auto &[name, choice] : list) {
    session.detail("measuring " + name);
    auto row = benchFormat(source, name, choice, settings, pool);
    if (!row && isSkippable(row.error(), all)) {
      session.note(name + " is left out: " + row.error().message());
      continue;
    }
    if (!row)
      return row.takeError();
    result.rows.push_back(*std::move(row));
  }
  UWT_RETURN_IF_ERROR(measurePeers(session, source, result));
  return result;
}

static std::string signedPercent(double value, double bound) {
  if (bound <= 0)
    return "";
  double share = value / bound - 1;
  return (share >= 0 ? "+" : "") + formatPercent(share, 2);
}

/// Three digits where it is slow.
static std::string rateText(uint64_t bytes, double seconds) {
  double rate = gigabytesPerSecond(bytes, seconds);
  return formatNumber(rate, rate < 0.1 ? 4 : 2);
}

static std::string sizesTable(const Session &session, const CodecBenchResult &result) {
  Table table({{"format", Table::Align::Left},
               {"bits/weight"},
               {"to joint"},
               {"to exponent"},
               {"encode GB/s"},
               {"decode GB/s"},
               {"escapes"},
               {"raw panels"}});
  uint64_t bytes = result.bytes, elements = result.elements;
  for (const CodecBenchRow &row : result.rows) {
    double bits = bitsPer(row.bytes, elements);
    table.add(
        {row.name, formatNumber(bits, 3), signedPercent(bits, result.bounds.joint),
         signedPercent(bits, result.bounds.exponent), rateText(bytes, row.encode.total.median()),
         rateText(bytes, row.decode.total.median()), row.panels ? formatCount(row.escapes) : "",
         row.panels ? formatCount(row.panelsAsWords) : ""});
  }
  return table.str(session);
}

/// Shares of a measurement's time that go to each step; what is left is the rest.
static std::vector<std::pair<std::string, double>> shares(const CodingSamples &samples,
                                                          double threads) {
  double sum = samples.total.sum();
  if (sum <= 0)
    return {};
  const CodingTimes &times = samples.times;
  double steps = (times.statistics + times.model + times.code + times.checksum) / threads;
  return {{"choose", samples.choose / sum},
          {"statistics", times.statistics / threads / sum},
          {"model", times.model / threads / sum},
          {"code", times.code / threads / sum},
          {"checksum", times.checksum / threads / sum},
          {"other", std::max(0.0, 1 - (samples.choose + steps) / sum)}};
}

static std::string timesTable(const Session &session, const CodecBenchResult &result,
                              double threads) {
  Table table({{"where the time goes", Table::Align::Left},
               {"choose"},
               {"statistics"},
               {"model"},
               {"code"},
               {"checksum"},
               {"other"}});
  for (const CodecBenchRow &row : result.rows)
    for (bool isDecode : {false, true}) {
      std::vector<std::string> cells = {(isDecode ? "decode " : "encode ") + row.name};
      for (const auto &[step, share] : shares(isDecode ? row.decode : row.encode, threads))
        cells.push_back(formatPercent(share));
      if (row.panels)
        table.add(std::move(cells));
    }
  return table.str(session);
}

std::string BenchCodecsCommand::tables(const Session &session,
                                       const CodecBenchResult &result) const {
  ThreadPool pool(threads);
  std::string text = session.bold(result.name) + ": ";
  text += result.tensors == 1
              ? formatShape(result.first.shape)
              : plural(result.tensors, "tensor") + ", " + formatCount(result.elements) + " weights";
  text += ", " + std::string(getTraits(result.first.element).name) + "; exponent entropy " +
          formatNumber(result.bounds.exponent, 3) + ", joint entropy " +
          formatNumber(result.bounds.joint, 3) + " bits a weight\n";
  text += plural(pool.size(), "thread") + ", path " + path + ", checksums in, medians\n\n";
  text += sizesTable(session, result) + "\n" +
          timesTable(session, result, static_cast<double>(pool.size()));
  for (const CodecBenchRow &row : result.rows)
    if (!row.format.empty() && row.format != row.name)
      text +=
          row.name + " is " + row.format + (result.tensors > 1 ? " on the first tensor\n" : "\n");
  return text;
}

static Json codingJson(const CodingSamples &samples, uint64_t bytes, double threads) {
  Json object = bench::samplesJson(samples.total);
  object["gigabytes_per_second"] = gigabytesPerSecond(bytes, samples.total.median());
  for (const auto &[step, share] : shares(samples, threads))
    object["shares"][step] = share;
  return object;
}

Json BenchCodecsCommand::json(const std::vector<CodecBenchResult> &results) const {
  ThreadPool pool(threads);
  Json object = bench::benchResult("bench.codecs/1", UWT_VERSION);
  object["code_path"] = path;
  object["best_code_path"] = simdLevelName(hostSimdLevel());
  object["threads"] = pool.size();
  object["seed"] = seed;
  object["zstd"] = zstdVersion();
  object["workloads"] = Json::array();
  for (const CodecBenchResult &result : results) {
    uint64_t bytes = result.bytes, elements = result.elements;
    Json one = {{"weights", result.name},
                {"tensors", result.tensors},
                {"elements", elements},
                {"bytes", bytes},
                {"exponent_entropy", result.bounds.exponent},
                {"joint_entropy", result.bounds.joint}};
    if (result.tensors == 1)
      one["shape"] = result.first.shape;
    for (const CodecBenchRow &row : result.rows)
      one["rows"].push_back(
          {{"name", row.name},
           {"format", row.format},
           {"bytes", row.bytes},
           {"bits_per_weight", bitsPer(row.bytes, elements)},
           {"escapes", row.escapes},
           {"panels", row.panels},
           {"panels_as_words", row.panelsAsWords},
           {"verified", true},
           {"encode", codingJson(row.encode, bytes, static_cast<double>(pool.size()))},
           {"decode", codingJson(row.decode, bytes, static_cast<double>(pool.size()))}});
    object["workloads"].push_back(std::move(one));
  }
  return object;
}

/// A kind that is drawn has all shapes, files have their own.
Status BenchCodecsCommand::measureKind(Session &session, const std::string &kind,
                                       std::vector<CodecBenchResult> &results) {
  ThreadPool pool;
  auto add = [&](const bench::BenchWorkload &source) -> Status {
    UWT_ASSIGN_OR_RETURN(CodecBenchResult result, measure(session, source));
    if (!session.wantsJson())
      session.print((results.empty() ? "" : "\n") + tables(session, result));
    results.push_back(std::move(result));
    return ok();
  };
  if (!bench::isSyntheticWeights(kind)) {
    UWT_ASSIGN_OR_RETURN(bench::BenchWorkload source, bench::loadWeights(kind, pool));
    return add(source);
  }
  UWT_ASSIGN_OR_RETURN(std::vector<bench::GridShape> grid, bench::parseShapes(shapes));
  UWT_ASSIGN_OR_RETURN(uint64_t seedValue, bench::parseSeed(seed));
  for (const bench::GridShape &shape : grid)
    UWT_RETURN_IF_ERROR(
        add(bench::makeSynthetic(kind, {shape.rows, shape.columns}, seedValue, pool)));
  return ok();
}

Status BenchCodecsCommand::run(Session &session) {
  UWT_ASSIGN_OR_RETURN(settings.path, parsePath(path));
  settings.minimumSeconds = minimumSeconds;
  std::vector<std::string> kinds = weights.empty() ? std::vector<std::string>{"gaussian"} : weights;
  std::vector<CodecBenchResult> results;
  for (const std::string &kind : kinds)
    UWT_RETURN_IF_ERROR(measureKind(session, kind, results));
  if (session.wantsJson())
    printJson(session, json(results));
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeBenchCodecsCommand() {
  return std::make_unique<BenchCodecsCommand>();
}
