#include "hub/model_id.h"

#include "hub/hub_fixture.h"

namespace modernbert::hub {
namespace {

using ::testing::HasSubstr;

TEST(ModelId, SplitsNameAndRevision) {
  const ModelId plain = parse_model_id("org/name");
  EXPECT_EQ(plain.name, "org/name");
  EXPECT_EQ(plain.revision, "main");
  EXPECT_EQ(parse_model_id("bert-base-uncased").name, "bert-base-uncased");
  EXPECT_EQ(parse_model_id("a/b@v1.0").revision, "v1.0");
  EXPECT_EQ(parse_model_id("a/b@refs/pr/12").revision, "refs/pr/12");
}

TEST(ModelId, AcceptsTheNamesThatTheHubAllows) {
  for (const char* name : {"answerdotai/ModernBERT-base", "a/b_c.d-e", "x", "_a/b_", "0/1"}) {
    EXPECT_EQ(parse_model_id(name).name, name);
  }
}

TEST(ModelId, RejectsMalformedNames) {
  const std::string too_long(97, 'a');
  for (const std::string& spec : {std::string(""),           std::string("a/"),      std::string("/a"),
                                  std::string("a/b/c"),      std::string("../b"),    std::string("a/.."),
                                  std::string("a/b..c"),     std::string("-a/b"),    std::string("a/-b"),
                                  std::string("a/b-"),       std::string("a/b."),    std::string(".a/b"),
                                  std::string("a--b/c"),     std::string("a/b.git"), std::string("a b/c"),
                                  std::string("a/b?c"),      std::string("a\\b"),    std::string("a/b%2e"),
                                  std::string("a/\xC3\xA9"), std::string("a/b\n"),   too_long,
                                  std::string("@main")}) {
    EXPECT_ERROR(parse_model_id(spec), ErrorCode::kInvalidArgument, HasSubstr("want org/name[@revision]"));
  }
}

TEST(ModelId, RejectsMalformedRevisions) {
  for (const char* revision : {"", "..", "a/../b", "-x", "/x", "x/", "a//b", "a b", "a@b", "a/.hidden",
                               "x\\y", "x?y", "x#y", "x%20"}) {
    EXPECT_ERROR(parse_model_id(std::string("a/b@") + revision), ErrorCode::kInvalidArgument,
                 HasSubstr("revision"));
  }
}

TEST(ModelId, TellsPathsFromIds) {
  for (const char* path : {"/a", "./a", "../a", "~/a", "a/b/c", "a/"}) EXPECT_TRUE(looks_like_path(path));
  for (const char* id : {"a", "a/b", "a/b@refs/pr/1"}) EXPECT_FALSE(looks_like_path(id));
}

TEST(ModelId, TellsCommitsFromNames) {
  EXPECT_TRUE(is_commit_hash("0123456789abcdef0123456789abcdef01234567"));
  EXPECT_FALSE(is_commit_hash("0123456789abcdef0123456789abcdef0123456"));
  EXPECT_FALSE(is_commit_hash("0123456789ABCDEF0123456789abcdef01234567"));
  EXPECT_FALSE(is_commit_name(""));
  EXPECT_FALSE(is_commit_name("../x"));
}

}  // namespace
}  // namespace modernbert::hub
