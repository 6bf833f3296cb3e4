// The code of docs/api.md, in its order: a test compares the two, builds this file and runs it.
// Usage: api_snippets MODEL      (a masked-LM model, such as models/nano)
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "modernbert/modernbert.h"

namespace {

void tokenize(const std::string& folder) {
  const auto tokenizer = modernbert::Tokenizer::load(folder);
  const auto encoding = tokenizer.encode("Hello World!", {.max_length = 512});
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const modernbert::TextSpan span = encoding.byte_offsets[i];
    std::printf("%d [%d,%d)\n", encoding.ids[i], span.begin, span.end);
  }
  const std::string text = tokenizer.decode(encoding.ids);
  std::printf("%s\n", text.c_str());
}

modernbert::Model load(const std::string& folder_or_id) {
  modernbert::LoadOptions options;
  options.dtype = modernbert::ComputeType::kFp32;
  options.threads = 2;
  const auto model = modernbert::Model::load(folder_or_id, options);
  return model;
}

void fill_masks(const modernbert::Model& model) {
  const modernbert::FillMask fill(model);
  const std::vector<std::string> texts = {"import [MASK] as np"};
  const auto results = fill(texts);
  for (const modernbert::FilledToken& token : results[0].masks[0]) {
    std::printf("%.3f %s\n", token.score, token.sequence.c_str());
  }
}

void embed(const modernbert::Model& model) {
  const modernbert::Embed embed(model);
  modernbert::EmbedOptions options;
  options.normalize = true;
  options.long_input.mode = modernbert::LongInput::kChunk;
  const std::vector<std::string> texts = {"a first text", "a second text"};
  const modernbert::Embeddings vectors = embed(texts, options);
  const auto scores = modernbert::similarity(vectors, vectors, embed.similarity_function());
  std::printf("%zu vectors of %d values, similarity %.3f\n", vectors.rows(), vectors.dim, scores[1]);
  const modernbert::PreparedTexts prepared = embed.prepare(texts, options);
  const modernbert::Embeddings same_vectors = embed.run(prepared, options);
  std::printf("%s\n", same_vectors.values == vectors.values ? "the same in two steps" : "not the same");
}

void hidden_states(const modernbert::Model& model) {
  const std::vector<std::string> texts = {"one text", "another, longer text"};
  const modernbert::HiddenStates states = model.hidden_states(texts);
  const int32_t row = states.cu_seqlens[1];  // [CLS] of the second text
  const float* values = states.values.data() + static_cast<size_t>(row * states.hidden_size);
  std::printf("%d tokens, first value %.3f\n", states.cu_seqlens[2], values[0]);
}

void classify(const modernbert::Model& model, const std::vector<std::string>& texts) {
  const modernbert::Classify classify(model);
  const auto labels = classify(texts);  // labels[i][0] is the best label of texts[i]
  std::printf("%s %.3f\n", labels[0][0].label.c_str(), labels[0][0].score);
}

void answer(const modernbert::Model& model, const std::string& long_document) {
  const modernbert::AnswerQuestions answer(model);
  const std::vector<modernbert::Question> questions = {{"Who wrote it?", long_document}};
  const modernbert::Answer best = answer(questions)[0][0];
  std::printf("%s at bytes %d-%d\n", best.text.c_str(), best.byte_offsets.begin, best.byte_offsets.end);
}

void rerank(const modernbert::Model& model, const std::vector<std::string>& documents) {
  const modernbert::Rerank rerank(model);
  for (const modernbert::RankedDocument& document : rerank("a query", documents)) {
    std::printf("%.3f %d\n", document.score, document.index);
  }
}

void use_from_many_threads(const modernbert::Model& model) {
  const modernbert::FillMask fill(model);
  const auto work = [&fill] { fill(std::vector<std::string>{"def __init__([MASK], name):"}); };
  std::thread first(work), second(work);
  first.join();
  second.join();
}

void handle_errors(const std::string& folder_or_id) {
  try {
    modernbert::Model::load(folder_or_id);
  } catch (const modernbert::Error& error) {
    if (error.code() == modernbert::ErrorCode::kNotFound) std::printf("not there: %s\n", error.what());
  }
}

void log_to_stderr() {
  modernbert::set_log_callback([](modernbert::LogLevel, std::string_view message) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: api_snippets MODEL\n");
    return 2;
  }
  log_to_stderr();
  tokenize(argv[1]);
  const modernbert::Model model = load(argv[1]);
  fill_masks(model);
  embed(model);
  hidden_states(model);
  use_from_many_threads(model);
  handle_errors("/no/such/folder");
  // These need heads that a masked-LM model lacks: compiled here, run by the tests of each task.
  (void)&classify;
  (void)&answer;
  (void)&rerank;
}
