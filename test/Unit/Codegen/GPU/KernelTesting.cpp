//===- KernelTesting.cpp - Products by kernels in tests -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Codegen/Decode/Passes.h"
#include "uwt/Codegen/GPU/ProductPlan.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include <bit>
#include <cmath>
#include <list>
#include <set>

namespace uwt::test {

static uint16_t narrowed(float value) {
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
}
static float widened(uint16_t word) { return std::bit_cast<float>(uint32_t(word) << 16); }

std::vector<uint16_t> drawIntegers(uint64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint16_t> words(count);
  for (uint16_t &word : words)
    word = narrowed(static_cast<float>(static_cast<int>(random() % 15) - 7));
  return words;
}

std::vector<uint16_t> drawWeights(uint64_t count, uint32_t seed, uint32_t rarity) {
  std::mt19937 random(seed);
  std::vector<uint16_t> words(count);
  for (uint16_t &word : words) {
    uint32_t exponent = 120 - std::min(std::countl_zero(uint32_t(random() | 1)), 12);
    if (random() % rarity == 0)
      exponent = 60 + random() % 80;
    word = static_cast<uint16_t>((random() & 0x807F) | exponent << 7);
  }
  return words;
}

static bool isReadByKernels(const Format &format) {
  return format.layout == Layout::Fragment16x16 && format.storage == Storage::NMajor &&
         format.escapes != Escapes::None && codegen::describeFormat(format, ElementType::BF16);
}

std::vector<std::string> formatsOfEachCodec() {
  std::vector<std::string> formats;
  std::set<std::pair<const Codec *, Packing>> seen;
  for (const Codec *codec : allCodecs())
    for (const std::string &example : codec->examples()) {
      Format format = *Format::parse(example);
      if (isReadByKernels(format) && seen.emplace(codec, format.packing).second)
        formats.push_back(example);
    }
  return formats;
}

std::vector<std::string> withOtherCodecs(std::vector<std::string> formats, Rate rate) {
  auto isNamed = [named = formats](const Codec &codec) {
    return std::ranges::any_of(named, [&](const std::string &text) {
      return Format::parse(text)->codec.keyword == codec.keyword();
    });
  };
  for (const Codec *codec : allCodecs())
    for (const std::string &example : codec->examples()) {
      Format format = *Format::parse(example);
      if (isReadByKernels(format) && !isNamed(*codec) &&
          checkFormat(format, ElementType::BF16)->rate == rate)
        formats.push_back(example);
    }
  return formats;
}

std::vector<uint16_t> drawExact(uint64_t count, uint32_t seed, uint32_t rarity) {
  std::mt19937 random(seed);
  std::vector<uint16_t> words(count);
  for (uint16_t &word : words) {
    float value = static_cast<float>(static_cast<int>(random() % 15) - 7);
    if (random() % rarity == 0)
      value = static_cast<float>(1 << (8 + random() % 5));
    word = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
  }
  return words;
}

void damage(emulator::EmulatedMemory &plane, uint32_t rarity, std::mt19937 &random) {
  for (uint8_t &byte : plane.bytes())
    if (random() % rarity == 0)
      byte = static_cast<uint8_t>(random());
}

std::vector<float> exactProduct(const std::vector<uint16_t> &weights,
                                const std::vector<uint16_t> &x, const Shape &shape) {
  std::vector<float> result(shape.rows * shape.m);
  for (uint64_t m = 0; m < shape.m; ++m)
    for (uint64_t n = 0; n < shape.rows; ++n)
      for (uint64_t k = 0; k < shape.columns; ++k)
        result[m * shape.rows + n] +=
            widened(weights[n * shape.columns + k]) * widened(x[m * shape.columns + k]);
  return result;
}

/// Whether a run is one that is done from PTX, too: all, but with sanitizers, which take ten times
/// as long, one in eight.
static bool isPtxDue() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr unsigned every = 8;
#elif defined(__has_feature)
  constexpr unsigned every =
      __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ? 8 : 1;
#else
  constexpr unsigned every = 1;
#endif
  static unsigned products = 0;
  return products++ % every == 0;
}

