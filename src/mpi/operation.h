// Collective operations that never block: the thread that talks to MPI starts one and looks again until it is
// done.
#pragma once

#include <mpi.h>

#include <span>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// Error (kNetwork) unless MPI says that a call went well.
void check_mpi(int code, const char* call);

// The processes that take part.
struct MpiGroup {
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0;
  int size = 1;
};

class Operation {
 public:
  virtual ~Operation() = default;
  // Starts the operation, or takes it as far as it goes. True: it is done.
  virtual bool advance() = 0;
};

// A request of MPI that has been started, or none.
class PendingRequest {
 public:
  MPI_Request* start() { return &request_; }
  bool done();

 private:
  MPI_Request request_ = MPI_REQUEST_NULL;
};

// values := their sums, added in the order of the ranks.
class NumberSum final : public Operation {
 public:
  NumberSum(MpiGroup group, std::span<double> values) : group_(group), values_(values) {}
  bool advance() override;

 private:
  MpiGroup group_;
  std::span<double> values_;
  std::vector<double> gathered_;  // [size, values]
  PendingRequest request_;
};

// bytes := those of process 0, a piece at a time: MPI counts in ints.
class Broadcast final : public Operation {
 public:
  Broadcast(MpiGroup group, std::span<std::byte> bytes) : group_(group), left_(bytes) {}
  bool advance() override;

 private:
  MpiGroup group_;
  std::span<std::byte> left_;
  PendingRequest request_;
};

class Barrier final : public Operation {
 public:
  explicit Barrier(MpiGroup group) : group_(group) {}
  bool advance() override;

 private:
  MpiGroup group_;
  bool started_ = false;
  PendingRequest request_;
};

// Memory that sums use one after another. E: what travels, float or Bf16.
template <class E>
struct WireBuffers {
  AlignedBuffer<E> sent;       // unused where values travel as they are
  AlignedBuffer<E> received;   // [size, chunk]
  AlignedBuffer<float> total;  // [chunk]
};

// values := their sums. Each process sums one chunk of the array: it gets that chunk from all others, adds in
// the order of the ranks in fp32, and hands the sum out. As much travels as with a ring, but every number is
// rounded to E only twice however many processes there are, and the bits depend on nothing but the ranks.
template <class E>
class ArraySum final : public Operation {
 public:
  ArraySum(MpiGroup group, std::span<float> values, WireBuffers<E>& buffers);
  bool advance() override;

 private:
  enum class Phase { kNew, kExchange, kHandOut };
  E* wire();  // [values], as it travels
  void start_exchange();
  void add_up();
  void start_handing_out();
  void take_sums();

  MpiGroup group_;
  std::span<float> values_;
  WireBuffers<E>& buffers_;
  std::vector<int> counts_, offsets_;  // of each process's chunk
  Phase phase_ = Phase::kNew;
  std::vector<int> received_counts_, received_offsets_;
  PendingRequest request_;
};

}  // namespace modernbert
