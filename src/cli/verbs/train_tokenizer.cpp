// A byte-level BPE tokenizer out of text files.
#include <fmt/format.h>

#include <memory>

#include "cli/corpus_files.h"
#include "cli/json_output.h"
#include "cli/model_options.h"
#include "cli/option_group.h"
#include "cli/progress.h"
#include "cli/status.h"
#include "cli/verbs/verbs.h"
#include "core/default_threads.h"
#include "core/fail.h"
#include "corpus/corpus_reader.h"
#include "tokenizer/training/trained_files.h"

namespace modernbert::cli {
namespace train_tokenizer_verb {
namespace {

constexpr size_t kBlockBytes = size_t{8} << 20;

struct Options {
  DocumentOptions documents;
  std::string output;
  BpeTrainingOptions training{.vocab_size = 32768, .special_tokens = modernbert_special_tokens()};
  int model_max_length = 8192;
  int threads = 0;
  bool quiet = false;
  bool json = false;
};

std::vector<WordCount> count_words(const Options& options, const std::vector<std::filesystem::path>& files) {
  const int threads = choose_threads(options.threads);
  const ByteProgress progress("counting words", total_bytes(files), !options.quiet);
  WordCounts counts(threads);
  CorpusReader reader(files, options.documents);
  std::vector<CorpusRecord> block;
  while (reader.next_block(kBlockBytes, block)) {
    counts.add(reader.texts(block, threads));
    progress.show(reader.file_bytes_read());
  }
  return counts.take();
}

TrainedBpe train(const Options& options, std::span<const WordCount> words) {
  BpeTrainingOptions training = options.training;
  if (!options.quiet) {
    training.progress = [&](int32_t tokens) {
      show_status(fmt::format("merging pairs  {}  {} of {} tokens",
                              progress_bar(static_cast<double>(tokens) / training.vocab_size), tokens,
                              training.vocab_size));
    };
  }
  TrainedBpe trained = train_bpe(words, training);
  clear_status();
  return trained;
}

void print_result(const Options& options, size_t words, const TrainedBpe& trained, ByteWriter& out) {
  if (options.json) {
    OutJson object;
    object["folder"] = options.output;
    object["vocab_size"] = trained.tokens.size();
    object["merges"] = trained.merges.size();
    object["words"] = words;
    return write_json_line(out, object);
  }
  out.write(fmt::format("{}: {} tokens, {} merges, from {} different words\n", options.output,
                        trained.tokens.size(), trained.merges.size(), words));
}

int run(const Options& options, const std::vector<std::string>& arguments, ByteWriter& out) {
  const auto files = corpus_files(arguments);
  const std::vector<WordCount> words = count_words(options, files);
  if (words.empty()) fail(ErrorCode::kInvalidFile, "the files hold no text to learn from");
  const TrainedBpe trained = train(options, words);
  const auto reached = static_cast<int32_t>(trained.tokens.size());
  if (reached < options.training.vocab_size && !options.quiet) {
    print_note(fmt::format("warning: too little text for {} tokens: no pair is left to merge at {}",
                           options.training.vocab_size, reached));
  }
  write_tokenizer_files(options.output, trained, options.model_max_length);
  print_result(options, words.size(), trained, out);
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  OptionGroup tokenizer(line, "Tokenizer");
  tokenizer.text("--output,-o", options->output, "DIR", "Folder for tokenizer.json and tokenizer_config.json")
      .required();
  tokenizer.number("--vocab-size", options->training.vocab_size, {1, 1 << 24}, "N",
                   "Tokens of the vocabulary, special ones included");
  tokenizer.number("--min-frequency", options->training.min_frequency, {0, 1 << 30}, "N",
                   "Pairs that occur less often are not merged");
  tokenizer.number("--model-max-length", options->model_max_length, {1, 1 << 24}, "N",
                   "model_max_length of tokenizer_config.json");
  add_document_options(line, options->documents);
  add_threads_option(line, options->threads);
  OptionGroup(line, "Output").flag("--quiet,-q", options->quiet, "No warnings or progress on standard error");
  add_json_flag(line, options->json);
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace train_tokenizer_verb

const Verb kTrainTokenizer{"train-tokenizer", "FILE...", "A byte-level BPE tokenizer from text files",
                           train_tokenizer_verb::declare};

}  // namespace modernbert::cli
