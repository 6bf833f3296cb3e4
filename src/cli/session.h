// A loaded model for the length of one command, and the account of what it did (--stats).
#pragma once

#include <chrono>

#include "cli/byte_writer.h"
#include "cli/model_options.h"
#include "modernbert/model.h"

namespace modernbert::cli {

// Not thread-safe.
class Session {
 public:
  explicit Session(const ModelOptions& options);

  const Model& model() const { return model_; }
  // Whether a status line may run while answers go to `out`.
  bool progress_wanted(const ByteWriter& out) const { return !options_.folder.quiet && !out.is_terminal(); }

  // Calls a task; only time spent in here counts as the model's.
  template <class Call>
  auto timed(const Call& call) {
    const auto start = std::chrono::steady_clock::now();
    auto result = call();
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

  // Prints the statistics where they are asked for.
  void finish() const;

 private:
  ModelOptions options_;
  Model model_;
  double seconds_ = 0;
};

}  // namespace modernbert::cli
