// Text files to tokenized shards for training.
#include <fmt/format.h>

#include <memory>

#include "cli/corpus_files.h"
#include "cli/failure.h"
#include "cli/json_output.h"
#include "cli/model_options.h"
#include "cli/option_group.h"
#include "cli/progress.h"
#include "cli/verbs/verbs.h"
#include "corpus/prepare_dataset.h"

namespace modernbert::cli {
namespace tokenize_corpus_verb {
namespace {

struct Options {
  std::string tokenizer;
  std::string output;
  PrepareOptions prepare;
  uint64_t shard_megabytes = 64;
  bool quiet = false;
  bool json = false;
};

uint64_t sum_tokens(const std::vector<ShardFile>& shards) {
  uint64_t tokens = 0;
  for (const ShardFile& shard : shards) tokens += shard.tokens;
  return tokens;
}

void print_result(const Options& options, const DatasetIndex& index, ByteWriter& out) {
  const uint64_t held_out = sum_tokens(index.held_out);
  if (options.json) {
    OutJson object;
    object["folder"] = options.output;
    object["documents"] = index.documents();
    object["tokens"] = index.tokens();
    object["held_out_tokens"] = held_out;
    object["shards"] = index.train.size();
    return write_json_line(out, object);
  }
  out.write(fmt::format("{}: {} documents, {} tokens ({} held out), {} shards\n", options.output,
                        index.documents(), index.tokens(), held_out, index.train.size()));
}

int run(Options options, const std::vector<std::string>& arguments, ByteWriter& out) {
  const auto files = corpus_files(arguments);
  options.prepare.shard_bytes = options.shard_megabytes << 20;
  const ByteProgress bar("tokenizing", total_bytes(files), !options.quiet);
  options.prepare.progress = [&](const PrepareProgress& progress) {
    bar.show(progress.bytes, fmt::format("{} documents", progress.documents), progress.bytes_skipped);
  };
  print_result(options, prepare_dataset(files, options.tokenizer, options.output, options.prepare), out);
  return 0;
}

RunVerb declare(CommandLine& line) {
  auto options = std::make_shared<Options>();
  OptionGroup data_set(line, "Data set");
  data_set.text("--tokenizer", options->tokenizer, "DIR", "Folder with tokenizer.json, or the file")
      .required();
  data_set
      .text("--output,-o", options->output, "DIR", "Folder of the data set; an interrupted run goes on in it")
      .required();
  data_set.number("--held-out", options->prepare.held_out_share, {0.0, 0.99}, "SHARE",
                  "Share of the documents kept for evaluation");
  data_set.number("--shard-size", options->shard_megabytes, {1, 4096}, "MIB", "MiB of text in a shard");
  add_document_options(line, options->prepare.documents);
  add_threads_option(line, options->prepare.threads);
  OptionGroup(line, "Output").flag("--quiet,-q", options->quiet, "No progress on standard error");
  add_json_flag(line, options->json);
  return [options, &line](ByteWriter& out) { return run(*options, line.texts(), out); };
}

}  // namespace
}  // namespace tokenize_corpus_verb

const Verb kTokenizeCorpus{"tokenize-corpus", "FILE...", "Tokenized shards for training, from text files",
                           tokenize_corpus_verb::declare};

}  // namespace modernbert::cli
