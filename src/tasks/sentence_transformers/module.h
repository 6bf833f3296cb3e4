// What flows through the modules of a sentence-transformers folder, and the interface of one module.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "model/loaded_encoder.h"
#include "tasks/sentence_transformers/folder.h"
#include "tensor/matrix.h"

namespace modernbert {

inline const std::string kTokenEmbeddings = "token_embeddings";      // [T, …] rows of all sequences
inline const std::string kSentenceEmbedding = "sentence_embedding";  // [B, …]
inline const std::string kScores = "scores";                         // [B, …]

// The named arrays of one batch.
struct Features {
  std::span<const int32_t> cu_seqlens;   // [B+1]
  std::span<const int32_t> prompt_rows;  // [B] leading rows that pooling may leave out, or empty = none
  std::map<std::string, Matrix> values;
};

// Widths of the arrays that exist at some point of the pipeline; known when a folder is read.
using FeatureWidths = std::map<std::string, int64_t>;

// Immutable after construction; thread-safe.
class Module {
 public:
  virtual ~Module() = default;
  virtual void apply(Features& features) const = 0;
};

// What a module is made of.
struct ModuleContext {
  const ModuleEntry& entry;
  const LoadedEncoder& encoder;
  // Late interaction: what would read or write the sentence embedding works on the token embeddings.
  bool token_level = false;
};

// Each reads the module's files, checks them against the widths so far and updates those.
// Errors: kInvalidFile, kNotFound, kUnsupported.
std::unique_ptr<Module> make_pooling(const ModuleContext& context, FeatureWidths& widths);
std::unique_ptr<Module> make_dense(const ModuleContext& context, FeatureWidths& widths);
std::unique_ptr<Module> make_layer_norm(const ModuleContext& context, FeatureWidths& widths);
std::unique_ptr<Module> make_normalize(const ModuleContext& context, FeatureWidths& widths);

// The config.json of a module as an object; an empty one where there is no file.
class ModuleConfig {
 public:
  explicit ModuleConfig(const ModuleEntry& entry);
  const JsonObject& fields() const { return fields_; }

 private:
  Json json_;
  JsonObject fields_;
};

// The array that a module reads. Error (kInvalidFile) where no module before it makes one.
int64_t require_width(const ModuleContext& context, const FeatureWidths& widths, const std::string& feature);

// The feature that `field` names, `default_name` where the config is silent; token level applied.
std::string feature_name(const ModuleContext& context, const JsonObject& config, const std::string& field,
                         const std::string& default_name);

}  // namespace modernbert
