#include "experiment/variant_grid.h"

#include "core/fail.h"

namespace modernbert {
namespace {

using Kind = RecipeNode::Kind;

std::string last_part(const std::string& field) {
  return field.substr(field.rfind('.') + 1);  // npos + 1 is 0: all of it
}

void check_values(const RecipeNode::Entry& entry) {
  if (entry.value.kind != Kind::kList || entry.value.list.empty())
    fail(ErrorCode::kInvalidFile, "{}: grid.{}: want a list of values, such as [64, 128]", entry.where,
         entry.key);
  for (const RecipeNode& value : entry.value.list) {
    if (value.kind != Kind::kScalar)
      fail(ErrorCode::kInvalidFile, "{}: grid.{}: a value is no number, name or text", value.where,
           entry.key);
  }
}

Variant extended(const Variant& variant, const std::string& field, const RecipeNode& value) {
  Variant result = variant;
  result.name += fmt::format("{}{}={}", result.name.empty() ? "" : ",", last_part(field), value.text);
  result.changes.push_back({field, value});
  return result;
}

}  // namespace

std::vector<Variant> expand_grid(const RecipeNode& node) {
  if (node.kind != Kind::kMap)
    fail(ErrorCode::kInvalidFile, "{}: grid: want fields with lists of values", node.where);
  std::vector<Variant> variants = {{.where = node.where}};
  for (const RecipeNode::Entry& entry : node.entries) {
    check_values(entry);
    if (variants.size() * entry.value.list.size() > kMaxVariants)
      fail(ErrorCode::kInvalidFile, "{}: grid.{}: more than {} combinations", entry.where, entry.key,
           kMaxVariants);
    std::vector<Variant> more;
    for (const Variant& variant : variants) {
      for (const RecipeNode& value : entry.value.list) more.push_back(extended(variant, entry.key, value));
    }
    variants = std::move(more);
  }
  return variants;
}

}  // namespace modernbert
