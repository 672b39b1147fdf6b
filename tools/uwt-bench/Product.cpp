//===- Product.cpp - Products on a GPU, set up to be checked and timed ----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Product.h"
#include "uwt/Bench/BenchFlags.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/BF16.h"
#include <algorithm>
#include <cstring>

using namespace uwt;
using namespace uwt::bench;

Expected<LoadedWeight> GpuSession::load(const DenseWords &words, uint64_t rows, uint64_t columns,
                                        const Format &format, bool asWords) const {
  TensorDescription description{ElementType::BF16, {rows, columns}, format};
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(words.data()),
                                 words.size() * sizeof(uint16_t));
  LoadOptions options;
  options.asWords = asWords;
  return LoadedWeight::fromBytes(description, bytes, pool, options);
}

Expected<LoadedWeight> GpuSession::load(const QuantizedWeight &weight, const Format &format,
                                        bool asWords) const {
  TensorDescription description{ElementType::BF16, {weight.rows, weight.columns}, format};
  LoadOptions options;
  options.asWords = asWords;
  UWT_ASSIGN_OR_RETURN(LoadedWeight loaded,
                       LoadedWeight::fromQuantized(description, weight, pool, options));
  // Kernels would not decode.
  if (!asWords && std::ranges::any_of(loaded.panels(), &PanelEntry::storedAsWords))
    return unsupportedError("the loader stores the codes that were drawn as words");
  return loaded;
}

Expected<std::vector<cuda::DeviceWeight>>
GpuSession::upload(const LoadedWeight &loaded, const DenseWords &words, unsigned copies) const {
  std::vector<cuda::DeviceWeight> weights;
  unsigned count = std::max(copies, 1U);
  for (unsigned i = 0; i < count; ++i) {
    UWT_ASSIGN_OR_RETURN(cuda::DeviceWeight weight,
                         cuda::DeviceWeight::upload(device, loaded, stream));
    if (observer)
      observer(weight, words);
    if (copies == 0)
      count = coldCopies(weight.bytes());
    weights.push_back(std::move(weight));
  }
  return weights;
}

/// The kernel and those that prepare it.
static std::vector<const KernelEntry *> partsOf(const KernelPack &pack, const KernelEntry &entry) {
  std::vector<const KernelEntry *> parts;
  for (const KernelEntry *part = &entry; part; part = pack.preparationOf(*part))
    parts.push_back(part);
  return parts;
}

Status uwt::bench::checkProductEntry(const KernelPack &pack, const KernelEntry &entry) {
  if (entry.element != ElementType::BF16)
    return unsupportedError("its weights are " + std::string(getTraits(entry.element).name) +
                            ", and uwt-bench measures bf16");
  bool writesY = false;
  for (const KernelEntry *part : partsOf(pack, entry))
    for (const KernelArgument &argument : part->arguments) {
      std::string type = " of " + std::string(nameOf(argument.type)) + " is not measured";
      if (argument.kind == ArgumentKind::Extra)
        return unsupportedError("it takes operands of an epilogue, which uwt-bench does not have");
      if (argument.kind == ArgumentKind::X && argument.type != ArgumentType::BF16 &&
          argument.type != ArgumentType::I16 && argument.type != ArgumentType::I32)
        return unsupportedError("x" + type);
      if (argument.kind == ArgumentKind::Y) {
        writesY = true;
        if (argument.type != ArgumentType::BF16 && argument.type != ArgumentType::F32)
          return unsupportedError("y" + type);
      }
    }
  return writesY ? ok() : unsupportedError("it has no y");
}

/// The shortest stride with which rows of `width` elements of `bytes` bytes are aligned.
static uint64_t strideFor(std::span<const KernelEntry *const> parts, ArgumentKind kind,
                          uint64_t width, uint64_t bytes) {
  uint64_t alignment = bytes;
  for (const KernelEntry *part : parts)
    for (const KernelArgument &argument : part->arguments)
      if (argument.kind == kind)
        alignment = std::max<uint64_t>(alignment, argument.alignment);
  return roundUp(width * bytes, alignment) / bytes;
}

