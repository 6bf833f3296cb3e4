#include "cli/option_group.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <limits>
#include <utility>

#include "cli/command_line.h"
#include "modernbert/error.h"

namespace modernbert::cli {
namespace {

CLI::Range in(IntegerRange range) {
  return CLI::Range(range.least, range.most);
}

// CLI11 takes -1 for the largest number without a sign, and numbers that are too large likewise.
std::string refuse_all_but_uint64(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return "";
  return fmt::format("Value {} not in range 0 to {}", text, std::numeric_limits<uint64_t>::max());
}

}  // namespace

Option Option::required() {
  return option_->required();
}

Option Option::excludes(Option other) {
  return option_->excludes(other.option_);
}

Option Option::default_text(const std::string& text) {
  return option_->default_str(text);
}

Option Option::environment(const std::string& variable) {
  return option_->envname(variable);
}

OptionGroup::OptionGroup(CommandLine& line, std::string heading)
    : app_(*line.app_), heading_(std::move(heading)) {}

template <class T>
CLI::Option* OptionGroup::declare(const std::string& name, T& value, const std::string& value_name,
                                  const std::string& help) {
  return app_.add_option(name, value, help)->type_name(value_name)->group(heading_);
}

Option OptionGroup::flag(const std::string& name, bool& value, const std::string& help) {
  return app_.add_flag(name, value, help)->group(heading_);
}

Option OptionGroup::number(const std::string& name, int32_t& value, IntegerRange range,
                           const std::string& value_name, const std::string& help) {
  return declare(name, value, value_name, help)->check(in(range));
}

Option OptionGroup::number(const std::string& name, int64_t& value, IntegerRange range,
                           const std::string& value_name, const std::string& help) {
  return declare(name, value, value_name, help)->check(in(range));
}

Option OptionGroup::number(const std::string& name, uint64_t& value, IntegerRange range,
                           const std::string& value_name, const std::string& help) {
  return declare(name, value, value_name, help)->check(in(range));
}

Option OptionGroup::number(const std::string& name, double& value, RealRange range,
                           const std::string& value_name, const std::string& help) {
  return declare(name, value, value_name, help)->check(CLI::Range(range.least, range.most));
}

Option OptionGroup::number(const std::string& name, uint64_t& value, const std::string& value_name,
                           const std::string& help) {
  return declare(name, value, value_name, help)->check(CLI::Validator(refuse_all_but_uint64, ""));
}

Option OptionGroup::text(const std::string& name, std::string& value, const std::string& value_name,
                         const std::string& help) {
  return declare(name, value, value_name, help);
}

Option OptionGroup::text(const std::string& name, std::optional<std::string>& value,
                         const std::string& value_name, const std::string& help) {
  const auto assign = [&value](std::string_view text) { value = text; };
  return assigned(name, assign, value_name, help);
}

Option OptionGroup::text(const std::string& name, std::filesystem::path& value, const std::string& value_name,
                         const std::string& help) {
  return declare(name, value, value_name, help);
}

Option OptionGroup::texts(const std::string& name, std::vector<std::string>& values,
                          const std::string& value_name, const std::string& help) {
  return declare(name, values, value_name, help)->expected(1)->take_all();
}

Option OptionGroup::text_lists(const std::string& name, std::vector<std::string>& values,
                               const std::string& value_name, const std::string& help) {
  return declare(name, values, value_name, help);
}

Option OptionGroup::assigned(const std::string& name, std::function<void(std::string_view)> assign,
                             const std::string& value_name, const std::string& help) {
  const auto assign_or_refuse = [name, assign = std::move(assign)](const std::string& text) {
    try {
      assign(text);
    } catch (const Error& error) {
      throw CLI::ValidationError(name, error.what());
    }
  };
  return app_.add_option_function<std::string>(name, assign_or_refuse, help)
      ->type_name(value_name)
      ->group(heading_);
}

}  // namespace modernbert::cli
