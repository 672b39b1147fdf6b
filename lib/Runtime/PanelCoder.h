//===- PanelCoder.h - Panels of any source in a run format ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What loading codes anew, a panel at a time: decoded and coded again while it is in the cache, so
// that the tensor is never whole in memory. Where the results go is the caller's. Private to
// lib/Runtime.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_RUNTIME_PANELCODER_H
#define UWT_LIB_RUNTIME_PANELCODER_H

#include "uwt/Runtime/LoadedWeight.h"
#include <functional>
#include <memory>

namespace uwt {

/// What a thread reuses from panel to panel.
struct PanelWorker {
  std::vector<uint16_t> words;
  /// A panel stored as words, or its low halves.
  std::vector<uint8_t> packed;
  /// A coded panel, less its code at a fixed rate.
  EncodedPanel coded;
};

/// Codes the panels of one tensor. Immutable; panels may be coded from several threads at a time.
/// What it is made from must outlive it.
class PanelCoder {
public:
  virtual ~PanelCoder() = default;
  PanelCoder(const PanelCoder &) = delete;
  PanelCoder &operator=(const PanelCoder &) = delete;

  const CodingPlan &plan() const { return coding; }
  uint64_t panels() const { return count; }
  uint32_t rowsOf(uint64_t panel) const {
    return coding.matrix.rowsOfPanel(panel % coding.matrix.panels());
  }
  /// Bytes of a panel of `rows` rows that is stored as words, of a coded one in plane `raw`, and in
  /// plane `code` at a fixed rate (0 at any other).
  uint64_t wordsBytes(uint32_t rows) const;
  uint64_t rawBytes(uint32_t rows) const;
  uint64_t codeBytes(uint32_t rows) const;

  /// Verifies the checksum of what the panel is made from.
  virtual Status check(uint64_t) const { return ok(); }
  /// Codes a panel: its codeBytes to `code`, which begins at a multiple of 64, the rest to
  /// worker.coded. False where it has to be stored as words (panel-1); `code` then has any
  /// contents.
  Expected<bool> code(uint64_t panel, std::span<uint8_t> code, PanelWorker &worker) const;
  /// The panel as words, to worker.packed.
  Status packWords(uint64_t panel, PanelWorker &worker) const;
  /// Low halves of a panel, whole ones, in `scratch` where they are not stored so.
  virtual Expected<std::span<const uint8_t>> low(uint64_t, std::vector<uint8_t> &) const {
    return std::span<const uint8_t>();
  }

protected:
  PanelCoder(CodingPlan plan, uint64_t panels, CodePath path);

  virtual Expected<PanelWords> wordsOf(uint64_t panel, PanelWorker &worker) const = 0;
  /// A way around words: as code(). False where there is none.
  virtual bool codeDirectly(uint64_t, std::span<uint8_t>, EncodedPanel &) const { return false; }

  const CodePath path;

private:
  const CodingPlan coding;
  const uint64_t count;
  const StreamTables tables;
};

/// Whether each panel can be coded as `to` from the same panel alone.
bool goesByPanels(const TensorDecoder &decoder, const Format &to);
/// Of what `decoder` reads, in the format `to`. Of `options` check and path are looked at.
/// Precondition: goesByPanels. Errors: as transcodePlan.
Expected<std::unique_ptr<PanelCoder>> makeCoder(const TensorDecoder &decoder, const Format &to,
                                                ThreadPool &pool, const LoadOptions &options);

/// Format, element and sizes of a plan, without a model. Errors: Usage, as `check` says.
Expected<CodingPlan> planWithoutModel(const TensorDescription &description,
                                      Expected<CodecTraits> (*check)(const Format &,
                                                                     ElementType) = checkFormat);
/// Of words, in the format of `plan`, whose model is built from them: one without a context. Of
/// `options` only path is looked at.
Expected<std::unique_ptr<PanelCoder>> makeCoder(CodingPlan plan, uint64_t panels,
                                                PanelSource source, ThreadPool &pool,
                                                const LoadOptions &options);

/// Calls `use` with what codes the panels of a quantised weight in `description.format`, which is
/// one of those. Of `options` path and asWords are looked at. Errors: as planWithoutModel, and
/// those of `use`.
Status withQuantizedCoder(const QuantizedWeight &weight, const TensorDescription &description,
                          ThreadPool &pool, const LoadOptions &options,
                          const std::function<Status(const PanelCoder &)> &use);

/// Writes the panels of `coder` as an image of that shape into `memory`; `columnOrder` has the
/// weight's column that each column of each matrix is, or nothing. Errors: Usage (memory that is
/// not aligned or does not suffice), and as coding them.
Status writePanels(const PanelCoder &coder, std::span<const uint64_t> shape,
                   std::span<const uint32_t> columnOrder, std::span<uint8_t> memory,
                   ThreadPool &pool);

/// The weight that the panels of `coder` are. Of `options` path and times are looked at.
Expected<LoadedWeight> codePanels(const TensorDescription &description, const PanelCoder &coder,
                                  ThreadPool &pool, const LoadOptions &options);

} // namespace uwt

#endif // UWT_LIB_RUNTIME_PANELCODER_H
