//===- PythonPeers.h - Other libraries beside our products ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A process of Python that multiplies by PyTorch, ONNX Runtime and OpenVINO when it is asked, so
// that all take turns and what else happens on the machine happens to all.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_BENCH_PYTHONPEERS_H
#define UWT_TOOLS_UWT_BENCH_PYTHONPEERS_H

#include "uwt/Bench/Samples.h"
#include "uwt/Support/Error.h"
#include <memory>
#include <string>
#include <sys/types.h>

namespace uwt::tool {

/// What peers multiply with: copies of one weight.
struct PeerRequest {
  uint64_t rows = 0, columns = 0;
  unsigned copies = 1, threads = 1;
  std::vector<uint64_t> mValues;
  /// Columns of a cell, for peers that multiply from codes of 4 bits; 0 leaves those out.
  uint64_t group = 0;
};

/// One way in which another library multiplies.
struct PythonPeer {
  /// "PyTorch 2.11.0 BF16 linear"
  std::string name;
  /// Of a weight, scales included.
  double bits = 0;
  /// By index into `mValues`: times of a product.
  std::vector<bench::Samples> times;
};

/// The libraries that one Python has.
class PythonPeers {
public:
  /// Starts `python`, and does not wait until it is ready. Errors: Usage (it cannot be run), IO.
  static Expected<std::unique_ptr<PythonPeers>> start(const std::string &python,
                                                      PeerRequest request);
  ~PythonPeers();
  PythonPeers(const PythonPeers &) = delete;
  PythonPeers &operator=(const PythonPeers &) = delete;

  /// Errors: Unsupported (PyTorch is not there, or the process ended).
  Status waitReady();
  /// Adds a sample of `mValues[i]` to every peer. Errors: Unsupported (the process ended).
  Status takeSample(size_t i);
  /// PyTorch's BF16 linear comes first; empty until they are ready.
  const std::vector<PythonPeer> &all() const { return peers; }

private:
  PythonPeers(std::string python, PeerRequest request)
      : python(std::move(python)), request(std::move(request)) {}
  void send(std::string line);
  /// The rest of a line that begins with `word`.
  Expected<std::string> receive(std::string_view word);
  Error answered(const std::string &text) const;

  std::string python, received;
  PeerRequest request;
  std::vector<PythonPeer> peers;
  int socket = -1;
  pid_t process = -1;
};

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_BENCH_PYTHONPEERS_H
