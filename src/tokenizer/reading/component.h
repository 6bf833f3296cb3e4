// One component of a tokenizer.json (normalizer, model, …): its type and its fields, strictly read.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace modernbert {

class Component {
 public:
  // role: what messages call it, such as `normalizer`. Error (kInvalidFile) unless value is an object with a
  // type.
  Component(const Json& value, const std::string& source, const std::string& role);

  const std::string& type() const { return type_; }
  const JsonObject& fields() const { return fields_; }
  const std::string& source() const { return source_; }
  const std::string& role() const { return role_; }
  std::string where() const { return source_ + ": " + role_; }

  // Error (kUnsupported) that names the first field beside `type` and these.
  void allow_only(std::initializer_list<std::string_view> names) const;
  // Error (kInvalidFile) if a field is absent.
  const Json& required(const std::string& name) const;
  std::string required_string(const std::string& name) const;
  bool required_boolean(const std::string& name) const;
  // The components in an array field, such as the `normalizers` of a Sequence.
  std::vector<Component> list(const std::string& name) const;

  [[noreturn]] void reject_type(std::string_view implemented) const;

 private:
  std::string source_;
  std::string role_;
  JsonObject fields_;
  std::string type_;
};

bool is_token_id(const Json& value);
// Error (kInvalidFile) unless value is an integer in [0, kMaxTokenId).
int32_t read_token_id(const Json& value, const std::string& where);

}  // namespace modernbert
