// A first-in first-out queue between two threads that holds at most so many values: a fast producer waits for
// its consumer, so that memory stays bounded.
//
//   while (queue.push(make())) {}  queue.close();     // producer
//   while (auto value = queue.pop()) use(*value);     // consumer
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "core/check.h"

namespace modernbert {

// Thread-safe, for any number of producers and consumers.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) { MB_CHECK(capacity > 0); }

  // Waits for room. False where the queue is closed or cancelled: the value is dropped.
  bool push(T value) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return closed_ || values_.size() < capacity_; });
    if (closed_) return false;
    values_.push_back(std::move(value));
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  // Waits for a value. nullopt where none will come: closed and empty, or cancelled.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    filled_.wait(lock, [this] { return closed_ || !values_.empty(); });
    --waiting_;
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    lock.unlock();
    room_.notify_one();
    return value;
  }

  // No further values; those that wait can still be popped.
  void close() { end(false); }
  // Neither side goes on: values that wait are dropped, whoever waits returns.
  void cancel() { end(true); }

  // Whether a consumer has nothing to do at this moment.
  bool consumer_waits() const {
    const std::lock_guard lock(mutex_);
    return waiting_ > 0 && values_.empty();
  }

 private:
  void end(bool drop_values) {
    std::deque<T> dropped;  // destroyed without the lock
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      if (drop_values) dropped.swap(values_);
    }
    room_.notify_all();
    filled_.notify_all();
  }

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<T> values_;
  size_t waiting_ = 0;  // consumers inside pop()
  bool closed_ = false;
};

}  // namespace modernbert
