//===- CompileText.cpp - Modules that may have been compiled before -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CodeFolder.h"
#include "KeyBuilder.h"
#include "LinkProgram.h"
#include "ProductRunner.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Compiler/PassThreads.h"
#include "uwt/Compiler/ProductTarget.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/File.h"
#include "uwt/Container/Fingerprint.h"
#include "llvm/Support/Endian.h"
#include "llvm/TargetParser/Host.h"
#include <thread>

using namespace uwt;

/// What all kept programs take at most.
static constexpr uint64_t maxProgramFolderBytes = uint64_t(1) << 30;

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

/// Adds the header of a file of weights: names, types, formats, and in containers the checksums.
/// Code depends on nothing else of the file; the bytes of tensors are loaded anew.
static bool addHeader(KeyBuilder &key, const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file || file->bytes().size() < sizeof(uint64_t))
    return false;
  std::span<const uint8_t> bytes = file->bytes();
  uint64_t length = llvm::support::endian::read64le(bytes.data());
  length = std::min<uint64_t>(length, bytes.size() - sizeof(uint64_t));
  key.add({reinterpret_cast<const char *>(bytes.data()) + sizeof(uint64_t), length});
  return static_cast<bool>(file->checkRead());
}

/// What code for this machine depends on, or nothing where that is not known.
static std::optional<std::string> codeKeyOf(std::string_view text, const std::string &name,
                                            const CompileOptions &options) {
  auto target = ProductTarget::parse(options.target);
  if (!target || !checkRunsHere(*target->host))
    return std::nullopt;
  // What the emulator runs is no code.
  if (!target->gpus.empty() && !target->isDevice())
    return std::nullopt;
  KeyBuilder key;
  if (!key.addCompiler())
    return std::nullopt;
  key.add(target->host->name);
  key.add(llvm::sys::getHostCPUName());
  key.addNumber(std::thread::hardware_concurrency());
  key.addOptions(options);
  if (target->isDevice() && !key.addTool(cuda_tools::CudaTool::Ptxas))
    return std::nullopt;
  // Stands in messages of failed calls.
  key.add(name);
  key.add(text);
  for (const std::string &path : options.weights) {
    auto files = weightFiles(path);
    if (!files)
      return std::nullopt;
    // The configuration says what the tensors are together.
    auto config = configFingerprintOf(path);
    if (!config)
      return std::nullopt;
    key.add(*config);
    key.addNumber(files->size());
    for (const std::string &file : *files) {
      // Names of files say which of them are the model.
      key.add(std::string_view(file).substr(std::min(path.size(), file.size())));
      if (!addHeader(key, file))
        return std::nullopt;
    }
  }
  return key.str();
}

//===----------------------------------------------------------------------===//
// compileText
//===----------------------------------------------------------------------===//

static Expected<std::unique_ptr<Program>>
compileAndKeep(mlir::ModuleOp module, const CompileOptions &options, ThreadPool &pool,
               const CodeFolder &folder, const std::string &key, const StageFunction &onStage) {
  UWT_ASSIGN_OR_RETURN(ProductTarget target, ProductTarget::parse(options.target));
  if (target.isDevice())
    UWT_RETURN_IF_ERROR(ProductRunner::checkDevice());
  CompileStats stats;
  UWT_ASSIGN_OR_RETURN(ProgramCode code, compileCode(module, options, stats, pool, onStage));
  if (Status kept = folder.store(key, packObjects(code), maxProgramFolderBytes); !kept)
    code.remarks.push_back("the program is not kept: " + kept.error().message());
  stats.cache = CacheUse::Miss;
  return loadCode(std::move(code), options, pool, std::move(stats), onStage);
}

Status uwt::checkCodeFolder(const std::string &folder) {
  UWT_RETURN_IF_ERROR(CodeFolder::open(folder));
  return ok();
}

Expected<std::unique_ptr<Program>> uwt::compileText(std::string_view text, const std::string &name,
                                                    const CompileOptions &options, ThreadPool &pool,
                                                    const std::string &folder,
                                                    const StageFunction &onStage) {
  std::optional<CodeFolder> kept;
  std::optional<std::string> key;
  if (!folder.empty()) {
    UWT_ASSIGN_OR_RETURN(kept, CodeFolder::open(folder));
    key = codeKeyOf(text, name, options);
  }
  if (std::optional<std::string> object = key ? kept->load(*key) : std::nullopt) {
    CompileStats stats;
    stats.cache = CacheUse::Hit;
    // One that cannot be read is replaced.
    if (auto code = readProgramCode({*object, name}))
      return loadCode(*std::move(code), options, pool, std::move(stats), onStage);
  }
  PassThreads threads(pool);
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  if (pool.size() > 1)
    context->setThreadPool(threads);
  UWT_ASSIGN_OR_RETURN(auto module, parseModule(*context, text, name, options.trustIr));
  if (!key)
    return compile(*module, options, pool, onStage);
  return compileAndKeep(*module, options, pool, *kept, *key, onStage);
}
