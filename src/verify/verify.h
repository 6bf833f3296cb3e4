// Runs the cases stored in checkpoint folders (config.json, model.safetensors, cases.json, cases.safetensors)
// and measures every output against its expected values. docs/formats.md describes the format.
//
// Bars: fp32: max |difference| <= the output's tolerance_fp32_max_abs. bf16: mean_abs <= 1.25 x and max_abs
// <= 2 x the errors of Hugging Face's own bfloat16 run on the same output; outputs without such a run are
// only reported.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "modernbert/dtype.h"

namespace modernbert {

enum class CaseStatus { kPassed, kFailed, kSkipped };
std::string_view to_string(CaseStatus status);  // "passed", "failed", "skipped"

struct CaseResult {
  std::filesystem::path folder;  // as the caller wrote it
  std::string name;              // empty where a folder as a whole fails or is skipped
  CaseStatus status = CaseStatus::kPassed;
  // The output whose error is the largest share of its bar; empty where nothing was compared.
  std::string output;
  double max_abs = 0;
  double mean_abs = 0;
  double max_abs_bar = 0;   // infinity: this output has no bar, its errors are only reported
  double mean_abs_bar = 0;  // infinity in fp32, which has no bar on the mean
  double share = 0;         // the larger of max_abs / max_abs_bar and mean_abs / mean_abs_bar; > 1 fails
  std::string reason;       // why it failed or was skipped: one line
};

struct VerifyOptions {
  ComputeType dtype = ComputeType::kFp32;  // kAuto: what the CPU is fastest in
  Backend backend = Backend::kCpu;
  int threads = 0;                                 // 0 = all cores
  std::function<void(const CaseResult&)> on_case;  // called after each case, in order; may be empty
};

struct VerifySummary {
  int cases = 0;    // all results, skipped ones included
  int failed = 0;   // exit status 1 unless 0
  int skipped = 0;  // kinds that are not implemented, arguments that are plain files
};

// Never throws for what a folder holds: a folder without cases.json is one failed result without a name, and
// an error while loading or running fails the cases that it concerns with its text. Exceptions of on_case
// pass through.
VerifySummary verify(std::span<const std::filesystem::path> folders, const VerifyOptions& options);

}  // namespace modernbert
