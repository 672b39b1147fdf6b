//===- BenchRun.cpp - One measurement -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BenchRun.h"
#include "../Session.h"
#include "uwt/Support/StopWatch.h"
#include <cstring>

using namespace uwt;
using namespace uwt::tool;

void CodingSamples::add(double choosing, const CodingTimes &one) {
  choose += choosing;
  times.statistics += one.statistics;
  times.model += one.model;
  times.code += one.code;
  times.checksum += one.checksum;
}

Expected<bench::Samples>
uwt::tool::takeSamplesUnlessInterrupted(double seconds, const std::function<Status()> &once) {
  return bench::takeSamplesFor(seconds, [&]() -> Status {
    UWT_RETURN_IF_ERROR(once());
    return checkInterrupted();
  });
}

namespace {

/// A format, or a policy, at work on all tensors of a workload.
class FormatBench {
public:
  FormatBench(const bench::BenchWorkload &workload, const FormatChoice &choice,
              const BenchSettings &settings, ThreadPool &pool)
      : workload(workload), choice(choice), settings(settings), pool(pool),
        planes(workload.tensors.size()), encoded(workload.tensors.size()) {}

  Status encodeAll(CodingSamples *samples);
  Status decodeAll(CodingSamples *samples);
  Status checkAll() const;
  void describe(CodecBenchRow &row) const;

private:
  Expected<ChosenFormat> formatFor(const bench::BenchTensor &tensor) const;

  const bench::BenchWorkload &workload;
  const FormatChoice &choice;
  const BenchSettings &settings;
  ThreadPool &pool;
  std::vector<TensorDescription> descriptions;
  std::vector<MemoryPlanes> planes;
  std::vector<EncodedTensor> encoded;
  std::vector<std::vector<uint8_t>> decoded;
};

} // namespace

Expected<ChosenFormat> FormatBench::formatFor(const bench::BenchTensor &tensor) const {
  const Format *wanted = std::get_if<Format>(&choice);
  TensorDescription description = tensor.description;
  description.format =
      inChosenOrder(wanted ? *wanted : Format(), description.element, description.shape);
  if (wanted)
    return ChosenFormat{description.format, {}, nullptr, {}};
  return chooseFormat(std::get<FormatPolicy>(choice), description, tensor.bytes, pool);
}

Status FormatBench::encodeAll(CodingSamples *samples) {
  descriptions.clear();
  for (size_t i = 0; i < workload.tensors.size(); ++i) {
    const bench::BenchTensor &tensor = workload.tensors[i];
    StopWatch watch;
    TensorDescription description = tensor.description;
    UWT_ASSIGN_OR_RETURN(ChosenFormat chosen, formatFor(tensor));
    description.format = chosen.format;
    // Memory is kept from one repetition to the next, as a writer would.
    for (std::vector<uint8_t> &plane : planes[i].planes)
      plane.clear();
    EncodeOptions options;
    options.path = settings.path;
    options.chosen = &chosen;
    CodingTimes times;
    options.times = &times;
    options.progress = [](uint64_t) { return !interrupted(); };
    double choosing = watch.lap();
    UWT_ASSIGN_OR_RETURN(encoded[i],
                         encodeTensor(description, tensor.bytes, planes[i], pool, options));
    if (samples)
      samples->add(choosing, times);
    descriptions.push_back(std::move(description));
  }
  return ok();
}

Status FormatBench::decodeAll(CodingSamples *samples) {
  decoded.resize(workload.tensors.size());
  for (size_t i = 0; i < workload.tensors.size(); ++i) {
    decoded[i].resize(workload.tensors[i].bytes.size());
    DecodeOptions options;
    options.path = settings.path;
    CodingTimes times;
    options.times = &times;
    UWT_ASSIGN_OR_RETURN(
        TensorDecoder decoder,
        TensorDecoder::open(descriptions[i], viewsOf(planes[i]), encoded[i].indexChecksum));
    UWT_RETURN_IF_ERROR(decoder.decode(decoded[i], pool, options));
    if (samples)
      samples->add(0, times);
  }
  return ok();
}

Status FormatBench::checkAll() const {
  for (size_t i = 0; i < workload.tensors.size(); ++i)
    if (decoded[i] != workload.tensors[i].bytes)
      return invalidError(workload.tensors[i].name + ": " + descriptions[i].format.str() +
                          " does not give back the bytes that it was given; this is a defect of "
                          "uwt, please report it");
  return ok();
}

void FormatBench::describe(CodecBenchRow &row) const {
  // What the container pads planes to (docs/container.md).
  constexpr uint64_t planePadding = 256;
  for (const EncodedTensor &tensor : encoded) {
    for (uint64_t bytes : tensor.planeBytes)
      row.bytes += roundUp(bytes, planePadding);
    row.escapes += tensor.escapes;
    row.panels += tensor.panels;
    row.panelsAsWords += tensor.panelsAsWords;
  }
  row.format = descriptions.front().format.str();
}

Expected<CodecBenchRow> uwt::tool::benchFormat(const bench::BenchWorkload &workload,
                                               const std::string &name, const FormatChoice &choice,
                                               const BenchSettings &settings, ThreadPool &pool) {
  FormatBench bench(workload, choice, settings, pool);
  CodecBenchRow row;
  row.name = name;
  // Warms up, and proves the row.
  UWT_RETURN_IF_ERROR(bench.encodeAll(nullptr));
  UWT_RETURN_IF_ERROR(bench.decodeAll(nullptr));
  UWT_RETURN_IF_ERROR(bench.checkAll());
  bench.describe(row);
  UWT_ASSIGN_OR_RETURN(row.encode.total, takeSamplesUnlessInterrupted(settings.minimumSeconds, [&] {
                         return bench.encodeAll(&row.encode);
                       }));
  UWT_ASSIGN_OR_RETURN(row.decode.total, takeSamplesUnlessInterrupted(settings.minimumSeconds, [&] {
                         return bench.decodeAll(&row.decode);
                       }));
  UWT_RETURN_IF_ERROR(bench.checkAll());
  return row;
}

Expected<CodecBenchRow> uwt::tool::benchCopy(const bench::BenchWorkload &workload,
                                             const BenchSettings &settings) {
  CodecBenchRow row;
  row.name = "memcpy";
  row.bytes = workload.bytes();
  std::vector<std::vector<uint8_t>> copies;
  for (const bench::BenchTensor &tensor : workload.tensors)
    copies.emplace_back(tensor.bytes.size());
  auto copyAll = [&] {
    for (size_t i = 0; i < copies.size(); ++i)
      if (!copies[i].empty())
        std::memcpy(copies[i].data(), workload.tensors[i].bytes.data(), copies[i].size());
    return ok();
  };
  UWT_RETURN_IF_ERROR(copyAll());
  UWT_ASSIGN_OR_RETURN(row.encode.total,
                       takeSamplesUnlessInterrupted(settings.minimumSeconds / 4, copyAll));
  for (size_t i = 0; i < copies.size(); ++i)
    if (copies[i] != workload.tensors[i].bytes)
      return invalidError("memory does not hold what is copied to it");
  row.decode = row.encode;
  return row;
}
