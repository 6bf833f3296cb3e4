// How a late-interaction folder wants queries and documents encoded: PyLate's fields in
// config_sentence_transformers.json, or those that sentence-transformers' multi-vector encoder writes.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "modernbert/model.h"

namespace modernbert {

// One side: queries or documents.
struct MultiVectorSide {
  std::string prompt;             // text put in front
  std::optional<int32_t> marker;  // token inserted behind the first one
  int32_t max_length = 0;         // tokens, marker and special ones included
  std::set<int32_t> skiplist;     // tokens whose vectors are dropped
};

struct MultiVectorConfig {
  MultiVectorSide query;
  MultiVectorSide document;
  // Queries are filled up to this many tokens with `expansion_token`; 0 = they are not.
  int32_t expansion_length = 0;
  int32_t expansion_token = 0;
  bool attend_to_expansion = false;  // other tokens see the filling as keys
};

// Error (kUnsupported) for a checkpoint of Stanford's ColBERT, which has its projection and its settings
// elsewhere and would otherwise pass for a plain BERT.
void refuse_stanford_colbert(const Model& model);
bool is_multi_vector_folder(const std::filesystem::path& folder);
// Errors: kInvalidFile, kUnsupported.
MultiVectorConfig read_multi_vector_config(const Model& model, const Tokenizer& tokenizer);

}  // namespace modernbert
