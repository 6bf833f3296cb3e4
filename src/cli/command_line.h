// One verb's command line: its options are declared once, by OptionGroup, which feeds parser and help text;
// everything else is a text.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/byte_writer.h"

namespace CLI {
class App;
}

namespace modernbert::cli {

class CommandLine;

// Runs a parsed command; returns the exit code.   out: standard output, flushed by the caller.
using RunVerb = std::function<int(ByteWriter& out)>;

struct Verb {
  std::string_view name;
  std::string_view arguments;  // as shown in the usage line
  std::string_view summary;
  // Declares the verb's options; what it returns holds their values. Called once, before parsing.
  RunVerb (*declare)(CommandLine& line);
};

class CommandLine {
 public:
  explicit CommandLine(const Verb& verb);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // False where --help was asked for. UsageError for anything that does not parse.
  // All after a lone `--` is text, whatever it looks like.
  bool parse(std::vector<std::string> arguments);

  const std::vector<std::string>& texts() const { return texts_; }
  std::string help() const;

 private:
  friend class OptionGroup;  // declares options

  std::unique_ptr<CLI::App> app_;
  std::vector<std::string> texts_;
};

// ", did you mean NAME?", or nothing where no candidate is near.
std::string suggestion(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace modernbert::cli
