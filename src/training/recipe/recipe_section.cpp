#include "training/recipe/recipe_section.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/fail.h"

namespace modernbert {
namespace {

using Kind = RecipeNode::Kind;

std::string_view kind_name(const RecipeNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "empty";
    case Kind::kScalar:
      return node.text;
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a section";
  }
  return "?";
}

std::optional<double> parse_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

double unit_of(char suffix) {
  switch (suffix) {
    case 'k':
      return 1e3;
    case 'M':
      return 1e6;
    case 'B':
      return 1e9;
    case 'T':
      return 1e12;
    default:
      return 0;
  }
}

}  // namespace

std::optional<int64_t> parse_count(std::string text) {
  std::erase(text, '_');
  double unit = 1;
  if (!text.empty() && unit_of(text.back()) > 0) {
    unit = unit_of(text.back());
    text.pop_back();
  }
  const auto value = parse_number(text);
  constexpr double kLargest = 9e15;  // doubles hold all whole numbers up to here
  // 1.719T is 1719000000000 up to the rounding of the product.
  if (!value || std::abs(*value * unit) > kLargest) return std::nullopt;
  const double whole = std::round(*value * unit);
  if (std::abs(*value * unit - whole) > 1e-9 * std::max(1.0, std::abs(whole))) return std::nullopt;
  return static_cast<int64_t>(whole);
}

RecipeSection::RecipeSection(const RecipeNode& node, std::string path)
    : node_(&node), path_(std::move(path)) {
  if (node.kind == Kind::kMap || node.kind == Kind::kNull) return;
  fail(ErrorCode::kInvalidFile, "{}: {} is {}, want a section of fields", node.where,
       path_.empty() ? "the recipe" : path_, kind_name(node));
}

std::string RecipeSection::label(const std::string& name) const {
  return path_.empty() ? name : path_ + "." + name;
}

bool RecipeSection::has(const std::string& name) const {
  const RecipeNode::Entry* entry = node_->find(name);
  return entry != nullptr && entry->value.kind != Kind::kNull;
}

void RecipeSection::reject(const std::string& name, const std::string& problem) const {
  const RecipeNode::Entry* entry = node_->find(name);
  fail(ErrorCode::kInvalidFile, "{}: {}: {}", entry != nullptr ? entry->where : node_->where, label(name),
       problem);
}

const RecipeNode* RecipeSection::find(const std::string& name) {
  if (std::ranges::find(known_, name) == known_.end()) known_.push_back(name);
  return has(name) ? &node_->find(name)->value : nullptr;
}

const RecipeNode* RecipeSection::scalar(const std::string& name, const std::string& want) {
  const RecipeNode* value = find(name);
  if (value != nullptr && value->kind != Kind::kScalar)
    reject(name, fmt::format("is {}, want {}", kind_name(*value), want));
  return value;
}

double RecipeSection::number(const std::string& name, double default_value, double min, double max) {
  const std::string want = fmt::format("a number from {} to {}", min, max);
  const RecipeNode* value = scalar(name, want);
  if (value == nullptr) return default_value;
  const auto number = parse_number(value->text);
  if (!number || *number < min || *number > max)
    reject(name, fmt::format("is \"{}\", want {}", value->text, want));
  return *number;
}

int64_t RecipeSection::count(const std::string& name, int64_t default_value, int64_t min, int64_t max) {
  const std::string want =
      fmt::format("a whole number from {} to {}, such as 64, 5_000, 3M or 50B", min, max);
  const RecipeNode* value = scalar(name, want);
  if (value == nullptr) return default_value;
  const auto number = parse_count(value->text);
  if (!number || *number < min || *number > max)
    reject(name, fmt::format("is \"{}\", want {}", value->text, want));
  return *number;
}

bool RecipeSection::boolean(const std::string& name, bool default_value) {
  const RecipeNode* value = scalar(name, "true or false");
  if (value == nullptr) return default_value;
  if (value->text != "true" && value->text != "false")
    reject(name, fmt::format("is \"{}\", want true or false", value->text));
  return value->text == "true";
}

std::string RecipeSection::text(const std::string& name, const std::string& default_value) {
  const RecipeNode* value = scalar(name, "a text");
  return value == nullptr ? default_value : value->text;
}

std::vector<std::string> RecipeSection::texts(const std::string& name) {
  const RecipeNode* value = find(name);
  if (value == nullptr) return {};
  if (value->kind == Kind::kScalar) return {value->text};
  std::vector<std::string> result;
  for (const RecipeNode& item : value->list) {
    if (item.kind != Kind::kScalar) reject(name, "want a list of texts");
    result.push_back(item.text);
  }
  if (value->kind != Kind::kList) reject(name, "want a list of texts");
  return result;
}

RecipeSection RecipeSection::section(const std::string& name) {
  static const RecipeNode kEmpty;
  const RecipeNode* value = find(name);
  return {value == nullptr ? kEmpty : *value, label(name)};
}

std::vector<RecipeSection> RecipeSection::sections(const std::string& name) {
  const RecipeNode* value = find(name);
  std::vector<RecipeSection> result;
  if (value == nullptr) return result;
  if (value->kind == Kind::kMap) return {RecipeSection(*value, label(name))};
  if (value->kind != Kind::kList) reject(name, "want a list of sections");
  for (size_t i = 0; i < value->list.size(); ++i)
    result.emplace_back(value->list[i], fmt::format("{}[{}]", label(name), i));
  return result;
}

const RecipeNode* RecipeSection::node(const std::string& name) {
  return find(name);
}

void RecipeSection::reject_unknown() const {
  for (const RecipeNode::Entry& entry : node_->entries) {
    if (std::ranges::find(known_, entry.key) == known_.end())
      reject(entry.key, fmt::format("unknown field, expected one of {}", fmt::join(known_, ", ")));
  }
}

}  // namespace modernbert
