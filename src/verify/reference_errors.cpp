#include "verify/reference_errors.h"

#include <algorithm>
#include <cmath>

namespace modernbert {
namespace {

constexpr const char* kBf16Run = "hf_bf16_sdpa";
double read_error(const JsonObject& json, const std::string& name) {
  const double value = json.number(name, -1);
  if (!std::isfinite(value) || value < 0) json.reject(name, "a number of at least 0");
  return value;
}

std::optional<ReferenceErrors> read_run(const JsonObject& outputs, const std::string& output) {
  const auto json = outputs.object(output);
  if (!json) return std::nullopt;
  // Inputs too long for a float64 run have their figures under the second name.
  for (const char* name : {"error_vs_float64", "error_vs_reference"}) {
    const auto errors = json->object(name);
    const auto found = errors ? errors->object(kBf16Run) : std::nullopt;
    if (found) return ReferenceErrors{read_error(*found, "max_abs"), read_error(*found, "mean_abs")};
  }
  return std::nullopt;
}

std::optional<ReferenceErrors> largest_of_folder(const std::string& output, const std::vector<Json>& cases) {
  std::optional<ReferenceErrors> largest;
  for (const Json& value : cases) {
    const auto outputs = JsonObject(value, "cases.json").object("outputs");
    const auto run = outputs ? read_run(*outputs, output) : std::nullopt;
    if (!run) continue;
    if (!largest) largest.emplace();
    largest->max_abs = std::max(largest->max_abs, run->max_abs);
    largest->mean_abs = std::max(largest->mean_abs, run->mean_abs);
  }
  return largest;
}

}  // namespace

std::optional<ReferenceErrors> bf16_errors(const JsonObject& outputs, const std::string& output,
                                           const std::vector<Json>& cases) {
  return output.ends_with("_mean_std") ? largest_of_folder(output, cases) : read_run(outputs, output);
}

}  // namespace modernbert
