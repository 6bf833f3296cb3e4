// Inputs that may have a second text: classify and tokenize.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/input.h"

namespace modernbert::cli {

class CommandLine;

struct TextPair {
  std::string first;
  std::optional<std::string> second;
};

struct PairOptions {
  bool pair = false;  // arguments two by two, lines split at their first tab
  std::string field;  // of JSON lines; absent or null in a line = no second text there
};
// --pair, --jsonl-pair
void add_pair_options(CommandLine& line, PairOptions& options);

// Turns input lines into pairs.
class PairReader {
 public:
  // texts: the arguments. UsageError where the options do not fit together.
  PairReader(const PairOptions& options, const Input& input, const std::vector<std::string>& texts);
  // nullopt for a blank line of JSONL, and for the first of two arguments.
  std::optional<TextPair> read(InputLine& line);

 private:
  std::optional<TextPair> from_jsonl(const InputLine& line) const;
  TextPair from_line(const InputLine& line) const;

  PairOptions options_;
  const Input& input_;
  std::optional<std::string> waiting_;  // an argument that waits for its second
};

}  // namespace modernbert::cli
