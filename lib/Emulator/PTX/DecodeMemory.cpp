//===- DecodeMemory.cpp - PTX memory, fences and copies -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cache operators, eviction priorities and prefetch sizes are looked at and have no meaning: they
// change no value (PTX ISA, "Cache Operators", "Cache Eviction Priority Hints").
//
//===----------------------------------------------------------------------===//

#include "Decode.h"

using namespace llvm;

namespace uwt::emulator::ptx {

constexpr uint32_t accessTypes = bitTypes | integerTypes | B8 | U8 | S8 | F32 | F64;

static Scope expectScope(Decoder &decoder) {
  return decoder.expectOf<Scope>({{"cta", Scope::Cta},
                                  {"cluster", Scope::Cluster},
                                  {"gpu", Scope::Gpu},
                                  {"sys", Scope::System}});
}

/// ".weak", ".volatile", or ".relaxed" or the stronger order with a scope. A volatile access is a
/// relaxed one of the system (9.7.8.8 ld).
static void takeAccessOrder(Decoder &decoder, StringRef stronger, Order order) {
  Instruction &code = decoder.code;
  if (decoder.take("weak"))
    return;
  if (decoder.take("volatile")) {
    code.order = Order::Relaxed;
    code.scope = Scope::System;
    return;
  }
  bool isStronger = decoder.take(stronger);
  if (!isStronger && !decoder.take("relaxed"))
    return;
  code.order = isStronger ? order : Order::Relaxed;
  code.scope = expectScope(decoder);
}

/// Takes the hints; whether a cache policy comes as the last operand.
static bool takeHints(Decoder &decoder) {
  decoder.takeOf<bool>({{"L1::evict_normal", true},
                        {"L1::evict_unchanged", true},
                        {"L1::evict_first", true},
                        {"L1::evict_last", true},
                        {"L1::no_allocate", true}});
  decoder.takeOf<bool>(
      {{"L2::evict_normal", true}, {"L2::evict_first", true}, {"L2::evict_last", true}});
  bool hasPolicy = decoder.take("L2::cache_hint");
  decoder.takeOf<bool>({{"L2::64B", true}, {"L2::128B", true}, {"L2::256B", true}});
  return hasPolicy;
}

static void takeElements(Decoder &decoder) {
  Instruction &code = decoder.code;
  code.count = decoder.takeOf<uint32_t>({{"v2", 2}, {"v4", 4}, {"v8", 8}}).value_or(1);
  code.type = code.sourceType = decoder.takeType(accessTypes);
  if (code.count * code.type.bits > 256)
    decoder.failInvalid("a vector has at most 32 bytes");
}

static void dropPolicy(Decoder &decoder, bool hasPolicy) {
  if (hasPolicy)
    decoder.dropSource(bits64);
}

// 9.7.8.8 ld, 9.7.8.9 ld.global.nc.
static void load(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  takeAccessOrder(decoder, "acquire", Order::Acquire);
  bool isParameter = decoder.take("param") || decoder.take("param::entry");
  code.space = isParameter ? Space::Param : decoder.takeSpace();
  decoder.takeOf<bool>({{"ca", true}, {"cg", true}, {"cs", true}, {"lu", true}, {"cv", true}});
  if (code.space == Space::Global)
    decoder.take("nc");
  bool hasPolicy = takeHints(decoder);
  takeElements(decoder);
  if (code.count > 1)
    decoder.results(code.count, code.type, Width::AtLeast);
  else
    decoder.result(code.type, Width::AtLeast);
  decoder.address();
  dropPolicy(decoder, hasPolicy);
  decoder.emit(op);
}

// 9.7.8.11 st.
static void store(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  takeAccessOrder(decoder, "release", Order::Release);
  code.space = decoder.takeSpace();
  decoder.takeOf<bool>({{"wb", true}, {"cg", true}, {"cs", true}, {"wt", true}});
  bool hasPolicy = takeHints(decoder);
  takeElements(decoder);
  decoder.address();
  if (code.count > 1)
    decoder.sources(code.count, code.type, Width::AtLeast);
  else
    decoder.source(code.type, Width::AtLeast);
  dropPolicy(decoder, hasPolicy);
  decoder.emit(op);
}

static uint32_t atomicTypes(AtomicKind kind) {
  switch (kind) {
  case AtomicKind::Add:
    return U32 | S32 | U64 | S64 | F32 | F64;
  case AtomicKind::Min:
  case AtomicKind::Max:
    return U32 | S32 | U64 | S64;
  case AtomicKind::Inc:
  case AtomicKind::Dec:
    return U32;
  default:
    return B32 | B64;
  }
}

// 9.7.12.14 atom, 9.7.12.15 red: relaxed and of the GPU where nothing is said.
static void atomic(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  bool isAtom = op == Op::Atomic;
  code.order = decoder
                   .takeOf<Order>({{"relaxed", Order::Relaxed},
                                   {"acquire", Order::Acquire},
                                   {"release", Order::Release},
                                   {"acq_rel", Order::AcquireRelease}})
                   .value_or(Order::Relaxed);
  if (!isAtom && (code.order == Order::Acquire || code.order == Order::AcquireRelease))
    decoder.fail("reads nothing that it could acquire");
  code.scope = decoder.takeScope().value_or(Scope::Gpu);
  code.space = decoder.takeSpace();
  auto kind = decoder.expectOf<AtomicKind>({{"add", AtomicKind::Add},
                                            {"and", AtomicKind::And},
                                            {"or", AtomicKind::Or},
                                            {"xor", AtomicKind::Xor},
                                            {"min", AtomicKind::Min},
                                            {"max", AtomicKind::Max},
                                            {"inc", AtomicKind::Inc},
                                            {"dec", AtomicKind::Dec},
                                            {"exch", AtomicKind::Exchange},
                                            {"cas", AtomicKind::CompareAndSwap}});
  bool isSwap = kind == AtomicKind::Exchange || kind == AtomicKind::CompareAndSwap;
  if (isSwap && !isAtom)
    decoder.fail("red does not swap");
  code.mode = uint8_t(kind);
  bool hasPolicy = decoder.take("L2::cache_hint");
  code.type = code.sourceType = decoder.takeType(atomicTypes(kind));
  if (isAtom)
    decoder.result(code.type);
  decoder.address();
  decoder.source(code.type);
  if (kind == AtomicKind::CompareAndSwap)
    decoder.source(code.type);
  dropPolicy(decoder, hasPolicy);
  decoder.emit(op);
}

// 9.7.8.15 prefetch.
static void prefetch(Decoder &decoder, Op op) {
  decoder.code.space = decoder.takeSpace();
  decoder.expectOf<bool>(
      {{"L2", true}, {"L1", true}, {"L2::evict_last", true}, {"L2::evict_normal", true}});
  decoder.address();
  decoder.emit(op);
}

// 9.7.8.18 createpolicy: its value is of no meaning.
static void createPolicy(Decoder &decoder, Op op) {
  decoder.expect("fractional");
  decoder.expectOf<bool>({{"L2::evict_first", true},
                          {"L2::evict_last", true},
                          {"L2::evict_normal", true},
                          {"L2::evict_unchanged", true}});
  decoder.takeOf<bool>({{"L2::evict_first", true}, {"L2::evict_unchanged", true}});
  decoder.takeType(B64);
  decoder.result(bits64);
  if (decoder.hasMore())
    decoder.dropSource({TypeKind::Float, 32});
  decoder.emit(op);
}

// 9.7.12.4 fence: acq_rel where nothing is said.
static void fence(Decoder &decoder, Op op) {
  decoder.code.order = decoder
                           .takeOf<Order>({{"acq_rel", Order::AcquireRelease},
                                           {"sc", Order::SequentiallyConsistent}})
                           .value_or(Order::AcquireRelease);
  decoder.code.scope = expectScope(decoder);
  decoder.emit(op);
}

// 9.7.12.4 membar: fence.sc.
static void memoryBarrier(Decoder &decoder, Op op) {
  decoder.code.order = Order::SequentiallyConsistent;
  decoder.code.scope =
      decoder.expectOf<Scope>({{"cta", Scope::Cta}, {"gl", Scope::Gpu}, {"sys", Scope::System}});
  decoder.emit(op);
}

// 9.7.12.4 fence.proxy.async: of all state spaces, or of one.
static void proxyFence(Decoder &decoder, Op op) {
  decoder.code.space = decoder
                           .takeOf<Space>({{"global", Space::Global},
                                           {"shared::cta", Space::Shared},
                                           {"shared::cluster", Space::SharedCluster}})
                           .value_or(Space::Generic);
  decoder.emit(op);
}

// 9.7.12.4 fence.mbarrier_init.
static void initFence(Decoder &decoder, Op op) {
  decoder.code.order = Order::Release;
  decoder.code.scope = Scope::Cluster;
  decoder.emit(op);
}

// 9.7.8.24.3.1 cp.async.
static void asyncCopy(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  bool isPast = decoder.expectOf<bool>({{"ca", false}, {"cg", true}});
  decoder.expectOf<bool>({{"shared", true}, {"shared::cta", true}});
  decoder.expect("global");
  code.space = Space::Shared;
  bool hasPolicy = takeHints(decoder);
  decoder.address(Space::Shared);
  decoder.address(Space::Global);
  code.count = uint32_t(decoder.immediate());
  if (code.count != 16 && (isPast || (code.count != 4 && code.count != 8)))
    decoder.failInvalid("copies 4, 8 or 16 bytes, and .cg 16 alone");
  if (decoder.operandsLeft() > unsigned(hasPolicy))
    decoder.source(bits32);
  dropPolicy(decoder, hasPolicy);
  decoder.emit(op);
}

// 9.7.8.24.3.2, 9.7.8.24.3.3 cp.async.commit_group, cp.async.wait_group; wait_all is both with 0.
static void asyncWait(Decoder &decoder, Op op) {
  decoder.code.count = uint32_t(decoder.immediate());
  decoder.emit(op);
}

static void asyncWaitAll(Decoder &decoder, Op op) {
  decoder.emit(Op::AsyncCommit);
  decoder.emit(op);
}

static void asyncCommit(Decoder &decoder, Op op) { decoder.emit(op); }

// 9.7.12.15.14 cp.async.mbarrier.arrive.
static void asyncArrive(Decoder &decoder, Op op) {
  decoder.code.flag = decoder.take("noinc");
  decoder.code.space = decoder.takeShared();
  if (decoder.code.space == Space::SharedCluster)
    decoder.fail("arrives at a barrier of its own block");
  decoder.takeType(B64);
  decoder.address();
  decoder.emit(op);
}

// 9.7.8.24.4.1 cp.async.bulk, from global to shared memory.
static void bulkCopy(Decoder &decoder, Op op) {
  Instruction &code = decoder.code;
  code.flag2 = decoder.expectOf<bool>({{"shared::cluster", true}, {"shared::cta", false}});
  code.space = code.flag2 ? Space::SharedCluster : Space::Shared;
  decoder.expect("global");
  decoder.expect("mbarrier::complete_tx::bytes");
  if (code.flag2)
    code.flag = decoder.take("multicast::cluster");
  bool hasPolicy = decoder.take("L2::cache_hint");
  decoder.address();
  decoder.address(Space::Global);
  decoder.source(bits32);
  decoder.address();
  if (code.flag)
    decoder.source({TypeKind::Bits, 16});
  dropPolicy(decoder, hasPolicy);
  decoder.emit(op);
}

// 9.7.8.24.4.3 cp.async.bulk.prefetch.
static void bulkPrefetch(Decoder &decoder, Op op) {
  decoder.expect("L2");
  decoder.expect("global");
  bool hasPolicy = decoder.take("L2::cache_hint");
  decoder.code.space = Space::Global;
  decoder.address();
  decoder.source(bits32);
  dropPolicy(decoder, hasPolicy);
  decoder.emit(op);
}

ArrayRef<DecodeEntry> memoryEntries() {
  static constexpr DecodeEntry table[] = {
      {"ld", load, Op::Load},
      {"st", store, Op::Store},
      {"atom", atomic, Op::Atomic},
      {"red", atomic, Op::Reduce},
      {"prefetch", prefetch, Op::Prefetch},
      {"createpolicy", createPolicy, Op::CreatePolicy},
      {"fence", fence, Op::Fence},
      {"membar", memoryBarrier, Op::Fence},
      {"fence.proxy.async", proxyFence, Op::ProxyFence},
      {"fence.mbarrier_init.release.cluster", initFence, Op::BarrierInitFence},
      {"cp.async", asyncCopy, Op::AsyncCopy},
      {"cp.async.commit_group", asyncCommit, Op::AsyncCommit},
      {"cp.async.wait_group", asyncWait, Op::AsyncWait},
      {"cp.async.wait_all", asyncWaitAll, Op::AsyncWait},
      {"cp.async.mbarrier.arrive", asyncArrive, Op::AsyncArrive},
      {"cp.async.bulk", bulkCopy, Op::BulkCopy},
      {"cp.async.bulk.prefetch", bulkPrefetch, Op::PrefetchBulk},
  };
  return table;
}

} // namespace uwt::emulator::ptx
