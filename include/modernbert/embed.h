// Sentence embeddings by sentence-transformers folders (modules.json), or mean pooling where a folder has
// none.
//
//   modernbert::Embed embed(model);
//   auto vectors = embed({{"What is deep learning?"}}, {.prompt_name = "query"});
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "modernbert/long_input.h"
#include "modernbert/model.h"
#include "modernbert/prepared_texts.h"

namespace modernbert {

enum class Similarity { kCosine, kDot, kEuclidean, kManhattan };  // the last two are negated distances
enum class EmbeddingPrecision { kFloat32, kInt8, kUint8, kBinary, kUbinary };
EmbeddingPrecision parse_embedding_precision(std::string_view name);

struct EmbedOptions {
  // A key of Embed::prompts(); unset: the folder's default, if any. "query" and "document" are known
  // everywhere and stand for no text where the folder has none; another unknown name is an error (kNotFound).
  std::optional<std::string> prompt_name;
  std::optional<std::string> prompt;  // text put before every text; wins over prompt_name
  int truncate_dim = 0;               // keep the first k values; 0 = all
  bool normalize = false;             // L2-normalise after truncation
  // kChunk: the mean of the windows' embeddings weighted by their tokens (normalised if the folder's last
  // module normalises), or late chunking (see late_chunking). A prompt stands in the first window.
  LongInputOptions long_input;
  // kChunk only: pool once over the token vectors of all windows instead of once per window (overlap rows are
  // taken from the window where they are most central).
  bool late_chunking = false;
};

// Row-major [rows, dim].
struct Embeddings {
  int32_t dim = 0;
  std::vector<float> values;
  std::span<const float> row(size_t i) const { return std::span(values).subspan(i * dim, dim); }
  size_t rows() const { return dim == 0 ? 0 : values.size() / dim; }
};

// Row-major [rows, dim] bytes; int8 and binary are stored as their two's complement bit patterns.
struct QuantizedEmbeddings {
  int32_t dim = 0;  // bytes per row: dim/8 (rounded up) for the binary kinds
  std::vector<uint8_t> values;
};

// Thread-safe.
class Embed {
 public:
  // Error{kUnsupported} that names a module which is not implemented, where the modules make no sentence
  // embedding, or for a checkpoint of Stanford's ColBERT.
  explicit Embed(Model model);
  Embeddings operator()(std::span<const std::string> texts, const EmbedOptions& options = {}) const;
  // The call in two steps, see prepared_texts.h.   threads: for tokenizing; 0 = the model's.
  PreparedTexts prepare(std::span<const std::string> texts, const EmbedOptions& options = {},
                        int threads = 0) const;
  Embeddings run(const PreparedTexts& prepared, const EmbedOptions& options = {}) const;
  int32_t dim() const;
  Similarity similarity_function() const;
  const std::map<std::string, std::string>& prompts() const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

// [a.rows, b.rows] row-major.
std::vector<float> similarity(const Embeddings& a, const Embeddings& b, Similarity function);

// As sentence-transformers' quantize_embeddings: int8 and uint8 map the range of each dimension of
// `calibration` (of the embeddings themselves where it is null) to 256 buckets; binary kinds pack signs, most
// significant bit first.
// Errors (kInvalidArgument): kFloat32; one embedding without calibration.
QuantizedEmbeddings quantize(const Embeddings& embeddings, EmbeddingPrecision precision,
                             const Embeddings* calibration = nullptr);

}  // namespace modernbert
