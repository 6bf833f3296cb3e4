// What happens in a run, for whoever watches: the console, the metrics file, TensorBoard.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace modernbert {

struct StepMetrics {
  int64_t step = 0;  // from 1
  int64_t total_steps = 0;
  int64_t tokens = 0;        // of the run so far
  int64_t total_tokens = 0;  // of the whole run
  double loss = 0;           // mean cross-entropy over the predicted tokens, nats
  double accuracy = 0;       // share of predicted tokens whose best guess is right
  double gradient_norm = 0;  // before clipping
  double rate = 0;           // learning rate
  double seconds = 0;
  double tokens_per_s = 0;
  double share_of_peak = 0;  // of what the machine can multiply; 0 = unknown
  bool skipped = false;      // loss or gradient were not finite, nothing was changed
};

// A guess for one mask of a watched sentence.
struct Guess {
  std::string token;
  double probability = 0;
};

struct SentenceGuesses {
  std::string sentence;
  std::vector<std::vector<Guess>> masks;  // [masks][k], best first
};

struct EvaluationMetrics {
  int64_t step = 0;
  int64_t tokens = 0;
  int64_t labels = 0;  // 0: no held-out text
  double loss = 0;
  double accuracy = 0;
  std::vector<SentenceGuesses> sentences;
};

class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_step(const StepMetrics&) {}
  virtual void on_evaluation(const EvaluationMetrics&) {}
  virtual void on_checkpoint(const std::filesystem::path& /*folder*/, double /*seconds*/) {}
  virtual void on_note(std::string_view /*line*/) {}
  // Everything so far is to reach the disk: a checkpoint follows, or the end.
  virtual void flush() {}
};

}  // namespace modernbert
