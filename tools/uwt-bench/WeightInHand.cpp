//===- WeightInHand.cpp - What kernels are measured with ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BenchRun.h"
#include "uwt/Bench/BenchWeights.h"
#include "uwt/Codec/Codec.h"
#include <algorithm>
#include <cstring>

using namespace uwt;
using namespace uwt::bench;

void BenchRun::WeightInHand::measureEntropy(const GridShape &shape, ThreadPool &pool) {
  TensorDescription description{ElementType::BF16, {shape.rows, shape.columns}, {}};
  BenchWorkload workload{"", {{"", description, {}}}};
  workload.tensors[0].bytes.resize(words.size() * sizeof(uint16_t));
  std::memcpy(workload.tensors[0].bytes.data(), words.data(), words.size() * sizeof(uint16_t));
  entropy = workload.bounds(pool);
}

/// Codes of a format, and the words that they stand for.
Status BenchRun::drawCodes(const Format &format) {
  UWT_ASSIGN_OR_RETURN(CodecTraits traits, checkRunFormat(format, ElementType::BF16));
  auto draw = [&](DrawnValues values) {
    return drawQuantized(format, shape.rows, shape.columns, values, options.seed, session.pool);
  };
  hand.codes = draw(DrawnValues::Plausible);
  hand.words = wordsOf(*hand.codes, session.pool);
  if (options.profile)
    return ok();
  hand.exactCodes = draw(DrawnValues::Exact);
  hand.exact.emplace(wordsOf(*hand.exactCodes, session.pool), shape.rows, maxM(), options.seed,
                     session.pool);
  return ok();
}

Status BenchRun::takeWeight(const Format &wanted) {
  // All lossless formats share one.
  const Format &format = wanted.isQuantized() ? wanted : rawFormat();
  if (hand.format == format)
    return ok();
  hand = {};
  if (format.isQuantized()) {
    UWT_RETURN_IF_ERROR(drawCodes(format));
  } else {
    UWT_ASSIGN_OR_RETURN(hand.words, source->read(shape, session.pool));
    if (!options.profile)
      hand.exact.emplace(drawIntegers(shape.rows, shape.columns, options.seed, session.pool),
                         shape.rows, maxM(), options.seed, session.pool);
  }
  hand.measureEntropy(shape, session.pool);
  hand.format = format;
  return ok();
}

Expected<std::vector<cuda::DeviceWeight>> BenchRun::upload(DrawnValues values, const Format &format,
                                                           unsigned count, bool asWords) const {
  bool isExact = values == DrawnValues::Exact;
  const DenseWords &words = isExact ? hand.exact->weights() : hand.words;
  Expected<LoadedWeight> loaded =
      format.isQuantized() ? session.load(isExact ? *hand.exactCodes : *hand.codes, format, asWords)
                           : session.load(words, shape.rows, shape.columns, format, asWords);
  if (!loaded)
    return loaded.takeError();
  return session.upload(*loaded, words, count);
}
