//===- main.cpp - Measures kernels on a GPU -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "Report.h"
#include "uwt/Container/File.h"
#include "uwt/Support/Process.h"
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

using namespace uwt;
using namespace uwt::bench;

static void printText(const std::string &text) { std::fputs(text.c_str(), stdout); }
static void say(const std::string &line) { std::fprintf(stderr, "%s\n", line.c_str()); }

/// Becomes ncu, which starts this program again with --profile. Comes back only with an error.
static Status runUnderNcu(const std::vector<std::string> &arguments, const std::string &output) {
  std::vector<std::string> command = {"ncu",      "--set", "full",          "--force-overwrite",
                                      "--export", output,  "/proc/self/exe"};
  std::string self(4096, '\0');
  ssize_t length = readlink("/proc/self/exe", self.data(), self.size());
  if (length > 0)
    command.back() = self.substr(0, static_cast<size_t>(length));
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--ncu")
      ++i;
    else if (!arguments[i].starts_with("--ncu="))
      command.push_back(arguments[i]);
  }
  command.emplace_back("--profile");
  std::vector<char *> pointers;
  for (std::string &part : command)
    pointers.push_back(part.data());
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  return unsupportedError("cannot start ncu; install Nsight Compute, or leave out --ncu");
}

static Status measure(const GpuBenchOptions &options) {
  UWT_ASSIGN_OR_RETURN(KernelProfiles profiles, KernelProfiles::read(options.profiles));
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const cuda::CudaDriver> driver, cuda::CudaDriver::open());
  UWT_ASSIGN_OR_RETURN(cuda::CudaDevicePtr device, cuda::CudaDevice::open(driver, options.device));
  say("on " + device->properties().name + " (" + device->properties().target + ")");
  Management management(*device);
  LoadSampler load(management);
  Report report(options.bench, profiles, UWT_VERSION);
  report.note(management);
  ThreadPool pool(options.threads);
  BenchProgress progress{say,
                         [&](const BenchResult &found) {
                           return options.output.empty() ? ok()
                                                         : report.write(options.output, found);
                         },
                         [&] { return load.take(); }};
  BenchResult result;
  Status status = runBench(device, options.bench, progress, pool, result);
  // What was found before an error is kept.
  Status saved = progress.save(result);
  if (options.json)
    printText(report.text(result));
  if (!status)
    return status;
  UWT_RETURN_IF_ERROR(std::move(saved));
  if (result.hasWrong())
    return Error(ErrorKind::Differs, "kernels are wrong: see above");
  return ok();
}

static Status merge(const GpuBenchOptions &options) {
  UWT_ASSIGN_OR_RETURN(std::string text, mergeResults(options.merge));
  if (options.output.empty()) {
    printText(text);
    return ok();
  }
  return writeWholeFile(options.output,
                        {reinterpret_cast<const uint8_t *>(text.data()), text.size()}, true);
}

static Status run(const std::vector<std::string> &arguments) {
  UWT_ASSIGN_OR_RETURN(GpuBenchOptions options, parseOptions(arguments));
  if (options.help)
    printText(helpText());
  else if (options.version)
    printText("uwt-bench " UWT_VERSION "\n");
  else if (options.markdown)
    printText(referenceText());
  else if (options.list)
    printText(listText(options));
  else if (!options.merge.empty())
    return merge(options);
  else if (!options.ncu.empty())
    return runUnderNcu(arguments, options.ncu);
  else
    return measure(options);
  return ok();
}

int main(int argc, char **argv) {
  prepareProcess();
  Status status = callWithMemory([&] { return run({argv + 1, argv + argc}); });
  if (status)
    return 0;
  say("uwt-bench: error: " + status.error().message());
  return static_cast<int>(status.error().getKind());
}
