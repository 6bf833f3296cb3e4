#include "core/bounded_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace modernbert {
namespace {

// Waits until it is true; a test that would wait for ever is ended by ctest's time limit.
template <class Condition>
void wait_until(const Condition& condition) {
  while (!condition()) std::this_thread::yield();
}

TEST(BoundedQueue, KeepsTheOrderBetweenThreads) {
  constexpr int kValues = 20'000;
  BoundedQueue<int> queue(3);
  std::jthread producer([&] {
    for (int i = 0; i < kValues; ++i) EXPECT_TRUE(queue.push(i));
    queue.close();
  });
  int expected = 0;
  while (const auto value = queue.pop()) ASSERT_EQ(*value, expected++);
  EXPECT_EQ(expected, kValues);
}

TEST(BoundedQueue, HoldsNoMoreThanItsCapacity) {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed = 0;
  std::jthread producer([&] {
    for (int i = 0; i < 100; ++i) {
      queue.push(i);
      ++pushed;
    }
  });
  for (int popped = 0; popped < 100; ++popped) {
    wait_until([&] { return pushed >= std::min(100, popped + 2); });
    EXPECT_LE(pushed, popped + 2);
    EXPECT_EQ(queue.pop(), popped);
  }
}

TEST(BoundedQueue, AClosedQueueGivesWhatItHoldsAndTakesNoMore) {
  BoundedQueue<int> queue(3);
  queue.push(1);
  queue.push(2);
  queue.close();
  EXPECT_FALSE(queue.push(3));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, ACancelledQueueDropsWhatItHolds) {
  BoundedQueue<std::shared_ptr<int>> queue(2);
  const auto value = std::make_shared<int>(7);
  queue.push(value);
  queue.cancel();
  EXPECT_EQ(value.use_count(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_FALSE(queue.push(value));
}

TEST(BoundedQueue, CancellingWakesAConsumer) {
  BoundedQueue<int> queue(1);
  std::jthread consumer([&] { EXPECT_EQ(queue.pop(), std::nullopt); });
  wait_until([&] { return queue.consumer_waits(); });
  queue.cancel();
}

TEST(BoundedQueue, CancellingWakesAProducer) {
  BoundedQueue<int> queue(1);
  std::atomic<bool> full = false;
  std::jthread producer([&] {
    queue.push(1);
    full = true;
    EXPECT_FALSE(queue.push(2));
  });
  wait_until([&] { return full.load(); });
  queue.cancel();
}

TEST(BoundedQueue, ClosingWakesAConsumer) {
  BoundedQueue<int> queue(1);
  std::jthread consumer([&] { EXPECT_EQ(queue.pop(), std::nullopt); });
  wait_until([&] { return queue.consumer_waits(); });
  queue.close();
}

TEST(BoundedQueue, SaysWhetherAConsumerWaits) {
  BoundedQueue<int> queue(1);
  EXPECT_FALSE(queue.consumer_waits());
  std::jthread consumer([&] {
    EXPECT_EQ(queue.pop(), 5);
    EXPECT_EQ(queue.pop(), std::nullopt);
  });
  wait_until([&] { return queue.consumer_waits(); });
  queue.push(5);
  wait_until([&] { return queue.consumer_waits(); });  // for the second value
  queue.close();
}

}  // namespace
}  // namespace modernbert
