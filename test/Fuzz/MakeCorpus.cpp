//===- MakeCorpus.cpp - Seeds for the fuzzers -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes corpus/<fuzzer>/<seed> under the folder that is given: sound inputs of every
// format, small, from which mutation starts. The same files every time.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "CompiledInput.h"
#include "Container/Reseal.h"
#include "Container/TestFiles.h"
#include "FuzzBase.h"
#include "Import/Checkpoints.h"
#include "Pack/SamplePack.h"
#include "PlaneInput.h"
#include "lib/Container/Manifest.h"
#include "uwt/Codec/Packed.h"
#include "uwt/Container/BaseModel.h"
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

using namespace uwt;
using namespace uwt::test;

namespace fs = std::filesystem;

static bool writeSeed(const fs::path &folder, const std::string &name,
                      std::span<const uint8_t> bytes) {
  fs::create_directories(folder);
  std::ofstream file(folder / name, std::ios::binary);
  file.write(reinterpret_cast<const char *>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return bool(file);
}

static std::span<const uint8_t> bytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

static int failed(const std::string &what) {
  std::fprintf(stderr, "make-corpus: %s\n", what.c_str());
  return 1;
}

//===----------------------------------------------------------------------===//
// Format texts
//===----------------------------------------------------------------------===//

static int makeFormatTexts(const fs::path &corpus) {
  std::vector<std::string> texts = registeredFormats();
  // Of quantised weights.
  texts.emplace_back("uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}");
  texts.emplace_back("int<8>, zero=3, scale={row, bf16}");
  texts.emplace_back("f8E4M3FN, scale={128x128, f8E8M0FNU}");
  texts.emplace_back("table<3>, pick={1x128, uint<2>}, scale={1x128, f16}");
  texts.emplace_back("table<4>, table={row, f16}, scale={flat<64>, f32}");
  texts.emplace_back("uint<2>, scale={1x16, uint<3>, zero={column, f16}, divide={row, uint<4>, "
                     "scale={tensor, f32}}, offset={stride<768>, f16}}");
  for (const std::string &text : texts)
    for (bool isFull : {false, true}) {
      std::string form = isFull ? parsedFormat(text).fullStr() : text;
      std::string name = testNameOf(text) + (isFull ? "-full" : "");
      if (!writeSeed(corpus / "format-text", name, bytesOf(form)))
        return failed("cannot write format texts");
    }
  return 0;
}

//===----------------------------------------------------------------------===//
// Planes
//===----------------------------------------------------------------------===//

/// The smallest shapes that have all there is: two matrices with panels of two strips, rows of
/// two stream units, else a strip that is not full.
static PlaneInput inputOf(uint8_t example, ElementType element, bool isTall, bool isWide) {
  PlaneInput input;
  input.example = example;
  input.element = static_cast<uint8_t>(element);
  input.matrices = isTall ? 2 : 1;
  input.rows = isTall ? 19 : isWide ? 3 : 12;
  input.columns = isWide ? 1040 : 20;
  return input;
}

/// Writes the seed of `input`'s tensor, encoded; nothing where its type does not take the format.
static bool writePlanes(const fs::path &corpus, const Codec &codec, PlaneInput input,
                        const std::string &name) {
  ThreadPool pool(1);
  std::optional<TensorDescription> description = input.description(codec);
  if (!description)
    return true;
  Expected<EncodedCase> encoded =
      encodeCase(*description, Distribution::StudentT4, 1 + input.example, pool);
  if (!encoded)
    return false;
  input.planes = encoded->planes.planes;
  return writeSeed(corpus / ("decode-" + std::string(codec.keyword())), name, input.write());
}

static int makePlanes(const fs::path &corpus, const Codec &codec) {
  uint8_t example = 0;
  for (const std::string &text : codec.examples()) {
    for (ElementType element : {ElementType::BF16, ElementType::F32, ElementType::F8E4M3FN}) {
      // Every format once, and the codec's first one with more types and shapes.
      if (example != 0 && element != ElementType::BF16)
        continue;
      bool isTall = example == 0 && element == ElementType::F8E4M3FN;
      bool isWide = !isTall && parsedFormat(text).layout == Layout::RowMajor;
      PlaneInput input = inputOf(example, element, isTall, isWide);
      std::string name = testNameOf(text) + "-" + std::string(getTraits(element).name);
      if (!writePlanes(corpus, codec, input, name))
        return failed("cannot write planes of " + name);
      for (input.fold = 1; example == 0 && input.fold < std::size(planeInputFolds); ++input.fold) {
        std::string folded = name + "-fold" + std::to_string(input.fold);
        if (element == ElementType::BF16 && !writePlanes(corpus, codec, input, folded))
          return failed("cannot write planes of " + folded);
      }
    }
    ++example;
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// Compiled decoders
//===----------------------------------------------------------------------===//

/// The planes of a weight as the input has them, to be changed byte by byte.
static bool writeCompiledPlanes(const fs::path &folder, const std::string &format,
                                CompiledInput input) {
  ThreadPool pool(1);
  TensorDescription description;
  description.format = parsedFormat(format);
  description.shape = {compiledShapes[0].rows, compiledShapes[0].columns};
  Expected<EncodedCase> encoded = encodeCase(description, Distribution::StudentT4, 1, pool);
  if (!encoded)
    return false;
  input.planes.emplace().planes = encoded->planes.planes;
  return writeSeed(folder, testNameOf(format) + "-planes", input.write());
}

/// Every format that products may run from, in all shapes in turn, with damaged codes; and the
/// planes of a small weight for the first one of each codec.
static int makeCompiledInputs(const fs::path &folder) {
  CompiledInput input;
  for (const Codec *codec : allCodecs()) {
    input.shape = 0;
    for (const std::string &format : codec->examples()) {
      if (parsedFormat(format).layout == Layout::Fragment16x16) {
        input.damage = {{numberOf(PlaneKind::Code), PlaneDamage::Kind::Fill, 512, input.example}};
        input.isFencedBefore = input.example % 2 != 0;
        if (!writeSeed(folder, testNameOf(format), input.write()))
          return failed("cannot write inputs of compiled decoders");
        input.damage.clear();
        if (input.shape == 0 && !writeCompiledPlanes(folder, format, input))
          return failed("cannot write planes of " + format);
        ++input.shape;
      }
      ++input.example;
    }
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

namespace {
/// Tensors of a small model, and what keeps their bytes alive.
struct SmallModel {
  std::vector<std::vector<uint8_t>> bytes;
  std::vector<SafetensorsOutput> tensors;

  void add(std::string name, ElementType element, std::vector<uint64_t> shape,
           Distribution distribution) {
    const SafetensorsDtype *dtype = findSafetensorsDtype(getTraits(element).safetensorsName);
    bytes.push_back(makeTensor(element, shape, distribution, 1 + bytes.size()));
    tensors.push_back({std::move(name), dtype, std::move(shape), bytes.back()});
  }
};
} // namespace

/// The same model against the base that the fuzzer has.
static int makeDifferences(const std::string &plain, const std::string &output) {
  std::string path = output + ".base";
  if (Status written = writeFuzzBase(path); !written)
    return failed(written.error().message());
  auto base = BaseModel::openHashed(path, 1);
  fs::remove(path);
  if (!base)
    return failed(base.error().message());
  CompressOptions options;
  options.base = *base;
  options.overwrite = true;
  options.threads = 1;
  Expected<FileReport> report = compressFile(plain, output, options);
  return report ? 0 : failed(report.error().message());
}

/// Makes tensors whose bases have other names, rows and dtypes (diff-7).
static int makeSources(const fs::path &folder) {
  std::vector<uint8_t> a =
      makeTensor(ElementType::BF16, std::vector<uint64_t>{64, 64}, Distribution::Gaussian, 1);
  std::vector<uint8_t> c =
      makeTensor(ElementType::F16, std::vector<uint64_t>{40, 64}, Distribution::Gaussian, 4);
  std::vector<uint8_t> wide;
  for (size_t at = 0; at < a.size(); at += 2)
    wide.insert(wide.end(), {0, 0, a[at], a[at + 1]});
  c.resize(size_t(30) * 64 * 2);
  a.resize(size_t(70) * 64 * 2);
  std::vector<SafetensorsOutput> tensors = {
      {"a.weight", findSafetensorsDtype("F32"), {64, 64}, wide},
      {"embeddings.weight", findSafetensorsDtype("F16"), {30, 64}, c},
      {"model.a.weight", findSafetensorsDtype("BF16"), {70, 64}, a}};
  fs::path plain = folder / "plain-sources";
  if (Status written = writeSafetensors(plain, tensors, {}, true); !written)
    return failed(written.error().message());
  int result = makeDifferences(plain, folder / "sources");
  fs::remove(plain);
  return result;
}

static int makeFiles(const fs::path &corpus) {
  fs::path plain = corpus / "container" / "plain", folder = corpus / "container";
  fs::create_directories(folder);
  SmallModel model;
  model.bytes.reserve(8);
  model.add("a.weight", ElementType::BF16, {64, 64}, Distribution::Gaussian);
  model.add("a.bias", ElementType::F32, {20}, Distribution::Gaussian);
  model.add("b.weight", ElementType::F32, {2, 32, 32}, Distribution::WasBF16);
  model.add("embeddings.weight", ElementType::F16, {40, 64}, Distribution::Gaussian);
  model.add("empty", ElementType::BF16, {0, 4}, Distribution::Zeros);
  // Equal to the first: stored under its name.
  model.tensors.push_back(model.tensors.front());
  model.tensors.back().name = "tied.weight";
  Status written = writeSafetensors(plain, model.tensors, {{"format", "pt"}}, true);
  if (!written)
    return failed(written.error().message());

  CompressOptions options;
  options.minimumElements = 1;
  options.overwrite = true;
  options.sha256 = true;
  options.threads = 1;
  for (const char *format : {"huffman<12,1>, context=row_class<2>", "window<4>", "inplace<11>"}) {
    options.format = parsedFormat(format);
    Expected<FileReport> report = compressFile(plain, folder / testNameOf(format), options);
    if (!report)
      return failed(report.error().message());
  }
  options.minimumElements = 64;
  options.compactBytes = 0;
  if (auto report = compressFile(plain, folder / "compact", options); !report)
    return failed(report.error().message());

  if (int result = makeDifferences(plain, folder / "differences"))
    return result;
  if (int result = makeSources(folder))
    return result;

  std::ifstream file(plain, std::ios::binary);
  std::string whole((std::istreambuf_iterator<char>(file)), {});
  uint64_t headerBytes = 0;
  for (size_t i = 0; i < 8; ++i)
    headerBytes |= uint64_t(uint8_t(whole[i])) << (8 * i);
  // As the fuzzer reads it: bytes of data in four bytes, then the header's text.
  uint32_t dataBytes = static_cast<uint32_t>(whole.size() - 8 - headerBytes);
  std::string seed;
  for (size_t i = 0; i < 4; ++i)
    seed += static_cast<char>(dataBytes >> (8 * i));
  seed += whole.substr(8, headerBytes);
  return writeSeed(corpus / "safetensors", "header", bytesOf(seed))
             ? 0
             : failed("cannot write the header");
}

/// Containers of one weight in each kind of format, as programs load them.
static int makeWeights(const fs::path &folder) {
  fs::create_directories(folder);
  SmallModel model;
  model.add("w", ElementType::BF16, {70, 40}, Distribution::StudentT4);
  std::string plain = folder / "raw";
  Status written = writeSafetensors(plain, model.tensors, {}, true);
  if (!written)
    return failed(written.error().message());
  for (const char *format :
       {"huffman<12,2>",
        "huffman<12,1>, coded=exponent+2, "
        "context=row_class<4>",
        "huffman<12,1>, layout=row_major", "huffman<15,1>, escapes=rows<64>", "rice<1,8>",
        "window<4>", "inplace<12>", "bitplane<3>", "palette<4>"}) {
    CompressOptions options;
    options.format = parsedFormat(format);
    options.overwrite = true;
    options.threads = 1;
    Expected<FileReport> report = compressFile(plain, folder / testNameOf(format), options);
    if (!report)
      return failed(report.error().message());
  }
  return 0;
}

/// A manifest with everything that there is, and the one of version 1.
static int makeManifests(const fs::path &corpus) {
  Manifest manifest;
  for (ManifestFile::Kind kind : {ManifestFile::Kind::Container, ManifestFile::Kind::Carried,
                                  ManifestFile::Kind::Rewritten}) {
    ManifestFile &file = manifest.files.emplace_back();
    file.kind = kind;
    file.path = file.originalPath = "a/file" + std::to_string(manifest.files.size());
    file.bytes = 100;
    file.checksum = 0x0123456789abcdef;
    file.mode = 0644;
  }
  manifest.files[0].path = "model.uwt.safetensors";
  manifest.files[0].originalPath = "model.safetensors";
  manifest.files[0].originalBytes = 150;
  manifest.files[2].original = "{\"a\": 1}\n";
  manifest.folders = {"empty"};
  manifest.leftOut = {".git"};
  std::string text = manifest.str(), old = text;
  for (const char *key : {"\"checkpoint\": ", "\"reader\": "})
    old.replace(old.find(key) + std::string(key).size(), 1, "1");
  return writeSeed(corpus / "manifest", "all", bytesOf(text)) &&
                 writeSeed(corpus / "manifest", "version-1", bytesOf(resealManifest(old)))
             ? 0
             : failed("cannot write manifests");
}

/// Numbers that a fuzzer takes its choices from: any do.
static int makeRandomInputs(const fs::path &corpus, const std::string &fuzzer) {
  Random random(1);
  for (unsigned i = 0; i < 6; ++i) {
    std::vector<uint8_t> bytes(200);
    for (uint8_t &byte : bytes)
      byte = static_cast<uint8_t>(random.below(256));
    if (!writeSeed(corpus / fuzzer, "random" + std::to_string(i), bytes))
      return failed("cannot write inputs of " + fuzzer);
  }
  return 0;
}

/// What PackedFuzzer takes: packed forms of each kind of section and filter.
static int makePacked(const fs::path &corpus) {
  Random random(3);
  ThreadPool pool(1);
  for (uint32_t bytes : {1u, 2u, 8u})
    for (unsigned pattern = 0; pattern < 3; ++pattern) {
      std::vector<uint8_t> elements(3000 * bytes);
      for (size_t i = 0; i < elements.size(); ++i)
        if (pattern == 1 ? i / bytes % 3 == 0 : pattern == 0)
          elements[i] = static_cast<uint8_t>(random.below(9));
        else if (pattern == 2)
          elements[i] = i < 200 ? static_cast<uint8_t>(random.below(256)) : elements[i - 160];
      auto kind = static_cast<PackedElement::Kind>(pattern);
      std::vector<uint8_t> seed = {static_cast<uint8_t>(elements.size()),
                                   static_cast<uint8_t>(elements.size() >> 8), 0x80};
      auto append = [&](std::span<const uint8_t> piece) {
        seed.insert(seed.end(), piece.begin(), piece.end());
        return ok();
      };
      std::string name = std::to_string(bytes) + "-" + std::to_string(pattern);
      if (!packElements(elements, {{bytes, kind}, pattern == 2, 12}, pool, append) ||
          !writeSeed(corpus / "packed", name, seed))
        return failed("cannot write packed forms");
    }
  return 0;
}

/// What ImportFuzzer takes: the configuration and the file of a folder.
static bool writeImport(const fs::path &corpus, const std::string &name, const fs::path &folder) {
  Bytes input = readBytes(folder / "config.json"), model = readBytes(folder / "model.safetensors");
  input.push_back(0);
  input.insert(input.end(), model.begin(), model.end());
  return writeSeed(corpus, name, input);
}

/// Checkpoints of recipe `codes`: a table, zero points, offsets, and a matrix that lies transposed.
static int makeCodes(const fs::path &corpus) {
  ThreadPool pool(1);
  for (const char *name : {"bnb-nf4", "gptq-v2-b4-g64", "torchao-int4-tiles-g64", "gpt-oss"}) {
    OpenedCheckpoint opened(goldenFolder(name));
    TensorSlice slice;
    if (opened.weight()->shape.size() > 2)
      slice.expert = 0;
    Expected<QuantizedPart> part = readQuantizedPart(*opened.weight(), slice, pool);
    if (!part)
      return failed("cannot read codes");
    TemporaryFolder folder;
    writeCodes(*part, folder);
    if (!writeImport(corpus, std::string("codes-") + name, folder.path))
      return failed("cannot write codes");
  }
  return 0;
}

/// Checkpoints of recipe `codes` with grids that packers do not have: tables that cells pick or
/// have, and grids inside of grids.
static int makeGrids(const fs::path &corpus) {
  constexpr uint64_t rows = 2, columns = 32;
  const TestTensor codes = {"X.weight", "U8", {rows, columns}, Bytes(rows * columns, 1)};
  const TestTensor scale = {"X.weight_scale", "F16", {rows, 1}, {0, 0x3C, 0, 0x3C}};
  auto ofBytes = [](const char *name, const char *dtype, std::vector<uint64_t> shape,
                    size_t bytes) {
    return TestTensor{name, dtype, std::move(shape), Bytes(bytes, 1)};
  };
  struct Seed {
    const char *name, *format;
    std::vector<TestTensor> tensors;
  };
  const Seed seeds[] = {
      {"pick",
       "table<1>, pick={1x16, uint<2>}, scale={row, f16}",
       {codes, scale, ofBytes("X.weight_table", "F32", {3, 2}, 24),
        ofBytes("X.weight_pick", "U8", {rows, 2}, 4)}},
      {"tables",
       "table<1>, table={row, f16}, scale={row, f16}",
       {codes, scale, ofBytes("X.weight_table", "F16", {rows, 2}, 8)}},
      {"nested",
       "uint<2>, scale={1x16, uint<3>, zero={row, uint<3>}, divide={tensor, f32}, offset={row, "
       "f16}}",
       {codes, ofBytes("X.weight_scale", "U8", {rows, 2}, 4),
        ofBytes("X.weight_scale_zero_point", "U8", {rows, 1}, 2),
        ofBytes("X.weight_scale_scale", "F32", {1}, 4),
        ofBytes("X.weight_scale_offset", "F16", {rows, 1}, 4)}},
  };
  for (const Seed &seed : seeds) {
    TemporaryFolder folder;
    writeTensors(folder / "model.safetensors", seed.tensors);
    writeText(folder / "config.json",
              R"({"quantization_config": {"quant_method": "uwt-codes", "format": ")" +
                  std::string(seed.format) + "\"}}");
    if (!writeImport(corpus, std::string("codes-") + seed.name, folder.path))
      return failed("cannot write grids");
  }
  return 0;
}

/// A checkpoint of each recipe.
static int makeImports(const fs::path &corpus) {
  for (const char *name : {"gptq-planar-b3", "gptq-b2-g-idx", "awq-gemm-g128", "ct-int3-g128",
                           "ct-int4-g32-asym", "ct-mxfp4", "modelopt-nvfp4", "fp8-block",
                           "bnb-nf4-nested", "awq-gemv-g64", "awq-gemv-fast-g32", "marlin-g128",
                           "hqq-b4-axis0", "torchao-int4-tiles-g64", "torchao-fp8-row"}) {
    if (!writeImport(corpus, name, goldenFolder(name)))
      return failed("cannot write quantised checkpoints");
  }
  for (const char *name : {"types.gguf", "llama.gguf", "types-iq.gguf", "llama-nvfp4.gguf"})
    if (!writeSeed(corpus.parent_path() / "gguf", name,
                   readBytes(sourceFolder() / "test" / "Import" / "gguf" / name)))
      return failed("cannot write files of llama.cpp");
  for (const char *name : {"float-zeros.onnx", "dequantize.onnx", "qdq-b4-rows.onnx"})
    if (!writeSeed(corpus.parent_path() / "onnx", name,
                   readBytes(sourceFolder() / "test" / "Import" / "onnx" / name)))
      return failed("cannot write files of ONNX");
  return 0;
}

static int makePack(const fs::path &corpus) {
  Expected<std::vector<uint8_t>> pack = samplePack().bytes();
  return pack && writeSeed(corpus / "pack", "sample", *pack) ? 0 : failed("cannot write the pack");
}

int main(int argc, char **argv) {
  if (argc != 2)
    return failed("usage: fuzz-make-corpus FOLDER");
  fs::path corpus = argv[1];
  int result = makeFormatTexts(corpus);
  for (const Codec *codec : allCodecs())
    result |= makePlanes(corpus, *codec);
  result |= makeManifests(corpus) | makeRandomInputs(corpus, "encoder") | makePacked(corpus) |
            makeRandomInputs(corpus, "capi") | makeWeights(corpus / "runtime") |
            makeCompiledInputs(corpus / "compiled-decoder") | makeImports(corpus / "import") |
            makeCodes(corpus / "import") | makeGrids(corpus / "import");
  return result | makePack(corpus) | makeFiles(corpus);
}
