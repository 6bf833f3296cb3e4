// Typed access to one section of a recipe. Each field is asked for once; what nobody asked for is unknown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "training/recipe/recipe_tree.h"

namespace modernbert {

// Errors (kInvalidFile) are one line: `configs/nano.yaml:12: batch.sequences: is "many", want …`.
class RecipeSection {
 public:
  // node: a map, or null = an empty section. path: "" for the recipe itself, else "batch".
  RecipeSection(const RecipeNode& node, std::string path);

  bool has(const std::string& name) const;  // present and not null
  // Absent gives the default.
  double number(const std::string& name, double default_value, double min, double max);
  // Integers may be written as 1_000_000, 1e6 or with k, M, B or T: 50B tokens.
  int64_t count(const std::string& name, int64_t default_value, int64_t min, int64_t max);
  bool boolean(const std::string& name, bool default_value);
  std::string text(const std::string& name, const std::string& default_value);
  std::vector<std::string> texts(const std::string& name);
  template <class Enum>
  Enum choice(const std::string& name, Enum default_value, Enum (*parse)(std::string_view, std::string_view));
  RecipeSection section(const std::string& name);
  // The elements of a list of sections; a single section counts as a list of one.
  std::vector<RecipeSection> sections(const std::string& name);
  const RecipeNode* node(const std::string& name);

  // Error for the first field that nobody has asked for; lists those that exist.
  void reject_unknown() const;
  [[noreturn]] void reject(const std::string& name, const std::string& problem) const;

 private:
  std::string label(const std::string& name) const;
  const RecipeNode* find(const std::string& name);
  // The scalar of a field; null where it is absent.
  const RecipeNode* scalar(const std::string& name, const std::string& want);

  const RecipeNode* node_;
  std::string path_;
  std::vector<std::string> known_;  // in the order they were asked for
};

template <class Enum>
Enum RecipeSection::choice(const std::string& name, Enum default_value,
                           Enum (*parse)(std::string_view, std::string_view)) {
  const RecipeNode* value = scalar(name, "a name");
  return value == nullptr ? default_value : parse(value->text, value->where + ": " + label(name));
}

// The number that a text means, as count() reads it; nullopt if it is none or not whole.
std::optional<int64_t> parse_count(std::string text);

}  // namespace modernbert
