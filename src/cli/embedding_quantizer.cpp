#include "cli/embedding_quantizer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/fail.h"

namespace modernbert::cli {
namespace {

// Fewer rows are quantised in one call, which warns where they are too few for steady ranges.
constexpr size_t kBlockRows = 4096;

}  // namespace

EmbeddingQuantizer::EmbeddingQuantizer(EmbeddingPrecision precision, std::optional<Embeddings> calibration,
                                       std::unique_ptr<EmbeddingSink> sink)
    : precision_(precision),
      calibration_(std::move(calibration)),
      sink_(std::move(sink)),
      kept_(nullptr, &std::fclose) {
  if (!waits()) return;
  kept_.reset(std::tmpfile());
  if (!kept_) fail(ErrorCode::kIo, "temporary file: {}", std::strerror(errno));
}

bool EmbeddingQuantizer::waits() const {
  const bool by_range = precision_ == EmbeddingPrecision::kInt8 || precision_ == EmbeddingPrecision::kUint8;
  return by_range && !calibration_;
}

void EmbeddingQuantizer::write(const Embeddings& embeddings) {
  if (waits()) return keep(embeddings);
  if (precision_ != EmbeddingPrecision::kFloat32) {
    return write_quantized(embeddings, calibration_ ? &*calibration_ : nullptr);
  }
  sink_->write(
      {.precision = precision_, .columns = embeddings.dim, .floats = embeddings.values, .bytes = {}});
}

void EmbeddingQuantizer::finish(int32_t dim) {
  if (waits()) quantize_kept(dim);
  const bool bits = precision_ == EmbeddingPrecision::kBinary || precision_ == EmbeddingPrecision::kUbinary;
  sink_->finish(precision_, bits ? (dim + 7) / 8 : dim);
}

void EmbeddingQuantizer::keep(const Embeddings& embeddings) {
  const auto& values = embeddings.values;
  if (std::fwrite(values.data(), sizeof(float), values.size(), kept_.get()) != values.size()) {
    fail(ErrorCode::kIo, "temporary file: {}", std::strerror(errno));
  }
  for (size_t i = 0; i < embeddings.rows(); ++i) {
    const auto row = embeddings.row(i);
    if (kept_rows_++ == 0) {
      low_.assign(row.begin(), row.end());
      high_ = low_;
    }
    for (size_t j = 0; j < row.size(); ++j) {
      low_[j] = std::min(low_[j], row[j]);
      high_[j] = std::max(high_[j], row[j]);
    }
  }
}

Embeddings EmbeddingQuantizer::read_kept(size_t rows, int32_t dim) {
  Embeddings block{dim, std::vector<float>(rows * static_cast<size_t>(dim))};
  if (std::fread(block.values.data(), sizeof(float), block.values.size(), kept_.get()) !=
      block.values.size()) {
    fail(ErrorCode::kIo, "temporary file: cannot read back {} rows", rows);
  }
  return block;
}

void EmbeddingQuantizer::quantize_kept(int32_t dim) {
  if (std::fflush(kept_.get()) != 0) fail(ErrorCode::kIo, "temporary file: {}", std::strerror(errno));
  std::rewind(kept_.get());
  if (kept_rows_ <= kBlockRows) return write_quantized(read_kept(kept_rows_, dim), nullptr);
  // Two rows with the extremes have the same ranges as all rows.
  Embeddings extremes{dim, low_};
  extremes.values.insert(extremes.values.end(), high_.begin(), high_.end());
  for (size_t left = kept_rows_; left > 0;) {
    const size_t rows = std::min(left, kBlockRows);
    write_quantized(read_kept(rows, dim), &extremes);
    left -= rows;
  }
}

void EmbeddingQuantizer::write_quantized(const Embeddings& embeddings, const Embeddings* calibration) {
  const QuantizedEmbeddings quantized = quantize(embeddings, precision_, calibration);
  sink_->write({.precision = precision_, .columns = quantized.dim, .floats = {}, .bytes = quantized.values});
}

}  // namespace modernbert::cli
