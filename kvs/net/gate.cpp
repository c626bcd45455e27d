#include "kvs/net/gate.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace kvs {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_text(std::string_view a, std::string_view b) {
  if (a == b) return true;  // as good as always
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool is_port(std::string_view text) {
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "[::1]:80" -> "::1", "localhost:80" -> "localhost"; "" for what is neither
std::string_view without_port(std::string_view host) {
  bool brackets = host.starts_with('[');
  std::size_t end = host.find(brackets ? ']' : ':');
  std::string_view name = host.substr(brackets ? 1 : 0, brackets && end != std::string_view::npos ? end - 1 : end);
  if (end == std::string_view::npos) return brackets ? std::string_view{} : name;
  std::string_view rest = host.substr(end + (brackets ? 1 : 0));
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))) ? name : std::string_view{};
}

bool is_own_name(std::string_view host, const ServerOptions& options) {
  std::string_view name = without_port(host);
  if (name == "127.0.0.1" || same_text(name, "localhost")) return true;
  for (const auto& allowed : options.allowed_hosts) {
    if (same_text(name, allowed) || same_text(host, allowed)) return true;
  }
  if (name.size() > 10 && same_text(name.substr(name.size() - 10), ".localhost")) return true;
  boost::system::error_code error;
  auto address = asio::ip::make_address(std::string(name), error);
  // 0.0.0.0 is what the original project's client says by default; no page can have it as its origin.
  return !error && (address.is_loopback() || address.is_unspecified());
}

bool is_configured(std::string_view origin, const ServerOptions& options) {
  for (const auto& allowed : options.cors_origins) {
    if (same_text(origin, allowed)) return true;
  }
  return false;
}

bool is_same_host(std::string_view origin, std::string_view host) {
  auto scheme = origin.find("://");
  return scheme != std::string_view::npos && same_text(origin.substr(scheme + 3), host);
}

Problem foreign(std::string detail) { return Problem{errc::foreign_origin, std::move(detail)}; }

}  // namespace

std::optional<Problem> check_gate(const RequestHead& head, bool writes, Arrival arrival, const ServerOptions& options,
                                  std::string& cors_origin) {
  std::string_view host = head.host();
  if (arrival == Arrival::loopback && (head.has(Known::host) || !host.empty()) && !is_own_name(host, options)) {
    return Problem{
        errc::wrong_host,
        "this server does not answer to the host name of this request; start it with --allowed-host NAME to let it in"};
  }
  if (head.has(Known::origin)) {
    std::string_view origin = head.value(Known::origin);
    if (is_same_host(origin, host)) return std::nullopt;
    if (!is_configured(origin, options)) {
      return foreign(
          "requests from pages of another origin are refused; start the server with --cors-origin ORIGIN to let one "
          "in");
    }
    cors_origin = origin;
    return std::nullopt;
  }
  if (writes && head.value(Known::sec_fetch_site) == "cross-site") {
    return foreign(
        "a write from a page of another site is refused; start the server with --cors-origin ORIGIN to let one in");
  }
  return std::nullopt;
}

}  // namespace kvs
