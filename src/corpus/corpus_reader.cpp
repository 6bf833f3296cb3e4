#include "corpus/corpus_reader.h"

#include "core/parallel_for.h"

namespace modernbert {

CorpusReader::CorpusReader(std::vector<std::filesystem::path> files, const DocumentOptions& options)
    : files_(std::move(files)), options_(options) {}

bool CorpusReader::next(CorpusRecord& record) {
  while (file_ < files_.size()) {
    if (!reader_) reader_.emplace(files_[file_], options_);
    record.file = file_;
    if (reader_->next(record.record)) return true;
    finished_bytes_ += reader_->file_bytes_read();
    reader_.reset();
    ++file_;
  }
  return false;
}

bool CorpusReader::next_block(size_t bytes, std::vector<CorpusRecord>& block) {
  block.clear();
  CorpusRecord record;
  size_t read = 0;
  while (read < bytes && next(record)) {
    read += record.record.bytes.size();
    block.push_back(std::move(record));
  }
  return !block.empty();
}

std::vector<std::string> CorpusReader::texts(std::span<const CorpusRecord> block, int threads) const {
  std::vector<std::string> texts(block.size());
  parallel_for(block.size(), threads, [&](size_t i) {
    const std::filesystem::path& path = files_[block[i].file];
    DocumentOptions options = options_;
    options.format = resolve_format(options.format, path);
    texts[i] = document_text(block[i].record, path, options);
  });
  return texts;
}

}  // namespace modernbert
