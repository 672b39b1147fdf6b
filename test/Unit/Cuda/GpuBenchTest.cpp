//===- GpuBenchTest.cpp - uwt-bench on a fake GPU -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "CudaTesting.h"
#include "FakeTranscode.h"
#include "Pack/SamplePack.h"
#include "uwt-bench/Bench.h"
#include "uwt-bench/Options.h"
#include "uwt-bench/Report.h"
#include "uwt/Format/BF16.h"
#include <cstdlib>
#include <cstring>
#include <gmock/gmock.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

using namespace uwt;
using namespace uwt::bench;
using namespace uwt::cuda;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr uint64_t rows = 66, columns = 144;

KernelArgument argument(ArgumentKind kind, ArgumentType type, uint32_t alignment = 1) {
  return {kind, type, alignment, 0, 0};
}

/// A product from `format`, prepared by kernel 0.
KernelEntry productOf(const char *format) {
  KernelEntry entry;
  entry.kernel = std::string("product_") + (format[0] == 'r' ? "raw" : "inplace12");
  entry.strategy = "direct";
  entry.format = *Format::parse(format);
  entry.n = {rows, rows, 1};
  entry.k = {columns, columns, 1};
  entry.mTo = 64;
  entry.launch = {GridRule::Persistent, 160, 65536, 1, true, 2, 64, 256, 64};
  entry.workspace = {16, 1024, 0, 64, 0};
  entry.prepare = 1;
  entry.arguments = {argument(ArgumentKind::Panels, ArgumentType::I64),
                     argument(ArgumentKind::X, ArgumentType::BF16, 16),
                     argument(ArgumentKind::Y, ArgumentType::BF16, 4),
                     argument(ArgumentKind::M, ArgumentType::I64),
                     argument(ArgumentKind::XStride, ArgumentType::I64),
                     argument(ArgumentKind::YStride, ArgumentType::I64),
                     argument(ArgumentKind::Workspace, ArgumentType::I32, 16),
                     argument(ArgumentKind::Counters, ArgumentType::I32, 4)};
  return entry;
}

/// A pack in a file with products of one shape. Kernels of a format need one of their own that
/// prepares them.
std::string writePack(const TemporaryFolder &folder,
                      const std::vector<const char *> &formats = {"raw", "inplace<12>"},
                      bool withTranscode = false, bool withDecode = false) {
  KernelPackWriter writer;
  writer.addTool("uwt", "0.1.0");
  uint32_t code = writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin());
  uint32_t number = 0;
  for (const char *format : formats) {
    KernelEntry product = productOf(format), first = product;
    first.kernel = "pack";
    first.prepare = 0;
    first.launch = {GridRule::Tiles, 256, 0, 1, false, 1, 0, 64, 64};
    first.workspace = {};
    first.arguments = {product.arguments[1], product.arguments[6]};
    KernelEntry decode = first;
    decode.kernel = "decode";
    decode.arguments = {product.arguments[0], product.arguments[6]};
    decode.code = first.code = product.code = code;
    if (withDecode) {
      writer.addKernel(decode);
      first.prepare = ++number;
    }
    writer.addKernel(first);
    product.prepare = ++number;
    writer.addKernel(product);
    ++number;
  }
  KernelEntry transcode = productOf("inplace<12>");
  transcode.kernel = "transcode";
  transcode.code = code;
  transcode.prepare = 0;
  transcode.kind = GpuKernelKind::Transcode;
  transcode.result = *Format::parse("raw");
  transcode.workspace = {};
  transcode.arguments = {argument(ArgumentKind::Panels, ArgumentType::I64),
                         argument(ArgumentKind::Extra, ArgumentType::I16, 256)};
  if (withTranscode)
    writer.addKernel(transcode);
  std::string path = folder / (std::string(formats.back()) + ".uwtpack");
  EXPECT_TRUE(holds(writer.write(path, true)));
  return path;
}

