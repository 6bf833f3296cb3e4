// Options of a verb, declared under one heading of its help: name, variable, allowed values, name of the
// value in the help, help text. CLI11 stays behind this and command_line.h: its templates take about ten
// seconds to compile in every file that sees them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace modernbert::cli {

class CommandLine;

// A declared option, for what not every declaration says. Lives as long as its CommandLine.
class Option {
 public:
  Option(CLI::Option* option) : option_(option) {}

  Option required();
  // The two are not given together.
  Option excludes(Option other);
  // The default that the help shows, in place of the variable's value.
  Option default_text(const std::string& text);
  // The environment variable that gives the value where the command line does not.
  Option environment(const std::string& variable);

 private:
  CLI::Option* option_;
};

// Both ends are allowed.
struct IntegerRange {
  int64_t least = 0, most = 0;
};
struct RealRange {
  double least = 0, most = 0;
};

// Variables keep their value where the option is not given; they must outlive the command line's parsing.
// name: "--output,-o" for a long and a short one.
// The help shows the value at the time of the declaration as the default, unless it is empty.
class OptionGroup {
 public:
  // Groups of the same heading are one group of the help.
  OptionGroup(CommandLine& line, std::string heading);

  Option flag(const std::string& name, bool& value, const std::string& help);

  Option number(const std::string& name, int32_t& value, IntegerRange range, const std::string& value_name,
                const std::string& help);
  Option number(const std::string& name, int64_t& value, IntegerRange range, const std::string& value_name,
                const std::string& help);
  Option number(const std::string& name, uint64_t& value, IntegerRange range, const std::string& value_name,
                const std::string& help);
  Option number(const std::string& name, double& value, RealRange range, const std::string& value_name,
                const std::string& help);
  // All that the type can hold.
  Option number(const std::string& name, uint64_t& value, const std::string& value_name,
                const std::string& help);

  Option text(const std::string& name, std::string& value, const std::string& value_name,
              const std::string& help);
  Option text(const std::string& name, std::optional<std::string>& value, const std::string& value_name,
              const std::string& help);
  Option text(const std::string& name, std::filesystem::path& value, const std::string& value_name,
              const std::string& help);
  // May be given several times, with one value each time.
  Option texts(const std::string& name, std::vector<std::string>& values, const std::string& value_name,
               const std::string& help);
  // May be given several times, with one or more values each time.
  Option text_lists(const std::string& name, std::vector<std::string>& values, const std::string& value_name,
                    const std::string& help);

  // A value that `parse` makes of the option's text; parse throws Error for a text that it does not know.
  // value_name: of a choice all names, "auto|fp32|bf16".   default_text: as the help shows it; empty = none.
  template <class T, class Parsed>
  Option parsed(const std::string& name, T& value, Parsed (*parse)(std::string_view),
                const std::string& value_name, const std::string& default_text, const std::string& help) {
    const auto assign = [&value, parse](std::string_view text) { value = parse(text); };
    return assigned(name, assign, value_name, help).default_text(default_text);
  }

 private:
  template <class T>
  CLI::Option* declare(const std::string& name, T& value, const std::string& value_name,
                       const std::string& help);
  // assign: called with the text of the option. Its Errors become errors of the command line.
  Option assigned(const std::string& name, std::function<void(std::string_view)> assign,
                  const std::string& value_name, const std::string& help);

  CLI::App& app_;
  std::string heading_;
};

}  // namespace modernbert::cli
