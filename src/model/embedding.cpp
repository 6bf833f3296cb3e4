#include "model/embedding.h"

namespace modernbert {
namespace {

void add(std::span<const float> row, std::span<float> x) {
  for (size_t i = 0; i < x.size(); ++i) x[i] += row[i];
}

}  // namespace

void Embedding::lookup(const TokenBatch& batch, int64_t begin, MatView<float> x) const {
  const size_t row_bytes = static_cast<size_t>(x.cols) * size_of(tables_.tokens.dtype);
  for (int64_t r = 0; r < x.rows; ++r) {
    const auto token = static_cast<size_t>(begin + r);
    const auto id = static_cast<size_t>(batch.ids[token]);
    convert_to_float(tables_.tokens.dtype, tables_.tokens.data + id * row_bytes, static_cast<size_t>(x.cols),
                     x.row_data(r));
    if (tables_.positions) add(tables_.positions->row(batch.positions[token]), x.row(r));
    if (tables_.types) add(tables_.types->row(batch.type_ids.empty() ? 0 : batch.type_ids[token]), x.row(r));
  }
}

}  // namespace modernbert
