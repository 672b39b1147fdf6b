//===- Options.cpp - Command line of uwt-bench ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "uwt/Support/Suggest.h"
#include <charconv>
#include <functional>

using namespace uwt;

namespace {

/// An option: its name, what it takes (nothing for flags), and what it does.
struct OptionSpec {
  const char *name, *value, *help;
  std::function<Status(CommandLineOptions &, const std::string &)> apply;
};

} // namespace

static Expected<uint64_t> parseCount(const char *name, const std::string &text, uint64_t most) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most)
    return usageError(std::string(name) + " takes a number up to " + std::to_string(most) +
                      ", not " + inQuotes(text));
  return value;
}

/// An option with a number, put where `place` says.
template <typename Place>
static OptionSpec number(const char *name, const char *help, uint64_t most, Place place) {
  return {name, "NUMBER", help,
          [=](CommandLineOptions &options, const std::string &text) -> Status {
            UWT_ASSIGN_OR_RETURN(uint64_t value, parseCount(name, text, most));
            place(options, value);
            return ok();
          }};
}

template <typename Place> static OptionSpec flag(const char *name, const char *help, Place place) {
  return {name, nullptr, help, [=](CommandLineOptions &options, const std::string &) {
            place(options);
            return ok();
          }};
}

template <typename Place>
static OptionSpec text(const char *name, const char *value, const char *help, Place place) {
  return {name, value, help, [=](CommandLineOptions &options, const std::string &given) {
            place(options, given);
            return ok();
          }};
}

static void addInputs(std::vector<OptionSpec> &options) {
  options.push_back(text("--pack", "FILE", "a kernel pack; may be given several times",
                         [](auto &o, auto &v) { o.bench.packs.push_back(v); }));
  options.push_back(text("--weights", "FILE", "measure the BF16 matrices of a file or folder",
                         [](auto &o, auto &v) { o.bench.weights = v; }));
  options.push_back(flag("--generate",
                         "draw weights: Student's t with 4 degrees of freedom, rows times "
                         "exp(0.3 z) (default)",
                         [](auto &o) { o.bench.weights.clear(); }));
  options.push_back(text("--kernel-profiles", "FILE",
                         "predictions to put beside rows; may be repeated",
                         [](auto &o, auto &v) { o.profiles.push_back(v); }));
  options.push_back(number("--seed", "seed of weights and activations (default 1)", UINT64_MAX,
                           [](auto &o, uint64_t v) { o.bench.seed = v; }));
  options.push_back(text("--cublaslt", "FILE", "the cuBLASLt to measure against",
                         [](auto &o, auto &v) { o.bench.cublasLt = v; }));
}

static void addGrid(std::vector<OptionSpec> &options) {
  options.push_back(
      {"--shapes", "LIST",
       "all (default: the grid and the packs' own), quick, packs, smallest, models, or "
       "shapes N x K: llama-3.1-8b,4096x14336",
       [](CommandLineOptions &o, const std::string &value) -> Status {
         o.bench.shapes.clear();
         o.bench.choice = value == "all"        ? ShapeChoice::WithOwn
                          : value == "quick"    ? ShapeChoice::OrOwn
                          : value == "packs"    ? ShapeChoice::Own
                          : value == "smallest" ? ShapeChoice::Smallest
                                                : ShapeChoice::Given;
         if (value == "packs" || value == "smallest")
           return ok();
         UWT_ASSIGN_OR_RETURN(o.bench.shapes, parseShapes(value));
         return ok();
       }});
  options.push_back({"--m", "LIST", "all (default), quick, or numbers: 1,8,64",
                     [](CommandLineOptions &o, const std::string &value) -> Status {
                       UWT_ASSIGN_OR_RETURN(o.bench.batches, parseBatches(value));
                       return ok();
                     }});
  options.push_back(flag("--quick", "a few shapes and batches, fewer samples", [](auto &o) {
    o.bench.shapes = quickShapes();
    o.bench.choice = ShapeChoice::OrOwn;
    o.bench.batches = quickBatches();
    o.bench.timing.samples = 10;
    o.bench.decodeLaunches = 64;
  }));
  options.push_back(
      number("--samples", "samples of a row (default 30)", 100000, [](auto &o, uint64_t v) {
        o.bench.timing.samples = static_cast<unsigned>(v ? v : 1);
      }));
  options.push_back(number("--rotate", "MB that copies of a weight cover (default 256)", 1U << 20,
                           [](auto &o, uint64_t v) { o.bench.rotation = v << 20; }));
}

