#include <fmt/format.h>

#include <memory>
#include <set>

#include "cli/config_json.h"
#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/model_options.h"
#include "cli/option_group.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "core/file.h"
#include "model/cost.h"
#include "model/loaded_encoder.h"
#include "model/weights.h"
#include "tasks/model_folder.h"

namespace modernbert::cli {
namespace info_verb {
namespace {

constexpr int64_t kLengths[] = {512, 8192};

struct Options {
  FolderOptions folder;
  ComputeType dtype = ComputeType::kAuto;
  bool json = false;
};

struct WeightFacts {
  size_t tensors = 0;
  int64_t values = 0;
  int64_t bytes = 0;
  std::set<std::string> types;
};

struct Facts {
  std::filesystem::path folder;
  EncoderConfig config;
  WeightFacts weights;
  ParameterCounts parameters;
  ComputeType dtype = ComputeType::kFp32;
};

WeightFacts weight_facts(const std::filesystem::path& folder) {
  const Weights weights = Weights::open(folder);
  WeightFacts facts;
  for (const auto& [name, tensor] : weights.tensors()) {
    ++facts.tensors;
    facts.values += tensor.elements();
    facts.bytes += tensor.elements() * static_cast<int64_t>(size_of(tensor.dtype));
    facts.types.emplace(to_string(tensor.dtype));
  }
  return facts;
}

Facts gather(const Options& options) {
  Facts facts;
  facts.folder = open_folder(options.folder);
  const std::filesystem::path encoder_folder = find_encoder_folder(facts.folder);
  const std::filesystem::path config_path = encoder_folder / "config.json";
  facts.config = parse_config(read_file(config_path), config_path.string());
  facts.weights = weight_facts(encoder_folder);
  facts.parameters = count_parameters(facts.config, head_kind(facts.config));
  facts.dtype = resolve_dtype(options.dtype, facts.config);
  return facts;
}

// The encoder's matrices packed for the CPU, and the activations.
int64_t forward_bytes(const Facts& facts, int64_t tokens) {
  const int64_t element = facts.dtype == ComputeType::kInt8 ? 1 : facts.dtype == ComputeType::kBf16 ? 2 : 4;
  return matrix_parameters(facts.config) * element + activation_bytes(facts.config, tokens);
}

double flops_per_token(const Facts& facts, int64_t tokens) {
  return forward_flops(facts.config, tokens) / static_cast<double>(tokens);
}

void print_json(const Facts& facts, ByteWriter& out) {
  OutJson object;
  object["folder"] = facts.folder.string();
  object["config"] = config_to_json(facts.config);
  object["parameters"] = {{"total", facts.parameters.total()},
                          {"embeddings", facts.parameters.embeddings},
                          {"encoder", facts.parameters.encoder},
                          {"head", facts.parameters.head}};
  object["weights"] = {{"bytes", facts.weights.bytes},
                       {"tensors", facts.weights.tensors},
                       {"values", facts.weights.values},
                       {"types", facts.weights.types}};
  object["dtype"] = std::string(to_string(facts.dtype));
  OutJson forward = OutJson::array();
  for (const int64_t tokens : kLengths) {
    OutJson entry;
    entry["tokens"] = tokens;
    entry["memory_bytes"] = forward_bytes(facts, tokens);
    entry["flops_per_token"] = static_cast<int64_t>(flops_per_token(facts, tokens));
    forward.push_back(std::move(entry));
  }
  object["forward"] = std::move(forward);
  write_json_line(out, object);
}

std::string megabytes(int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) * 1e-6);
}

std::string millions(int64_t count) {
  return fmt::format("{:.3f} M", static_cast<double>(count) * 1e-6);
}

void print_config(const EncoderConfig& config, ByteWriter& out) {
  Table table({Align::kLeft, Align::kLeft});
  const OutJson fields = config_to_json(config);
  for (const auto& entry : fields.items()) {
    const OutJson& value = entry.value();
    table.add_row({entry.key(), shortened(value.is_string() ? value.get<std::string>() : value.dump(), 90)});
  }
  table.print(out, "  ");
}

void print_tables(const Facts& facts, ByteWriter& out) {
  out.write(fmt::format("{}\n\nconfig\n", facts.folder.string()));
  print_config(facts.config, out);
  out.write("\nparameters\n");
  Table parameters({Align::kLeft, Align::kRight, Align::kRight});
  const auto add = [&](const char* name, int64_t count) {
    parameters.add_row({name, std::to_string(count), millions(count)});
  };
  add("total", facts.parameters.total());
  add("embeddings", facts.parameters.embeddings);
  add("encoder", facts.parameters.encoder);
  add("head", facts.parameters.head);
  parameters.print(out, "  ");
  std::string types;
  for (const std::string& type : facts.weights.types) types += (types.empty() ? "" : ", ") + type;
  out.write(fmt::format("\nweights: {} tensors, {} values, {} ({})\n\n", facts.weights.tensors,
                        facts.weights.values, megabytes(facts.weights.bytes), types));
  out.write(fmt::format("one forward pass of the encoder in {}\n", to_string(facts.dtype)));
  Table forward({Align::kRight, Align::kLeft, Align::kRight, Align::kRight});
  for (const int64_t tokens : kLengths) {
    forward.add_row({std::to_string(tokens), "tokens", megabytes(forward_bytes(facts, tokens)),
                     fmt::format("{:.1f} MFLOP/token", flops_per_token(facts, tokens) * 1e-6)});
  }
  forward.print(out, "  ");
}

int run(const Options& options, const std::vector<std::string>& texts, ByteWriter& out) {
  if (!texts.empty()) throw UsageError("info: takes no texts, want --model MODEL");
  const Facts facts = gather(options);
  options.json ? print_json(facts, out) : print_tables(facts, out);
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_folder_options(line, options->folder);
  add_dtype_option(line, options->dtype);
  OptionGroup(line, "Output").flag("--json", options->json, "One JSON object");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace info_verb

const Verb kInfo{"info", "", "Config, parameter counts, memory and FLOPs of a model", info_verb::declare};

}  // namespace modernbert::cli
