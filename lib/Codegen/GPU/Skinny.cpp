//===- Skinny.cpp - The kernels of family skinny: roles and barriers ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedDecoder.h"
#include "Transcode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt {

/// Registers of a thread where they are moved, of who multiplies and of who copies or decodes.
/// Together they may not have more than the workgroup begins with: an equal share of a
/// multiprocessor's, in eights. Else the first ones wait for ever.
struct RoleRegisters {
  int32_t consumer, other;
};
static constexpr RoleRegisters besideCopies = {232, 40}, besideDecoders = {152, 104},
                               besideDecodersOfFewSums = {144, 112};
static constexpr bool fits(RoleRegisters roles, int32_t consumers, int32_t others) {
  int32_t equal = smRegisters / (128 * (consumers + others)) / 8 * 8;
  return consumers * roles.consumer + others * roles.other <= (consumers + others) * equal;
}
static_assert(fits(besideCopies, 2, 1) && fits(besideDecoders, 2, 2) &&
              fits(besideDecodersOfFewSums, 2, 2));

void SkinnyKernels::build(gpu::GPUModuleOp module) {
  if (plan.decodesFirst())
    TranscodeBuilder(op.getWeightType(), format, builder, location, plan.decoded)
        .build(module, "decode");
  buildPack(module);
  buildProduct(module);
}

void SkinnyKernels::buildProduct(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  Type word = builder.getI32Type(), at = builder.getIndexType(), words = globalBuffer(word);
  SmallVector<Type> arguments = {globalBuffer(builder.getI64Type()),
                                 words,
                                 words,
                                 words,
                                 words,
                                 plan.isShared ? globalBuffer(builder.getI8Type()) : words,
                                 words,
                                 globalBuffer(op.getInitType().getElementType()),
                                 at,
                                 at,
                                 words,
                                 words};
  for (Value extra : op.getExtras())
    arguments.push_back(globalBuffer(cast<ShapedType>(extra.getType()).getElementType()));
  gpu::GPUFuncOp kernel = beginKernel(module, "product", arguments, plan.threads(), plan.ctas);
  if (plan.cluster > 1)
    kernel->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(),
                    builder.getDenseI32ArrayAttr({static_cast<int32_t>(plan.cluster), 1, 1}));
  takeArguments(kernel);

  std::optional<SharedDecoder> decoder;
  if (plan.isShared)
    decoder.emplace(*this);
  int64_t ringWords = plan.stages * plan.stageWords();
  ring = sharedView(ringWords, word, 0);
  if (int64_t size = plan.consumerWarps() * plan.scratchWords(); size > 0) {
    scratchWords = sharedView(size, word, ringWords);
    scratchHalves = sharedView(2 * size, builder.getI16Type(), ringWords);
  }

  Value thread = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  warp = index.div(thread, 32);
  lane = index.rem(thread, 32);
  initBarriers(thread, decoder ? &*decoder : nullptr);
  auto moveRegisters = [&](int32_t count, NVVM::SetMaxRegisterAction action) {
    if (plan.movesRegisters())
      NVVM::SetMaxRegisterOp::create(builder, location, count, action);
  };
  // Tiles whose sums leave consumers registers that decoders can do with.
  constexpr int64_t fewSums = 12;
  RoleRegisters registers = !plan.isShared         ? besideCopies
                            : plan.tiles > fewSums ? besideDecoders
                                                   : besideDecodersOfFewSums;
  index.ifElse(
      index.less(sameInWarp(warp), index.constant(plan.consumerWarps())),
      [&] {
        moveRegisters(registers.consumer, NVVM::SetMaxRegisterAction::increase);
        takeShare();
        buildConsumer();
      },
      [&] {
        moveRegisters(registers.other, NVVM::SetMaxRegisterAction::decrease);
        takeShare();
        decoder ? decoder->build() : buildCopies(thread);
      });
  // Others may still copy into this workgroup's memory, and arrive at its barriers.
  if (plan.cluster > 1)
    meetCluster();
  gpu::ReturnOp::create(builder, location);
}

