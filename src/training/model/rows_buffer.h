// Memory for the rows of a batch.
#pragma once

#include <algorithm>

#include "tensor/matrix.h"

namespace modernbert {

// Rows past those of a batch are zeros where products sum over them.
template <class E>
struct Rows {
  AlignedBuffer<E> data;
  int64_t cols = 0;
  MatView<E> resize(int64_t rows, int64_t columns) {
    cols = columns;
    data.reserve(static_cast<size_t>(rows * columns));
    return {data.data(), rows, columns};
  }
  MatView<E> first(int64_t rows) { return {data.data(), rows, cols}; }
};

// Sets rows [count, x.rows) to zero.
template <class E>
void clear_padding(MatView<E> x, int64_t count) {
  for (int64_t r = count; r < x.rows; ++r) std::fill_n(x.row_data(r), x.cols, E{});
}

}  // namespace modernbert
