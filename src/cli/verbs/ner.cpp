#include "modernbert/ner.h"

#include <fmt/format.h>

#include <memory>
#include <sstream>

#include "cli/json_output.h"
#include "cli/option_group.h"
#include "cli/session.h"
#include "cli/stream.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"

namespace modernbert::cli {
namespace ner_verb {
namespace {

struct Options {
  ModelOptions model;
  InputOptions input;
  NerOptions ner;
  bool json = false;
};

std::vector<std::string> split_at_commas(std::string_view list) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(list)};
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

// As Hugging Face's token-classification pipeline, whose keys depend on the aggregation.
void print_json(const std::vector<Entity>& entities, Aggregation aggregation, ByteWriter& out) {
  const bool per_token = aggregation == Aggregation::kNone;
  OutJson list = OutJson::array();
  for (const Entity& entity : entities) {
    OutJson entry;
    entry[per_token ? "entity" : "entity_group"] = entity.label;
    entry["score"] = entity.score;
    if (per_token) entry["index"] = entity.index;
    entry["word"] = entity.word;
    entry["start"] = entity.offsets.begin;
    entry["end"] = entity.offsets.end;
    list.push_back(std::move(entry));
  }
  write_json_line(out, list);
}

void print_table(const std::string& text, const std::vector<Entity>& entities, ByteWriter& out) {
  out.write(shortened(text, 100) + "\n");
  Table table({Align::kLeft, Align::kRight, Align::kRight, Align::kLeft});
  for (const Entity& entity : entities) {
    table.add_row({entity.label, fmt::format("{:.4f}", entity.score),
                   fmt::format("{}-{}", entity.offsets.begin, entity.offsets.end), shortened(entity.word)});
  }
  table.print(out, "  ");
}

int run(const Options& options, const std::vector<std::string>& texts, ByteWriter& out) {
  Input input(options.input, texts);
  Session session(options.model);
  const Ner ner(session.model());
  run_prepared_texts(
      {input, out, session.progress_wanted(out)},
      [&](std::span<const std::string> block, Cores cores) {
        return ner.prepare(block, options.ner, tokenizing_threads(cores));
      },
      [&](const PreparedTexts& prepared) {
        return session.timed([&] { return ner.run(prepared, options.ner); });
      },
      [&](std::span<const std::string> block, const std::vector<std::vector<Entity>>& results) {
        for (size_t i = 0; i < block.size(); ++i) {
          options.json ? print_json(results[i], options.ner.aggregation, out)
                       : print_table(block[i], results[i], out);
        }
      });
  session.finish();
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_model_options(line, options->model);
  add_input_options(line, options->input);
  add_long_options(line, options->ner.long_input);
  add_json_flag(line, options->json);
  OptionGroup output(line, "Output");
  output.parsed("--aggregation", options->ner.aggregation, parse_aggregation, "none|simple|first|average|max",
                "simple", "How tokens become entities; none: one entry per token");
  output.parsed("--ignore-labels", options->ner.ignore_labels, split_at_commas, "LABEL,...", "O",
                "Labels that are no entities, by commas");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace ner_verb

const Verb kNer{"ner", "[TEXT...]", "Named entities: token classification with aggregation",
                ner_verb::declare};

}  // namespace modernbert::cli
