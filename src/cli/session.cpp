#include "cli/session.h"

#include <fmt/format.h>

#include "cli/status.h"
#include "measure/peaks.h"
#include "model/cost.h"
#include "tasks/model_impl.h"

namespace modernbert::cli {

Session::Session(const ModelOptions& options) : options_(options), model_(load_model(options)) {}

void Session::finish() const {
  if (!options_.stats) return;
  const LoadedEncoder& encoder = *model_.impl().encoder;
  const WorkDone work = encoder.work_done();
  if (work.tokens == 0) return;
  const double peak =
      measure_peaks(encoder.dtype(), encoder.threads()).of(work.gemm_flops, work.attention_flops);
  const double gflops = seconds_ > 0 ? work.flops() / seconds_ * 1e-9 : 0;
  const double all_seconds = std::chrono::duration<double>(last_end_ - first_start_).count();
  const auto busy = [&](double of) { return of > 0 ? 100 * work.seconds / of : 0.0; };
  const double tokens_per_second = seconds_ > 0 ? static_cast<double>(work.tokens) / seconds_ : 0;
  print_note(fmt::format(
      "{} tokens in {:.3f} s: {:.0f} tokens/s, {:.1f} GFLOP/s = {:.1f} % of this machine's {} "
      "peak ({:.0f} GFLOP/s); {:.1f} % of the time in the encoder, {:.1f} % of the {:.3f} s from the "
      "first batch to the last",
      work.tokens, seconds_, tokens_per_second, gflops, 100 * gflops / peak, to_string(encoder.dtype()), peak,
      busy(seconds_), busy(all_seconds), all_seconds));
}

}  // namespace modernbert::cli
