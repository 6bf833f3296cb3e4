#include "tasks/entities.h"

#include <algorithm>
#include <string_view>

#include "tasks/scores.h"

namespace modernbert {
namespace {

// Tokens [begin, end) that got one label together.
struct LabeledRange {
  size_t begin = 0;
  size_t end = 0;
  size_t label = 0;
  float score = 0;
};

// Mean of each label's score over the tokens.
std::vector<float> mean_scores(std::span<const ScoredToken> tokens) {
  std::vector<float> mean(tokens.front().scores.size());
  for (size_t label = 0; label < mean.size(); ++label) {
    double sum = 0;
    for (const ScoredToken& token : tokens) sum += token.scores[label];
    mean[label] = static_cast<float>(sum / static_cast<double>(tokens.size()));
  }
  return mean;
}

// The scores by which a word is labelled.
std::vector<float> word_scores(std::span<const ScoredToken> word, Aggregation aggregation) {
  if (aggregation == Aggregation::kAverage) return mean_scores(word);
  if (aggregation != Aggregation::kMax) return word.front().scores;
  const auto best = [](const ScoredToken& token) { return token.scores[argmax(token.scores)]; };
  return std::max_element(word.begin(), word.end(),
                          [&](const auto& a, const auto& b) { return best(a) < best(b); })
      ->scores;
}

// One range per token, or per word where the strategy works on words.
std::vector<LabeledRange> label_tokens(std::span<const ScoredToken> tokens, Aggregation aggregation) {
  const bool by_token = aggregation == Aggregation::kNone || aggregation == Aggregation::kSimple;
  std::vector<LabeledRange> ranges;
  for (size_t begin = 0; begin < tokens.size();) {
    size_t end = begin + 1;
    while (!by_token && end < tokens.size() && tokens[end].is_subword) ++end;
    const std::vector<float> scores = word_scores(tokens.subspan(begin, end - begin), aggregation);
    const size_t label = argmax(scores);
    ranges.push_back({begin, end, label, scores[label]});
    begin = end;
  }
  return ranges;
}

// "B-PER" -> {true, "PER"}, "I-PER" and "PER" -> {false, "PER"}: a label without prefix continues.
struct Tag {
  bool begins = false;
  std::string_view name;
};

Tag split_tag(std::string_view label) {
  if (label.starts_with("B-")) return {true, label.substr(2)};
  if (label.starts_with("I-")) return {false, label.substr(2)};
  return {false, label};
}

// What stands behind the first dash of a label: the name of an entity group.
std::string group_name(const std::string& label) {
  return label.substr(label.find('-') + 1);  // npos + 1 is 0: the whole label
}

Entity make_entity(std::span<const ScoredToken> tokens, std::string label, float score, std::string word) {
  const ScoredToken& first = tokens.front();
  const ScoredToken& last = tokens.back();
  return {.label = std::move(label),
          .score = score,
          .word = std::move(word),
          .offsets = {first.offsets.begin, last.offsets.end},
          .byte_offsets = {first.byte_offsets.begin, last.byte_offsets.end}};
}

std::vector<Entity> token_entities(std::span<const ScoredToken> tokens, std::span<const LabeledRange> ranges,
                                   std::span<const std::string> labels) {
  std::vector<Entity> entities;
  for (const LabeledRange& range : ranges) {
    const ScoredToken& token = tokens[range.begin];
    entities.push_back(
        make_entity(tokens.subspan(range.begin, 1), labels[range.label], range.score, token.word));
    entities.back().index = token.index;
  }
  return entities;
}

// Entities of neighbouring ranges with one tag.
std::vector<Entity> group_entities(std::span<const ScoredToken> tokens, std::span<const LabeledRange> ranges,
                                   std::span<const std::string> labels, const JoinTokens& join) {
  std::vector<Entity> entities;
  for (size_t begin = 0; begin < ranges.size();) {
    const std::string_view name = split_tag(labels[ranges[begin].label]).name;
    double sum = ranges[begin].score;
    size_t end = begin + 1;
    for (; end < ranges.size(); ++end) {
      const Tag tag = split_tag(labels[ranges[end].label]);
      if (tag.begins || tag.name != name) break;
      sum += ranges[end].score;
    }
    const auto group = tokens.subspan(ranges[begin].begin, ranges[end - 1].end - ranges[begin].begin);
    const auto mean = static_cast<float>(sum / static_cast<double>(end - begin));
    entities.push_back(make_entity(group, group_name(labels[ranges[begin].label]), mean, join(group)));
    begin = end;
  }
  return entities;
}

}  // namespace

std::vector<Entity> make_entities(std::span<const ScoredToken> tokens, Aggregation aggregation,
                                  std::span<const std::string> labels,
                                  std::span<const std::string> ignore_labels, const JoinTokens& join) {
  const std::vector<LabeledRange> ranges = label_tokens(tokens, aggregation);
  std::vector<Entity> entities = aggregation == Aggregation::kNone
                                     ? token_entities(tokens, ranges, labels)
                                     : group_entities(tokens, ranges, labels, join);
  std::erase_if(entities, [&](const Entity& entity) {
    return std::find(ignore_labels.begin(), ignore_labels.end(), entity.label) != ignore_labels.end();
  });
  return entities;
}

}  // namespace modernbert