TranscodeModule::TranscodeModule(const std::string &from, const std::string &to, uint64_t rows,
                                 uint64_t columns, const std::string &element)
    : isGather(to.empty()), context(makeContext()) {
  auto type = [&](const std::string &format) {
    return "!uwt.compressed<" + std::to_string(rows) + "x" + std::to_string(columns) + "x" +
           element + ", \"" + format + "\">";
  };
  context->loadAllAvailableDialects();
  module = mlir::parseSourceString<mlir::ModuleOp>(
      "func.func @f() {\n  %w = uwt.weight \"w\" : " + type(from) + "\n  %r = uwt.transcode %w : " +
          type(from) + " -> " + type(isGather ? from : to) + "\n  return\n}\n",
      context.get());
}

std::string TranscodeModule::build() {
  uwt::TranscodeOp op;
  module->walk([&](uwt::TranscodeOp found) { op = found; });
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(module->getBody());
  codegen::TranscodeTypes types{op.getSource().getType(), op.getResult().getType()};
  Status served = isGather ? codegen::checkGather(types.source) : codegen::checkTranscode(types);
  if (!served)
    return served.error().message();
  built.module = isGather
                     ? codegen::buildGatherKernel(types.source, op.getLoc(), builder, "kernels")
                     : codegen::buildTranscodeKernels(types, op.getLoc(), builder, "kernels");
  return {};
}

std::string TranscodeModule::prepare() {
  if (!module)
    return "the module does not parse";
  if (std::string failure = build(); !failure.empty())
    return failure;
  auto entries = codegen::readKernelEntries(built.module);
  if (mlir::failed(entries))
    return "the kernels have no entries";
  built.entries = std::move(*entries);
  mlir::PassManager passes(context.get());
  passes.addPass(codegen::createEmitDecodersPass());
  return mlir::succeeded(passes.run(*module)) ? emulate() : "the passes fail";
}

std::string TranscodeModule::emulate() {
  for (const KernelEntry &entry : built.entries) {
    auto prepared = emulator::EmulatedKernel::prepare(
        mlir::gpu::GPUModuleOp(built.module).lookupSymbol<mlir::gpu::GPUFuncOp>(entry.kernel));
    if (mlir::failed(prepared))
      return "the emulator refuses";
    ofIr.push_back(std::move(*prepared));
  }
  return isPtxDue() ? emulatePtx() : "";
}

static mlir::FailureOr<cuda_tools::GpuCode> compileToPtx(mlir::gpu::GPUModuleOp module,
                                                         const GpuTarget &target) {
  cuda_tools::GpuCodeOptions output;
  output.output = cuda_tools::GpuOutput::Ptx;
  return cuda_tools::compileKernels(module, target, output);
}

std::string TranscodeModule::emulatePtx() {
  auto code = compileToPtx(built.module, **findGpuTarget("sm_90a"));
  if (mlir::failed(code))
    return "there is no PTX";
  for (const KernelEntry &entry : built.entries) {
    auto prepared = emulator::EmulatedKernel::preparePtx(code->ptx, entry.kernel);
    if (!prepared)
      return prepared.error().message();
    ofPtx.push_back(*std::move(prepared));
  }
  return {};
}

/// What the buffers that a kernel may write hold.
static std::vector<std::vector<uint8_t>>
contentsOf(llvm::ArrayRef<emulator::EmulatedArgument> arguments) {
  std::vector<std::vector<uint8_t>> contents(arguments.size());
  for (auto [argument, content] : llvm::zip(arguments, contents))
    if (const auto *data = static_cast<const uint8_t *>(argument.data); argument.isWritable)
      content.assign(data, data + argument.bytes);
  return contents;
}

Status TranscodeModule::launch(size_t number, uint32_t ctas,
                               std::vector<emulator::EmulatedArgument> arguments,
                               uint64_t seed) const {
  const KernelEntry &entry = built.entries[number];
  emulator::LaunchShape shape;
  shape.grid[0] = ctas;
  shape.block[0] = entry.launch.threads;
  shape.dynamicSharedBytes = entry.launch.sharedBytes;
  emulator::EmulationOptions options;
  options.seed = seed;
  options.operationLimit = uint64_t(1) << 32;
  for (auto [argument, described] : llvm::zip_equal(arguments, entry.arguments))
    argument.elementBytes = bytesOf(described.type);
  std::vector<std::vector<uint8_t>> before = contentsOf(arguments);
  UWT_RETURN_IF_ERROR(ofIr[number]->launch(shape, arguments, options));
  if (ofPtx.empty())
    return ok();
  std::vector<std::vector<uint8_t>> written = contentsOf(arguments);
  for (auto [argument, content] : llvm::zip(arguments, before))
    std::ranges::copy(content, static_cast<uint8_t *>(argument.data));
  UWT_RETURN_IF_ERROR(ofPtx[number]->launch(shape, arguments, options));
  if (contentsOf(arguments) != written)
    return invalidError("the PTX of kernel " + entry.kernel + " writes other bits than its IR");
  return ok();
}

