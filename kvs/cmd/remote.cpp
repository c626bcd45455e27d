#include "kvs/cmd/remote.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <exception>
#include <fstream>
#include <iostream>
#include <system_error>

#include "kvs/cmd/item.hpp"
#include "kvs/json_text.hpp"
#include "kvs/net/target.hpp"
#include "kvs/random_id.hpp"

namespace kvs {
namespace {

constexpr std::size_t longest_token = 4096;

// Without the newline at its end.
std::string read_token(const Settings& settings) {
  std::string path = settings.text("token-file");
  if (path.empty()) return {};
  std::ifstream file(path, std::ios::binary);
  if (!file) throw settings.wrong("token-file", "cannot read " + path + ": " + std::generic_category().message(errno));
  std::string token;
  std::getline(file, token);
  if (token.empty()) throw settings.wrong("token-file", "there is no token in " + path);
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  bool usable = !token.empty() && token.size() <= longest_token &&
                std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; });
  if (!usable) throw settings.wrong("token-file", "what is in " + path + " is no token: one line of visible ASCII");
  return token;
}

Client::Trace trace_of(const Settings& settings) {
  if (!settings.on("debug")) return {};
  return [](const std::string& line) { std::cerr << line << "\n"; };
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, std::min<std::size_t>(text.find('\n'), 500)));
}

std::string hint_for(std::string_view code) {
  if (code == "starting") return "it is still loading its data: kvs health --ready tells when it is done";
  if (code == "wrong_host") return "start the server with --allowed-host NAME to have it answer to that name";
  if (code == "unauthenticated") return "give the token by --token-file FILE";
  return {};
}

bool unreserved(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    if (unreserved(byte)) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
}

}  // namespace

ServerAddress server_address(const Settings& settings, std::string_view option) {
  auto address = parse_server_address(settings.text(option));
  if (!address) throw settings.wrong(option, address.error().detail);
  ClientCredentials credentials{read_token(settings),
                                {settings.text("cert"), settings.text("key-file"), settings.text("cacert")}};
  if (credentials.files.certificate.empty() != credentials.files.key.empty())
    throw settings.wrong("cert", "a certificate and its key go together: --cert and --key-file");
  address->credentials = std::make_shared<const ClientCredentials>(std::move(credentials));
  return *address;
}

Remote::Remote(const Settings& settings)
    : timeout_(settings.duration("timeout")),
      trace_(trace_of(settings)),
      quiet_(settings.on("quiet")),
      client_(context_.get_executor(), server_address(settings, "server"), trace_) {}

void Remote::run(awaitable<void> task) {
  std::exception_ptr failed;
  if (!awaited_.empty() && !quiet_) {
    slow_.expires_after(silence);
    slow_.async_wait([this](const boost::system::error_code& error) {
      if (!error) std::cerr << "kvs: waiting for " + awaited_ + " at " + address().url() + "\n" << std::flush;
    });
  }
  asio::co_spawn(context_, std::move(task), [&](std::exception_ptr error) {
    failed = std::move(error);
    slow_.cancel();
  });
  context_.restart();
  context_.run();
  if (failed) std::rethrow_exception(failed);
}

awaitable<void> Remote::exchange(ClientRequest request, ClientAnswer& answer) {
  ClientAnswer received = co_await client_.ask(std::move(request), deadline());
  answer = std::move(received);
}

awaitable<void> Remote::exchange_pieces(ClientRequest request, Client::Sink sink, ClientAnswer& answer) {
  ClientAnswer received = co_await client_.fetch(std::move(request), timeout_, std::move(sink));
  answer = std::move(received);
}

ClientAnswer Remote::fetch(ClientRequest request, Client::Sink sink) {
  ClientAnswer answer;
  Client::Sink answered = [this, &sink](std::string_view piece) {
    slow_.cancel();
    sink(piece);
  };
  try {
    run(exchange_pieces(std::move(request), std::move(answered), answer));
  } catch (const ClientError& error) {
    throw failure_from(error, address(), false);
  }
  return answer;
}

