// The work of parse_head(): one pass over the bytes, then what the fields mean together. Private to head*.cpp.
#pragma once
#include <string_view>

#include "kvs/net/head.hpp"

namespace kvs {

class HeadParser {
 public:
  HeadParser(std::string_view buffer, RequestHead& head);

  HeadResult parse();

 private:
  // Each step says whether to go on; if not, result_ says why not.
  bool skip_empty_lines();
  bool take_request_line();
  bool take_method();
  bool take_target();
  bool take_version();
  bool split_target();
  bool split_absolute(std::string_view target);
  void split_query(std::string_view path_and_query);
  bool take_fields();
  bool take_field();
  bool take_value(std::string_view name, std::size_t known);
  bool keep_field(std::string_view name, std::string_view value, std::size_t known);  // known: index into known_fields

  // What the fields mean, after the last one.
  bool finish();
  bool finish_host();
  bool finish_body();
  bool finish_expect();
  void finish_connection();

  bool stop(std::uint16_t status, errc code, std::string_view detail);
  bool malformed(std::string_view detail) { return stop(400, errc::malformed, detail); }
  bool ran_out();  // at the end of the bytes: more are needed, unless these were too many
  bool bad_name_byte();

  RequestHead::Span span(std::string_view text) const {
    return {static_cast<std::uint16_t>(text.data() - begin_), static_cast<std::uint16_t>(text.size())};
  }

  const char* begin_;
  const char* at_;
  const char* end_;  // at most max_head_size after begin_, so that every offset fits 16 bits
  const char* line_ = nullptr;
  bool in_request_line_ = true;
  bool full_;  // nothing beyond end_ would be looked at
  RequestHead& head_;
  std::string_view target_;
  HeadResult result_{HeadResult::Kind::complete};
};

}  // namespace kvs
