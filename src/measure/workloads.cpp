#include "measure/workloads.h"

#include <charconv>
#include <random>

#include "core/fail.h"

namespace modernbert {
namespace {

// Drawn once, so that other programs can be measured on the same lengths: uniform from 6 to 32, and
// log-normal with median 120 and deviation 0.8, clamped to 8 to 512.
constexpr int32_t kQueryLengths[] = {
    10, 24, 31, 30, 8,  14, 9,  21, 30, 20, 21, 26, 18, 31, 12, 9,  21, 6,  32, 18, 19, 25, 30, 30, 6,  28,
    20, 14, 29, 31, 13, 24, 9,  16, 6,  6,  6,  26, 23, 6,  18, 27, 12, 19, 29, 6,  22, 13, 30, 20, 21, 23,
    13, 17, 13, 27, 13, 30, 20, 15, 6,  19, 32, 23, 26, 9,  11, 26, 29, 15, 9,  29, 16, 29, 28, 22, 19, 22,
    32, 27, 12, 15, 15, 24, 21, 22, 18, 24, 7,  21, 13, 29, 31, 18, 19, 27, 11, 17, 23, 28, 30, 27, 29, 17,
    8,  20, 27, 22, 9,  30, 11, 22, 32, 18, 17, 21, 29, 6,  21, 7,  15, 28, 25, 24, 24, 18, 26, 11};
constexpr int32_t kMixedLengths[] = {512, 168, 173, 136, 102, 464, 108, 111, 26,  130, 90,  160, 512,
                                     408, 107, 99,  120, 21,  332, 385, 218, 68,  166, 257, 271, 121,
                                     198, 86,  153, 144, 512, 239, 171, 160, 38,  228, 82,  43,  30,
                                     199, 29,  101, 45,  221, 53,  37,  488, 512, 114, 165, 44,  216,
                                     145, 122, 281, 154, 26,  238, 61,  51,  281, 176, 96,  104};

template <size_t kCount>
std::vector<int32_t> listed(const int32_t (&lengths)[kCount]) {
  return {lengths, lengths + kCount};
}

std::vector<Workload> named_workloads() {
  return {{"queries", listed(kQueryLengths)},
          {"fixed512", std::vector<int32_t>(8, 512)},
          {"mixed", listed(kMixedLengths)},
          {"long2048", {2048, 2048}},
          {"long8192", {8192}},
          {"one16", {16}},
          {"one128", {128}}};
}

constexpr int32_t kMaxTokens = 1 << 22;

bool parse_number(std::string_view text, int32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 && number <= kMaxTokens;
}

}  // namespace

std::vector<std::string_view> workload_names() {
  return {"queries", "fixed512", "mixed", "long2048", "long8192", "one16", "one128"};
}

Workload parse_workload(std::string_view name) {
  for (Workload& workload : named_workloads()) {
    if (workload.name == name) return std::move(workload);
  }
  const size_t cross = name.find('x');
  int32_t count = 0, length = 0;
  if (cross == std::string_view::npos || !parse_number(name.substr(0, cross), count) ||
      !parse_number(name.substr(cross + 1), length) || int64_t{count} * length > kMaxTokens) {
    std::string choices;
    for (const std::string_view choice : workload_names()) choices.append(choice).append(", ");
    fail(ErrorCode::kInvalidArgument, "workload is \"{}\", want {}or COUNTxLENGTH of at most {} tokens", name,
         choices, kMaxTokens);
  }
  return {std::string(name), std::vector<int32_t>(static_cast<size_t>(count), length)};
}

TokenBatch random_batch(const Workload& workload, int32_t vocab_size) {
  std::minstd_rand generator(2);
  TokenBatch batch;
  for (const int32_t length : workload.lengths) {
    std::vector<int32_t> ids(static_cast<size_t>(length));
    for (int32_t& id : ids) id = static_cast<int32_t>(generator() % static_cast<uint32_t>(vocab_size));
    batch.add(ids);
  }
  return batch;
}

}  // namespace modernbert