/// A fake GPU whose products are right, computed from what was uploaded.
class GpuBenchTest : public testing::Test {
protected:
  GpuBenchTest() : fake(freshFakeCuda()), pool(2), path(writePack(folder)) {
    freshFakeCublasLt();
    freshFakeCublas();
    fake.parameterCounts = {{"product_raw", 28},
                            {"product_inplace12", 28},
                            {"uwt_read_probe", 3},
                            {"transcode", 10},
                            {"decode", 10}};
    fake.onLaunch = [this](const FakeLaunch &launch) { compute(launch); };
    float time = 0;
    fake.elapsed = [time]() mutable { return 0.05F + 0.001F * (time = time < 6 ? time + 1 : 0); };
    options.packs = {path};
    options.shapes = {{"test", rows, columns}, {"other", 64, 64}};
    options.mValues = {1, 3, 65};
    options.timing = {4, 2, 0, 0};
    options.copies = 2;
    options.copyBytes = 4096;
    options.cublasLt = fakeCublasLtPath();
    options.observer = [this](const DeviceWeight &weight, std::span<const uint16_t> words) {
      dense[weight.buffer(ArgumentKind::Panels, 0).address] = {words.begin(), words.end()};
    };
  }

  ~GpuBenchTest() override { freshFakeCuda(); }

  Status run() {
    progress.say = [this](const std::string &line) { lines.push_back(line); };
    progress.save = [](const BenchResult &) { return ok(); };
    UWT_ASSIGN_OR_RETURN(CudaDevicePtr device, fakeDevice());
    return runBench(device, options, progress, pool, result);
  }

  void compute(const FakeLaunch &launch) {
    if (launch.function.starts_with("pack"))
      prepared = true;
    // Which weight is in a workspace.
    if (launch.function == "decode")
      decoded[launch.parameters[5]] = launch.parameters[0];
    if (launch.function == "transcode") {
      auto *out = reinterpret_cast<uint8_t *>(launch.parameters[5]);
      std::ranges::copy(transcoded, out);
      if (breakIt)
        breakIt(launch, reinterpret_cast<uint16_t *>(out));
    }
    if (!launch.function.starts_with("product") || !prepared)
      return;
    prepared = false;
    const auto &p = launch.parameters;
    uint64_t weight = p[0];
    if (auto found = decoded.find(p[18]); found != decoded.end())
      weight = found->second;
    const std::vector<uint16_t> &words = dense.at(weight);
    auto *x = reinterpret_cast<const uint16_t *>(p[5]);
    auto *y = reinterpret_cast<uint16_t *>(p[10]);
    for (uint64_t b = 0; b < p[15]; ++b)
      for (uint64_t n = 0; n < rows; ++n) {
        float sum = 0;
        for (uint64_t k = 0; k < columns; ++k)
          sum += fromBF16(words[n * columns + k]) * fromBF16(x[b * p[16] + k]);
        y[b * p[17] + n] = toBF16(sum);
      }
    if (breakIt)
      breakIt(launch, y);
  }

  FakeCuda &fake;
  ThreadPool pool;
  TemporaryFolder folder;
  std::string path;
  BenchOptions options;
  BenchProgress progress;
  BenchResult result;
  std::vector<std::string> lines;
  std::map<uint64_t, std::vector<uint16_t>> dense;
  bool prepared = false;
  /// By workspace: the weight whose decoded words it has.
  std::map<uint64_t, uint64_t> decoded;
  /// What the kernel `transcode` writes.
  std::vector<uint8_t> transcoded;
  std::function<void(const FakeLaunch &, uint16_t *y)> breakIt;
};

} // namespace

TEST_F(GpuBenchTest, ChecksAndTimesEachKernel) {
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 4u);
  const BenchRow &row = result.rows[3];
  EXPECT_EQ(row.entry->kernel, "product_inplace12");
  EXPECT_EQ(row.m, 3u);
  EXPECT_EQ(row.checks.twin, "product_raw");
  EXPECT_EQ(row.checks.twinOutputs, 3 * rows);
  EXPECT_EQ(row.checks.exactOutputs, 3 * rows);
  EXPECT_EQ(row.checks.decodedColumns, columns);
  EXPECT_EQ(row.copies, 2u);
  EXPECT_EQ(row.dependent.seconds.size(), 4u);
  EXPECT_EQ(row.serial.seconds.size(), 4u);
  EXPECT_EQ(row.probe.seconds.size(), 4u);
  // As PyTorch calls it for one row alone.
  ASSERT_EQ(result.baselines.size(), 3u);
  EXPECT_EQ(result.baselines[0].tried, 8u);
  EXPECT_EQ(result.baselines[1].library, BaselineRow::Library::PyTorch);
  EXPECT_EQ(result.baselines[1].m, 1u);
  EXPECT_EQ(result.baselines[2].m, 3u);
  EXPECT_EQ(result.cublasVersion, "13.0.2");
  EXPECT_GT(result.copyBytesPerSecond, 0);
  ASSERT_EQ(result.refused.size(), 1u);
  EXPECT_EQ(result.refused[0].reason, "the packs have no kernel for this shape and m");
  EXPECT_THAT(lines.back(), HasSubstr("x cuBLASLt"));
  // Nothing stays on the device.
  EXPECT_EQ(fake.memory.size(), 0u);
}

