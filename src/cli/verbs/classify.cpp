#include "modernbert/classify.h"

#include <fmt/format.h>

#include <memory>

#include "cli/json_output.h"
#include "cli/option_group.h"
#include "cli/pairs.h"
#include "cli/session.h"
#include "cli/stream.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "core/fail.h"

namespace modernbert::cli {
namespace classify_verb {
namespace {

using Labels = std::vector<LabelScore>;

constexpr int kOnlyBest = -1;  // --top-k was not given

struct Options {
  ModelOptions model;
  InputOptions input;
  PairOptions pair;
  ClassifyOptions classify;
  int top_k = kOnlyBest;
  bool json = false;
};

ScoreFunction parse_function(std::string_view name) {
  if (name == "softmax") return ScoreFunction::kSoftmax;
  if (name == "sigmoid") return ScoreFunction::kSigmoid;
  if (name == "none") return ScoreFunction::kNone;
  fail(ErrorCode::kInvalidArgument, "\"{}\", want softmax, sigmoid or none", name);
}

// Single texts and pairs are two calls of the task.
struct PreparedPairs {
  std::optional<PreparedTexts> singles, pairs;  // unset where there are none
};

PreparedPairs prepare_block(const Classify& classify, std::span<const TextPair> block,
                            const ClassifyOptions& options, int threads) {
  std::vector<std::string> singles, firsts, seconds;
  for (const TextPair& pair : block) {
    (pair.second ? firsts : singles).push_back(pair.first);
    if (pair.second) seconds.push_back(*pair.second);
  }
  PreparedPairs prepared;
  if (!singles.empty()) prepared.singles = classify.prepare(singles, options, threads);
  if (!firsts.empty()) prepared.pairs = classify.prepare(firsts, seconds, options);
  return prepared;
}

// The answers in the block's order.
std::vector<Labels> classify_block(const Classify& classify, std::span<const TextPair> block,
                                   const PreparedPairs& prepared, const ClassifyOptions& options) {
  std::vector<Labels> of_singles, of_pairs;
  if (prepared.singles) of_singles = classify.run(*prepared.singles, options);
  if (prepared.pairs) of_pairs = classify.run(*prepared.pairs, options);
  std::vector<Labels> results;
  size_t next_single = 0, next_pair = 0;
  for (const TextPair& pair : block) {
    results.push_back(std::move(pair.second ? of_pairs[next_pair++] : of_singles[next_single++]));
  }
  return results;
}

OutJson to_json(const LabelScore& entry) {
  OutJson object;
  object["label"] = entry.label;
  object["score"] = entry.score;
  return object;
}

// top_k: kOnlyBest = the first label, as an object; 0 = all; else that many, as a list.
void print_json(const Labels& labels, int top_k, ByteWriter& out) {
  if (top_k == kOnlyBest) return write_json_line(out, to_json(labels.at(0)));
  OutJson list = OutJson::array();
  for (size_t i = 0; i < labels.size() && (top_k == 0 || i < static_cast<size_t>(top_k)); ++i) {
    list.push_back(to_json(labels[i]));
  }
  write_json_line(out, list);
}

void print_table(const TextPair& pair, const Labels& labels, int top_k, ByteWriter& out) {
  constexpr size_t kShown = 5;
  const size_t limit = top_k == kOnlyBest ? kShown : top_k == 0 ? labels.size() : static_cast<size_t>(top_k);
  out.write(shortened(pair.first, 100) + (pair.second ? " | " + shortened(*pair.second, 100) : "") + "\n");
  Table table({Align::kRight, Align::kLeft});
  for (size_t i = 0; i < labels.size() && i < limit; ++i) {
    table.add_row({fmt::format("{:.4f}", labels[i].score), labels[i].label});
  }
  table.print(out, "  ");
}

int run(const Options& options, const std::vector<std::string>& texts, ByteWriter& out) {
  Input input(options.input, texts);
  PairReader reader(options.pair, input, texts);
  Session session(options.model);
  const Classify classify(session.model());
  run_stages<TextPair>(
      {input, out, session.progress_wanted(out)}, [&](InputLine& line) { return reader.read(line); },
      [&](std::span<const TextPair> block, Cores cores) {
        return prepare_block(classify, block, options.classify, tokenizing_threads(cores));
      },
      [&](std::span<const TextPair> block, const PreparedPairs& prepared) {
        return session.timed([&] { return classify_block(classify, block, prepared, options.classify); });
      },
      [&](std::span<const TextPair> block, const std::vector<Labels>& results) {
        for (size_t i = 0; i < block.size(); ++i) {
          options.json ? print_json(results[i], options.top_k, out)
                       : print_table(block[i], results[i], options.top_k, out);
        }
      });
  session.finish();
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_model_options(line, options->model);
  add_input_options(line, options->input);
  add_pair_options(line, options->pair);
  add_long_options(line, options->classify.long_input);
  add_json_flag(line, options->json);
  OptionGroup output(line, "Output");
  output
      .number("--top-k", options->top_k, {0, 1 << 20}, "N",
              "Labels per text, as a list; 0 = all (default: the best)")
      .default_text("");
  output.parsed("--function", options->classify.function, parse_function, "softmax|sigmoid|none",
                "by the model's config", "From logits to scores");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace classify_verb

const Verb kClassify{"classify", "[TEXT...]", "Labels of texts or of pairs of texts", classify_verb::declare};

}  // namespace modernbert::cli
