//===- TranscodeWeight.cpp - Weights coded anew at load -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightBuilder.h"

using namespace uwt;

Expected<LoadedWeight> uwt::encodeWeight(const TensorDescription &description,
                                         std::span<const uint8_t> bytes, ThreadPool &pool,
                                         const LoadOptions &options) {
  MemoryPlanes planes;
  EncodeOptions encode;
  encode.path = options.path;
  UWT_RETURN_IF_ERROR(encodeTensor(description, bytes, planes, pool, encode));
  UWT_ASSIGN_OR_RETURN(TensorDecoder decoder,
                       TensorDecoder::open(description, viewsOf(planes), std::nullopt));
  LoadOptions copy = options;
  copy.check = false;
  return copyWeight(decoder, pool, copy);
}

Expected<LoadedWeight> uwt::transcodeWeight(const TensorDecoder &decoder, const Format &runFormat,
                                            ThreadPool &pool, const LoadOptions &options) {
  TensorDescription description = decoder.description();
  UWT_ASSIGN_OR_RETURN(uint64_t elements, description.elements());
  Buffer dense(elements * getTraits(description.element).bytes);
  DecodeOptions decode;
  decode.path = options.path;
  decode.check = options.check;
  UWT_RETURN_IF_ERROR(decoder.decode(dense.span(), pool, decode));
  description.format = runFormat;
  return encodeWeight(description, dense.span(), pool, options);
}
