// Runs under mpirun, all processes the same tests in the same order. Expected sums are added here in the
// order of the ranks, and must agree in every bit.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/random.h"
#include "mpi/mpi_communicator.h"
#include "ops/rowwise/convert.h"

namespace modernbert {
namespace {

MpiCommunicator* processes = nullptr;

// Quotients, so that all bits are used and sums depend on their order.
std::vector<float> values_of(int rank, size_t count) {
  std::vector<float> values(count);
  const auto key = static_cast<uint64_t>(rank) + 7;
  for (size_t i = 0; i < count; ++i)
    values[i] = (random_uniform_float(key, 2 * i) - 0.5F) / (0.1F + random_uniform_float(key, 2 * i + 1));
  return values;
}

std::vector<float> rounded(std::vector<float> values) {
  round_to_bf16(values, values);
  return values;
}

std::vector<float> expected_sum(size_t count, WireType wire) {
  std::vector<float> sum(count);
  for (int rank = 0; rank < processes->size(); ++rank) {
    const auto values = wire == WireType::kFp32 ? values_of(rank, count) : rounded(values_of(rank, count));
    for (size_t i = 0; i < count; ++i) sum[i] += values[i];
  }
  return wire == WireType::kFp32 ? sum : rounded(sum);
}

// Lengths around a cache line, around a block, and some that leave processes without a chunk.
TEST(MpiCommunicator, AddsArraysInTheOrderOfTheRanks) {
  for (const WireType wire : {WireType::kFp32, WireType::kBf16}) {
    for (const size_t count : {1, 15, 16, 17, 33, 2047, 8192, 8193, 300'001}) {
      auto values = values_of(processes->rank(), count);
      processes->start_sum(values, wire);
      processes->wait_for_sums();
      EXPECT_EQ(values, expected_sum(count, wire)) << count;
    }
  }
}

TEST(MpiCommunicator, KeepsSumsThatAreUnderWayTogetherApart) {
  std::vector<std::vector<float>> arrays;
  for (const size_t count : {100'000, 3, 50'000, 70'001})
    arrays.push_back(values_of(processes->rank(), count));
  std::vector<WireType> wires = {WireType::kFp32, WireType::kBf16, WireType::kBf16, WireType::kFp32};
  for (size_t i = 0; i < arrays.size(); ++i) processes->start_sum(arrays[i], wires[i]);
  double rank = processes->rank();
  processes->sum(std::span(&rank, 1));
  processes->wait_for_sums();
  EXPECT_EQ(rank, processes->size() * (processes->size() - 1) / 2.0);
  for (size_t i = 0; i < arrays.size(); ++i)
    EXPECT_EQ(arrays[i], expected_sum(arrays[i].size(), wires[i])) << i;
}

TEST(MpiCommunicator, PassesOnWhatIsNotFinite) {
  for (const WireType wire : {WireType::kFp32, WireType::kBf16}) {
    std::vector<float> values(100, 1.0F);
    if (processes->rank() == 1) values[3] = NAN;
    if (processes->rank() == 1) values[99] = INFINITY;
    processes->start_sum(values, wire);
    processes->wait_for_sums();
    EXPECT_TRUE(std::isnan(values[3]));
    EXPECT_TRUE(std::isinf(values[99]));
    EXPECT_EQ(values[0], processes->size());
  }
}

TEST(MpiCommunicator, AddsNumbersInTheOrderOfTheRanks) {
  std::vector<double> values = {1e16 * (processes->rank() == 0), 1, 0.1 * processes->rank()};
  double first = 0, third = 0;
  for (int rank = 0; rank < processes->size(); ++rank) {
    first += 1e16 * (rank == 0);
    third += 0.1 * rank;
  }
  processes->sum(values);
  EXPECT_EQ(values, (std::vector<double>{first, static_cast<double>(processes->size()), third}));
}

// The long one takes several pieces.
TEST(MpiCommunicator, Broadcasts) {
  for (const size_t count : {0, 1, 1000, 20'000'000}) {
    auto values = values_of(processes->rank(), count);
    processes->broadcast(std::as_writable_bytes(std::span(values)));
    EXPECT_TRUE(values == values_of(0, count)) << count;
  }
}

TEST(MpiCommunicator, BroadcastsJson) {
  const Json value = {{"rank", processes->rank()}, {"text", std::string(100, 'x')}};
  EXPECT_EQ(broadcast(*processes, value)["rank"], 0);
}

TEST(MpiCommunicator, SeesThatAllAreOnOneMachine) {
  EXPECT_EQ(processes->size_on_host(), processes->size());
}

}  // namespace
}  // namespace modernbert

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  modernbert::MpiCommunicator communicator({});
  modernbert::processes = &communicator;
  return RUN_ALL_TESTS();
}
