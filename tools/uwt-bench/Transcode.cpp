//===- Transcode.cpp - Kernels that decode a weight -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Transcode.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::bench;

Status uwt::bench::checkTranscodeEntry(const KernelEntry &entry) {
  if (entry.element != ElementType::BF16)
    return unsupportedError("its weights are " + std::string(getTraits(entry.element).name) +
                            ", and uwt-bench measures bf16");
  bool makesRaw = entry.result == rawFormat();
  if (makesRaw &&
      std::ranges::count(entry.arguments, ArgumentKind::Extra, &KernelArgument::kind) != 1)
    return unsupportedError("its result is not one plane");
  return ok();
}

/// Whether the device has made `expected`, `what` in words.
static Status compareBytes(std::span<const uint8_t> got, std::span<const uint8_t> expected,
                           const std::string &what) {
  if (got.size() != expected.size())
    return Error(ErrorKind::Differs, what + " has " + std::to_string(got.size()) +
                                         " bytes, and by the host's codec " +
                                         std::to_string(expected.size()));
  auto [wrong, right] = std::ranges::mismatch(got, expected);
  if (wrong == got.end())
    return ok();
  return Error(ErrorKind::Differs, "byte " + std::to_string(wrong - got.begin()) + " of " + what +
                                       " is " + std::to_string(*wrong) +
                                       ", and by the host's codec " + std::to_string(*right));
}

/// Plane `words` of the weight in format raw, panel after panel.
static Expected<std::vector<uint8_t>> rawWords(const GpuSession &session, const DenseWords &words,
                                               uint64_t rows, uint64_t columns) {
  UWT_ASSIGN_OR_RETURN(LoadedWeight loaded, session.load(words, rows, columns, rawFormat()));
  const CodingPlan &plan = loaded.plan();
  std::span<const uint8_t> buffer = loaded.buffer(PlaneKind::Words);
  std::vector<uint8_t> packed;
  for (uint64_t panel = 0; panel < loaded.panels().size(); ++panel) {
    uint64_t length = fieldBytes(plan.format.layout, plan.matrix.rowsOfPanel(panel), columns,
                                 plan.split.wordBits);
    std::span<const uint8_t> part = buffer.subspan(loaded.panels()[panel].words * 4, length);
    packed.insert(packed.end(), part.begin(), part.end());
  }
  return packed;
}

Expected<Transcoding> Transcoding::create(const GpuSession &session, cuda::DevicePack &pack,
                                          const KernelEntry &entry,
                                          std::span<const cuda::DeviceWeight> weights,
                                          const DenseWords &words) {
  UWT_ASSIGN_OR_RETURN(cuda::KernelLauncher launcher,
                       cuda::KernelLauncher::create(pack, entry, weights.front()));
  Transcoding made(session, std::move(launcher));
  for (const cuda::DeviceWeight &weight : weights)
    made.images.push_back(weight.address());
  made.operands.m = std::max<uint32_t>(entry.mFrom, 1);
  UWT_ASSIGN_OR_RETURN(made.launchSize, made.launcher.size(made.operands.m));
  UWT_ASSIGN_OR_RETURN(made.expected,
                       rawWords(session, words, weights.front().rows(), weights.front().columns()));
  for (auto [buffer, bytes] : {std::pair(&made.result, uint64_t(made.expected.size())),
                               {&made.workspace, made.launchSize.workspaceBytes},
                               {&made.counters, made.launchSize.counterBytes}}) {
    UWT_ASSIGN_OR_RETURN(*buffer, cuda::DeviceBuffer::allocate(session.device, bytes));
    UWT_RETURN_IF_ERROR(buffer->fill(0, session.stream.get()));
  }
  made.operands.workspace = {made.workspace.address(), made.workspace.bytes()};
  made.operands.counters = {made.counters.address(), made.counters.bytes()};
  UWT_RETURN_IF_ERROR(session.stream.synchronize());
  return made;
}

Status Transcoding::enqueue(unsigned copy, bool isSerial, void *stream) const {
  cuda::LaunchOperands given = operands;
  given.serial = isSerial;
  given.weight = images[copy % images.size()];
  const cuda::DeviceRange extra = {result.address(), result.bytes()};
  given.extras = {&extra, 1};
  return launcher.launch(given, stream);
}

Status Transcoding::compare() const {
  std::vector<uint8_t> got(result.bytes());
  UWT_RETURN_IF_ERROR(result.read(0, got, session->stream.get()));
  UWT_RETURN_IF_ERROR(session->stream.synchronize());
  return compareBytes(got, expected, "plane words");
}

Expected<uint64_t> Transcoding::check() {
  // Each byte is another one before: none is right because nobody wrote it.
  std::vector<uint8_t> others(expected.size());
  std::ranges::transform(expected, others.begin(),
                         [](uint8_t byte) { return static_cast<uint8_t>(~byte); });
  UWT_RETURN_IF_ERROR(result.write(0, others, session->stream.get()));
  UWT_RETURN_IF_ERROR(enqueue(0, false, session->stream.get()));
  UWT_RETURN_IF_ERROR(compare());
  return expected.size() / sizeof(uint16_t);
}

//===----------------------------------------------------------------------===//
// Formats other than raw
//===----------------------------------------------------------------------===//

Expected<Coding> Coding::create(const GpuSession &session, cuda::DevicePack &pack,
                                const cuda::DeviceWeight &stored, const Format &result,
                                const DenseWords &words) {
  Coding made(session, pack, stored);
  UWT_ASSIGN_OR_RETURN(LoadedWeight loaded,
                       session.load(words, stored.rows(), stored.columns(), result));
  made.plan = loaded.plan();
  UWT_ASSIGN_OR_RETURN(cuda::DeviceWeight uploaded,
                       cuda::DeviceWeight::upload(session.device, loaded, session.stream));
  UWT_ASSIGN_OR_RETURN(made.expected, uploaded.read(session.stream));
  return made;
}

Expected<uint64_t> Coding::check() const {
  UWT_ASSIGN_OR_RETURN(cuda::DeviceWeight coded, stored->transcode(*pack, plan, session->stream));
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> got, coded.read(session->stream));
  UWT_RETURN_IF_ERROR(
      compareBytes(got, expected, "the " + plan.format.str() + " that the device makes"));
  return got.size();
}

Expected<Samples> Coding::time(unsigned samples) const {
  return takeSamples(samples, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(cuda::DeviceWeight coded, stored->transcode(*pack, plan, session->stream));
    return ok();
  });
}
