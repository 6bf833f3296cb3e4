#include "modernbert/answer.h"

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

namespace modernbert::cli {
namespace answer_verb {
namespace {

struct Options {
  ModelOptions model;
  InputOptions input;
  AnswerOptions answer;
  std::optional<std::string> question;
  std::optional<std::string> context;
  std::string question_field = "question";
  std::string context_field = "context";
  bool json = false;
};

// One question for all contexts of the input, or question and context from each JSON line.
std::optional<Question> read_question(const Options& options, const Input& input, InputLine& line) {
  if (options.question) {
    auto context = input.text(line);
    if (!context) return std::nullopt;
    return Question{*options.question, std::move(*context)};
  }
  const auto object = input.object(line);
  if (!object) return std::nullopt;
  const std::string place = input.place(line);
  return Question{text_field(*object, options.question_field, place),
                  text_field(*object, options.context_field, place)};
}

// As Hugging Face's question-answering pipeline: an object, or a list of them for --top-k above 1.
void print_json(const std::vector<Answer>& answers, int top_k, ByteWriter& out) {
  OutJson list = OutJson::array();
  for (const Answer& answer : answers) {
    OutJson entry;
    entry["score"] = answer.score;
    entry["start"] = answer.offsets.begin;
    entry["end"] = answer.offsets.end;
    entry["answer"] = answer.text;
    list.push_back(std::move(entry));
  }
  write_json_line(out, top_k == 1 && !list.empty() ? list[0] : list);
}

void print_table(const Question& question, const std::vector<Answer>& answers, ByteWriter& out) {
  out.write(shortened(question.question, 100) + "\n");
  Table table({Align::kRight, Align::kRight, Align::kLeft});
  for (const Answer& answer : answers) {
    table.add_row({fmt::format("{:.4f}", answer.score),
                   fmt::format("{}-{}", answer.offsets.begin, answer.offsets.end),
                   answer.text.empty() ? "(no answer)" : shortened(answer.text, 100)});
  }
  table.print(out, "  ");
}

int run(const Options& options, std::vector<std::string> texts, ByteWriter& out) {
  if (options.context) {
    if (!texts.empty()) throw UsageError("answer: --context and texts exclude each other");
    texts.push_back(*options.context);
  }
  if (!options.question && !texts.empty() && texts[0] != "-") {
    throw UsageError("answer: no question, want --question TEXT (or JSON lines on standard input)");
  }
  Input input(options.input, texts);
  Session session(options.model);
  const AnswerQuestions answer(session.model());
  run_stream<Question>(
      {input, out, session.progress_wanted(out)},
      [&](InputLine& line) { return read_question(options, input, line); },
      [&](std::span<const Question> block) {
        return session.timed([&] { return answer(block, options.answer); });
      },
      [&](std::span<const Question> block, const std::vector<std::vector<Answer>>& results) {
        for (size_t i = 0; i < block.size(); ++i) {
          options.json ? print_json(results[i], options.answer.top_k, out)
                       : print_table(block[i], results[i], out);
        }
      });
  session.finish();
  return 0;
}

void declare_windows(CommandLine& line, AnswerOptions& options) {
  constexpr int kMaxTokens = 1 << 24;
  add_long_mode(line, options.long_input, "chunk");
  OptionGroup long_inputs(line, "Long inputs");
  long_inputs.number("--max-length", options.max_length, {0, kMaxTokens}, "N",
                     "Tokens of a window; 0 = 384 or the model's limit");
  long_inputs.number("--overlap,--doc-stride", options.doc_stride, {0, kMaxTokens}, "N",
                     "Tokens shared by neighbouring windows; 0 = 128, less where windows are short");
}

void declare_texts(CommandLine& line, Options& options) {
  OptionGroup input(line, "Input");
  input.text("--question", options.question, "TEXT", "The question, for every context");
  input.text("--context", options.context, "TEXT", "The context (or contexts as texts, lines or --jsonl)");
  input.text("--question-field", options.question_field, "FIELD",
             "Without --question: field of each JSON line");
  input.text("--context-field", options.context_field, "FIELD",
             "Without --question: field of each JSON line");
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  add_model_options(line, options->model);
  declare_texts(line, *options);
  add_input_options(line, options->input);
  declare_windows(line, options->answer);
  add_json_flag(line, options->json);
  OptionGroup output(line, "Output");
  output.number("--top-k", options->answer.top_k, {1, 1 << 20}, "N",
                "Answers per question; a list in JSON above 1");
  output.number("--max-answer-tokens", options->answer.max_answer_tokens, {1, 1 << 20}, "N",
                "Longest answer");
  output.flag("--impossible", options->answer.handle_impossible_answer,
              "An empty answer may win, for models trained with unanswerable questions");
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace answer_verb

const Verb kAnswer{"answer", "[CONTEXT...]", "Answers to questions, as spans of a context",
                   answer_verb::declare};

}  // namespace modernbert::cli
