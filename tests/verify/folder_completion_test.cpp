#include "verify/folder_completion.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/file.h"
#include "modernbert/error.h"

namespace modernbert {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

class FolderCompletion : public ::testing::Test {
 protected:
  void SetUp() override {
    write(root() / "base" / "config.json", "base");
    write(root() / "base" / "tokenizer.json", "base");
    write(root() / "base" / "cases.json", "base");
    write(root() / "base" / "1_Pooling" / "config.json", "base");
    write(root() / "other" / "model.safetensors", "other");
    write(root() / "case" / "config.json", "own");
    write(root() / "case" / "cases.json", "own");
  }
  const fs::path& root() const { return root_.path(); }
  CaseFolder folder(const Json& complete_with) const {
    CaseFolder folder;
    folder.path = root() / "case";
    folder.json = {{"complete_with", complete_with}};
    return folder;
  }

 private:
  TemporaryFolder root_;
};

TEST_F(FolderCompletion, IsTheFolderItselfWhereNothingIsNamed) {
  EXPECT_EQ(CompletedFolder(folder(nullptr)).path(), root() / "case");
}

TEST_F(FolderCompletion, LinksWhatIsMissing) {
  const CompletedFolder completed(folder("../base"));
  EXPECT_EQ(read_file(completed.path() / "config.json"), "own");
  EXPECT_EQ(read_file(completed.path() / "tokenizer.json"), "base");
  EXPECT_EQ(read_file(completed.path() / "1_Pooling" / "config.json"), "base");
  EXPECT_FALSE(fs::exists(completed.path() / "cases.json"));
}

TEST_F(FolderCompletion, TakesTokenizerFilesOnlyWhereTheNoteSaysSo) {
  const CompletedFolder completed(folder(Json::array({"../base (tokenizer files only)", "../other"})));
  EXPECT_EQ(read_file(completed.path() / "tokenizer.json"), "base");
  EXPECT_EQ(read_file(completed.path() / "model.safetensors"), "other");
  EXPECT_FALSE(fs::exists(completed.path() / "1_Pooling"));
}

TEST_F(FolderCompletion, RemovesTheLinksAndNothingElse) {
  fs::path path;
  {
    const CompletedFolder completed(folder("../base"));
    path = completed.path();
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(read_file(root() / "base" / "tokenizer.json"), "base");
}

TEST_F(FolderCompletion, RejectsFoldersThatAreNotThere) {
  EXPECT_THROW(CompletedFolder(folder("../nowhere")), Error);
  EXPECT_THROW(CompletedFolder(folder(3)), Error);
}

}  // namespace
}  // namespace modernbert
