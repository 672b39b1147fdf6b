//===- PythonPeers.cpp - Other libraries beside our products --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PythonPeers.h"
#include "../Session.h"
#include "../text/Json.h"
#include "PythonPeersScript.h"
#include "uwt/Support/JsonTree.h"
#include <cerrno>
#include <charconv>
#include <cstring>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace uwt;
using namespace uwt::tool;

/// Runs the script with one end of a connection as standard input and output.
static int spawnScript(const std::string &python, int end, pid_t &process) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO);
  std::string name = python, option = "-c", script = pythonPeersScript;
  char *arguments[] = {name.data(), option.data(), script.data(), nullptr};
  int error = posix_spawnp(&process, name.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

Expected<std::unique_ptr<PythonPeers>> PythonPeers::start(const std::string &python,
                                                          PeerRequest request) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return ioError(std::string("--peers: no connection to Python: ") + std::strerror(errno));
  Json line = {{"shape", {request.rows, request.columns}},
               {"copies", request.copies},
               {"m", request.mValues},
               {"threads", request.threads},
               {"group", request.group}};
  std::unique_ptr<PythonPeers> peers(new PythonPeers(python, std::move(request)));
  peers->socket = ends[0];
  int error = spawnScript(python, ends[1], peers->process);
  close(ends[1]);
  if (error != 0) {
    peers->process = -1;
    return usageError("--python: '" + python + "' cannot be run: " + std::strerror(error));
  }
  peers->send(line.dump());
  return peers;
}

PythonPeers::~PythonPeers() {
  // The end of its input ends it.
  close(socket);
  if (process > 0)
    waitpid(process, nullptr, 0);
}

void PythonPeers::send(std::string line) {
  line += '\n';
  for (size_t sent = 0; sent < line.size();) {
    ssize_t count = ::send(socket, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR)
      continue;
    // What it said before it ended is the better message.
    if (count < 0)
      return;
    sent += static_cast<size_t>(count);
  }
}

Expected<std::string> PythonPeers::receive(std::string_view word) {
  size_t end;
  while ((end = received.find('\n')) == std::string::npos) {
    char bytes[4096];
    ssize_t count = recv(socket, bytes, sizeof(bytes), 0);
    if (count < 0 && errno == EINTR) {
      UWT_RETURN_IF_ERROR(checkInterrupted());
      continue;
    }
    if (count <= 0)
      return unsupportedError("--peers: '" + python + "' ended before it answered");
    received.append(bytes, static_cast<size_t>(count));
  }
  std::string line = received.substr(0, end);
  received.erase(0, end + 1);
  size_t space = std::min(line.find(' '), line.size());
  if (line.substr(0, space) != word)
    return unsupportedError("--peers: '" + python + "' cannot run PyTorch (" + line +
                            "): install it, or name another Python with --python");
  return line.substr(std::min(space + 1, line.size()));
}

Error PythonPeers::answered(const std::string &text) const {
  return unsupportedError("--peers: '" + python + "' answered '" + text + "', which means nothing");
}

Status PythonPeers::waitReady() {
  UWT_ASSIGN_OR_RETURN(std::string text, receive("ready"));
  Json list = parseJsonTreeOrNone<Json>(text);
  if (!list.is_array())
    return answered(text);
  for (const Json &one : list) {
    bool isPeer = one.is_object() && one.contains("name") && one["name"].is_string() &&
                  one.contains("bits") && one["bits"].is_number();
    if (!isPeer)
      return answered(text);
    peers.push_back({one["name"], one["bits"], {}});
    peers.back().times.resize(request.mValues.size());
  }
  return ok();
}

Status PythonPeers::takeSample(size_t i) {
  for (size_t peer = 0; peer < peers.size(); ++peer) {
    send(std::to_string(peer) + " " + std::to_string(request.mValues[i]));
    UWT_ASSIGN_OR_RETURN(std::string text, receive("seconds"));
    double seconds = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc())
      return answered(text);
    peers[peer].times[i].seconds.push_back(seconds);
  }
  return ok();
}
