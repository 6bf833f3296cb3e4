#include "cli/jsonl.h"

#include "core/fail.h"

namespace modernbert::cli {
namespace {

std::string as_text(const Json& value, const std::string& field, const std::string& place) {
  if (!value.is_string()) {
    fail(ErrorCode::kInvalidArgument, "{}: {} is {}, want a string", place, field, brief(value));
  }
  return value.get<std::string>();
}

}  // namespace

std::optional<Json> parse_jsonl(const std::string& line, const std::string& place) {
  if (line.find_first_not_of(" \t\r") == std::string::npos) return std::nullopt;
  Json value;
  try {
    value = parse_json(line, place);
  } catch (const Error& error) {
    throw Error(ErrorCode::kInvalidArgument, error.what());
  }
  if (!value.is_object()) {
    fail(ErrorCode::kInvalidArgument, "{}: {} is not a JSON object", place, brief(value));
  }
  return value;
}

const Json& require_field(const Json& object, const std::string& field, const std::string& place) {
  const auto found = object.find(field);
  if (found != object.end()) return *found;
  constexpr size_t kNamesShown = 8;
  std::string names;
  size_t shown = 0;
  for (auto entry = object.begin(); entry != object.end() && shown < kNamesShown; ++entry, ++shown) {
    names += (names.empty() ? "" : ", ") + entry.key();
  }
  fail(ErrorCode::kInvalidArgument, "{}: no field \"{}\", found {}", place, field,
       names.empty() ? "none" : names);
}

std::string text_field(const Json& object, const std::string& field, const std::string& place) {
  return as_text(require_field(object, field, place), field, place);
}

std::optional<std::string> optional_text_field(const Json& object, const std::string& field,
                                               const std::string& place) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return as_text(*found, field, place);
}

std::vector<std::string> text_list_field(const Json& object, const std::string& field,
                                         const std::string& place) {
  const Json& value = require_field(object, field, place);
  if (!value.is_array()) {
    fail(ErrorCode::kInvalidArgument, "{}: {} is {}, want a list of strings", place, field, brief(value));
  }
  std::vector<std::string> texts;
  for (const Json& element : value) texts.push_back(as_text(element, field, place));
  return texts;
}

}  // namespace modernbert::cli
