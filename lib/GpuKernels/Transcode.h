//===- Transcode.h - Builds the kernels of family transcode -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   roles, fixed units, stores          Transcode.cpp
//   stream units                        TranscodeStreams.cpp
//   escapes                             TranscodeRecords.cpp
//
// A warp takes a unit, decodes it in registers, writes its words, and then its escapes over them.
// Nothing is shared between warps but the table of prefix codes.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_GPUKERNELS_TRANSCODE_H
#define UWT_LIB_GPUKERNELS_TRANSCODE_H

#include "StreamUnits.h"
#include "uwt/Emission/Emission.h"
#include "uwt/GpuKernels/SkinnyPlan.h"
#include "uwt/GpuKernels/TranscodeKernels.h"

namespace uwt {

class TranscodeBuilder : private LaneCode {
public:
  TranscodeBuilder(CompressedType type, const EmittedFormat &format, mlir::OpBuilder &builder,
                   mlir::Location location);

  /// Why there is no such kernel of a format; empty where there is.
  static std::string refusal(CompressedType type, const EmittedFormat &format);

  /// A kernel whose first arguments are a weight's parts, then `others`; the builder's place is in
  /// it from now on.
  mlir::gpu::GPUFuncOp beginKernel(mlir::gpu::GPUModuleOp module, llvm::StringRef name,
                                   mlir::TypeRange others);
  /// Decodes the weight to `result`, of i16.
  void decodeTo(mlir::Value result);
  /// How the kernel is launched, and the arguments that are the weight's parts.
  LaunchRule launch() const;
  static std::vector<KernelArgument> partArguments();

  using LaneCode::globalBuffer;
  static constexpr int64_t warps = 4, threads = 32 * warps;

private:
  /// Fields of a panel's DevicePanelEntry.
  struct Panel {
    mlir::Value number, words, raw, code, patch, records, storedAsWords, strips;
  };
  /// A group of 64 columns of a strip.
  struct Place {
    mlir::Value group, strip;
  };
  // Transcode.cpp
  bool isStream() const { return !layout.fixedRate; }
  int64_t panelItems() const;
  /// Bytes of the decode table in shared memory.
  int64_t tableBytes() const { return isStream() ? 4 * int64_t(format.table.words()) : 0; }
  void loadTable();
  Panel loadPanel(mlir::Value number);
  void buildFixed(mlir::Value item);
  Values decodeFixed(const Panel &panel, const Place &place);
  Values decode(const Panel &panel, const Place &place, bool asWords);
  void store(const Panel &panel, const Place &place, mlir::ValueRange fragments);
  Values clearPadding(const Panel &panel, const Place &place, mlir::ValueRange fragments);
  /// Number of the group's first half word in the result.
  mlir::Value resultAt(const Panel &panel, const Place &place);

  // TranscodeStreams.cpp
  void buildStream(mlir::Value item);
  void copyStream(const Panel &panel, const StreamUnits::Unit &unit);
  void decodeStream(const Panel &panel, const StreamUnits::Unit &unit,
                    const StreamUnits::Source &source);

  // TranscodeRecords.cpp
  void patchFixed(const Panel &panel, const Place &place);
  void patchStream(const Panel &panel, const StreamUnits::Unit &unit,
                   const StreamUnits::Source &source, const StreamUnits::Header &header);
  using Load = llvm::function_ref<mlir::Value(mlir::Value)>;
  void patchWords(mlir::Value count, Load load,
                  llvm::function_ref<void(mlir::Value, mlir::Value)> apply);
  void storeWord(const Panel &panel, const Place &place, mlir::Value record);
  void storeRun(const Panel &panel, const Place &place, mlir::Value row, Load load);

  CompressedType type;
  const EmittedFormat &format;
  UnitLayout layout;
  int64_t rows, columns, groups, panels;

  // Arguments in order, and the result; memory of one dynamic dimension.
  mlir::Value panelTable, records, table, words, raw, code, patches, classes;
  mlir::Value result;
  mlir::Value lane, warp;
  Values tableWords;
  /// Prefix codes only.
  std::optional<StreamUnits> streams;
};

} // namespace uwt

#endif // UWT_LIB_GPUKERNELS_TRANSCODE_H
