// One verb's command line: options are declared once on `app`, which parses them and writes the help text;
// everything else is a text.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/byte_writer.h"
#include "modernbert/error.h"

namespace modernbert::cli {

struct CommandLine;

// Runs a parsed command; returns the exit code.   out: standard output, flushed by the caller.
using RunVerb = std::function<int(ByteWriter& out)>;

struct Verb {
  std::string_view name;
  std::string_view arguments;  // as shown in the usage line
  std::string_view summary;
  // Declares the verb's options; what it returns holds their values. Called once, before parsing.
  RunVerb (*declare)(CommandLine& line);
};

struct CommandLine {
  explicit CommandLine(const Verb& verb);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // False where --help was asked for. UsageError for anything that does not parse.
  // All after a lone `--` is text, whatever it looks like.
  bool parse(std::vector<std::string> arguments);

  CLI::App app;
  std::vector<std::string> texts;
};

// An option whose value is one of the names that `parse` knows; parse throws Error for all others.
// choices: "auto|fp32|bf16", shown in the help.
template <class T>
CLI::Option* add_choice(CLI::App& app, const std::string& name, T& value, const std::string& choices,
                        const std::string& default_name, T (*parse)(std::string_view),
                        const std::string& help) {
  const auto assign = [&value, name, parse](const std::string& text) {
    try {
      value = parse(text);
    } catch (const Error& error) {
      throw CLI::ValidationError(name, error.what());
    }
  };
  return app.add_option_function<std::string>(name, assign, help)
      ->type_name(choices)
      ->default_str(default_name);
}

// ", did you mean NAME?", or nothing where no candidate is near.
std::string suggestion(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace modernbert::cli
