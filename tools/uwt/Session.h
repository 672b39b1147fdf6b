//===- Session.h - Output, messages, interruption ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a command talks to its user: data on stdout, messages on stderr, progress
// on a terminal only, and a flag that SIGINT sets. One session a process.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_SESSION_H
#define UWT_TOOLS_UWT_SESSION_H

#include "uwt/Support/Error.h"
#include <string>
#include <string_view>

namespace uwt::tool {

/// Values of the options that every command takes.
struct SessionOptions {
  bool json = false;
  std::string progress = "auto";
  bool quiet = false;
  bool verbose = false;
  bool help = false;
};

class Session {
public:
  explicit Session(SessionOptions options);

  const SessionOptions &options() const { return chosen; }
  bool wantsJson() const { return chosen.json; }
  bool verbose() const { return chosen.verbose; }
  bool outputIsTerminal() const { return outTerminal; }
  bool messagesAreTerminal() const { return errTerminal; }
  /// Whether stderr can show a line again and again: a terminal, and not TERM=dumb.
  bool messagesCanBeDrawn() const { return errTerminal && !isDumb; }
  /// Whether text on stdout may be coloured: a terminal that has colours
  /// (not TERM=dumb), and NO_COLOR not set.
  bool colour() const { return useColour; }
  /// `text` in bold where colour() is true.
  std::string bold(std::string_view text) const;
  /// Columns of the terminal on stderr; 100 where it does not say.
  static unsigned messageColumns();
  /// Columns that tables on stdout have room for: those of the terminal, 100 where it does not
  /// say, and no limit where there is no terminal.
  size_t outputColumns() const;
  /// Lines of `text` broken between words to fit outputColumns().
  std::string wrapped(std::string_view text) const;

  /// Writes text to stdout, with '?' for control characters, but for line feeds, tabs and its own
  /// bold(). A failure is reported by finish().
  void print(std::string_view text);
  /// Writes bytes to stdout as they are: tensors, code, JSON, pages.
  void write(std::string_view bytes);
  /// "uwt: text" on stderr, unless --quiet.
  void note(std::string_view text) const;
  /// The same with --verbose only.
  void detail(std::string_view text) const;
  /// "uwt: warning: text" on stderr, unless --quiet.
  void warn(std::string_view text) const;
  /// Flushes stdout; an IO error where anything printed was not written.
  Status finish();
  /// After finish(), where all work is done: whoever reads stdout may have seen enough
  /// ('uwt inspect | head'). The process then ends by SIGPIPE, and says nothing.
  void endWhereReaderIsGone() const;

private:
  SessionOptions chosen;
  bool outTerminal, errTerminal, isDumb, useColour;
  /// Of the first failure to write to stdout; 0 for none.
  int outputError = 0;
};

/// "uwt: error: text" on stderr; control characters become '?'.
void printError(std::string_view text);

/// From now on SIGINT, SIGTERM and SIGHUP set a flag, unless the process was started with them
/// ignored. A process that does not end by itself within 800 ms, or gets a second signal, ends with
/// the exit code of an interruption, after its half-written files are removed. Closed pipes are
/// errors of writing.
void catchInterrupts();
bool interrupted();
/// An error of kind Interrupted from then on.
Status checkInterrupted();

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_SESSION_H
