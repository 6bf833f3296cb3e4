#include "verify/reference_errors.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace modernbert {
namespace {

constexpr const char* kBf16Run = "hf_bf16_sdpa";
constexpr const char* kFrameworkBf16Run = "framework_bf16";  // FlexBERT's
constexpr std::array kFp32Runs = {"hf_fp32_eager", "hf_fp32_sdpa"};
double read_error(const JsonObject& json, const std::string& name) {
  const double value = json.number(name, -1);
  if (!std::isfinite(value) || value < 0) json.reject(name, "a number of at least 0");
  return value;
}

std::optional<ReferenceErrors> read_run(const JsonObject& outputs, const std::string& output,
                                        const char* run = kBf16Run) {
  const auto json = outputs.object(output);
  if (!json) return std::nullopt;
  // Inputs too long for a float64 run have their figures under the second name.
  for (const char* name : {"error_vs_float64", "error_vs_reference"}) {
    const auto errors = json->object(name);
    const auto found = errors ? errors->object(run) : std::nullopt;
    if (found) return ReferenceErrors{read_error(*found, "max_abs"), read_error(*found, "mean_abs")};
  }
  return std::nullopt;
}

void raise(std::optional<ReferenceErrors>& largest, const std::optional<ReferenceErrors>& other) {
  if (!other) return;
  if (!largest) largest.emplace();
  largest->max_abs = std::max(largest->max_abs, other->max_abs);
  largest->mean_abs = std::max(largest->mean_abs, other->mean_abs);
}

// A float32 run's error on `output` as it would be in bfloat16: times what bfloat16 does to the errors of
// `elements`.
std::optional<ReferenceErrors> scaled_run(const JsonObject& outputs, const std::string& output,
                                          const std::string& elements, const char* run) {
  const auto errors = read_run(outputs, output, run), fine = read_run(outputs, elements, run);
  const auto coarse = read_run(outputs, elements);
  if (!errors || !fine || !coarse || fine->mean_abs == 0) return std::nullopt;
  const double growth = coarse->mean_abs / fine->mean_abs;
  return ReferenceErrors{errors->max_abs * growth, errors->mean_abs * growth};
}

// The largest of the draws that the folder's cases hold.
std::optional<ReferenceErrors> largest_draw(const std::string& output, const std::string& elements,
                                            const std::vector<Json>& cases) {
  std::optional<ReferenceErrors> largest;
  for (const Json& value : cases) {
    const auto outputs = JsonObject(value, "cases.json").object("outputs");
    if (!outputs) continue;
    raise(largest, read_run(*outputs, output));
    for (const char* run : kFp32Runs) raise(largest, scaled_run(*outputs, output, elements, run));
  }
  return largest;
}

}  // namespace

std::optional<ReferenceErrors> bf16_errors(const JsonObject& outputs, const std::string& output,
                                           const std::vector<Json>& cases) {
  if (output == "hidden_mean_std") return largest_draw(output, "hidden_rows", cases);
  if (output == "logits_mean_std") return largest_draw(output, "top10_logits", cases);
  const auto own = read_run(outputs, output);
  return own ? own : read_run(outputs, output, kFrameworkBf16Run);
}

}  // namespace modernbert
