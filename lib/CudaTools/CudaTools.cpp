//===- CudaTools.cpp - ptxas and nvdisasm, found and run ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaTools.h"
#include "uwt/Support/Suggest.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <tuple>

using namespace uwt;
using namespace uwt::cuda_tools;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

namespace {
struct ToolNames {
  const char *program, *variable, *package;
};
} // namespace

static const ToolNames &namesOf(CudaTool tool) {
  static constexpr ToolNames names[] = {{"ptxas", "UWT_PTXAS", "nvidia-cuda-nvcc"},
                                        {"nvdisasm", "UWT_NVDISASM", "nvidia-cuda-nvdisasm"}};
  return names[static_cast<unsigned>(tool)];
}

/// ROOT/lib/python*/site-packages/nvidia/*/bin/PROGRAM, where PyPI's packages put it.
static std::string findInEnvironment(StringRef root, StringRef program) {
  std::error_code error;
  llvm::SmallString<256> lib(root);
  llvm::sys::path::append(lib, "lib");
  for (fs::directory_iterator python(lib, error), end; !error && python != end;
       python.increment(error)) {
    llvm::SmallString<256> packages(python->path());
    llvm::sys::path::append(packages, "site-packages", "nvidia");
    std::error_code inner;
    for (fs::directory_iterator package(packages, inner); !inner && package != end;
         package.increment(inner)) {
      llvm::SmallString<256> path(package->path());
      llvm::sys::path::append(path, "bin", program);
      if (fs::can_execute(path))
        return path.str().str();
    }
  }
  return {};
}

/// The active virtual environment, then a folder `.venv` above this program: a build folder of the
/// project's checkout.
static std::string findInEnvironments(StringRef program) {
  if (const char *active = std::getenv("VIRTUAL_ENV"))
    if (std::string found = findInEnvironment(active, program); !found.empty())
      return found;
  static const char anchor = 0;
  std::string self = fs::getMainExecutable(nullptr, const_cast<char *>(&anchor));
  for (StringRef folder = llvm::sys::path::parent_path(self); !folder.empty();
       folder = llvm::sys::path::parent_path(folder)) {
    llvm::SmallString<256> root(folder);
    llvm::sys::path::append(root, ".venv");
    if (std::string found = findInEnvironment(root, program); !found.empty())
      return found;
  }
  return {};
}

Expected<std::string> uwt::cuda_tools::findCudaTool(CudaTool tool, StringRef given) {
  const ToolNames &names = namesOf(tool);
  std::string source = "the path given for " + std::string(names.program);
  if (const char *variable = std::getenv(names.variable); given.empty() && variable && *variable) {
    given = variable;
    source = names.variable;
  }
  if (!given.empty()) {
    if (fs::can_execute(given))
      return given.str();
    return ioError(source + " is no program: " + inQuotes(given.str()));
  }
  if (auto found = llvm::sys::findProgramByName(names.program))
    return *found;
  if (auto found = llvm::sys::findProgramByName(names.program, {"/usr/local/cuda/bin"}))
    return *found;
  if (std::string found = findInEnvironments(names.program); !found.empty())
    return found;
  return unsupportedError(std::string(names.program) +
                          " was not found: install the CUDA toolkit, or '" + names.package +
                          "' by pip in a virtual environment, or set " + names.variable +
                          " to its path");
}

namespace {
/// A directory for a tool's files.
class ScratchDirectory {
public:
  ScratchDirectory() { failed = static_cast<bool>(fs::createUniqueDirectory("uwt-gpu", path)); }
  ScratchDirectory(const ScratchDirectory &) = delete;
  ScratchDirectory &operator=(const ScratchDirectory &) = delete;
  ~ScratchDirectory() {
    // Nobody is left to hear of an error.
    if (!failed)
      std::ignore = fs::remove_directories(path);
  }

  std::string file(StringRef name) const {
    llvm::SmallString<256> result(path);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }
  Status write(StringRef name, StringRef bytes) const {
    std::error_code error;
    llvm::raw_fd_ostream stream(file(name), error);
    stream << bytes;
    stream.close();
    if (failed || error || stream.has_error()) {
      stream.clear_error();
      return ioError("cannot write temporary file " + file(name));
    }
    return ok();
  }
  Expected<std::string> read(StringRef name) const {
    auto buffer = llvm::MemoryBuffer::getFile(file(name));
    if (!buffer)
      return ioError("cannot read temporary file " + file(name));
    return (*buffer)->getBuffer().str();
  }

private:
  llvm::SmallString<256> path;
  bool failed;
};
} // namespace

