// Both ends of a connection that speaks TLS, on one io_context, with a certificate of the test's own.
#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "kvs/net/channel.hpp"
#include "test/unit/drive.hpp"
#include "test/unit/store/temporary_directory.hpp"

namespace kvs::test {

// A key and a self-signed certificate for "localhost", good for an hour.
class Identity {
 public:
  Identity() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_set_version(certificate, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_EXTENSION* name = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate, name, -1);
    X509_EXTENSION_free(name);
    bool written = X509_sign(certificate, key, EVP_sha256()) > 0;
    written = written && write("cert", [&](std::FILE* file) { return PEM_write_X509(file, certificate); });
    written = written && write("key", [&](std::FILE* file) {
                return PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
              });
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!written) throw std::runtime_error("no certificate could be made");
  }

  TlsFiles server_files() const { return {directory_.path() / "cert", directory_.path() / "key", {}}; }
  TlsFiles client_files() const { return {{}, {}, directory_.path() / "cert"}; }

 private:
  template <class Write>
  bool write(const char* name, Write write) {
    std::FILE* file = std::fopen((directory_.path() / name).c_str(), "w");
    if (!file) return false;
    bool good = write(file) == 1;
    good = ::fchmod(::fileno(file), 0600) == 0 && good;
    return std::fclose(file) == 0 && good;
  }

  TemporaryDirectory directory_;
};

inline std::pair<Socket, Socket> socket_pair(asio::io_context& io) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no pair of sockets");
  asio::generic::stream_protocol protocol(AF_UNIX, 0);
  std::pair<Socket, Socket> pair{Socket(io, protocol, ends[0]), Socket(io, protocol, ends[1])};
  pair.first.non_blocking(true);
  pair.second.non_blocking(true);
  return pair;
}

// Not agreed yet.
struct TlsPair {
  explicit TlsPair(asio::io_context& context, std::pair<Socket, Socket> sockets)
      : io(context),
        server(wrap(std::move(sockets.first), nullptr)),
        client(wrap(std::move(sockets.second), "localhost")) {}
  explicit TlsPair(asio::io_context& context) : TlsPair(context, socket_pair(context)) {}

  void agree() {
    for (Channel* end : {&server, &client}) asio::co_spawn(io, agree(*end), [](std::exception_ptr) {});
    settle(io);
  }
  static awaitable<void> agree(Channel& end) {
    boost::system::error_code error;
    co_await end.handshake(error);
    BOOST_TEST(!error, end.tls()->problem());
  }
  Channel wrap(Socket socket, const char* host) {
    int number = socket.native_handle();
    auto tls = host ? std::make_unique<TlsConnection>(client_side, number, host)
                    : std::make_unique<TlsConnection>(server_side, number);
    return {std::move(socket), std::move(tls)};
  }

  asio::io_context& io;
  Identity identity;
  TlsContext server_side{TlsContext::Side::server, identity.server_files()};
  TlsContext client_side{TlsContext::Side::client, identity.client_files()};
  Channel server, client;
};

}  // namespace kvs::test
