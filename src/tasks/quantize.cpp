// Embeddings to bytes and bits, with the arithmetic of sentence-transformers' quantize_embeddings (all in
// fp32).
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/fail.h"
#include "core/logging.h"
#include "modernbert/embed.h"

namespace modernbert {
namespace {

// Buckets from fewer rows than this are worth a warning.
constexpr size_t kSteadyRows = 100;

struct ValueRange {
  float start = 0;
  float step = 1;
};

// Of each dimension: 255 steps from the smallest to the largest value.
std::vector<ValueRange> ranges_of(const Embeddings& data) {
  std::vector<ValueRange> ranges(data.dim);
  for (int32_t j = 0; j < data.dim; ++j) {
    float low = data.row(0)[j];
    float high = low;
    for (size_t i = 1; i < data.rows(); ++i) {
      low = std::min(low, data.row(i)[j]);
      high = std::max(high, data.row(i)[j]);
    }
    const float step = (high - low) / 255.0f;
    ranges[j] = {low, step == 0 ? 1.0f : step};
  }
  return ranges;
}

std::vector<ValueRange> choose_ranges(const Embeddings& embeddings, const Embeddings* calibration) {
  if (calibration != nullptr) {
    if (calibration->dim != embeddings.dim || calibration->rows() == 0) {
      fail(ErrorCode::kInvalidArgument, "calibration embeddings are [{},{}], want rows of {} dimensions",
           calibration->rows(), calibration->dim, embeddings.dim);
    }
    return ranges_of(*calibration);
  }
  if (embeddings.rows() < 2) {
    fail(ErrorCode::kInvalidArgument,
         "int8 and uint8 take their ranges from several embeddings; one needs calibration embeddings");
  }
  if (embeddings.rows() < kSteadyRows) {
    log_warning("quantisation ranges come from {} embeddings; {} or more make them steadier",
                embeddings.rows(), kSteadyRows);
  }
  return ranges_of(embeddings);
}

// flip: 0x80 turns a value 0…255 into the two's complement of value - 128.
QuantizedEmbeddings to_bytes(const Embeddings& embeddings, const Embeddings* calibration, uint8_t flip) {
  QuantizedEmbeddings result{embeddings.dim, {}};
  if (embeddings.rows() == 0) return result;
  const std::vector<ValueRange> ranges = choose_ranges(embeddings, calibration);
  result.values.reserve(embeddings.values.size());
  for (size_t i = 0; i < embeddings.values.size(); ++i) {
    const ValueRange& range = ranges[i % embeddings.dim];
    // max first: a NaN becomes 0 instead of undefined behaviour.
    const float bucket =
        std::min(std::max(0.0f, std::floor((embeddings.values[i] - range.start) / range.step)), 255.0f);
    result.values.push_back(static_cast<uint8_t>(bucket) ^ flip);
  }
  return result;
}

// Bit 7 of the first byte is dimension 0; missing dimensions of the last byte are 0.
QuantizedEmbeddings to_bits(const Embeddings& embeddings, uint8_t flip) {
  QuantizedEmbeddings result{(embeddings.dim + 7) / 8, {}};
  for (size_t i = 0; i < embeddings.rows(); ++i) {
    const auto row = embeddings.row(i);
    for (int32_t byte = 0; byte < result.dim; ++byte) {
      uint8_t bits = 0;
      for (int32_t bit = 0; bit < 8; ++bit) {
        const int32_t j = byte * 8 + bit;
        if (j < embeddings.dim && row[j] > 0) bits |= static_cast<uint8_t>(0x80 >> bit);
      }
      result.values.push_back(bits ^ flip);
    }
  }
  return result;
}

}  // namespace

EmbeddingPrecision parse_embedding_precision(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, EmbeddingPrecision>, 5> kNames{
      {{"float32", EmbeddingPrecision::kFloat32},
       {"int8", EmbeddingPrecision::kInt8},
       {"uint8", EmbeddingPrecision::kUint8},
       {"binary", EmbeddingPrecision::kBinary},
       {"ubinary", EmbeddingPrecision::kUbinary}}};
  for (const auto& [known, precision] : kNames) {
    if (name == known) return precision;
  }
  fail(ErrorCode::kInvalidArgument, "precision is \"{}\", want float32, int8, uint8, binary or ubinary",
       name);
}

QuantizedEmbeddings quantize(const Embeddings& embeddings, EmbeddingPrecision precision,
                             const Embeddings* calibration) {
  constexpr uint8_t kSigned = 0x80;
  switch (precision) {
    case EmbeddingPrecision::kInt8:
      return to_bytes(embeddings, calibration, kSigned);
    case EmbeddingPrecision::kUint8:
      return to_bytes(embeddings, calibration, 0);
    case EmbeddingPrecision::kBinary:
      return to_bits(embeddings, kSigned);
    case EmbeddingPrecision::kUbinary:
      return to_bits(embeddings, 0);
    case EmbeddingPrecision::kFloat32:
      break;
  }
  fail(ErrorCode::kInvalidArgument,
       "float32 embeddings are not quantised, want int8, uint8, binary or ubinary");
}

}  // namespace modernbert
