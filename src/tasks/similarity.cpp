// Similarity matrices. Sums run in double and in index order.
#include <cmath>

#include "core/fail.h"
#include "modernbert/embed.h"
#include "tasks/scores.h"

namespace modernbert {
namespace {

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

double euclidean(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - b[i];
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

double manhattan(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::fabs(static_cast<double>(a[i]) - b[i]);
  return sum;
}

double compare(std::span<const float> a, std::span<const float> b, Similarity function) {
  switch (function) {
    case Similarity::kCosine:  // of rows that are normalised already
    case Similarity::kDot:
      return dot(a, b);
    case Similarity::kEuclidean:
      return -euclidean(a, b);
    case Similarity::kManhattan:
      return -manhattan(a, b);
  }
  return 0;
}

Embeddings normalized(Embeddings embeddings) {
  for (size_t i = 0; i < embeddings.rows(); ++i) {
    l2_normalize(std::span(embeddings.values).subspan(i * embeddings.dim, embeddings.dim));
  }
  return embeddings;
}

}  // namespace

std::vector<float> similarity(const Embeddings& a, const Embeddings& b, Similarity function) {
  if (a.rows() > 0 && b.rows() > 0 && a.dim != b.dim) {
    fail(ErrorCode::kInvalidArgument, "embeddings have {} and {} dimensions, want the same", a.dim, b.dim);
  }
  if (function == Similarity::kCosine) return similarity(normalized(a), normalized(b), Similarity::kDot);
  std::vector<float> result;
  result.reserve(a.rows() * b.rows());
  for (size_t i = 0; i < a.rows(); ++i) {
    for (size_t j = 0; j < b.rows(); ++j) {
      result.push_back(static_cast<float>(compare(a.row(i), b.row(j), function)));
    }
  }
  return result;
}

}  // namespace modernbert
