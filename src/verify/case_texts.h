// Fields of cases that are given texts instead of token ids.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "verify/case_folder.h"
#include "verify/comparison.h"

namespace modernbert {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

// Errors (kInvalidFile) name the field.
std::vector<std::string> read_texts(const JsonObject& json, const std::string& field);
TextPairs read_text_pairs(const JsonObject& json, const std::string& field);
std::vector<int32_t> read_integers(const JsonObject& json, const std::string& field);
std::vector<std::vector<int32_t>> read_integer_lists(const JsonObject& json, const std::string& field);

// Token ids of one text, exactly.   what: "text 3".
void compare_ids(const std::string& what, const std::vector<int32_t>& actual,
                 const std::vector<int32_t>& expected, CaseReport& report);

// The real tokens of every row of the padded inputs input_ids and attention_mask; empty where the case lists
// none.
std::vector<std::vector<int32_t>> expected_ids(const CaseFolder& folder, const CaseSpec& spec);

}  // namespace modernbert
