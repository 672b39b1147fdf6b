//===- DecodeBarrier.cpp - PTX barriers and operations of a warp ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decode.h"

using namespace llvm;

namespace uwt::emulator::ptx {

// 9.7.12.2 bar.warp.sync.
static void warpBarrier(Decoder &decoder, Op op) {
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.8.6 shfl.sync.
static void shuffle(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  code.mode = uint8_t(decoder.expectOf<ShuffleKind>({{"up", ShuffleKind::Up},
                                                     {"down", ShuffleKind::Down},
                                                     {"bfly", ShuffleKind::Butterfly},
                                                     {"idx", ShuffleKind::Index}}));
  code.type = code.sourceType = decoder.takeType(B32);
  decoder.result(bits32);
  code.flag = decoder.isPairNext();
  if (code.flag)
    decoder.result(predicateType);
  for (unsigned i = 0; i < 4; ++i)
    decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.12.8 vote.sync.
static void vote(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  auto kind = decoder.expectOf<VoteKind>({{"all", VoteKind::All},
                                          {"any", VoteKind::Any},
                                          {"uni", VoteKind::Uniform},
                                          {"ballot", VoteKind::Ballot}});
  code.mode = uint8_t(kind);
  code.type = decoder.takeType(kind == VoteKind::Ballot ? B32 : Pred);
  code.sourceType = predicateType;
  decoder.result(code.type);
  decoder.source(predicateType);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.12.11 redux.sync.
static void redux(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  auto kind = decoder.expectOf<AtomicKind>({{"add", AtomicKind::Add},
                                            {"min", AtomicKind::Min},
                                            {"max", AtomicKind::Max},
                                            {"and", AtomicKind::And},
                                            {"or", AtomicKind::Or},
                                            {"xor", AtomicKind::Xor}});
  code.mode = uint8_t(kind);
  bool isNumber = kind == AtomicKind::Add || kind == AtomicKind::Min || kind == AtomicKind::Max;
  code.type = code.sourceType = decoder.takeType(isNumber ? U32 | S32 : B32);
  decoder.result(code.type);
  decoder.source(code.type);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.12.13 elect.sync.
static void elect(Decoder &decoder, Op op) {
  decoder.result(bits32);
  if (!decoder.isPairNext())
    decoder.failInvalid("expected 'd|p'");
  decoder.result(predicateType);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.12.10 activemask.
static void activeMask(Decoder &decoder, Op op) {
  decoder.takeType(B32);
  decoder.result(bits32);
  decoder.emit(op);
}

// 9.7.12.1 bar, barrier: bar.sync is barrier.sync.aligned.
static void barrier(Decoder &decoder, Op op, bool isAligned) {
  Instruction &code = decoder.code;
  code.flag2 = isAligned || decoder.take("aligned");
  decoder.source(bits32);
  code.flag = decoder.hasMore();
  if (code.flag)
    decoder.source(bits32);
  decoder.emit(op);
}

static void alignedBarrier(Decoder &decoder, Op op) { barrier(decoder, op, /*isAligned=*/true); }
static void anyBarrier(Decoder &decoder, Op op) { barrier(decoder, op, /*isAligned=*/false); }

// 9.7.12.3 barrier.cluster: arrive releases and wait acquires where nothing is said.
static void clusterBarrier(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  code.scope = Scope::Cluster;
  if (op == Op::ClusterArrive)
    code.order = decoder.takeOf<Order>({{"release", Order::Release}, {"relaxed", Order::Relaxed}})
                     .value_or(Order::Release);
  else
    code.order = decoder.takeOf<Order>({{"acquire", Order::Acquire}}).value_or(Order::Acquire);
  code.flag2 = decoder.take("aligned");
  decoder.emit(op);
}

/// ".b64" and the address of the barrier.
static void barrierAddress(Decoder &decoder) {
  decoder.takeType(B64);
  decoder.address();
}

static void ownShared(Decoder &decoder) {
  decoder.code.space = decoder.takeShared();
  if (decoder.code.space == Space::SharedCluster)
    decoder.fail("the barrier is one of the own block");
}

// 9.7.12.15.9 mbarrier.init.
static void initBarrier(Decoder &decoder, Op op) {
  ownShared(decoder);
  barrierAddress(decoder);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.12.15.10 mbarrier.inval.
static void invalidateBarrier(Decoder &decoder, Op op) {
  ownShared(decoder);
  barrierAddress(decoder);
  decoder.emit(op);
}

static void takeOrder(Decoder &decoder, StringRef stronger, Order order, Order otherwise) {
  Instruction &code = decoder.code;
  code.order = otherwise;
  code.scope = Scope::Cta;
  if (decoder.take(stronger))
    code.order = order;
  else if (decoder.take("relaxed"))
    code.order = Order::Relaxed;
  if (auto scope = decoder.takeScope()) {
    code.scope = *scope;
    if (*scope != Scope::Cta && *scope != Scope::Cluster)
      decoder.failInvalid("the scope is .cta or .cluster");
  }
}

// 9.7.12.15.13 mbarrier.arrive: release and of the block where nothing is said.
static void arrive(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  code.flag = decoder.take("expect_tx");
  takeOrder(decoder, "release", Order::Release, Order::Release);
  code.space = decoder.takeShared();
  code.flag2 = code.space == Space::SharedCluster;
  decoder.takeType(B64);
  if (!decoder.takeSink())
    decoder.result(bits64);
  decoder.address();
  if (code.flag || decoder.hasMore())
    decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.12.15.11 mbarrier.expect_tx: relaxed.
static void expectBytes(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  takeOrder(decoder, "relaxed", Order::Relaxed, Order::Relaxed);
  code.space = decoder.takeShared();
  code.flag2 = code.space == Space::SharedCluster;
  barrierAddress(decoder);
  decoder.source(bits32);
  decoder.emit(op);
}

// 9.7.12.15.16 mbarrier.test_wait, mbarrier.try_wait: acquire and of the block where nothing is
// said. How long try_wait may wait has no meaning.
static void testBarrier(Decoder &decoder, Op op, bool isTry) {
  Instruction &code = decoder.code;
  code.flag2 = isTry;
  code.flag = decoder.take("parity");
  takeOrder(decoder, "acquire", Order::Acquire, Order::Acquire);
  ownShared(decoder);
  decoder.takeType(B64);
  decoder.result(predicateType);
  decoder.address();
  decoder.source(code.flag ? bits32 : bits64);
  if (isTry && decoder.hasMore())
    decoder.dropSource(bits32);
  decoder.emit(op);
}

static void testWait(Decoder &decoder, Op op) { testBarrier(decoder, op, /*isTry=*/false); }
static void tryWait(Decoder &decoder, Op op) { testBarrier(decoder, op, /*isTry=*/true); }

ArrayRef<DecodeEntry> barrierEntries() {
  static constexpr DecodeEntry table[] = {
      {"bar.warp.sync", warpBarrier, Op::WarpBarrier},
      {"shfl.sync", shuffle, Op::Shuffle},
      {"vote.sync", vote, Op::Vote},
      {"redux.sync", redux, Op::Redux},
      {"elect.sync", elect, Op::Elect},
      {"activemask", activeMask, Op::ActiveMask},
      {"bar.sync", alignedBarrier, Op::Barrier},
      {"bar.cta.sync", alignedBarrier, Op::Barrier},
      {"barrier.sync", anyBarrier, Op::Barrier},
      {"barrier.cta.sync", anyBarrier, Op::Barrier},
      {"barrier.cluster.arrive", clusterBarrier, Op::ClusterArrive},
      {"barrier.cluster.wait", clusterBarrier, Op::ClusterWait},
      {"mbarrier.init", initBarrier, Op::MBarrierInit},
      {"mbarrier.inval", invalidateBarrier, Op::MBarrierInvalidate},
      {"mbarrier.arrive", arrive, Op::MBarrierArrive},
      {"mbarrier.expect_tx", expectBytes, Op::MBarrierExpect},
      {"mbarrier.test_wait", testWait, Op::MBarrierTest},
      {"mbarrier.try_wait", tryWait, Op::MBarrierTest},
  };
  return table;
}

} // namespace uwt::emulator::ptx
