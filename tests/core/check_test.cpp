#include "core/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "error_text.h"

namespace modernbert {
namespace {

TEST(Check, ThrowsAnInternalErrorThatNamesTheCondition) {
  const auto thrown = testing::thrown_by([] { MB_CHECK(1 + 1 == 3); });
  EXPECT_EQ(thrown.code, ErrorCode::kInternal);
  EXPECT_THAT(thrown.message,
              ::testing::MatchesRegex("internal error at check_test.cpp:[0-9]+: 1 \\+ 1 == 3"));
  EXPECT_NO_THROW(MB_CHECK(true));
}

}  // namespace
}  // namespace modernbert
