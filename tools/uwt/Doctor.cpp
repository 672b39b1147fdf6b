//===- Doctor.cpp - uwt doctor --------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What this machine can do, and why not more.
//
//===----------------------------------------------------------------------===//

#include "Command.h"
#include "CompilerModule.h"
#include "text/Json.h"
#include "text/Paths.h"
#include "text/Text.h"
#include "uwt/Container/Container.h"
#include "uwt/Cuda/Device.h"
#include "uwt/Cuda/Driver.h"
#include "uwt/Support/Cpu.h"
#include "uwt/Target/Target.h"
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

using namespace uwt;
using namespace uwt::tool;

namespace {

/// One thing that was looked at.
struct Fact {
  std::string key, label, text;
  Json value;
};

/// An instruction set that host code paths use, and whether it is here.
struct InstructionSet {
  SimdLevel level;
  std::string_view name;
  bool present;
};

class DoctorCommand final : public Command {
public:
  std::string_view name() const override { return "doctor"; }
  std::string_view summary() const override {
    return "say what this machine can do, and why not more";
  }
  std::vector<command_line::Example> examples() const override {
    return {{"uwt doctor", "Before the first compression, or with a question"},
            {"uwt doctor --json", "For a bug report"}};
  }
  std::vector<command_line::Option> options() override { return {}; }
  Status run(Session &session) override;
};

} // namespace

static std::vector<InstructionSet> features() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return {{SimdLevel::Avx2, "avx2", __builtin_cpu_supports("avx2") != 0},
          {SimdLevel::Avx2, "bmi", __builtin_cpu_supports("bmi") != 0},
          {SimdLevel::Avx2, "bmi2", __builtin_cpu_supports("bmi2") != 0},
          {SimdLevel::Avx2, "fma", __builtin_cpu_supports("fma") != 0},
          {SimdLevel::Avx512, "avx512f", __builtin_cpu_supports("avx512f") != 0},
          {SimdLevel::Avx512, "avx512bw", __builtin_cpu_supports("avx512bw") != 0},
          {SimdLevel::Avx512, "avx512dq", __builtin_cpu_supports("avx512dq") != 0},
          {SimdLevel::Avx512, "avx512vl", __builtin_cpu_supports("avx512vl") != 0},
          {SimdLevel::Avx512, "avx512vbmi", __builtin_cpu_supports("avx512vbmi") != 0},
          {SimdLevel::Avx512, "avx512vbmi2", __builtin_cpu_supports("avx512vbmi2") != 0}};
#elif defined(__aarch64__)
  return {{SimdLevel::Neon, "asimd", true}};
#else
  return {};
#endif
}

static Fact codePathFact() {
  SimdLevel best = hostSimdLevel();
  Json present = Json::array(), missing = Json::array();
  std::string absent;
  for (const InstructionSet &feature : features()) {
    (feature.present ? present : missing).push_back(feature.name);
    if (!feature.present)
      absent += (absent.empty() ? "" : ", ") + std::string(feature.name);
  }
  std::string text(simdLevelName(best));
  if (best == SimdLevel::Avx512 || best == SimdLevel::Neon)
    text += " (the fastest there is)";
  else if (features().empty())
    text += " (this build has fast paths for x86-64 and AArch64 only)";
  else
    text += " (not avx512: this processor or its virtual machine lacks " + absent + ")";
  return {"code_path",
          "code path",
          text,
          {{"best", simdLevelName(best)}, {"present", present}, {"missing", missing}}};
}

/// The first line of `path` that starts with `key`, without it; nothing where
/// there is none.
static std::string lineOf(const std::string &path, std::string_view key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with(key)) {
      size_t begin = line.find_first_not_of(" \t:", key.size());
      return begin == std::string::npos ? std::string() : line.substr(begin);
    }
  return {};
}

/// Instructions for products of matrices, by the kernel's names.
static std::vector<std::string> matrixInstructions() {
  std::vector<std::string> names;
#if defined(__aarch64__)
  const HostArm &arm = hostArm();
  for (auto [has, name] :
       {std::pair(arm.bf16, "bf16"), {arm.i8mm, "i8mm"}, {arm.dotProduct, "asimddp"}})
    if (has)
      names.emplace_back(name);
#else
  std::istringstream flags(lineOf("/proc/cpuinfo", "flags"));
  for (std::string flag; flags >> flag;)
    if (flag.starts_with("amx_") || flag.starts_with("avx512_bf16") ||
        flag.starts_with("avx512_fp16"))
      names.push_back(flag);
#endif
  return names;
}

/// Codecs do without; compiled code takes what its target has.
static Fact matrixFact() {
  std::string text;
  Json present = Json::array();
  for (const std::string &name : matrixInstructions()) {
    present.push_back(name);
    text += (text.empty() ? "" : ", ") + name;
  }
  return {"matrix", "matrix", text.empty() ? "no instructions for bf16 or matrix tiles" : text,
          present};
}

