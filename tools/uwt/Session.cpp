//===- Session.cpp - Output, messages, interruption -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Session.h"
#include "text/Text.h"
#include "uwt/Support/Temporaries.h"
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

using namespace uwt;
using namespace uwt::tool;

Session::Session(SessionOptions options)
    : chosen(std::move(options)), outTerminal(isatty(STDOUT_FILENO) != 0),
      errTerminal(isatty(STDERR_FILENO) != 0) {
  const char *noColour = std::getenv("NO_COLOR"), *kind = std::getenv("TERM");
  isDumb = kind && std::string_view(kind) == "dumb";
  useColour = outTerminal && !isDumb && (!noColour || !*noColour);
}

static constexpr std::string_view boldBegin = "\033[1m", boldEnd = "\033[0m", keptInText = "\n\t";

std::string Session::bold(std::string_view text) const {
  return useColour ? std::string(boldBegin).append(text).append(boldEnd) : std::string(text);
}

/// Columns of the terminal `descriptor`; 100 where it does not say.
static unsigned columnsOf(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 100;
}

unsigned Session::messageColumns() { return columnsOf(STDERR_FILENO); }

size_t Session::outputColumns() const { return outTerminal ? columnsOf(STDOUT_FILENO) : SIZE_MAX; }

std::string Session::wrapped(std::string_view text) const {
  std::string result;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    for (const std::string &part : command_line::wrapText(line, outputColumns()))
      result += part + "\n";
  }
  return result;
}

void Session::print(std::string_view text) {
  while (useColour) {
    size_t at = std::min(text.find(boldBegin), text.find(boldEnd));
    if (at == std::string_view::npos)
      break;
    std::string_view own = text.substr(at).starts_with(boldBegin) ? boldBegin : boldEnd;
    write(printable(text.substr(0, at), keptInText));
    write(own);
    text.remove_prefix(at + own.size());
  }
  write(printable(text, keptInText));
}

void Session::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && outputError == 0)
    outputError = errno;
}

static void printMessage(std::string_view prefix, std::string_view text) {
  std::string line = std::string(prefix) + printable(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void Session::note(std::string_view text) const {
  if (!chosen.quiet)
    printMessage("uwt: ", text);
}

void Session::detail(std::string_view text) const {
  if (chosen.verbose && !chosen.quiet)
    printMessage("uwt: ", text);
}

void Session::warn(std::string_view text) const {
  if (!chosen.quiet)
    printMessage("uwt: warning: ", text);
}

Status Session::finish() {
  if (std::fflush(stdout) != 0 && outputError == 0)
    outputError = errno;
  if (outputError != 0)
    return ioError(std::string("cannot write to standard output: ") + std::strerror(outputError));
  return ok();
}

void Session::endWhereReaderIsGone() const {
  if (outputError != EPIPE)
    return;
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
}

void uwt::tool::printError(std::string_view text) { printMessage("uwt: error: ", text); }

static std::atomic<bool> wasInterrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

/// Ends the process with the exit code of an interruption, and without half-written files.
static void endInterrupted(int /*signal*/) {
  removeTemporaries();
  constexpr std::string_view message = "uwt: error: interrupted\n";
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, message.data(), message.size());
  ::_exit(static_cast<int>(ErrorKind::Interrupted));
}

static void handleInterrupt(int signal) {
  if (wasInterrupted.exchange(true))
    return endInterrupted(signal);
  // What asks for the flag ends by itself; what waits or computes without end does not.
  itimerval limit{};
  limit.it_value.tv_usec = 800'000;
  setitimer(ITIMER_REAL, &limit, nullptr);
}

void uwt::tool::catchInterrupts() {
  struct sigaction action{};
  action.sa_handler = handleInterrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before{};
    sigaction(signal, nullptr, &before);
    // nohup, and shells in the background, ask for it to be ignored.
    if (before.sa_handler != SIG_IGN)
      sigaction(signal, &action, nullptr);
  }
  action.sa_handler = endInterrupted;
  sigaction(SIGALRM, &action, nullptr);
  // A file that is half-written has to go first.
  std::signal(SIGPIPE, SIG_IGN);
}

bool uwt::tool::interrupted() { return wasInterrupted.load(std::memory_order_relaxed); }
Status uwt::tool::checkInterrupted() {
  return interrupted() ? Status(Error(ErrorKind::Interrupted, "interrupted")) : ok();
}
