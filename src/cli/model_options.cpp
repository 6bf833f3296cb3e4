#include "cli/model_options.h"

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/failure.h"
#include "cli/progress.h"
#include "cli/status.h"
#include "modernbert/log.h"
#include "ops/cpu_features.h"

namespace modernbert::cli {
namespace {

constexpr int kMaxThreads = 1024;
constexpr int kMaxTokens = 1 << 24;
constexpr const char* kGroup = "Model";
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

void add_folder_options(CLI::App& app, FolderOptions& options) {
  app.add_option("--model,-m", options.model, "Folder, or hub id: org/name[@revision]")
      ->type_name("MODEL")
      ->envname("MODERNBERT_MODEL")
      ->group(kGroup);
  app.add_flag("--offline", options.offline, "Never download; use what the cache holds")->group(kGroup);
  app.add_flag("--quiet,-q", options.quiet, "No warnings, progress or set-up line on standard error")
      ->group(kGroup);
}

std::filesystem::path open_folder(const FolderOptions& options) {
  require_model(options);
  print_library_messages(options.quiet);
  const std::filesystem::path folder = resolve_model(options.model, hub_options(options));
  clear_status();
  return folder;
}

void add_dtype_option(CLI::App& app, ComputeType& dtype) {
  add_choice(app, "--dtype", dtype, "auto|fp32|bf16|int8", "auto", parse_compute_type,
             "Type of the matrix products; auto: bf16 where the CPU multiplies it in hardware")
      ->group(kGroup);
}

void add_threads_option(CLI::App& app, int& threads) {
  app.add_option("--threads", threads, "Threads; 0 = all cores")
      ->type_name("N")
      ->check(CLI::Range(0, kMaxThreads))
      ->group(kGroup);
}

void add_model_options(CLI::App& app, ModelOptions& options) {
  add_folder_options(app, options.folder);
  add_dtype_option(app, options.dtype);
  add_threads_option(app, options.threads);
  add_choice(app, "--backend", options.backend, "cpu|ref", "cpu", parse_backend,
             "ref: plain loops in double precision, slow, to check the others")
      ->group(kGroup);
  app.add_flag("--verbose,-v", options.verbose,
               "Print the set-up line even where standard error is no terminal")
      ->group(kGroup);
  app.add_flag("--stats", options.stats, "Print tokens, tokens/s and GFLOP/s at the end, on standard error")
      ->group(kGroup);
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

void add_long_mode(CLI::App& app, LongInput& mode, const std::string& default_name) {
  add_choice(app, "--long", mode, "error|truncate|chunk", default_name, parse_long_input,
             "Texts above the limit: refuse, cut with a warning, or read in overlapping windows")
      ->group(kLongGroup);
}

void add_long_options(CLI::App& app, LongInputOptions& options) {
  add_long_mode(app, options.mode, "truncate");
  app.add_option("--max-length", options.max_length, "The limit in tokens; 0 = the model's own")
      ->type_name("N")
      ->check(CLI::Range(0, kMaxTokens))
      ->group(kLongGroup);
  app.add_option("--overlap", options.overlap, "Tokens shared by neighbouring windows (--long chunk)")
      ->type_name("N")
      ->check(CLI::Range(0, kMaxTokens))
      ->group(kLongGroup);
}

void add_json_flag(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "JSON on standard output, one line per input")->group("Output");
}

}  // namespace modernbert::cli
