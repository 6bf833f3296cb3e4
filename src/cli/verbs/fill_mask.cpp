#include "modernbert/fill_mask.h"

#include <fmt/format.h>

#include <memory>

#include "cli/json_output.h"
#include "cli/option_group.h"
#include "cli/session.h"
#include "cli/stream.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"

namespace modernbert::cli {
namespace fill_mask_verb {
namespace {

struct Options {
  ModelOptions model;
  InputOptions input;
  FillMaskOptions fill;
  bool json = false;
};

OutJson to_json(const std::vector<FilledToken>& tokens) {
  OutJson list = OutJson::array();
  for (const FilledToken& token : tokens) {
    OutJson entry;
    entry["token"] = token.token;
    entry["token_str"] = token.token_str;
    entry["score"] = token.score;
    entry["sequence"] = token.sequence;
    list.push_back(std::move(entry));
  }
  return list;
}

// As Hugging Face's pipeline: the list itself for one mask, a list of lists for several.
void print_json(const FillMaskResult& result, ByteWriter& out) {
  if (result.masks.size() == 1) return write_json_line(out, to_json(result.masks[0]));
  OutJson all = OutJson::array();
  for (const auto& mask : result.masks) all.push_back(to_json(mask));
  write_json_line(out, all);
}

void print_table(const std::string& text, const FillMaskResult& result, ByteWriter& out) {
  out.write(shortened(text, 100) + "\n");
  for (size_t m = 0; m < result.masks.size(); ++m) {
    if (result.masks.size() > 1) out.write(fmt::format("  mask {}\n", m + 1));
    Table table({Align::kRight, Align::kLeft, Align::kLeft});
    for (const FilledToken& token : result.masks[m]) {
      table.add_row({fmt::format("{:.4f}", token.score), fmt::format("\"{}\"", shortened(token.token_str)),
                     shortened(token.sequence)});
    }
    table.print(out, "  ");
  }
}

int run(const Options& options, const std::vector<std::string>& texts, ByteWriter& out) {
  Input input(options.input, texts);
  Session session(options.model);
  const FillMask fill(session.model());
  run_texts(
      {input, out, session.progress_wanted(out)},
      [&](std::span<const std::string> block) {
        return session.timed([&] { return fill(block, options.fill); });
      },
      [&](std::span<const std::string> block, const std::vector<FillMaskResult>& results) {
        for (size_t i = 0; i < block.size(); ++i) {
          options.json ? print_json(results[i], out) : print_table(block[i], results[i], out);
        }
      });
  session.finish();
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_model_options(line, options->model);
  add_input_options(line, options->input);
  add_long_options(line, options->fill.long_input);
  add_json_flag(line, options->json);
  OptionGroup(line, "Output").number("--top-k", options->fill.top_k, {1, 1 << 20}, "N", "Tokens per mask");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace fill_mask_verb

const Verb kFillMask{"fill-mask", "[TEXT...]", "The most likely tokens for every [MASK] of a text",
                     fill_mask_verb::declare};

}  // namespace modernbert::cli
