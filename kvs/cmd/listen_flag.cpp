#include "kvs/cmd/listen_flag.hpp"

#include <boost/asio/ip/address.hpp>
#include <optional>

#include "kvs/net/client_address.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

using boost::asio::ip::address;

ListenAddress local_socket(const Settings& settings, const std::string& path) {
  constexpr std::size_t longest = 107;  // sockaddr_un::sun_path with its closing zero
  if (path.empty() || path.size() > longest) throw settings.wrong("listen", "unix:PATH takes 1 to 107 bytes of path");
  return {.address = {}, .port = 0, .path = path};
}

std::optional<address> address_in(const std::string& text) {
  boost::system::error_code error;
  address parsed = boost::asio::ip::make_address(text, error);
  return error ? std::nullopt : std::optional(parsed);
}

std::string with_brackets(const address& host) {
  return host.is_v6() ? "[" + host.to_string() + "]" : host.to_string();
}

bool is_port(const std::string& text) { return parse_number(text, 65535).has_value(); }

// Empty if nothing comes to mind.
std::string meant(std::string text) {
  const std::string standard = ":" + std::to_string(default_port);
  if (std::size_t scheme = text.find("://"); scheme != std::string::npos) text.erase(0, scheme + 3);
  while (text.ends_with('/')) text.pop_back();
  if (is_port(text)) return "127.0.0.1:" + text;
  bool brackets = text.starts_with('[') && text.ends_with(']');
  if (auto host = address_in(brackets ? text.substr(1, text.size() - 2) : text); host && (brackets || host->is_v4()))
    return with_brackets(*host) + standard;
  std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon), port = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (!is_port(port)) return {};
  if (host.empty()) return "127.0.0.1:" + port;
  if (host == "*") return "0.0.0.0:" + port;
  auto parsed = address_in(host);
  return parsed ? with_brackets(*parsed) + ":" + port : "";
}

[[noreturn]] void refuse(const Settings& settings, const std::string& text, const std::string& what) {
  std::string near = meant(text);
  throw settings.wrong("listen", "'" + text + "' " + what +
                                     (near.empty() ? " (127.0.0.1:23333, [::1]:23333, unix:/run/kvs/kvs.sock)"
                                                   : ": did you mean " + near + "?"));
}

}  // namespace

ListenAddress listen_address(const Settings& settings, const std::string& text) {
  if (text.starts_with("unix:")) return local_socket(settings, text.substr(5));
  std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon), port = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (host.empty() || port.empty() || port.ends_with(']')) refuse(settings, text, "is neither ADDR:PORT nor unix:PATH");
  if (host == "localhost") host = "127.0.0.1";
  bool brackets = host.front() == '[' && host.back() == ']';
  auto parsed = address_in(brackets ? host.substr(1, host.size() - 2) : host);
  if (!parsed || parsed->is_v6() != brackets) refuse(settings, text, "does not begin with an address");
  auto number = parse_number(port, 65535);
  if (!number) refuse(settings, text, "does not end with a port from 0 to 65535");
  return {.address = parsed->to_string(), .port = static_cast<std::uint16_t>(*number), .path = {}};
}

bool beyond_loopback(const ListenAddress& listen) {
  return listen.path.empty() && !boost::asio::ip::make_address(listen.address).is_loopback();
}

}  // namespace kvs
