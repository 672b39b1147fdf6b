//===- GpuPredictionsTest.cpp - Predicted times of the bench's grid -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the matrices of the bench's grid: what is chosen for a format and the best of all that could
// be built for it, and predicted times beside those of raw weights and of cuBLASLt. They are on the
// page docs/gpu-predictions.md, which UWT_WRITE_PREDICTIONS writes. UWT_REGRETS prints all regrets.
//
//===----------------------------------------------------------------------===//

#include "TestFolders.h"
#include "mlir/Parser/Parser.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/CostModel/GpuSearch.h"
#include "uwt/CostModel/KernelProfiles.h"
#include "uwt/Dialect/UWT/Transforms/BuildableKernels.h"
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

using namespace uwt;

namespace {
constexpr std::pair<uint64_t, uint64_t> weightShapes[] = {
    {6144, 4096}, {4096, 4096},  {28672, 4096}, {4096, 14336}, {10240, 8192},
    {8192, 8192}, {57344, 8192}, {8192, 28672}, {51200, 5120}, {5120, 25600},
    {4096, 7168}, {7168, 2048},  {4100, 4111}};
constexpr uint64_t mValues[] = {1, 8, 16, 32, 64, 128, 256};
constexpr const char *targets[] = {"sm_90a", "sm_80", "sm_120a"};
/// Formats of which a part of the m has other strategies, of which profiles of others do not tell.
bool hasOtherStrategies(std::string_view format) {
  return format == "inplace<11>" || format == "huffman<12,2>";
}
/// How much slower than the best kernel for it the choice for a format may be. Up to 64 rows of x
/// the choice has the warps of two panels, as the kernels that were measured, where one panel would
/// be enough for few instructions. Of two CTAs, sm_120a has no room for a ring that all formats can
/// have. Nothing holds formats of many more instructions, and raw weights, where they share the
/// choice for others.
std::optional<double> maxRegret(std::string_view target, std::string_view format, bool isOwn) {
  // Raw weights are searched for in three widths of slices, and may gain from a fourth one.
  if (isOwn)
    return format == "raw" ? 0.13 : 0.065;
  if (format == "window<4>")
    return 0.115;
  if (format == "inplace<12>")
    return target == "sm_90a" ? 0.15 : 0.11;
  return std::nullopt;
}
constexpr const char *formats[] = {"inplace<12>", "window<4>",   "palette<4>",   "bitplane<3>",
                                   "raw",         "inplace<11>", "huffman<12,2>"};

std::string moduleText(const std::string &format, uint64_t n, uint64_t k, uint64_t m) {
  auto type = [](const char *kind, uint64_t a, uint64_t b, const std::string &rest) {
    return std::string(kind) + std::to_string(a) + "x" + std::to_string(b) + "xbf16" + rest + ">";
  };
  std::string x = type("memref<", m, k, ""), y = type("memref<", m, n, ""),
              w = type("!uwt.compressed<", n, k, ", \"" + format + "\"");
  return "func.func @f(%x: " + x + ", %y: " + y + ") {\n  %w = uwt.weight \"w\" : " + w +
         "\n  uwt.matmul ins(%x, %w : " + x + ", " + w + ") outs(%y : " + y +
         ") {\n  ^bb0(%s: f32):\n    %r = arith.truncf %s : f32 to bf16\n"
         "    uwt.yield %r : bf16\n  }\n  return\n}\n";
}

/// What is chosen for a product, and the best that there is, with the format's own profile.
struct Regret {
  GpuChoice choice, best;
  double time = 0, least = 0;
  double share() const { return time / least - 1; }
};

/// The kernels of a product.
class ProductOf {
public:
  ProductOf(mlir::MLIRContext &context, const std::string &format, const GpuTarget &target,
            uint64_t n, uint64_t k, uint64_t m)
      : module(mlir::parseSourceString<mlir::ModuleOp>(moduleText(format, n, k, m), &context)) {
    MatmulOp op;
    module->walk([&](MatmulOp found) { op = found; });
    auto described =
        op->getDialect()->getRegisteredInterface<BuildableKernelsInterface>()->describe(op, target);
    EXPECT_TRUE(described) << described.error().message();
    kernels = *std::move(described);
  }
  const BuildableKernels &operator*() const { return *kernels; }

private:
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<BuildableKernels> kernels;
};

class GpuPredictions : public ::testing::Test {
protected:
  GpuPredictions() : context(makeContext()) { context->loadAllAvailableDialects(); }
  /// Nothing where a profile is missing. Each is searched for once.
  std::optional<Regret> regretOf(const std::string &format, const char *name, uint64_t n,
                                 uint64_t k, uint64_t m, bool isOwn);
  std::optional<Regret> findRegret(const std::string &format, const GpuTarget &target, uint64_t n,
                                   uint64_t k, uint64_t m, bool isOwn);
  /// What could be built for a product, described once.
  const ProductOf &kernelsOf(const std::string &format, const GpuTarget &target, uint64_t n,
                             uint64_t k, uint64_t m);
  void checkRegrets();
  std::string timesTable();
  std::string termsTable();
  std::string int4Table();
  std::string publishedTable();
  std::string regretsOf(const std::string &format, const char *name, bool isOwn);
  std::string regretsTable();

