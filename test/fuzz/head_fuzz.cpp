// Any bytes as a request: the same answer in whatever pieces they come, and a head that was taken is what it says it
// is.
//
// input := piece:u8 request:(the rest)
#include <vector>

#include "input.hpp"
#include "kvs/limits.hpp"
#include "kvs/net/chunked.hpp"
#include "kvs/net/conditional.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/target.hpp"
#include "kvs/net/websocket.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::size_t max_body = 1000;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

void check_target(const RequestHead& head) {
  std::string_view target = head.target();
  require(!target.empty() && target.size() <= max_request_line);
  require(std::ranges::none_of(target, [](char c) { return is_control(c) || c == ' '; }));
  bool star = head.path() == "*" && head.method() == Method::options;
  require(star || head.path().starts_with('/'));
  require(head.query().empty() || target.ends_with("?" + std::string(head.query())));
  require(head.path().find('?') == std::string_view::npos);
}

void check_fields(const RequestHead& head) {
  require(head.field_count() <= max_head_fields);
  for (std::size_t i = 0; i < head.field_count(); ++i) {
    auto [name, value] = head.field(i);
    require(!name.empty() &&
            std::ranges::none_of(name, [](char c) { return is_control(c) || is_blank(c) || c == ':'; }));
    require(std::ranges::none_of(value, [](char c) { return is_control(c) && c != '\t'; }));
    require(value.empty() || (!is_blank(value.front()) && !is_blank(value.back())));
    std::string lower(name);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    require(head.find(lower).has_value());
  }
}

// What decides where the next request begins.
void check_framing(const RequestHead& head) {
  require(!head.chunked() || !head.content_length());
  require(head.content_length().has_value() == head.has(Known::content_length));
  require(head.chunked() == head.has(Known::transfer_encoding));
  require(!head.repeated(Known::content_length) && !head.repeated(Known::transfer_encoding));
  require(!head.repeated(Known::host) && (head.has(Known::host) || head.minor_version() == 0));
  require(head.minor_version() == 1 || (!head.chunked() && !head.expect_continue() && !head.wants_websocket()));
}

// What is read out of a head later.
void check_meaning(const RequestHead& head) {
  std::string key_text, again_text, written;
  if (auto key = decode_key(head.path(), key_text)) {
    require(!key->empty() && key->size() <= max_key_size);
    append_encoded_key(written, *key);
    auto again = decode_key(written, again_text);
    require(again && *again == *key);
  }
  Query query = parse_query_leniently(head.query());
  written.clear();
  for (const auto& [name, value] : query.all()) {
    append_encoded_value(written.append(written.empty() ? "" : "&"), name);
    append_encoded_value(written += '=', value);
  }
  Query again = parse_query_leniently(written);
  bool bare = query.all().size() == 1 && query.all().front().name.empty();  // "&" and "=" are the same
  require(bare || again.all().size() == query.all().size());
  for (std::size_t i = 0; i < query.all().size() && !bare; ++i) {
    require(again.all()[i].name == query.all()[i].name && again.all()[i].value == query.all()[i].value);
    (void)query.duration(query.all()[i].name);
    (void)query.position(query.all()[i].name);
    (void)query.flag(query.all()[i].name);
  }
  std::string scratch;
  std::string_view if_match = head.has(Known::if_match) ? head.list(Known::if_match, scratch) : std::string_view();
  std::string_view if_none_match = head.value(Known::if_none_match);
  if (auto conditions = parse_conditions(if_match, if_none_match)) require(conditions->size() <= 2);
  (void)judge_read(if_match, if_none_match, Revision{42});
  (void)names_tag(if_none_match, "\"42\"");
  auto refused = check_upgrade(head);
  require(!refused || !refused->detail.empty());
  if (!refused) require(accept_key(head.value(Known::sec_websocket_key)).size() == 28);
}

struct Chunks {
  ChunkedDecoder::Status status = ChunkedDecoder::Status::need_more;
  std::string body;
  std::size_t used = 0;

  bool operator==(const Chunks&) const = default;
};

Chunks decode(std::string_view bytes, std::size_t piece) {
  ChunkedDecoder decoder(max_body);
  Chunks chunks;
  while (chunks.status == ChunkedDecoder::Status::need_more && chunks.used < bytes.size()) {
    OwnBlock block(bytes.substr(chunks.used, piece));
    auto left = block.view();
    chunks.status = decoder.feed(left, chunks.body);
    chunks.used += block.view().size() - left.size();
  }
  return chunks;
}

void check_chunks(std::string_view bytes, std::size_t piece) {
  Chunks whole = decode(bytes, bytes.size());
  require(whole == decode(bytes, piece) && whole.body.size() <= max_body);
  if (whole.status != ChunkedDecoder::Status::done) return;
  std::string written;
  if (!whole.body.empty()) append_chunk(written, whole.body);
  Chunks again = decode(written.append(last_chunk), piece);
  require(again.status == ChunkedDecoder::Status::done && again.body == whole.body && again.used == written.size());
}

// Trickles in; gives how many bytes it took for an answer.
std::size_t in_pieces(std::string_view bytes, std::size_t piece, RequestHead& head, HeadResult& result) {
  std::size_t have = 0;
  std::size_t seen = 0;
  do {
    have = std::min(have + piece, bytes.size());
    OwnBlock block(bytes.substr(0, have));
    result = parse_head(block.view(), head, seen);
    head.rebase(bytes.data());
    seen = have;
  } while (result.kind == HeadResult::Kind::need_more && have < bytes.size());
  return have;
}

}  // namespace

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  std::size_t piece = input.byte() + std::size_t{1};
  OwnBlock request(input.rest());
  std::string_view bytes = request.view();

  RequestHead head, slow_head;
  HeadResult whole = parse_head(bytes, head);
  HeadResult slow{};
  std::size_t have = in_pieces(bytes, piece, slow_head, slow);
  // What is wrong with a line may show only with its end.
  bool later = whole.kind == HeadResult::Kind::error && slow.kind == HeadResult::Kind::need_more;
  require(later || (slow.kind == whole.kind && slow.status == whole.status && slow.detail == whole.detail));
  if (whole.kind == HeadResult::Kind::error) require(whole.status >= 400 && !whole.detail.empty());
  if (whole.kind != HeadResult::Kind::complete) return 0;

  require(slow_head.size() == head.size() && slow_head.target() == head.target());
  require(head.size() <= have && have < head.size() + piece);
  require(slow_head.field_count() == head.field_count() && slow_head.content_length() == head.content_length());
  RequestHead alone;
  require(parse_head(bytes.substr(0, head.size()), alone).kind == HeadResult::Kind::complete);
  check_target(head);
  check_fields(head);
  check_framing(head);
  check_meaning(head);
  if (head.chunked()) check_chunks(bytes.substr(head.size()), piece);
  return 0;
}
