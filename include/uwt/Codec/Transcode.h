//===- Transcode.h - From one format to another -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a loader needs to code panels anew that it has in another format: a plan whose
// model comes from the stored one, and, for pairs of formats that meet often, a way
// around the decoded words. Formats of both sides see the same matrices, that is,
// they have the same storage.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_TRANSCODE_H
#define UWT_CODEC_TRANSCODE_H

#include "uwt/Codec/Tensor.h"

namespace uwt {

/// A plan that codes what `from` reads in the format `to`. The model is built from the stored code
/// lengths where these say enough (a code of length l was given to a share of about 2^-l), else
/// from the counts of at most 8 panels. Deterministic. Errors: Usage (no valid composition, row
/// classes, another storage or fold), and what decoding the panels reports.
Expected<CodingPlan> transcodePlan(const TensorDecoder &from, const Format &to, CodePath path,
                                   ThreadPool &pool);

/// Codes panels of one tensor in another format without decoding them to words. Immutable;
/// panels may be coded from several threads at a time.
class DirectTranscoder {
public:
  /// Nothing where there is no direct way between the two, or not on this machine: prefix codes
  /// of bf16 or f32 exponents (with 0 or 2 mantissa bits) to packing=inplace of 12 bits. `from` and
  /// `to` must outlive the result.
  static std::optional<DirectTranscoder> make(const TensorDecoder &from, const CodingPlan &to,
                                              CodePath path);
  DirectTranscoder(DirectTranscoder &&) noexcept;
  ~DirectTranscoder();

  /// Codes panel `panel`: `code` gets exactly fixedPanelSizes(to).code bytes and begins at a
  /// multiple of 64, `out` the rest, as from encodeFixed. False where the panel needs the way over
  /// words: it is stored as words, damaged, or has more escapes than a count holds.
  bool code(uint64_t panel, std::span<uint8_t> code, EncodedPanel &out) const;

private:
  struct State;
  explicit DirectTranscoder(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state;
};

} // namespace uwt

#endif // UWT_CODEC_TRANSCODE_H