Product::Product(const std::string &format, Shape shape, const KernelPins &pins)
    : format(format), shape(shape), pins(pins), context(makeContext()),
      usesPtx(pins.needsPtx || isPtxDue()) {
  module = mlir::parseSourceString<mlir::ModuleOp>(text(), context.get());
}

std::string Product::text() const {
  auto shaped = [](uint64_t a, uint64_t b, const char *type) {
    return std::to_string(a) + "x" + std::to_string(b) + "x" + type;
  };
  const char *element = pins.element == ElementType::F16 ? "f16" : "bf16";
  // Kernels of grouped products are made for a slice, and launched for any number of them.
  uint64_t m = pins.grouped ? uint64_t(pins.tiles) * codegen::mTileRows : shape.m;
  std::string xType = "memref<" + shaped(m, shape.columns, element) + ">";
  std::string yType = "memref<" + shaped(m, shape.rows, "f32") + ">";
  std::string wType =
      "!uwt.compressed<" + shaped(shape.rows, shape.columns, element) + ", \"" + format + "\">";
  return "func.func @f(%x: " + xType + ", %y: " + yType +
         ") {\n  %w = uwt.weight \"w\" : " + wType + "\n  uwt.matmul ins(%x, %w : " + xType + ", " +
         wType + ") outs(%y : " + yType + ")" +
         (pins.integerBits ? " arithmetic #uwt." + arithmeticText(pins.integerBits) : "") +
         " {\n  ^bb0(%s: f32):\n    uwt.yield %s : f32\n  }\n  return\n}\n";
}

std::string Product::selectStrategy(const GpuTarget &target) {
  SelectStrategyPassOptions options;
  options.gpu = target.name;
  options.remarks = false;
  options.mTiles = pins.tiles;
  options.stages = pins.stages;
  options.groups = pins.groups;
  options.cluster = pins.cluster;
  options.search = pins.search;
  if (pins.strategy)
    options.strategy = stringifyProductStrategy(*pins.strategy);
  if (pins.instruction)
    options.instruction = stringifyProductInstruction(*pins.instruction);
  mlir::PassManager passes(context.get());
  passes.addPass(createSelectStrategyPass(std::move(options)));
  return mlir::succeeded(passes.run(*module)) ? "" : "there are no kernels";
}

std::string Product::prepare() {
  std::string problem = build();
  return problem.empty() ? finish() : problem;
}

std::string Product::build() {
  if (!module)
    return "the module does not parse: " + text();
  const GpuTarget &target = pins.target ? *pins.target : **findGpuTarget("sm_90a");
  if (std::string problem = selectStrategy(target); !problem.empty())
    return problem;
  auto function = *module->getOps<mlir::FunctionOpInterface>().begin();
  MatmulOp op = *function.getFunctionBody().getOps<MatmulOp>().begin();
  mlir::OpBuilder builder(function);
  codegen::KernelOptions options{target};
  options.grouped = pins.grouped;
  auto kernels = codegen::buildProductKernels(op, options, builder, "kernels");
  if (mlir::failed(kernels))
    return "there are no kernels";
  auto entries = codegen::readKernelEntries(*kernels);
  if (mlir::failed(entries))
    return "the kernels have no entries";
  built = {*kernels, std::move(*entries)};
  mlir::PassManager passes(context.get());
  passes.addPass(codegen::createEmitDecodersPass());
  return mlir::succeeded(passes.run(*module)) ? "" : "decoders cannot be emitted";
}

std::string Product::finish() {
  auto prepared = emulator::EmulatedProduct::prepare(built.module, built.entries);
  if (mlir::failed(prepared))
    return "the emulator refuses the kernels";
  product = std::move(*prepared);
  return usesPtx ? finishPtx() : "";
}

std::string Product::finishPtx() {
  const GpuTarget &target = pins.target ? *pins.target : **findGpuTarget("sm_90a");
  std::string refusal;
  mlir::ScopedDiagnosticHandler handler(context.get(), [&](mlir::Diagnostic &diagnostic) {
    refusal += diagnostic.str();
    return mlir::success();
  });
  auto code = compileToPtx(built.module, target);
  return mlir::failed(code) ? refusal : setPtx(code->ptx);
}

