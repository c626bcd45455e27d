#include "kvs/net/chunked.hpp"

#include <algorithm>
#include <cstdio>

namespace kvs {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(char c) { return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\t'; }

}  // namespace

void append_chunk(std::string& out, std::string_view bytes) {
  char size[24];
  int length = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  out.append(size, static_cast<std::size_t>(length)).append(bytes).append("\r\n");
}

ChunkedDecoder::Status ChunkedDecoder::feed(std::string_view& input, std::string& body) {
  while (!input.empty()) {
    Status status = step(input, body);
    if (status != Status::need_more) return status;
  }
  return Status::need_more;
}

ChunkedDecoder::Status ChunkedDecoder::step(std::string_view& input, std::string& body) {
  if (step_ == Step::data) {
    auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_, input.size()));
    body.append(input.substr(0, size));
    input.remove_prefix(size);
    chunk_ -= size;
    if (chunk_ == 0) step_ = Step::data_cr;
    return Status::need_more;
  }
  char c = input.front();
  input.remove_prefix(1);
  switch (step_) {
    case Step::size:
      return take_size(c);
    case Step::extension:
      return take_extension(c);
    case Step::size_lf:
      return c == '\n' ? end_of_size() : fail("a chunk's size does not end with CR LF");
    case Step::data_cr:
      step_ = Step::data_lf;
      return c == '\r' ? Status::need_more : fail("a chunk is longer than its size says");
    case Step::data_lf:
      step_ = Step::size;
      return c == '\n' ? Status::need_more : fail("a chunk does not end with CR LF");
    case Step::trailer:
      return take_trailer(c);
    case Step::trailer_lf:
      step_ = Step::trailer;
      at_line_start_ = true;
      return c == '\n' ? Status::need_more : fail("a trailer line does not end with CR LF");
    case Step::end_lf:
      return c == '\n' ? Status::done : fail("the chunked body does not end with CR LF");
    case Step::data:
      break;
  }
  return Status::need_more;
}

ChunkedDecoder::Status ChunkedDecoder::take_size(char c) {
  if (int digit = hex_digit(c); digit >= 0) {
    if (++digits_ > 16) return fail("a chunk's size has more than 16 digits");
    chunk_ = chunk_ << 4 | static_cast<unsigned>(digit);
    return Status::need_more;
  }
  if (digits_ == 0) return fail("a chunk's size is no hexadecimal number");
  if (c == '\r') {
    step_ = Step::size_lf;
    return Status::need_more;
  }
  step_ = Step::extension;
  // White space before the ';' is a known way past other parsers; RFC 9112 allows it only as "bad" white space.
  return c == ';' ? Status::need_more : fail("a chunk's size is no hexadecimal number");
}

ChunkedDecoder::Status ChunkedDecoder::take_extension(char c) {
  if (c == '\r') {
    step_ = Step::size_lf;
    return Status::need_more;
  }
  if (!is_text(c)) return fail("a control byte in a chunk's extension");
  if (++extension_ > max_extension || ++extensions_ > max_extensions) {
    error_ = "the chunks' extensions are too long";
    return Status::framing_too_large;
  }
  return Status::need_more;
}

ChunkedDecoder::Status ChunkedDecoder::end_of_size() {
  extension_ = 0;
  digits_ = 0;
  if (chunk_ > left_) return Status::too_large;
  left_ -= static_cast<std::size_t>(chunk_);
  step_ = chunk_ == 0 ? Step::trailer : Step::data;
  return Status::need_more;
}

ChunkedDecoder::Status ChunkedDecoder::take_trailer(char c) {
  if (c == '\r') {
    if (!at_line_start_ && in_name_) return fail("a trailer line that is no field");
    step_ = at_line_start_ ? Step::end_lf : Step::trailer_lf;
    return Status::need_more;
  }
  if (!is_text(c)) return fail("a control byte in a trailer");
  if (at_line_start_ && (c == ' ' || c == '\t')) return fail("a trailer field is folded over two lines");
  if (at_line_start_) in_name_ = true;
  if (in_name_ && (c == ' ' || (c == ':' && at_line_start_))) return fail("a trailer line that is no field");
  if (c == ':') in_name_ = false;
  at_line_start_ = false;
  if (++trailers_ > max_trailers) {
    error_ = "the trailers are too long";
    return Status::framing_too_large;
  }
  return Status::need_more;
}

ChunkedDecoder::Status ChunkedDecoder::fail(std::string_view error) {
  error_ = error;
  return Status::malformed;
}

}  // namespace kvs