/// Whether tile registers may be used, and what is compiled for without a --target.
static Fact tilesFact() {
  const HostAmx &amx = hostAmx();
  std::string elements;
  Json names = Json::array();
  for (auto [has, name] : {std::pair(amx.bf16, "bf16"), {amx.int8, "int8"}, {amx.fp16, "fp16"}})
    if (has) {
      elements += (elements.empty() ? "" : ", ") + std::string(name);
      names.push_back(name);
    }
  std::string native(nativeTarget().name), text(amxStateText(amx.state));
  if (!elements.empty())
    text += " (" + elements + ")";
  return {"amx",
          "AMX",
          text + "; programs are compiled for " + native,
          {{"usable", amx.state == AmxState::Usable},
           {"why", amxStateText(amx.state)},
           {"elements", names},
           {"native_target", native}}};
}

static Fact processorFact() {
  std::string model = lineOf("/proc/cpuinfo", "model name");
  utsname system{};
  uname(&system);
  if (model.empty())
    model = system.machine;
  return {"processor", "processor", model, model};
}

static Fact systemFact() {
  utsname system{};
  uname(&system);
  std::string text = std::string(system.sysname) + " " + system.release + " on " + system.machine;
  return {"system", "system", text, text};
}

static Fact coresFact() {
  unsigned all = std::thread::hardware_concurrency(), usable = all;
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    usable = static_cast<unsigned>(CPU_COUNT(&set));
#endif
  // "max 100000", or microseconds of processor time in each period.
  std::istringstream quota(lineOf("/sys/fs/cgroup/cpu.max", ""));
  double time = 0, period = 0;
  bool isLimited = static_cast<bool>(quota >> time >> period) && period > 0;
  std::string text = plural(usable, "core") + " usable";
  if (usable < all)
    text += " of " + std::to_string(all) + " (this process may run on those only)";
  if (isLimited)
    text += ", limited to the time of " + formatNumber(time / period, 1) + " by a control group";
  return {"cores",
          "cores",
          text,
          {{"all", all}, {"usable", usable}, {"quota", isLimited ? Json(time / period) : Json()}}};
}

static Fact memoryFact() {
  auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t all = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * page, available = all;
  std::string line = lineOf("/proc/meminfo", "MemAvailable");
  if (auto kilobytes = command_line::parseNumber(line.substr(0, line.find(' ')), "memory"))
    available = *kilobytes * 1024;
  std::string text = formatBytes(all) + ", " + formatBytes(available) + " available";
  Json limit;
  if (auto bytes = command_line::parseNumber(lineOf("/sys/fs/cgroup/memory.max", ""), "memory")) {
    limit = *bytes;
    text += ", limited to " + formatBytes(*bytes) + " by a control group";
  }
  return {"memory",
          "memory",
          text,
          {{"bytes", all}, {"available_bytes", available}, {"limit_bytes", limit}}};
}

static Fact pageFact() {
  long bytes = sysconf(_SC_PAGESIZE);
  return {"page_size", "page size", formatCount(static_cast<uint64_t>(bytes)) + " B", bytes};
}

static Fact diskFact() {
  std::error_code failure;
  std::filesystem::path here = std::filesystem::current_path(failure);
  std::filesystem::space_info space = std::filesystem::space(here, failure);
  if (failure)
    return {"disk", "free disk", "unknown: " + failure.message(), Json()};
  return {"disk",
          "free disk",
          formatBytes(space.available) + " in " + here.string(),
          {{"path", here.string()}, {"available_bytes", space.available}}};
}

static Fact formatsFact() {
  std::string codecs;
  Json names = Json::array();
  for (const Codec *codec : allCodecs()) {
    codecs += (codecs.empty() ? "" : ", ") + std::string(codec->keyword());
    names.push_back(codec->keyword());
  }
  return {"formats",
          "formats",
          "reads and writes formats of version " + std::to_string(formatVersion) +
              " in containers of version " + std::to_string(containerVersion) + ", reader " +
              std::to_string(containerReader) + "; codecs " + codecs,
          {{"format_versions_read", {formatVersion}},
           {"format_version_written", formatVersion},
           {"container_versions_read", {containerVersion}},
           {"container_version_written", containerVersion},
           {"reader", containerReader},
           {"codecs", names}}};
}

