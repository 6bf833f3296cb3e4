// One checkpoint of a training run: a Hugging Face folder (config.json, model.safetensors in fp32, the
// tokenizer's files) with two files more: optimizer.safetensors, the optimiser's moments, and
// training_state.json, where the run is, where its data are, what it must not be resumed without, and size
// and checksum of all other files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/json.h"
#include "training/parameters.h"

namespace modernbert {

// Where a run is.
struct RunState {
  int64_t step = 0;             // optimiser steps, skipped ones included
  int64_t tokens = 0;           // real tokens seen
  int64_t optimizer_steps = 0;  // without skipped ones
  int64_t skipped = 0;          // steps without finite gradients, ever
  int64_t skipped_in_a_row = 0;
  double seconds = 0;  // of training, over all starts
  Json data;           // TrainingData::state()
  Json identity;       // see run/identity.h
};
Json to_json(const RunState& state);
// Error (kInvalidFile) for a field of another type.
RunState read_state(const JsonObject& json);

// What a checkpoint is made of; nothing is copied.
struct CheckpointContent {
  std::string config;               // text of config.json
  std::filesystem::path tokenizer;  // the folder whose tokenizer files are copied; empty = none
  const ParameterBlock& parameters;
  std::span<const float> first_moment;  // laid out as the parameters
  std::span<const float> second_moment;
};

// Writes all files into `folder`, which must not exist. Everything is on the disk when it returns; the caller
// renames. Error: kIo, naming the file.
void write_checkpoint(const std::filesystem::path& folder, const CheckpointContent& content,
                      const RunState& state);

// The folder without what only a resumed run needs, for the end of a run.   dtype: kF32 or kBF16.
void write_model(const std::filesystem::path& folder, const CheckpointContent& content, DType dtype);

// Checks sizes and checksums of all files. Errors (kInvalidFile, kNotFound) name the file that differs.
RunState read_run_state(const std::filesystem::path& folder);

// The values, of a folder that read_run_state has checked.
void read_parameters(const std::filesystem::path& folder, ParameterBlock& parameters);
void read_moments(const std::filesystem::path& folder, const ParameterLayout& layout, std::span<float> first,
                  std::span<float> second);

}  // namespace modernbert
