//===- KeyBuilder.cpp - What programs are found by ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KeyBuilder.h"
#include "uwt/Container/File.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include <link.h>

using namespace uwt;

/// The linker's digest of a loaded program or library, or nothing where it has none.
static std::string buildIdOf(const dl_phdr_info &object) {
  for (const ElfW(Phdr) &segment : llvm::ArrayRef(object.dlpi_phdr, object.dlpi_phnum)) {
    if (segment.p_type != PT_NOTE)
      continue;
    const char *note = reinterpret_cast<const char *>(object.dlpi_addr + segment.p_vaddr);
    const char *end = note + segment.p_memsz;
    while (note + sizeof(ElfW(Nhdr)) <= end) {
      const auto *header = reinterpret_cast<const ElfW(Nhdr) *>(note);
      const char *name = note + sizeof(*header);
      const char *content = name + llvm::alignTo(header->n_namesz, 4);
      if (header->n_type == NT_GNU_BUILD_ID && llvm::StringRef(name, 3) == "GNU")
        return std::string(content, header->n_descsz);
      note = content + llvm::alignTo(header->n_descsz, 4);
    }
  }
  return {};
}

static bool holds(const dl_phdr_info &object, uintptr_t address) {
  return llvm::any_of(
      llvm::ArrayRef(object.dlpi_phdr, object.dlpi_phnum), [&](const ElfW(Phdr) & segment) {
        uintptr_t begin = object.dlpi_addr + segment.p_vaddr;
        return segment.p_type == PT_LOAD && begin <= address && address < begin + segment.p_memsz;
      });
}

namespace {
struct BuildIds {
  std::string own, libraries;
};
} // namespace

/// Of the compiler and of the libraries that it generates code with.
static const BuildIds &buildIds() {
  static const BuildIds ids = [] {
    BuildIds found;
    dl_iterate_phdr(
        [](dl_phdr_info *object, size_t, void *data) {
          auto *found = static_cast<BuildIds *>(data);
          llvm::StringRef name(object->dlpi_name ? object->dlpi_name : "");
          if (holds(*object, reinterpret_cast<uintptr_t>(&buildIds)))
            found->own = buildIdOf(*object);
          else if (name.contains("libLLVM") || name.contains("libMLIR"))
            found->libraries += buildIdOf(*object);
          return 0;
        },
        &found);
    return found;
  }();
  return ids;
}

bool KeyBuilder::addCompiler() {
  const BuildIds &ids = buildIds();
  add(ids.own);
  add(ids.libraries);
  add(LLVM_VERSION_STRING);
  return !ids.own.empty();
}

bool KeyBuilder::addTool(cuda_tools::CudaTool tool) {
  auto path = cuda_tools::findCudaTool(tool, "");
  llvm::sys::fs::file_status status;
  if (!path || llvm::sys::fs::status(*path, status))
    return false;
  add(*path);
  addNumber(status.getSize());
  addNumber(static_cast<uint64_t>(status.getLastModificationTime().time_since_epoch().count()));
  return true;
}

void KeyBuilder::addOptions(const CompileOptions &options) {
  add(options.target);
  addNumber(options.format.has_value());
  add(options.format.value_or(""));
  add(options.strategy.name);
  add(options.gpu);
  add(options.profileFolder.value_or(""));
  add(options.calibration);
  if (auto calibration = MappedFile::open(options.calibration);
      !options.calibration.empty() && calibration) {
    std::span<const uint8_t> bytes = calibration->bytes();
    add({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
  }
  for (uint64_t number : {static_cast<uint64_t>(options.minElements),
                          uint64_t(options.profit),
                          uint64_t(options.strategy.tileN),
                          uint64_t(options.strategy.tileM),
                          uint64_t(options.strategy.tileK),
                          uint64_t(options.strategy.prefetch),
                          uint64_t(options.strategy.readStreams),
                          uint64_t(options.threads),
                          uint64_t(options.mHint),
                          uint64_t(options.exact),
                          uint64_t(options.integerBits),
                          uint64_t(options.optimisation),
                          uint64_t(options.check),
                          uint64_t(options.trustIr),
                          uint64_t(options.runtimeChecks),
                          uint64_t(options.ownFormat),
                          uint64_t(options.columnsByCell),
                          uint64_t(options.assumePlain),
                          uint64_t(options.grouped),
                          uint64_t(options.profileFolder.has_value()),
                          uint64_t(options.weightKernels.encode),
                          uint64_t(options.weightKernels.decode),
                          uint64_t(options.weightKernels.gather)})
    addNumber(number);
}