static Fact buildFact() {
#if defined(__clang_version__)
  std::string compiler = "clang " __clang_version__;
#elif defined(__VERSION__)
  std::string compiler = "gcc " __VERSION__;
#else
  std::string compiler = "an unknown compiler";
#endif
#ifdef UWT_HAVE_ZSTD
  bool hasZstd = true;
#else
  bool hasZstd = false;
#endif
  return {"build",
          "build",
          "uwt " UWT_VERSION ", " + compiler +
              (hasZstd ? "" : "; without zstd, so 'uwt bench codecs' cannot compare with it"),
          {{"version", UWT_VERSION}, {"compiler", compiler}, {"zstd", hasZstd}}};
}

static Fact filesFact() {
  return {"files",
          "files",
          "reads safetensors and model folders, plain or compressed; PyTorch, GGUF, ONNX, HDF5 and "
          "NumPy files have to be converted first, see 'uwt help convert'",
          {"safetensors"}};
}

/// The compiler, a tool of CUDA or a library that may be missing.
static Fact foundFact(std::string key, std::string label, const Expected<std::string> &found) {
  Json value = {{"found", bool(found)}};
  value[found ? "what" : "why_not"] = found ? *found : found.error().message();
  return {std::move(key), std::move(label), found ? *found : "no: " + found.error().message(),
          value};
}

/// Where 'uwt run' keeps compiled programs.
static Fact programsFact() {
  std::string folder = programFolder();
  if (folder.empty())
    return {"programs", "programs", "compiled programs are not kept", {{"folder", nullptr}}};
  uint64_t count = 0, bytes = 0;
  std::error_code failure;
  for (std::filesystem::directory_iterator at(folder, failure), end; !failure && at != end;
       at.increment(failure)) {
    uint64_t size = at->file_size(failure);
    count += !failure;
    bytes += failure ? 0 : size;
  }
  return {"programs",
          "programs",
          plural(count, "compiled program") + ", " + formatBytes(bytes) + ", in " + folder +
              "; UWT_CACHE names another folder, or none",
          {{"folder", folder}, {"count", count}, {"bytes", bytes}}};
}

static std::vector<Fact> compilerFacts() {
  Expected<const CompilerModule *> compiler = loadCompiler();
  Expected<std::string> works = std::string("loads, so 'uwt compile' and 'uwt run' work");
  auto program = [&](const char *name) {
    if (!compiler)
      return foundFact(name, name, unsupportedError("needed by the compiler only"));
    return foundFact(name, name, (*compiler)->findCudaTool(name));
  };
  return {foundFact("compiler_module", "compiler",
                    compiler ? works : Expected<std::string>(compiler.error())),
          programsFact(), program("ptxas"), program("nvdisasm")};
}

static Expected<std::string> describeGpus(const std::shared_ptr<const cuda::CudaDriver> &driver) {
  UWT_ASSIGN_OR_RETURN(unsigned count, driver->deviceCount());
  std::string text;
  for (unsigned i = 0; i < count; ++i) {
    UWT_ASSIGN_OR_RETURN(cuda::CudaDevicePtr device, cuda::CudaDevice::open(driver, i));
    const cuda::DeviceProperties &what = device->properties();
    text += (i ? "; " : "") + what.name + " (" + what.target + ", " +
            formatBytes(what.memoryBytes) + ")";
  }
  return text;
}

static std::vector<Fact> gpuFacts() {
  auto driver = cuda::CudaDriver::open();
  if (!driver)
    return {foundFact("cuda_driver", "CUDA", driver.error()),
            foundFact("gpu", "GPU",
                      unsupportedError("none that CUDA can be asked for; 'uwt run "
                                       "--target emulate:sm_90a' needs none"))};
  int version = (*driver)->version();
  std::string text = "driver " + (*driver)->path() + ", CUDA " + std::to_string(version / 1000) +
                     "." + std::to_string(version % 1000 / 10);
  return {foundFact("cuda_driver", "CUDA", Expected<std::string>(text)),
          foundFact("gpu", "GPU", describeGpus(*driver))};
}

Status DoctorCommand::run(Session &session) {
  std::vector<Fact> facts = {buildFact(),  systemFact(), processorFact(), codePathFact(),
                             matrixFact(), tilesFact(),  coresFact(),     memoryFact(),
                             pageFact(),   diskFact(),   formatsFact(),   filesFact()};
  for (std::vector<Fact> more : {compilerFacts(), gpuFacts()})
    facts.insert(facts.end(), more.begin(), more.end());
  if (session.wantsJson()) {
    Json result = schemaObject("doctor");
    for (const Fact &fact : facts)
      result[fact.key] = fact.value;
    printJson(session, result);
    return ok();
  }
  for (const Fact &fact : facts) {
    std::string label = fact.label;
    label.resize(11, ' ');
    std::string text;
    for (const std::string &line : command_line::wrapText(fact.text, 87))
      text += (text.empty() ? session.bold(label) : std::string(11, ' ')) + line + "\n";
    session.print(text);
  }
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeDoctorCommand() {
  return std::make_unique<DoctorCommand>();
}