TEST_F(GpuBenchTest, LaunchesWithoutDependenceToo) {
  options.mValues = {1};
  ASSERT_TRUE(holds(run()));
  size_t dependent = 0, serial = 0;
  for (const FakeLaunch &launch : fake.launches)
    if (launch.function == "product_inplace12")
      ++(launch.dependent ? dependent : serial);
  // One alone, then five warm-ups and four samples of two launches.
  EXPECT_EQ(serial, 19u);
  EXPECT_GT(dependent, 19u);
}

TEST_F(GpuBenchTest, FindsTwinsInOtherPacks) {
  options.checkOnly = true;
  options.mValues = {1};
  options.packs = {writePack(folder, {"inplace<12>"}), writePack(folder, {"raw"})};
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_EQ(result.rows[0].checks.twin, "product_raw");
}

TEST_F(GpuBenchTest, WithoutARawKernelTheTwinIsTheKernelItselfFromWords) {
  options.checkOnly = true;
  options.mValues = {1, 3};
  options.packs = {writePack(folder, {"inplace<12>"})};
  std::set<uint64_t> withoutCode;
  options.observer = [&](const DeviceWeight &weight, std::span<const uint16_t> words) {
    uint64_t address = weight.buffer(ArgumentKind::Panels, 0).address;
    dense[address] = {words.begin(), words.end()};
    if (weight.buffer(ArgumentKind::Code, 0).bytes == 0)
      withoutCode.insert(address);
  };
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_EQ(result.rows[0].checks.twin, "product_inplace12, all panels as words");
  EXPECT_EQ(result.rows[0].checks.twinOutputs, rows);
  EXPECT_EQ(withoutCode.size(), 1u);
  breakIt = [&](const FakeLaunch &launch, uint16_t *y) {
    if (withoutCode.contains(launch.parameters[0]))
      y[5] ^= 1;
  };
  result = {};
  ASSERT_TRUE(holds(run()));
  EXPECT_TRUE(result.rows.empty());
  EXPECT_TRUE(result.hasWrong());
}

TEST_F(GpuBenchTest, ChecksAndTimesKernelsThatDecode) {
  options.mValues = {1, 65};
  options.packs = {writePack(folder, {"raw", "inplace<12>"}, true)};
  // By the host's codec, from the words that the bench draws.
  options.observer = [this](const DeviceWeight &weight, std::span<const uint16_t> words) {
    dense[weight.buffer(ArgumentKind::Panels, 0).address] = {words.begin(), words.end()};
    TensorDescription description{ElementType::BF16, {rows, columns}, *Format::parse("raw")};
    auto *bytes = reinterpret_cast<const uint8_t *>(words.data());
    auto raw = LoadedWeight::fromBytes(description, {bytes, words.size() * 2}, pool);
    std::span<const uint8_t> buffer = raw->buffer(PlaneKind::Words);
    // A panel of 64 rows, and a strip of the next.
    transcoded = {buffer.begin(), buffer.begin() + (64 + 16) * 192 * 2};
  };
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 3u);
  EXPECT_EQ(result.rows[2].entry->kernel, "transcode");
  EXPECT_EQ(result.rows[2].writtenBytes, 80u * 192 * 2);
  EXPECT_EQ(result.rows[2].checks.twinOutputs, 80u * 192);
  EXPECT_EQ(result.rows[2].dependent.seconds.size(), 4u);
  // Products alone.
  EXPECT_EQ(result.baselines.size(), 2u);
  breakIt = [](const FakeLaunch &launch, uint16_t *out) {
    if (launch.function == "transcode")
      out[7] ^= 1;
  };
  result = {};
  ASSERT_TRUE(holds(run()));
  EXPECT_EQ(result.rows.size(), 2u);
  EXPECT_THAT(lines.back(), HasSubstr("byte 14 of plane words is "));
}

