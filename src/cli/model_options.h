// Options of every verb that runs a model, and what they turn into.
#pragma once

#include <filesystem>
#include <string>

#include "modernbert/long_input.h"
#include "modernbert/model.h"

namespace modernbert::cli {

class CommandLine;

// Options of every verb that reads a model's folder.
struct FolderOptions {
  std::string model;
  bool offline = false;
  bool quiet = false;
};
void add_folder_options(CommandLine& line, FolderOptions& options);
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
void add_dtype_option(CommandLine& line, ComputeType& dtype);
void add_threads_option(CommandLine& line, int& threads);
void add_model_options(CommandLine& line, ModelOptions& options);
// Also prints the set-up line (model, dtype, CPU target, threads) for people who watch.
Model load_model(const ModelOptions& options);

// --long, --max-length, --overlap with the defaults that `options` holds.
void add_long_options(CommandLine& line, LongInputOptions& options);
void add_long_mode(CommandLine& line, LongInput& mode, const std::string& default_name);

void add_json_flag(CommandLine& line, bool& json);

}  // namespace modernbert::cli
