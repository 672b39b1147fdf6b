//===- Checkpoints.cpp - Quantised checkpoints for tests ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include <algorithm>
#include <filesystem>

using namespace uwt;
using namespace uwt::test;

std::string uwt::test::goldenFolder(const std::string &name) {
  return (sourceFolder() / "test" / "Import" / "golden" / name).string();
}

std::vector<std::string> uwt::test::goldenNames() { return namesIn(goldenFolder("")); }

std::string uwt::test::goldenTestName(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

static Checkpoint opened(const std::string &path) {
  Expected<Checkpoint> checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(holds(checkpoint));
  return std::move(*checkpoint);
}

static ImportedWeights imported(const Checkpoint &checkpoint, const std::string &path) {
  Expected<ImportedWeights> weights = ImportedWeights::open(checkpoint, path);
  EXPECT_TRUE(holds(weights));
  return std::move(*weights);
}

OpenedCheckpoint::OpenedCheckpoint(const std::string &path)
    : checkpoint(opened(path)), weights(imported(checkpoint, path)) {}

std::vector<TestTensor> uwt::test::tensorsOf(const std::string &path) {
  Checkpoint checkpoint = opened(path);
  ThreadPool pool(1);
  std::vector<TestTensor> tensors;
  for (const Container &container : checkpoint.files())
    for (const TensorEntry &entry : container.entries()) {
      Bytes bytes(entry.bytes);
      Expected<TensorReader> reader = container.reader(entry);
      EXPECT_TRUE(holds(reader));
      EXPECT_TRUE(holds(reader->read(bytes, pool)));
      tensors.push_back({entry.name, std::string(entry.dtype->name), entry.shape, bytes});
    }
  return tensors;
}

std::string uwt::test::spelled(const ImportedWeight &weight) {
  Expected<Format> format = Format::parse(weight.format);
  return format ? format->str() : format.error().message();
}

Expected<Bytes> uwt::test::decoded(const ImportedWeight &weight, ElementType type,
                                   unsigned threads) {
  ThreadPool pool(threads);
  UWT_ASSIGN_OR_RETURN(QuantizedWeight read, weight.read(pool));
  Bytes bytes(read.rows * read.columns * getTraits(type).bytes);
  read.decode(type, bytes, pool);
  return bytes;
}

void uwt::test::writeCodes(const QuantizedPart &part, const TemporaryFolder &folder) {
  std::vector<TestTensor> tensors;
  for (const auto &[name, tensor] : part.tensors())
    tensors.push_back(
        {goldenModule + "." + name, std::string(tensor.dtype->name), tensor.shape, tensor.bytes});
  writeTensors(folder / "model.safetensors", tensors);
  writeText(folder / "config.json",
            R"({"quantization_config": {"quant_method": "uwt-codes", "format": ")" +
                part.format.str() + "\"}}");
}

EditedCheckpoint::EditedCheckpoint(const std::string &name)
    : tensors(tensorsOf(goldenFolder(name) + "/model.safetensors")),
      metadata(opened(goldenFolder(name) + "/model.safetensors").files().front().metadata()),
      config(std::filesystem::exists(goldenFolder(name) + "/config.json")
                 ? readText(goldenFolder(name) + "/config.json")
                 : "") {}

TestTensor &EditedCheckpoint::tensor(const std::string &suffix) {
  for (TestTensor &each : tensors)
    if (each.name == goldenModule + "." + suffix)
      return each;
  ADD_FAILURE() << "no tensor " << suffix;
  return tensors.front();
}

void EditedCheckpoint::replaceInConfig(const std::string &from, const std::string &to) {
  size_t at = config.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  config.replace(at, from.size(), to);
}

std::string EditedCheckpoint::write(TemporaryFolder &folder) const {
  writeTensors(folder / "model.safetensors", tensors, metadata);
  if (!config.empty())
    writeText(folder / "config.json", config);
  return folder.path;
}

std::string uwt::test::errorOf(const EditedCheckpoint &edited) {
  TemporaryFolder folder;
  OpenedCheckpoint opened(edited.write(folder));
  if (!opened.weight())
    return "no weight";
  Expected<Bytes> bytes = decoded(*opened.weight(), ElementType::BF16);
  if (!opened.weight()->refusal.empty())
    EXPECT_EQ(messageOf(bytes), opened.weight()->refusal);
  return messageOf(bytes);
}
