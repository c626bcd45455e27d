// Requests as text, and answers read back from it.
#pragma once
#include <boost/json/parse.hpp>
#include <string>
#include <string_view>

#include "kvs/net/head.hpp"

namespace kvs::test {

// `fields`: whole lines, each with its CRLF.
inline std::string request(std::string_view method, std::string_view target, std::string_view fields = {}) {
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  return text.append(fields).append("\r\n");
}
inline std::string with_body(std::string_view method, std::string_view target, std::string_view body,
                             std::string_view fields = {}) {
  return request(method, target, std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n")
      .append(body);
}
inline std::string get(std::string_view target, std::string_view fields = {}) { return request("GET", target, fields); }
inline std::string store(std::string_view key, std::string_view value, std::string_view fields = {}) {
  return with_body("PUT", "/v1/kv/" + std::string(key), value, fields);
}

struct Answer {
  int status = 0;    // 0: there was none
  std::string head;  // status line and fields, each with its CRLF
  std::string body;

  // "" if there is no such field.
  std::string field(std::string_view name) const {
    std::string line = "\r\n" + std::string(name) + ": ";
    auto at = head.find(line);
    if (at == std::string::npos) return {};
    at += line.size();
    return head.substr(at, head.find("\r\n", at) - at);
  }
  bool has(std::string_view name) const { return head.find("\r\n" + std::string(name) + ": ") != std::string::npos; }
  bool closes() const { return field("Connection") == "close"; }
  // The `code` of a problem document; "" if it is none.
  std::string code() const {
    if (field("Content-Type") != "application/problem+json") return {};
    return std::string(boost::json::parse(body).at("code").as_string());
  }
};

// Takes the first answer off the front of `text`; status 0 if it is not there as a whole. Not for chunked ones.
inline Answer take_answer(std::string& text, bool to_head = false) {
  Answer answer;
  auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.head = text.substr(0, end + 2);
  int status = std::stoi(answer.head.substr(std::string_view("HTTP/1.1 ").size()));
  std::string length = to_head ? "" : answer.field("Content-Length");
  std::size_t size = length.empty() ? 0 : std::stoul(length);
  if (text.size() - end - 4 < size) return {};
  answer.status = status;
  answer.body = text.substr(end + 4, size);
  text.erase(0, end + 4 + size);
  return answer;
}

}  // namespace kvs::test
