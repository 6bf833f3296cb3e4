// Row-major matrices: a view that knows its stride, and an owner with cache-line aligned storage.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include "core/check.h"

namespace modernbert {

// rows × cols elements, row i at data + i*stride. Does not own.
template <class T>
struct MatView {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;

  MatView() = default;
  MatView(T* data, int64_t rows, int64_t cols) : MatView(data, rows, cols, cols) {}
  MatView(T* data, int64_t rows, int64_t cols, int64_t stride)
      : data(data), rows(rows), cols(cols), stride(stride) {}
  // A mutable view converts to a const one.
  operator MatView<const T>() const { return {data, rows, cols, stride}; }

  T* row_data(int64_t i) const {
    MB_DCHECK(i >= 0 && i < rows);
    return data + i * stride;
  }
  std::span<T> row(int64_t i) const { return {row_data(i), static_cast<size_t>(cols)}; }
  MatView slice_rows(int64_t begin, int64_t count) const {
    MB_DCHECK(begin >= 0 && begin + count <= rows);
    return {data + begin * stride, count, cols, stride};
  }
  MatView slice_cols(int64_t begin, int64_t count) const {
    MB_DCHECK(begin >= 0 && begin + count <= cols);
    return {data + begin, rows, count, stride};
  }
};

// Uninitialised memory aligned to a cache line, freed by std::free; large blocks ask for huge pages, which
// spare page faults and misses of the address cache. Throws std::bad_alloc.
void* allocate_aligned(size_t bytes);

// Uninitialised memory aligned to a cache line, reused when it is large enough.
template <class T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t count) { reserve(count); }
  // Grows to at least `count` elements; contents are lost when it grows.
  void reserve(size_t count) {
    if (count <= capacity_) return;
    data_.reset();  // first, so that both are never held at once
    capacity_ = 0;
    data_.reset(static_cast<T*>(allocate_aligned(count * sizeof(T))));
    capacity_ = count;
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T, Free> data_;
  size_t capacity_ = 0;
};

// Owns rows × cols floats, zero-initialised.
class Matrix {
 public:
  Matrix() = default;
  Matrix(int64_t rows, int64_t cols) : storage_(static_cast<size_t>(rows * cols)), rows_(rows), cols_(cols) {
    std::fill_n(storage_.data(), rows * cols, 0.0f);
  }
  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  MatView<float> view() { return {storage_.data(), rows_, cols_}; }
  MatView<const float> view() const { return {storage_.data(), rows_, cols_}; }
  std::span<float> row(int64_t i) { return view().row(i); }
  std::span<const float> row(int64_t i) const { return view().row(i); }
  std::span<const float> values() const { return {storage_.data(), static_cast<size_t>(rows_ * cols_)}; }

 private:
  AlignedBuffer<float> storage_;
  int64_t rows_ = 0;
  int64_t cols_ = 0;
};

}  // namespace modernbert
