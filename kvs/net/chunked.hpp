// Chunked bodies (RFC 9112, 7.1): chunks out, and what clients send taken apart in whatever pieces it arrives.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace kvs {

// `bytes`: not empty, for a chunk of no bytes ends the body.
void append_chunk(std::string& out, std::string_view bytes);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

// Strict: hex sizes of at most 16 digits, CRLF only. Extensions and trailers are read over, each bounded.
class ChunkedDecoder {
 public:
  enum class Status : std::uint8_t {
    need_more,          // all of the input was consumed
    done,               // the body has ended; what is left of the input is the next request's
    malformed,          // 400 and close; error() says what
    too_large,          // 413 and close: more than max_body bytes, known as soon as a chunk announces them
    framing_too_large,  // 400 and close: extensions or trailers beyond their bounds
  };
  static constexpr std::size_t max_extension = 1024;     // bytes after the size of one chunk
  static constexpr std::size_t max_trailers = 8 * 1024;  // bytes of all trailer lines
  // A body of tiny chunks with extensions may not cost much more than its bytes: all extensions together.
  static constexpr std::size_t max_extensions = 16 * 1024;

  explicit ChunkedDecoder(std::size_t max_body) : limit_(max_body), left_(max_body) {}

  std::size_t limit() const { return limit_; }  // max_body

  // Consumes from the front of `input` and appends the body's bytes to `body`. After anything but need_more: call no
  // more.
  Status feed(std::string_view& input, std::string& body);
  std::string_view error() const { return error_; }  // static text

 private:
  enum class Step : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer, trailer_lf, end_lf };

  Status step(std::string_view& input, std::string& body);
  Status take_size(char c);
  Status take_extension(char c);
  Status end_of_size();
  Status take_trailer(char c);
  Status fail(std::string_view error);

  std::uint64_t chunk_ = 0;   // bytes of the current chunk: announced so far, or still to come
  std::size_t limit_, left_;  // max_body, and what is left of it
  std::size_t extension_ = 0, extensions_ = 0, trailers_ = 0;
  std::uint8_t digits_ = 0;
  bool at_line_start_ = true;
  bool in_name_ = false;  // of a trailer field
  Step step_ = Step::size;
  std::string_view error_;
};

}  // namespace kvs
