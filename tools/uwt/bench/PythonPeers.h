//===- TorchPeer.h - PyTorch beside our products ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A process of Python that multiplies by PyTorch when it is asked, so that both take turns and what
// else happens on the machine happens to both.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_BENCH_TORCHPEER_H
#define UWT_TOOLS_UWT_BENCH_TORCHPEER_H

#include "uwt/Support/Error.h"
#include <memory>
#include <span>
#include <string>
#include <sys/types.h>

namespace uwt::tool {

/// BF16 linear of PyTorch with copies of one weight.
class TorchPeer {
public:
  /// Starts `python`, and does not wait until it is ready. Errors: Usage (it cannot be run), IO.
  static Expected<std::unique_ptr<TorchPeer>> start(const std::string &python, uint64_t rows,
                                                    uint64_t columns, unsigned copies,
                                                    std::span<const uint64_t> mValues,
                                                    unsigned threads);
  ~TorchPeer();
  TorchPeer(const TorchPeer &) = delete;
  TorchPeer &operator=(const TorchPeer &) = delete;

  /// Errors: Unsupported (PyTorch is not there, or the process ended).
  Status waitReady();
  /// Seconds of a product. Errors: Unsupported (the process ended).
  Expected<double> measure(uint64_t m);
  /// "PyTorch 2.11.0 BF16 linear", once it is ready.
  const std::string &name() const { return title; }

private:
  explicit TorchPeer(std::string python) : python(std::move(python)) {}
  void send(std::string line);
  /// The rest of a line that begins with `word`.
  Expected<std::string> receive(std::string_view word);

  std::string python, title, received;
  int socket = -1;
  pid_t process = -1;
};

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_BENCH_TORCHPEER_H
