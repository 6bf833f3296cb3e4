// The mean of several checkpoints' weights as a new model.
#include "training/checkpoint/average.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/failure.h"
#include "cli/option_group.h"
#include "cli/verbs/verbs.h"

namespace modernbert::cli {
namespace average_verb {
namespace {

struct Options {
  std::string output;
  DType dtype = DType::kF32;
};

DType parse_stored_type(std::string_view name) {
  if (name == "fp32") return DType::kF32;
  if (name == "bf16") return DType::kBF16;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("dtype is \"{}\", want fp32 or bf16", name));
}

int run(const Options& options, const std::vector<std::string>& folders, ByteWriter& out) {
  const std::vector<std::filesystem::path> paths(folders.begin(), folders.end());
  average_checkpoints(paths, options.output, options.dtype);
  out.write(fmt::format("{}: the mean of {} checkpoints\n", options.output, paths.size()));
  return kExitSuccess;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  OptionGroup output(line, "Output");
  output.text("--output,-o", options->output, "DIR", "New folder of the averaged model").required();
  output.parsed("--dtype", options->dtype, parse_stored_type, "fp32|bf16", "fp32", "How weights are stored");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace average_verb

const Verb kAverage{"average", "CHECKPOINT...", "The mean of several checkpoints' weights",
                    average_verb::declare};

}  // namespace modernbert::cli
