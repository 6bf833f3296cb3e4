// Attention of one head over one sequence that remembers the logarithms of its sums, and its backward pass:
// flash style, blocks of 64 queries by 64 keys, banded where a window is given.
#pragma once

#include <cstdint>

#include "ops/rowwise/dropout.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// Rows of one sequence; queries and keys are rotated already. E: float or Bf16.
template <class E>
struct TrainedHead {
  MatView<const E> q, k, v;  // [L,D]
  int64_t window = -1;       // only keys with |i-j| <= window count; -1 = all
  Dropout dropout;           // of the weights; rows are queries, columns keys
};

// Rotation of a head's first numbers by position; rows of half-dimension tables, or no data: none.
struct HeadRotation {
  const float* cos = nullptr;  // [positions, half]
  const float* sin = nullptr;
  const int32_t* positions = nullptr;  // [L]
  int64_t half = 0;                    // pairs of a row, at most D/2
  bool interleaved = false;            // pairs are (0,1), (2,3), … instead of (0,half), (1,half+1), …
};

// Blocks in the layouts that the products read. One thread at a time.
class TrainedHeadScratch {
 public:
  template <class T>
  T* take(int index, int64_t count) {
    auto& buffer = buffers_[index];
    buffer.reserve(static_cast<size_t>(count) * sizeof(T));
    return reinterpret_cast<T*>(buffer.data());
  }

 private:
  AlignedBuffer<std::byte> buffers_[16];
};

// What the backward pass needs to know of each row's output.
struct HeadRecord {
  float* log_sums = nullptr;  // [L] base 2
  MatView<float> out;         // [L,D] not rounded
};

// out = softmax(q k^T / sqrt(D)) v.   out: [L,D].
template <class E>
void attention_forward(const TrainedHead<E>& head, MatView<E> out, const HeadRecord& record,
                       TrainedHeadScratch& scratch);

template <class E>
struct HeadGradients {
  MatView<const E> dout;  // [L,D]
  HeadRecord record;      // of the forward pass
  HeadRotation rotation;  // what was done to queries and keys; the gradients are those from before it
  MatView<E> dq, dk, dv;  // [L,D] overwritten
};

template <class E>
void attention_backward(const TrainedHead<E>& head, const HeadGradients<E>& gradients,
                        TrainedHeadScratch& scratch);

// Rotates rows in place.   x: [L,D].
template <class E>
void rotate_rows(const HeadRotation& rotation, MatView<E> x);

}  // namespace modernbert
