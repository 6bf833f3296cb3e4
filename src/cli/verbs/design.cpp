#include "measure/design.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/model_options.h"
#include "cli/option_group.h"
#include "cli/status.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "experiment/shape_variants.h"
#include "model/gemm_plan.h"
#include "ops/cpu/cpu_features.h"

namespace modernbert::cli {
namespace design_verb {
namespace {

constexpr int32_t kMaxLayers = 128;
constexpr int64_t kMaxLength = 1 << 14;
constexpr double kMilli = 1e3;

struct Options {
  DesignRequest request;
  double latency_ms = 0;  // becomes request.latency_seconds
  EncoderOptions encoder;
  bool measure = false;
  double seconds = 1;
  std::string experiment;  // a file to write; empty = none
  std::string base = "configs/nano.yaml";
  bool json = false;
  bool quiet = false;
};

// A line of the proposals' table.
struct Line {
  std::string name;
  Proposal proposal;
  std::optional<ForwardSpeed> measured;
};

struct Report {
  MachineSpeed machine;
  std::vector<SizeEfficiency> efficiency;
  std::vector<Line> references;
  std::vector<Line> proposals;
};

void show_progress(const Options& options, std::string_view what, size_t done, size_t count) {
  if (!options.quiet) show_status(fmt::format("{}: {} of {}", what, done, count));
}

void measure_lines(const Options& options, std::vector<Line>& lines) {
  for (size_t i = 0; i < lines.size(); ++i) {
    show_progress(options, "running encoders", i, lines.size());
    lines[i].measured =
        measure_shape(lines[i].proposal.shape, options.request.length, options.encoder, options.seconds);
  }
}

Report make_report(const Options& options, GemmType type) {
  const int64_t length = options.request.length;
  ProductSpeeds speeds(type, options.encoder.threads, length);
  const auto product_seconds = [&speeds](const Product& product) { return speeds.seconds(product); };
  Report report;
  if (!options.quiet) show_status("measuring attention and passes over rows");
  report.machine = measure_machine(options.encoder, length, product_seconds);
  const auto predict_shape = [&](const EncoderShape& shape) {
    return predict(shape, length, report.machine, type, product_seconds);
  };
  const std::vector<EncoderShape> explained = explained_shapes();
  for (const EncoderShape& shape : explained) {
    show_progress(options, "measuring sizes", report.efficiency.size(), explained.size());
    report.efficiency.push_back(
        measure_sizes(shape, length, report.machine.peaks.gemm, type, product_seconds));
  }
  for (const auto& [name, shape] : {std::pair{"base", kBaseShape}, {"large", kLargeShape}})
    report.references.push_back({name, {shape, parameters_of(shape), predict_shape(shape)}, {}});
  const bool has_budget = options.request.parameters > 0 || options.request.latency_seconds > 0;
  if (has_budget) {
    const auto progress = [&](size_t done, size_t count) {
      show_progress(options, "measuring candidates", done, count);
    };
    for (const Proposal& proposal : propose(options.request, predict_shape, progress))
      report.proposals.push_back({fmt::format("{}", report.proposals.size() + 1), proposal, {}});
  }
  if (options.measure) {
    measure_lines(options, report.references);
    measure_lines(options, report.proposals);
  }
  clear_status();
  return report;
}

double tokens_per_s(const Options& options, const Prediction& prediction) {
  return static_cast<double>(options.request.length) / prediction.seconds;
}

OutJson to_json(const Options& options, const MachineSpeed& machine) {
  return {{"target", cpu_target_name()},
          {"dtype", to_string(options.encoder.dtype)},
          {"threads", options.encoder.threads},
          {"length", options.request.length},
          {"peak_gops", machine.peaks.gemm},
          {"attention_peak_gops", machine.peaks.attention},
          {"full_attention_share_of_peak", machine.full_attention},
          {"local_attention_share_of_peak", machine.local_attention},
          {"seconds_per_value", machine.seconds_per_value},
          {"read_gb_per_s", machine.read_gbytes_per_s}};
}

OutJson to_json(const SizeEfficiency& sizes) {
  OutJson products = OutJson::object();
  for (const ProductEfficiency& product : sizes.products) {
    products[std::string(product.product.name)] = {{"in", product.product.in},
                                                   {"out", product.product.out},
                                                   {"share_of_peak", product.share_of_peak},
                                                   {"padding", product.padding}};
  }
  return {{"hidden", sizes.shape.hidden},
          {"intermediate", sizes.shape.intermediate},
          {"head_size", sizes.shape.head_size()},
          {"share_of_peak", sizes.share_of_peak},
          {"products", products},
          {"remarks", size_remarks(sizes.shape)}};
}

OutJson to_json(const Options& options, const Line& line) {
  const auto& [shape, parameters, prediction] = line.proposal;
  OutJson json = {{"name", line.name},
                  {"layers", shape.layers},
                  {"hidden", shape.hidden},
                  {"heads", shape.heads()},
                  {"intermediate", shape.intermediate},
                  {"parameters", parameters},
                  {"tokens_per_s", tokens_per_s(options, prediction)},
                  {"ms", kMilli * prediction.seconds},
                  {"share_of_peak", prediction.share_of_peak},
                  {"ms_by_part",
                   {{"gemm", kMilli * prediction.gemm_seconds},
                    {"attention", kMilli * prediction.attention_seconds},
                    {"rows", kMilli * prediction.row_seconds},
                    {"stream", kMilli * prediction.stream_seconds}}}};
  if (line.measured) {
    json["measured_tokens_per_s"] = line.measured->tokens_per_s();
    json["measured_ms"] = kMilli * line.measured->best_seconds();
    json["measured_share_of_peak"] = line.measured->share_of_peak();
  }
  return json;
}

OutJson to_json(const Options& options, const Report& report) {
  OutJson efficiency = OutJson::array(), references = OutJson::array(), proposals = OutJson::array();
  for (const SizeEfficiency& sizes : report.efficiency) efficiency.push_back(to_json(sizes));
  for (const Line& line : report.references) references.push_back(to_json(options, line));
  for (const Line& line : report.proposals) proposals.push_back(to_json(options, line));
  return {{"machine", to_json(options, report.machine)},
          {"efficiency", efficiency},
          {"references", references},
          {"proposals", proposals}};
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

void print_machine(const Options& options, const MachineSpeed& machine, ByteWriter& out) {
  out.write(fmt::format("{}, {}, {} threads; one text of {} tokens at a time\n", cpu_target_name(),
                        to_string(options.encoder.dtype), options.encoder.threads, options.request.length));
  out.write(
      fmt::format("  peak {:.0f} GFLOP/s; attention at {} of its peak over all keys, {} within the window\n",
                  machine.peaks.gemm, percent(machine.full_attention), percent(machine.local_attention)));
}

void print_efficiency(const Report& report, ByteWriter& out) {
  out.write("\nShare of peak of a layer's products; padding is work on zeros\n");
  std::vector<Align> aligns(8, Align::kRight);
  aligns.back() = Align::kLeft;
  Table table(std::move(aligns));
  std::vector<std::string> header = {"sizes"};
  for (const Product& product : products_of(kBaseShape)) header.emplace_back(product.name);
  header.insert(header.end(), {"all four", "padding", "why"});
  table.add_row(std::move(header));
  for (const SizeEfficiency& sizes : report.efficiency) {
    std::vector<std::string> row = {fmt::format("{}/{}", sizes.shape.hidden, sizes.shape.intermediate)};
    for (const ProductEfficiency& product : sizes.products) row.push_back(percent(product.share_of_peak));
    row.push_back(percent(sizes.share_of_peak));
    row.push_back(percent(sizes.padding()));
    row.push_back(fmt::format("{}", fmt::join(size_remarks(sizes.shape), "; ")));
    table.add_row(std::move(row));
  }
  table.print(out, "  ");
}

void print_lines(const Options& options, const Report& report, ByteWriter& out) {
  out.write("\nEncoders, predicted\n");
  std::vector<std::string> header = {"",           "layers",   "hidden", "heads",  "intermediate",
                                     "parameters", "tokens/s", "ms",     "of peak"};
  if (options.measure) header.insert(header.end(), {"measured tokens/s", "ms"});
  std::vector<Align> aligns(header.size(), Align::kRight);
  aligns.front() = Align::kLeft;
  Table table(std::move(aligns));
  table.add_row(std::move(header));
  for (const auto* lines : {&report.references, &report.proposals}) {
    for (const Line& line : *lines) {
      const auto& [shape, parameters, prediction] = line.proposal;
      std::vector<std::string> row = {line.name,
                                      fmt::format("{}", shape.layers),
                                      fmt::format("{}", shape.hidden),
                                      fmt::format("{}", shape.heads()),
                                      fmt::format("{}", shape.intermediate),
                                      fmt::format("{:.1f}M", 1e-6 * static_cast<double>(parameters)),
                                      fmt::format("{:.0f}", tokens_per_s(options, prediction)),
                                      fmt::format("{:.1f}", kMilli * prediction.seconds),
                                      percent(prediction.share_of_peak)};
      if (line.measured) {
        row.push_back(fmt::format("{:.0f}", line.measured->tokens_per_s()));
        row.push_back(fmt::format("{:.1f}", kMilli * line.measured->best_seconds()));
      }
      table.add_row(std::move(row));
    }
  }
  table.print(out, "  ");
}

void warn_of_disturbed_peak(const Report& report) {
  constexpr double kPlausible = 1.02;
  for (const SizeEfficiency& sizes : report.efficiency) {
    if (sizes.share_of_peak <= kPlausible) continue;
    return print_note(
        "warning: products exceed the measured peak: other programs use this machine, shares are too high");
  }
}

void check_options(const Options& options) {
  const DesignRequest& request = options.request;
  if (request.layers.least > request.layers.most) {
    throw UsageError(fmt::format("design: --min-layers is {}, want at most --max-layers {}",
                                 request.layers.least, request.layers.most));
  }
  if (!options.experiment.empty() && request.parameters == 0 && request.latency_seconds == 0)
    throw UsageError("design: --experiment needs proposals: give --parameters or --latency");
}

void write_experiment(const Options& options, const Report& report) {
  std::vector<EncoderShape> shapes;
  for (const Line& line : report.proposals) shapes.push_back(line.proposal.shape);
  write_shapes_experiment(options.experiment, options.base, shapes);
  if (!options.quiet)
    print_note(fmt::format("train the proposals by: modernbert experiment {}", options.experiment));
}

int run(Options options, ByteWriter& out) {
  options.request.latency_seconds = options.latency_ms / kMilli;
  check_options(options);
  options.encoder = resolve_options(options.encoder);
  const GemmType type = gemm_plan(options.encoder.dtype).mlp_in;
  const Report report = make_report(options, type);
  if (!options.quiet) warn_of_disturbed_peak(report);
  if (!options.experiment.empty()) write_experiment(options, report);
  if (options.json) {
    write_json_line(out, to_json(options, report));
    return 0;
  }
  print_machine(options, report.machine, out);
  print_efficiency(report, out);
  print_lines(options, report, out);
  const bool has_budget = options.request.parameters > 0 || options.request.latency_seconds > 0;
  if (has_budget && report.proposals.empty()) out.write("  no shape within the budget\n");
  return 0;
}

void declare_budget(CommandLine& line, Options& options) {
  OptionGroup budget(line, "Budget");
  const Option parameters =
      budget.parsed("--parameters", options.request.parameters, parse_parameter_count, "N", "",
                    "Propose the fastest encoders of this size (5 % less or more): 150M, 1.2B");
  budget
      .number("--latency", options.latency_ms, {0.01, 1e6}, "MS",
              "Propose the largest encoders that read one text in this many milliseconds")
      .default_text("")
      .excludes(parameters);
  budget.number("--length", options.request.length, {1, kMaxLength}, "N", "Tokens of the text");
  budget.number("--min-layers", options.request.layers.least, {1, kMaxLayers}, "N",
                "Fewest layers of a proposal");
  budget.number("--max-layers", options.request.layers.most, {1, kMaxLayers}, "N",
                "Most layers of a proposal");
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  declare_budget(line, *options);
  OptionGroup output(line, "Output");
  output.number("--top", options->request.top, {1, 1000}, "N", "Most proposals");
  output.text("--experiment", options->experiment, "FILE",
              "Write the proposals as variants of an experiment");
  output.text("--base", options->base, "RECIPE", "With --experiment: the recipe that they are variants of");
  OptionGroup measurement(line, "Measurement");
  measurement.flag("--measure", options->measure,
                   "Run the proposals, and base and large, with random weights");
  measurement.number("--seconds", options->seconds, {0.0, 3600.0}, "S", "Least time for each of them");
  add_dtype_option(line, options->encoder.dtype);
  add_threads_option(line, options->encoder.threads);
  output.flag("--quiet,-q", options->quiet, "No progress on standard error");
  add_json_flag(line, options->json);
  return [options](ByteWriter& out) { return run(*options, out); };
}

}  // namespace
}  // namespace design_verb

const Verb kDesign{"design", "", "Encoder shapes that suit this machine, for a size or a latency",
                   design_verb::declare};

}  // namespace modernbert::cli
