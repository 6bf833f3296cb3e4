// Options of every verb that runs a model, and what they turn into.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "modernbert/long_input.h"
#include "modernbert/model.h"

namespace modernbert::cli {

// Options of every verb that reads a model's folder.
struct FolderOptions {
  std::string model;
  bool offline = false;
  bool quiet = false;
};
void add_folder_options(CLI::App& app, FolderOptions& options);
// Sends the library's warnings to standard error and finds the folder, downloading it where needed.
std::filesystem::path open_folder(const FolderOptions& options);

struct ModelOptions {
  FolderOptions folder;
  ComputeType dtype = ComputeType::kAuto;
  Backend backend = Backend::kCpu;
  int threads = 0;
  bool verbose = false;
  bool stats = false;
};
void add_dtype_option(CLI::App& app, ComputeType& dtype);
void add_threads_option(CLI::App& app, int& threads);
void add_model_options(CLI::App& app, ModelOptions& options);
// Also prints the set-up line (model, dtype, CPU target, threads) for people who watch.
Model load_model(const ModelOptions& options);

// --long, --max-length, --overlap with the defaults that `options` holds.
void add_long_options(CLI::App& app, LongInputOptions& options);
void add_long_mode(CLI::App& app, LongInput& mode, const std::string& default_name);

void add_json_flag(CLI::App& app, bool& json);

}  // namespace modernbert::cli
