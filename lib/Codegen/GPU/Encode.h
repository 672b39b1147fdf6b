//===- Encode.h - Builder of the kernel that codes words --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From plane `words` of a weight in format raw, or from a dense row-major matrix, to the planes of
// a fixed rate, and from that matrix to plane `words`. A warp codes a unit by itself; where escape
// records go, the host has to say in between, so the kernel is launched twice.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_ENCODE_H
#define UWT_LIB_CODEGEN_GPU_ENCODE_H

#include "DenseRows.h"
#include "uwt/Codegen/Decode/Emission.h"
#include <array>

namespace uwt::codegen {

class EncodeBuilder : private UnitCode {
public:
  /// Where the elements come from.
  enum class Source { Words, DenseRows };

  /// `format` is that of the result: words only from dense rows.
  EncodeBuilder(CompressedType type, const EmittedFormat &format, Source from,
                mlir::OpBuilder &builder, mlir::Location location)
      : UnitCode(builder, location, type), format(format), from(from),
        isInPlace(format.format.packing == Packing::InPlace) {}

  /// Whether there is such a kernel of a result. Errors: Unsupported.
  static Status checkResult(const EmittedFormat &format);

  /// Adds kernel `encode`, whose arguments are those that buildTranscodeKernels() says.
  void build(mlir::gpu::GPUModuleOp module);
  /// How it is launched, and its arguments.
  void describe(KernelEntry &entry) const;

private:
  static constexpr int64_t warps = 4, threads = 32 * warps, ctas = 4;

  /// What a lane has of a unit: words and codes of four registers (the codes of both halves at bits
  /// 3:0 and 19:16), and its escapes: bit 8 b + 2 r + h is half h of register r in block b.
  struct Fragments {
    Values words, codes;
    mlir::Value escapes;
  };
  struct Panel {
    mlir::Value number, strips;
  };
  bool makesWords() const { return format.traits.rate == Rate::Words; }
  std::vector<KernelArgument> arguments() const;
  void takeArguments(mlir::gpu::GPUFuncOp kernel);
  void buildUnit(mlir::Value item);
  Values loadWords(const Panel &panel, const FixedUnit &fixed);
  /// Number of the lane's first u32 of a unit in plane `words` of a weight in format raw.
  mlir::Value wordsAt(const Panel &panel, const FixedUnit &fixed);
  void storeWords(mlir::ValueRange fragments, mlir::Value at);
  Fragments loadFragments(const Panel &panel, const FixedUnit &fixed);
  /// Of two halves the codes, and two bits that say which are escapes. Halves whose bits of
  /// `exists` are 0 are padding.
  std::pair<mlir::Value, mlir::Value> lookUp(mlir::Value word, mlir::Value exists);
  mlir::Value entryOf(mlir::Value word, unsigned half, mlir::Value exists);
  void storeCount(const Panel &panel, const FixedUnit &fixed, const Fragments &fragments);
  void storeFragments(const Panel &panel, const FixedUnit &fixed, const Fragments &fragments);
  void storePlanes(const Fragments &fragments, mlir::Value rawAt, mlir::Value codeAt);
  void storeInPlace(const Fragments &fragments, mlir::Value codeAt);
  void storeRecords(const Panel &panel, const FixedUnit &fixed, const Fragments &fragments);
  void storeFragment(mlir::Value fragment, mlir::Value plane, mlir::Value at);
  /// Of a lane's escapes in each block, how many of the unit come before them.
  std::array<mlir::Value, 4> recordsBefore(const Fragments &fragments);
  /// Where the records of a unit begin: u32 of plane `patch`, an i32.
  mlir::Value firstRecordOf(const Panel &panel, const FixedUnit &fixed);
  mlir::Value popCount(mlir::Value value);
  mlir::Type fragmentType() { return mlir::VectorType::get({4}, builder.getI32Type()); }

  const EmittedFormat &format;
  Source from;
  bool isInPlace;
  // Arguments: the source, of either kind, then the others in order.
  mlir::Value source;
  std::optional<DenseRows> dense;
  mlir::Value table, counts, panelTable, records, words, raw, code, patch;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_ENCODE_H
