//===- TranscodeResult.h - Where decoded units go ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_TRANSCODERESULT_H
#define UWT_LIB_CODEGEN_GPU_TRANSCODERESULT_H

#include "DenseRows.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Codegen/GPU/ProductPlan.h"

namespace uwt::codegen {

/// A panel of the weight that is decoded: its number, fields of its DevicePanelEntry, and the
/// strips that it has.
struct TranscodePanel {
  mlir::Value number, words, raw, code, patch, records, storedAsWords, strips;
};

/// Where decoded words go: to the order of plane `words`, to the rows of a dense matrix, or a row
/// of them for each of some ids.
enum class DecodedOrder { Units, Rows, Gathered };

/// Stores decoded units in the order of plane `words`: words, or of their symbols bytes or codes;
/// or words as dense rows.
class TranscodeResult : private UnitCode {
public:
  /// `buffer` is memory of i16 for words, else of i8. `windowBase` (form Codes) is the first symbol
  /// of the codes' window, in both halves of an i32. `code` knows its lane; `format` outlives the
  /// object.
  TranscodeResult(const UnitCode &code, CompressedType type, const EmittedFormat &format,
                  DecodedForm form, mlir::Value buffer, mlir::Value windowBase)
      : UnitCode(code), type(type), format(format), form(form), result(buffer),
        windowBase(windowBase) {}

  /// From now on words go to dense rows, whose memory is the buffer.
  void storeTo(const DenseRows &to) { dense.emplace(to); }
  DenseRows &denseRows() { return *dense; }

  /// A unit's operand registers, by all lanes of a warp.
  void store(const TranscodePanel &panel, const FixedUnit &fixed, mlir::ValueRange fragments);
  /// Form Codes: a unit of symbols as codes of four bits, or as bytes where a lane has one outside
  /// of the window or says that a record of its is in the unit (null for none).
  void storeCodes(const TranscodePanel &panel, const FixedUnit &fixed, mlir::ValueRange fragments,
                  mlir::Value hasRecords);
  /// An escape record of a word, by one lane.
  void storeWord(const TranscodePanel &panel, const FixedUnit &fixed, mlir::Value record);
  /// An escape record of a run in row `row` of the strip, by all lanes; `load` gives its u32.
  using Load = llvm::function_ref<mlir::Value(mlir::Value)>;
  void storeRun(const TranscodePanel &panel, const FixedUnit &fixed, mlir::Value row, Load load);

private:
  bool makesWords() const { return form == DecodedForm::Words; }
  bool makesCodes() const { return form == DecodedForm::Codes; }
  /// The result as the product that reads the workspace finds it.
  DecodedWeight decodedWeight() const { return {{rows, columns}, form}; }
  /// Number of the unit's first element in the result.
  mlir::Value resultAt(const TranscodePanel &panel, const FixedUnit &fixed);
  Values clearPadding(const TranscodePanel &panel, const FixedUnit &fixed,
                      mlir::ValueRange fragments);
  /// 16 bytes to a multiple of 16 in the result.
  void storeAligned(mlir::Value fragment, mlir::Value at);
  void storeFlag(mlir::Value flag, mlir::Value at);
  struct Codes {
    mlir::Value fragment, outside;
  };
  Codes codesOf(mlir::ValueRange fragments);
  /// Symbols of two registers' words as bytes, in the order of a field of 8 bits, each rotated.
  mlir::Value exponentBytes(mlir::Value even, mlir::Value odd);
  /// Number of an element in its unit of the result: that of half `half` of register `r` of lane
  /// `owner`, in block `block`.
  mlir::Value elementAt(mlir::Value r, mlir::Value owner, mlir::Value block, mlir::Value half);
  /// The same of dense rows, where it is one of theirs.
  DenseRows::Element elementOfRows(const TranscodePanel &panel, const FixedUnit &fixed,
                                   mlir::Value r, mlir::Value owner, mlir::Value block,
                                   mlir::Value half);
  /// Stores the word in the low bits of an i32, or its symbol.
  void storeElement(mlir::Value word, mlir::Value at);

  CompressedType type;
  const EmittedFormat &format;
  DecodedForm form;
  mlir::Value result, windowBase;
  std::optional<DenseRows> dense;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_TRANSCODERESULT_H
