#include "mpi/mpi_communicator.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>

#include "core/fail.h"
#include "mpi/operation.h"
#include "mpi/peer_watch.h"

namespace modernbert {
namespace {

// Between two looks at an operation: short beside a bucket's time on a network, long beside what a look
// costs.
constexpr auto kPause = std::chrono::microseconds(20);
constexpr auto kIdle = std::chrono::milliseconds(20);

MpiGroup duplicate_world() {
  MpiGroup group;
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &group.comm), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(group.comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  MPI_Comm_rank(group.comm, &group.rank);
  MPI_Comm_size(group.comm, &group.size);
  return group;
}

int count_on_host() {
  MPI_Comm host = MPI_COMM_NULL;
  int count = 1;
  check_mpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host),
            "MPI_Comm_split_type");
  MPI_Comm_size(host, &count);
  MPI_Comm_free(&host);
  return count;
}

}  // namespace

// Operations are done one after another in the order of submit(), the same in all processes. A failure is
// final: when `stopped_` is set the thread touches no memory of others any more.
class MpiCommunicator::Thread {
 public:
  explicit Thread(const DistributedRecipe& recipe) : recipe_(recipe), thread_([this] { run(); }) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return started_ || stopped_; });
    if (!started_) {
      lock.unlock();
      thread_.join();
      fail(ErrorCode::kNetwork, "{}", failure_);
    }
  }
  ~Thread() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  const MpiGroup& group() const { return group_; }
  int on_host() const { return on_host_; }
  WireBuffers<float>& floats() { return floats_; }
  WireBuffers<Bf16>& halves() { return halves_; }

  void submit(std::unique_ptr<Operation> operation) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(operation));
      ++submitted_;
    }
    changed_.notify_all();
  }

  // Until everything that was submitted is done.
  void wait() {
    std::unique_lock lock(mutex_);
    const auto limit = std::chrono::duration<double>(recipe_.stall_timeout_s);
    if (!changed_.wait_for(lock, limit, [&] { return stopped_ || completed_ == submitted_; })) {
      lock.unlock();
      abandon();
      fail(ErrorCode::kNetwork,
           "the other processes live, but have let this one wait for {:g} s "
           "(distributed.stall_timeout_s)",
           recipe_.stall_timeout_s);
    }
    if (completed_ != submitted_) fail(ErrorCode::kNetwork, "{}", failure_);
  }

  void check() const {
    if (!lost_) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_; });
    fail(ErrorCode::kNetwork, "{}", failure_);
  }

  void abandon() {
    std::unique_lock lock(mutex_);
    abandoned_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return stopped_; });
  }

 private:
  void run() {
    std::string failure;
    try {
      start();
      serve();
      if (!lost_) check_mpi(MPI_Finalize(), "MPI_Finalize");
    } catch (const std::exception& error) {
      failure = error.what();
    }
    const std::lock_guard lock(mutex_);
    if (failure_.empty()) failure_ = failure;
    stopped_ = true;
    lost_ = true;
    changed_.notify_all();
  }

  void start() {
    int provided = 0;
    check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    if (provided < MPI_THREAD_FUNNELED)
      fail(ErrorCode::kUnsupported, "this MPI cannot be called from programs with threads");
    group_ = duplicate_world();
    on_host_ = count_on_host();
    watch_ = std::make_unique<PeerWatch>(duplicate_world(), recipe_.timeout_s);
    const std::lock_guard lock(mutex_);
    started_ = true;
    changed_.notify_all();
  }

  // Until the end of the run or the first problem.
  void serve() {
    std::unique_ptr<Operation> operation;
    bool leaving = false;
    while (true) {
      const auto problem = watch_->turn();
      if (problem || abandoned()) return give_up(problem.value_or("this process has given up"));
      if (!operation) {
        operation = take(leaving);
        if (!operation) continue;
      }
      if (!operation->advance()) {
        std::this_thread::sleep_for(kPause);
        continue;
      }
      operation.reset();
      if (leaving) return;
      const std::lock_guard lock(mutex_);
      ++completed_;
      changed_.notify_all();
    }
  }

  bool abandoned() const {
    const std::lock_guard lock(mutex_);
    return abandoned_;
  }

  // The next operation, or none after a while. leaving: set with the last one, at which all processes meet.
  std::unique_ptr<Operation> take(bool& leaving) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kIdle, [&] { return !queue_.empty() || closing_ || abandoned_; });
    if (abandoned_ || (queue_.empty() && !closing_)) return nullptr;
    if (queue_.empty()) {
      leaving = true;
      return std::make_unique<Barrier>(group_);
    }
    auto operation = std::move(queue_.front());
    queue_.pop_front();
    return operation;
  }

  void give_up(const std::string& problem) {
    lost_ = true;
    watch_->say_farewell();
    const std::lock_guard lock(mutex_);
    failure_ = problem;
  }

  DistributedRecipe recipe_;
  MpiGroup group_;
  int on_host_ = 1;
  std::unique_ptr<PeerWatch> watch_;
  WireBuffers<float> floats_;
  WireBuffers<Bf16> halves_;

  mutable std::mutex mutex_;  // of what follows
  mutable std::condition_variable changed_;
  std::deque<std::unique_ptr<Operation>> queue_;
  int64_t submitted_ = 0, completed_ = 0;
  bool started_ = false, stopped_ = false, closing_ = false, abandoned_ = false;
  std::string failure_;
  std::atomic<bool> lost_ = false;
  std::thread thread_;  // last: it uses all the others
};

MpiCommunicator::MpiCommunicator(const DistributedRecipe& recipe)
    : thread_(std::make_unique<Thread>(recipe)), exceptions_(std::uncaught_exceptions()) {}

MpiCommunicator::~MpiCommunicator() {
  if (std::uncaught_exceptions() > exceptions_) abandon();
}

int MpiCommunicator::rank() const {
  return thread_->group().rank;
}

int MpiCommunicator::size() const {
  return thread_->group().size;
}

int MpiCommunicator::size_on_host() const {
  return thread_->on_host();
}

void MpiCommunicator::sum(std::span<double> values) {
  thread_->submit(std::make_unique<NumberSum>(thread_->group(), values));
  thread_->wait();
}

void MpiCommunicator::broadcast(std::span<std::byte> bytes) {
  thread_->submit(std::make_unique<Broadcast>(thread_->group(), bytes));
  thread_->wait();
}

void MpiCommunicator::start_sum(std::span<float> values, WireType wire) {
  if (wire == WireType::kFp32) {
    thread_->submit(std::make_unique<ArraySum<float>>(thread_->group(), values, thread_->floats()));
  } else {
    thread_->submit(std::make_unique<ArraySum<Bf16>>(thread_->group(), values, thread_->halves()));
  }
}

void MpiCommunicator::wait_for_sums() {
  thread_->wait();
}

void MpiCommunicator::check() const {
  thread_->check();
}

void MpiCommunicator::abandon() noexcept {
  thread_->abandon();
}

}  // namespace modernbert
