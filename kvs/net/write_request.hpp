// What the head of a write to /v1 asks for: all of it that can be refused before a body has come.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/command.hpp"
#include "kvs/errc.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/write_answer.hpp"

namespace kvs {

// Fills in what the head says of `command`, fresh otherwise: conditions, time to live, request key, of a range also the
// record that names the prefix. A write of one key may have conditions, a touch says which time to live (or none), a
// range names its prefix or all keys expressly. Problems: bad_parameter, malformed; of a range also key_too_large, of a
// transaction unsupported_media_type, of a put unsupported_media_type and headers_too_large.
std::optional<Problem> read_write(const RequestHead& head, WriteForm form, Command& command);

// A time to live as text: a duration above 0, at most max_ttl. Errors: bad_parameter; the caller names the parameter.
result<std::chrono::milliseconds> parse_ttl(std::string_view text);

// A field as conditional.hpp wants it: without data if it was not sent. `scratch` is used if it was sent in pieces.
std::string_view sent(const RequestHead& head, Known known, std::string& scratch);

}  // namespace kvs
