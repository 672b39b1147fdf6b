//===- MutationTest.cpp - The emulator finds what is wrong with kernels ---===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels of ours with one thing wrong, by what is wrong. Each is run with some seeds, of which one
// has to find it, with a message that names the cause.
//
//===----------------------------------------------------------------------===//

#include "MutationTesting.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <gtest/gtest.h>
#include <set>

using namespace uwt;
using namespace uwt::test;
using mlir::isa;
using mlir::gpu::GPUFuncOp;

namespace {

constexpr Subject windowAmpere{"four_bits_sm_80", fourBits, "sm_80", {130, 640, 5}};
constexpr Subject rawAmpere{"raw_sm_80", words, "sm_80", {130, 640, 5}};
constexpr Subject rawCluster{"raw_cluster", words, "sm_90a", {300, 640, 33}, 2};
constexpr Subject inplaceCluster{"in_place_cluster", inPlace, "sm_90a", {300, 640, 33}, 4};
constexpr Subject windowCluster{"four_bits_cluster", fourBits, "sm_90a", {130, 640, 5}, 2};
constexpr Subject sharedHopper{"prefix_shared", prefixCode, "sm_90a", {130, 640, 40}};
constexpr Subject codes{"prefix_codes", prefixCode, "sm_90a",
                        {130, 640, 40}, 1,          ProductStrategy::Codes};
constexpr Subject sharedAmpere{"prefix_shared_sm_80", prefixCode, "sm_80", {130, 640, 5}};

// Output tiles that work units share.
constexpr Subject sharingCluster{"raw_sharing_cluster", words, "sm_90a", {130, 640, 33}, 2};
constexpr Subject sharingPrefix{"prefix_sharing", prefixCode, "sm_90a", {60, 2100, 40}};
constexpr Subject sharingAmpere{"prefix_sharing_sm_80", prefixCode, "sm_80", {60, 2100, 5}};

/// What is wrong: changes the kernel, and says how many operations it changed.
struct Mutation {
  const char *name;
  unsigned (*apply)(GPUFuncOp kernel);
  /// One of these has to be in the message.
  std::vector<const char *> causes;
  std::vector<Subject> subjects;
  const char *kernel = "product";
};

/// The barriers of a kernel in the order of their making: full, empty.
mlir::Value barriersOf(GPUFuncOp kernel, unsigned which) {
  std::vector<mlir::Value> found;
  kernel.walk([&](mlir::nvgpu::MBarrierCreateOp op) { found.push_back(op.getResult()); });
  return found.at(which);
}

template <typename Op> unsigned eraseAll(GPUFuncOp kernel, llvm::function_ref<bool(Op)> isMeant) {
  std::vector<Op> meant;
  kernel.walk([&](Op op) {
    if (isMeant(op))
      meant.push_back(op);
  });
  for (Op op : meant)
    op->erase();
  return static_cast<unsigned>(meant.size());
}

unsigned eraseWaits(GPUFuncOp kernel, unsigned which) {
  mlir::Value barriers = barriersOf(kernel, which);
  return eraseAll<mlir::nvgpu::MBarrierTryWaitParityOp>(
      kernel, [&](auto op) { return op.getBarriers() == barriers; });
}

/// `value + by` in front of its user.
mlir::Value shifted(mlir::Operation *user, mlir::Value value, int64_t by) {
  mlir::OpBuilder builder(user);
  mlir::Value amount = mlir::arith::ConstantIndexOp::create(builder, user->getLoc(), by);
  return mlir::arith::AddIOp::create(builder, user->getLoc(), value, amount);
}

unsigned changeArrivals(GPUFuncOp kernel, unsigned which, int64_t by) {
  unsigned count = 0;
  mlir::Value barriers = barriersOf(kernel, which);
  kernel.walk([&](mlir::nvgpu::MBarrierInitOp op) {
    if (op.getBarriers() != barriers)
      return;
    op.getCountMutable().assign(shifted(op, op.getCount(), by));
    ++count;
  });
  return count;
}

unsigned invertPhases(GPUFuncOp kernel, unsigned which) {
  unsigned count = 0;
  mlir::Value barriers = barriersOf(kernel, which);
  kernel.walk([&](mlir::nvgpu::MBarrierTryWaitParityOp op) {
    if (op.getBarriers() != barriers)
      return;
    mlir::OpBuilder builder(op);
    mlir::Value one = mlir::arith::ConstantIntOp::create(builder, op.getLoc(), 1, 1);
    mlir::Value other = mlir::arith::XOrIOp::create(builder, op.getLoc(), op.getPhaseParity(), one);
    op.getPhaseParityMutable().assign(other);
    ++count;
  });
  return count;
}

/// Comparisons with a constant bound let one more pass.
unsigned loosenBounds(GPUFuncOp kernel, int64_t bound) {
  unsigned count = 0;
  kernel.walk([&](mlir::arith::CmpIOp op) {
    auto constant = op.getRhs().getDefiningOp<mlir::arith::ConstantIndexOp>();
    if (!constant || constant.value() != bound)
      return;
    op.getRhsMutable().assign(shifted(op, op.getRhs(), 1));
    ++count;
  });
  return count;
}

unsigned waitForOneGroupLess(GPUFuncOp kernel) {
  unsigned count = 0;
  kernel.walk([&](mlir::nvgpu::DeviceAsyncWaitOp op) {
    op.setNumGroups(op.getNumGroups().value_or(0) + 1);
    ++count;
  });
  kernel.walk([&](WarpgroupWaitOp op) {
    op->setAttr("pending", mlir::IntegerAttr::get(op.getPendingAttr().getType(),
                                                  op.getPendingAttr().getInt() + 1));
    ++count;
  });
  return count;
}

/// The stage of a step is its number modulo one stage more than there are.
unsigned useOneStageMore(GPUFuncOp kernel) {
  unsigned count = 0;
  int64_t stages =
      mlir::cast<mlir::nvgpu::MBarrierGroupType>(barriersOf(kernel, 0).getType()).getNumBarriers();
  kernel.walk([&](mlir::arith::RemUIOp op) {
    auto constant = op.getRhs().getDefiningOp<mlir::arith::ConstantIndexOp>();
    if (!constant || constant.value() != stages)
      return;
    op.getRhsMutable().assign(shifted(op, op.getRhs(), 1));
    ++count;
  });
  // Of two stages the next one is the other: what a loop that copies hands on, from the first one
  // on.
  kernel.walk([&](mlir::arith::XOrIOp op) {
    auto loop = op->getParentOfType<mlir::scf::ForOp>();
    auto state = mlir::dyn_cast<mlir::BlockArgument>(op.getLhs());
    if (!state || !mlir::matchPattern(op.getRhs(), mlir::m_One()) || !loop ||
        !loop.walk([](BulkCopyOp) { return mlir::WalkResult::interrupt(); }).wasInterrupted())
      return;
    mlir::OpBuilder builder(op);
    mlir::Value next = mlir::arith::AddIOp::create(builder, op.getLoc(), op.getLhs(), op.getRhs());
    mlir::Value three = mlir::arith::ConstantIntOp::create(builder, op.getLoc(), next.getType(), 3);
    op.replaceAllUsesWith(
        mlir::arith::RemUIOp::create(builder, op.getLoc(), next, three).getResult());
    builder.setInsertionPoint(loop);
    mlir::Value third = mlir::arith::ConstantIntOp::create(builder, op.getLoc(), next.getType(), 2);
    loop.getTiedLoopInit(state)->set(third);
    ++count;
  });
  return count;
}

mlir::gpu::AddressSpace spaceOf(mlir::MemRefType type) {
  return mlir::cast<mlir::gpu::AddressSpaceAttr>(type.getMemorySpace()).getValue();
}

/// Units with escapes are not put where they are patched.
unsigned leaveScratchUnwritten(GPUFuncOp kernel) {
  return eraseAll<mlir::vector::StoreOp>(kernel, [](mlir::vector::StoreOp op) {
    return spaceOf(op.getMemRefType()) == mlir::gpu::AddressSpace::Workgroup;
  });
}

/// The lanes that copy arrive themselves, when they have issued the copies.
unsigned announceAtOnce(GPUFuncOp kernel) {
  unsigned count = 0;
  kernel.walk([&](AsyncArriveOp op) {
    mlir::OpBuilder builder(op);
    mlir::nvgpu::MBarrierArriveOp::create(builder, op.getLoc(),
                                          mlir::nvgpu::MBarrierTokenType::get(op.getContext()),
                                          op.getBarriers(), op.getNumber());
    op.erase();
    ++count;
  });
  return count;
}

/// The counter of an output's sharers orders nothing.
unsigned relaxHandOff(GPUFuncOp kernel) {
  unsigned count = 0;
  kernel.walk([&](AtomicAddOp op) {
    mlir::OpBuilder builder(op);
    mlir::Value before =
        mlir::memref::AtomicRMWOp::create(builder, op.getLoc(), mlir::arith::AtomicRMWKind::addi,
                                          op.getValue(), op.getCounters(), op.getAt());
    op.replaceAllUsesWith(before);
    op.erase();
    ++count;
  });
  return count;
}

/// Lanes do not wait for the one that has counted their warp.
unsigned eraseBarrierAfterHandOff(GPUFuncOp kernel) {
  std::vector<mlir::Operation *> found;
  kernel.walk([&](AtomicAddOp op) {
    for (mlir::Operation *next = op->getParentOp()->getNextNode(); next; next = next->getNextNode())
      if (isa<mlir::NVVM::SyncWarpOp>(next))
        return found.push_back(next);
  });
  for (mlir::Operation *barrier : found)
    barrier->erase();
  return static_cast<unsigned>(found.size());
}

/// Both partial sums of a workgroup at one place.
unsigned shareSlots(GPUFuncOp kernel) {
  unsigned count = 0;
  kernel.walk([&](mlir::vector::StoreOp op) {
    if (spaceOf(op.getMemRefType()) != mlir::gpu::AddressSpace::Global)
      return;
    mlir::OpBuilder builder(op);
    mlir::Value same = mlir::arith::ConstantIndexOp::create(builder, op.getLoc(), 4096);
    op.getIndicesMutable().assign(same);
    ++count;
  });
  return count;
}

unsigned swapDescriptor(GPUFuncOp kernel) {
  unsigned count = 0;
  kernel.walk([&](WarpgroupMmaOp op) {
    op.getAtMutable().assign(shifted(op, op.getAt(), 4));
    ++count;
  });
  return count;
}

/// Copies go to all workgroups of the cluster but the last one.
unsigned leaveOneOut(GPUFuncOp kernel) {
  unsigned count = 0;
  kernel.walk([&](BulkCopyOp op) {
    auto mask = op.getMulticast() ? op.getMulticast().getDefiningOp<mlir::arith::ConstantIntOp>()
                                  : mlir::arith::ConstantIntOp();
    if (!mask)
      return;
    mlir::OpBuilder builder(op);
    mlir::Value fewer =
        mlir::arith::ConstantIntOp::create(builder, op.getLoc(), mask.value() / 2, 16);
    op.getMulticastMutable().assign(fewer);
    ++count;
  });
  return count;
}

/// Stages are handed back to the workgroup itself only.
unsigned arriveAtHome(GPUFuncOp kernel) {
  unsigned count = 0;
  kernel.walk([&](RemoteArriveOp op) {
    mlir::OpBuilder builder(op);
    mlir::Value zero = mlir::arith::ConstantIndexOp::create(builder, op.getLoc(), 0);
    op.getRankMutable().assign(zero);
    ++count;
  });
  return count;
}

/// The last time that the cluster meets.
unsigned leaveEarly(GPUFuncOp kernel) {
  mlir::NVVM::ClusterArriveRelaxedOp arrive;
  mlir::NVVM::ClusterWaitOp wait;
  kernel.walk([&](mlir::NVVM::ClusterArriveRelaxedOp op) { arrive = op; });
  kernel.walk([&](mlir::NVVM::ClusterWaitOp op) { wait = op; });
  if (!arrive || !wait)
    return 0;
  arrive.erase();
  wait.erase();
  return 2;
}

const std::vector<Mutation> &mutations() {
  static const std::vector<Mutation> all = {
      {"FullWaitRemoved",
       [](GPUFuncOp kernel) { return eraseWaits(kernel, 0); },
       {"which nothing has written", "without a wait"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, inplaceCluster, sharedHopper,
        sharedAmpere, codes}},
      {"EmptyWaitRemoved",
       [](GPUFuncOp kernel) { return eraseWaits(kernel, 1); },
       // Decoders that do not wait arrive before a stage is filled.
       {"without a wait", "with no barrier between the two", "arrives 1 time(s) at",
        "which nothing has written"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, inplaceCluster, sharedHopper,
        sharedAmpere, codes}},
      {"FenceRemoved",
       [](GPUFuncOp kernel) {
         return eraseAll<mlir::NVVM::FenceMbarrierInitOp>(kernel, [](auto) { return true; });
       },
       // In a cluster nothing else says that a barrier has been initialised.
       {"fence", "initialises, with no barrier between the two"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, inplaceCluster, sharedHopper}},
      {"WaitForOneGroupLess",
       waitForOneGroupLess,
       {"without a wait", "wait"},
       {inplaceWarpgroups, rawWarpgroups, windowWarpgroups, sharedAmpere}},
      {"OneStageMoreThanThereIs",
       useOneStageMore,
       {"barrier", "do not fit", "of shared memory, which has"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, inplaceCluster, sharedHopper,
        sharedAmpere}},
      {"WrongPhaseOfFull",
       [](GPUFuncOp kernel) { return invertPhases(kernel, 0); },
       {"which nothing has written", "without a wait", "with no barrier between the two",
        "mbarrier"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, inplaceCluster, sharedHopper,
        sharedAmpere, codes}},
      {"WrongPhaseOfEmpty",
       [](GPUFuncOp kernel) { return invertPhases(kernel, 1); },
       {"which nothing has written", "without a wait", "with no barrier between the two",
        "mbarrier"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, inplaceCluster, sharedHopper,
        sharedAmpere}},
      {"WrongDescriptor",
       swapDescriptor,
       {"which nothing has written", "without a wait"},
       {rawWarpgroups, inplaceWarpgroups, windowWarpgroups}},
      {"TailOffByOne",
       [](GPUFuncOp kernel) { return loosenBounds(kernel, 130); },
       {"do not fit in its size", "and nothing orders the two", "of buffer 7, which has"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, sharedHopper, sharedAmpere}},
      {"OneArrivalTooMany",
       [](GPUFuncOp kernel) { return changeArrivals(kernel, 0, 1); },
       {"deadlock", "waits"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, inplaceCluster, sharedHopper,
        sharedAmpere}},
      {"OneArrivalTooFew",
       [](GPUFuncOp kernel) { return changeArrivals(kernel, 1, -1); },
       {"with no barrier between the two", "arrives", "without a wait"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, inplaceCluster, sharedHopper,
        sharedAmpere}},
      {"MulticastMaskWrong",
       leaveOneOut,
       {"deadlock", "arrives 1 time(s) at", "copies over"},
       {rawCluster, inplaceCluster, windowCluster}},
      {"StagesHandedBackToOneWorkgroup",
       arriveAtHome,
       {"copies over", "arrives", "deadlock", "without a wait"},
       {rawCluster, inplaceCluster, windowCluster}},
      {"ClusterNotMetLast",
       leaveEarly,
       {"which has ended", "has ended while"},
       {rawCluster, inplaceCluster, windowCluster}},
      {"ReadOfWhatIsNotWritten",
       leaveScratchUnwritten,
       {"which nothing has written"},
       {inplaceSkinny, inplaceWarpgroups, windowAmpere, inplaceCluster, sharedHopper,
        sharedAmpere}},
      {"DependencyWaitRemoved",
       [](GPUFuncOp kernel) {
         return eraseAll<GridDependencyWaitOp>(kernel, [](auto) { return true; });
       },
       {"which the kernel before may still"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, inplaceCluster, sharedHopper, exponents,
        codes}},
      {"DependencyWaitOfPackRemoved",
       [](GPUFuncOp kernel) {
         return eraseAll<GridDependencyWaitOp>(kernel, [](auto) { return true; });
       },
       {"which the kernel before may still"},
       {rawSkinny, inplaceWarpgroups, inplaceCluster, sharedHopper},
       "pack"},
      {"HandOffRelaxed",
       relaxHandOff,
       {"and nothing orders the two", "it orders no memory"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, sharingCluster, sharingPrefix,
        sharingAmpere}},
      {"WarpBarrierAfterHandOffRemoved",
       eraseBarrierAfterHandOff,
       {"which only lane 0 has acquired"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere, sharingCluster, sharingPrefix,
        sharingAmpere}},
      {"CopiesNotAnnounced",
       [](GPUFuncOp kernel) { return eraseAll<AsyncArriveOp>(kernel, [](auto) { return true; }); },
       {"deadlock"},
       {windowAmpere, rawAmpere, inplaceAmpere}},
      {"CopiesAnnouncedBeforeTheyLand",
       announceAtOnce,
       {"without a wait"},
       {windowAmpere, rawAmpere, inplaceAmpere}},
      {"PartialSumsAtOnePlace",
       shareSlots,
       {"to which another lane writes", "with no", "and nothing orders the two"},
       {rawSkinny, inplaceSkinny, inplaceWarpgroups, windowAmpere}},
  };
  return all;
}

/// `mutation` of the subject's kernel from `format` is found, by a message that names a cause.
void expectFound(const Mutation &mutation, const Subject &subject, const std::string &format) {
  SCOPED_TRACE(std::string(mutation.name) + " of " + subject.name + " from " + format);
  Product product(format, subject.shape, subject.pins());
  ASSERT_EQ(product.build(), "");
  const Shape &shape = subject.shape;
  std::vector<uint16_t> w = drawWeights(shape.rows * shape.columns, 1, 300),
                        x = drawWeights(shape.m * shape.columns, 2, 1 << 30);
  // Once for all that is changed about it.
  static std::set<std::pair<std::string, std::string>> sound;
  if (sound.insert({subject.name, format}).second) {
    ASSERT_EQ(product.finish(), "");
    ASSERT_TRUE(product.run(w, x, 4, 1)) << "before it is changed";
  }
  auto kernel = product.kernels().lookupSymbol<GPUFuncOp>(mutation.kernel);
  ASSERT_TRUE(kernel);
  ASSERT_GT(mutation.apply(kernel), 0u) << "nothing was changed";
  // What is refused is found, too.
  std::string refusal = product.finish();
  auto weight = product.load(w);
  ASSERT_TRUE(weight) << weight.error().message();
  for (FrontEnd frontEnd : {FrontEnd::Ir, FrontEnd::Ptx}) {
    if (frontEnd == FrontEnd::Ptx && !product.hasPtx())
      continue;
    SCOPED_TRACE(frontEnd == FrontEnd::Ptx ? "as PTX" : "as IR");
    std::string message = frontEnd == FrontEnd::Ptx ? refusal : "";
    for (uint64_t seed = 1; seed <= 12 && message.empty(); ++seed)
      if (auto y = product.runOne(frontEnd, *weight, x, 4, seed); !y)
        message = y.error().message();
    ASSERT_NE(message, "") << "no seed finds it";
    EXPECT_TRUE(std::ranges::any_of(mutation.causes, [&](const char *cause) {
      return message.find(cause) != std::string::npos;
    })) << message;
    ::testing::Test::RecordProperty(subject.name, message);
  }
}

class MutationTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(MutationTest, IsFound) {
  const Mutation &mutation = mutations()[GetParam()];
  for (const Subject &subject : mutation.subjects)
    expectFound(mutation, subject, subject.format());
}

INSTANTIATE_TEST_SUITE_P(Kernels, MutationTest, ::testing::Range(0U, 22U), [](const auto &info) {
  return std::string(mutations()[info.param].name);
});

/// What a decoder reads, and what is written where escapes are patched, is known of every codec.
class DecoderMutationTest : public ::testing::TestWithParam<std::string> {};

TEST_P(DecoderMutationTest, IsFound) {
  Rate rate = checkFormat(*Format::parse(GetParam()), ElementType::BF16)->rate;
  const Subject &subject = isVariable(rate) ? sharedHopper : inplaceSkinny;
  for (const Mutation &mutation : mutations())
    if (mutation.name == std::string_view("FullWaitRemoved") ||
        (mutation.name == std::string_view("ReadOfWhatIsNotWritten") && rate == Rate::Fixed))
      expectFound(mutation, subject, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Codecs, DecoderMutationTest, ::testing::ValuesIn(formatsOfEachCodec()),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::ranges::replace_if(
                               name, [](char c) { return !std::isalnum(c); }, '_');
                           return name;
                         });

} // namespace
