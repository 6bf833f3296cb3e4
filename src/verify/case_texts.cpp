#include "verify/case_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "verify/case_inputs.h"

namespace modernbert {
namespace {

std::vector<int32_t> to_integers(const JsonObject& json, const std::string& field,
                                 const Json::array_t& list) {
  std::vector<int32_t> values;
  for (const Json& value : list) {
    if (!value.is_number_integer() || !std::in_range<int32_t>(value.get<int64_t>()))
      json.reject(field, "integers");
    values.push_back(value.get<int32_t>());
  }
  return values;
}

}  // namespace

std::vector<std::string> read_texts(const JsonObject& json, const std::string& field) {
  std::vector<std::string> texts;
  for (const Json& value : json.require_list(field, "a list of texts")) {
    if (!value.is_string()) json.reject(field, "a list of texts");
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

TextPairs read_text_pairs(const JsonObject& json, const std::string& field) {
  constexpr const char* kWant = "a list of pairs of texts";
  TextPairs pairs;
  for (const Json& value : json.require_list(field, kWant)) {
    const bool is_pair =
        value.is_array() && value.size() == 2 && value[0].is_string() && value[1].is_string();
    if (!is_pair) json.reject(field, kWant);
    pairs.emplace_back(value[0].get<std::string>(), value[1].get<std::string>());
  }
  return pairs;
}

std::vector<int32_t> read_integers(const JsonObject& json, const std::string& field) {
  return to_integers(json, field, json.require_list(field, "a list of integers"));
}

std::vector<std::vector<int32_t>> read_integer_lists(const JsonObject& json, const std::string& field) {
  std::vector<std::vector<int32_t>> lists;
  for (const Json& list : json.require_list(field, "lists of integers")) {
    if (!list.is_array()) json.reject(field, "lists of integers");
    lists.push_back(to_integers(json, field, list.get_ref<const Json::array_t&>()));
  }
  return lists;
}

void compare_ids(const std::string& what, const std::vector<int32_t>& actual,
                 const std::vector<int32_t>& expected, CaseReport& report) {
  if (actual == expected) return;
  const auto [a, e] = std::ranges::mismatch(actual, expected);
  const auto text_of = [](auto it, const std::vector<int32_t>& ids) {
    return it == ids.end() ? std::string("the end") : fmt::format("{}", *it);
  };
  report.mismatch(fmt::format("{}: token {} is {}, want {}", what, a - actual.begin(), text_of(a, actual),
                              text_of(e, expected)));
}

std::vector<std::vector<int32_t>> expected_ids(const CaseFolder& folder, const CaseSpec& spec) {
  if (find_input(folder, spec, "input_ids") == nullptr) return {};
  const TokenBatch batch = read_case_inputs(folder, spec).batch;
  std::vector<std::vector<int32_t>> rows;
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    rows.emplace_back(batch.ids.begin() + batch.begin(b),
                      batch.ids.begin() + batch.begin(b) + batch.length(b));
  }
  return rows;
}

}  // namespace modernbert
