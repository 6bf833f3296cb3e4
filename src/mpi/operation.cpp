#include "mpi/operation.h"

#include <algorithm>
#include <string>
#include <type_traits>

#include "core/fail.h"
#include "ops/rowwise/convert.h"

namespace modernbert {
namespace {

constexpr size_t kMostBroadcastBytes = size_t{64} << 20;
constexpr int kChunkAlignment = 16;  // floats of a cache line
// Floats that are added at a time: sum and summand stay in the first-level cache.
constexpr int kBlock = 2048;

template <class E>
MPI_Datatype wire_type() {
  return std::is_same_v<E, float> ? MPI_FLOAT : MPI_UINT16_T;
}

void add(std::span<const float> x, float* sum) {
  for (size_t i = 0; i < x.size(); ++i) sum[i] += x[i];
}

void add(std::span<const Bf16> x, float* sum) {
  float floats[kBlock];
  convert_to_float(x, std::span(floats, x.size()));
  add(std::span<const float>(floats, x.size()), sum);
}

}  // namespace

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  fail(ErrorCode::kNetwork, "{}: {}", call, std::string(text, static_cast<size_t>(length)));
}

bool PendingRequest::done() {
  int flag = 0;
  check_mpi(MPI_Test(&request_, &flag, MPI_STATUS_IGNORE), "MPI_Test");
  return flag != 0;
}

bool NumberSum::advance() {
  if (gathered_.empty()) {
    const int count = static_cast<int>(values_.size());
    gathered_.resize(values_.size() * static_cast<size_t>(group_.size));
    check_mpi(MPI_Iallgather(values_.data(), count, MPI_DOUBLE, gathered_.data(), count, MPI_DOUBLE,
                             group_.comm, request_.start()),
              "MPI_Iallgather");
  }
  if (!request_.done()) return false;
  std::ranges::fill(values_, 0);
  for (size_t i = 0; i < gathered_.size(); ++i) values_[i % values_.size()] += gathered_[i];
  return true;
}

bool Broadcast::advance() {
  while (request_.done()) {
    if (left_.empty()) return true;
    const auto piece = left_.first(std::min(left_.size(), kMostBroadcastBytes));
    left_ = left_.subspan(piece.size());
    check_mpi(
        MPI_Ibcast(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, 0, group_.comm, request_.start()),
        "MPI_Ibcast");
  }
  return false;
}

bool Barrier::advance() {
  if (!started_) check_mpi(MPI_Ibarrier(group_.comm, request_.start()), "MPI_Ibarrier");
  started_ = true;
  return request_.done();
}

template <class E>
ArraySum<E>::ArraySum(MpiGroup group, std::span<float> values, WireBuffers<E>& buffers)
    : group_(group), values_(values), buffers_(buffers) {
  const int count = static_cast<int>(values.size()), lines = (count + kChunkAlignment - 1) / kChunkAlignment;
  const int most = (lines + group.size - 1) / group.size * kChunkAlignment;
  for (int r = 0; r < group.size; ++r) {
    offsets_.push_back(std::min(count, r * most));
    counts_.push_back(std::min(count, (r + 1) * most) - offsets_.back());
  }
}

template <class E>
bool ArraySum<E>::advance() {
  if (phase_ == Phase::kNew) start_exchange();
  if (!request_.done()) return false;
  if (phase_ == Phase::kExchange) {
    add_up();
    start_handing_out();
    if (!request_.done()) return false;
  }
  take_sums();
  return true;
}

template <class E>
E* ArraySum<E>::wire() {
  if constexpr (std::is_same_v<E, float>) {
    return values_.data();
  } else {
    return buffers_.sent.data();
  }
}

template <class E>
void ArraySum<E>::start_exchange() {
  phase_ = Phase::kExchange;
  const int chunk = counts_[static_cast<size_t>(group_.rank)];
  for (int r = 0; r < group_.size; ++r) {
    received_counts_.push_back(chunk);
    received_offsets_.push_back(r * chunk);
  }
  buffers_.received.reserve(static_cast<size_t>(chunk * group_.size));
  buffers_.total.reserve(static_cast<size_t>(chunk));
  if constexpr (!std::is_same_v<E, float>) {
    buffers_.sent.reserve(values_.size());
    convert_to_bf16(values_, {wire(), values_.size()});
  }
  check_mpi(MPI_Ialltoallv(wire(), counts_.data(), offsets_.data(), wire_type<E>(), buffers_.received.data(),
                           received_counts_.data(), received_offsets_.data(), wire_type<E>(), group_.comm,
                           request_.start()),
            "MPI_Ialltoallv");
}

// The chunk's sum in `total`.
template <class E>
void ArraySum<E>::add_up() {
  const int chunk = counts_[static_cast<size_t>(group_.rank)];
  float* total = buffers_.total.data();
  for (int begin = 0; begin < chunk; begin += kBlock) {
    const int size = std::min(kBlock, chunk - begin);
    std::fill_n(total + begin, size, 0.0F);
    for (int r = 0; r < group_.size; ++r) {
      const E* from = buffers_.received.data() + static_cast<int64_t>(r) * chunk + begin;
      add(std::span<const E>(from, static_cast<size_t>(size)), total + begin);
    }
  }
}

template <class E>
void ArraySum<E>::start_handing_out() {
  phase_ = Phase::kHandOut;
  const auto rank = static_cast<size_t>(group_.rank), chunk = static_cast<size_t>(counts_[rank]);
  E* own = wire() + offsets_[rank];
  if constexpr (std::is_same_v<E, float>) {
    std::copy_n(buffers_.total.data(), chunk, own);
  } else {
    convert_to_bf16({buffers_.total.data(), chunk}, {own, chunk});
  }
  check_mpi(MPI_Iallgatherv(MPI_IN_PLACE, 0, wire_type<E>(), wire(), counts_.data(), offsets_.data(),
                            wire_type<E>(), group_.comm, request_.start()),
            "MPI_Iallgatherv");
}

template <class E>
void ArraySum<E>::take_sums() {
  if constexpr (!std::is_same_v<E, float>) convert_to_float({wire(), values_.size()}, values_);
}

template class ArraySum<float>;
template class ArraySum<Bf16>;

}  // namespace modernbert