/// Each role does this for itself: what lives from before the registers move is spilled.
void SkinnyKernels::takeShare() {
  Value workgroup = gpu::BlockIdOp::create(builder, location, gpu::Dimension::x);
  Value workgroups = gpu::GridDimOp::create(builder, location, gpu::Dimension::x);
  cluster = asShort(index.div(workgroup, plan.cluster));
  clusters = asShort(index.div(workgroups, plan.cluster));
  rank = index.rem(workgroup, plan.cluster);
  // Taken from another lane, so that LLVM does not do this for both roles before them.
  Value slices = slicesOf(sameInWarp(batch));
  partials = index.add(index.mul(slices, plan.packedWords()), plan.decodedWords());
  Value grains = asShort(index.mul(slices, plan.places() * plan.grains()));
  // A launch has fewer than 2^31 steps (launchSize).
  evenShare = divideShort(grains, clusters);
  longer = asShort(index.sub(grains, index.mul(evenShare, clusters)));
  firstStep = shareOf(cluster);
  endStep = shareOf(index.add(cluster, 1));
  firstFilling = fillingOf(firstStep);
  endFilling = endStep;
  if (plan.stepsPerStage > 1)
    endFilling = arith::SelectOp::create(builder, location, index.less(firstStep, endStep),
                                         fillingAfter(endStep), firstFilling);
}

void SkinnyKernels::takeArguments(gpu::GPUFuncOp kernel) {
  Block &body = kernel.getBody().front();
  unsigned next = 0;
  for (Value *argument : {&panels, &table, &words, &raw, &code, &patches, &records, &y, &yRow,
                          &batch, &workspace, &counters})
    *argument = body.getArgument(next++);
  for (unsigned i = 0; i < op.getExtras().size(); ++i)
    extras.push_back(body.getArgument(next++));
  if (plan.decoded == DecodedForm::Words)
    words = workspace;
  else if (plan.decodesFirst())
    code = workspace;
  if (plan.hasFlags())
    records = workspace;
}

Value SkinnyKernels::slicesOf(Value batchRows) { return index.ceilDiv(batchRows, 8 * plan.tiles); }

Value SkinnyKernels::grainOf(Value number) {
  // The first ones have one more.
  return asShort(index.add(index.mul(number, evenShare), index.min(number, longer)));
}

Value SkinnyKernels::shareOf(Value number) {
  Value grain = grainOf(number);
  if (plan.grain() == 1)
    return grain;
  Value place = index.div(grain, plan.grains()), inPlace = index.rem(grain, plan.grains());
  return asShort(index.add(index.mul(place, plan.chunks()), index.mul(inPlace, plan.grain())));
}

void SkinnyKernels::initBarriers(Value thread, SharedDecoder *decoder) {
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Workgroup);
  Type type = nvgpu::MBarrierGroupType::get(builder.getContext(), space, plan.stages);
  full = nvgpu::MBarrierCreateOp::create(builder, location, type);
  empty = nvgpu::MBarrierCreateOp::create(builder, location, type);
  if (decoder) {
    decoder->layOut();
    decoder->copyTable(thread);
  }
  // Of those who copy all lanes, or one for each panel's bytes, or for those of x alone.
  int64_t arrivals = plan.copiesByThreads ? 32 : plan.bandPanels;
  if (plan.isShared)
    arrivals = plan.decoderWarps() + (plan.copiesByThreads ? 0 : 1);
  index.ifElse(equal(thread, index.constant(0)), [&] {
    if (decoder)
      decoder->initStreamBarriers();
    for (int64_t stage = 0; stage < plan.stages; ++stage) {
      Value number = index.constant(stage);
      nvgpu::MBarrierInitOp::create(builder, location, full, index.constant(arrivals), number,
                                    Value());
      nvgpu::MBarrierInitOp::create(builder, location, empty,
                                    index.constant(plan.cluster * plan.consumerWarps()), number,
                                    Value());
    }
    // Bulk copies complete on them through another proxy.
    if (!plan.copiesByThreads)
      NVVM::FenceMbarrierInitOp::create(builder, location);
  });
  if (plan.cluster > 1)
    return meetCluster();
  gpu::BarrierOp::create(builder, location);
}

