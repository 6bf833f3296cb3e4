#include "core/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "error_text.h"
#include "temporary_folder.h"

namespace modernbert {
namespace {

using ::testing::HasSubstr;
using testing::thrown_by;

TEST(ParseJson, BoundsTheDepth) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(parse_json(nested(64), "x"));
  const auto thrown = thrown_by([&] { parse_json(nested(65), "x.json"); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidFile);
  EXPECT_THAT(thrown.message, HasSubstr("x.json: nested deeper than 64 levels"));
  EXPECT_THROW(parse_json(std::string(10'000'000, '['), "x"), Error);
}

TEST(ParseJson, DoesNotCountBracketsInsideStrings) {
  const std::string brackets(100, '[');
  EXPECT_EQ(parse_json("\"" + brackets + "\"", "x"), brackets);
  EXPECT_EQ(parse_json("\"\\\"" + brackets + "\"", "x"), "\"" + brackets);
}

TEST(ParseJson, RejectsWhatIsNotJson) {
  for (const std::string& text :
       {std::string(""), std::string("{"), std::string("{} x"), std::string("{}\0", 3),
        std::string("\"\xFF\""), std::string("NaN"), std::string("1e999"), std::string("{\"a\":}")}) {
    EXPECT_EQ(thrown_by([&] { parse_json(text, "bad.json"); }).code, ErrorCode::kInvalidFile) << text;
  }
  EXPECT_THAT(thrown_by([] { parse_json("{\"a\":}", "bad.json"); }).message,
              HasSubstr("bad.json: not valid JSON"));
}

TEST(ReadJsonFile, SaysWhichFileIsMissing) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(thrown_by([&] { read_json_file(folder.path() / "none.json"); }).code, ErrorCode::kNotFound);
  EXPECT_FALSE(read_json_file_if_exists(folder.path() / "none.json"));
  write_file_atomically(folder.path() / "some.json", "[1]");
  EXPECT_EQ(read_json_file_if_exists(folder.path() / "some.json"), Json::parse("[1]"));
}

class Fields : public ::testing::Test {
 protected:
  const Json value =
      Json::parse(R"({"n": 5, "big": 18446744073709551615, "f": 2.5, "t": "text", "b": true, "z": null,
                                     "o": {"inner": "x", "deep": {"k": []}}})");
  const JsonObject object{value, "c.json"};
  std::string message_of(const std::function<void()>& action) const { return thrown_by(action).message; }
};

TEST_F(Fields, AbsentAndNullGiveTheDefault) {
  EXPECT_EQ(object.integer("none", 7, 0, 9), 7);
  EXPECT_EQ(object.integer("z", 7, 0, 9), 7);
  EXPECT_EQ(object.string("z", "d"), "d");
  EXPECT_FALSE(object.has("z"));
  EXPECT_FALSE(object.object("z"));
  EXPECT_EQ(object.number("none", 0.5), 0.5);
  EXPECT_TRUE(object.boolean("none", true));
}

TEST_F(Fields, GiveTheirValues) {
  EXPECT_EQ(object.integer("n", 0, 5, 5), 5);
  EXPECT_EQ(object.number("n", 0), 5.0);
  EXPECT_EQ(object.number("f", 0), 2.5);
  EXPECT_EQ(object.string("t", ""), "text");
  EXPECT_TRUE(object.boolean("b", false));
}

TEST_F(Fields, NameTheFieldTheValueAndTheChoices) {
  EXPECT_EQ(message_of([&] { object.integer("t", 0, 1, 9); }),
            "c.json: t is \"text\", want an integer from 1 to 9");
  EXPECT_EQ(message_of([&] { object.integer("n", 0, 6, 9); }), "c.json: n is 5, want an integer from 6 to 9");
  EXPECT_EQ(message_of([&] { object.integer("n", 0, 0, 4); }), "c.json: n is 5, want an integer from 0 to 4");
  EXPECT_EQ(message_of([&] { object.integer("f", 0, 0, 9); }),
            "c.json: f is 2.5, want an integer from 0 to 9");
  EXPECT_THAT(message_of([&] { object.integer("big", 0, -1, INT64_MAX); }),
              HasSubstr("18446744073709551615"));
  EXPECT_EQ(message_of([&] { object.number("b", 0); }), "c.json: b is true, want a number");
  EXPECT_EQ(message_of([&] { object.string("n", ""); }), "c.json: n is 5, want a string");
  EXPECT_EQ(message_of([&] { object.boolean("n", false); }), "c.json: n is 5, want true or false");
  EXPECT_EQ(message_of([&] { object.object("t"); }), "c.json: t is \"text\", want an object");
}

TEST_F(Fields, NameThePathOfNestedFields) {
  const JsonObject deep = *object.object("o")->object("deep");
  EXPECT_EQ(message_of([&] { deep.string("k", ""); }), "c.json: o.deep.k is [], want a string");
  EXPECT_EQ(message_of([&] { deep.reject("gone", "anything"); }),
            "c.json: o.deep.gone is missing, want anything");
}

TEST(JsonObject, WhatIsRequired) {
  const Json value = {
      {"object", {{"n", 3}}}, {"list", {1, 2}}, {"count", 7}, {"null", nullptr}, {"minus", -1}};
  const JsonObject object(value, "c.json");
  EXPECT_EQ(object.require_object("object").require_count("n", 3), 3u);
  EXPECT_EQ(object.require_list("list").size(), 2u);
  EXPECT_EQ(object.require_count("count", 7), 7u);
  const auto message = [&](const auto& read) { return thrown_by(read).message; };
  EXPECT_EQ(message([&] { object.require_object("none"); }), "c.json: none is missing, want an object");
  EXPECT_EQ(message([&] { object.require_object("null"); }), "c.json: null is missing, want an object");
  EXPECT_EQ(message([&] { object.require_object("list"); }), "c.json: list is [1,2], want an object");
  EXPECT_EQ(message([&] { object.require_list("count", "a list of texts"); }),
            "c.json: count is 7, want a list of texts");
  EXPECT_EQ(message([&] { object.require_list("none"); }), "c.json: none is missing, want a list");
  EXPECT_EQ(message([&] { object.require_count("none", 9); }),
            "c.json: none is missing, want an integer from 0 to 9");
  EXPECT_EQ(message([&] { object.require_count("count", 6); }),
            "c.json: count is 7, want an integer from 0 to 6");
  EXPECT_EQ(message([&] { object.require_count("minus", 9); }),
            "c.json: minus is -1, want an integer from 0 to 9");
  EXPECT_EQ(message([&] { object.require_object("object").require_count("n", 2); }),
            "c.json: object.n is 3, want an integer from 0 to 2");
}

TEST(JsonObject, RejectsOtherValuesAndCutsThemInMessages) {
  const Json list = std::vector<int>(100, 1);
  const auto thrown = thrown_by([&] { JsonObject(list, "c.json"); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidFile);
  EXPECT_THAT(thrown.message, HasSubstr("..."));
  EXPECT_LT(thrown.message.size(), 120u);
}

}  // namespace
}  // namespace modernbert