TEST_F(GpuBenchTest, ChecksAndTimesWeightsThatTheDeviceCodes) {
  KernelPackWriter writer;
  FakeTranscode::addKernels(writer, writer.addCode(CodeKind::Cubin, "sm_90a", sampleCubin()),
                            "huffman<12,2>", "inplace<12>");
  options.packs = {folder / "transcodes.uwtpack"};
  ASSERT_TRUE(holds(writer.write(options.packs[0], false)));
  options.mValues = {1};
  options.shapes = {{"test", rows, columns}};
  std::optional<FakeTranscode> work;
  options.observer = [&](const DeviceWeight & /*weight*/, std::span<const uint16_t> words) {
    auto load = [&](const char *format) {
      TensorDescription description{ElementType::BF16, {rows, columns}, *Format::parse(format)};
      auto *bytes = reinterpret_cast<const uint8_t *>(words.data());
      return *LoadedWeight::fromBytes(description, {bytes, words.size() * 2}, pool);
    };
    work.emplace(load("raw"), load("inplace<12>"));
  };
  fake.parameterCounts.insert(FakeTranscode::parameterCounts().begin(),
                              FakeTranscode::parameterCounts().end());
  fake.onLaunch = [&](const FakeLaunch &launch) {
    if (FakeTranscode::parameterCounts().contains(launch.function))
      work->compute(launch);
  };
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_EQ(result.rows[0].entry->result->str(), "raw");
  const BenchRow &row = result.rows[1];
  EXPECT_EQ(row.entry->result->str(), "inplace<12>");
  EXPECT_GT(row.writtenBytes, rows * columns * 3 / 2);
  EXPECT_EQ(row.checks.twinOutputs, row.writtenBytes);
  EXPECT_EQ(row.dependent.seconds.size(), 4u);
  EXPECT_EQ(fake.memory.size(), 0u);
  // A byte of the code words.
  fake.onLaunch = [&](const FakeLaunch &launch) {
    if (FakeTranscode::parameterCounts().contains(launch.function))
      work->compute(launch);
    if (launch.function == "encode" && launch.parameters[5 * 7 + 3] != 0)
      *reinterpret_cast<uint8_t *>(launch.parameters[5 * 7 + 1]) ^= 1;
  };
  result = {};
  ASSERT_TRUE(holds(run()));
  EXPECT_EQ(result.rows.size(), 1u);
  EXPECT_THAT(lines.back(), HasSubstr(" of the inplace<12> that the device makes is "));
}

TEST_F(GpuBenchTest, TimesProductsWhoseWeightsAreDecodedAhead) {
  options.mValues = {3};
  options.packs = {writePack(folder, {"raw", "inplace<12>"}, false, /*withDecode=*/true)};
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 2u);
  for (const BenchRow &row : result.rows)
    EXPECT_EQ(row.ahead.seconds.size(), 4u);
  std::set<void *> streams;
  for (const FakeStep &step : fake.steps)
    if (step.function == "decode")
      streams.insert(step.stream);
  EXPECT_GT(streams.size(), 1u);
}

