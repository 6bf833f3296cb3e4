#include "cli/pairs.h"

#include <fmt/format.h>

#include <utility>

#include "cli/failure.h"
#include "cli/jsonl.h"
#include "cli/option_group.h"
#include "core/fail.h"

namespace modernbert::cli {

void add_pair_options(CommandLine& line, PairOptions& options) {
  OptionGroup input(line, "Input");
  input.flag("--pair", options.pair, "Pairs of texts: arguments two by two, lines split at their first tab");
  input.text("--jsonl-pair", options.field, "FIELD",
             "Field of the second text in JSON lines (absent or null: none)");
}

PairReader::PairReader(const PairOptions& options, const Input& input, const std::vector<std::string>& texts)
    : options_(options), input_(input) {
  if (!options.field.empty() && !input.is_jsonl()) throw UsageError("--jsonl-pair needs --jsonl");
  if (options.pair && input.is_jsonl()) throw UsageError("with --jsonl, want --jsonl-pair FIELD, not --pair");
  if (options.pair && !input.is_stream() && texts.size() % 2 != 0) {
    throw UsageError(fmt::format("--pair with {} texts, want an even number", texts.size()));
  }
}

std::optional<TextPair> PairReader::read(InputLine& line) {
  if (input_.is_jsonl()) return from_jsonl(line);
  if (!options_.pair) return TextPair{std::move(line.text), std::nullopt};
  if (input_.is_stream()) return from_line(line);
  if (!waiting_) {
    waiting_ = std::move(line.text);
    return std::nullopt;
  }
  return TextPair{*std::exchange(waiting_, std::nullopt), std::move(line.text)};
}

std::optional<TextPair> PairReader::from_jsonl(const InputLine& line) const {
  const auto object = input_.object(line);
  if (!object) return std::nullopt;
  TextPair pair{text_field(*object, input_.field(), input_.place(line)), std::nullopt};
  if (!options_.field.empty()) pair.second = optional_text_field(*object, options_.field, input_.place(line));
  return pair;
}

TextPair PairReader::from_line(const InputLine& line) const {
  const size_t tab = line.text.find('\t');
  if (tab == std::string::npos) {
    fail(ErrorCode::kInvalidArgument, "{}: no tab, want two texts with a tab between them",
         input_.place(line));
  }
  return {line.text.substr(0, tab), line.text.substr(tab + 1)};
}

}  // namespace modernbert::cli
