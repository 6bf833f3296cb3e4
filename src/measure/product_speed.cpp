#include "measure/product_speed.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cmath>
#include <limits>
#include <random>
#include <thread>

#include "ops/linear/tile_division.h"

namespace modernbert {
namespace {

// A round is long against the clock; many enough fit between two disturbances of the caches.
constexpr double kFlopsPerRound = 2e8;
constexpr int kMinRounds = 3;
constexpr double kMinSeconds = 0.01;

// Processor time of the calling thread: other programs on the machine do not count.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// One thread's rows, scratch and results.
class Worker {
 public:
  Worker(const Linear& linear, const Product& product, int64_t rows, Range groups)
      : linear_(linear), product_(product), groups_(groups), input_(linear.row_type(), product.in) {
    input_.resize(rows);
    std::minstd_rand generator(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> row(static_cast<size_t>(product.in));
    for (int64_t r = 0; r < rows; ++r) {
      for (float& value : row) value = uniform(generator);
      input_.store(r, 0, row);
    }
    if (product.adds) sums_ = Matrix(rows, product.out);
  }

  void run_round(int passes) {
    const double begin = thread_seconds();
    for (int i = 0; i < passes; ++i) run_pass();
    const double seconds = thread_seconds() - begin;
    total_seconds_ += seconds;
    best_pass_seconds_ = std::min(best_pass_seconds_, seconds / passes);
  }
  double total_seconds() const { return total_seconds_; }
  double best_pass_seconds() const { return best_pass_seconds_; }

 private:
  void run_pass() {
    if (product_.adds) return linear_.add_tile(input_.view(), groups_, scratch_, sums_.view());
    const auto keep = [this](int64_t, int64_t, MatView<float> y) { kept_ = y.data[0]; };
    linear_.run_tile(input_.view(), groups_, scratch_, keep);
  }

  const Linear& linear_;
  const Product& product_;
  Range groups_;
  RowBuffer input_;
  LinearScratch scratch_;
  Matrix sums_;
  volatile float kept_ = 0;  // so that results are needed
  double total_seconds_ = 0;
  double best_pass_seconds_ = std::numeric_limits<double>::infinity();
};

double longest_of(const std::vector<Worker>& workers, double (Worker::*seconds)() const) {
  double longest = 0;
  for (const Worker& worker : workers) longest = std::max(longest, (worker.*seconds)());
  return longest;
}

// Best time of a pass of the worker that takes longest; rounds begin together.
double best_pass_seconds(std::vector<Worker>& workers, double flops_per_pass) {
  const int passes = std::max(1, static_cast<int>(std::lround(kFlopsPerRound / flops_per_pass)));
  std::atomic<bool> is_done = false;
  std::barrier barrier(static_cast<std::ptrdiff_t>(workers.size()));
  // The first worker decides while the others wait for it: all see the same answer. Where there are fewer
  // groups of columns than threads, some workers have nothing to do.
  const auto run = [&](size_t index) {
    for (int round = 0;; ++round) {
      if (index == 0) {
        is_done = round >= kMinRounds && longest_of(workers, &Worker::total_seconds) > kMinSeconds;
      }
      barrier.arrive_and_wait();
      if (is_done) return;
      workers[index].run_round(passes);
      barrier.arrive_and_wait();
    }
  };
  std::vector<std::jthread> threads;
  for (size_t t = 1; t < workers.size(); ++t) threads.emplace_back(run, t);
  run(0);
  return longest_of(workers, &Worker::best_pass_seconds);
}

}  // namespace

ProductSpeeds::ProductSpeeds(GemmType type, int threads, int64_t tokens)
    : type_(type), threads_(threads), tokens_(tokens) {}

double ProductSpeeds::seconds(const Product& product) {
  const Key key{product.in, product.out, product.group, product.adds};
  const auto known = seconds_.find(key);
  if (known != seconds_.end()) return known->second;
  return seconds_[key] = measure(product);
}

double ProductSpeeds::measure(const Product& product) {
  const auto count = static_cast<size_t>(product.in * product.out);
  std::minstd_rand generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  while (values_.size() < count) values_.push_back(uniform(generator));
  const auto linear = make_linear(type_, {values_.data(), product.out, product.in}, {}, product.group);
  // As the encoder divides a layer, were this product all of it.
  const std::array<const Linear*, 1> products = {linear.get()};
  const TileDivision division(tokens_, threads_, products);
  const int64_t tiles = (tokens_ + division.tile_rows() - 1) / division.tile_rows();
  const int64_t turns = division.has_teams() ? 1 : (tiles + threads_ - 1) / threads_;
  std::vector<Worker> workers;
  workers.reserve(static_cast<size_t>(threads_));
  for (int t = 0; t < threads_; ++t) {
    if (division.has_teams()) {
      const TileDivision::Part part = division.part_of(t);
      workers.emplace_back(*linear, product, part.rows.size(), part.share.of(linear->groups()));
    } else if (t < tiles) {
      workers.emplace_back(*linear, product, division.tile_rows(), Range{0, linear->groups()});
    }
  }
  const double flops = product.flops(tokens_) / static_cast<double>(turns * threads_);
  return static_cast<double>(turns) * best_pass_seconds(workers, flops);
}

}  // namespace modernbert
