//===- Transcode.h - Builds the kernels of kind transcode -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   roles, fixed units                  Transcode.cpp
//   stream units                        TranscodeStreams.cpp
//   escapes                             TranscodeRecords.cpp
//   where units go                      TranscodeResult.h
//
// A warp takes a unit, decodes it in registers, writes its words, and then its escapes over them.
// Nothing is shared between warps but the table of streams.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_GPU_TRANSCODE_H
#define UWT_LIB_CODEGEN_GPU_TRANSCODE_H

#include "StreamUnits.h"
#include "TranscodeResult.h"
#include "UnitCode.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Codegen/GPU/ProductPlan.h"
#include "uwt/Codegen/GPU/WeightKernels.h"

namespace uwt::codegen {

class TranscodeBuilder : private UnitCode {
public:
  /// ExponentBytes and Codes serve prefix codes with fields of bytes.
  TranscodeBuilder(CompressedType type, const EmittedFormat &format, mlir::OpBuilder &builder,
                   mlir::Location location, DecodedForm form = DecodedForm::Words,
                   DecodedOrder order = DecodedOrder::Units);

  /// Whether there is such a kernel for weights of `type`. Errors: Unsupported.
  static Status checkWeight(CompressedType type, const EmittedFormat &format,
                            DecodedForm form = DecodedForm::Words);
  /// Whether rows of such weights are gathered. Errors: Unsupported.
  static Status checkGather(CompressedType type, const EmittedFormat &format);

  /// Adds the kernel: its arguments are a weight's buffers, then the result; of dense rows with
  /// their stride, of gathered ones also m and what buildGatherKernel() says.
  void build(mlir::gpu::GPUModuleOp module, llvm::StringRef name);
  /// How it is launched, and its arguments, of which the result is of kind `where`: a buffer of its
  /// own, or the beginning of the workspace.
  void describe(KernelEntry &entry, ArgumentKind where);

  static constexpr int64_t warps = 4, threads = 32 * warps;

private:
  // Transcode.cpp
  bool makesWords() const { return form == DecodedForm::Words; }
  bool makesCodes() const { return form == DecodedForm::Codes; }
  /// CTAs that a multiprocessor runs at a time.
  int64_t ctas() const;
  bool isStream() const { return !layout.fixedRate; }
  int64_t panelItems() const;
  /// Bytes of the decode table in shared memory.
  int64_t tableBytes() const { return isStream() ? 4 * int64_t(format.table.words()) : 0; }
  void loadTable();
  TranscodePanel loadPanel(mlir::Value number);
  void buildFixed(mlir::Value item);
  std::vector<KernelArgument> resultArguments(ArgumentKind where) const;
  void takeResult(mlir::gpu::GPUFuncOp kernel, unsigned next);
  /// The registers that lane `reader` has of a unit.
  Values decodeFixed(const TranscodePanel &panel, const FixedUnit &fixed, mlir::Value reader);
  Values decode(const TranscodePanel &panel, const FixedUnit &fixed, mlir::Value reader,
                bool asWords);

  // TranscodeGather.cpp
  /// Column groups of a row that a warp gathers at a time: four lanes have those of a unit's row.
  static constexpr int64_t gatheredGroups = 8;
  int64_t itemsOfRow() const { return divideUp(groups, gatheredGroups); }
  void buildGather(mlir::Value item);
  /// The row that number `i` of the ids names, and whether the weight has it.
  struct RowOfId {
    mlir::Value row, isThere;
  };
  RowOfId rowOfId(mlir::Value i);
  void gatherRow(mlir::Value row, mlir::Value firstGroup);
  void gatherNothing(mlir::Value firstGroup);

  // TranscodeStreams.cpp
  void buildStream(mlir::Value item);
  void copyStream(const TranscodePanel &panel, const StreamUnits::Unit &unit);
  /// The bit of a group of a strip among those of groupsWithRecords(); null of null.
  mlir::Value ofGroup(mlir::Value bitsOfUnit, const StreamUnits::Unit &unit, mlir::Value strip,
                      mlir::Value group);
  void decodeStream(const TranscodePanel &panel, const StreamUnits::Unit &unit,
                    const StreamUnits::Source &source);

  // TranscodeRecords.cpp
  void patchFixed(const TranscodePanel &panel, const FixedUnit &fixed);
  /// A column group's number in its unit, and the unit's first column group.
  struct GroupOfUnit {
    mlir::Value number, unitStart;
  };
  /// Applies those of `countOfRuns` runs, from u32 `first` of plane `patch` on, that are the
  /// group's.
  void patchRuns(const TranscodePanel &panel, const FixedUnit &fixed, const GroupOfUnit &group,
                 mlir::Value first, llvm::function_ref<mlir::Value()> countOfRuns);
  void patchStream(const TranscodePanel &panel, const StreamUnits::Unit &unit,
                   const StreamUnits::Source &source, const StreamUnits::Header &header);
  /// Of a stream unit's groups, strip by strip, a bit for each that a record of this lane is in.
  mlir::Value groupsWithRecords(const StreamUnits::Unit &unit, const StreamUnits::Source &source,
                                const StreamUnits::Header &header);
  /// Where a record of a stream unit is: a strip of the unit, and a group.
  struct RecordUnit {
    mlir::Value strip, group;
  };
  RecordUnit unitOfWord(const StreamUnits::Unit &unit, mlir::Value block);
  RecordUnit unitOfRun(const StreamUnits::Unit &unit, mlir::Value number);
  void patchWords(mlir::Value count, TranscodeResult::Load load,
                  llvm::function_ref<void(mlir::Value, mlir::Value)> apply);

  CompressedType type;
  const EmittedFormat &format;
  DecodedForm form;
  DecodedOrder order;
  UnitLayout layout;

  // Arguments in order, and the result; memory of one dynamic dimension.
  mlir::Value panelTable, records, table, words, raw, code, patches, classes;
  mlir::Value result;
  /// Dense rows: their stride; gathered ones: how many, their ids, and what says that one is none.
  mlir::Value stride, m, ids, outside;
  Values tableRegisters;
  /// Strategy codes: the window's base in both halves.
  mlir::Value windowBase;
  std::optional<TranscodeResult> output;
  /// Variable rates only.
  std::optional<StreamUnits> streams;
};

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_GPU_TRANSCODE_H
