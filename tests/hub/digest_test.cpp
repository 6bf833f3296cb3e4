#include "hub/digest.h"

#include "hub/hub_fixture.h"

namespace modernbert::hub {
namespace {

using testing::TemporaryFolder;

TEST(Digest, KnowsWhatAnEtagStandsFor) {
  EXPECT_EQ(digest_kind(testing::kWeightsSha), DigestKind::kSha256);
  EXPECT_EQ(digest_kind(testing::kConfigBlob), DigestKind::kGitBlob);
  EXPECT_EQ(digest_kind("d41d8cd98f00b204e9800998ecf8427e"), DigestKind::kNone);
  EXPECT_EQ(digest_kind("F41BDA4A6257261931C69777183729380159FE18"), DigestKind::kNone);
}

TEST(Digest, MatchesGitAndSha256) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  write_file_atomically(path, "{\"model_type\":\"modernbert\"}");
  EXPECT_EQ(file_digest(path, DigestKind::kGitBlob), testing::kConfigBlob);
  write_file_atomically(path, testing::weights_content());
  EXPECT_EQ(file_digest(path, DigestKind::kSha256), testing::kWeightsSha);
  write_file_atomically(path, "");
  EXPECT_EQ(file_digest(path, DigestKind::kGitBlob), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  EXPECT_EQ(file_digest(path, DigestKind::kSha256),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace modernbert::hub