TEST_F(GpuBenchTest, DrawsCodesForQuantisedFormats) {
  const char *format = "uint<4>, zero=8, scale={1x64, bf16}";
  options.mValues = {1, 3};
  options.packs = {writePack(folder, {"raw", format})};
  std::set<std::vector<uint16_t>> uploaded;
  auto observer = options.observer;
  options.observer = [&](const DeviceWeight &weight, std::span<const uint16_t> words) {
    observer(weight, words);
    if (weight.buffer(ArgumentKind::Code, 0).bytes != 0)
      uploaded.insert({words.begin(), words.end()});
  };
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 4u);
  const BenchRow &row = result.rows[3];
  EXPECT_EQ(row.entry->format.str(), format);
  EXPECT_EQ(row.checks.twin, "product_raw");
  EXPECT_EQ(row.checks.twinOutputs, 3 * rows);
  EXPECT_EQ(row.checks.exactOutputs, 3 * rows);
  EXPECT_EQ(row.checks.decodedColumns, columns);
  EXPECT_EQ(row.dependent.seconds.size(), 4u);
  EXPECT_EQ(result.baselines.size(), 3u);
  // Five strips of three units of 544 bytes, and what finds them.
  EXPECT_GT(row.weightBytes, 15U * 544);
  EXPECT_LT(row.weightBytes, 2 * rows * columns);
  // The plausible one, and that of exact sums.
  EXPECT_EQ(uploaded.size(), 2u);
  EXPECT_EQ(fake.memory.size(), 0u);
  breakIt = [](const FakeLaunch &launch, uint16_t *y) {
    if (launch.function == "product_inplace12")
      y[rows - 1] ^= 1;
  };
  result = {};
  ASSERT_TRUE(holds(run()));
  EXPECT_EQ(result.rows.size(), 2u);
  EXPECT_TRUE(result.hasWrong());
}

TEST_F(GpuBenchTest, RefusesAFormatOfWhichThereAreNoWeights) {
  options.mValues = {3};
  options.packs = {writePack(folder, {"uint<4>, scale={1x24, bf16}"}),
                   writePack(folder, {"f4E2M1FN, scale={1x32, f8E8M0FNU}"})};
  options.shapes = {{"test", rows, columns}};
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].checks.twin, "product_inplace12, all panels as words");
  ASSERT_EQ(result.refused.size(), 1u);
  EXPECT_EQ(result.refused[0].format, "uint<4>, scale={1x24, bf16}");
  EXPECT_FALSE(result.refused[0].isWrong);
  EXPECT_THAT(
      result.refused[0].reason,
      HasSubstr("expected cells of 16, 32, 64 or a multiple of 128 columns, row or tensor"));
}

TEST_F(GpuBenchTest, GivesNoRowToAKernelThatIsWrong) {
  options.mValues = {3};
  // Only the compressed kernel, only in sums of many terms, by the smallest step.
  breakIt = [](const FakeLaunch &launch, uint16_t *y) {
    if (launch.function == "product_inplace12")
      y[rows - 1] ^= 1;
  };
  ASSERT_TRUE(holds(run()));
  EXPECT_TRUE(result.hasWrong());
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].entry->kernel, "product_raw");
  EXPECT_THAT(lines.back(), testing::StartsWith("WRONG: product_inplace12, n 66, k 144, m 3: "
                                                "y[0, 65] is "));
}

TEST_F(GpuBenchTest, FindsWhatIsWrongOnlyInAGraph) {
  options.mValues = {3};
  size_t launches = 0;
  breakIt = [&](const FakeLaunch &launch, uint16_t *y) {
    if (launch.function == "product_inplace12" && !launch.dependent && ++launches > 3)
      y[0] ^= 0x100;
  };
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_THAT(result.refused.front().reason, HasSubstr("before it was timed one by one it was"));
}

TEST_F(GpuBenchTest, ChecksOnlyWhereThatIsAskedFor) {
  options.checkOnly = true;
  ASSERT_TRUE(holds(run()));
  EXPECT_EQ(result.rows.size(), 4u);
  EXPECT_TRUE(result.rows[0].dependent.seconds.empty());
  EXPECT_EQ(lines.back(), "right: product_inplace12, n 66, k 144, m 3");
}

TEST_F(GpuBenchTest, DoesWithoutABaseline) {
  setenv("UWT_CUBLASLT", "/nowhere/a.so", 1);
  options.cublasLt.clear();
  options.mValues = {1};
  Status status = run();
  unsetenv("UWT_CUBLASLT");
  ASSERT_TRUE(holds(status));
  EXPECT_THAT(result.cublasMissing, HasSubstr("cannot load cuBLASLt"));
  EXPECT_EQ(result.rows.size(), 2u);
  options.cublasLt = "/nowhere/b.so";
  EXPECT_THAT(messageOf(run()), HasSubstr("cannot load cuBLASLt '/nowhere/b.so'"));
}

