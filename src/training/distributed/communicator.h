// Processes that train one model together, as the training loop sees them.
//
// Every process has the same weights and computes its share of a step's micro-batches; gradients are summed
// over all of them. Every process calls the same functions in the same order with arrays of the same lengths.
#pragma once

#include <cstddef>
#include <span>

#include "core/json.h"

namespace modernbert {

// What gradients travel as.
enum class WireType { kFp32, kBf16 };

// One thread at a time. All functions but the first three throw an Error (kNetwork) that names the process
// when another one has died, hangs or has ended with an error.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;          // from 0
  virtual int size() const = 0;          // processes in all
  virtual int size_on_host() const = 0;  // processes that share this machine
  // Process 0 talks to people and writes files.
  bool is_first() const { return rank() == 0; }

  // values := their sums over all processes, added in the order of the ranks: the same bits everywhere.
  virtual void sum(std::span<double> values) = 0;
  // bytes := those of process 0.
  virtual void broadcast(std::span<std::byte> bytes) = 0;
  // values := their sums, as above, computed while the caller goes on: nobody may touch `values` until
  // wait_for_sums() returns. With kBf16 every summand is rounded once, and so is the sum.
  virtual void start_sum(std::span<float> values, WireType wire) = 0;
  virtual void wait_for_sums() = 0;
  // Throws if another process is known to be lost; costs nothing.
  virtual void check() const = 0;
  // This process will not call again: sums under way are dropped, memory is left alone, the others are told.
  virtual void abandon() noexcept = 0;
};

// A process that trains alone.
class OneProcess final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int size_on_host() const override { return 1; }
  void sum(std::span<double>) override {}
  void broadcast(std::span<std::byte>) override {}
  void start_sum(std::span<float>, WireType) override {}
  void wait_for_sums() override {}
  void check() const override {}
  void abandon() noexcept override {}
};

// Process 0's value, for all.
Json broadcast(Communicator& processes, const Json& value);

}  // namespace modernbert
