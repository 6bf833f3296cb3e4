#include "corpus/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "corpus/corpus_reader.h"
#include "error_text.h"
#include "small_corpus.h"

namespace modernbert {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::read_text;
using testing::TemporaryFolder;
using testing::thrown_by;
using testing::write_text;
namespace fs = std::filesystem;

std::vector<std::string> read_all(const std::vector<fs::path>& files, const DocumentOptions& options = {},
                                  size_t block_bytes = 1 << 20) {
  CorpusReader reader(files, options);
  std::vector<std::string> texts;
  std::vector<CorpusRecord> block;
  while (reader.next_block(block_bytes, block)) {
    for (std::string& text : reader.texts(block, 2)) texts.push_back(std::move(text));
  }
  return texts;
}

std::string gzip(const std::string& text) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "x.gz").string();
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return read_text(path);
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

class Documents : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) const {
    write_text(folder_.path() / name, text);
    return folder_.path() / name;
  }
  std::string message(const std::string& name, const std::string& text,
                      const DocumentOptions& options = {}) const {
    const fs::path path = write(name, text);
    return thrown_by([&] { read_all({path}, options); }).message;
  }
  TemporaryFolder folder_;
};

TEST_F(Documents, LinesOfJsonAreDocuments) {
  const auto path = write("a.jsonl", "{\"text\":\"one\\ntwo\"}\r\n\n{\"text\":\"three\",\"x\":1}");
  EXPECT_THAT(read_all({path}), ElementsAre("one\ntwo", "three"));
}

TEST_F(Documents, AnotherFieldMayHoldTheText) {
  EXPECT_THAT(read_all({write("a.ndjson", "{\"body\":\"b\"}")}, {.field = "body"}), ElementsAre("b"));
}

TEST_F(Documents, APlainFileIsOneDocument) {
  EXPECT_THAT(read_all({write("a.txt", "one\n\ntwo\n")}), ElementsAre("one\n\ntwo\n"));
}

TEST_F(Documents, ParagraphsStandBetweenBlankLines) {
  const auto path = write("a.txt", "\n\none\ntwo\r\n \t\n\nthree");
  EXPECT_THAT(read_all({path}, {.format = TextFormat::kParagraphs}), ElementsAre("one\ntwo", "three"));
}

TEST_F(Documents, CompressedFilesReadAsTheirContents) {
  const std::string lines = "{\"text\":\"one\"}\n{\"text\":\"two\"}\n";
  EXPECT_THAT(read_all({write("a.jsonl.gz", gzip(lines))}), ElementsAre("one", "two"));
  EXPECT_THAT(read_all({write("a.jsonl.zst", zstd(lines))}), ElementsAre("one", "two"));
  EXPECT_THAT(read_all({write("b.txt.gz", gzip("plain"))}), ElementsAre("plain"));
}

TEST_F(Documents, CompressedFilesMayHaveSeveralParts) {
  EXPECT_THAT(read_all({write("a.txt.gz", gzip("one ") + gzip("two"))}), ElementsAre("one two"));
  EXPECT_THAT(read_all({write("a.txt.zst", zstd("one ") + zstd("two"))}), ElementsAre("one two"));
}

// Larger than every buffer between the file and the reader.
TEST_F(Documents, LargeCompressedFilesComeOutWhole) {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += std::to_string(random_hash(1, i)) + " ";
  EXPECT_EQ(read_all({write("a.txt.gz", gzip(text))}).at(0), text);
  EXPECT_EQ(read_all({write("a.txt.zst", zstd(text))}).at(0), text);
}

TEST_F(Documents, NamesDamagedCompressedFiles) {
  std::string text = testing::made_text(1, 2000);
  const std::string gz = gzip(text), zst = zstd(text);
  EXPECT_THAT(message("a.txt.gz", gz.substr(0, gz.size() / 2)),
              HasSubstr("a.txt.gz: the gzip data ends early"));
  EXPECT_THAT(message("a.txt.zst", zst.substr(0, zst.size() / 2)),
              HasSubstr("a.txt.zst: the zstd data ends early"));
  EXPECT_THAT(message("b.txt.gz", "not compressed"), HasSubstr("b.txt.gz: damaged gzip data"));
  EXPECT_THAT(message("b.txt.zst", "not compressed"), HasSubstr("b.txt.zst: damaged zstd data"));
}

TEST_F(Documents, NamesFileLineAndByteOfBadText) {
  EXPECT_THAT(message("a.txt", "good\nba\xFF"), EndsWith("a.txt, line 2, byte 2: 0xff is not valid UTF-8"));
  EXPECT_THAT(message("a.jsonl", "{\"text\":\"x\"}\n{\"text\":\"\xC3\"}"),
              EndsWith("a.jsonl, line 2, byte 9: 0xc3 is not valid UTF-8"));
  EXPECT_THAT(message("a.txt", std::string("ELF\0\1", 5)),
              EndsWith("a.txt, line 1, byte 3: a NUL byte: this is a binary file, want text"));
}

TEST_F(Documents, NamesWhatIsWrongWithAnObject) {
  EXPECT_THAT(message("a.jsonl", "\n{\"body\":1,\"id\":2}"),
              EndsWith("a.jsonl, line 2: no field \"text\", found body, id"));
  EXPECT_THAT(message("a.jsonl", "{\"text\":7}"), EndsWith("a.jsonl, line 1: text is 7, want a string"));
  EXPECT_THAT(message("a.jsonl", "[1]"), HasSubstr("a.jsonl, line 1: "));
  EXPECT_THAT(message("a.jsonl", "{\"text\":"), HasSubstr("a.jsonl, line 1"));
}

// However the lines fall on threads.
TEST_F(Documents, TheFirstBadLineIsNamed) {
  std::string lines;
  for (int i = 1; i <= 200; ++i) lines += i % 50 == 0 ? "{}\n" : "{\"text\":\"x\"}\n";
  EXPECT_THAT(message("a.jsonl", lines), HasSubstr("line 50:"));
}

TEST_F(Documents, EmptyFilesAndFoldersAreErrors) {
  EXPECT_THAT(message("a.txt", ""), EndsWith("a.txt: the file is empty, want text"));
  EXPECT_THAT(message("a.jsonl", ""), EndsWith("a.jsonl: the file is empty, want text"));
  EXPECT_EQ(thrown_by([&] { read_all({folder_.path() / "none.txt"}); }).code, ErrorCode::kNotFound);
  EXPECT_EQ(thrown_by([&] { read_all({folder_.path()}); }).code, ErrorCode::kInvalidFile);
}

TEST_F(Documents, BlocksDoNotChangeTheDocuments) {
  testing::write_documents(folder_.path() / "a.jsonl", 1, 100);
  const std::vector<fs::path> files = {folder_.path() / "a.jsonl", write("b.txt", "last")};
  const auto expected = read_all(files);
  EXPECT_EQ(expected.size(), 101U);
  EXPECT_EQ(read_all(files, {}, 1), expected);
  EXPECT_EQ(read_all(files, {}, 5000), expected);
}

}  // namespace
}  // namespace modernbert
