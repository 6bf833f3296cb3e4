// The modules of a sentence-transformers folder behind its Transformer, in order.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "modernbert/model.h"
#include "tasks/sentence_transformers/module.h"

namespace modernbert {

enum class ModuleLevel {
  kSentence,  // a folder without modules.json pools by the mean
  kTokens,    // late interaction: token vectors stay token vectors; pooling is left out
};

// Immutable, thread-safe.
class ModulePipeline {
 public:
  // Errors: kUnsupported naming a module that is not implemented; those of the modules.
  static ModulePipeline load(const std::filesystem::path& folder, const LoadedEncoder& encoder,
                             ModuleLevel level);

  // tokens: [T,H] last hidden states of the sequences in cu_seqlens [B+1].   prompt_rows: [B] or empty.
  // Returns the array `output`; Error (kUnsupported) if the modules make none.
  Matrix run(Matrix tokens, std::span<const int32_t> cu_seqlens, std::span<const int32_t> prompt_rows,
             const std::string& output) const;

  bool makes(const std::string& feature) const { return widths_.contains(feature); }
  int64_t width(const std::string& feature) const;  // Error (kUnsupported) as run
  bool ends_normalized() const { return ends_normalized_; }
  size_t modules() const { return modules_.size(); }

 private:
  std::string source_;
  std::vector<std::unique_ptr<const Module>> modules_;
  FeatureWidths widths_;
  bool ends_normalized_ = false;
};

// The tokenizer for a folder's modules: the model's own, lower-casing where sentence_bert_config.json asks
// for it.
Tokenizer sentence_tokenizer(const Model& model);

}  // namespace modernbert
