//===- CodeVersions.cpp - Which driver code needs -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CodeVersions.h"
#include <algorithm>
#include <charconv>

using namespace uwt;
using namespace uwt::cuda;

namespace {
struct Version {
  int major = 0, minor = 0;
};
} // namespace

/// The numbers that "13.0.88" begins with; zeros where it does not.
static Version versionIn(const std::string &text) {
  Version version;
  const char *end = text.data() + text.size();
  auto [dot, failed] = std::from_chars(text.data(), end, version.major);
  if (failed == std::errc() && dot != end && *dot == '.')
    std::from_chars(dot + 1, end, version.minor);
  return version;
}

std::string uwt::cuda::cudaVersionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

static int neededForCubin(const KernelPack &pack, const CodeObject &code) {
  // pack-12.
  auto ptxas = std::ranges::find(pack.tools(), "ptxas", &ToolVersion::name);
  if (ptxas != pack.tools().end())
    return versionIn(ptxas->version).major * 1000;
  // The ABI version of the ELF header: 8 came with CUDA 13 (readelf -h of what ptxas 12 and 13
  // write).
  constexpr size_t abiVersion = 8;
  constexpr uint8_t abiOfCuda13 = 8;
  return code.bytes[abiVersion] < abiOfCuda13 ? 0 : 13000;
}

static int neededForPtx(std::string_view text) {
  Version ptx = versionIn(std::string(ptxVersion(text)));
  // CUDA 12.6 brought no version of PTX.
  constexpr int lastWithCuda = 5;
  if (ptx.major == 8)
    return 12000 + 10 * (ptx.minor + (ptx.minor > lastWithCuda));
  return ptx.major < 7 ? 0 : (ptx.major + 4) * 1000 + 10 * ptx.minor;
}

int uwt::cuda::neededCuda(const KernelPack &pack, const CodeObject &code) {
  if (code.kind == CodeKind::Cubin)
    return neededForCubin(pack, code);
  return neededForPtx({reinterpret_cast<const char *>(code.bytes.data()), code.bytes.size()});
}

/// The first NVIDIA driver for a major version of CUDA (NVIDIA, CUDA Compatibility); nothing where
/// it is not known.
static std::string firstDriver(int major) {
  const char *number = major == 11 ? "450" : major == 12 ? "525" : major == 13 ? "580" : nullptr;
  return number ? " (NVIDIA driver " + std::string(number) + " or newer)" : "";
}

std::string uwt::cuda::needText(const KernelPack &pack, const CodeObject &code, int driverVersion) {
  int needed = neededCuda(pack, code), major = needed / 1000;
  std::string text = "machine code for " + code.target;
  if (code.kind == CodeKind::Ptx) {
    std::string_view ptx(reinterpret_cast<const char *>(code.bytes.data()), code.bytes.size());
    text = "PTX " + std::string(ptxVersion(ptx)) + " for " + code.target;
  }
  if (needed == 0)
    return text + " needs a newer driver than this one, which is for CUDA " +
           cudaVersionText(driverVersion);
  bool isWhole = needed % 1000 == 0;
  return text + " needs a driver for CUDA " +
         (isWhole ? std::to_string(major) + firstDriver(major) : cudaVersionText(needed)) +
         ", and this one is for CUDA " + cudaVersionText(driverVersion);
}