static void addModes(std::vector<OptionSpec> &options) {
  options.push_back(number("--device", "number of the GPU (default 0)", 1024,
                           [](auto &o, auto v) { o.device = static_cast<unsigned>(v); }));
  options.push_back(number("--threads", "threads of the host (default: one a processor)", 4096,
                           [](auto &o, auto v) { o.threads = static_cast<unsigned>(v); }));
  options.push_back(text("--json", "FILE", "write results, after every shape",
                         [](auto &o, auto &v) { o.json = v; }));
  options.push_back(
      flag("--check", "check only, measure nothing", [](auto &o) { o.bench.checkOnly = true; }));
  options.push_back(
      flag("--no-baseline", "leave cuBLASLt out", [](auto &o) { o.bench.noBaseline = true; }));
  options.push_back(flag("--profile", "launch each kernel three times, for a profiler",
                         [](auto &o) { o.bench.profile = true; }));
  options.push_back(text("--ncu", "FILE", "run --profile under Nsight Compute, counters to FILE",
                         [](auto &o, auto &v) { o.ncu = v; }));
  options.push_back(flag("--list", "print the grid and end", [](auto &o) { o.list = true; }));
  options.push_back(
      flag("--version", "print the version and end", [](auto &o) { o.version = true; }));
  options.push_back(flag("--help", "print this and end", [](auto &o) { o.help = true; }));
}

static const std::vector<OptionSpec> &allOptions() {
  static const std::vector<OptionSpec> options = [] {
    std::vector<OptionSpec> made;
    addInputs(made);
    addGrid(made);
    addModes(made);
    return made;
  }();
  return options;
}

static Expected<const OptionSpec *> findOption(const std::string &name) {
  std::vector<std::string_view> names;
  for (const OptionSpec &option : allOptions()) {
    if (name == option.name)
      return &option;
    names.emplace_back(option.name);
  }
  return usageError("there is no option " + inQuotes(name) + didYouMean(name, names) +
                    "; see --help");
}

Expected<CommandLineOptions> uwt::parseOptions(const std::vector<std::string> &arguments) {
  CommandLineOptions options;
  options.bench.shapes = allShapes();
  options.bench.choice = ShapeChoice::WithOwn;
  options.bench.batches = allBatches();
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i], value;
    size_t equals = name.starts_with("--") ? name.find('=') : std::string::npos;
    bool hasValue = equals != std::string::npos;
    if (hasValue) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    UWT_ASSIGN_OR_RETURN(const OptionSpec *option, findOption(name));
    if (!option->value && hasValue)
      return usageError(name + " takes no value");
    if (option->value && !hasValue) {
      if (++i == arguments.size())
        return usageError(name + " needs a value: " + option->value);
      value = arguments[i];
    }
    UWT_RETURN_IF_ERROR(option->apply(options, value));
  }
  bool measures = !options.help && !options.version && !options.list;
  if (measures && options.bench.packs.empty())
    return usageError("no pack is given; use --pack FILE, made by 'uwt compile --emit pack'");
  return options;
}

std::string uwt::helpText() {
  std::string text = "Measures the kernels of packs on a GPU, after checking them, against "
                     "cuBLASLt.\n\nusage: uwt-bench --pack FILE [options]\n\n";
  for (const OptionSpec &option : allOptions()) {
    std::string left = std::string("  ") + option.name;
    if (option.value)
      left += std::string(" ") + option.value;
    left.resize(std::max<size_t>(left.size() + 1, 22), ' ');
    text += left + option.help + "\n";
  }
  return text + "\nExit codes: 0 all right, 1 a kernel was wrong, 2 usage, 3 a damaged file, 4 "
                "reading, writing or\nthe driver, 5 no GPU, or one that cannot.\n";
}

std::string uwt::listText(const CommandLineOptions &options) {
  std::string text;
  for (const GridShape &shape : options.bench.shapes) {
    std::string size = std::to_string(shape.rows) + "x" + std::to_string(shape.columns);
    size.resize(std::max<size_t>(size.size() + 1, 13), ' ');
    text += size + shape.name + "\n";
  }
  text += "batches";
  for (uint32_t batch : options.bench.batches)
    text += " " + std::to_string(batch);
  return text + "\n";
}
