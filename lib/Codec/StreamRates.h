//===- StreamRates.h - Panels of any variable rate together -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Streams are chains of steps that wait for each other. Where a panel has but one,
// several panels are coded at once. Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_STREAMRATES_H
#define UWT_LIB_CODEC_STREAMRATES_H

#include "uwt/Codec/Panel.h"
#include <cstdint>
#include <span>

namespace uwt {

/// A panel of streams that is decoded with others of its tensor.
struct StreamPanel {
  CodedPanel coded;
  PanelContext context;
  MutablePanelWords out;
};

/// A panel of streams that is encoded with others of its tensor.
struct PanelToEncode {
  PanelWords words;
  PanelContext context;
  EncodedPanel *out;
};

/// The most panels that are worth coding together; 1 where a panel's own streams are enough, and
/// for the reference.
uint32_t panelsTogether(const CodingPlan &plan, CodePath path);
/// Decodes panels of one matrix that have the same number of rows, by a path that is not the
/// reference. False where one of them is damaged: decodeStreams decodes each alone, and says what
/// is wrong.
bool decodeTogether(const CodingPlan &plan, const StreamTables &tables,
                    std::span<const StreamPanel> panels, CodePath path);

/// Encodes each panel as encodeStreams does.
void encodeTogether(const CodingPlan &plan, const StreamTables &tables,
                    std::span<const PanelToEncode> panels, CodePath path);

/// The same for codecs of Rate::Ans.
uint32_t ansPanelsTogether(const CodingPlan &plan);
bool decodeAnsTogether(const CodingPlan &plan, const AnsTables &tables,
                       std::span<const StreamPanel> panels, CodePath path);
void encodeAnsTogether(const CodingPlan &plan, const AnsTables &tables,
                       std::span<const PanelToEncode> panels, CodePath path);

} // namespace uwt

#endif // UWT_LIB_CODEC_STREAMRATES_H
