// If-Match and If-None-Match (RFC 9110, 13.1), with a key's revision as its entity tag.
//   list := "*" | tag ("," tag)*     tag := ["W/"] '"' revision '"' | revision
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "kvs/command.hpp"
#include "kvs/errc.hpp"

namespace kvs {

// The tags of one field. A well-formed tag that is no revision matches nothing and is left out, so both members may be
// empty: then nothing matches.
struct TagList {
  bool any = false;  // "*"
  std::vector<Revision> revisions;

  // `current` = the key's revision, no_revision if there is no such key.
  bool matches(Revision current) const;
};

// How tags are compared (RFC 9110, 8.8.3.2): strong, for If-Match, takes W/"42" for a tag that nothing has; weak, for
// If-None-Match, takes it for "42".
enum class Comparison : std::uint8_t { strong, weak };

// Errors: malformed. `field` names the field in the error's text.
result<TagList> parse_tags(std::string_view field, std::string_view text, Comparison comparison);

// Whether If-None-Match names `etag`, the tag of something that is no key. It compares weakly, so W/ before a tag
// changes nothing.
bool names_tag(std::string_view if_none_match, std::string_view etag);

// The conditions of a write, for its command. A field that was not sent is a view without data (not merely empty).
result<std::vector<Condition>> parse_conditions(std::string_view if_match, std::string_view if_none_match);

// What the conditions make of a read (RFC 9110, 13.2.2: If-Match first).
enum class ReadVerdict : std::uint8_t { proceed, not_modified, failed };
result<ReadVerdict> judge_read(std::string_view if_match, std::string_view if_none_match, Revision current);

}  // namespace kvs