TEST_F(GpuBenchTest, MeasuresWeightsOfAFile) {
  std::string file = folder / "model.safetensors";
  writeTensors(file, {{"w", "BF16", {rows, columns}, bf16Weights(rows * columns, 5)}});
  options.weights = file;
  options.mValues = {1};
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 2u);
  EXPECT_EQ(result.rows[0].shape.name, "w");
}

TEST_F(GpuBenchTest, TakesTheShapesOfThePacks) {
  options.checkOnly = true;
  options.mValues = {1};
  options.shapes = {{"other", 64, 64}};
  for (ShapeChoice choice :
       {ShapeChoice::WithOwn, ShapeChoice::OrOwn, ShapeChoice::Own, ShapeChoice::Smallest}) {
    options.choice = choice;
    result = {};
    ASSERT_TRUE(holds(run()));
    ASSERT_EQ(result.rows.size(), 2u);
    EXPECT_EQ(result.rows[0].shape.rows, rows);
    EXPECT_EQ(result.refused.size(), choice == ShapeChoice::WithOwn ? 1u : 0u);
  }
}

TEST_F(GpuBenchTest, SaysWhenNothingFits) {
  options.mValues = {65};
  EXPECT_EQ(messageOf(run()),
            "nothing was measured: the packs have no kernel for this shape and m; see "
            "--shapes and --m, and 'uwt inspect' of the packs");
  fake.major = 8;
  options.mValues = {1};
  result = {};
  EXPECT_THAT(messageOf(run()), HasSubstr("nothing was measured: no kernel for raw of bf16"));
}

TEST_F(GpuBenchTest, StopsWhereTheDriverFails) {
  options.mValues = {1};
  ASSERT_TRUE(holds(run()));
  size_t calls = fake.calls.size();
  for (size_t call = 20; call < calls; call += 101) {
    fake.calls.clear();
    fake.failAt = static_cast<long>(call);
    result = {};
    EXPECT_THAT(messageOf(run()), HasSubstr("CUDA_ERROR_INVALID_VALUE")) << call;
    EXPECT_EQ(fake.memory.size(), 0u) << call;
  }
}

//===----------------------------------------------------------------------===//
// Reports
//===----------------------------------------------------------------------===//

/// All members' names, "rows[].time.median_seconds", of the first item of lists.
static void namesIn(const nlohmann::json &json, const std::string &path,
                    std::set<std::string> &names) {
  if (json.is_array() && !json.empty())
    namesIn(json.front(), path + "[]", names);
  if (!json.is_object())
    return;
  for (const auto &[name, value] : json.items()) {
    names.insert(path + "." + name);
    namesIn(value, path + "." + name, names);
  }
}

TEST_F(GpuBenchTest, WritesWhatTheScriptsRead) {
  std::string profile = folder / "profile.json";
  writeText(profile, R"({"schema": "uwt.kernel-profiles/3", "rows": [
    {"kernel": "product_inplace12", "format": "inplace<12>", "target": "sm_90a", "n": 66, "k": 144,
     "m": 64, "terms": {"memory": 20.5, "issue": 11.25, "launch": 2}},
    {"kernel": "product_inplace12", "format": "inplace<12>", "target": "sm_90a", "n": 66, "k": 144,
     "m": 1, "terms": {"memory": 19, "issue": 4, "launch": 2}}]})");
  auto predictions = KernelProfiles::read({profile});
  ASSERT_TRUE(holds(predictions));
  options.packs = {path};
  ASSERT_TRUE(holds(run()));
  Report report(options, *predictions, "0.1.0");
  auto json = nlohmann::ordered_json::parse(report.text(result));
  EXPECT_EQ(json["schema"], "uwt.gpu-bench/5");
  EXPECT_EQ(json["machine"]["gpu"], "Fake GPU");
  EXPECT_EQ(json["rows"][2]["predicted"]["m"], 1);
  EXPECT_EQ(json["rows"][3]["predicted"]["m"], 64);
  EXPECT_FALSE(json["rows"][0].contains("predicted"));
  if (const char *write = std::getenv("UWT_WRITE_GPU_SAMPLE")) {
    // What differs from run to run, and from machine to machine.
    json["machine"]["host"] = json["processor"] = "";
    json["begun"] = json["written"] = "2026-01-01T00:00:00Z";
    json["packs"][0]["path"] = "kernels.uwtpack";
    for (auto &row : json["rows"])
      row["pack"] = "kernels.uwtpack";
    writeText(write, json.dump(1) + "\n");
  }
  // The sample is such a report.
  std::set<std::string> written, sample;
  namesIn(json, "", written);
  namesIn(nlohmann::json::parse(readText(gpuSamplePath())), "", sample);
  EXPECT_EQ(written, sample);
}

