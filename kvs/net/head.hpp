// The head of an HTTP/1.x request, parsed in place (RFC 9112), as strict about framing as one must be behind a proxy.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/errc.hpp"

namespace kvs {

inline constexpr std::size_t max_request_line = 16 * 1024;  // 414
inline constexpr std::size_t max_head_size = 32 * 1024;     // 431
inline constexpr std::size_t max_head_fields = 100;         // 431

// Methods are case-sensitive; whatever is not one of ours is `other` (see method_text).
enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };
inline constexpr std::size_t methods = 8;

// The fields picked out while scanning. A repeated one is 400 where it must stand alone (host, content_length, origin,
// content_type, authorization, idempotency_key, …).
enum class Known : std::uint8_t {
  host,
  connection,
  content_length,
  transfer_encoding,
  expect,
  upgrade,
  content_type,
  content_encoding,
  content_range,
  accept,
  accept_encoding,
  user_agent,
  origin,
  sec_fetch_site,
  authorization,
  if_match,
  if_none_match,
  idempotency_key,
  last_event_id,
  kvs_min_revision,
  kvs_request_id,
  x_request_id,
  traceparent,
  sec_websocket_key,
  sec_websocket_version,
  sec_websocket_protocol,
  sec_websocket_extensions,
  count_,
};

struct Field {
  std::string_view name;   // as sent
  std::string_view value;  // without the white space around it
};

// What parse_head() found. Keeps offsets, not pointers: when the bytes move (a buffer that grows for the body),
// rebase() and everything is valid again. About 900 bytes; reuse one, nothing needs clearing.
class RequestHead {
 public:
  std::size_t size() const { return size_; }  // bytes of the head, empty lines before it and the blank line included

  Method method() const { return method_; }
  std::string_view method_text() const { return view(method_text_); }
  std::string_view target() const { return view(target_); }  // as sent
  // Raw, still percent-encoded, never normalised; begins with '/', or is "*" (OPTIONS only).
  std::string_view path() const { return path_.size == 0 ? std::string_view("/") : view(path_); }
  std::string_view query() const { return view(query_); }  // raw, without the '?'
  // The authority of an absolute-form target if there is one (RFC 9112, 3.2.2), else the Host field; "" if neither.
  std::string_view host() const { return authority_.size != 0 ? view(authority_) : value(Known::host); }
  int minor_version() const { return minor_version_; }  // 0 or 1 (a higher one counts as 1)

  bool keep_alive() const { return keep_alive_; }
  std::optional<std::uint64_t> content_length() const {
    return content_length_;
  }  // too many digits: the largest number
  bool chunked() const { return chunked_; }
  bool expect_continue() const { return expect_continue_; }  // never in HTTP/1.0
  bool wants_websocket() const { return connection_upgrade_ && upgrade_websocket_; }

  bool has(Known known) const { return known_[index(known)] != 0; }
  bool repeated(Known known) const { return (repeated_ >> index(known) & 1) != 0; }
  // The first one of that name; "" if absent (or empty: see has()).
  std::string_view value(Known known) const {
    std::uint8_t at = known_[index(known)];
    return at == 0 ? std::string_view{} : view(fields_[at - 1].value);
  }
  // All of that name as one comma-separated list (RFC 9110, 5.2); uses `scratch` only when the field is repeated.
  std::string_view list(Known known, std::string& scratch) const;

  std::size_t field_count() const { return field_count_; }
  Field field(std::size_t i) const { return {view(fields_[i].name), view(fields_[i].value)}; }
  // The first field of that name, case-insensitively; for the rare ones that are not in Known.
  std::optional<std::string_view> find(std::string_view name) const;

  // Call when the bytes of the buffer given to parse_head() now begin at `data`.
  void rebase(const char* data) { base_ = data; }

 private:
  friend class HeadParser;
  struct Span {
    std::uint16_t at = 0;
    std::uint16_t size = 0;
  };
  struct FieldSpan {
    Span name, value;
  };
  static std::size_t index(Known known) { return static_cast<std::size_t>(known); }
  std::string_view view(Span span) const { return {base_ + span.at, span.size}; }

  const char* base_ = nullptr;
  std::optional<std::uint64_t> content_length_;
  std::uint32_t size_ = 0;
  std::uint32_t repeated_ = 0;
  Span method_text_, target_, path_, query_, authority_;
  Method method_ = Method::other;
  std::uint8_t minor_version_ = 1;
  std::uint8_t field_count_ = 0;
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool expect_continue_ = false;
  bool connection_upgrade_ = false;
  bool upgrade_websocket_ = false;
  std::array<std::uint8_t, static_cast<std::size_t>(Known::count_)> known_{};  // index + 1 into fields_, 0 = absent
  std::array<FieldSpan, max_head_fields> fields_;  // left uninitialised on purpose: 800 bytes that field_count_ guards
};

struct HeadResult {
  enum class Kind : std::uint8_t { complete, need_more, error };
  Kind kind;
  // Of an error only; the connection must be closed after the answer, for nobody knows where the next request begins.
  std::uint16_t status = 0;
  errc code = errc::malformed;
  std::string_view detail = {};  // static text
};

// Parses the head at the front of `buffer` into `head`, which refers to the buffer's bytes from then on.
// `seen`: how many bytes an earlier call already answered need_more for; saves looking at them again for nothing, so
// that a head that trickles in costs no more than one that comes at once. Never allocates. While the answer is
// need_more or error, `head` means nothing.
HeadResult parse_head(std::string_view buffer, RequestHead& head, std::size_t seen = 0);

// Case-insensitive comparison of ASCII text; `lower` is lower-case already.
bool equals_ignoring_case(std::string_view text, std::string_view lower);
// Whether a comma-separated list of tokens (Connection, Upgrade, …) names `lower`.
bool list_names(std::string_view list, std::string_view lower);

}  // namespace kvs
