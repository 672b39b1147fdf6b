//===- Baselines.cpp - cuBLASLt in the same run ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BenchRun.h"
#include "uwt/Bench/BenchFlags.h"

using namespace uwt;
using namespace uwt::bench;

Expected<BaselineRow> BenchRun::runBaseline(uint32_t m, std::span<const cuda::DeviceBuffer> dense) {
  BaselineRow row;
  row.shape = shape;
  row.m = m;
  UWT_ASSIGN_OR_RETURN(cuda::DenseProduct product,
                       cuda::DenseProduct::create(cublas, shape.rows, shape.columns, m));
  UWT_ASSIGN_OR_RETURN(cuda::DeviceBuffer input,
                       cuda::DeviceBuffer::allocate(session.device, m * shape.columns * 2));
  UWT_ASSIGN_OR_RETURN(cuda::DeviceBuffer output,
                       cuda::DeviceBuffer::allocate(session.device, m * shape.rows * 2));
  UWT_ASSIGN_OR_RETURN(cuda::DeviceBuffer workspace,
                       cuda::DeviceBuffer::allocate(session.device, uint64_t(64) << 20));
  UWT_RETURN_IF_ERROR(
      input.write(0, {reinterpret_cast<const uint8_t *>(x.data()), m * shape.columns * 2},
                  session.stream.get()));
  auto run = [&](unsigned samples) {
    return timeGraph(session.device, session.stream, launchesFor(dense.size()), samples,
                     [&](unsigned i, void *stream) {
                       return product.launch(dense[i % dense.size()].address(), input.address(),
                                             output.address(),
                                             {workspace.address(), workspace.bytes()}, stream);
                     });
  };
  row.tried = product.algorithms();
  double best = 0;
  constexpr unsigned trialSamples = 5;
  for (unsigned i = 0; i < row.tried; ++i) {
    product.choose(i);
    UWT_ASSIGN_OR_RETURN(Samples trial, run(trialSamples));
    if (i == 0 || trial.median() < best) {
      best = trial.median();
      row.chosen = i;
    }
  }
  product.choose(row.chosen);
  UWT_ASSIGN_OR_RETURN(row.timing, run(options.timing.samples));
  return row;
}

Status BenchRun::runBaselines() {
  uint64_t bytes = shape.elements() * 2;
  std::vector<cuda::DeviceBuffer> dense;
  for (unsigned i = options.copies ? options.copies : coldCopies(bytes); i > 0; --i) {
    UWT_ASSIGN_OR_RETURN(cuda::DeviceBuffer copy,
                         cuda::DeviceBuffer::allocate(session.device, bytes));
    UWT_RETURN_IF_ERROR(copy.write(0, {reinterpret_cast<const uint8_t *>(words.data()), bytes},
                                   session.stream.get()));
    dense.push_back(std::move(copy));
  }
  UWT_RETURN_IF_ERROR(session.stream.synchronize());
  for (uint32_t m : mValues) {
    Expected<BaselineRow> row = runBaseline(m, dense);
    if (row)
      result.baselines.push_back(*std::move(row));
    else if (row.error().getKind() == ErrorKind::Unsupported)
      refuse("cuBLASLt", rawFormat(), m, row.error());
    else
      return row.takeError();
  }
  return ok();
}
