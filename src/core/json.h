// JSON from foreign files: bounded in size and depth; typed field access with errors that name file, field,
// value and choices.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace modernbert {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // keeps the order in which keys were set

// source: what error messages call the text. Nesting above 64 levels, NUL-terminated junk and invalid UTF-8
// are errors (kInvalidFile).
//
// Of keys that an object repeats the last one counts, as everywhere; kReject makes them an error, for formats
// that forbid them.
enum class RepeatedKeys { kKeepLast, kReject };
Json parse_json(std::string_view text, const std::string& source,
                RepeatedKeys repeated = RepeatedKeys::kKeepLast);
Json read_json_file(const std::filesystem::path& path);
// nullopt if the file does not exist.
std::optional<Json> read_json_file_if_exists(const std::filesystem::path& path);

// A view on one JSON object. `source` and, for nested objects, the field path go into messages:
// `config.json: hidden_size is "many", want an integer from 1 to 1048576`.
class JsonObject {
 public:
  // Error (kInvalidFile) unless value is an object.
  JsonObject(const Json& value, std::string source);

  bool has(const std::string& name) const;          // present and not null
  const Json* find(const std::string& name) const;  // null pointer if absent or JSON null
  // Absent or null gives the default; a wrong type or range is an error (kInvalidFile).
  int64_t integer(const std::string& name, int64_t default_value, int64_t min, int64_t max) const;
  double number(const std::string& name, double default_value) const;
  bool boolean(const std::string& name, bool default_value) const;
  std::string string(const std::string& name, const std::string& default_value) const;
  // Absent gives an empty optional.
  std::optional<JsonObject> object(const std::string& name) const;
  // What must be there: absence is an error too.
  JsonObject require_object(const std::string& name) const;
  const Json::array_t& require_list(const std::string& name, const std::string& want = "a list") const;
  uint64_t require_count(const std::string& name, int64_t max) const;  // an integer from 0 to max
  [[noreturn]] void reject(const std::string& name, const std::string& want) const;

  const Json& json() const { return *value_; }
  const std::string& source() const { return source_; }

 private:
  std::string label(const std::string& name) const;
  const Json* value_;
  std::string source_;
  std::string path_;
};

// A short rendering of a value for messages; long values are cut.
std::string brief(const Json& value);

}  // namespace modernbert
