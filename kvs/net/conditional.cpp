#include "kvs/net/conditional.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace kvs {
namespace {

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

struct Tag {
  std::string_view text;  // without its quotes
  bool weak = false;
};

// Takes one tag from the front; nullopt if there is none.
std::optional<Tag> take_tag(std::string_view& text) {
  bool weak = text.starts_with("W/\"");
  if (weak) text.remove_prefix(2);
  if (text.starts_with('"')) {
    auto end = text.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    Tag tag{text.substr(1, end - 1), weak};
    text.remove_prefix(end + 1);
    return tag;
  }
  auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  Tag tag{text.substr(0, end)};
  text.remove_prefix(end);
  return tag.text.empty() ? std::nullopt : std::optional(tag);
}

// A tag that is no revision of ours: nothing has it.
std::optional<Revision> as_revision(std::string_view tag) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), number);
  bool whole = error == std::errc{} && end == tag.data() + tag.size();
  if (!whole || number == 0 || number > max_revision_number || tag.front() == '0') return std::nullopt;
  return Revision{number};
}

Problem bad_list(std::string_view field) {
  return {errc::malformed, std::string(field) + " must be * or a list of entity tags, like \"42\", \"43\""};
}

bool given(std::string_view field) { return field.data() != nullptr; }

}  // namespace

bool TagList::matches(Revision current) const {
  if (current == no_revision) return false;
  return any || std::find(revisions.begin(), revisions.end(), current) != revisions.end();
}

result<TagList> parse_tags(std::string_view field, std::string_view text, Comparison comparison) {
  TagList list;
  bool found = false;
  if (text == "*") {
    list.any = true;
    return list;
  }
  while (true) {
    skip_blanks(text);
    if (text.empty()) break;
    if (text.front() == ',') {  // RFC 9110, 5.6.1: empty members are read over
      text.remove_prefix(1);
      continue;
    }
    auto tag = take_tag(text);
    skip_blanks(text);
    if (!tag || (!text.empty() && text.front() != ',')) return bad_list(field);
    found = true;
    if (tag->weak && comparison == Comparison::strong) continue;
    if (auto revision = as_revision(tag->text)) list.revisions.push_back(*revision);
  }
  if (!found) return bad_list(field);
  return list;
}

bool names_tag(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

result<std::vector<Condition>> parse_conditions(std::string_view if_match, std::string_view if_none_match) {
  using Kind = Condition::Kind;
  std::vector<Condition> conditions;
  if (given(if_match)) {
    auto tags = parse_tags("If-Match", if_match, Comparison::strong);
    if (!tags) return tags.error();
    conditions.push_back({tags->any ? Kind::exists : Kind::revision_in, std::move(tags->revisions), {}});
  }
  if (given(if_none_match)) {
    auto tags = parse_tags("If-None-Match", if_none_match, Comparison::weak);
    if (!tags) return tags.error();
    conditions.push_back({tags->any ? Kind::absent : Kind::revision_not_in, std::move(tags->revisions), {}});
  }
  return conditions;
}

result<ReadVerdict> judge_read(std::string_view if_match, std::string_view if_none_match, Revision current) {
  if (given(if_match)) {
    auto tags = parse_tags("If-Match", if_match, Comparison::strong);
    if (!tags) return tags.error();
    if (!tags->matches(current)) return ReadVerdict::failed;
  }
  if (given(if_none_match)) {
    auto tags = parse_tags("If-None-Match", if_none_match, Comparison::weak);
    if (!tags) return tags.error();
    if (tags->matches(current)) return ReadVerdict::not_modified;
  }
  return ReadVerdict::proceed;
}

}  // namespace kvs