  std::unique_ptr<mlir::MLIRContext> context;
  using Product = std::tuple<std::string, std::string, uint64_t, uint64_t, uint64_t, bool>;
  std::map<Product, std::optional<Regret>> regrets;
  std::map<Product, std::unique_ptr<ProductOf>> described;
};

/// All that could be built for m rows: every strategy with a ring, in up to four slices.
std::vector<GpuChoice> othersOf(const BuildableKernels &kernels, const GpuChoice &choice,
                                uint64_t m) {
  constexpr unsigned mTileRows = 8, maxSlices = 4;
  std::vector<GpuChoice> all;
  for (GpuStrategy strategy :
       {GpuStrategy::Direct, GpuStrategy::Codes, GpuStrategy::Exponents, GpuStrategy::Buffer})
    for (unsigned slices = 1; slices <= maxSlices; ++slices) {
      GpuChoice like = choice;
      like.strategy = strategy;
      like.slice = mTileRows * unsigned(divideUp(divideUp(m, slices), mTileRows));
      std::vector<GpuChoice> found = otherChoices(kernels, {}, like, m, false);
      all.insert(all.end(), found.begin(), found.end());
    }
  return all;
}

const ProductOf &GpuPredictions::kernelsOf(const std::string &format, const GpuTarget &target,
                                           uint64_t n, uint64_t k, uint64_t m) {
  std::unique_ptr<ProductOf> &kernels =
      described[{format, std::string(target.name), n, k, m, false}];
  if (!kernels)
    kernels = std::make_unique<ProductOf>(*context, format, target, n, k, m);
  return *kernels;
}

std::optional<Regret> GpuPredictions::regretOf(const std::string &format, const char *name,
                                               uint64_t n, uint64_t k, uint64_t m, bool isOwn) {
  auto [found, isNew] = regrets.try_emplace({format, name, n, k, m, isOwn});
  if (isNew)
    found->second = findRegret(format, **findGpuTarget(name), n, k, m, isOwn);
  return found->second;
}

std::optional<Regret> GpuPredictions::findRegret(const std::string &format, const GpuTarget &target,
                                                 uint64_t n, uint64_t k, uint64_t m, bool isOwn) {
  const ProductOf &kernels = kernelsOf(format, target, n, k, m);
  GpuSearch::ProfileOf own = [&](uint64_t rows) { return findKernelProfile(target, format, rows); };
  const GpuBoard &board = *usualBoard(target);
  GpuSearch search = isOwn ? ownSearch(board, k, own) : tableSearch(board, k);
  auto ranges = searchGpuRanges(*kernels, {}, search);
  EXPECT_TRUE(ranges) << ranges.error().message();
  GpuProduct product = (*kernels).product();
  Regret regret;
  regret.choice = regret.best = ranges->front().choice;
  GpuSearch alone = ownSearch(board, k, own);
  auto predicted = predictChoice(product, regret.choice, m, alone, own);
  if (!predicted)
    return std::nullopt;
  regret.time = regret.least = predicted->total;
  for (const GpuChoice &other : othersOf(*kernels, regret.choice, m)) {
    auto time = predictChoice(product, other, m, alone, own);
    if (time && time->total < regret.least) {
      regret.least = time->total;
      regret.best = other;
    }
  }
  return regret;
}

std::string textOf(const GpuChoice &choice) {
  char text[96];
  std::snprintf(text, sizeof text, "%u x %u, cluster %u, %u CTAs, %u stages of %u", choice.slice,
                64 * choice.panels, choice.cluster, choice.ctas, choice.stages, 64 * choice.groups);
  return text;
}
template <typename... Ts> std::string formatted(const char *format, Ts... values) {
  char text[320];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

//===----------------------------------------------------------------------===//
// Kernels before and after the copying thread was mended
//===----------------------------------------------------------------------===//

/// The copying role of commit 622f4ce on sm_90a, by its machine code, for one panel and for two.
CopyingProfile copyingBefore(bool isRaw, unsigned panels) {
  if (isRaw)
    return panels == 1 ? CopyingProfile{42, 57, 92, 1, 1, 1, 0, true}
                       : CopyingProfile{42, 85, 110, 1, 2, 2, 0, true};
  return panels == 1 ? CopyingProfile{99, 157, 183, 2, 2, 2, 32, true}
                     : CopyingProfile{105, 269, 290, 2, 4, 4, 16, true};
}

KernelProfile before(const KernelProfile &compiled, bool isRaw) {
  KernelProfile profile = compiled;
  double columns = profile.stageWeights / profile.tileN;
  unsigned panels = profile.tileN / panelRows;
  profile.copying = copyingBefore(isRaw, panels);
  profile.copying.tableBytes = isRaw ? 0 : columns / 8;
  profile.copying.panels = panels;
  profile.clusterFences = profile.cluster > 1 ? 2 : 0;
  profile.handOffFences = 0;
  profile.packIsDependent = false;
  return profile;
}

using Change = KernelProfile (*)(const KernelProfile &, bool);

/// A format's profiles, changed, of slices that the table has.
class ChangedProfiles {
public:
  ChangedProfiles(const GpuTarget &target, std::string format, Change change)
      : target(target), format(std::move(format)), change(change) {}
  GpuSearch::ProfileOf operator()() {
    return [this](uint64_t m) -> const KernelProfile * {
      const KernelProfile *found = findKernelProfile(target, format, m);
      return &made.insert_or_assign(m, change(*found, format == "raw")).first->second;
    };
  }

private:
  const GpuTarget &target;
  std::string format;
  Change change;
  std::map<uint64_t, KernelProfile> made;
};

KernelProfile asCompiled(const KernelProfile &profile, bool) { return profile; }

/// Times of a product from a format with kernels that are changed, by rules alone or searched for.
GpuPrediction predictionOf(mlir::MLIRContext &context, const std::string &format,
                           const GpuProblem &problem, Change change, bool isSearched) {
  const GpuTarget &target = **findGpuTarget("sm_90a");
  ProductOf kernels(context, format, target, problem.n, problem.k, problem.m);
  ChangedProfiles coded(target, "inplace<12>", change), raw(target, "raw", change);
  const GpuBoard &board = *usualBoard(target);
  // Raw weights are what others are held against: theirs is the fastest that there is for them.
  GpuSearch search = format == "raw" ? ownSearch(board, problem.k, raw())
                                     : GpuSearch{board, problem.k, {coded(), raw()}, {}, false};
  auto ranges = isSearched ? searchGpuRanges(*kernels, {}, search) : chooseGpuRanges(*kernels, {});
  EXPECT_TRUE(ranges) << ranges.error().message();
  // The copying role is that of the choice's panels.
  GpuChoice choice = ranges->front().choice;
  // Every stage had room for words then.
  if (change == &before)
    choice.stages = unsigned(
        stagesThatFit(target, choice.ctas, *(*kernels).ringMemory(choice, /*ofAnyFormat=*/true)));
  unsigned fences = findKernelProfile(target, format, 64)->clusterFences;
  KernelProfile profile =
      profileOfChoice(choice, *findKernelProfile(target, format, choice.slice), fences);
  return predictGpu(search.board, change(profile, format == "raw"), problem);
}

constexpr uint64_t shownM[] = {1, 8, 32, 64, 128, 256};

std::string GpuPredictions::timesTable() {
  std::string text =
      "| n × k | m | before | as compiled | own raw | over own raw | cuBLASLt | over cuBLASLt |\n"
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  const GpuBoard &board = *usualBoard(**findGpuTarget("sm_90a"));
  for (auto [n, k] : weightShapes)
    for (uint64_t m : shownM) {
      GpuProblem problem{n, k, m};
      auto time = [&](const char *format, Change change, bool isSearched) {
        return predictionOf(*context, format, problem, change, isSearched).total;
      };
      double coded = time("inplace<12>", asCompiled, true), raw = time("raw", asCompiled, true);
      PeerTime peer = peerTime(board, problem);
      text += formatted("| %llu × %llu | %llu | %.1f | %.1f | %.1f | %.2f | %.1f–%.1f | "
                        "%.2f–%.2f |\n",
                        (unsigned long long)n, (unsigned long long)k, (unsigned long long)m,
                        time("inplace<12>", before, false), coded, raw, raw / coded, peer.least,
                        peer.most, peer.least / coded, peer.most / coded);
    }
  return text;
}

std::string GpuPredictions::termsTable() {
  std::string text =
      "| n × k | m | kernels | memory | cache | issue | shared | matrix | copying | launch | "
      "prologue | ring | of it clusters | of it whole steps | tail | KB on their way | limit |\n"
      "| --- | ---: | --- |";
  for (int i = 0; i < 13; ++i)
    text += " ---: |";
  text += " --- |\n";
  for (auto [n, k] : {std::pair<uint64_t, uint64_t>{4096, 14336}, {4096, 4096}, {8192, 28672}})
    for (uint64_t m : shownM)
      for (auto [name, change, isSearched] :
           {std::tuple("before", &before, false), {"as compiled", &asCompiled, true}}) {
        GpuPrediction p = predictionOf(*context, "inplace<12>", {n, k, m}, change, isSearched);
        text += formatted("| %llu × %llu | %llu | %s | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f | ",
                          (unsigned long long)n, (unsigned long long)k, (unsigned long long)m, name,
                          p.memory, p.cache, p.issue, p.shared, p.matrix, p.copying);
        text += formatted("%.1f | %.1f | %.1f | %.1f | %.1f | %.1f | %.0f | %s |\n", p.launch,
                          p.prologue, p.ring, p.cluster, p.quantisation, p.tail,
                          p.bytesOnTheirWay / 1024, std::string(p.limit()).c_str());
      }
  return text;
}

//===----------------------------------------------------------------------===//
// INT4 in groups of 128, beside the roof of raw weights and published times
//===----------------------------------------------------------------------===//

/// A product from INT4 by kernels that are chosen for it alone.
GpuPrediction int4Prediction(mlir::MLIRContext &context, const GpuBoard &board,
                             const GpuProblem &problem) {
  constexpr const char *format = "uint<4>, zero=8, scale={1x128, bf16}";
  GpuSearch::ProfileOf profiles = [&](uint64_t rows) {
    return findKernelProfile(*board.target, format, rows);
  };
  ProductOf kernels(context, format, *board.target, problem.n, problem.k, problem.m);
  GpuSearch search = ownSearch(board, problem.k, profiles);
  auto ranges = searchGpuRanges(*kernels, {}, search);
  EXPECT_TRUE(ranges) << ranges.error().message();
  auto predicted =
      predictChoice((*kernels).product(), ranges->front().choice, problem.m, search, profiles);
  EXPECT_TRUE(predicted) << problem.n << "x" << problem.k << " m " << problem.m;
  return predicted.value_or(GpuPrediction{});
}

std::string GpuPredictions::int4Table() {
  std::string text = "| n × k |";
  for (uint64_t m : mValues)
    text += formatted(" m = %llu |", (unsigned long long)m);
  text += "\n| --- |";
  for (size_t i = 0; i < std::size(mValues); ++i)
    text += " ---: |";
  text += "\n";
  const GpuBoard &board = *usualBoard(**findGpuTarget("sm_90a"));
  for (auto [n, k] : weightShapes) {
    text += formatted("| %llu × %llu |", (unsigned long long)n, (unsigned long long)k);
    for (uint64_t m : mValues) {
      GpuProblem problem{n, k, m};
      double time = int4Prediction(*context, board, problem).total;
      text += formatted(" %.1f (%.2f) |", time, rawRoof(board, problem) / time);
    }
    text += "\n";
  }
  return text;
}

/// A row of a published table: µs of a call, which is so many products, on an H100.
struct PublishedTime {
  const char *kernel;
  GpuProblem problem;
  unsigned products;
  double us;
  /// PyTorch's FP16 product and CUTLASS's of FP8 in the same table, where it has them.
  std::optional<double> dense, fp8;
};

/// Machete's: vllm-project/vllm, pull request 23198, x and products in FP8. Humming's and Marlin's:
/// inclusionAI/humming, from their TFLOPS.
constexpr PublishedTime publishedTimes[] = {
    {"Humming, W4A16", {8192, 8192, 1}, 1, 22.4, {}, {}},
    {"Humming, W4A16", {8192, 8192, 8}, 1, 22.5, {}, {}},
    {"Humming, W4A16", {8192, 8192, 16}, 1, 23.3, {}, {}},
    {"Marlin, W4A16", {8192, 8192, 1}, 1, 23.1, {}, {}},
    {"Marlin, W4A16", {8192, 8192, 8}, 1, 23.1, {}, {}},
    {"Marlin, W4A16", {8192, 8192, 16}, 1, 23.7, {}, {}},
    {"Machete, W4A8", {14336, 12288, 1}, 2, 88.3, 270.6, 129},
    {"Machete, W4A8", {14336, 12288, 32}, 2, 97.3, 240.4, 141.7},
    {"Machete, W4A8", {14336, 12288, 64}, 2, 93.4, 241.1, 134.3},
    {"Machete, W4A8", {12288, 12288, 1}, 2, 76, 209, 114.4},
    {"Machete, W4A8", {12288, 12288, 32}, 2, 87.7, 212, 126.9},
    {"Machete, W4A8", {12288, 12288, 64}, 2, 89.4, 207, 117.5},
    {"Machete, W4A8", {73728, 12288, 1}, 1, 172.4, 591.8, 298.2},
    {"Machete, W4A8", {73728, 12288, 32}, 1, 173.7, 601.8, 314.6},
    {"Machete, W4A8", {12288, 36864, 1}, 1, 98.2, 303.2, 155.2},
    {"Machete, W4A8", {12288, 36864, 32}, 1, 96.3, 302, 173.9},
};

std::string GpuPredictions::publishedTable() {
  std::string text = "| kernel | n × k | m | products | its µs | FP16, FP8 beside it | raw at the "
                     "roof | INT4, predicted | its µs over these |\n"
                     "| --- | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |\n";
  const GpuBoard &board = **findGpuBoard(builtInGpuBoards(), "H100");
  for (const PublishedTime &each : publishedTimes) {
    double time = each.products * int4Prediction(*context, board, each.problem).total;
    text += formatted("| %s | %llu × %llu | %llu | %u | %.1f | %s | %.1f | %.1f | %.2f |\n",
                      each.kernel, (unsigned long long)each.problem.n,
                      (unsigned long long)each.problem.k, (unsigned long long)each.problem.m,
                      each.products, each.us,
                      each.dense ? formatted("%.1f, %.1f", *each.dense, *each.fp8).c_str() : "",
                      each.products * rawRoof(board, each.problem), time, each.us / time);
  }
  return text;
}

std::string GpuPredictions::regretsOf(const std::string &format, const char *name, bool isOwn) {
  double most = -1, sum = 0;
  int count = 0;
  std::string where;
  for (auto [n, k] : weightShapes)
    for (uint64_t m : mValues) {
      auto regret = regretOf(format, name, n, k, m, isOwn);
      if (!regret)
        continue;
      ++count;
      sum += regret->share();
      if (regret->share() > most) {
        most = regret->share();
        where = formatted("%llu × %llu, m %llu: %s in place of %s", (unsigned long long)n,
                          (unsigned long long)k, (unsigned long long)m,
                          textOf(regret->choice).c_str(), textOf(regret->best).c_str());
      }
    }
  if (count == 0)
    return "";
  return formatted("| %s | `%s` | %s | %d | %.1f %% | %.1f %% | ", name, format.c_str(),
                   isOwn ? "own format" : "all formats", count, 100 * most, 100 * sum / count) +
         (most > 0.0005 ? where : "") + " |\n";
}

std::string GpuPredictions::regretsTable() {
  std::string text =
      "| target | format | chosen for | products | most | on average | where it is most |\n"
      "| --- | --- | --- | ---: | ---: | ---: | --- |\n";
  for (const char *name : targets)
    for (const char *format : formats) {
      if (hasOtherStrategies(format))
        text += regretsOf(format, name, true);
      else
        text += regretsOf(format, name, false) + regretsOf(format, name, true);
    }
  return text;
}
/// What the page rounds is checked as it is.
void GpuPredictions::checkRegrets() {
  bool isPrinted = std::getenv("UWT_REGRETS") != nullptr;
  for (const char *name : targets)
    for (const char *format : formats)
      for (auto [n, k] : weightShapes)
        for (uint64_t m : mValues)
          for (bool isOwn : {false, true}) {
            auto regret = regretOf(format, name, n, k, m, isOwn);
            // A kernel without a ring is the rules'.
            if (!regret && hasOtherStrategies(format))
              continue;
            ASSERT_TRUE(regret) << name << " " << format;
            if (isPrinted)
              std::printf("| %s | `%s` | %s | %d x %d | %d | %s | %.1f | %s | %.1f | %.1f %% |\n",
                          name, format, isOwn ? "own" : "all", int(n), int(k), int(m),
                          textOf(regret->choice).c_str(), regret->time,
                          textOf(regret->best).c_str(), regret->least, 100 * regret->share());
            if (std::optional<double> max = maxRegret(name, format, isOwn))
              EXPECT_LE(regret->share(), *max)
                  << name << " " << format << " " << n << "x" << k << " m " << m << " own " << isOwn
                  << ": " << textOf(regret->choice);
          }
}
} // namespace

TEST_F(GpuPredictions, ACopyingThreadThatWaitsForMemoryLosesToRaw) {
  for (uint64_t m : {32, 64, 128}) {
    GpuProblem problem{4096, 14336, m};
    double coded = predictionOf(*context, "inplace<12>", problem, before, false).total;
    EXPECT_GT(coded, predictionOf(*context, "raw", problem, before, false).total) << m;
    EXPECT_GT(coded, peerTime(*usualBoard(**findGpuTarget("sm_90a")), problem).most) << m;
  }
}

TEST_F(GpuPredictions, KernelsReachTheirAims) {
  constexpr uint64_t large = 30'000'000;
  for (auto [n, k] : weightShapes)
    for (uint64_t m : {1, 8, 16, 32, 64}) {
      if (n * k < large)
        continue;
      GpuProblem problem{n, k, m};
      double coded = predictionOf(*context, "inplace<12>", problem, asCompiled, true).total;
      double aim = m == 64 ? 1.05 : 1.18;
      EXPECT_GE(predictionOf(*context, "raw", problem, asCompiled, true).total / coded, aim)
          << n << "x" << k << " m " << m;
    }
}

TEST_F(GpuPredictions, RegretsAreSmallAndThePageHasThem) {
  checkRegrets();
  std::string page = (test::sourceFolder() / "docs/gpu-predictions.md").string(), text;
  std::ifstream file(page);
  std::string old((std::istreambuf_iterator<char>(file)), {});
  text = old;
  auto replace = [&](const std::string &name, const std::string &table) {
    std::string begin = "<!-- " + name + ":begin -->\n", end = "<!-- " + name + ":end -->";
    size_t from = text.find(begin), to = text.find(end);
    ASSERT_TRUE(from != std::string::npos && to != std::string::npos) << name;
    from += begin.size();
    text.replace(from, to - from, table);
  };
  replace("times", timesTable());
  replace("terms", termsTable());
  replace("int4", int4Table());
  replace("published", publishedTable());
  replace("regrets", regretsTable());
  if (std::getenv("UWT_WRITE_PREDICTIONS") != nullptr)
    std::ofstream(page) << text;
  else
    EXPECT_EQ(old, text) << "run with UWT_WRITE_PREDICTIONS=1 to bring the page up to date";
}
