#include "modernbert/rerank.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/json_output.h"
#include "cli/option_group.h"
#include "cli/session.h"
#include "cli/stream.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"

namespace modernbert::cli {
namespace rerank_verb {
namespace {

struct Options {
  ModelOptions model;
  InputOptions input;
  RerankOptions rerank;
  std::string query;
  int top_k = 0;
  bool text = false;
  bool json = false;
};

struct Candidate {
  int64_t index = 0;
  float score = 0;
  std::string text;
};

// The best candidates so far. With a limit, memory does not grow with the number of documents.
class Ranking {
 public:
  explicit Ranking(size_t limit) : limit_(limit) {}  // 0 = keep all

  void add(Candidate candidate) {
    candidates_.push_back(std::move(candidate));
    if (limit_ > 0 && candidates_.size() >= 2 * limit_ + kSlack) cut();
  }
  // Highest score first; ties keep the input's order.
  const std::vector<Candidate>& finish() {
    cut();
    return candidates_;
  }

 private:
  static constexpr size_t kSlack = 1024;

  void cut() {
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    if (limit_ > 0 && candidates_.size() > limit_) candidates_.resize(limit_);
  }

  size_t limit_;
  std::vector<Candidate> candidates_;
};

void print_json(const std::vector<Candidate>& ranking, bool text, ByteWriter& out) {
  OutJson list = OutJson::array();
  for (const Candidate& candidate : ranking) {
    OutJson entry;
    entry["index"] = candidate.index;
    entry["score"] = candidate.score;
    if (text) entry["text"] = candidate.text;
    list.push_back(std::move(entry));
  }
  write_json_line(out, list);
}

void print_table(const std::vector<Candidate>& ranking, ByteWriter& out) {
  Table table({Align::kRight, Align::kRight, Align::kLeft});
  for (const Candidate& candidate : ranking) {
    table.add_row({fmt::format("{:.4f}", candidate.score), std::to_string(candidate.index),
                   shortened(candidate.text, 100)});
  }
  table.print(out);
}

int run(const Options& options, const std::vector<std::string>& texts, ByteWriter& out) {
  Input input(options.input, texts);
  Session session(options.model);
  const Rerank rerank(session.model());
  const bool keep_text = options.text || !options.json;
  Ranking ranking(static_cast<size_t>(options.top_k));
  int64_t first_index = 0;
  run_texts(
      {input, out, session.progress_wanted(out)},
      [&](std::span<const std::string> block) {
        return session.timed([&] { return rerank(options.query, block, options.rerank); });
      },
      [&](std::span<const std::string> block, const std::vector<RankedDocument>& ranked) {
        std::vector<float> scores(block.size());
        for (const RankedDocument& document : ranked) {
          scores.at(static_cast<size_t>(document.index)) = document.score;
        }
        for (size_t i = 0; i < block.size(); ++i) {
          ranking.add({first_index++, scores[i], keep_text ? block[i] : std::string()});
        }
      });
  options.json ? print_json(ranking.finish(), options.text, out) : print_table(ranking.finish(), out);
  session.finish();
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_model_options(line, options->model);
  OptionGroup(line, "Input")
      .text("--query", options->query, "TEXT", "The query; the texts are the documents")
      .required();
  add_input_options(line, options->input);
  add_long_options(line, options->rerank.long_input);
  add_json_flag(line, options->json);
  OptionGroup output(line, "Output");
  output.number("--top-k", options->top_k, {0, 1 << 20}, "N", "Documents in the answer; 0 = all");
  output.flag("--text", options->text, "The documents themselves in the JSON answer");
  output.flag("--raw-scores", options->rerank.raw_scores, "The logit, without the model's activation");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace rerank_verb

const Verb kRerank{"rerank", "[DOCUMENT...]", "Documents in the order of their relevance to a query",
                   rerank_verb::declare};

}  // namespace modernbert::cli
