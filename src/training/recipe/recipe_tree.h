// A recipe's YAML as a plain tree in which every value knows where it was written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace modernbert {

struct RecipeNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry;

  Kind kind = Kind::kNull;
  std::string text;              // of a scalar, without quotes
  bool quoted = false;           // a quoted scalar is a string, whatever it looks like
  std::string where;             // "configs/nano.yaml:12", or "--set batch.sequences"
  std::vector<RecipeNode> list;  // of a list
  std::vector<Entry> entries;    // of a map, in the file's order

  const Entry* find(std::string_view key) const;
  Entry* find(std::string_view key);
};

struct RecipeNode::Entry {
  std::string key;
  std::string where;  // of the key
  RecipeNode value;
};

// source: what messages call the text. Errors (kInvalidFile) name source and line: bad YAML, keys that are no
// plain text, keys that appear twice in one map.
RecipeNode parse_recipe(const std::string& text, const std::string& source);
RecipeNode read_recipe_tree(const std::filesystem::path& path);

// Sets the value at a dotted path, such as `batch.sequences`. Maps on the way are made where they are
// missing; whether such a field exists is the reader's question. Messages say value.where. Error:
// kInvalidArgument.
void set_field(RecipeNode& root, const std::string& path, RecipeNode value);
// The same from a command line: `batch.sequences=64`; the value is YAML.
void override_recipe(RecipeNode& root, const std::string& assignment);

// The tree as YAML, for the copy beside a run's checkpoints.
std::string to_yaml(const RecipeNode& root);

}  // namespace modernbert
