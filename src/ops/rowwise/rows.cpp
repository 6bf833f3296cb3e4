#include "ops/rowwise/rows.h"

#include <algorithm>
#include <cstring>

#include "ops/rowwise/convert.h"

namespace modernbert {
namespace {

size_t element_size(RowType type) {
  return type == RowType::kFp32 ? sizeof(float) : type == RowType::kBf16 ? sizeof(Bf16) : sizeof(uint8_t);
}

}  // namespace

RowBuffer::RowBuffer(RowType type, int64_t cols)
    : type_(type), cols_(cols), stride_((cols * static_cast<int64_t>(element_size(type)) + 3) / 4 * 4) {}

// Zeroed whole: what fills a row up to words of 32 bits stays zero, and spare rows are finite.
void RowBuffer::resize(int64_t rows) {
  rows_ = rows;
  if (type_ == RowType::kInt8 && static_cast<int64_t>(scales_.size()) < rows + kSpareRows)
    scales_.resize(static_cast<size_t>(rows + kSpareRows));
  const auto bytes = static_cast<size_t>((rows + kSpareRows) * stride_);
  if (bytes <= data_.capacity()) return;
  data_.reserve(bytes);
  std::fill_n(data_.data(), bytes, std::byte{0});
}

RowsView RowBuffer::view() const {
  return {type_, data_.data(), rows_, cols_, stride_, type_ == RowType::kInt8 ? scales_.data() : nullptr};
}

void RowBuffer::store(int64_t row, int64_t column, std::span<const float> values) {
  switch (type_) {
    case RowType::kFp32:
      std::ranges::copy(values, floats().row_data(row) + column);
      return;
    case RowType::kBf16:
      convert_to_bf16(values, {halves().row_data(row) + column, values.size()});
      return;
    case RowType::kInt8:
      MB_DCHECK(column == 0);
      return store_quantized(row, values);
  }
}

template <class E>
void RowBuffer::store_quantized(int64_t row, std::span<const E> values) {
  MB_DCHECK(static_cast<int64_t>(values.size()) == cols_);
  scales_[static_cast<size_t>(row)] =
      quantize(values, {reinterpret_cast<uint8_t*>(this->row(row)), values.size()});
}

void RowBuffer::store_row(int64_t row, std::span<const Bf16> values) {
  switch (type_) {
    case RowType::kFp32:
      convert_to_float(values, floats().row(row));
      return;
    case RowType::kBf16:
      std::ranges::copy(values, halves().row_data(row));
      return;
    case RowType::kInt8:
      return store_quantized(row, values);
  }
}

MatView<float> RowBuffer::floats() const {
  MB_DCHECK(type_ == RowType::kFp32);
  return {reinterpret_cast<float*>(data_.data()), rows_, cols_, stride_ / int64_t{sizeof(float)}};
}

MatView<Bf16> RowBuffer::halves() const {
  MB_DCHECK(type_ == RowType::kBf16);
  return {reinterpret_cast<Bf16*>(data_.data()), rows_, cols_, stride_ / int64_t{sizeof(Bf16)}};
}

void convert_rows(const RowsView& from, int64_t begin, int64_t end, RowBuffer& to) {
  MB_DCHECK(from.type != RowType::kInt8);
  const auto size = static_cast<size_t>(from.cols);
  for (int64_t r = begin; r < end; ++r) {
    if (from.type == RowType::kFp32) {
      to.store(r, 0, {reinterpret_cast<const float*>(from.row(r)), size});
    } else {
      to.store_row(r, {reinterpret_cast<const Bf16*>(from.row(r)), size});
    }
  }
}

RowsView rows_of(MatView<const float> x) {
  return {RowType::kFp32, reinterpret_cast<const std::byte*>(x.data), x.rows,
          x.cols,         x.stride * int64_t{sizeof(float)},          nullptr};
}

}  // namespace modernbert
