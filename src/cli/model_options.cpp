#include "cli/model_options.h"

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/failure.h"
#include "cli/option_group.h"
#include "cli/progress.h"
#include "cli/status.h"
#include "modernbert/log.h"
#include "ops/cpu/cpu_features.h"

namespace modernbert::cli {
namespace {

constexpr int kMaxThreads = 1024;
constexpr int kMaxTokens = 1 << 24;
constexpr const char* kModelGroup = "Model";
constexpr const char* kLongGroup = "Long inputs";

void show_download(std::string_view file, uint64_t done, uint64_t total) {
  constexpr double kMegabyte = 1e6;
  const double megabytes = static_cast<double>(done) / kMegabyte;
  if (total == 0) {
    show_status(fmt::format("downloading {}  {:.1f} MB", file, megabytes));
    return;
  }
  show_status(fmt::format("downloading {}  {}  {:.1f} of {:.1f} MB", file,
                          progress_bar(static_cast<double>(done) / static_cast<double>(total)), megabytes,
                          static_cast<double>(total) / kMegabyte));
}

void print_library_messages(bool quiet) {
  if (quiet) return set_log_callback({});
  set_log_callback([](LogLevel level, std::string_view message) {
    if (level == LogLevel::kWarning) print_note(fmt::format("warning: {}", message));
  });
}

HubOptions hub_options(const FolderOptions& options) {
  HubOptions hub;
  if (options.offline) hub.offline = true;
  if (!options.quiet) hub.progress = show_download;
  return hub;
}

void require_model(const FolderOptions& options) {
  if (options.model.empty()) {
    throw UsageError("no model, want --model FOLDER, --model org/name or the variable MODERNBERT_MODEL");
  }
}

void print_set_up(const Model& model, const ModelOptions& options) {
  const std::string target = options.backend == Backend::kRef ? "reference loops" : cpu_target_name();
  print_note(fmt::format("{}: {}, {}, {} thread{}", options.folder.model, to_string(model.dtype()), target,
                         model.threads(), model.threads() == 1 ? "" : "s"));
}

}  // namespace

void add_folder_options(CommandLine& line, FolderOptions& options) {
  OptionGroup model(line, kModelGroup);
  model.text("--model,-m", options.model, "MODEL", "Folder, or hub id: org/name[@revision]")
      .environment("MODERNBERT_MODEL");
  model.flag("--offline", options.offline, "Never download; use what the cache holds");
  model.flag("--quiet,-q", options.quiet, "No warnings, progress or set-up line on standard error");
}

std::filesystem::path open_folder(const FolderOptions& options) {
  require_model(options);
  print_library_messages(options.quiet);
  const std::filesystem::path folder = resolve_model(options.model, hub_options(options));
  clear_status();
  return folder;
}

void add_dtype_option(CommandLine& line, ComputeType& dtype) {
  OptionGroup(line, kModelGroup)
      .parsed("--dtype", dtype, parse_compute_type, "auto|fp32|bf16|int8", "auto",
              "Type of the matrix products; auto: bf16 where the CPU multiplies it in hardware");
}

void add_threads_option(CommandLine& line, int& threads) {
  OptionGroup(line, kModelGroup)
      .number("--threads", threads, {0, kMaxThreads}, "N", "Threads; 0 = all cores");
}

void add_model_options(CommandLine& line, ModelOptions& options) {
  add_folder_options(line, options.folder);
  add_dtype_option(line, options.dtype);
  add_threads_option(line, options.threads);
  OptionGroup model(line, kModelGroup);
  model.parsed("--backend", options.backend, parse_backend, "cpu|ref", "cpu",
               "ref: plain loops in double precision, slow, to check the others");
  model.flag("--verbose,-v", options.verbose,
             "Print the set-up line even where standard error is no terminal");
  model.flag("--stats", options.stats, "Print tokens, tokens/s and GFLOP/s at the end, on standard error");
}

Model load_model(const ModelOptions& options) {
  require_model(options.folder);
  print_library_messages(options.folder.quiet);
  LoadOptions load;
  load.dtype = options.dtype;
  load.backend = options.backend;
  load.threads = options.threads;
  load.hub = hub_options(options.folder);
  const Model model = Model::load(options.folder.model, load);
  clear_status();
  if (options.verbose || (stderr_is_terminal() && !options.folder.quiet)) print_set_up(model, options);
  return model;
}

void add_long_mode(CommandLine& line, LongInput& mode, const std::string& default_name) {
  OptionGroup(line, kLongGroup)
      .parsed("--long", mode, parse_long_input, "error|truncate|chunk", default_name,
              "Texts above the limit: refuse, cut with a warning, or read in overlapping windows");
}

void add_long_options(CommandLine& line, LongInputOptions& options) {
  add_long_mode(line, options.mode, "truncate");
  OptionGroup long_inputs(line, kLongGroup);
  long_inputs.number("--max-length", options.max_length, {0, kMaxTokens}, "N",
                     "The limit in tokens; 0 = the model's own");
  long_inputs.number("--overlap", options.overlap, {0, kMaxTokens}, "N",
                     "Tokens shared by neighbouring windows (--long chunk)");
}

void add_json_flag(CommandLine& line, bool& json) {
  OptionGroup(line, "Output").flag("--json", json, "JSON on standard output, one line per input");
}

}  // namespace modernbert::cli
