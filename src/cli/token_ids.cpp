#include "cli/token_ids.h"

#include <charconv>

#include "cli/jsonl.h"
#include "cli/table.h"
#include "core/fail.h"

namespace modernbert::cli {
namespace {

std::vector<int32_t> ids_from_text(const std::string& text, const std::string& place) {
  constexpr const char* kBetween = " \t,[]";
  std::vector<int32_t> ids;
  for (size_t i = text.find_first_not_of(kBetween); i != std::string::npos;
       i = text.find_first_not_of(kBetween, i)) {
    const size_t end = std::min(text.find_first_of(kBetween, i), text.size());
    int32_t id = 0;
    const auto parsed = std::from_chars(text.data() + i, text.data() + end, id);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + end) {
      fail(ErrorCode::kInvalidArgument, "{}: \"{}\" is no token id", place,
           shortened(text.substr(i, end - i), 20));
    }
    ids.push_back(id);
    i = end;
  }
  return ids;
}

std::vector<int32_t> ids_from_json(const Json& value, const std::string& field, const std::string& place) {
  const auto reject = [&](const Json& found) {
    fail(ErrorCode::kInvalidArgument, "{}: {} is {}, want a list of token ids", place, field, brief(found));
  };
  if (!value.is_array()) reject(value);
  std::vector<int32_t> ids;
  for (const Json& element : value) {
    if (!element.is_number_integer() || element < 0 || element > INT32_MAX) reject(element);
    ids.push_back(element.get<int32_t>());
  }
  return ids;
}

}  // namespace

std::optional<std::vector<int32_t>> read_token_ids(const Input& input, const InputLine& line) {
  const std::string place = input.place(line);
  if (!input.is_jsonl()) return ids_from_text(line.text, place);
  const auto object = input.object(line);
  if (!object) return std::nullopt;
  return ids_from_json(require_field(*object, input.field(), place), input.field(), place);
}

}  // namespace modernbert::cli