void SkinnyKernels::meetCluster() {
  NVVM::ClusterArriveOp::create(builder, location, UnitAttr());
  NVVM::ClusterWaitOp::create(builder, location, UnitAttr());
}

SkinnyKernels::Panel SkinnyKernels::loadPanel(Value place, Value member) {
  Panel panel;
  Value number = index.rem(place, plan.places());
  if (plan.cluster > 1)
    number = index.add(index.mul(number, plan.cluster), rank);
  if (plan.bandPanels > 1)
    number = index.add(index.mul(number, plan.bandPanels), member);
  number = asShort(number);
  if (plan.panels() % (plan.cluster * plan.bandPanels) != 0) {
    panel.isOwn = index.less(number, index.constant(plan.panels()));
    number = index.min(number, index.constant(plan.panels() - 1));
  }
  auto field = [&](DevicePanelField which) { return panelField(panels, number, which); };
  panel.place = place;
  panel.number = number;
  panel.slice = index.div(place, plan.places());
  auto decoded = [&] { return index.mul(number, 4 * plan.groups() * plan.decodedUnitWords()); };
  if (plan.decoded == DecodedForm::Words) {
    panel.words = decoded();
  } else {
    panel.words = field(DevicePanelField::Words);
    panel.raw = field(DevicePanelField::Raw);
    panel.code = plan.decodesFirst() ? decoded() : field(DevicePanelField::Code);
  }
  if (plan.hasEscapes)
    panel.records = field(DevicePanelField::Records);
  if (plan.hasFlags())
    panel.records = index.add(index.mul(number, 4 * plan.groups()), plan.decodedFlagsAt());
  if (!plan.onlyWords || plan.isShared)
    panel.storedAsWords = index.less(index.constant(0), field(DevicePanelField::StoredAsWords));
  panel.strips = index.constant(4);
  if (plan.rows % 64 == 0)
    return panel;
  Value left = index.sub(index.constant(plan.rows), index.mul(number, 64));
  panel.strips = index.min(index.constant(4), index.ceilDiv(left, 16));
  return panel;
}

SkinnyKernels::Step SkinnyKernels::fillingIn(Value place, Value number, const StageTurn &turn) {
  Step step;
  step.place = place;
  step.firstGroup = index.mul(number, plan.groupsPerStage);
  step.groups = index.constant(plan.groupsPerStage);
  if (plan.groups() % plan.groupsPerStage != 0)
    step.groups = index.min(step.groups, index.sub(index.constant(plan.groups()), step.firstGroup));
  step.stage = turn.stage;
  step.round = turn.round;
  step.start = index.mul(step.stage, plan.stageWords());
  step.part = step.start;
  step.ownGroups = step.groups;
  return step;
}

SkinnyKernels::StageTurn SkinnyKernels::turnOf(Value ordinal) {
  ordinal = asShort(ordinal);
  return {index.rem(ordinal, plan.stages), index.div(ordinal, plan.stages)};
}

SkinnyKernels::Step SkinnyKernels::fillingAt(Value ordinal) {
  Value number = asShort(index.add(firstFilling, ordinal));
  return fillingIn(index.div(number, plan.fillings()), index.rem(number, plan.fillings()),
                   turnOf(ordinal));
}

void SkinnyKernels::waitFor(Value barriers, const Step &step, bool isEmptyWait) {
  // A barrier that nobody has used yet counts as one whose odd phase has ended: in the first
  // round all stages are empty.
  waitForPhase(barriers, step.stage, isEmptyWait ? index.add(step.round, 1) : step.round);
}

} // namespace uwt
