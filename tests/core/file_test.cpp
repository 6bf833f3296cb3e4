#include "core/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "error_text.h"
#include "temporary_folder.h"

namespace modernbert {
namespace {

using ::testing::HasSubstr;
using testing::thrown_by;

class Files : public ::testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  size_t entries() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(Files, AreReadWhole) {
  const std::string text("a\0b\n", 4);
  write("f", text);
  EXPECT_EQ(read_file(path("f")), text);
  EXPECT_EQ(read_file(path("f"), 4), text);
}

TEST_F(Files, AreBoundedInSize) {
  write("f", "12345");
  const auto thrown = thrown_by([&] { read_file(path("f"), 4); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidFile);
  EXPECT_THAT(thrown.message, HasSubstr("5 bytes, want at most 4"));
}

TEST_F(Files, ThatAreNotThereOrNoFilesAreErrors) {
  EXPECT_EQ(thrown_by([&] { read_file(path("none")); }).code, ErrorCode::kNotFound);
  EXPECT_EQ(thrown_by([&] { MappedFile::open(path("none")); }).code, ErrorCode::kNotFound);
  EXPECT_EQ(thrown_by([&] { read_file(path(".")); }).code, ErrorCode::kInvalidFile);
  EXPECT_EQ(thrown_by([&] { MappedFile::open(path(".")); }).code, ErrorCode::kInvalidFile);
  EXPECT_THAT(thrown_by([&] { read_file(path("none")); }).message, HasSubstr("none: No such file"));
}

// Reading a FIFO would wait for a writer for ever.
TEST_F(Files, ThatArePipesAreErrors) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(thrown_by([&] { read_file(path("pipe")); }).code, ErrorCode::kInvalidFile);
  EXPECT_EQ(thrown_by([&] { MappedFile::open(path("pipe")); }).code, ErrorCode::kInvalidFile);
}

TEST_F(Files, AreMappedForAsLongAsACopyLives) {
  write("f", "mapped");
  std::span<const std::byte> bytes;
  MappedFile copy;
  {
    const MappedFile file = MappedFile::open(path("f"));
    bytes = file.bytes();
    copy = file;
  }
  std::filesystem::remove(path("f"));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "mapped");
  EXPECT_EQ(copy.bytes().data(), bytes.data());
}

TEST_F(Files, ComeBackAfterTheirPagesWereReleased) {
  const std::string text(100'000, 'x');
  write("f", text);
  const MappedFile file = MappedFile::open(path("f"));
  const auto content = [&] {
    return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  };
  EXPECT_EQ(content(), text);
  file.release(file.bytes().subspan(5, 90'000));
  file.release(file.bytes().subspan(7, 3));
  EXPECT_EQ(content(), text);
}

// Memory that is not the file's must not be touched: it could not come back.
TEST_F(Files, ReleaseNothingElse) {
  write("f", "mapped");
  const MappedFile file = MappedFile::open(path("f"));
  const std::vector<std::byte> other(1 << 20, std::byte{7});
  file.release(other);
  EXPECT_EQ(other, std::vector<std::byte>(1 << 20, std::byte{7}));
}

TEST_F(Files, MayBeEmpty) {
  write("f", "");
  EXPECT_EQ(read_file(path("f")), "");
  EXPECT_TRUE(MappedFile::open(path("f")).bytes().empty());
}

TEST_F(Files, AreWrittenWholeOrNotAtAll) {
  write("f", "old");
  write_file_atomically(path("f"), "new content");
  EXPECT_EQ(read_file(path("f")), "new content");
  EXPECT_EQ(entries(), 1u);  // no temporary file is left
  EXPECT_EQ(thrown_by([&] { write_file_atomically(path("nowhere/f"), "x"); }).code, ErrorCode::kNotFound);
  std::filesystem::create_directory(path("taken"));
  EXPECT_EQ(thrown_by([&] { write_file_atomically(path("taken"), "x"); }).code, ErrorCode::kIo);
  EXPECT_EQ(entries(), 2u);
}

}  // namespace
}  // namespace modernbert
