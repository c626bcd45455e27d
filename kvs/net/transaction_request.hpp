// The body of POST /v1/txn.
//   body  := {"if"?: [check*], "then"?: [step*], "else"?: [step*]}
//   check := {KEY, "revision": n} | {KEY, "absent": true} | {KEY, VALUE}            revision 0 = absent
//   step  := {"op":"set", KEY, VALUE, "ttl"?: duration, "content_type"?: text} | {"op":"delete", KEY} | {"op":"get",
//   KEY} KEY   := "key": text | "key_base64": base64        VALUE := "value": text | "value_base64": base64
#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "kvs/command.hpp"
#include "kvs/errc.hpp"

namespace kvs {

// Errors: malformed (naming the member: "then[3].ttl"), empty_key, key_too_large, request_too_large (more than
// max_transaction_checks or max_transaction_steps, or all keys and values together more than `max_bytes`).
result<std::unique_ptr<Transaction>> parse_transaction(std::string_view body, std::size_t max_bytes);

// How long such a body may be: what is in it may be escaped ("\u0000"), and names and punctuation come on top.
std::size_t max_transaction_body(std::size_t max_bytes);

}  // namespace kvs