//===----------------------------------------------------------------------===//
// Several runs
//===----------------------------------------------------------------------===//

TEST_F(GpuBenchTest, ComparesWithAPackThatIsNotMeasured) {
  options.packs = {writePack(folder, {"inplace<12>"})};
  options.twins = {writePack(folder, {"raw"})};
  options.mValues = {3};
  ASSERT_TRUE(holds(run()));
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].entry->kernel, "product_inplace12");
  EXPECT_EQ(result.rows[0].checks.twin, "product_raw");
  KernelProfiles none;
  Report report(options, none, "0.1.0");
  EXPECT_EQ(nlohmann::json::parse(report.text(result))["packs"].size(), 2u);
}

TEST_F(GpuBenchTest, ListsThePacksOwnShapes) {
  auto listed = parseOptions({"--list", "--shapes=packs", "--pack", path, "--m", "1"});
  ASSERT_TRUE(holds(listed));
  EXPECT_EQ(listText(*listed), "66x144       pack\nm 1\n");
}

TEST_F(GpuBenchTest, SavesEveryRow) {
  std::vector<size_t> saved;
  progress.save = [&](const BenchResult &found) {
    saved.push_back(found.rows.size());
    return ok();
  };
  options.shapes = {{"test", rows, columns}};
  options.mValues = {1, 3};
  progress.say = [](const std::string &) {};
  auto device = fakeDevice();
  ASSERT_TRUE(holds(runBench(*device, options, progress, pool, result)));
  // After the baselines, each of four rows, and the shape.
  EXPECT_THAT(saved, ElementsAre(0, 1, 2, 3, 4, 4));
}

TEST_F(GpuBenchTest, AFaultLeavesTheRowsBeforeIt) {
  options.shapes = {{"test", rows, columns}};
  options.mValues = {1};
  fake.faultIn = "product_inplace12";
  Status status = run();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().getKind(), ErrorKind::IO);
  EXPECT_THAT(status.error().message(), HasSubstr("the device cannot be used by this process"));
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_EQ(result.rows[0].entry->kernel, "product_raw");
}

TEST_F(GpuBenchTest, RunsOfOneMachineAreMerged) {
  auto write = [&](const std::string &name, std::vector<uint32_t> mValues) {
    options.shapes = {{"test", rows, columns}};
    options.mValues = std::move(mValues);
    result = {};
    EXPECT_TRUE(holds(run()));
    KernelProfiles none;
    Report report(options, none, "0.1.0");
    EXPECT_TRUE(holds(report.write(folder / name, result)));
    return folder / name;
  };
  std::string first = write("a.json", {1, 65}), second = write("b.json", {1, 3});
  auto merged = mergeResults({first, second});
  ASSERT_TRUE(holds(merged));
  auto json = nlohmann::json::parse(*merged);
  EXPECT_EQ(json["rows"].size(), 6u);
  EXPECT_EQ(json["baselines"].size(), 3u);
  EXPECT_EQ(json["packs"].size(), 1u);

  auto other = nlohmann::json::parse(readText(second));
  other["machine"]["gpu"] = "Another";
  writeText(folder / "c.json", other.dump());
  EXPECT_EQ(messageOf(mergeResults({first, folder / "c.json"})),
            folder / "c.json" + ": is of another machine, version, kind of weights or seed than " +
                first + "; merge results of one machine");
  writeText(folder / "d.json", "{}");
  EXPECT_EQ(messageOf(mergeResults({first, folder / "d.json"})),
            folder / "d.json" + ": it has no results of uwt-bench (schema uwt.gpu-bench/5)");
}
