// Processes that train together, as threads of a test.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/fail.h"
#include "training/distributed/communicator.h"

namespace modernbert::testing {

class ThreadTeam {
 public:
  explicit ThreadTeam(int size) : size_(size), doubles_(size), bytes_(size), floats_(size) {}

  // Runs `work` once per member, each in a thread of its own. What each threw, or null.
  std::vector<std::exception_ptr> run(const std::function<void(Communicator&)>& work) {
    std::vector<std::exception_ptr> errors(static_cast<size_t>(size_));
    std::vector<std::thread> threads;
    for (int rank = 0; rank < size_; ++rank) {
      threads.emplace_back([&, rank] {
        Member member(*this, rank);
        try {
          work(member);
        } catch (...) {
          errors[static_cast<size_t>(rank)] = std::current_exception();
          member.abandon();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return errors;
  }

 private:
  class Member final : public Communicator {
   public:
    Member(ThreadTeam& team, int rank) : team_(team), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return team_.size_; }
    int size_on_host() const override { return team_.size_; }

    void sum(std::span<double> values) override { team_.add(team_.doubles_, rank_, values); }

    void broadcast(std::span<std::byte> bytes) override {
      team_.bytes_[static_cast<size_t>(rank_)] = bytes;
      team_.meet();
      const auto first = team_.bytes_.front();
      if (first.size() != bytes.size()) fail(ErrorCode::kInternal, "lengths differ");
      if (rank_ != 0) std::copy(first.begin(), first.end(), bytes.begin());
      team_.meet();
    }

    // Takes the values as they are now: what is added later is lost, as it can be on a network.
    void start_sum(std::span<float> values, WireType) override {
      started_.push_back({values, std::vector<float>(values.begin(), values.end())});
    }

    void wait_for_sums() override {
      for (Started& sum : started_) {
        team_.add(team_.floats_, rank_, std::span(sum.copy));
        std::copy(sum.copy.begin(), sum.copy.end(), sum.values.begin());
      }
      started_.clear();
    }
    void check() const override {}
    void abandon() noexcept override {
      const std::lock_guard lock(team_.mutex_);
      team_.broken_ = true;
      team_.changed_.notify_all();
    }

   private:
    struct Started {
      std::span<float> values;
      std::vector<float> copy;
    };
    ThreadTeam& team_;
    int rank_;
    std::vector<Started> started_;
  };

  template <class T>
  void add(std::vector<std::span<T>>& places, int rank, std::span<T> values) {
    places[static_cast<size_t>(rank)] = values;
    meet();
    std::vector<T> sums(values.size());
    for (const std::span<T> place : places) {
      if (place.size() != values.size()) fail(ErrorCode::kInternal, "lengths differ");
      for (size_t i = 0; i < sums.size(); ++i) sums[i] += place[i];
    }
    meet();
    std::copy(sums.begin(), sums.end(), values.begin());
  }

  // Returns when all are here.
  void meet() {
    std::unique_lock lock(mutex_);
    const int64_t round = round_;
    if (++here_ == size_) {
      here_ = 0;
      ++round_;
      changed_.notify_all();
    }
    changed_.wait(lock, [&] { return broken_ || round_ != round; });
    if (round_ == round) fail(ErrorCode::kNetwork, "another process has ended with an error");
  }

  int size_;
  std::vector<std::span<double>> doubles_;
  std::vector<std::span<std::byte>> bytes_;
  std::vector<std::span<float>> floats_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int here_ = 0;
  int64_t round_ = 0;
  bool broken_ = false;
};

}  // namespace modernbert::testing