Expected<Product> Product::create(const GpuSession &session, cuda::DevicePack &pack,
                                  const KernelEntry &entry,
                                  std::span<const cuda::DeviceWeight> weights, uint32_t m,
                                  uint32_t ctas) {
  UWT_ASSIGN_OR_RETURN(cuda::KernelLauncher launcher,
                       cuda::KernelLauncher::create(pack, entry, weights.front()));
  Product product(session, std::move(launcher));
  product.rows = weights.front().rows();
  product.columns = weights.front().columns();
  for (const cuda::DeviceWeight &weight : weights)
    product.images.push_back(weight.address());
  for (const KernelArgument &argument : entry.arguments)
    if (argument.kind == ArgumentKind::Y)
      product.yType = argument.type;
  auto parts = partsOf(pack.pack(), entry);
  product.operands.m = m;
  product.operands.ctas = ctas;
  product.operands.xStride = strideFor(parts, ArgumentKind::X, product.columns, 2);
  product.operands.yStride =
      strideFor(parts, ArgumentKind::Y, product.rows, bytesOf(product.yType));
  UWT_ASSIGN_OR_RETURN(product.launchSize, product.launcher.size(m, ctas));
  UWT_RETURN_IF_ERROR(product.allocate());
  return product;
}

Status Product::allocate() {
  auto make = [&](cuda::DeviceBuffer &buffer, uint64_t bytes, uint8_t filling = 0) -> Status {
    UWT_ASSIGN_OR_RETURN(buffer, cuda::DeviceBuffer::allocate(session->device, bytes));
    return buffer.fill(filling, session->stream.get());
  };
  UWT_RETURN_IF_ERROR(make(x, operands.m * operands.xStride * 2));
  UWT_RETURN_IF_ERROR(make(y, operands.m * operands.yStride * bytesOf(yType)));
  // Any contents have to do: NaNs show where a kernel relies on others.
  UWT_RETURN_IF_ERROR(make(workspace, launchSize.workspaceBytes, 0xFF));
  UWT_RETURN_IF_ERROR(make(counters, launchSize.counterBytes));
  if (decodesFirst()) {
    UWT_RETURN_IF_ERROR(make(otherWorkspace, launchSize.workspaceBytes, 0xFF));
    UWT_ASSIGN_OR_RETURN(layers, cuda::LayerQueue::create(session->device));
  }
  operands.x = x.address();
  operands.y = y.address();
  operands.workspace = {workspace.address(), workspace.bytes()};
  operands.counters = {counters.address(), counters.bytes()};
  return session->stream.synchronize();
}

Status Product::setX(std::span<const uint16_t> dense) {
  std::vector<uint16_t> padded(operands.m * operands.xStride);
  for (uint64_t row = 0; row < operands.m; ++row)
    std::copy_n(dense.begin() + static_cast<int64_t>(row * columns), columns,
                padded.begin() + static_cast<int64_t>(row * operands.xStride));
  UWT_RETURN_IF_ERROR(x.write(
      0, {reinterpret_cast<const uint8_t *>(padded.data()), padded.size() * sizeof(uint16_t)},
      session->stream.get()));
  return session->stream.synchronize();
}

cuda::LaunchOperands Product::operandsOf(unsigned copy) const {
  cuda::LaunchOperands given = operands;
  given.weight = images[copy % images.size()];
  return given;
}

Status Product::enqueue(unsigned copy, bool isSerial, void *stream) const {
  cuda::LaunchOperands given = operandsOf(copy);
  given.serial = isSerial;
  return launcher.launch(given, stream);
}

Status Product::enqueueAhead(unsigned count, void *stream) const {
  std::vector<cuda::LayerQueue::Layer> each;
  for (unsigned i = 0; i < count; ++i) {
    each.push_back({&launcher, operandsOf(i)});
    if (i % 2 == 1)
      each.back().operands.workspace = {otherWorkspace.address(), otherWorkspace.bytes()};
  }
  return layers->launch(each, stream);
}

Expected<std::vector<float>> Product::run(unsigned copy) {
  // What is not written shows: all bits set are a NaN in every type.
  UWT_RETURN_IF_ERROR(y.fill(0xFF, session->stream.get()));
  UWT_RETURN_IF_ERROR(enqueue(copy, false, session->stream.get()));
  return readY();
}

Expected<std::vector<float>> Product::readY() const {
  std::vector<uint8_t> bytes(y.bytes());
  UWT_RETURN_IF_ERROR(y.read(0, bytes, session->stream.get()));
  UWT_RETURN_IF_ERROR(session->stream.synchronize());
  std::vector<float> values(operands.m * rows);
  session->pool.parallelFor(operands.m, [&](uint64_t row, unsigned) {
    const uint8_t *from = bytes.data() + row * operands.yStride * bytesOf(yType);
    float *to = values.data() + row * rows;
    for (uint64_t n = 0; n < rows; ++n) {
      uint16_t word;
      if (yType == ArgumentType::F32) {
        std::memcpy(to + n, from + 4 * n, 4);
      } else {
        std::memcpy(&word, from + 2 * n, 2);
        to[n] = fromBF16(word);
      }
    }
  });
  return values;
}
