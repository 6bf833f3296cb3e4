#include "cli/training_console.h"

#include <fmt/format.h>

#include "cli/failure.h"
#include "cli/progress.h"
#include "cli/status.h"
#include "training/report/metrics_file.h"

namespace modernbert::cli {
namespace {

constexpr double kKeep = 0.95;  // of the running mean: about twenty steps

}  // namespace

void TrainingConsole::print(const std::string& line) {
  clear_status();
  out_.write(line + "\n");
  out_.flush();
}

void TrainingConsole::on_step(const StepMetrics& m) {
  print(json_ ? to_json(m).dump() : step_line(m, outlier_.next(m.loss)));
  if (quiet_) return;
  const double last = 1 / m.tokens_per_s;
  seconds_per_token_ = seconds_per_token_ == 0 ? last : kKeep * seconds_per_token_ + (1 - kKeep) * last;
  const double share = static_cast<double>(m.tokens) / static_cast<double>(m.total_tokens);
  const double seconds_left = seconds_per_token_ * static_cast<double>(m.total_tokens - m.tokens);
  show_status(fmt::format("{}  {} left", progress_bar(share), duration_text(seconds_left)));
}

void TrainingConsole::on_evaluation(const EvaluationMetrics& m) {
  if (json_) return print(to_json(m).dump(-1, ' ', false, Json::error_handler_t::replace));
  if (m.labels > 0)
    print(fmt::format("held out at step {}: loss {:.4f}, {:.1f} % of {} masked tokens right", m.step, m.loss,
                      100 * m.accuracy, count_text(static_cast<double>(m.labels))));
  for (const SentenceGuesses& sentence : m.sentences) {
    std::string line = "  " + sentence.sentence + " ";
    for (const auto& guesses : sentence.masks) {
      line += " →";
      for (const Guess& guess : guesses)
        line += fmt::format(" \"{}\" {:.2f}", guess.token, guess.probability);
    }
    print(on_one_line(line));  // tokens may be line breaks
  }
}

void TrainingConsole::on_checkpoint(const std::filesystem::path& folder, double seconds) {
  on_note(fmt::format("checkpoint {} in {:.2f} s", folder.string(), seconds));
}

void TrainingConsole::on_note(std::string_view line) {
  if (!quiet_) print_note(line);
}

}  // namespace modernbert::cli
