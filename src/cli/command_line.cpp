#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <numeric>
#include <utility>

#include "cli/failure.h"

namespace modernbert::cli {
namespace {

// CLI11's help with our usage line, since texts are not declared as an option (see CommandLine::parse).
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(const Verb& verb)
      : usage_(fmt::format("Usage: modernbert {} [OPTIONS] {}\n", verb.name, verb.arguments)) {
    column_width(36);
  }
  std::string make_usage(const CLI::App*, std::string) const override { return usage_; }

 private:
  std::string usage_;
};

// Levenshtein distance.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

}  // namespace

CommandLine::CommandLine(const Verb& verb)
    : app_(std::make_unique<CLI::App>(std::string(verb.summary), std::string(verb.name))) {
  app_->formatter(std::make_shared<HelpFormatter>(verb));
  app_->set_help_flag("--help,-h", "Print this help and exit");
  app_->option_defaults()->always_capture_default();
  app_->allow_extras();
}

CommandLine::~CommandLine() = default;

// Texts are what CLI11 leaves over rather than a positional option: it would read a text such as "[a, b]" as
// a list.
bool CommandLine::parse(std::vector<std::string> arguments) {
  const auto separator = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> after;
  if (separator != arguments.end()) after.assign(separator + 1, arguments.end());
  arguments.erase(separator, arguments.end());
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    app_->parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return false;
  } catch (const CLI::ParseError& error) {
    throw UsageError(fmt::format("{}: {}", app_->get_name(), error.what()));
  }
  texts_ = app_->remaining();
  for (const std::string& text : texts_) {
    if (text.size() < 2 || text[0] != '-') continue;
    const std::string name = text.substr(0, text.find('='));
    throw UsageError(fmt::format("{}: unknown option {}{} (texts that begin with - go after --)",
                                 app_->get_name(), name, suggestion(name, option_names(*app_))));
  }
  texts_.insert(texts_.end(), after.begin(), after.end());
  return true;
}

std::string CommandLine::help() const {
  return app_->help();
}

std::string suggestion(const std::string& word, const std::vector<std::string>& candidates) {
  size_t best = std::max<size_t>(2, word.size() / 3) + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest.empty() ? "" : fmt::format(", did you mean {}?", nearest);
}

}  // namespace modernbert::cli
