// Our errors as HTTP: statuses, titles, the problem document.
#include "kvs/net/answer.hpp"

namespace kvs {

int http_status(errc code) {
  switch (code) {
    case errc::malformed:
    case errc::bad_parameter:
    case errc::bad_key:
    case errc::empty_key:
    case errc::revision_in_future:
      return 400;
    case errc::unauthenticated:
      return 401;
    case errc::forbidden:
    case errc::foreign_origin:
      return 403;
    case errc::no_such_key:
    case errc::no_such_route:
      return 404;
    case errc::method_not_allowed:
      return 405;
    case errc::not_acceptable:
      return 406;
    case errc::request_key_in_use:
      return 409;
    case errc::compacted:
    case errc::other_log:
      return 410;
    case errc::condition_failed:
      return 412;
    case errc::key_too_large:
    case errc::value_too_large:
    case errc::request_too_large:
      return 413;
    case errc::uri_too_long:
      return 414;
    case errc::unsupported_media_type:
      return 415;
    case errc::wrong_host:
      return 421;
    case errc::request_key_reused:
      return 422;
    case errc::too_many_requests:
      return 429;
    case errc::headers_too_large:
      return 431;
    case errc::bus_away:
    case errc::starting:
    case errc::draining:
      return 503;
    case errc::not_caught_up:
    case errc::outcome_unknown:
      return 504;
    case errc::out_of_space:
      return 507;
  }
  return 500;
}

std::string_view title(errc code) {
  switch (code) {
    case errc::malformed:
      return "Malformed request";
    case errc::bad_parameter:
      return "Bad parameter";
    case errc::bad_key:
      return "Bad key";
    case errc::empty_key:
      return "Empty key";
    case errc::key_too_large:
      return "Key too large";
    case errc::value_too_large:
      return "Value too large";
    case errc::request_too_large:
      return "Request too large";
    case errc::uri_too_long:
      return "Request line too long";
    case errc::headers_too_large:
      return "Headers too large";
    case errc::no_such_key:
      return "No such key";
    case errc::no_such_route:
      return "No such route";
    case errc::method_not_allowed:
      return "Method not allowed";
    case errc::unsupported_media_type:
      return "Unsupported media type";
    case errc::not_acceptable:
      return "Not acceptable";
    case errc::wrong_host:
      return "Wrong host";
    case errc::foreign_origin:
      return "Foreign origin";
    case errc::unauthenticated:
      return "Not authenticated";
    case errc::forbidden:
      return "Not allowed";
    case errc::condition_failed:
      return "Condition failed";
    case errc::request_key_in_use:
      return "Idempotency key in use";
    case errc::request_key_reused:
      return "Idempotency key reused";
    case errc::compacted:
      return "History no longer reaches back so far";
    case errc::other_log:
      return "Position in another history";
    case errc::revision_in_future:
      return "Revision in the future";
    case errc::too_many_requests:
      return "Too many requests";
    case errc::bus_away:
      return "Bus away";
    case errc::starting:
      return "Starting";
    case errc::draining:
      return "Shutting down";
    case errc::not_caught_up:
      return "Not caught up in time";
    case errc::outcome_unknown:
      return "Outcome unknown";
    case errc::out_of_space:
      return "Out of space";
  }
  return "Error";
}

void append_problem(std::string& out, errc code, std::string_view detail, std::string_view request_id,
                    std::string_view extra, int status) {
  out += "{\"type\":\"urn:kvs:problem:";
  out += to_string(code);
  out += "\",\"title\":";
  append_json_string(out, title(code));
  out += ",\"status\":";
  append_number(out, static_cast<std::uint64_t>(status == 0 ? http_status(code) : status));
  out += ",\"detail\":";
  append_json_string_replacing(out, detail);
  out += ",\"code\":\"";
  out += to_string(code);
  out += "\",\"request_id\":";
  append_json_string_replacing(out, request_id);
  if (!extra.empty()) (out += ',') += extra;
  out += '}';
}

}  // namespace kvs
