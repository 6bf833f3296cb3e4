#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tasks/windows.h"

namespace modernbert {
namespace {

using ::testing::ElementsAre;

// [CLS] text [SEP] with the given text ids.
Encoding window(std::vector<int32_t> text) {
  Encoding encoding;
  encoding.ids = {1};
  encoding.ids.insert(encoding.ids.end(), text.begin(), text.end());
  encoding.ids.push_back(2);
  encoding.special_tokens_mask.assign(encoding.ids.size(), 0);
  encoding.special_tokens_mask.front() = encoding.special_tokens_mask.back() = 1;
  return encoding;
}

std::vector<int32_t> ids(const TextWindows& text) {
  std::vector<int32_t> result;
  for (const TokenSource& source : stitch(text))
    result.push_back(text.windows[source.window].ids[source.row]);
  return result;
}

std::vector<int32_t> owners(const TextWindows& text) {
  std::vector<int32_t> result;
  for (const TokenSource& source : stitch(text)) result.push_back(source.window);
  return result;
}

TEST(Stitch, OneWindowIsItself) {
  const TextWindows text{{window({10, 11, 12})}, 2};
  EXPECT_THAT(ids(text), ElementsAre(1, 10, 11, 12, 2));
  EXPECT_THAT(ids({{window({})}, 0}), ElementsAre(1, 2));
}

TEST(Stitch, TakesTokensFromTheWindowWhereTheyAreMostCentral) {
  const TextWindows text{
      {window({10, 11, 12, 13, 14, 15}), window({12, 13, 14, 15, 16, 17}), window({14, 15, 16, 17, 18})}, 4};
  EXPECT_THAT(ids(text), ElementsAre(1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 2));
  // 13 is 2 from the right edge of window 0 and 1 from the left edge of window 1; 14 is 1 and 2 (and 0 in
  // window 2). 15 is 0, 2, 1; 16 is 1 in window 1 and 2 in window 2.
  EXPECT_THAT(owners(text), ElementsAre(0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2));
}

TEST(Stitch, WithoutOverlapWindowsFollowEachOther) {
  const TextWindows text{{window({10, 11}), window({12})}, 0};
  EXPECT_THAT(ids(text), ElementsAre(1, 10, 11, 12, 2));
  EXPECT_THAT(owners(text), ElementsAre(0, 0, 0, 1, 1));
}

}  // namespace
}  // namespace modernbert
