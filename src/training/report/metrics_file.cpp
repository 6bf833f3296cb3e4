#include "training/report/metrics_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/fail.h"
#include "core/file.h"

namespace modernbert {
namespace {

[[noreturn]] void fail_with_errno(const std::filesystem::path& path) {
  fail(ErrorCode::kIo, "{}: {}", path.string(), std::strerror(errno));
}

// A line that counts: whole JSON of a step that the checkpoint has seen.
bool is_past(const std::string& line, int64_t step) {
  const Json value = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  return value.is_object() && value.contains("step") && value["step"].is_number_integer() &&
         value["step"].get<int64_t>() <= step;
}

void keep_until(const std::filesystem::path& path, int64_t step) {
  std::ifstream file(path);
  if (!file) return;
  std::string kept;
  for (std::string line; std::getline(file, line);) {
    if (is_past(line, step)) kept += line + "\n";
  }
  write_file_atomically(path, kept);
}

}  // namespace

Json to_json(const StepMetrics& m) {
  return {{"kind", "step"},
          {"step", m.step},
          {"tokens", m.tokens},
          {"loss", m.loss},
          {"accuracy", m.accuracy},
          {"gradient_norm", m.gradient_norm},
          {"learning_rate", m.rate},
          {"seconds", m.seconds},
          {"tokens_per_s", m.tokens_per_s},
          {"share_of_peak", m.share_of_peak},
          {"skipped", m.skipped}};
}

Json to_json(const EvaluationMetrics& m) {
  Json sentences = Json::array();
  for (const SentenceGuesses& sentence : m.sentences) {
    Json masks = Json::array();
    for (const auto& guesses : sentence.masks) {
      Json list = Json::array();
      for (const Guess& guess : guesses)
        list.push_back({{"token", guess.token}, {"probability", guess.probability}});
      masks.push_back(std::move(list));
    }
    sentences.push_back({{"sentence", sentence.sentence}, {"masks", std::move(masks)}});
  }
  Json json = {
      {"kind", "evaluation"}, {"step", m.step}, {"tokens", m.tokens}, {"sentences", std::move(sentences)}};
  if (m.labels > 0) {
    json["loss"] = m.loss;
    json["accuracy"] = m.accuracy;
  }
  return json;
}

std::vector<Json> parse_metrics(const std::string& text) {
  std::vector<Json> records;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    Json value = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (value.is_object() && value.contains("kind") && value["kind"].is_string())
      records.push_back(std::move(value));
  }
  return records;
}

bool is_step(const Json& record) {
  return record.at("kind").get_ref<const std::string&>() == "step";
}

MetricsFile::MetricsFile(std::filesystem::path path, int64_t step) : path_(std::move(path)) {
  keep_until(path_, step);
  file_.reset(std::fopen(path_.c_str(), "ae"));
  if (!file_) fail_with_errno(path_);
}

void MetricsFile::append(const Json& value) {
  // Token texts of a half-trained tokenizer may be cut inside a character.
  const std::string line = value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) fail_with_errno(path_);
}

void MetricsFile::flush() {
  if (std::fflush(file_.get()) != 0) fail_with_errno(path_);
}

}  // namespace modernbert
