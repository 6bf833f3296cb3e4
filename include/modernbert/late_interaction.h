// ColBERT multi-vectors by PyLate's folder conventions, and MaxSim.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "modernbert/long_input.h"
#include "modernbert/model.h"

namespace modernbert {

// L2-normalised vectors of one text, row-major [vectors, dim].
struct MultiVector {
  int32_t dim = 0;
  std::vector<float> values;
  std::vector<int32_t> token_ids;  // the token behind each vector
  size_t rows() const { return dim == 0 ? 0 : values.size() / dim; }
};

// Thread-safe.
class LateInteraction {
 public:
  explicit LateInteraction(Model model);
  // True where the folder follows PyLate's (or sentence-transformers' multi-vector) conventions.
  // Error{kUnsupported} for a checkpoint of Stanford's ColBERT, here and in the constructor.
  static bool describes(const Model& model);
  // Queries are cut at the model's query length; kError refuses longer ones; kChunk is an error for queries.
  // Query expansion adds a vector per filling token, as the folder asks.
  std::vector<MultiVector> encode_queries(std::span<const std::string> texts,
                                          LongInput mode = LongInput::kTruncate) const;
  // kChunk: the vectors of all windows, overlaps once.
  std::vector<MultiVector> encode_documents(std::span<const std::string> texts,
                                            LongInput mode = LongInput::kTruncate) const;
  int32_t dim() const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

// Sum over query vectors of the largest dot product with a document vector. 0 for an empty document.
float maxsim(const MultiVector& query, const MultiVector& document);

}  // namespace modernbert
