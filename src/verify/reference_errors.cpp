#include "verify/reference_errors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace modernbert {
namespace {

constexpr const char* kBf16Run = "hf_bf16_sdpa";
constexpr std::array kFp32Runs = {"hf_fp32_eager", "hf_fp32_sdpa"};

// An output and the one whose errors it inherits.
struct Derived {
  std::string_view name;
  const char* from;
};
constexpr std::array<Derived, 4> kDerived = {{{"loss", "logits"},
                                              {"scores", "logits"},
                                              {"hidden_mean_std", "hidden_rows"},
                                              {"logits_mean_std", "top10_logits"}}};

double read_error(const JsonObject& json, const std::string& name) {
  const double value = json.number(name, -1);
  if (!std::isfinite(value) || value < 0) json.reject(name, "a number of at least 0");
  return value;
}

// Inputs too long for a float64 run have their figures under the second name.
std::optional<ReferenceErrors> read_run(const JsonObject& outputs, const std::string& output,
                                        const char* run) {
  const auto json = outputs.object(output);
  if (!json) return std::nullopt;
  for (const char* name : {"error_vs_float64", "error_vs_reference"}) {
    const auto errors = json->object(name);
    const auto found = errors ? errors->object(run) : std::nullopt;
    if (found) return ReferenceErrors{read_error(*found, "max_abs"), read_error(*found, "mean_abs")};
  }
  return std::nullopt;
}

// Keeps the looser of both in `a`.
void loosen(std::optional<ReferenceErrors>& a, const std::optional<ReferenceErrors>& b) {
  if (!b) return;
  if (!a) a.emplace();
  a->max_abs = std::max(a->max_abs, b->max_abs);
  a->mean_abs = std::max(a->mean_abs, b->mean_abs);
}

std::optional<ReferenceErrors> loosest_of_folder(const std::string& output, const std::vector<Json>& cases) {
  std::optional<ReferenceErrors> loosest;
  for (const Json& value : cases) {
    const auto outputs = JsonObject(value, "cases.json").object("outputs");
    if (outputs) loosen(loosest, read_run(*outputs, output, kBf16Run));
  }
  return loosest;
}

// The error of a float32 run on `output` as it would be in bfloat16.
std::optional<ReferenceErrors> scaled_fp32_run(const JsonObject& outputs, const std::string& output,
                                               const char* from, const char* run) {
  const auto errors = read_run(outputs, output, run);
  const auto narrow = read_run(outputs, from, kBf16Run);
  const auto wide = read_run(outputs, from, run);
  if (!errors || !narrow || !wide || wide->mean_abs == 0) return std::nullopt;
  const double growth = narrow->mean_abs / wide->mean_abs;
  return ReferenceErrors{errors->max_abs * growth, errors->mean_abs * growth};
}

}  // namespace

std::optional<ReferenceErrors> bf16_errors(const JsonObject& outputs, const std::string& output,
                                           const std::vector<Json>& cases) {
  auto figures = read_run(outputs, output, kBf16Run);
  const auto derived = std::ranges::find(kDerived, output, &Derived::name);
  if (derived == kDerived.end()) return figures ? figures : loosest_of_folder(output, cases);
  loosen(figures, loosest_of_folder(output, cases));
  for (const char* run : kFp32Runs) loosen(figures, scaled_fp32_run(outputs, output, derived->from, run));
  return figures;
}

}  // namespace modernbert
