#include "kvs/net/client_address.hpp"

#include "kvs/units.hpp"

namespace kvs {
namespace {

Problem bad(const std::string& detail) { return {errc::bad_parameter, detail}; }

constexpr const char* forms = "http://HOST:PORT, https://HOST:PORT, HOST:PORT or unix:PATH";

result<ServerAddress> local_socket(std::string_view path) {
  constexpr std::size_t longest = 107;  // sockaddr_un::sun_path with its closing zero
  if (path.empty() || path.size() > longest) return bad("unix:PATH takes 1 to 107 bytes of path");
  return ServerAddress{.host = {}, .port = 0, .path = std::string(path)};
}

bool is_host(std::string_view host, bool brackets) {
  return !host.empty() && host.find_first_of(brackets ? "/?#@[] " : "/?#@[]: ") == std::string_view::npos;
}

// `whole`: what was given, of which `text` is left.
result<ServerAddress> tcp(std::string_view whole, std::string_view text, std::uint16_t port) {
  bool brackets = text.starts_with('[');
  std::size_t end = brackets ? text.find(']') : text.find(':');
  std::string_view host = text.substr(brackets ? 1 : 0, brackets && end != std::string_view::npos ? end - 1 : end);
  std::string_view rest = end == std::string_view::npos ? std::string_view{} : text.substr(end + (brackets ? 1 : 0));
  bool good = is_host(host, brackets) && (rest.empty() || rest.starts_with(':')) &&
              (!brackets || end != std::string_view::npos);
  if (!good) return bad("'" + std::string(whole) + "' is no address: " + forms);
  if (!rest.empty()) {
    auto number = parse_number(rest.substr(1), 65535);
    if (!number || *number == 0)
      return bad("'" + std::string(whole) + "' does not end with a port from 1 to 65535: " + forms);
    port = static_cast<std::uint16_t>(*number);
  }
  return ServerAddress{.host = std::string(host), .port = port, .path = {}};
}

}  // namespace

std::string ServerAddress::url() const {
  return path.empty() ? (tls ? "https://" : "http://") + authority() : "unix:" + path;
}

std::string ServerAddress::authority() const {
  if (!path.empty()) return "localhost";
  bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<ServerAddress> parse_server_address(std::string_view text) {
  if (text.starts_with("unix:")) return local_socket(text.substr(5));
  std::size_t end = text.find("://");
  if (end == std::string_view::npos) return tcp(text, text, default_port);
  std::string_view scheme = text.substr(0, end), rest = text.substr(end + 3);
  if (scheme != "http" && scheme != "https")
    return bad("'" + std::string(text) + "' begins with " + std::string(scheme) +
               "://, which is unknown here: " + forms);
  std::size_t path = rest.find('/');
  if (path != std::string_view::npos && path + 1 < rest.size())
    return bad("'" + std::string(text) + "' has a path: leave out " + std::string(rest.substr(path)));
  if (path != std::string_view::npos) rest.remove_suffix(1);
  auto address = tcp(text, rest, scheme == "https" ? 443 : 80);
  if (address) address->tls = scheme == "https";
  return address;
}

}  // namespace kvs
