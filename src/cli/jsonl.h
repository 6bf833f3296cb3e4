// Fields of the JSON objects that `--jsonl` reads, one object a line. Every error names the line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace modernbert::cli {

// nullopt for a blank line.
std::optional<Json> parse_jsonl(const std::string& line, const std::string& place);

// A field that must be there.
const Json& require_field(const Json& object, const std::string& field, const std::string& place);
std::string text_field(const Json& object, const std::string& field, const std::string& place);
// nullopt where the field is absent or null.
std::optional<std::string> optional_text_field(const Json& object, const std::string& field,
                                               const std::string& place);
std::vector<std::string> text_list_field(const Json& object, const std::string& field,
                                         const std::string& place);

}  // namespace modernbert::cli
