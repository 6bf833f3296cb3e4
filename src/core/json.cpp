#include "core/json.h"

#include <set>
#include <vector>

#include "core/fail.h"
#include "core/file.h"

namespace modernbert {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxBytes = size_t{256} << 20;

// Brackets outside strings; checked before parsing so that a hostile file cannot build a deep tree.
void check_depth(std::string_view text, const std::string& source) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) {
        fail(ErrorCode::kInvalidFile, "{}: nested deeper than {} levels at byte {}", source, kMaxDepth, i);
      }
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
}

Json parse_without_repeats(std::string_view text, const std::string& source) {
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  return Json::parse(text, [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      fail(ErrorCode::kInvalidFile, "{}: {} appears twice", source, brief(parsed));
    }
    return true;
  });
}

}  // namespace

std::string brief(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

Json parse_json(std::string_view text, const std::string& source, RepeatedKeys repeated) {
  if (text.size() > kMaxBytes) {
    fail(ErrorCode::kInvalidFile, "{}: {} bytes of JSON, want at most {}", source, text.size(), kMaxBytes);
  }
  // The parser would take a NUL for the end of the text and ignore what follows.
  if (const size_t nul = text.find('\0'); nul != text.npos) {
    fail(ErrorCode::kInvalidFile, "{}: not valid JSON at byte {}", source, nul + 1);
  }
  check_depth(text, source);
  try {
    return repeated == RepeatedKeys::kReject ? parse_without_repeats(text, source) : Json::parse(text);
  } catch (const Json::parse_error& error) {
    fail(ErrorCode::kInvalidFile, "{}: not valid JSON at byte {}", source, error.byte);
  } catch (const Json::exception& error) {
    fail(ErrorCode::kInvalidFile, "{}: not valid JSON: {}", source, error.what());
  }
}

Json read_json_file(const std::filesystem::path& path) {
  return parse_json(read_file(path, kMaxBytes), path.string());
}

std::optional<Json> read_json_file_if_exists(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  return read_json_file(path);
}

JsonObject::JsonObject(const Json& value, std::string source) : value_(&value), source_(std::move(source)) {
  if (!value.is_object())
    fail(ErrorCode::kInvalidFile, "{}: found {}, want a JSON object", source_, brief(value));
}

std::string JsonObject::label(const std::string& name) const {
  return path_.empty() ? name : path_ + "." + name;
}

bool JsonObject::has(const std::string& name) const {
  return find(name) != nullptr;
}

const Json* JsonObject::find(const std::string& name) const {
  const auto it = value_->find(name);
  return it == value_->end() || it->is_null() ? nullptr : &*it;
}

void JsonObject::reject(const std::string& name, const std::string& want) const {
  const Json* value = find(name);
  fail(ErrorCode::kInvalidFile, "{}: {} is {}, want {}", source_, label(name),
       value ? brief(*value) : "missing", want);
}

int64_t JsonObject::integer(const std::string& name, int64_t default_value, int64_t min, int64_t max) const {
  const Json* value = find(name);
  if (value == nullptr) return default_value;
  const bool fits = value->is_number_unsigned() ? value->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
                                                : value->is_number_integer();
  if (!fits || value->get<int64_t>() < min || value->get<int64_t>() > max) {
    reject(name, fmt::format("an integer from {} to {}", min, max));
  }
  return value->get<int64_t>();
}

double JsonObject::number(const std::string& name, double default_value) const {
  const Json* value = find(name);
  if (value == nullptr) return default_value;
  if (!value->is_number()) reject(name, "a number");
  return value->get<double>();
}

bool JsonObject::boolean(const std::string& name, bool default_value) const {
  const Json* value = find(name);
  if (value == nullptr) return default_value;
  if (!value->is_boolean()) reject(name, "true or false");
  return value->get<bool>();
}

std::string JsonObject::string(const std::string& name, const std::string& default_value) const {
  const Json* value = find(name);
  if (value == nullptr) return default_value;
  if (!value->is_string()) reject(name, "a string");
  return value->get<std::string>();
}

std::optional<JsonObject> JsonObject::object(const std::string& name) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) reject(name, "an object");
  JsonObject child(*value, source_);
  child.path_ = label(name);
  return child;
}

JsonObject JsonObject::require_object(const std::string& name) const {
  auto child = object(name);
  if (!child) reject(name, "an object");
  return *std::move(child);
}

const Json::array_t& JsonObject::require_list(const std::string& name, const std::string& want) const {
  const Json* value = find(name);
  if (value == nullptr || !value->is_array()) reject(name, want);
  return value->get_ref<const Json::array_t&>();
}

uint64_t JsonObject::require_count(const std::string& name, int64_t max) const {
  if (!has(name)) reject(name, fmt::format("an integer from 0 to {}", max));
  return static_cast<uint64_t>(integer(name, 0, 0, max));
}

}  // namespace modernbert
