// Embeddings on their way to a sink, in the precision asked for, in constant memory. int8 and uint8 need the
// range of every dimension before the first value: it comes from calibration embeddings, or else from all
// rows, which then wait in a temporary file.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "cli/embedding_sink.h"
#include "modernbert/embed.h"

namespace modernbert::cli {

// Not thread-safe.
class EmbeddingQuantizer {
 public:
  EmbeddingQuantizer(EmbeddingPrecision precision, std::optional<Embeddings> calibration,
                     std::unique_ptr<EmbeddingSink> sink);
  void write(const Embeddings& embeddings);
  // dim: of the embeddings, for when there was none.
  void finish(int32_t dim);

 private:
  bool waits() const;  // for the ranges
  void keep(const Embeddings& embeddings);
  Embeddings read_kept(size_t rows, int32_t dim);
  void quantize_kept(int32_t dim);
  void write_quantized(const Embeddings& embeddings, const Embeddings* calibration);

  EmbeddingPrecision precision_;
  std::optional<Embeddings> calibration_;
  std::unique_ptr<EmbeddingSink> sink_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> kept_;
  size_t kept_rows_ = 0;
  std::vector<float> low_, high_;  // [dim] of the kept rows
};

}  // namespace modernbert::cli
