#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/model_options.h"
#include "cli/option_group.h"
#include "cli/process_memory.h"
#include "cli/status.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "measure/forward_speed.h"
#include "measure/shapes.h"
#include "measure/workloads.h"
#include "ops/cpu/cpu_features.h"
#include "ops/peak/peak.h"

namespace modernbert::cli {
namespace bench_verb {
namespace {

constexpr double kMegabyte = 1e6;

struct Options {
  std::string shape = "base";
  std::vector<std::string> workloads;
  ComputeType dtype = ComputeType::kAuto;
  int threads = 0;
  double seconds = 3;
  bool json = false;
  bool quiet = false;
};

// What is known beside the speed itself.
struct Surroundings {
  double load_seconds = 0;
  double resident_mb = 0;
  double peak_resident_mb = 0;
  double read_gb_per_s = 0;  // all threads streaming from memory

  // Reading the packed weights once: what bounds a single short text.
  double stream_ms(const ForwardSpeed& speed) const { return speed.packed_bytes / (read_gb_per_s * 1e6); }
};

OutJson to_json(const Options& options, const LoadedEncoder& encoder, const Workload& workload,
                const ForwardSpeed& speed, const Surroundings& around) {
  OutJson ops = OutJson::object();
  for (const OpSpeed& op : speed.ops) {
    ops[std::string(op.name)] = {
        {"seconds", op.seconds}, {"gflop", op.gflop}, {"share_of_peak", op.share_of_peak()}};
  }
  return {{"shape", options.shape},
          {"workload", workload.name},
          {"sequences", workload.lengths.size()},
          {"tokens", speed.tokens},
          {"dtype", to_string(encoder.dtype())},
          {"threads", encoder.threads()},
          {"target", cpu_target_name()},
          {"load_s", around.load_seconds},
          {"tokens_per_s", speed.tokens_per_s()},
          {"gops", speed.gops()},
          {"peak_gops", speed.peak_gflops},
          {"share_of_peak", speed.share_of_peak()},
          {"passes", speed.seconds.size()},
          {"ms",
           {{"best", 1e3 * speed.best_seconds()},
            {"p50", 1e3 * speed.percentile(0.5)},
            {"p90", 1e3 * speed.percentile(0.9)},
            {"p99", 1e3 * speed.percentile(0.99)}}},
          {"weights_mb", speed.packed_bytes / kMegabyte},
          {"read_gb_per_s", around.read_gb_per_s},
          {"stream_ms", around.stream_ms(speed)},
          {"rss_mb", around.resident_mb},
          {"peak_rss_mb", around.peak_resident_mb},
          {"thread_seconds_by_op", ops}};
}

void print_ops(const ForwardSpeed& speed, ByteWriter& out) {
  double total = 0;
  for (const OpSpeed& op : speed.ops) total += op.seconds;
  Table table({Align::kLeft, Align::kRight, Align::kRight, Align::kRight});
  table.add_row({"op", "time", "GFLOP/s", "of peak"});
  for (const OpSpeed& op : speed.ops) {
    if (op.seconds == 0) continue;
    const bool computes = op.gflop > 0;
    table.add_row({std::string(op.name), fmt::format("{:.1f} %", 100 * op.seconds / total),
                   computes ? fmt::format("{:.0f}", op.gflop / op.seconds) : "",
                   computes ? fmt::format("{:.1f} %", 100 * op.share_of_peak()) : ""});
  }
  table.print(out, "  ");
}

void print_report(const LoadedEncoder& encoder, const Workload& workload, const ForwardSpeed& speed,
                  const Surroundings& around, ByteWriter& out) {
  out.write(fmt::format("{}: {} sequences, {} tokens, {}, {} threads, {}\n", workload.name,
                        workload.lengths.size(), speed.tokens, to_string(encoder.dtype()), encoder.threads(),
                        cpu_target_name()));
  out.write(fmt::format("  {:.0f} tokens/s, {:.0f} GFLOP/s = {:.1f} % of the measured peak of {:.0f}\n",
                        speed.tokens_per_s(), speed.gops(), 100 * speed.share_of_peak(), speed.peak_gflops));
  out.write(fmt::format("  latency of {} passes: best {:.2f} ms, p50 {:.2f}, p90 {:.2f}, p99 {:.2f}\n",
                        speed.seconds.size(), 1e3 * speed.best_seconds(), 1e3 * speed.percentile(0.5),
                        1e3 * speed.percentile(0.9), 1e3 * speed.percentile(0.99)));
  out.write(fmt::format(
      "  packed weights {:.0f} MB; reading them once takes {:.2f} ms at the measured {:.1f} "
      "GB/s; resident {:.0f} MB\n",
      speed.packed_bytes / kMegabyte, around.stream_ms(speed), around.read_gb_per_s, around.resident_mb));
  print_ops(speed, out);
}

int run(const Options& options, ByteWriter& out) {
  std::vector<Workload> workloads;
  for (const std::string& name : options.workloads) workloads.push_back(parse_workload(name));
  if (workloads.empty()) workloads.push_back(parse_workload("fixed512"));
  EncoderOptions encoder_options;
  encoder_options.dtype = options.dtype;
  encoder_options.threads = options.threads;
  const auto begin = std::chrono::steady_clock::now();
  const auto encoder = load_shape(options.shape, encoder_options);
  const std::chrono::duration<double> load_time = std::chrono::steady_clock::now() - begin;
  if (!options.json) out.write(fmt::format("{}: ready in {:.3f} s\n", options.shape, load_time.count()));
  for (const Workload& workload : workloads) {
    const TokenBatch batch = random_batch(workload, encoder->config().vocab_size);
    const auto progress = [&](double done, double total) {
      if (!options.quiet) show_status(fmt::format("{}: {:.0f} of {:.0f} s", workload.name, done, total));
    };
    const ForwardSpeed speed = measure_forward(*encoder, batch, options.seconds, progress);
    clear_status();
    // Memory first: the bandwidth is measured on a large buffer.
    const Surroundings around{load_time.count(), resident_bytes() / kMegabyte,
                              peak_resident_bytes() / kMegabyte, measured_read_bandwidth(encoder->threads())};
    if (options.json) {
      write_json_line(out, to_json(options, *encoder, workload, speed, around));
    } else {
      print_report(*encoder, workload, speed, around, out);
    }
    out.flush();
  }
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  OptionGroup measurement(line, "Measurement");
  measurement.text("--shape", options->shape, "SHAPE", "base, large (random weights) or a checkpoint folder");
  measurement
      .text_lists(
          "--workload", options->workloads, "NAME",
          "queries, fixed512, mixed, long2048, long8192, one16, one128 or COUNTxLENGTH; may be repeated")
      .default_text("fixed512");
  measurement.number("--seconds", options->seconds, {0.0, 3600.0}, "S", "Least time per workload");
  add_dtype_option(line, options->dtype);
  add_threads_option(line, options->threads);
  OptionGroup(line, "Output").flag("--quiet,-q", options->quiet, "No progress on standard error");
  add_json_flag(line, options->json);
  return [options](ByteWriter& out) { return run(*options, out); };
}

}  // namespace
}  // namespace bench_verb

const Verb kBench{"bench", "", "Speed of an encoder on this machine, against its measured peak",
                  bench_verb::declare};

}  // namespace modernbert::cli
