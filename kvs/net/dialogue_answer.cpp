// Answers that are streams, and refusals.
#include "kvs/net/dialogue.hpp"

namespace kvs {

namespace {

constexpr std::size_t chunk_digits = 9;  // one record may be a piece: a value of 1 GiB with six bytes for each
constexpr char hex_digits[] = "0123456789abcdef";

}  // namespace

// In HTTP/1.0 only the end of the connection ends a body whose size is not known.
Dialogue::Need Dialogue::stream(Revision revision, std::string_view content_type, std::string_view fields,
                                std::unique_ptr<BodySource> source) {
  std::string first;
  first.reserve(flush_above);
  if (!source->next(first)) {
    begin_answer().begin(200, revision).fields(fields).body(content_type, first);
    return answered();
  }
  chunked_out_ = head_.minor_version() != 0;
  if (!chunked_out_) manners_.close = true;
  {
    Reply reply = begin_answer();
    reply.begin(200, revision).field("Content-Type", content_type).fields(fields);
    if (chunked_out_) reply.field("Transfer-Encoding", "chunked");
    reply.no_body();
  }
  if (manners_.head_only) return answered();
  std::size_t begin = begin_chunk();
  out_ += first;
  end_chunk(begin);
  source_ = std::move(source);
  return Need::stream;
}

// A chunk's size stands before it, so room is left for it: leading zeros are digits, too (RFC 9112, 7.1).
std::size_t Dialogue::begin_chunk() {
  if (chunked_out_) out_.append(chunk_digits, '0').append("\r\n");
  return out_.size();
}

void Dialogue::end_chunk(std::size_t begin) {
  if (!chunked_out_) return;
  std::size_t size = out_.size() - begin;
  std::size_t head = begin - chunk_digits - 2;
  if (size == 0) return out_.resize(head);  // an empty one would be the last
  for (std::size_t at = head + chunk_digits; size != 0; size >>= 4) out_[--at] = hex_digits[size & 15];
  out_ += "\r\n";
}

bool Dialogue::next_piece() {
  out_.reserve(out_.size() + flush_above);
  std::size_t begin = begin_chunk();
  bool more = source_->next(out_);
  end_chunk(begin);
  if (!more && chunked_out_) out_ += last_chunk;
  return more;
}

bool Dialogue::stream_done() {
  source_.reset();
  closing_ = closing_ || manners_.close;
  return !closing_;
}

Dialogue::Need Dialogue::refuse(const Problem& problem, std::string_view fields, int status) {
  if (!writes_.empty()) return Need::verdicts;
  begin_answer().problem(problem.code, problem.detail, problem.extra, status, fields);
  return answered();
}

// For a request whose end nobody knows or wants to wait for.
Dialogue::Need Dialogue::refuse_and_close(const Problem& problem, int status) {
  if (!writes_.empty()) return Need::verdicts;
  manners_.close = true;
  closing_ = true;
  begin_answer().problem(problem.code, problem.detail, {}, status);
  return Need::close;
}

// An error in the head's meaning: the body, if it is here, is stepped over, else the connection ends with the answer.
Dialogue::Need Dialogue::refuse_early(const Problem& problem, std::string_view fields) {
  if (!writes_.empty()) return Need::verdicts;
  std::uint64_t length = head_.content_length().value_or(0);
  bool whole = !head_.chunked() && in_.data().size() - head_.size() >= length;
  if (!whole) manners_.close = true;
  Need need = refuse(problem, fields);
  if (whole) in_.consume(head_.size() + length);
  return need;
}

void Dialogue::time_out() {
  if (in_.empty() && !receiving_) return;
  if (!receiving_) guess_manners();
  refuse_and_close({errc::malformed, "the request did not come in time"}, 408);
}

}  // namespace kvs
