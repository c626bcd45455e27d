#include "kvs/net/accept.hpp"

#include "kvs/net/head.hpp"

namespace kvs {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts what comes before the next `separator` off the front.
std::string_view take_until(std::string_view& text, char separator) {
  auto end = text.find(separator);
  auto piece = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return trimmed(piece);
}

// qvalue := "0" ["." 0*3DIGIT] | "1" ["." 0*3"0"]
int parse_q(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 1000;
  if (text.size() > 1 && text[1] != '.') return 1000;
  int value = (text[0] - '0') * 1000;
  for (std::size_t i = 2, weight = 100; i < text.size(); ++i, weight /= 10) {
    if (text[i] < '0' || text[i] > '9') return 1000;
    value += (text[i] - '0') * static_cast<int>(weight);
  }
  return value > 1000 ? 1000 : value;
}

int q_of(std::string_view parameters) {
  while (!parameters.empty()) {
    auto parameter = take_until(parameters, ';');
    if (parameter.size() >= 2 && (parameter[0] | 0x20) == 'q' && parameter[1] == '=')
      return parse_q(parameter.substr(2));
  }
  return 1000;
}

}  // namespace

int quality(std::string_view accept, std::string_view range) {
  int best = -1;
  while (!accept.empty()) {
    auto member = take_until(accept, ',');
    auto name = take_until(member, ';');
    if (!equals_ignoring_case(name, range)) continue;
    int q = q_of(member);
    if (q > best) best = q;
  }
  return best;
}

bool prefers_record(std::string_view accept) {
  constexpr std::string_view named = "application/json";
  if (accept.size() < named.size()) return false;  // most say */*
  int json = quality(accept, named);
  return json > 0 && json > quality(accept, "*/*");
}

bool prefers_ndjson(std::string_view accept) {
  int ndjson = quality(accept, "application/x-ndjson");
  return ndjson > 0 && ndjson > quality(accept, "application/json");
}

StreamForm stream_form(std::string_view accept) {
  if (trimmed(accept).empty()) return StreamForm::ndjson;
  int events = quality(accept, "text/event-stream");
  int ndjson = quality(accept, "application/x-ndjson");
  if (events > 0 && events >= ndjson) return StreamForm::event_stream;
  if (ndjson > 0) return StreamForm::ndjson;
  bool anything = ndjson < 0 && (quality(accept, "*/*") > 0 || quality(accept, "application/*") > 0);
  if (anything) return StreamForm::ndjson;
  return StreamForm::none;
}

}  // namespace kvs
