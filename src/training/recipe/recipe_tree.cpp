#include "training/recipe/recipe_tree.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "core/fail.h"
#include "core/file.h"

namespace modernbert {
namespace {

using Kind = RecipeNode::Kind;

constexpr size_t kMaxRecipeBytes = size_t{1} << 20;
constexpr int kMaxDepth = 16;
// Aliases may refer to one part many times; the copies must stay few.
constexpr size_t kMaxNodes = 100'000;

class Converter {
 public:
  explicit Converter(const std::string& source) : source_(source) {}

  RecipeNode convert(const YAML::Node& node, int depth = 0) {
    RecipeNode result;
    result.where = place(node);
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes)
      fail(ErrorCode::kInvalidFile, "{}: nested too deeply or too large for a recipe", result.where);
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        result.kind = Kind::kScalar;
        result.text = node.Scalar();
        result.quoted = node.Tag() == "!";
        break;
      case YAML::NodeType::Sequence:
        result.kind = Kind::kList;
        for (const YAML::Node& item : node) result.list.push_back(convert(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        result.kind = Kind::kMap;
        for (const auto& item : node) add_entry(item.first, item.second, depth, result);
        break;
      default:
        break;
    }
    return result;
  }

 private:
  std::string place(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    return mark.is_null() ? source_ : fmt::format("{}:{}", source_, mark.line + 1);
  }

  void add_entry(const YAML::Node& key, const YAML::Node& value, int depth, RecipeNode& map) {
    const std::string where = place(key);
    if (!key.IsScalar()) fail(ErrorCode::kInvalidFile, "{}: a key is no plain text", where);
    if (map.find(key.Scalar()) != nullptr)
      fail(ErrorCode::kInvalidFile, "{}: {}: appears twice in one section", where, key.Scalar());
    map.entries.push_back({key.Scalar(), where, convert(value, depth + 1)});
  }

  const std::string& source_;
  size_t nodes_ = 0;
};

void set_places(RecipeNode& node, const std::string& where) {
  node.where = where;
  for (RecipeNode& item : node.list) set_places(item, where);
  for (RecipeNode::Entry& entry : node.entries) {
    entry.where = where;
    set_places(entry.value, where);
  }
}

void emit(const RecipeNode& node, YAML::Emitter& out) {
  switch (node.kind) {
    case Kind::kNull:
      out << YAML::Null;
      break;
    case Kind::kScalar:
      if (node.quoted) out << YAML::DoubleQuoted;
      out << node.text;
      break;
    case Kind::kList:
      out << YAML::BeginSeq;
      for (const RecipeNode& item : node.list) emit(item, out);
      out << YAML::EndSeq;
      break;
    case Kind::kMap:
      out << YAML::BeginMap;
      for (const RecipeNode::Entry& entry : node.entries) {
        out << YAML::Key << entry.key << YAML::Value;
        emit(entry.value, out);
      }
      out << YAML::EndMap;
      break;
  }
}

}  // namespace

const RecipeNode::Entry* RecipeNode::find(std::string_view key) const {
  const auto it = std::ranges::find(entries, key, &Entry::key);
  return it == entries.end() ? nullptr : &*it;
}

RecipeNode::Entry* RecipeNode::find(std::string_view key) {
  const auto it = std::ranges::find(entries, key, &Entry::key);
  return it == entries.end() ? nullptr : &*it;
}

RecipeNode parse_recipe(const std::string& text, const std::string& source) {
  try {
    return Converter(source).convert(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    if (error.mark.is_null()) fail(ErrorCode::kInvalidFile, "{}: {}", source, error.msg);
    fail(ErrorCode::kInvalidFile, "{}:{}: {}", source, error.mark.line + 1, error.msg);
  }
}

RecipeNode read_recipe_tree(const std::filesystem::path& path) {
  return parse_recipe(read_file(path, kMaxRecipeBytes), path.string());
}

void set_field(RecipeNode& root, const std::string& path, RecipeNode value) {
  const std::string where = value.where;
  RecipeNode* node = &root;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const std::string key = path.substr(begin, end - begin);
    if (key.empty()) fail(ErrorCode::kInvalidArgument, "{}: \"{}\" is no path of a field", where, path);
    if (node->kind == Kind::kNull) node->kind = Kind::kMap;
    if (node->kind != Kind::kMap)
      fail(ErrorCode::kInvalidArgument, "{}: {} is no section", where,
           path.substr(0, begin == 0 ? 0 : begin - 1));
    if (node->find(key) == nullptr) node->entries.push_back({key, where, {}});
    node->find(key)->where = where;
    node = &node->find(key)->value;
    begin = end + 1;
  }
  *node = std::move(value);
}

void override_recipe(RecipeNode& root, const std::string& assignment) {
  const size_t equals = assignment.find('=');
  const std::string path = assignment.substr(0, equals);
  if (equals == std::string::npos || path.empty() || path.front() == '.' || path.back() == '.')
    fail(ErrorCode::kInvalidArgument, "--set is \"{}\", want FIELD=VALUE, such as batch.sequences=64",
         assignment);
  const std::string where = "--set " + path;
  RecipeNode value = parse_recipe(assignment.substr(equals + 1), where);
  set_places(value, where);
  set_field(root, path, std::move(value));
}

std::string to_yaml(const RecipeNode& root) {
  YAML::Emitter out;
  emit(root, out);
  return std::string(out.c_str()) + "\n";
}

}  // namespace modernbert
