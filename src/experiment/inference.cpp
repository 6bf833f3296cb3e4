#include "experiment/inference.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/file.h"
#include "core/json.h"
#include "measure/forward_speed.h"
#include "measure/workloads.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

constexpr int kInferenceTurns = 2;
constexpr double kSeconds = 0.5;  // of passes, for each length and turn

InferenceSpeed measure_length(const LoadedEncoder& encoder, int32_t length) {
  const EncoderConfig& config = encoder.config();
  if (config.absolute_positions && length > config.max_position_embeddings)
    return {length, 0, fmt::format("has {} positions", config.max_position_embeddings)};
  const Workload texts = parse_workload(fmt::format("{}x{}", kInferenceTokens / length, length));
  const ForwardSpeed speed = measure_forward(encoder, random_batch(texts, config.vocab_size), kSeconds);
  return {length, speed.tokens_per_s(), ""};
}

Json to_record(const std::vector<InferenceSpeed>& speeds) {
  Json list = Json::array();
  for (const InferenceSpeed& speed : speeds)
    list.push_back(
        {{"length", speed.length}, {"tokens_per_s", speed.tokens_per_s}, {"remark", speed.remark}});
  return list;
}

// Empty where there is none of these lengths.
std::vector<InferenceSpeed> read_record(const fs::path& path, std::span<const int32_t> lengths) {
  std::vector<InferenceSpeed> speeds;
  const std::optional<Json> record = read_json_file_if_exists(path);
  if (!record || !record->is_array()) return speeds;
  for (const Json& entry : *record) {
    const JsonObject object(entry, path.string());
    speeds.push_back({static_cast<int32_t>(object.integer("length", 0, 1, 1 << 24)),
                      object.number("tokens_per_s", 0), object.string("remark", "")});
  }
  if (!std::ranges::equal(speeds, lengths, {}, &InferenceSpeed::length)) speeds.clear();
  return speeds;
}

}  // namespace

std::vector<InferenceSpeed> measure_inference(const fs::path& model, std::span<const int32_t> lengths,
                                              const EncoderOptions& options) {
  std::vector<InferenceSpeed> speeds;
  try {
    const auto encoder = LoadedEncoder::load(model, options);
    for (const int32_t length : lengths) speeds.push_back(measure_length(*encoder, length));
  } catch (const Error& error) {
    speeds.clear();
    for (const int32_t length : lengths) speeds.push_back({length, 0, error.what()});
  }
  return speeds;
}

std::vector<InferenceSpeed> faster_of(const std::vector<InferenceSpeed>& a,
                                      const std::vector<InferenceSpeed>& b) {
  std::vector<InferenceSpeed> best = a.empty() ? b : a;
  for (size_t i = 0; i < best.size() && i < b.size(); ++i) {
    if (b[i].tokens_per_s > best[i].tokens_per_s) best[i] = b[i];
  }
  return best;
}

std::vector<std::vector<InferenceSpeed>> measure_in_turns(const std::vector<InferenceJob>& jobs,
                                                          std::span<const int32_t> lengths,
                                                          const MeasureInference& measure) {
  std::vector<std::vector<InferenceSpeed>> speeds;
  for (const InferenceJob& job : jobs) speeds.push_back(read_record(job.record, lengths));
  std::vector<size_t> missing;
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (speeds[i].empty()) missing.push_back(i);
  }
  for (int turn = 0; turn < kInferenceTurns; ++turn) {
    for (const size_t i : missing) speeds[i] = faster_of(speeds[i], measure(jobs[i].model, lengths));
  }
  for (const size_t i : missing) write_file_atomically(jobs[i].record, to_record(speeds[i]).dump() + "\n");
  return speeds;
}

}  // namespace modernbert
