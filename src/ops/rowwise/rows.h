// Rows of activations in the form in which a product takes them: fp32, bf16, or int8 with a scale for each
// row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

enum class RowType { kFp32, kBf16, kInt8 };

// Row i at data + i*stride bytes. Does not own.
struct RowsView {
  RowType type = RowType::kFp32;
  const std::byte* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;             // bytes, a multiple of 4
  const float* scales = nullptr;  // [rows] of kInt8: a byte q stands for (q - 128) * scale

  const std::byte* row(int64_t i) const {
    MB_DCHECK(i >= 0 && i < rows);
    return data + i * stride;
  }
  RowsView slice(int64_t begin, int64_t count) const {
    MB_DCHECK(begin >= 0 && begin + count <= rows);
    return {type, data + begin * stride, count, cols, stride, scales == nullptr ? nullptr : scales + begin};
  }
};

// Owns rows. kSpareRows more than asked for can be read: the kernels take rows by the group and throw the
// results of the spare ones away.
class RowBuffer {
 public:
  static constexpr int64_t kSpareRows = 31;

  RowBuffer() = default;
  RowBuffer(RowType type, int64_t cols);

  RowType type() const { return type_; }
  int64_t cols() const { return cols_; }
  // Room for `rows` rows; contents are lost when the buffer grows.
  void resize(int64_t rows);
  RowsView view() const;
  int64_t stride() const { return stride_; }  // bytes
  std::byte* row(int64_t i) { return data_.data() + i * stride_; }

  // Rounds values to row `row`, from `column` on; rows of kInt8 are stored whole.
  void store(int64_t row, int64_t column, std::span<const float> values);
  void store_row(int64_t row, std::span<const Bf16> values);
  // The rows themselves, of kFp32 and kBf16.
  MatView<float> floats() const;
  MatView<Bf16> halves() const;

 private:
  template <class E>
  void store_quantized(int64_t row, std::span<const E> values);

  RowType type_ = RowType::kFp32;
  int64_t cols_ = 0, stride_ = 0, rows_ = 0;
  mutable AlignedBuffer<std::byte> data_;
  std::vector<float> scales_;  // of kInt8
};

// to = from, in to's type.   to: [from.rows] at least; from: kFp32 or kBf16.
void convert_rows(const RowsView& from, int64_t begin, int64_t end, RowBuffer& to);

// fp32 rows as they are.   x: its spare rows (RowBuffer::kSpareRows) must be readable.
RowsView rows_of(MatView<const float> x);

}  // namespace modernbert
