// The inside of LinearScratch, shared by the implementations of Linear.
#pragma once

#include <cstddef>
#include <oneapi/dnnl/dnnl.hpp>

#include "ops/linear/linear.h"
#include "tensor/matrix.h"

namespace modernbert {

struct LinearScratch::Impl {
  AlignedBuffer<std::byte> input;          // oneDNN: [rows, in] in the type of the product
  AlignedBuffer<float> output;             // [rows, out], or rows of one group of columns
  AlignedBuffer<uint32_t> rows;            // the tile's rows, widened for a panel kernel
  AlignedBuffer<std::byte> gemm;           // oneDNN's own scratchpad
  const uint32_t* next_weights = nullptr;  // good for one product
  dnnl::stream stream;                     // made on first use: a stream belongs to one thread
};

}  // namespace modernbert
