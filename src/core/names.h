// Choosing an enumerator by its name, with an error that lists the choices.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>

#include "core/fail.h"

namespace modernbert {

template <class Enum>
struct NamedValue {
  std::string_view name;
  Enum value;
};

// field: what the message calls the value ("config.json: hidden_activation").
template <class Enum>
Enum parse_name(std::string_view name, std::span<const NamedValue<Enum>> choices, const std::string& field) {
  std::string list;
  for (const auto& choice : choices) {
    if (choice.name == name) return choice.value;
    list += (list.empty() ? "" : ", ") + std::string(choice.name);
  }
  fail(ErrorCode::kUnsupported, "{} is \"{}\", want one of {}", field, name, list);
}

// The first name of a value.
template <class Enum>
std::string_view name_of(Enum value, std::span<const NamedValue<Enum>> choices) {
  for (const auto& choice : choices) {
    if (choice.value == value) return choice.name;
  }
  return "?";
}

}  // namespace modernbert
