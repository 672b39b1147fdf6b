//===- DecodeTest.cpp - Instructions of PTX -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PtxTesting.h"
#include <functional>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::emulator::ptx;
using namespace uwt::test;

namespace {

/// An instruction, how many results and sources it has, and what else must hold.
struct DecodeCase {
  const char *text;
  Op op;
  unsigned results, sources;
  std::function<bool(const Instruction &)> holds = [](const Instruction &) { return true; };
};

void expectDecoded(const std::vector<DecodeCase> &cases) {
  for (const DecodeCase &test : cases) {
    auto program = parseBody(test.text);
    if (!program) {
      ADD_FAILURE() << program.error().message();
      continue;
    }
    const Instruction &code = program->code[program->code.size() - 2];
    EXPECT_EQ(code.op, test.op) << test.text;
    EXPECT_EQ(unsigned(code.results), test.results) << test.text;
    EXPECT_EQ(unsigned(code.sources), test.sources) << test.text;
    EXPECT_EQ(program->resultsOf(code).size() + program->sourcesOf(code).size(),
              test.results + test.sources);
    EXPECT_TRUE(test.holds(code)) << test.text;
  }
}

constexpr Type b32 = {TypeKind::Bits, 32}, s8 = {TypeKind::Signed, 8};
constexpr Type f32 = {TypeKind::Float, 32}, f16 = {TypeKind::Float, 16};
constexpr Type bf16 = {TypeKind::BFloat, 16};

auto ordered(Order order, Scope scope) {
  return [=](const Instruction &code) { return code.order == order && code.scope == scope; };
}
auto inSpace(Space space, unsigned count = 1) {
  return [=](const Instruction &code) { return code.space == space && code.count == count; };
}
template <typename T> auto withMode(T mode) {
  return [=](const Instruction &code) { return code.mode == uint8_t(mode); };
}
auto withCount(unsigned count) {
  return [=](const Instruction &code) { return code.count == count; };
}
auto withFlags(bool flag, bool flag2) {
  return [=](const Instruction &code) { return code.flag == flag && code.flag2 == flag2; };
}

TEST(PtxDecodeTest, Loads) {
  auto weak = ordered(Order::Weak, Scope::Gpu);
  expectDecoded({
      {"ld.global.b32 %r0, [%d1+8];", Op::Load, 1, 1, inSpace(Space::Global)},
      {"ld.b32 %r0, [%d1];", Op::Load, 1, 1, inSpace(Space::Generic)},
      {"ld.weak.global.b32 %r0, [%d1];", Op::Load, 1, 1, weak},
      {"ld.shared.b32 %r0, [%r1];", Op::Load, 1, 1, inSpace(Space::Shared)},
      {"ld.shared::cta.b32 %r0, [cells+4];", Op::Load, 1, 1, inSpace(Space::Shared)},
      {"ld.shared::cluster.b32 %r0, [%r1];", Op::Load, 1, 1, inSpace(Space::SharedCluster)},
      {"ld.local.b32 %r0, [%d1];", Op::Load, 1, 1, inSpace(Space::Local)},
      {"ld.param.b64 %d0, [in];", Op::Load, 1, 1, inSpace(Space::Param)},
      {"ld.global.v4.b32 {%r0, %r1, _, %r3}, [%d1];", Op::Load, 4, 1, inSpace(Space::Global, 4)},
      {"ld.global.v2.b64 {%d0, %d1}, [%d2];", Op::Load, 2, 1, inSpace(Space::Global, 2)},
      {"ld.global.v4.b8 {%h0, %h1, %h2, %h3}, [%d2];", Op::Load, 4, 1, inSpace(Space::Global, 4)},
      {"ld.global.v8.f32 {%f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7}, [%d2];", Op::Load, 8, 1,
       inSpace(Space::Global, 8)},
      {"ld.global.s8 %r0, [%d1];", Op::Load, 1, 1,
       [](const Instruction &code) { return code.type == s8; }},
      {"ld.global.ca.nc.L1::no_allocate.L2::128B.b32 %r0, [%d1];", Op::Load, 1, 1, weak},
      {"ld.global.nc.L1::evict_last.L2::cache_hint.v2.b32 {%r0, %r1}, [%d1], %d2;", Op::Load, 2, 1,
       weak},
      {"ld.global.cv.b32 %r0, [%d1];", Op::Load, 1, 1, weak},
      {"ld.volatile.global.b32 %r0, [%d1];", Op::Load, 1, 1,
       ordered(Order::Relaxed, Scope::System)},
      {"ld.relaxed.gpu.global.b32 %r0, [%d1];", Op::Load, 1, 1,
       ordered(Order::Relaxed, Scope::Gpu)},
      {"ld.acquire.cluster.b32 %r0, [%d1];", Op::Load, 1, 1,
       ordered(Order::Acquire, Scope::Cluster)},
      {"ld.acquire.sys.global.b32 %r0, [%d1];", Op::Load, 1, 1,
       ordered(Order::Acquire, Scope::System)},
  });
}

TEST(PtxDecodeTest, Stores) {
  expectDecoded({
      {"st.global.b32 [%d0], %r1;", Op::Store, 0, 2, inSpace(Space::Global)},
      {"st.shared.b8 [%r0], %r1;", Op::Store, 0, 2, inSpace(Space::Shared)},
      {"st.global.b32 [%d0+-8], 0;", Op::Store, 0, 2, inSpace(Space::Global)},
      {"st.shared.v4.b32 [cells], {%r0, %r1, 0, %r3};", Op::Store, 0, 5, inSpace(Space::Shared, 4)},
      {"st.release.gpu.global.b32 [%d0], %r1;", Op::Store, 0, 2,
       ordered(Order::Release, Scope::Gpu)},
      {"st.relaxed.cta.shared.b32 [%r0], %r1;", Op::Store, 0, 2,
       ordered(Order::Relaxed, Scope::Cta)},
      {"st.volatile.shared.b32 [%r0], %r1;", Op::Store, 0, 2,
       ordered(Order::Relaxed, Scope::System)},
      {"st.global.wt.L1::no_allocate.b32 [%d0], %r1;", Op::Store, 0, 2,
       ordered(Order::Weak, Scope::Gpu)},
      {"st.global.L2::cache_hint.b32 [%d0], %r1, %d2;", Op::Store, 0, 2, inSpace(Space::Global)},
  });
}

TEST(PtxDecodeTest, Atomics) {
  expectDecoded({
      {"atom.global.add.u32 %r0, [%d1], 1;", Op::Atomic, 1, 2, ordered(Order::Relaxed, Scope::Gpu)},
      {"atom.acq_rel.gpu.global.add.u32 %r0, [%d1], 1;", Op::Atomic, 1, 2,
       ordered(Order::AcquireRelease, Scope::Gpu)},
      {"atom.acquire.cta.shared.exch.b32 %r0, [%r1], %r2;", Op::Atomic, 1, 2,
       ordered(Order::Acquire, Scope::Cta)},
      {"atom.release.sys.cas.b64 %d0, [%d1], %d2, %d3;", Op::Atomic, 1, 3,
       ordered(Order::Release, Scope::System)},
      {"atom.global.inc.u32 _, [%d1], %r2;", Op::Atomic, 1, 2, withMode(AtomicKind::Inc)},
      {"atom.global.max.s64 %d0, [%d1], %d2;", Op::Atomic, 1, 2, withMode(AtomicKind::Max)},
      {"atom.shared::cluster.or.b32 %r0, [%r1], %r2;", Op::Atomic, 1, 2, withMode(AtomicKind::Or)},
      {"atom.global.add.f32 %r0, [%d1], %r2;", Op::Atomic, 1, 2, withMode(AtomicKind::Add)},
      {"red.release.gpu.global.add.u32 [%d1], %r2;", Op::Reduce, 0, 2,
       ordered(Order::Release, Scope::Gpu)},
      {"red.shared.min.s32 [%r1], %r2;", Op::Reduce, 0, 2, withMode(AtomicKind::Min)},
  });
}

TEST(PtxDecodeTest, FencesAndHints) {
  expectDecoded({
      {"fence.acq_rel.gpu;", Op::Fence, 0, 0, ordered(Order::AcquireRelease, Scope::Gpu)},
      {"fence.cluster;", Op::Fence, 0, 0, ordered(Order::AcquireRelease, Scope::Cluster)},
      {"fence.sc.sys;", Op::Fence, 0, 0, ordered(Order::SequentiallyConsistent, Scope::System)},
      {"membar.gl;", Op::Fence, 0, 0, ordered(Order::SequentiallyConsistent, Scope::Gpu)},
      {"membar.cta;", Op::Fence, 0, 0, ordered(Order::SequentiallyConsistent, Scope::Cta)},
      {"fence.proxy.async;", Op::ProxyFence, 0, 0, inSpace(Space::Generic, 0)},
      {"fence.proxy.async.shared::cta;", Op::ProxyFence, 0, 0, inSpace(Space::Shared, 0)},
      {"fence.proxy.async.global;", Op::ProxyFence, 0, 0, inSpace(Space::Global, 0)},
      {"fence.mbarrier_init.release.cluster;", Op::BarrierInitFence, 0, 0,
       ordered(Order::Release, Scope::Cluster)},
      {"prefetch.global.L2 [%d1];", Op::Prefetch, 0, 1},
      {"prefetch.L1 [%d1];", Op::Prefetch, 0, 1},
      {"createpolicy.fractional.L2::evict_first.b64 %d0, 1.0;", Op::CreatePolicy, 1, 0},
      {"createpolicy.fractional.L2::evict_last.L2::evict_unchanged.b64 %d0;", Op::CreatePolicy, 1,
       0},
  });
}

TEST(PtxDecodeTest, Copies) {
  const std::string bulk = "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes";
  const std::string operands = " [%d0], [%d1], %r2, [%d3]";
  const std::string plain = bulk + operands + ";";
  const std::string hinted = bulk + ".L2::cache_hint" + operands + ", %d4;";
  const std::string multicast =
      bulk + ".multicast::cluster.L2::cache_hint" + operands + ", %h4, %d5;";
  expectDecoded({
      {plain.c_str(), Op::BulkCopy, 0, 4, withFlags(false, true)},
      {hinted.c_str(), Op::BulkCopy, 0, 4, withFlags(false, true)},
      {multicast.c_str(), Op::BulkCopy, 0, 5, withFlags(true, true)},
      {"cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%r0], [%d1], 64, [cells];",
       Op::BulkCopy, 0, 4, withFlags(false, false)},
      {"cp.async.bulk.prefetch.L2.global [%d0], %r1;", Op::PrefetchBulk, 0, 2},
      {"cp.async.bulk.prefetch.L2.global.L2::cache_hint [%d0], 64, %d1;", Op::PrefetchBulk, 0, 2},
      {"cp.async.cg.shared.global [%d0], [%d1], 16;", Op::AsyncCopy, 0, 2, withCount(16)},
      {"cp.async.ca.shared::cta.global.L2::128B [%r0], [%d1], 8, %r2;", Op::AsyncCopy, 0, 3,
       withCount(8)},
      {"cp.async.cg.shared.global.L2::cache_hint [%d0], [%d1], 16, %d2;", Op::AsyncCopy, 0, 2},
      {"cp.async.cg.shared.global.L2::cache_hint [%d0], [%d1], 16, 4, %d2;", Op::AsyncCopy, 0, 3},
      {"cp.async.commit_group;", Op::AsyncCommit, 0, 0},
      {"cp.async.wait_group 3;", Op::AsyncWait, 0, 0, withCount(3)},
      {"cp.async.wait_all;", Op::AsyncWait, 0, 0, withCount(0)},
      {"cp.async.mbarrier.arrive.noinc.shared.b64 [%r0];", Op::AsyncArrive, 0, 1,
       withFlags(true, false)},
      {"cp.async.mbarrier.arrive.b64 [%d0];", Op::AsyncArrive, 0, 1, withFlags(false, false)},
  });
}

TEST(PtxDecodeTest, WaitAllCommitsFirst) {
  auto program = parseBody("@%p1 cp.async.wait_all;");
  ASSERT_TRUE(bool(program)) << program.error().message();
  ASSERT_EQ(program->code.size(), 3u);
  EXPECT_EQ(program->code[0].op, Op::AsyncCommit);
  EXPECT_EQ(program->code[0].guard, program->code[1].guard);
}

TEST(PtxDecodeTest, LanesOfAWarp) {
  expectDecoded({
      {"bar.warp.sync -1;", Op::WarpBarrier, 0, 1},
      {"shfl.sync.idx.b32 %r0, %r1, 3, 31, -1;", Op::Shuffle, 1, 4, withMode(ShuffleKind::Index)},
      {"shfl.sync.bfly.b32 %r0|%p0, %r1, %r2, %r3, %r4;", Op::Shuffle, 2, 4,
       [](const Instruction &code) {
         return code.flag && code.mode == uint8_t(ShuffleKind::Butterfly);
       }},
      {"shfl.sync.up.b32 %r0, %r1, 1, 0, -1;", Op::Shuffle, 1, 4, withMode(ShuffleKind::Up)},
      {"shfl.sync.down.b32 %r0, %r1, 1, 31, -1;", Op::Shuffle, 1, 4, withMode(ShuffleKind::Down)},
      {"vote.sync.ballot.b32 %r0, %p1, -1;", Op::Vote, 1, 2, withMode(VoteKind::Ballot)},
      {"vote.sync.all.pred %p0, !%p1, -1;", Op::Vote, 1, 2, withMode(VoteKind::All)},
      {"vote.sync.any.pred %p0, %p1, %r1;", Op::Vote, 1, 2, withMode(VoteKind::Any)},
      {"vote.sync.uni.pred %p0, %p1, %r1;", Op::Vote, 1, 2, withMode(VoteKind::Uniform)},
      {"redux.sync.or.b32 %r0, %r1, -1;", Op::Redux, 1, 2, withMode(AtomicKind::Or)},
      {"redux.sync.add.s32 %r0, %r1, %r2;", Op::Redux, 1, 2, withMode(AtomicKind::Add)},
      {"redux.sync.max.u32 %r0, %r1, %r2;", Op::Redux, 1, 2, withMode(AtomicKind::Max)},
      {"elect.sync _|%p0, -1;", Op::Elect, 2, 1},
      {"elect.sync %r0|%p0, %r1;", Op::Elect, 2, 1},
      {"activemask.b32 %r0;", Op::ActiveMask, 1, 0},
  });
}

TEST(PtxDecodeTest, Barriers) {
  auto aligned = withFlags(false, true), counted = withFlags(true, true);
  expectDecoded({
      {"bar.sync 0;", Op::Barrier, 0, 1, aligned},
      {"bar.sync %r1, 64;", Op::Barrier, 0, 2, counted},
      {"barrier.sync.aligned 1, %r1;", Op::Barrier, 0, 2, counted},
      {"barrier.sync 1;", Op::Barrier, 0, 1, withFlags(false, false)},
      {"barrier.cta.sync 1;", Op::Barrier, 0, 1, withFlags(false, false)},
      {"barrier.cluster.arrive;", Op::ClusterArrive, 0, 0, ordered(Order::Release, Scope::Cluster)},
      {"barrier.cluster.arrive.relaxed.aligned;", Op::ClusterArrive, 0, 0,
       [](const Instruction &code) { return code.order == Order::Relaxed && code.flag2; }},
      {"barrier.cluster.wait.acquire;", Op::ClusterWait, 0, 0,
       ordered(Order::Acquire, Scope::Cluster)},
      {"barrier.cluster.wait.aligned;", Op::ClusterWait, 0, 0,
       [](const Instruction &code) { return code.order == Order::Acquire && code.flag2; }},
      {"mbarrier.init.shared.b64 [cells+8], %r1;", Op::MBarrierInit, 0, 2},
      {"mbarrier.init.shared::cta.b64 [%r0], 1;", Op::MBarrierInit, 0, 2},
      {"mbarrier.inval.shared.b64 [%r0];", Op::MBarrierInvalidate, 0, 1},
      {"mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r0], 64;", Op::MBarrierExpect, 0, 2,
       ordered(Order::Relaxed, Scope::Cta)},
  });
}

TEST(PtxDecodeTest, ArrivalsAndWaits) {
  auto released = ordered(Order::Release, Scope::Cta);
  auto acquired = ordered(Order::Acquire, Scope::Cta);
  expectDecoded({
      {"mbarrier.arrive.shared.b64 %d0, [%d1];", Op::MBarrierArrive, 1, 1, released},
      {"mbarrier.arrive.shared.b64 _, [%r1], 2;", Op::MBarrierArrive, 0, 2, released},
      {"mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r1];", Op::MBarrierArrive, 0, 1,
       [](const Instruction &code) {
         return code.flag2 && !code.flag && code.scope == Scope::Cluster;
       }},
      {"mbarrier.arrive.relaxed.cta.shared.b64 _, [%r1];", Op::MBarrierArrive, 0, 1,
       ordered(Order::Relaxed, Scope::Cta)},
      {"mbarrier.arrive.expect_tx.shared.b64 %d0, [%d1], %r2;", Op::MBarrierArrive, 1, 2,
       withFlags(true, false)},
      {"mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 _, [%r1], 64;", Op::MBarrierArrive, 0,
       2, released},
      {"mbarrier.test_wait.parity.shared.b64 %p0, [%r1], %r2;", Op::MBarrierTest, 1, 2,
       withFlags(true, false)},
      {"mbarrier.test_wait.shared.b64 %p0, [%r1], %d2;", Op::MBarrierTest, 1, 2, acquired},
      {"mbarrier.try_wait.parity.shared.b64 %p0, [%r1], %r2, 1000;", Op::MBarrierTest, 1, 2,
       withFlags(true, true)},
      {"mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p0, [%r1], 0;", Op::MBarrierTest,
       1, 2, ordered(Order::Acquire, Scope::Cluster)},
      {"mbarrier.try_wait.parity.relaxed.cta.b64 %p0, [%d1], 0;", Op::MBarrierTest, 1, 2,
       ordered(Order::Relaxed, Scope::Cta)},
  });
}

TEST(PtxDecodeTest, AddressesGridsAndControl) {
  expectDecoded({
      {"cvta.shared.u64 %d0, %d1;", Op::CastAddress, 1, 1, withMode(AddressCast::SharedToGeneric)},
      {"cvta.to.shared::cluster.u64 %d0, %d1;", Op::CastAddress, 1, 1,
       withMode(AddressCast::GenericToSharedCluster)},
      {"cvta.to.shared.u64 %d0, %d1;", Op::CastAddress, 1, 1,
       withMode(AddressCast::GenericToShared)},
      {"cvta.to.global.u64 %d0, %d1;", Op::CastAddress, 1, 1,
       withMode(AddressCast::GenericToGlobal)},
      {"cvta.global.u64 %d0, %d1;", Op::CastAddress, 1, 1, withMode(AddressCast::GlobalToGeneric)},
      {"cvta.to.local.u64 %d0, %d1;", Op::CastAddress, 1, 1, withMode(AddressCast::GenericToLocal)},
      {"cvta.local.u64 %d0, %d1;", Op::CastAddress, 1, 1, withMode(AddressCast::LocalToGeneric)},
      {"mapa.shared::cluster.u64 %d0, %d1, %r2;", Op::MapShared, 1, 2,
       inSpace(Space::SharedCluster, 0)},
      {"mapa.shared::cluster.u32 %r0, cells, 1;", Op::MapShared, 1, 2,
       inSpace(Space::SharedCluster, 0)},
      {"mapa.u64 %d0, %d1, %r2;", Op::MapShared, 1, 2, inSpace(Space::Generic, 0)},
      {"ret;", Op::Exit, 0, 0},
      {"exit;", Op::Exit, 0, 0},
      {"trap;", Op::Trap, 0, 0},
      {"trap; nanosleep.u32 %r1;", Op::Trap, 0, 0},
      {"griddepcontrol.wait;", Op::GridWait, 0, 0},
      {"griddepcontrol.launch_dependents;", Op::GridLaunchDependents, 0, 0},
      {"setmaxnreg.inc.sync.aligned.u32 144;", Op::SetMaxRegisters, 0, 0,
       [](const Instruction &code) { return code.mode == 1 && code.count == 144; }},
      {"setmaxnreg.dec.sync.aligned.u32 40;", Op::SetMaxRegisters, 0, 0,
       [](const Instruction &code) { return code.mode == 0 && code.count == 40; }},
  });
}

std::string registers(unsigned count) {
  std::string text = "{%f0";
  for (unsigned i = 1; i < count; ++i)
    text += ", %f" + std::to_string(i);
  return text + "}";
}

TEST(PtxDecodeTest, Matrices) {
  const std::string loaded = "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 " + registers(4) +
                             ", [%d1];",
                    sums = "{%f0, %f1, %f2, %f3}", wide = registers(48);
  const std::string wgmma = "wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16 " + wide;
  const std::string fromRegisters = wgmma + ", {%r0, %r1, %r2, %r3}, %d1, 1, 1, 1, 0;";
  const std::string fromMemory = wgmma + ", %d0, %d1, %p1, 1, 1, 0, 0;";
  const std::string widest = "wgmma.mma_async.sync.aligned.m64n256k16.f32.f16.f16 " +
                             registers(128) + ", %d0, %d1, 0, 1, 1, 0, 0;";
  const std::string mma16 = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 " + sums +
                            ", {%r0, %r1, %r2, %r3}, {%r4, %r5}, " + sums + ";";
  const std::string mma8 = "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 " + sums +
                           ", {%r0, %r1}, {%r4}, " + sums + ";";
  const std::string four = "{%r0, %r1, %r2, %r3}";
  const std::string mma32 = "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 " + four + ", " +
                            four + ", {%r4, %r5}, " + four + ";";
  const std::string ofBytes = "wgmma.mma_async.sync.aligned.m64n24k32.s32.s8.s8 " + registers(12) +
                              ", " + four + ", %d1, 0;";
  auto bfloats = [](unsigned count) {
    return [=](const Instruction &code) {
      return code.count == count && code.type == f32 && code.sourceType == bf16;
    };
  };
  expectDecoded({
      {loaded.c_str(), Op::LoadMatrix, 4, 1,
       [](const Instruction &code) { return code.count == 4 && code.flag; }},
      {"ldmatrix.sync.aligned.m8n8.x1.shared::cta.b16 {%r0}, [%r1];", Op::LoadMatrix, 1, 1,
       [](const Instruction &code) { return code.count == 1 && !code.flag; }},
      {"ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r0, %r1}, [%r1];", Op::LoadMatrix, 2, 1,
       inSpace(Space::Shared, 2)},
      {mma16.c_str(), Op::Mma, 4, 10, bfloats(16)},
      {mma8.c_str(), Op::Mma, 4, 7,
       [](const Instruction &code) { return code.count == 8 && code.sourceType == f16; }},
      {mma32.c_str(), Op::Mma, 4, 10, withCount(32)},
      {fromRegisters.c_str(), Op::Wgmma, 48, 6, bfloats(96)},
      {fromMemory.c_str(), Op::Wgmma, 48, 3, bfloats(96)},
      {widest.c_str(), Op::Wgmma, 128, 3, withCount(256)},
      {ofBytes.c_str(), Op::Wgmma, 12, 6, withCount(24)},
      {"wgmma.fence.sync.aligned;", Op::WgmmaFence, 0, 0},
      {"wgmma.commit_group.sync.aligned;", Op::WgmmaCommit, 0, 0},
      {"wgmma.wait_group.sync.aligned 2;", Op::WgmmaWait, 0, 0, withCount(2)},
  });
}

TEST(PtxDecodeTest, ANegatedPredicateIsInvertedFirst) {
  auto program = parseBody("@!%p2 vote.sync.any.pred %p0, !%p1, -1;");
  ASSERT_TRUE(bool(program)) << program.error().message();
  const Instruction &inverse = program->code[0], &vote = program->code[1];
  EXPECT_EQ(inverse.op, Op::Not);
  EXPECT_EQ(inverse.guard, -1);
  EXPECT_EQ(program->sourcesOf(vote)[0].reg, program->resultsOf(inverse)[0].reg);
  EXPECT_TRUE(vote.isGuardNegated);
}

TEST(PtxDecodeTest, AddressesOfParameters) {
  auto program = parseBody("ld.param.b32 %r0, [in+4];");
  ASSERT_TRUE(bool(program)) << program.error().message();
  Operand address = program->sourcesOf(program->code[0])[0];
  EXPECT_EQ(address.offset, 4);
  ASSERT_EQ(program->initials.size(), 1u);
  EXPECT_EQ(program->initials[0].reg, address.reg);
  EXPECT_EQ(program->initials[0].value, 8u);
  EXPECT_EQ(program->code[0].type, b32);
}

struct Failure {
  const char *text, *error;
};

void expectErrors(const std::vector<Failure> &cases) {
  for (auto [text, error] : cases)
    EXPECT_EQ(errorOf(text), std::string(error) + " (line 8)") << text;
}

TEST(PtxDecodeTest, ModifiersThatAreNotKnown) {
  const std::string known = " is not known to the emulator";
  const std::pair<const char *, const char *> cases[] = {
      {"add.cc.s32 %r0, %r1, %r2;", "'add.cc.s32': modifier '.cc'"},
      {"add.s32.foo %r0, %r1, %r2;", "'add.s32.foo': modifier '.foo'"},
      {"div.approx.f32 %r0, %r1, %r2;", "'div.approx.f32': modifier '.approx'"},
      {"div.full.f32 %r0, %r1, %r2;", "'div.full.f32': modifier '.full'"},
      {"sqrt.approx.f32 %r0, %r1;", "'sqrt.approx.f32': modifier '.approx'"},
      {"cvt.rna.tf32.f32 %r0, %r1;", "'cvt.rna.tf32.f32': modifier '.rna'"},
      {"cvt.rn.relu.bf16.f32 %h0, %r1;", "'cvt.rn.relu.bf16.f32': modifier '.relu'"},
      {"ld.const.b32 %r0, [%d1];", "'ld.const.b32': modifier '.const'"},
      {"ld.mmio.relaxed.sys.b32 %r0, [%d1];", "'ld.mmio.relaxed.sys.b32': modifier '.mmio'"},
      {"ld.acquire.b32 %r0, [%d1];", "'ld.acquire.b32': modifier '.b32'"},
      {"ld.shared.nc.b32 %r0, [%r1];", "'ld.shared.nc.b32': modifier '.nc'"},
      {"atom.global.add.noftz.f16 %h0, [%d1], %h2;",
       "'atom.global.add.noftz.f16': modifier '.noftz'"},
      {"fence.proxy.tensormap::generic.release.gpu;",
       "'fence.proxy.tensormap::generic.release.gpu': modifier '.proxy'"},
      {"cp.async.bulk.tensor.2d [%r0], [%d1];", "'cp.async.bulk.tensor.2d': modifier '.tensor'"},
      {"cp.async.bulk.commit_group;", "'cp.async.bulk.commit_group': modifier '.commit_group'"},
      {"mbarrier.arrive.noComplete.shared.b64 %d0, [%r1], 1;",
       "'mbarrier.arrive.noComplete.shared.b64': modifier '.noComplete'"},
      {"mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 %r0, %r1, %r2, %r3;",
       "'mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32': modifier '.m8n8k4'"},
      {"wgmma.mma_async.sync.aligned.m64n12k16.f32.f16.f16 %r0, %d0, %d1, 1, 1, 1, 0, 0;",
       "'wgmma.mma_async.sync.aligned.m64n12k16.f32.f16.f16': modifier '.m64n12k16'"},
      {"wgmma.mma_async.sync.aligned.m64n40k32.s32.s8.s8 %r0, %d0, %d1, 1;",
       "'wgmma.mma_async.sync.aligned.m64n40k32.s32.s8.s8': modifier '.m64n40k32'"},
      {"vote.sync.ballot.pred %p0, %p1, -1;", "'vote.sync.ballot.pred': modifier '.pred'"},
      {"mul.hi.f32 %r0, %r1, %r2;", "'mul.hi.f32': modifier '.f32'"},
      {"bar.sync.foo 0;", "'bar.sync.foo': modifier '.foo'"},
  };
  for (auto [text, error] : cases)
    EXPECT_EQ(errorOf(text), error + known + " (line 8)") << text;
}

TEST(PtxDecodeTest, InstructionsThatAreNotKnown) {
  for (const char *name : {"call", "brx.idx", "tanh.approx.f32", "ex2.approx.f32", "dp4a.u32.u32",
                           "match.any.sync.b32", "bar.arrive", "bar.red.popc.u32", "tcgen05.alloc",
                           "stmatrix.sync.aligned.m8n8.x1.shared.b16", "addc.s32",
                           "mbarrier.pending_count.b64", "getctarank.u32"})
    EXPECT_EQ(errorOf(std::string(name) + " %r0, %r1;"),
              "instruction '" + std::string(name) + "' is not known to the emulator (line 8)");
}

TEST(PtxDecodeTest, ErrorsSayWhetherTheTextOrTheEmulatorIsWrong) {
  EXPECT_EQ(parseBody("brkpt;").error().getKind(), ErrorKind::Unsupported);
  EXPECT_EQ(parseBody("add.cc.s32 %r0, %r1, %r2;").error().getKind(), ErrorKind::Unsupported);
  EXPECT_EQ(parseBody("add.s32 %r0, %r1;").error().getKind(), ErrorKind::Invalid);
  EXPECT_EQ(parseBody("bra nowhere;").error().getKind(), ErrorKind::Invalid);
}

TEST(PtxDecodeTest, OperandsThatDoNotFit) {
  expectErrors({
      {"add.s32 %r0, %r1;", "'add.s32': an operand is missing"},
      {"add.s32 %r0, %r1, %r2, %r3;", "'add.s32': there are 1 operands more than expected"},
      {"add.s32 %d0, %r1, %r2;", "'add.s32': '%d0' has 64 bits, expected 32"},
      {"add.s32 %r0, %r1, %p2;", "'add.s32': '%p2' has 1 bits, expected 32"},
      {"add.s32 5, %r1, %r2;", "'add.s32': a number is no result"},
      {"add.s32 %r0, _, %r2;", "'add.s32': '_' is no source"},
      {"add.s32 %r0, [%d1], %r2;",
       "'add.s32': an operand is a vector or an address where a register was expected"},
      {"add.s32 %r0, %r1+4, %r2;", "'add.s32': a number is added to '%r1' outside an address"},
      {"add.s32 %r0, !%r1, %r2;", "'add.s32': '!' stands before a predicate that is read"},
      {"add.f64 %d0, %d1, 0f3F800000;",
       "'add.f64': a number of 32 bits stands where 64 are expected"},
      {"add.f32 %r0, %r1, 1;", "'add.f32': an integer stands where a real number is expected"},
      {"add.u32 %r0, %r1, 1.0;", "'add.u32': a real number stands where 32 bits are expected"},
      {"add.s64 %d0, %d1, 1.0;", "'add.s64': a real number stands where 64 bits are expected"},
      {"add.rn.s32 %r0, %r1, %r2;", "'add.rn.s32': integers do not have these modifiers"},
      {"add.sat.s64 %d0, %d1, %d2;", "'add.sat.s64': integers do not have these modifiers"},
      {"add.rz.f64 %d0, %d1, %d2;", "'add.rz.f64': only f32 is rounded in other ways than to "
                                    "nearest by the emulator"},
      {"add.ftz.f64 %d0, %d1, %d2;", "'add.ftz.f64': this type has neither .ftz nor .sat"},
      {"fma.f32 %r0, %r1, %r2, %r3;", "'fma.f32': modifier '.f32' is not known to the emulator"},
      {"lop3.b32 %r0, %r1, %r2, %r3, 256;", "'lop3.b32': a table of three operands has 8 bits"},
      {"lop3.b32 %r0, %r1, %r2, %r3, %r4;", "'lop3.b32': expected an integer that is no register"},
      {"mov.b32 {%h0, %h1, %h2}, %r0;", "'mov.b32': a vector of 3 elements is not of this type"},
      {"mov.b64 %d0, in;", "'mov.b64': the address of parameter 'in' is not known to the emulator"},
      {"cvt.f32.s32 %r0, %r1;", "'cvt.f32.s32': a rounding to floats is missing"},
      {"cvt.s32.f32 %r0, %r1;", "'cvt.s32.f32': a rounding to integers is missing"},
      {"cvt.rn.u32.u16 %r0, %h1;", "'cvt.rn.u32.u16': integers are not rounded"},
      {"cvt.bf16.f32 %h0, %r1;", "'cvt.bf16.f32': the rounding does not fit the types"},
      {"cvt.rn.f32.f16 %r0, %h1;", "'cvt.rn.f32.f16': the rounding does not fit the types"},
      {"cvt.ftz.u32.u16 %r0, %h1;", "'cvt.ftz.u32.u16': integers are not flushed"},
      {"cvt.rz.f64.s64 %d0, %d1;",
       "'cvt.rz.f64.s64': f64 is rounded to nearest only by the emulator"},
  });
}

TEST(PtxDecodeTest, MemoryOperandsThatDoNotFit) {
  expectErrors({
      {"ld.global.b64 %r0, [%d1];", "'ld.global.b64': '%r0' has 32 bits, expected 64"},
      {"ld.global.b32 %r0, [%r1];", "'ld.global.b32': address '%r1' has 32 bits"},
      {"ld.global.b32 %r0, %d1;", "'ld.global.b32': expected an address"},
      {"ld.global.v2.b32 %r0, [%d1];", "'ld.global.v2.b32': expected a vector of 2 results"},
      {"ld.global.v8.b64 {%d0, %d1, %d2, %d3, %d4, %d5, %d6, %d7}, [%d1];",
       "'ld.global.v8.b64': a vector has at most 32 bytes"},
      {"ld.global.b32 %r0, [cells];", "'ld.global.b32': 'cells' is no address in this state space"},
      {"ld.param.b32 %r0, [%d1];", "'ld.param.b32': '%d1' is no address in this state space"},
      {"ld.global.b32 %r0, [in];", "'ld.global.b32': 'in' is no address in this state space"},
      {"ld.global.b32 %r0, [%tid.x];",
       "'ld.global.b32': '%tid.x' is no address in this state space"},
      {"st.shared.v2.b32 [cells], {%r0, %r1, %r2};",
       "'st.shared.v2.b32': expected a vector of 2 operands"},
      {"red.acquire.gpu.global.add.u32 [%d0], 1;",
       "'red.acquire.gpu.global.add.u32': reads nothing that it could acquire"},
      {"red.global.exch.b32 [%d0], 1;", "'red.global.exch.b32': red does not swap"},
      {"cp.async.cg.shared.global [%d0], [%d1], 8;",
       "'cp.async.cg.shared.global': copies 4, 8 or 16 bytes, and .cg 16 alone"},
      {"mbarrier.arrive.release.gpu.shared.b64 _, [%r0];",
       "'mbarrier.arrive.release.gpu.shared.b64': the scope is .cta or .cluster"},
      {"mbarrier.init.shared::cluster.b64 [%r0], 1;",
       "'mbarrier.init.shared::cluster.b64': the barrier is one of the own block"},
      {"elect.sync %p0, -1;", "'elect.sync': '%p0' has 1 bits, expected 32"},
      {"elect.sync %r0, %p0, -1;", "'elect.sync': expected 'd|p'"},
      {"setmaxnreg.inc.sync.aligned.u32 20;",
       "'setmaxnreg.inc.sync.aligned.u32': registers are a multiple of 8 from 24 to 256"},
      {"bra %r0+4;", "'bra': expected a label"},
  });
}

TEST(PtxDecodeTest, MatricesThatAreNotKnown) {
  const std::string start =
      "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0, %f1, %f2, %f3}, %d0, %d1, ";
  const std::string name = "'wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16': ";
  EXPECT_EQ(errorOf(start + "1, -1, 1, 0, 0;"),
            name + "imm-scale-a is not 1, and nothing else is known to the emulator (line 8)");
  EXPECT_EQ(errorOf(start + "1, 1, 1, 1, 0;"),
            name + "imm-trans-a is not 0, and nothing else is known to the emulator (line 8)");
  EXPECT_EQ(errorOf(start + "1, 1, 1, 0, 1;"),
            name + "imm-trans-b is not 0, and nothing else is known to the emulator (line 8)");
  EXPECT_EQ(errorOf("mma.sync.aligned.m16n8k16.row.col.f32.bf16.f16.f32 {%f0, %f1, %f2, %f3}, "
                    "{%r0, %r1, %r2, %r3}, {%r4, %r5}, {%f0, %f1, %f2, %f3};"),
            "'mma.sync.aligned.m16n8k16.row.col.f32.bf16.f16.f32': A and B have one type (line 8)");
}

} // namespace
