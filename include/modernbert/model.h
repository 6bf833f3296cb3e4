// A loaded encoder with its tokenizer.
//
//   auto model = modernbert::Model::load("answerdotai/ModernBERT-base");
//   auto hidden = model.hidden_states({{"Hello World!"}});     // one row per token
//
// A Model is an immutable, cheap handle. Any number of threads may use one at once; each call borrows its own
// workspace.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "modernbert/config.h"
#include "modernbert/dtype.h"
#include "modernbert/hub.h"
#include "modernbert/token_batch.h"
#include "modernbert/tokenizer.h"

namespace modernbert {

struct LoadOptions {
  ComputeType dtype = ComputeType::kAuto;
  Backend backend = Backend::kCpu;
  int threads = 0;  // per call; 0 = all cores that the process may use
  HubOptions hub;
};

// Rows of all sequences one after another, [T, H] row-major.
struct HiddenStates {
  int32_t hidden_size = 0;
  std::vector<int32_t> cu_seqlens;  // [B+1]
  std::vector<float> values;        // [T*H]
};

class Model {
 public:
  // folder_or_id: see resolve_model. Errors: those of resolve_model, kInvalidFile, kUnsupported.
  static Model load(const std::string& folder_or_id, const LoadOptions& options = {});

  const std::filesystem::path& folder() const;
  const EncoderConfig& config() const;
  // Error{kNotFound} if the folder holds no tokenizer.
  const Tokenizer& tokenizer() const;
  ComputeType dtype() const;  // never kAuto
  int threads() const;
  // Longest input in tokens that the model was made for, special ones included; the limit of --long. Models
  // with rotary positions run longer ones when asked to (LongInputOptions::max_length).
  int32_t max_length() const;

  // Last hidden states (after the final norm). ids outside the vocabulary are an error (kInvalidArgument).
  HiddenStates hidden_states(const TokenBatch& batch) const;
  // Texts are encoded with special tokens and not truncated.
  HiddenStates hidden_states(std::span<const std::string> texts) const;

  struct Impl;
  const Impl& impl() const { return *impl_; }  // for the library itself

 private:
  explicit Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace modernbert
