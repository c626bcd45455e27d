// One answer on its way into a connection's output.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/errc.hpp"
#include "kvs/net/answer.hpp"
#include "kvs/net/routes.hpp"
#include "kvs/net/worker.hpp"
#include "kvs/origin.hpp"
#include "kvs/text_block.hpp"

namespace kvs {

// What an answer must know of its request after the request's bytes are gone.
struct Manners {
  Route route = Route::unknown;
  Method method = Method::other;
  Clock::time_point began = Clock::now();  // the head was complete
  std::chrono::milliseconds asked_wait{};  // of a long poll that has to wait
  std::string request_id;
  Origin client;
  std::string path;               // for the log, if that shows keys; else empty
  std::string cors_origin;        // the foreign origin that was let in, to be told so; else empty
  std::optional<Revision> as_of;  // the answer speaks of that state
  bool hides_current = false;     // the client may write a key that it may not read
  bool head_only = false;         // HEAD: all fields, no body
  bool http10 = false;            // says keep-alive if it is
  bool close = false;             // the connection ends after this answer
  bool reads = false;             // tells of the state: says how stale that may be
  bool plain_errors = false;      // text/plain instead of a problem document (legacy routes, outside /v1)
};

// Appends one answer: begin(), fields, then one of the ends. The Manners must outlive it; `out` is complete when it is
// gone.
class Reply {
 public:
  Reply(Worker& worker, std::string& out, const Manners& manners) : worker_(worker), manners_(manners), text_(out) {}

  bool hides_current() const { return manners_.hides_current; }
  // Whether asking again later may be of use. Not after a failed write to disk: whoever obeyed Retry-After would ask
  // for ever.
  bool may_get_better() const;

  // Status line and the fields every answer has. `revision`: of what the answer speaks of.
  Reply& begin(int status, Revision revision);
  // The same with the revision of the state this thread holds, if anything is loaded.
  Reply& begin(int status);
  Reply& field(std::string_view name, std::string_view value) {
    text_ << name << ": " << value << "\r\n";
    return *this;
  }
  Reply& etag(Revision revision) {
    text_ << "ETag: \"" << number(revision) << "\"\r\n";
    return *this;
  }
  // Whole fields as text, each with its CRLF.
  Reply& fields(std::string_view text) {
    text_ << text;
    return *this;
  }
  void body(std::string_view content_type, std::string_view text);
  // An answer that has no body by its nature (204, 304).
  void no_body() {
    text_ << "\r\n";
    note(0);
  }

  // A whole answer. `extra`: further members of the problem document (see append_problem); `status` 0: the code's own.
  void problem(errc code, std::string_view detail, std::string_view extra = {}, int status = 0,
               std::string_view fields = {});
  void problem(const Problem& problem) { this->problem(problem.code, problem.detail, problem.extra); }

 private:
  void common(int status);
  void say_staleness();
  void note(std::size_t bytes);

  Worker& worker_;
  const Manners& manners_;
  TextBlock text_;
  int status_ = 0;
  Clock::duration took_{};  // until the answer was begun
};

}  // namespace kvs
