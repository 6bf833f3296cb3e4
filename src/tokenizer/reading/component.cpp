#include "tokenizer/reading/component.h"

#include <algorithm>

#include "core/fail.h"
#include "tokenizer/vocabulary.h"

namespace modernbert {

Component::Component(const Json& value, const std::string& source, const std::string& role)
    : source_(source), role_(role), fields_(value, source + ": " + role), type_(fields_.string("type", "")) {
  if (type_.empty()) fields_.reject("type", "the name of a component");
}

void Component::allow_only(std::initializer_list<std::string_view> names) const {
  for (const auto& [name, value] : fields_.json().items()) {
    if (name == "type" || std::find(names.begin(), names.end(), name) != names.end()) continue;
    fail(ErrorCode::kUnsupported, "{}: {} \"{}\" has the setting \"{}\" = {}, which is not implemented",
         source_, role_, type_, name, brief(value));
  }
}

const Json& Component::required(const std::string& name) const {
  const Json* value = fields_.find(name);
  if (value == nullptr) fields_.reject(name, "a value");
  return *value;
}

std::string Component::required_string(const std::string& name) const {
  required(name);
  return fields_.string(name, "");
}

bool Component::required_boolean(const std::string& name) const {
  required(name);
  return fields_.boolean(name, false);
}

std::vector<Component> Component::list(const std::string& name) const {
  const Json& items = required(name);
  if (!items.is_array()) fields_.reject(name, "a list of components");
  std::vector<Component> components;
  for (size_t i = 0; i < items.size(); ++i) {
    components.emplace_back(items[i], source_, fmt::format("{}.{}[{}]", role_, name, i));
  }
  return components;
}

void Component::reject_type(std::string_view implemented) const {
  fail(ErrorCode::kUnsupported, "{}: {} \"{}\" is not implemented, want one of {}", source_, role_, type_,
       implemented);
}

bool is_token_id(const Json& value) {
  return value.is_number_unsigned() && value.get<uint64_t>() < static_cast<uint64_t>(kMaxTokenId);
}

int32_t read_token_id(const Json& value, const std::string& where) {
  if (!is_token_id(value)) {
    fail(ErrorCode::kInvalidFile, "{} is {}, want an id from 0 to {}", where, brief(value), kMaxTokenId - 1);
  }
  return value.get<int32_t>();
}

}  // namespace modernbert
