#include "verify/verify.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <string_view>

#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/model_options.h"
#include "cli/option_group.h"
#include "cli/verbs/verbs.h"

namespace modernbert::cli {
namespace verify_verb {
namespace {

struct Options {
  VerifyOptions verify;
  bool json = false;
};

void print_json(const CaseResult& result, ByteWriter& out) {
  OutJson object;
  object["folder"] = result.folder.string();
  object["name"] = result.name;
  object["status"] = std::string(to_string(result.status));
  object["output"] = result.output;
  object["max_abs"] = static_cast<float>(result.max_abs);
  object["max_abs_bar"] = static_cast<float>(result.max_abs_bar);
  object["mean_abs"] = static_cast<float>(result.mean_abs);
  object["mean_abs_bar"] = static_cast<float>(result.mean_abs_bar);
  object["share"] = static_cast<float>(result.share);
  object["reason"] = result.reason;
  write_json_line(out, object);
}

std::string error_and_bar(std::string_view name, double error, double bar) {
  return fmt::format("{} {:.2e}", name, error) +
         (std::isfinite(bar) ? fmt::format(" (bar {:.2e})", bar) : std::string());
}

// status  share of the bar  folder: case  output: errors (bars, where there are any)
void print_line(const CaseResult& result, ByteWriter& out) {
  std::string line = fmt::format("{:<7}", to_string(result.status));
  line += result.output.empty() ? std::string(8, ' ') : fmt::format("{:6.1f} %", 100 * result.share);
  line += "  " + result.folder.string() + (result.name.empty() ? "" : ": " + result.name);
  if (!result.output.empty()) {
    line +=
        fmt::format("  {}: {}, {}", result.output, error_and_bar("max", result.max_abs, result.max_abs_bar),
                    error_and_bar("mean", result.mean_abs, result.mean_abs_bar));
  }
  if (!result.reason.empty()) line += "  " + result.reason;
  out.write(on_one_line(line) + "\n");
}

void print_summary(const VerifySummary& summary, bool json, ByteWriter& out) {
  if (!json) {
    const int passed = summary.cases - summary.failed - summary.skipped;
    out.write(fmt::format("{} cases: {} passed, {} failed, {} skipped\n", summary.cases, passed,
                          summary.failed, summary.skipped));
    return;
  }
  OutJson object;
  object["cases"] = summary.cases;
  object["failed"] = summary.failed;
  object["skipped"] = summary.skipped;
  write_json_line(out, object);
}

int run(Options& options, const std::vector<std::string>& folders, ByteWriter& out) {
  if (folders.empty()) throw UsageError("verify: no folder given");
  if (options.verify.dtype == ComputeType::kInt8) {
    throw UsageError("verify: --dtype is int8, want fp32, bf16 or auto: references state no bars for int8");
  }
  options.verify.on_case = [&](const CaseResult& result) {
    options.json ? print_json(result, out) : print_line(result, out);
    out.flush();
  };
  const std::vector<std::filesystem::path> paths(folders.begin(), folders.end());
  const VerifySummary summary = verify(paths, options.verify);
  print_summary(summary, options.json, out);
  return summary.failed == 0 ? kExitSuccess : kExitFailure;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  OptionGroup model(line, "Model");
  model.parsed("--dtype", options->verify.dtype, parse_compute_type, "fp32|bf16|auto", "fp32",
               "Type of the matrix products, and whose bars count");
  model.parsed("--backend", options->verify.backend, parse_backend, "cpu|ref", "cpu",
               "ref: plain loops in double precision");
  add_threads_option(line, options->verify.threads);
  OptionGroup(line, "Output").flag("--json", options->json, "One JSON object per case, then a summary");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace verify_verb

const Verb kVerify{"verify", "FOLDER...", "Checks a model's outputs against the cases stored with it",
                   verify_verb::declare};

}  // namespace modernbert::cli
