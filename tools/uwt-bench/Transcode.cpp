//===- Transcode.cpp - Kernels that decode a weight -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Transcode.h"
#include <algorithm>

using namespace uwt;

std::string Transcoding::whyNotRunnable(const KernelEntry &entry) {
  if (entry.element != ElementType::BF16)
    return "its weights are " + std::string(getTraits(entry.element).name) +
           ", and uwt-bench measures bf16";
  if (entry.result != *Format::parse("raw"))
    return "it makes " + entry.result->str() + ", and uwt-bench checks what makes raw";
  if (std::ranges::count(entry.arguments, ArgumentKind::Extra, &KernelArgument::kind) != 1)
    return "its result is not one plane";
  return "";
}

/// Plane `words` of the weight in format raw, panel after panel.
static Expected<std::vector<uint8_t>> rawWords(const GpuSession &session, const DenseWords &words,
                                               uint64_t rows, uint64_t columns) {
  TensorDescription description{ElementType::BF16, {rows, columns}, *Format::parse("raw")};
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(words.data()),
                                 words.size() * sizeof(uint16_t));
  UWT_ASSIGN_OR_RETURN(LoadedWeight loaded,
                       LoadedWeight::fromBytes(description, bytes, session.pool));
  const CodingPlan &plan = loaded.plan();
  std::span<const uint8_t> plane = loaded.plane(PlaneKind::Words);
  std::vector<uint8_t> packed;
  for (uint64_t panel = 0; panel < loaded.panels().size(); ++panel) {
    uint64_t length = fieldBytes(plan.format.layout, plan.matrix.rowsOfPanel(panel), columns,
                                 plan.split.wordBits);
    std::span<const uint8_t> part = plane.subspan(loaded.panels()[panel].words * 4, length);
    packed.insert(packed.end(), part.begin(), part.end());
  }
  return packed;
}

Expected<Transcoding> Transcoding::create(const GpuSession &session, DevicePack &pack,
                                          const KernelEntry &entry,
                                          std::span<const DeviceWeight> weights,
                                          const DenseWords &words) {
  Transcoding made(session);
  for (const DeviceWeight &weight : weights) {
    UWT_ASSIGN_OR_RETURN(KernelLauncher launcher, KernelLauncher::create(pack, entry, weight));
    made.launchers.push_back(std::move(launcher));
  }
  made.operands.batch = std::max<uint32_t>(entry.batchFrom, 1);
  UWT_ASSIGN_OR_RETURN(made.launchSize, made.launchers.front().size(made.operands.batch));
  UWT_ASSIGN_OR_RETURN(made.expected,
                       rawWords(session, words, weights.front().rows(), weights.front().columns()));
  for (auto [buffer, bytes] : {std::pair(&made.result, uint64_t(made.expected.size())),
                               {&made.workspace, made.launchSize.workspaceBytes},
                               {&made.counters, made.launchSize.counterBytes}}) {
    UWT_ASSIGN_OR_RETURN(*buffer, DeviceBuffer::allocate(session.device, bytes));
    UWT_RETURN_IF_ERROR(buffer->fill(0, session.stream.get()));
  }
  made.operands.workspace = {made.workspace.address(), made.workspace.bytes()};
  made.operands.counters = {made.counters.address(), made.counters.bytes()};
  UWT_RETURN_IF_ERROR(session.stream.synchronize());
  return made;
}

Status Transcoding::enqueue(unsigned copy, bool isSerial, void *stream) const {
  LaunchOperands given = operands;
  given.serial = isSerial;
  const DeviceWeight::Part extra = {result.address(), result.bytes()};
  given.extras = {&extra, 1};
  return launchers[copy % launchers.size()].launch(given, stream);
}

Status Transcoding::compare() const {
  std::vector<uint8_t> got(result.bytes());
  UWT_RETURN_IF_ERROR(result.read(0, got, session->stream.get()));
  UWT_RETURN_IF_ERROR(session->stream.synchronize());
  auto [wrong, right] = std::ranges::mismatch(got, expected);
  if (wrong == got.end())
    return success();
  return Error(ErrorKind::Differs, "byte " + std::to_string(wrong - got.begin()) +
                                       " of plane words is " + std::to_string(*wrong) +
                                       ", and by the host's codec " + std::to_string(*right));
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
