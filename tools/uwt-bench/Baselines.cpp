//===- Baselines.cpp - Dense products in the same run ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BenchRun.h"
#include "uwt/Bench/BenchFlags.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::bench;

struct BenchRun::DenseOperands {
  std::vector<cuda::DeviceBuffer> weights;
  cuda::DeviceBuffer x, y, workspace;
};

Expected<BenchRun::DenseOperands> BenchRun::denseOperands() const {
  DenseOperands operands;
  uint64_t bytes = shape.elements() * 2, most = maxM();
  for (unsigned i = options.copies ? options.copies : coldCopies(bytes); i > 0; --i) {
    UWT_ASSIGN_OR_RETURN(cuda::DeviceBuffer copy,
                         cuda::DeviceBuffer::allocate(session.device, bytes));
    UWT_RETURN_IF_ERROR(copy.write(0, {reinterpret_cast<const uint8_t *>(hand.words.data()), bytes},
                                   session.stream.get()));
    operands.weights.push_back(std::move(copy));
  }
  UWT_ASSIGN_OR_RETURN(operands.x,
                       cuda::DeviceBuffer::allocate(session.device, most * shape.columns * 2));
  UWT_ASSIGN_OR_RETURN(operands.y,
                       cuda::DeviceBuffer::allocate(session.device, most * shape.rows * 2));
  UWT_ASSIGN_OR_RETURN(operands.workspace,
                       cuda::DeviceBuffer::allocate(session.device, uint64_t(64) << 20));
  UWT_RETURN_IF_ERROR(
      operands.x.write(0, {reinterpret_cast<const uint8_t *>(x.data()), most * shape.columns * 2},
                       session.stream.get()));
  UWT_RETURN_IF_ERROR(session.stream.synchronize());
  return operands;
}

Expected<Samples> BenchRun::timeDense(const DenseOperands &operands, unsigned samples,
                                      const DenseLaunch &launch) {
  TimingOptions timing = timingFor(operands.weights.size());
  timing.samples = samples;
  return timeGraph(session.device, session.stream, timing, [&](unsigned i, void *stream) {
    return launch(operands.weights[i % operands.weights.size()].address(), stream);
  });
}

/// cuBLASLt: the fastest of its algorithms.
Expected<BaselineRow> BenchRun::runBaseline(uint32_t m, const DenseOperands &operands) {
  BaselineRow row;
  row.shape = shape;
  row.m = m;
  UWT_ASSIGN_OR_RETURN(cuda::DenseProduct product,
                       cuda::DenseProduct::create(cublas, shape.rows, shape.columns, m));
  auto run = [&](unsigned samples) {
    return timeDense(operands, samples, [&](uint64_t weight, void *stream) {
      return product.launch(weight, operands.x.address(), operands.y.address(),
                            {operands.workspace.address(), operands.workspace.bytes()}, stream);
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
  progress.takeLoad();
  UWT_ASSIGN_OR_RETURN(row.timing, run(options.timing.samples));
  row.load = progress.takeLoad();
  return row;
}

Expected<BaselineRow> BenchRun::runPyTorchBaseline(uint32_t m, const DenseOperands &operands) {
  BaselineRow row;
  row.library = BaselineRow::Library::PyTorch;
  row.shape = shape;
  row.m = m;
  row.tried = 1;
  progress.takeLoad();
  auto launch = [&](uint64_t weight, void *stream) {
    return pyTorch->multiply(shape.rows, shape.columns, m, weight, operands.x.address(),
                             operands.y.address(),
                             {operands.workspace.address(), operands.workspace.bytes()}, stream);
  };
  UWT_ASSIGN_OR_RETURN(row.timing, timeDense(operands, options.timing.samples, launch));
  row.load = progress.takeLoad();
  return row;
}

Status BenchRun::keepBaseline(const char *kernel, uint32_t m, Expected<BaselineRow> row) {
  if (row)
    result.baselines.push_back(*std::move(row));
  else if (row.error().getKind() == ErrorKind::Unsupported)
    refuse(kernel, rawFormat(), m, row.error());
  else
    return row.takeError();
  return ok();
}

Status BenchRun::runBaselines() {
  UWT_RETURN_IF_ERROR(takeWeight(rawFormat()));
  UWT_ASSIGN_OR_RETURN(DenseOperands operands, denseOperands());
  for (uint32_t m : mValues) {
    UWT_RETURN_IF_ERROR(keepBaseline("cuBLASLt", m, runBaseline(m, operands)));
    if (pyTorch && m == 1)
      UWT_RETURN_IF_ERROR(keepBaseline("cuBLAS", m, runPyTorchBaseline(m, operands)));
  }
  return progress.save(result);
}
