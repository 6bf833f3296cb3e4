#include "modernbert/choose.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/jsonl.h"
#include "cli/option_group.h"
#include "cli/session.h"
#include "cli/stream.h"
#include "cli/table.h"
#include "cli/verbs/verbs.h"
#include "core/fail.h"

namespace modernbert::cli {
namespace choose_verb {
namespace {

struct Options {
  ModelOptions model;
  InputOptions input;
  LongInputOptions long_input;
  std::optional<std::string> prompt;
  std::string prompt_field = "prompt";
  std::string choices_field = "choices";
  bool json = false;
};

void print_json(const ChoiceResult& result, ByteWriter& out) {
  OutJson object;
  object["best"] = result.best;
  object["scores"] = result.scores;
  write_json_line(out, object);
}

void print_table(const ChoiceQuestion& question, const ChoiceResult& result, ByteWriter& out) {
  out.write(shortened(question.prompt, 100) + "\n");
  Table table({Align::kLeft, Align::kRight, Align::kLeft});
  for (size_t i = 0; i < question.choices.size(); ++i) {
    table.add_row({static_cast<size_t>(result.best) == i ? "*" : "", fmt::format("{:.4f}", result.scores[i]),
                   shortened(question.choices[i], 100)});
  }
  table.print(out, "  ");
}

void print_block(std::span<const ChoiceQuestion> block, const std::vector<ChoiceResult>& results, bool json,
                 ByteWriter& out) {
  for (size_t i = 0; i < block.size(); ++i) {
    json ? print_json(results[i], out) : print_table(block[i], results[i], out);
  }
}

std::optional<ChoiceQuestion> read_question(const Options& options, const Input& input,
                                            const InputLine& line) {
  const auto object = input.object(line);
  if (!object) return std::nullopt;
  const std::string place = input.place(line);
  ChoiceQuestion question{text_field(*object, options.prompt_field, place),
                          text_list_field(*object, options.choices_field, place)};
  if (question.choices.empty()) {
    fail(ErrorCode::kInvalidArgument, "{}: {} is empty, want at least one choice", place,
         options.choices_field);
  }
  return question;
}

// The choices are the texts of the input, all of them for the one prompt.
ChoiceQuestion read_choices(const std::string& prompt, Input& input) {
  ChoiceQuestion question{prompt, {}};
  std::vector<InputLine> lines;
  while (input.source().next(lines)) {
    for (InputLine& line : lines) {
      if (auto text = input.text(line)) question.choices.push_back(std::move(*text));
    }
  }
  if (question.choices.empty()) fail(ErrorCode::kInvalidArgument, "no choices, want at least one text");
  return question;
}

int run(const Options& options, const std::vector<std::string>& texts, ByteWriter& out) {
  if (!options.prompt && !texts.empty() && texts[0] != "-") {
    throw UsageError("choose: no prompt, want --prompt TEXT (or JSON lines on standard input)");
  }
  Input input(options.input, texts);
  Session session(options.model);
  const Choose choose(session.model());
  const auto compute = [&](std::span<const ChoiceQuestion> block) {
    return session.timed([&] { return choose(block, options.long_input); });
  };
  const auto print = [&](std::span<const ChoiceQuestion> block, const std::vector<ChoiceResult>& results) {
    print_block(block, results, options.json, out);
  };
  if (options.prompt) {
    const ChoiceQuestion question = read_choices(*options.prompt, input);
    print({&question, 1}, compute({&question, 1}));
  } else {
    run_stream<ChoiceQuestion>(
        {input, out, session.progress_wanted(out)},
        [&](InputLine& line) { return read_question(options, input, line); }, compute, print);
  }
  session.finish();
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_model_options(line, options->model);
  OptionGroup input(line, "Input");
  input.text("--prompt", options->prompt, "TEXT", "The prompt; the texts are its choices");
  input.text("--prompt-field", options->prompt_field, "FIELD", "Without --prompt: field of each JSON line");
  input.text("--choices-field", options->choices_field, "FIELD",
             "Without --prompt: field of each JSON line, a list");
  add_input_options(line, options->input);
  add_long_options(line, options->long_input);
  add_json_flag(line, options->json);
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace choose_verb

const Verb kChoose{"choose", "[CHOICE...]", "Which of several continuations fits a prompt best",
                   choose_verb::declare};

}  // namespace modernbert::cli