namespace {

// What a write can be asked for by: one without an Idempotency-Key gets a request id. Empty if it can't be.
std::string name_of_write(ClientRequest& request) {
  if (!request.target.starts_with("/v1/")) return {};
  for (const auto& [name, value] : request.fields)
    if (name == "Idempotency-Key") return value;
  std::string id;
  append_hex16(id, random_id());
  request.fields.emplace_back("Kvs-Request-Id", id);
  return id;
}

std::string how_to_ask_for(const std::string& write, const ServerAddress& address) {
  std::string url = address.path.empty() ? address.url() : "--unix-socket " + address.path + " http://localhost";
  std::string target = "/v1/requests/";
  append_encoded(target, write);
  return "what became of it is told by: curl " + url + target;
}

}  // namespace

ClientAnswer Remote::ask(ClientRequest request) {
  bool writing = request.method != "GET" && request.method != "HEAD";
  std::string write = writing ? name_of_write(request) : "";
  ClientAnswer answer;
  try {
    run(exchange(std::move(request), answer));
  } catch (const ClientError& error) {
    Failure failure = failure_from(error, address(), writing);
    if (!error.sent() || write.empty()) throw failure;
    throw Failure(failure.exit_code(), failure.what(), how_to_ask_for(write, address()));
  }
  if (answer.status != 504 || write.empty()) return answer;
  Failure failure = failure_from(answer);
  throw Failure(failure.exit_code(), failure.what(), how_to_ask_for(write, address()));
}

std::string hint_for_tls(std::string_view what) {
  if (!what.starts_with("TLS: ")) return "";
  auto says = [what](std::string_view words) { return what.find(words) != std::string_view::npos; };
  if (says("alert") && (says("certificate") || says("unknown ca") || says("handshake failure")))
    return "the server wants a client certificate that it trusts: --cert FILE --key-file FILE";
  if (says("wrong version number")) return "if the server speaks plain HTTP, name it by http://";
  return "certificates to trust are given by --cacert FILE";
}

namespace {

std::string hint_for_unreachable(std::string_view what) {
  if (std::string hint = hint_for_tls(what); !hint.empty()) return hint;
  if (what.starts_with("cannot find ")) return "the server is named by --server http://HOST:PORT, or KVS_SERVER";
  return "start one with: kvs serve";
}

}  // namespace

Failure failure_from(const ClientError& error, const ServerAddress& address, bool writing) {
  std::string url = address.url();
  std::string unknown = writing && error.sent() ? "; the write may have been applied" : "";
  switch (error.kind()) {
    case ClientError::Kind::own_files:
      return {exit_code::usage, error.what()};
    case ClientError::Kind::unreachable:
      return {exit_code::unreachable, "cannot reach " + url + ": " + error.what(), hint_for_unreachable(error.what())};
    case ClientError::Kind::lost:
      return {exit_code::unreachable, "lost " + url + ": " + error.what() + unknown};
    case ClientError::Kind::timed_out:
      return {exit_code::timed_out, url + ": " + error.what() + unknown, "--timeout DURATION waits longer"};
    case ClientError::Kind::bad_answer:
      return {exit_code::other, url + ": " + error.what()};
  }
  return {exit_code::other, error.what()};
}

int exit_code_for(int status, std::string_view code) {
  switch (status) {
    case 400:
      return exit_code::usage;
    case 404:
      return code == "no_such_key" ? exit_code::no_such_key : exit_code::other;
    case 409:
    case 412:
    case 422:
      return exit_code::condition_failed;
    case 410:
      return exit_code::watch_gap;
    case 401:
    case 403:
    case 421:
      return exit_code::not_allowed;
    case 429:
    case 503:
      return exit_code::unreachable;
    case 504:
      return exit_code::timed_out;
    default:
      return exit_code::other;
  }
}

Failure failure_from(const ClientAnswer& answer) {
  std::string code = json_string(answer.body, "code").value_or("");
  std::string words = json_string(answer.body, "detail").value_or(code.empty() ? first_line(answer.body) : code);
  if (words.empty()) words = "the server answered " + std::to_string(answer.status);
  return {exit_code_for(answer.status, code), words, hint_for(code)};
}

std::string key_target(std::string_view key) {
  if (key.empty()) throw UsageError("a key has at least one byte");
  std::string target = "/v1/kv/";
  append_encoded_key(target, key);
  return target;
}

void add_parameter(std::string& target, std::string_view name, std::string_view value) {
  target += target.find('?') == std::string::npos ? '?' : '&';
  append_encoded(target, name);
  target += '=';
  append_encoded(target, value);
}

}  // namespace kvs