Expected<std::string> uwt::cuda_tools::runCudaTool(StringRef path,
                                                   llvm::ArrayRef<std::string> arguments,
                                                   unsigned timeout) {
  ScratchDirectory scratch;
  UWT_RETURN_IF_ERROR(scratch.write("messages", ""));
  std::string out = scratch.file("messages");
  llvm::SmallVector<StringRef> command = {path};
  llvm::append_range(command, arguments);
  // The same file for both streams keeps their order.
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(out), StringRef(out)};
  std::string reason;
  int code = llvm::sys::ExecuteAndWait(path, command, std::nullopt, redirects, timeout,
                                       /*MemoryLimit=*/0, &reason);
  std::string name = llvm::sys::path::filename(path).str();
  if (code == -1)
    return unsupportedError(name + " did not start: " + reason);
  if (code < 0)
    return unsupportedError(name + " crashed or took longer than " + std::to_string(timeout) +
                            " s: " + StringRef(reason).rtrim(": ").str());
  UWT_ASSIGN_OR_RETURN(std::string messages, scratch.read("messages"));
  if (code > 0)
    return invalidError(name + " failed: " + StringRef(messages).trim().str());
  return messages;
}

Expected<Assembled> uwt::cuda_tools::assemblePtx(StringRef ptx, const GpuTarget &target,
                                                 StringRef ptxas, unsigned timeout) {
  ScratchDirectory scratch;
  UWT_RETURN_IF_ERROR(scratch.write("kernel.ptx", ptx));
  UWT_ASSIGN_OR_RETURN(std::string messages,
                       runCudaTool(ptxas,
                                   {"-v", "-O3", "-arch=" + std::string(target.name),
                                    scratch.file("kernel.ptx"), "-o", scratch.file("kernel.cubin")},
                                   timeout));
  UWT_RETURN_IF_ERROR(checkPtxasMessages(messages));
  Assembled result;
  UWT_ASSIGN_OR_RETURN(result.cubin, scratch.read("kernel.cubin"));
  result.kernels = parsePtxasMessages(messages);
  return result;
}

Expected<std::string> uwt::cuda_tools::disassembleCubin(StringRef cubin, StringRef nvdisasm,
                                                        unsigned timeout) {
  ScratchDirectory scratch;
  UWT_RETURN_IF_ERROR(scratch.write("kernel.cubin", cubin));
  return runCudaTool(nvdisasm, {"-c", scratch.file("kernel.cubin")}, timeout);
}

Expected<std::string> uwt::cuda_tools::ptxasVersion(StringRef given) {
  UWT_ASSIGN_OR_RETURN(std::string ptxas, findCudaTool(CudaTool::Ptxas, given));
  constexpr unsigned timeout = 60;
  UWT_ASSIGN_OR_RETURN(std::string text, runCudaTool(ptxas, {"--version"}, timeout));
  StringRef version = StringRef(text).split(", V").second.split('\n').first.trim();
  if (version.empty())
    return unsupportedError(ptxas + " --version names no version: set UWT_PTXAS to NVIDIA's ptxas");
  return version.str();
}

//===----------------------------------------------------------------------===//
// Messages of ptxas -v
//===----------------------------------------------------------------------===//

/// The number in front of `what` in "…, 8 bytes spill stores, …"; 0 where there is none.
static unsigned numberBefore(StringRef line, StringRef what) {
  size_t at = line.find(what);
  if (at == StringRef::npos)
    return 0;
  StringRef before = line.take_front(at).rtrim();
  StringRef digits = before.take_back(before.size() -
                                      (before.find_last_not_of("0123456789") + 1)); // npos + 1 is 0
  unsigned number = 0;
  return digits.getAsInteger(10, number) ? 0 : number;
}

std::vector<machine_code::KernelResources> uwt::cuda_tools::parsePtxasMessages(StringRef messages) {
  std::vector<machine_code::KernelResources> kernels;
  while (!messages.empty()) {
    StringRef line;
    std::tie(line, messages) = messages.split('\n');
    if (size_t at = line.find("Compiling entry function '"); at != StringRef::npos) {
      kernels.emplace_back();
      kernels.back().name = line.drop_front(at).split('\'').second.split('\'').first.str();
    }
    if (kernels.empty())
      continue;
    machine_code::KernelResources &kernel = kernels.back();
    if (line.contains("bytes stack frame")) {
      kernel.stackBytes += numberBefore(line, "bytes stack frame");
      kernel.spillStoreBytes += numberBefore(line, "bytes spill stores");
      kernel.spillLoadBytes += numberBefore(line, "bytes spill loads");
    }
    if (!line.contains("Used "))
      continue;
    kernel.registers = numberBefore(line, "registers");
    kernel.barriers = numberBefore(line, "barriers");
    kernel.sharedBytes = numberBefore(line, "bytes smem");
  }
  return kernels;
}

Status uwt::cuda_tools::checkPtxasMessages(StringRef messages) {
  while (!messages.empty()) {
    StringRef line;
    std::tie(line, messages) = messages.split('\n');
    if (line.contains("(C75"))
      return invalidError("ptxas serialises matrix instructions: " + line.trim().str());
    if (numberBefore(line, "bytes spill stores") || numberBefore(line, "bytes spill loads"))
      return invalidError("ptxas spills registers to memory: " + line.trim().str());
  }
  return ok();
}