std::string Product::setPtx(const std::string &text) {
  ptxText = text;
  auto prepared = emulator::EmulatedProduct::preparePtx(text, built.entries);
  if (!prepared)
    return prepared.error().message();
  productOfPtx = std::move(*prepared);
  return {};
}

Expected<emulator::EmulatedWeight> Product::load(const std::vector<uint16_t> &weights,
                                                 bool asWords) const {
  ThreadPool pool(1);
  UWT_ASSIGN_OR_RETURN(Format parsed, Format::parse(format));
  TensorDescription description{pins.element, {shape.rows, shape.columns}, parsed};
  if (pins.grouped)
    description.shape.insert(description.shape.begin(),
                             weights.size() / (shape.rows * shape.columns));
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(weights.data()),
                                 weights.size() * 2);
  LoadOptions load;
  load.asWords = asWords;
  UWT_ASSIGN_OR_RETURN(LoadedWeight weight,
                       LoadedWeight::fromBytes(description, bytes, pool, load));
  return emulator::EmulatedWeight::make(weight);
}

Expected<std::vector<float>> Product::run(const emulator::EmulatedWeight &weight,
                                          const std::vector<uint16_t> &x, unsigned ctas,
                                          uint64_t seed, const std::vector<int32_t> &slices) const {
  UWT_ASSIGN_OR_RETURN(std::vector<float> y, runOne(FrontEnd::Ir, weight, x, ctas, seed, slices));
  if (!productOfPtx)
    return y;
  UWT_ASSIGN_OR_RETURN(std::vector<float> ofPtx,
                       runOne(FrontEnd::Ptx, weight, x, ctas, seed, slices));
  for (size_t i = 0; i < y.size(); ++i)
    if (std::bit_cast<uint32_t>(y[i]) != std::bit_cast<uint32_t>(ofPtx[i]) &&
        !(std::isnan(y[i]) && std::isnan(ofPtx[i])))
      return invalidError("y " + std::to_string(i) + " is " + std::to_string(y[i]) + ", and " +
                          std::to_string(ofPtx[i]) + " from PTX");
  return y;
}

Expected<std::vector<float>> Product::runOne(FrontEnd frontEnd,
                                             const emulator::EmulatedWeight &weight,
                                             const std::vector<uint16_t> &x, unsigned ctas,
                                             uint64_t seed,
                                             const std::vector<int32_t> &slices) const {
  std::vector<float> y(shape.rows * shape.m);
  emulator::EmulatedOperands operands;
  operands.x = {reinterpret_cast<const uint8_t *>(x.data()), x.size() * 2};
  operands.y = {reinterpret_cast<uint8_t *>(y.data()), y.size() * 4};
  operands.m = static_cast<uint32_t>(shape.m);
  operands.slices = {reinterpret_cast<const uint8_t *>(slices.data()), slices.size() * 4};
  emulator::EmulationOptions emulation;
  emulation.seed = seed;
  const auto &kernels = frontEnd == FrontEnd::Ir ? product : productOfPtx;
  if (!kernels)
    return invalidError("the kernels are not ready to run");
  UWT_RETURN_IF_ERROR(kernels->run(weight, operands, ctas, emulation));
  return y;
}

Expected<std::vector<float>> Product::run(const std::vector<uint16_t> &weights,
                                          const std::vector<uint16_t> &x, unsigned ctas,
                                          uint64_t seed) const {
  UWT_ASSIGN_OR_RETURN(emulator::EmulatedWeight weight, load(weights));
  return run(weight, x, ctas, seed);
}

bool Product::assembles(const std::string &target) {
  cuda_tools::GpuCodeOptions output;
  output.output = cuda_tools::GpuOutput::Cubin;
  return mlir::succeeded(cuda_tools::compileKernels(built.module, **findGpuTarget(target), output));
}

const Product *rawTwin(const Shape &shape, const KernelPins &pins) {
  struct Twin {
    Shape shape;
    KernelPins pins;
    Product product;
    bool isPrepared;
  };
  static std::list<Twin> twins;
  auto isIt = [&](const Twin &twin) { return twin.shape == shape && twin.pins == pins; };
  auto found = std::ranges::find_if(twins, isIt);
  if (found == twins.end()) {
    twins.push_back({shape, pins, Product("raw", shape, pins), false});
    found = std::prev(twins.end());
    found->isPrepared = found->product.prepare().empty();
  }
  return found->isPrepared ? &found->product : nullptr;
}

} // namespace uwt::test
